"""Data sets out of files as Keras has them, against what Keras makes of the same files."""

import io
import json
import os
import pickle
import tarfile
import zipfile

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kerata
from kerata.datasets import numpy_pickle, sources
from kerata.datasets.numpy_pickle import UnsafeData
from tests.datasets.test_mnist import DATA, Response

RNG = np.random.default_rng(0)


def texts(count):
    return [RNG.integers(1, 40, RNG.integers(2, 12)).tolist() for _ in range(count)]


def ragged(lists):
    array = np.empty(len(lists), object)
    array[:] = lists
    return array


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small file in the format of each data set."""
    folder = tmp_path_factory.mktemp("files")
    np.savez(
        folder / "imdb.npz", x_train=ragged(texts(20)), y_train=RNG.integers(0, 2, 20),
        x_test=ragged(texts(15)), y_test=RNG.integers(0, 2, 15),
    )  # fmt: skip
    np.savez(folder / "reuters.npz", x=ragged(texts(30)), y=RNG.integers(0, 46, 30))
    np.savez(folder / "boston_housing.npz", x=RNG.normal(size=(50, 13)), y=RNG.normal(size=50))
    wide = RNG.normal(size=(700, 8)).astype("float32")
    np.savez(folder / "california_housing.npz", x=wide, y=wide[:, 0])
    return folder


def from_keras(name, folder, **arguments):
    """Return what Keras makes of the file; it takes no other path than one that it finds."""
    module = getattr(keras.datasets, name)
    before = module.load_data.__globals__["get_file"]
    module.load_data.__globals__["get_file"] = lambda *_, **__: str(folder / f"{name}.npz")
    try:
        return module.load_data(**arguments)
    finally:
        module.load_data.__globals__["get_file"] = before


def assert_same(ours, theirs):
    for mine, its in zip(ours, theirs, strict=True):
        for a, b in zip(mine, its, strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape
            assert a.tolist() == b.tolist()


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("boston_housing", {}),
        ("boston_housing", {"test_split": 0.0, "seed": 5}),
        ("california_housing", {}),
        ("california_housing", {"version": "small", "test_split": 0.5}),
        ("reuters", {"test_split": 0.3, "seed": 1}),
        ("imdb", {"seed": 9}),
    ],
)
def test_rows_are_those_of_keras(files, name, arguments):
    path = str(files / f"{name}.npz")
    ours = getattr(kerata.datasets, name).load_data(path=path, **arguments)
    assert_same(ours, from_keras(name, files, **arguments))


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(["imdb", "reuters"]),
    num_words=st.none() | st.integers(5, 50),
    skip_top=st.integers(0, 20),
    maxlen=st.none() | st.integers(8, 14),
    start_char=st.none() | st.just(1),
    oov_char=st.none() | st.just(2),
    index_from=st.integers(0, 4),
)
def test_numbers_of_words_are_those_of_keras(files, name, **arguments):
    ours = getattr(kerata.datasets, name).load_data(path=str(files / f"{name}.npz"), **arguments)
    for mine, its in zip(ours, from_keras(name, files, **arguments), strict=True):
        # Keras makes one array of lists that happen to be of one length.
        assert [list(x) for x in mine[0]] == [list(x) for x in its[0]]
        assert mine[1].tolist() == its[1].tolist()


# -- CIFAR ---------------------------------------------------------------------------------


def batch(count, **labels):
    """Return a batch as Python 2 wrote it: text is bytes, an old protocol."""
    content = {b"data": RNG.integers(0, 256, (count, 3072), dtype=np.uint8)}
    content |= {f"{name}".encode(): value for name, value in labels.items()}
    return content


def write_batches(folder, names, make):
    folder.mkdir(parents=True)
    written = {}
    for name in names:
        written[name] = make()
        (folder / name).write_bytes(pickle.dumps(written[name], protocol=2))
    return written


CIFAR10 = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


@pytest.mark.parametrize("place", ["kerata/datasets", "keras/datasets", "data"])
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_cifar10(homes, tmp_path, place, layout):
    folder = tmp_path / place / "cifar-10-batches-py-target" / "cifar-10-batches-py"
    made = write_batches(folder, CIFAR10, lambda: batch(4, labels=[3, 1, 4, 1]))
    kerata.config.set_image_data_format(layout)
    try:
        (x, y), (x_test, y_test) = kerata.datasets.cifar10.load_data()
    finally:
        kerata.config.set_image_data_format("channels_last")
    shape = (32, 32, 3) if layout == "channels_last" else (3, 32, 32)
    assert x.shape == (20, *shape) and x_test.shape == (4, *shape) and x.dtype == np.uint8
    assert y.shape == (20, 1) and y.dtype == np.uint8 and y_test[:, 0].tolist() == [3, 1, 4, 1]
    first = made["data_batch_1"][b"data"][0].reshape(3, 32, 32)
    expected = first.transpose(1, 2, 0) if layout == "channels_last" else first
    np.testing.assert_array_equal(x[0], expected)


@pytest.mark.parametrize("mode", ["fine", "coarse"])
def test_cifar100_is_unpacked_when_it_is_fetched(homes, tmp_path, monkeypatch, mode):
    make = lambda: batch(3, fine_labels=[99, 5, 7], coarse_labels=[19, 0, 1])  # noqa: E731
    write_batches(tmp_path / "made" / "cifar-100-python", ["train", "test"], make)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(tmp_path / "made" / "cifar-100-python", "cifar-100-python")

    def download(url, name, digest, algorithm="sha256"):
        assert url.endswith("/cifar-100-python.tar.gz") and len(digest) == 64
        target = sources.cache_folder() / name
        target.parent.mkdir(parents=True)
        target.write_bytes(packed.getvalue())
        return target

    monkeypatch.setattr(sources, "download", download)
    (x, y), _ = kerata.datasets.cifar100.load_data(mode)
    assert x.shape == (3, 32, 32, 3)
    assert y[:, 0].tolist() == ([99, 5, 7] if mode == "fine" else [19, 0, 1])
    monkeypatch.setattr(sources, "download", None)  # it is found now
    kerata.datasets.cifar100.load_data(mode)
    with pytest.raises(ValueError, match="label_mode"):
        kerata.datasets.cifar100.load_data("both")


# -- pickles that are no arrays --------------------------------------------------------------


class Runs:
    def __reduce__(self):
        return os.system, ("touch run",)


class Evaluates:
    def __reduce__(self):
        return eval, ("open('run', 'w')",)


HOSTILE = {
    "system": pickle.dumps({b"data": Runs()}),
    "eval": pickle.dumps(Evaluates()),
    "a function of NumPy": b"cnumpy\nload\n(S'run'\ntR.",
    "an attribute of NumPy": b"cnumpy\n__builtins__\n.",
    "a class of the library": b"ckerata.models.model\nModel\n.",
    "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0bndarray.mro\x93.",
    "an extension": b"\x82\x01.",
    "a persistent object": b"Prun\n.",
    "cut off": pickle.dumps({b"data": np.zeros(5)})[:-20],
    "a long text": b"\x8d" + (2**60).to_bytes(8, "little") + b"x.",
    "empty": b"",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_pickles_are_not_run(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(HOSTILE[case])
    with pytest.raises(UnsafeData, match="file"):
        numpy_pickle.read_pickle(tmp_path / "file")
    with zipfile.ZipFile(tmp_path / "file.npz", "w") as archive:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"shape": (2,), "fortran_order": False, "descr": "|O"}
        )
        archive.writestr("x.npy", header.getvalue() + HOSTILE[case])
    with pytest.raises(UnsafeData, match="file"):
        numpy_pickle.read_npz(tmp_path / "file.npz")
    assert not (tmp_path / "run").exists()


def test_an_array_that_says_to_be_larger_than_its_content_is_refused(tmp_path):
    small = pickle.dumps(np.zeros(4, "uint8"), protocol=2)
    huge = small.replace(b"K\x04\x85", b"J\xff\xff\xff\x7f\x85")
    assert huge != small
    (tmp_path / "file").write_bytes(huge)
    with pytest.raises(UnsafeData):
        numpy_pickle.read_pickle(tmp_path / "file")


def test_an_npz_that_unpacks_to_much_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "file.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(2**26))
    with pytest.raises(UnsafeData, match="claim"):
        numpy_pickle.read_npz(tmp_path / "file.npz")


# -- files beside the project, and the network -----------------------------------------------


def needs(folder):
    if not (DATA / folder).is_dir():
        pytest.skip(f"the data set {folder} is not beside the project")


def test_boston_from_the_original_text(homes, monkeypatch):
    needs("housing")
    monkeypatch.setenv("KERATA_DATA_DIR", str(DATA))
    (x, y), (x_test, y_test) = kerata.datasets.boston_housing.load_data()
    assert x.shape == (404, 13) and x_test.shape == (102, 13)
    assert np.concatenate([y, y_test]).mean() == pytest.approx(22.5328, abs=1e-4)


def test_reviews_from_text(homes, monkeypatch):
    needs("imdb")
    monkeypatch.setenv("KERATA_DATA_DIR", str(DATA))
    (x, y), (x_test, _) = kerata.datasets.imdb.load_data(num_words=1000)
    assert len(x) == 25_000 and len(x_test) == 10_000 and y.mean() == 0.5
    numbers = np.concatenate(x[:500])
    assert numbers.max() < 1000 and all(review[0] == 1 for review in x)
    index = kerata.datasets.imdb.get_word_index()
    assert index["the"] == 1 and np.bincount(numbers)[4] == np.bincount(numbers)[4:].max()


def test_tables(homes, monkeypatch):
    needs("titanic")
    monkeypatch.setenv("KERATA_DATA_DIR", str(DATA))
    votes = kerata.datasets.house_votes.load_data()
    assert votes.shape == (435, 17) and int(votes.isna().sum().sum()) == 392
    assert votes["party"].value_counts().to_dict() == {"democrat": 267, "republican": 168}
    masses = kerata.datasets.mammographic_masses.load_data()
    assert masses.isna().sum().tolist() == [2, 5, 31, 48, 76, 0]
    assert masses["severity"].sum() == 445
    passengers = kerata.datasets.titanic.load_data()
    assert passengers.shape == (891, 12) and passengers["Age"].isna().sum() == 177
    photos = kerata.datasets.flowers.folder()
    assert sorted(os.listdir(photos))[-5:] == list(kerata.datasets.flowers.CLASSES)


@pytest.mark.parametrize(
    "load",
    [
        "boston_housing.load_data", "california_housing.load_data", "cifar10.load_data",
        "cifar100.load_data", "imdb.load_data", "imdb.get_word_index", "reuters.load_data",
        "reuters.get_word_index", "house_votes.load_data", "mammographic_masses.load_data",
        "titanic.load_data", "flowers.folder",
    ],
)  # fmt: skip
def test_without_a_network_it_says_where_files_are_looked_for(homes, load):
    module, function = load.split(".")
    with pytest.raises(OSError, match="KERATA_DATA_DIR"):
        getattr(getattr(kerata.datasets, module), function)()


def test_an_absolute_path_means_that_file(homes, tmp_path):
    with pytest.raises(FileNotFoundError, match="mine"):
        kerata.datasets.imdb.load_data(path=str(tmp_path / "mine.npz"))


def test_an_index_is_checked_by_the_digest_that_keras_publishes(homes, monkeypatch):
    answer = json.dumps({"the": 1}).encode()
    opener = kerata.utils.download.urllib.request
    monkeypatch.setattr(opener, "urlopen", lambda *_, **__: Response(answer))
    with pytest.raises(OSError, match="MD5"):
        kerata.datasets.imdb.get_word_index()


def test_names_of_topics_are_those_of_keras():
    assert kerata.datasets.reuters.get_label_names() == keras.datasets.reuters.get_label_names()


@pytest.mark.parametrize("name", ["boston_housing", "california_housing"])
def test_wrong_arguments(files, name):
    with pytest.raises(ValueError, match="test_split"):
        path = str(files / f"{name}.npz")
        getattr(kerata.datasets, name).load_data(path=path, test_split=1.0)
    with pytest.raises(ValueError, match="version"):
        kerata.datasets.california_housing.load_data("medium")
