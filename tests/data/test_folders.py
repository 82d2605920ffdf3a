"""Folders as data sets: wrong arguments, damaged files, deep and linked folders, real pictures."""

import os
import pathlib
import sys

import numpy as np
import pytest

import kerata
from kerata.core.errors import KerataWarning
from kerata.data.audio_folder import read_wav

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cases  # noqa: E402

DATA = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"

images = kerata.utils.image_dataset_from_directory
texts = kerata.utils.text_dataset_from_directory
sounds = kerata.utils.audio_dataset_from_directory


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("folders")
    cases.write_all(path)
    return path


@pytest.fixture
def own(tmp_path):
    cases.write_all(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "arguments, text",
    [
        ({"labels": 3}, "labels=3; expected 'inferred'"),
        ({"labels": "guessed"}, "labels='guessed'"),
        ({"labels": [0, 1]}, "`labels` has 2 entries, but .* has 13 files"),
        ({"labels": [0] * 12 + [-1]}, "`labels` has -1"),
        ({"label_mode": "x"}, "label_mode='x'"),
        ({"label_mode": "binary"}, "two classes, but there are 3"),
        ({"label_mode": "binary", "labels": [0, 2] * 6 + [0]}, "two classes, but there are 3"),
        ({"labels": [0] * 13, "class_names": ["a"]}, "labels='inferred' only"),
        ({"class_names": ["a", "zoo"]}, "names 'zoo', which is no subfolder"),
        ({"color_mode": "cmyk"}, "color_mode='cmyk'"),
        ({"interpolation": "area"}, "interpolation='area'"),
        ({"image_size": (1, 2, 3)}, r"image_size=\(1, 2, 3\)"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "not both"),
        ({"validation_split": 0.2}, "give both, or neither"),
        ({"subset": "training"}, "give both, or neither"),
        ({"validation_split": 2, "subset": "training", "seed": 1}, "between 0 and 1"),
        ({"validation_split": 0.2, "subset": "test", "seed": 1}, "subset='test'"),
        ({"validation_split": 0.2, "subset": "training"}, "pass seed="),
        ({"validation_split": 0.01, "subset": "both", "seed": 1}, "leaves none to validate"),
        ({"format": "x"}, "format='x'"),
        ({"on_error": "x"}, "on_error='x'"),
        ({"batch_size": 0}, "`batch_size` is 0"),
    ],
)
def test_wrong_arguments(folder, arguments, text):
    with pytest.raises(ValueError, match=text):
        images(folder / "pictures", verbose=False, **arguments)


def test_folders_without_files(tmp_path, folder):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        images(tmp_path / "nowhere")
    (tmp_path / "a").mkdir()
    with pytest.raises(ValueError, match="no pictures in .*one subfolder per class"):
        images(tmp_path)
    with pytest.raises(ValueError, match="no texts in .*expected files ending in .txt"):
        texts(folder / "pictures", labels=None)


def test_what_is_printed(folder, capsys):
    images(folder / "pictures", seed=1, validation_split=0.3, subset="both")
    images(folder / "pictures", labels=None)
    assert capsys.readouterr().out.splitlines() == [
        "Found 13 files belonging to 3 classes.",
        "Using 10 files for training.",
        "Using 3 files for validation.",
        "Found 13 files.",
    ]


def test_parts_hold_each_file_once(folder):
    parts = images(
        folder / "pictures", seed=1, validation_split=0.3, subset="both", verbose=False
    )
    files = [path for part in parts for path in part.file_paths]
    assert len(files) == len(set(files)) == 13
    # Validation keeps its order, so that predictions belong to its files one by one.
    inside = [pathlib.Path(p).relative_to(folder / "pictures") for p in parts[1].file_paths]
    labels = [parts[1].class_names.index(path.parts[0]) for path in inside]
    for _ in range(2):
        assert next(iter(parts[1]))[1].tolist() == labels


def test_sorted_splits_warn(folder):
    with pytest.warns(KerataWarning, match="1 of 3 classes are missing from the training part"):
        images(
            folder / "pictures", shuffle=False, validation_split=0.31, subset="training",
            verbose=False,
        )  # fmt: skip


def test_damaged_pictures(own):
    bad = own / "pictures" / "b" / "2.bmp"
    bad.write_bytes(b"nothing")
    arguments = {"directory": own / "pictures", "image_size": (4, 4), "verbose": False}
    with pytest.raises(ValueError, match=r"b.2\.bmp cannot be read: it is not a picture"):
        list(images(**arguments))
    data = images(**arguments, on_error="skip", batch_size=4)
    assert len(data) == 4 and data.skipped_files == []
    with pytest.warns(KerataWarning, match=r"1 of 13 files .*2\.bmp"):
        assert sum(len(x) for x, _ in data) == 12
    assert data.skipped_files == [str(bad)] and len(data) == 3


def test_a_model_learns_while_files_are_skipped(own, training_backend):
    (own / "pictures" / "c" / "9.png").write_bytes(b"")
    data = images(
        own / "pictures", image_size=(4, 4), batch_size=4, on_error="skip", verbose=False
    )
    model = kerata.Sequential(
        [kerata.Input((4, 4, 3)), kerata.layers.Flatten(), kerata.layers.Dense(3)]
    )
    model.compile("sgd", kerata.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.warns(KerataWarning, match="9.png"):
        history = model.fit(data.map(lambda x, y: (x / 255, y)), epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2


def test_links_that_go_round(own):
    try:
        os.symlink(own / "pictures", own / "pictures" / "a" / "again")
        os.symlink(own / "texts", own / "pictures" / "a" / "linked")
    except OSError:
        pytest.skip("no permission to make links")
    (own / "texts" / "good" / "0.png").write_bytes((own / "pictures/a/9.png").read_bytes())
    arguments = {"directory": own / "pictures", "class_names": ["a"], "verbose": False}
    assert len(images(**arguments).file_paths) == 4
    followed = images(**arguments, follow_links=True).file_paths
    assert sum("linked" in path for path in followed) == 1
    assert not any("again/a/again" in path for path in followed)


def test_grey_pictures_of_16_bits(tmp_path):
    from PIL import Image

    (tmp_path / "a").mkdir()
    points = (np.arange(16, dtype="uint16") * 4096).reshape(4, 4)
    Image.fromarray(points).save(tmp_path / "a" / "1.png")
    data = images(tmp_path, image_size=(4, 4), color_mode="grayscale", verbose=False)
    assert next(iter(data))[0][0, :, :, 0].tolist() == (points // 256).tolist()


def test_grey_is_that_of_load_img(folder):
    data = images(
        folder / "pictures", image_size=(10, 17), color_mode="grayscale", shuffle=False,
        class_names=["a"], verbose=False,
    )  # fmt: skip
    place = [path.endswith("9.png") for path in data.file_paths].index(True)
    expected = np.asarray(kerata.utils.load_img(data.file_paths[place], "grayscale"))
    np.testing.assert_array_equal(next(iter(data))[0][place, :, :, 0], expected)


# -- texts ---------------------------------------------------------------------------------------


def test_texts_that_are_no_utf8(own):
    (own / "texts" / "poor" / "2.txt").write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match=r"2\.txt cannot be read: it is not UTF-8"):
        list(texts(own / "texts", verbose=False))
    data = texts(own / "texts", verbose=False, on_error="skip")
    with pytest.warns(KerataWarning, match=r"2\.txt"):
        assert [len(x) for x, _ in data] == [7]
    assert len(data.skipped_files) == 1


def test_texts_are_cut_by_characters(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.txt").write_text("äöü", "utf-8")
    assert next(iter(texts(tmp_path, max_length=2, verbose=False)))[0].tolist() == ["äö"]


# -- sounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_widths_of_samples(tmp_path, width, channels):
    largest = 2 ** (8 * width - 1)
    samples = np.array([-largest, -1, 0, 1, largest // 2, largest - 1])
    cases.write_wav(tmp_path / "a.wav", samples, width, channels)
    expected = (samples / largest).astype("float32").reshape(-1, channels)
    found = read_wav(tmp_path / "a.wav")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_sounds_that_are_refused(own):
    arguments = {"directory": own / "sounds", "verbose": False}
    with pytest.raises(ValueError, match="which kerata has not"):
        sounds(**arguments, ragged=True)
    with pytest.raises(ValueError, match="output_sequence_length=0"):
        sounds(**arguments, output_sequence_length=0)
    with pytest.raises(ValueError, match="8000 samples per second, 16000 were expected"):
        list(sounds(**arguments, sampling_rate=16000))
    assert len(list(sounds(**arguments, sampling_rate=8000))) == 1
    whole = (own / "sounds" / "low" / "1.wav").read_bytes()
    damaged = ((whole[:50], "ends before"), (b"", "too early"), (b"RIFF" + whole, "no PCM"))
    for content, reason in damaged:
        (own / "sounds" / "low" / "1.wav").write_bytes(content)
        with pytest.raises(ValueError, match=rf"1\.wav cannot be read: .*{reason}"):
            list(sounds(**arguments))


# -- real pictures -------------------------------------------------------------------------------


def test_flowers():
    if not (DATA / "flowers").is_dir():
        pytest.skip("the data set flowers is not beside the project")
    parts = images(
        DATA / "flowers", image_size=(32, 32), seed=7, validation_split=0.2, subset="both",
        verbose=False,
    )  # fmt: skip
    assert parts[0].class_names == ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
    assert [len(part.file_paths) for part in parts] == [240, 60]
    counts = np.zeros(5, int)
    for x, y in parts[1]:
        assert x.dtype == np.float32 and x.shape[1:] == (32, 32, 3)
        assert x.min() >= 0 and x.max() <= 255 and 20 < x.std() < 100
        counts += np.bincount(y, minlength=5)
    assert counts.sum() == 60 and counts.min() > 0
    bad = images(DATA / "flowers", labels=None, on_error="skip", batch_size=None, verbose=False)
    assert len(bad) == 301
    names = [name for name in bad.file_paths if name.endswith("corrupt.jpg")]
    with pytest.raises(ValueError, match="corrupt.jpg cannot be read"):
        kerata.utils.load_img(names[0])
