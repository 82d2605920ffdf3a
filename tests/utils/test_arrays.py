"""to_categorical, normalize and pad_sequences against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kerata
from kerata.utils import normalize, pad_sequences, to_categorical


def same(actual, expected):
    assert type(actual) is type(expected) is np.ndarray
    assert actual.dtype == expected.dtype
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([0, 1, 2, 3], 4),
        ([[1], [0]], None),
        ([[0, 1], [2, 0]], None),
        ([0.0, 1.0], 5),
        (2, 3),
        ([], 3),
        (np.array([3, 1], "uint8"), None),
    ],
)
def test_to_categorical(labels, classes):
    same(to_categorical(labels, classes), keras.utils.to_categorical(labels, classes))


def test_to_categorical_of_a_tensor(backend):
    labels = kerata.ops.array([[1], [0], [2]])
    for classes in (None, 4):
        vectors = to_categorical(labels, classes)
        expected = np.eye(classes or 3)[[1, 0, 2]]
        assert kerata.ops.dtype(vectors).startswith("float")
        np.testing.assert_array_equal(kerata.ops.convert_to_numpy(vectors), expected)


@pytest.mark.parametrize("labels", [[5], [-1], [0.5]])
def test_labels_outside_of_the_classes(labels):
    with pytest.raises(ValueError, match="run from|whole numbers"):
        to_categorical(labels, 3)


@pytest.mark.parametrize("order", [1, 2, np.inf])
@pytest.mark.parametrize("axis", [-1, 0])
def test_normalize(axis, order, backend):
    x = np.array([[3.0, 4.0, 1.0], [0.0, 0.0, 0.0]])
    if axis == -1:  # elsewhere, Keras divides by the norms of other vectors
        same(normalize(x, axis, order), keras.utils.normalize(x, axis, order))
    norms = np.linalg.norm(x, order, axis, keepdims=True)
    np.testing.assert_array_equal(normalize(x, axis, order), x / np.where(norms == 0, 1, norms))
    tensor = normalize(kerata.ops.array(x), axis, order)
    np.testing.assert_allclose(
        kerata.ops.convert_to_numpy(tensor), normalize(x, axis, order), rtol=1e-6
    )
    assert normalize([3.0, 4.0]).shape == (2,)


sequences = st.lists(st.lists(st.integers(-9, 9), max_size=5), min_size=1, max_size=4)


@given(
    sequences,
    st.one_of(st.none(), st.integers(1, 6)),
    st.sampled_from(["pre", "post"]),
    st.sampled_from(["pre", "post"]),
)
@settings(max_examples=60, deadline=None)
def test_pad_sequences(rows, length, padding, truncating):
    options = {"maxlen": length, "padding": padding, "truncating": truncating, "value": 7}
    same(pad_sequences(rows, **options), keras.utils.pad_sequences(rows, **options))


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ([[[1, 2]], [[3, 4], [5, 6]]], {}),
        ([[1.5], [2, 3]], {"dtype": "float32", "value": 0.5}),
        ([["a"], ["b", "cc"]], {"dtype": object, "value": "x"}),
        ([["a"], ["b", "cc"]], {"dtype": "U2", "value": "x"}),
        ([np.arange(3), np.arange(2)], {"maxlen": 2}),
    ],
)
def test_pad_sequences_of_other_entries(rows, options):
    same(pad_sequences(rows, **options), keras.utils.pad_sequences(rows, **options))
    assert kerata.preprocessing.sequence.pad_sequences is pad_sequences


def test_pad_sequences_at_the_edges():
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences([[1, 2]], maxlen=0).shape == (1, 0)
    for arguments, message in (
        ({"sequences": 5}, "list of sequences"),
        ({"sequences": [1, 2]}, "a int at 0"),
        ({"sequences": [[1]], "padding": "x"}, "padding"),
        ({"sequences": [[1]], "truncating": "x"}, "truncating"),
        ({"sequences": [["a"]], "value": "x"}, "dtype=object"),
        ({"sequences": [[[1, 2]], [[3]]]}, "one shape"),
    ):
        with pytest.raises(ValueError, match=message):
            pad_sequences(**arguments)
