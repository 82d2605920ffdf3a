"""Pooling: masks, integers, wrong arguments."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kerata
from kerata.layers import AveragePooling2D, GlobalAveragePooling1D, MaxPooling1D, MaxPooling2D
from tests.layers.driver import close

X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
MASK = np.array([[1, 1, 0], [1, 0, 0]], bool)


@pytest.mark.parametrize("keepdims", [False, True])
def test_mean_over_steps_that_are_not_masked(keepdims, backend):
    expected = keras.layers.GlobalAveragePooling1D(keepdims=keepdims)(X, mask=MASK)
    close(GlobalAveragePooling1D(keepdims=keepdims)(X, mask=MASK), expected)
    first = GlobalAveragePooling1D("channels_first", keepdims=keepdims)
    actual = first(X.transpose(0, 2, 1).copy(), mask=MASK)
    close(actual, np.swapaxes(expected, 1, 2) if keepdims else expected)


def test_padding_does_not_change_the_mean(backend):
    embedding = kerata.layers.Embedding(9, 3, mask_zero=True)
    pool = GlobalAveragePooling1D()
    short, padded = np.array([[3, 5]]), np.array([[3, 5, 0, 0]])
    close(pool(embedding(padded)), pool(embedding(short)))


def test_integers(backend):
    x = np.arange(8, dtype="int32").reshape(1, 4, 2)
    assert kerata.ops.dtype(MaxPooling1D()(x)) == "int32"
    assert kerata.ops.dtype(GlobalAveragePooling1D()(x)) == "float32"


def test_sizes_may_be_unknown():
    assert MaxPooling2D()(kerata.Input((None, 8, 3))).shape == (None, None, 4, 3)


def test_short_names_are_the_same_classes():
    assert kerata.layers.MaxPool2D is MaxPooling2D
    assert kerata.layers.AvgPool2D is AveragePooling2D
    assert kerata.layers.GlobalAvgPool1D is GlobalAveragePooling1D


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MaxPooling2D(0), "`pool_size` is 0"),
        (lambda: MaxPooling2D((2, 2, 2)), "expected one integer or 2"),
        (lambda: MaxPooling2D(padding="full"), "expected one of 'valid', 'same'"),
        (lambda: AveragePooling2D(2, strides=-1), "`strides` is -1"),
        (lambda: AveragePooling2D(2)(X), "it has 3 dimensions, expected 4"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
