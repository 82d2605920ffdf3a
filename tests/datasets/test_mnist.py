"""Where data sets are found, in which order, and that damaged ones are refused."""

import gzip
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest

import kerata
from kerata.datasets import fashion_mnist, idx, mnist, sources
from kerata.utils import download

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

ARRAYS = {
    "x_train": np.arange(3 * 28 * 28, dtype="uint8").reshape(3, 28, 28),
    "y_train": np.array([1, 2, 3], "uint8"),
    "x_test": np.zeros((2, 28, 28), "uint8"),
    "y_test": np.array([4, 5], "uint8"),
}


class Response(io.BytesIO):
    """What a server answers."""

    status = 200
    headers: dict = {}


def npz_bytes():
    file = io.BytesIO()
    np.savez(file, **ARRAYS)
    return file.getvalue()


def idx_bytes(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.tobytes())


def assert_is_arrays(loaded):
    (x_train, y_train), (x_test, y_test) = loaded
    for found, name in ((x_train, "x_train"), (y_train, "y_train"), (x_test, "x_test"),
                        (y_test, "y_test")):
        np.testing.assert_array_equal(found, ARRAYS[name])
        assert found.dtype == np.uint8


@pytest.mark.parametrize(
    "place", ["data/mnist.npz", "data/mnist/mnist.npz", "kerata/datasets/mnist.npz",
              "keras/datasets/mnist.npz"]
)
def test_npz_is_found(homes, place):
    path = homes["data"].parent / place
    path.parent.mkdir(parents=True)
    path.write_bytes(npz_bytes())
    assert mnist.is_local()
    assert_is_arrays(mnist.load_data())


IDX_PLACES = {"mnist": mnist, "fashion_mnist": fashion_mnist, "fashion-mnist": fashion_mnist}


@pytest.mark.parametrize("place", IDX_PLACES)
def test_idx_files_are_found(homes, place):
    folder, data_set = homes["data"] / place, IDX_PLACES[place]
    folder.mkdir(parents=True)
    for name, array in zip(idx.FILES, ARRAYS.values(), strict=True):
        (folder / name).write_bytes(idx_bytes(array))
    assert_is_arrays(data_set.load_data())
    (folder / idx.FILES[2]).unlink()
    with pytest.raises(OSError, match="KERATA_DATA_DIR"):  # three of four files are not the set
        data_set.load_data()
    assert not mnist.is_local()


def test_download_is_checked_and_kept(homes, monkeypatch):
    content = npz_bytes()
    monkeypatch.setattr(download.urllib.request, "urlopen", lambda *a, **k: Response(content))
    monkeypatch.setattr(mnist, "_SHA256", hashlib.sha256(content).hexdigest())
    assert_is_arrays(mnist.load_data())
    assert [path.name for path in sources.cache_folder().iterdir()] == ["mnist.npz"]


def test_four_files_are_downloaded_checked_and_kept(homes, monkeypatch):
    contents = {
        name: idx_bytes(array) for name, array in zip(idx.FILES, ARRAYS.values(), strict=True)
    }

    def serve(request, **options):
        return Response(contents[request.full_url.rsplit("/", 1)[1]])

    digests = [hashlib.sha256(content).hexdigest() for content in contents.values()]
    monkeypatch.setattr(download.urllib.request, "urlopen", serve)
    with pytest.raises(OSError, match="SHA-256"):
        fashion_mnist.load_data()
    monkeypatch.setattr(fashion_mnist, "_SHA256", tuple(digests))
    assert_is_arrays(fashion_mnist.load_data())
    kept = sorted(path.name for path in (sources.cache_folder() / "fashion_mnist").iterdir())
    assert kept == sorted(idx.FILES)


def test_wrong_download_leaves_nothing(homes, monkeypatch):
    monkeypatch.setattr(download.urllib.request, "urlopen", lambda *a, **k: Response(b"other"))
    with pytest.raises(OSError, match="SHA-256"):
        mnist.load_data()
    assert list(sources.cache_folder().iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(b"\x01\x00\x08\x01\x00\x00\x00\x01a"),
        gzip.compress(b"\x00\x00\x0d\x01\x00\x00\x00\x01a"),
        gzip.compress(b"\x00\x00\x08\x01\x00\x00\x00\x02a"),
        gzip.compress(b"\x00\x00\x08\x01\x00\x00\x00\x01ab"),
        gzip.compress(b"\x00\x00\x08\x09" + b"\x00" * 36),
    ],
    ids=["magic", "type", "short", "long", "dimensions"],
)
def test_damaged_idx_is_refused(tmp_path, content):
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="IDX|claims"):
        idx.read(path)


# Data set -> how often the test labels occur, mean of the training pictures.
REAL = {
    "mnist": ([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], 0.13066),
    "fashion_mnist": ([1000] * 10, 0.28604),
}


@pytest.mark.parametrize("name", REAL)
def test_real_pictures(name, monkeypatch):
    if not (DATA / name).is_dir():
        pytest.skip(f"the data set {name} is not beside the project")
    monkeypatch.setenv("KERATA_DATA_DIR", str(DATA))
    counts, mean = REAL[name]
    (x_train, y_train), (x_test, y_test) = getattr(kerata.datasets, name).load_data()
    assert x_train.shape == (60000, 28, 28) and x_test.shape == (10000, 28, 28)
    assert len(y_train) == 60000 and np.bincount(y_test).tolist() == counts
    assert x_train.mean() / 255 == pytest.approx(mean, abs=1e-5)


def test_small_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    (x_train, y_train), (x_test, y_test) = kerata.datasets.digits.load_data()
    assert np.bincount(np.concatenate([y_train, y_test])).tolist() == np.bincount(
        load_digits().target
    ).tolist()
    assert x_train.max() == 255 and x_test.min() == 0
    pictures = load_digits().images
    np.testing.assert_allclose(x_test[0] * (16 / 255), pictures[4], atol=0.04)
