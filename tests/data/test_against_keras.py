"""Folders, windows and splits give what Keras gives: the same files, labels and values."""

import os
import pathlib
import pickle
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest

import kerata

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cases  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("folders")
    cases.write_all(path)
    return path


@pytest.fixture(scope="module")
def keras_says(folder):
    result = folder / "keras.pickle"
    script = pathlib.Path(__file__).with_name("keras_oracle.py")
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, script, folder, result], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return pickle.loads(result.read_bytes())


@pytest.fixture
def inside(folder, monkeypatch):
    monkeypatch.chdir(folder)


def called(function, arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kerata.core.errors.KerataWarning)  # of missing classes
        return getattr(kerata.utils, function)(**arguments, verbose=False)


def assert_same(ours, theirs, tolerance=0.0):
    assert type(ours) is type(theirs)
    if isinstance(ours, (tuple, list)):
        assert len(ours) == len(theirs)
        for mine, its in zip(ours, theirs, strict=True):
            assert_same(mine, its, tolerance)
        return
    if theirs.dtype == object:
        texts = [text.decode() if isinstance(text, bytes) else text for text in theirs.tolist()]
        assert ours.tolist() == texts
        return
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=tolerance, rtol=0)


def assert_same_facts(data, theirs):
    assert data.class_names == getattr(theirs, "class_names", None)
    if hasattr(theirs, "file_paths"):  # Keras tells them of pictures only
        assert data.file_paths == theirs.file_paths
    assert data.file_paths and all(map(os.path.isfile, data.file_paths))


def as_arrays(element):
    """Return a batch as arrays; Keras makes tuples of texts where TensorFlow is not installed."""
    if isinstance(element, tuple) and not isinstance(element[0], str):
        return tuple(map(as_arrays, element))
    array = np.asarray(element)
    return array.astype(object) if array.dtype.kind == "U" else array


def assert_same_batches(data, expected, tolerance=5e-4):
    """Compare; 5e-4 of 255 is the rounding of float32 in sums of up to ten points per axis."""
    assert len(data) == len(expected)
    assert_same([as_arrays(batch) for batch in data], expected, tolerance)


@pytest.mark.parametrize("name", cases.ORDERED)
def test_ordered_folders(name, inside):
    function, arguments = cases.ORDERED[name]
    data = called(function, arguments)
    theirs = getattr(keras.utils, function)(**arguments, format="grain", verbose=False)
    assert_same_facts(data, theirs)
    # Keras reads cubic weights from a table of 1024 places between two points.
    tolerance = 0.2 if arguments.get("interpolation") == "bicubic" else 5e-4
    assert_same_batches(data, [as_arrays(batch) for batch in theirs], tolerance)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", cases.ON_TENSORFLOW)
def test_ordered_folders_on_tensorflow(name, keras_says, inside):
    data = called(*cases.ON_TENSORFLOW[name])
    class_names, batches = keras_says[name]
    assert data.class_names == class_names
    assert_same_batches(data, batches)


@pytest.mark.parametrize("name", cases.SHUFFLED)
def test_files_of_shuffled_folders(name, inside):
    function, arguments = cases.SHUFFLED[name]
    made = called(function, arguments)
    theirs = getattr(keras.utils, function)(**arguments, format="grain", verbose=False)
    if arguments.get("subset") != "both":
        made, theirs = [made], [theirs]
    for part, expected in zip(made, theirs, strict=True):
        assert_same_facts(part, expected)


@pytest.mark.parametrize("name", cases.WINDOWS)
def test_windows(name):
    data = kerata.utils.timeseries_dataset_from_array(**cases.WINDOWS[name])
    theirs = keras.utils.timeseries_dataset_from_array(**cases.WINDOWS[name], format="grain")
    expected = [as_arrays(batch) for batch in theirs]
    assert len(data) == len(expected)
    for mine, its in zip(data, expected, strict=True):
        for a, b in zip(as_tuple(mine), as_tuple(its), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", cases.SPLITS)
@pytest.mark.tensorflow
def test_splits(name, keras_says):
    data, arguments = cases.SPLITS[name]
    parts = kerata.utils.split_dataset(data, **arguments)
    for part, expected in zip(parts, keras_says[name], strict=True):
        assert len(part) == len(expected)
        for mine, its in zip(part, expected, strict=True):
            for a, b in zip(as_tuple(mine), as_tuple(its), strict=True):
                np.testing.assert_array_equal(a, b)


def as_tuple(element):
    return element if isinstance(element, tuple) else (element,)
