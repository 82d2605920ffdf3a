"""Merging layers: function forms, masks, ranks, wrong shapes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kerata
from kerata.core import masks
from kerata.layers import Add, Average, Concatenate, Dot, Maximum, Multiply, Subtract
from tests.layers.driver import close, numpy_of

A = np.arange(6.0, dtype="float32").reshape(2, 3)
B = A[::-1].copy() - 2.5


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "average", "maximum", "minimum"])
def test_function_forms(name, backend):
    close(getattr(kerata.layers, name)([A, B]), getattr(keras.layers, name)([A, B]))


def test_function_forms_with_axes(backend):
    close(kerata.layers.concatenate([A, B], axis=0), np.concatenate([A, B]))
    close(kerata.layers.dot([A, B], axes=1), (A * B).sum(1, keepdims=True))
    close(
        kerata.layers.dot([A, B], axes=1, normalize=True),
        keras.layers.dot([A, B], axes=1, normalize=True),
    )


def test_integers_and_floats_are_promoted(backend):
    integers = np.ones((2, 3), "int32")
    assert kerata.ops.dtype(Add()([integers, integers])) == "int32"
    assert kerata.ops.dtype(Add()([integers, A])) == "float32"
    assert kerata.ops.dtype(Average()([integers, integers])) == "float32"


def masked(mask):
    """A tensor of shape (2, 3, 4) with a mask."""
    tensor = kerata.ops.array(np.ones((2, 3, 4), "float32"))
    if mask is not None:
        masks.attach(tensor, kerata.ops.array(np.array(mask, bool)))
    return tensor


M1, M2 = [[1, 1, 0], [1, 0, 0]], [[1, 0, 0], [1, 1, 1]]


@pytest.mark.parametrize(
    ("make", "first", "second", "expected"),
    [
        (Add, M1, M2, [[1, 1, 0], [1, 1, 1]]),
        (Multiply, M1, M2, [[1, 1, 0], [1, 1, 1]]),
        # Unlike in Keras, where it is lost: padding added to something remains padding.
        (Add, M1, None, M1),
        (Add, None, M2, M2),
        (Concatenate, M1, M2, [[1, 1, 0], [1, 1, 1]]),
        (Concatenate, M1, None, [[1, 1, 1], [1, 1, 1]]),
        (lambda: Concatenate(axis=1), M1, M2, [[1, 1, 0, 1, 0, 0], [1, 0, 0, 1, 1, 1]]),
        (lambda: Concatenate(axis=1), M1, None, [[1, 1, 0, 1, 1, 1], [1, 0, 0, 1, 1, 1]]),
        (Add, None, None, None),
        (Concatenate, None, None, None),
        (lambda: Dot(axes=2), M1, M2, None),
    ],
)
def test_masks(make, first, second, expected, backend):
    left, right = masked(first), masked(second)
    mask = masks.of(make()([left, right]))
    assert mask is None if expected is None else numpy_of(mask).astype(int).tolist() == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Add()(A), r"expected a list of tensors, got one tensor of shape \(2, 3\)"),
        (lambda: Add()([A, np.ones((2, 4), "float32")]), r"\(2, 3\), \(2, 4\), which do not fit"),
        (lambda: Add()([A, np.ones((3, 3), "float32")]), "batches of different sizes"),
        (lambda: Subtract()([A, A, A]), "expected a list of 2 tensors, got 3"),
        (lambda: Maximum()([A, np.ones((2, 5), "float32")]), "which do not fit"),
        (lambda: Concatenate()([A, np.ones((2, 3, 4), "float32")]), "may differ in axis -1 alone"),
        (lambda: Concatenate(axis=1)(A), "expected a list of tensors"),
        (lambda: Dot(axes=0), "axis 0 is the batch"),
        (lambda: Dot(axes=1)([A, np.ones((2, 4), "float32")]), "must have equal sizes"),
        (lambda: Dot(axes=1)([A, A, A]), "expected a list of 2 tensors"),
    ],
)
def test_wrong_inputs(call, message, backend):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert len(str(caught.value)) < 600
