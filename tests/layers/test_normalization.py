"""Normalization: masks, frozen layers, half precision, wrong arguments."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kerata
from kerata.layers import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from tests.layers.driver import close, numpy_of

X = np.random.default_rng(0).normal(1.0, 2.0, (4, 3, 5)).astype("float32")
MASK = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, 0]], bool)


def test_batch_normalization_leaves_masked_steps_out(backend):
    layer, expected = (
        BatchNormalization(momentum=0.6),
        keras.layers.BatchNormalization(momentum=0.6),
    )
    close(layer(X, training=True, mask=MASK), expected(X, training=True, mask=MASK))
    for mine, theirs in zip(layer.get_weights(), expected.get_weights(), strict=True):
        close(mine, theirs)


def test_batch_normalization_of_a_batch_that_is_all_padding_is_finite(backend):
    layer = BatchNormalization()
    assert np.isfinite(numpy_of(layer(X, training=True, mask=np.zeros_like(MASK)))).all()
    assert all(np.isfinite(value).all() for value in layer.get_weights())


def test_frozen_batch_normalization_is_in_inference(backend):
    layer = BatchNormalization()
    layer.trainable = False
    before = numpy_of(layer(X))
    close(layer(X, training=True), before)
    close(layer.moving_mean, np.zeros(5))


def test_statistics_are_those_of_the_data(backend):
    layer = BatchNormalization(momentum=0.0)
    layer(X, training=True)
    close(layer.moving_mean, X.mean((0, 1)))
    close(layer.moving_variance, X.var((0, 1)))


def test_synchronized_means_the_same_on_one_device(backend):
    close(
        BatchNormalization(synchronized=True)(X, training=True),
        numpy_of(BatchNormalization()(X, training=True)),
    )


@pytest.mark.parametrize(
    "make", [BatchNormalization, LayerNormalization, lambda **k: GroupNormalization(1, **k)]
)
def test_half_precision_does_not_overflow(make, backend):
    layer = make(dtype="mixed_float16")
    output = layer(1000 * X, training=True)
    assert kerata.ops.dtype(output) == "float16"
    assert all(weight.dtype == "float32" for weight in layer.weights)
    close(output, numpy_of(make()(1000 * X, training=True)), tolerance=2e-3)


def test_unit_normalization_of_zeros_is_zero(backend):
    close(UnitNormalization()(np.zeros((2, 3), "float32")), np.zeros((2, 3)))


def test_group_normalization_of_unknown_sizes(backend):
    model = kerata.Sequential([kerata.Input((None, 4)), GroupNormalization(2)])
    x = np.random.default_rng(3).normal(size=(2, 6, 4)).astype("float32")
    close(model(x), keras.layers.GroupNormalization(2)(x))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BatchNormalization(axis=[1, 2]), "has one axis of features"),
        (lambda: BatchNormalization(axis="a"), "`axis` is 'a'; expected an integer"),
        (lambda: BatchNormalization(axis=5).build((None, 3)), "axis 5 does not exist"),
        (lambda: BatchNormalization().build((None, None)), "size of axis -1 must be known"),
        (lambda: BatchNormalization(renorm_clipping={"a": 1}), r"has the keys \['a'\]"),
        (lambda: LayerNormalization(axis=[1, 4]).build((None, 3)), "axis 4 does not exist"),
        (lambda: LayerNormalization(rms_scaling=True), "RMSNormalization"),
        (lambda: GroupNormalization(4).build((None, 6)), "4 groups do not divide the 6 channels"),
        (lambda: GroupNormalization(8).build((None, 4)), "as groups=4"),
        (lambda: RMSNormalization(axis=None), "`axis` is None"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert len(str(caught.value)) < 600
