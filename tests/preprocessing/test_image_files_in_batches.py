"""Batches of pictures from folders and tables: ours against those of Keras."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from keras.src.legacy.preprocessing import image as keras_image

import kerata
from kerata.core.errors import KerataWarning
from kerata.preprocessing.image import ImageDataGenerator

CLASSES = ("ant", "bee", "cat")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three classes with 2, 3 and 4 pictures of different sizes, one of them deeper."""
    root, rng = tmp_path_factory.mktemp("insects"), np.random.default_rng(0)
    for number, name in enumerate(CLASSES):
        (root / name / "deep").mkdir(parents=True)
        for i in range(number + 2):
            place = root / name / ("deep" if i == 1 else ".")
            picture = rng.integers(0, 256, (8 + i, 11 - i, 3))
            kerata.utils.save_img(place / f"{i}.png", picture, scale=False)
        (root / name / "notes.txt").write_text("no picture")
    return root


@pytest.fixture(scope="module")
def table(folder):
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))
    classes = [file.split("/")[0] for file in files]
    return pd.DataFrame(
        {
            "filename": files,
            "class": classes,
            "age": np.arange(9.0),
            "size": np.arange(9) * 2,
            "weight": np.linspace(0, 1, 9),
            "seen": [[name, "cat"] if name == "bee" else [name] for name in classes],
            "two": ["cat" if name == "cat" else "other" for name in classes],
        }
    )


def same_batches(ours, theirs):
    assert len(ours) == len(theirs) and ours.samples == theirs.samples
    assert list(ours.filepaths) == list(theirs.filepaths)
    for index in range(len(ours)):
        actual, expected = kerata.tree.flatten(ours[index]), kerata.tree.flatten(theirs[index])
        for x, y in zip(actual, expected, strict=True):
            assert x.dtype == y.dtype and x.shape == y.shape
            np.testing.assert_allclose(x, y, atol=1e-5)


# -- folders ---------------------------------------------------------------------------------


@pytest.mark.parametrize("class_mode", ["categorical", "sparse", "input", None])
@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
def test_folders_are_read_as_by_keras(folder, class_mode, color_mode):
    options = {"class_mode": class_mode, "color_mode": color_mode, "shuffle": False}
    options |= {"target_size": (6, 7), "batch_size": 4, "interpolation": "bilinear"}
    ours = ImageDataGenerator(rescale=1 / 255).flow_from_directory(folder, **options)
    theirs = keras_image.ImageDataGenerator(rescale=1 / 255).flow_from_directory(
        str(folder), **options
    )
    same_batches(ours, theirs)
    assert ours.class_indices == theirs.class_indices
    assert [str(name) for name in ours.filenames] == theirs.filenames
    np.testing.assert_array_equal(ours.classes, theirs.classes)
    assert ours.image_shape == theirs.image_shape and ours.num_classes == 3


@pytest.mark.parametrize("subset", ["training", "validation"])
def test_each_class_is_split_as_by_keras(folder, subset):
    options = {"subset": subset, "shuffle": False, "target_size": (5, 5)}
    ours = ImageDataGenerator(validation_split=0.5).flow_from_directory(folder, **options)
    theirs = keras_image.ImageDataGenerator(validation_split=0.5)
    same_batches(ours, theirs.flow_from_directory(str(folder), **options))


def test_channels_first_and_cut_pictures(folder):
    options = {"target_size": (4, 9), "shuffle": False, "keep_aspect_ratio": True}
    ours = ImageDataGenerator(data_format="channels_first").flow_from_directory(folder, **options)
    theirs = keras_image.ImageDataGenerator(data_format="channels_first")
    same_batches(ours, theirs.flow_from_directory(str(folder), **options))


def test_two_classes_in_the_users_order(folder, capsys):
    generator = ImageDataGenerator()
    batches = generator.flow_from_directory(
        folder, (4, 4), classes=["cat", "ant"], class_mode="binary", shuffle=False
    )
    assert capsys.readouterr().out == "Found 6 images belonging to 2 classes.\n"
    assert batches.class_indices == {"cat": 0, "ant": 1}
    assert batches[0][1].tolist() == [0, 0, 0, 0, 1, 1]
    assert batches[0][1].dtype == np.float32


def test_predictions_belong_to_the_files(folder):
    """A whole pass, as courses do it: predict on batches that are not shuffled."""
    batches = ImageDataGenerator(rescale=1 / 255).flow_from_directory(
        folder, (4, 4), class_mode=None, shuffle=False, batch_size=2
    )
    model = kerata.Sequential([kerata.Input((4, 4, 3)), kerata.layers.GlobalAveragePooling2D()])
    predicted = model.predict(batches, verbose=0)
    expected = [
        np.mean(kerata.utils.img_to_array(kerata.utils.load_img(path, target_size=(4, 4))), (0, 1))
        for path in batches.filepaths
    ]
    np.testing.assert_allclose(predicted, np.array(expected) / 255, rtol=1e-5)


def test_damaged_files_name_themselves(folder, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "broken.jpg").write_bytes(b"no picture")
    batches = ImageDataGenerator().flow_from_directory(tmp_path, (4, 4))
    with pytest.raises(ValueError, match=r"broken\.jpg cannot be read"):
        next(batches)


def test_iterators_are_pickled(folder):
    batches = ImageDataGenerator(rotation_range=9).flow_from_directory(folder, (4, 4), seed=1)
    again = pickle.loads(pickle.dumps(batches))
    np.testing.assert_array_equal(again[0][0], batches[0][0])


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"class_mode": "raw"}, ValueError, "class_mode='raw'"),
        ({"color_mode": "rbg"}, ValueError, "color_mode='rbg'"),
        ({"classes": ["dog"]}, FileNotFoundError, "dog"),
        ({"target_size": (3,)}, ValueError, "target_size"),
    ],
    ids=str,
)
def test_options_of_folders_are_checked(folder, options, error, message):
    with pytest.raises(error, match=message):
        ImageDataGenerator().flow_from_directory(folder, **options)


def test_an_empty_folder_says_what_was_expected(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(ValueError, match="in one subfolder per class"):
        ImageDataGenerator().flow_from_directory(tmp_path)


# -- tables ----------------------------------------------------------------------------------

MODES = [
    {"class_mode": "categorical"},
    {"class_mode": "categorical", "y_col": "seen"},
    {"class_mode": "categorical", "y_col": "seen", "classes": ["cat", "ant"]},
    {"class_mode": "sparse", "weight_col": "weight"},
    {"class_mode": "binary", "y_col": "two"},
    {"class_mode": "raw", "y_col": "age"},
    {"class_mode": "raw", "y_col": ["age", "size"]},
    {"class_mode": "multi_output", "y_col": ["age", "size"]},
    {"class_mode": "input"},
    {"class_mode": None},
]


@pytest.mark.parametrize("options", MODES, ids=str)
def test_tables_are_read_as_by_keras(folder, table, options):
    options = {**options, "shuffle": False, "target_size": (6, 5), "batch_size": 4}
    ours = ImageDataGenerator().flow_from_dataframe(table, folder, **options)
    theirs = keras_image.ImageDataGenerator().flow_from_dataframe(table, str(folder), **options)
    same_batches(ours, theirs)


@pytest.mark.parametrize("subset", ["training", "validation"])
def test_tables_are_split_as_by_keras(folder, table, subset):
    options = {"subset": subset, "shuffle": False, "target_size": (5, 5)}
    ours = ImageDataGenerator(validation_split=0.3).flow_from_dataframe(table, folder, **options)
    theirs = keras_image.ImageDataGenerator(validation_split=0.3)
    same_batches(ours, theirs.flow_from_dataframe(table, str(folder), **options))


def test_whatever_holds_a_table(folder, table, tmp_path):
    table[["filename", "class", "age"]].to_csv(tmp_path / "table.csv", index=False)
    columns = table.to_dict("list")
    tables = [table, pl.DataFrame(columns), columns, tmp_path / "table.csv"]
    options = {"directory": folder, "target_size": (4, 4), "seed": 0}
    generator = ImageDataGenerator(horizontal_flip=True)
    batches = [generator.flow_from_dataframe(each, **options)[0] for each in tables]
    for x, y in batches[1:]:
        np.testing.assert_array_equal(x, batches[0][0])
        np.testing.assert_array_equal(y, batches[0][1])


def test_files_that_are_missing_are_left_out(folder, table):
    lost = table.assign(filename=["lost.png", "ant/notes.txt", *table["filename"][2:]])
    with pytest.warns(KerataWarning, match="names 2 files that are missing or no pictures"):
        batches = ImageDataGenerator().flow_from_dataframe(
            lost, folder, y_col="age", class_mode="raw", shuffle=False, target_size=(4, 4)
        )
    assert batches[0][1].tolist() == [2, 3, 4, 5, 6, 7, 8]
    with pytest.warns(KerataWarning), pytest.raises(ValueError, match="None of the 9 pictures"):
        ImageDataGenerator().flow_from_dataframe(table, folder / "ant")


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"x_col": "file"}, ValueError, "x_col='file' is no column of the table; it has"),
        ({"y_col": "age"}, TypeError, "use class_mode='raw'"),
        ({"x_col": "age"}, TypeError, "should hold names of files"),
        ({"class_mode": "binary"}, ValueError, "has 3: .'ant', 'bee', 'cat'."),
        ({"class_mode": "multi_output", "y_col": "age"}, TypeError, "needs a list as y_col"),
        ({"class_mode": "sparse", "weight_col": "class"}, TypeError, "should hold numbers"),
        ({"class_mode": "sparce"}, ValueError, "class_mode='sparce'"),
        ({"has_extension": True}, TypeError, "unexpected argument 'has_extension'"),
    ],
    ids=str,
)
def test_options_of_tables_are_checked(folder, table, options, error, message):
    with pytest.raises(error, match=message):
        ImageDataGenerator().flow_from_dataframe(table, folder, **options)


def test_arguments_of_old_say_what_to_do(folder, table):
    with pytest.warns(KerataWarning, match="`sort` has no effect today: pass shuffle=False"):
        ImageDataGenerator().flow_from_dataframe(table, folder, sort=False)
    with pytest.warns(KerataWarning, match="`classes` has no effect"):
        ImageDataGenerator().flow_from_dataframe(table, folder, class_mode=None, classes=["ant"])
