"""Reshaping layers: unknown sizes, wrong arguments and shapes."""

from __future__ import annotations

import numpy as np
import pytest

import kerata
from kerata.layers import (
    Cropping1D,
    Cropping2D,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding2D,
)
from tests.layers.driver import close


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (Flatten(), (None, 3), (None, None)),
        (Flatten(), (4, 3), (None, 12)),
        (Flatten(), (), (None, 1)),
        (Reshape((-1, 3)), (None, 3), (None, None, 3)),
        (Reshape((-1, 2)), (None, 3), (None, None, 2)),
        (Reshape((2, -1)), (4, 3), (None, 2, 6)),
        (Permute((2, 1)), (None, 3), (None, 3, None)),
        (Cropping1D(1), (None, 3), (None, None, 3)),
        (ZeroPadding2D(1), (None, 4, 3), (None, None, 6, 3)),
        (UpSampling1D(2), (None, 3), (None, None, 3)),
        (UpSampling2D(2), (None, 4, 3), (None, None, 8, 3)),
    ],
    ids=str,
)
def test_shapes_with_unknown_sizes(layer, shape, expected):
    assert layer(kerata.Input(shape)).shape == expected


def test_flatten_of_unknown_sizes_runs(backend):
    model = kerata.Sequential([kerata.Input((None, 3)), Flatten()])
    x = np.arange(12.0, dtype="float32").reshape(2, 2, 3)
    close(model(x), x.reshape(2, 6))


def test_reshape_of_unknown_sizes_runs(backend):
    model = kerata.Sequential([kerata.Input((None, 4)), Reshape((-1, 2))])
    x = np.arange(24.0, dtype="float32").reshape(2, 3, 4)
    close(model(x), x.reshape(2, 6, 2))


def test_flatten_of_an_empty_batch(backend):
    assert tuple(Flatten()(np.ones((0, 2, 3), "float32")).shape) == (0, 6)


def test_integers_stay_integers(backend):
    x = np.arange(12, dtype="int32").reshape(1, 4, 3)
    for layer in (Flatten(), Reshape((3, 4)), Permute((2, 1)), UpSampling1D(2), Cropping1D(1)):
        assert kerata.ops.dtype(layer(x)) == "int32"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Reshape((3, -1, -1)), "at most one size may be -1"),
        (lambda: Reshape((5,))(kerata.Input((4, 3))), "has 12 values and cannot take the shape"),
        (lambda: Permute((1, 3)), r"`dims` is \(1, 3\); expected the axes \[1, 2\]"),
        (lambda: RepeatVector(0), "`n` is 0; expected a positive integer"),
        (lambda: RepeatVector(0.5), "`n` is 0.5"),
        (lambda: Cropping1D(-1), "`cropping` is -1; expected one integer"),
        (lambda: Cropping2D((1, 2, 3)), "expected one integer, 2 integers or 2 pairs"),
        (lambda: Cropping1D(2)(kerata.Input((4, 3))), "leaves nothing of an input of shape"),
        (lambda: UpSampling2D(0), "`size` is 0; expected"),
        (lambda: UpSampling2D(2, interpolation="cubic"), "expected one of 'nearest'"),
        (lambda: ZeroPadding2D(1, data_format="first"), "expected one of 'channels_last'"),
        (lambda: ZeroPadding2D(1)(kerata.Input((4, 3))), "it has 3 dimensions, expected 4"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert len(str(caught.value)) < 600
