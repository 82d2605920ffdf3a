"""Dropout and noise: statistics, reproducibility, noise shapes; penalties on activity."""

from __future__ import annotations

import numpy as np
import pytest

import kerata
from kerata.layers import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from tests.layers.driver import close, numpy_of

ONES = np.ones((200, 100), "float32")

RANDOM = [
    Dropout(0.3, seed=1),
    GaussianNoise(0.3, seed=1),
    GaussianDropout(0.3, seed=1),
    AlphaDropout(0.3, seed=1),
]


def fresh(layer):
    """A copy of a layer for the present backend."""
    return type(layer).from_config(layer.get_config())


@pytest.mark.parametrize("layer", RANDOM, ids=lambda layer: type(layer).__name__)
def test_inference_changes_nothing(layer, backend):
    close(fresh(layer)(ONES), ONES)
    close(fresh(layer)(ONES, training=False), ONES)


@pytest.mark.parametrize("layer", RANDOM, ids=lambda layer: type(layer).__name__)
def test_same_seed_same_noise_and_each_call_another(layer, backend):
    first, second = fresh(layer), fresh(layer)
    one = numpy_of(first(ONES, training=True))
    close(second(ONES, training=True), one)
    assert np.abs(numpy_of(first(ONES, training=True)) - one).max() > 0.1


@pytest.mark.parametrize("layer", RANDOM, ids=lambda layer: type(layer).__name__)
def test_shape_is_kept_for_a_batch_of_unknown_size(layer):
    assert fresh(layer)(kerata.Input((4, 3)), training=True).shape == (None, 4, 3)


def test_dropout_statistics(backend):
    output = numpy_of(Dropout(0.3, seed=1)(ONES, training=True))
    dropped = output == 0
    assert abs(dropped.mean() - 0.3) < 0.02
    np.testing.assert_allclose(output[~dropped], 1 / 0.7, rtol=1e-6)


def test_dropout_of_everything(backend):
    close(Dropout(1.0)(ONES, training=True), np.zeros_like(ONES))


def test_gaussian_noise_statistics(backend):
    output = numpy_of(GaussianNoise(0.3, seed=1)(ONES, training=True))
    assert abs(output.mean() - 1) < 0.01
    assert abs(output.std() - 0.3) < 0.01


def test_gaussian_dropout_statistics(backend):
    output = numpy_of(GaussianDropout(0.3, seed=1)(2 * ONES, training=True))
    assert abs(output.mean() - 2) < 0.03
    assert abs(output.std() - 2 * (0.3 / 0.7) ** 0.5) < 0.03


def test_alpha_dropout_keeps_mean_and_variance(backend):
    x = np.random.default_rng(0).normal(size=(400, 400)).astype("float32")
    output = numpy_of(AlphaDropout(0.3, seed=1)(x, training=True))
    assert abs(output.mean()) < 0.02
    assert abs(output.std() - 1) < 0.02
    _, counts = np.unique(output, return_counts=True)
    assert abs(counts.max() / output.size - 0.3) < 0.02


@pytest.mark.parametrize("layer", [Dropout, AlphaDropout])
def test_noise_shape(layer, backend):
    output = numpy_of(layer(0.5, noise_shape=(None, 1), seed=2)(ONES, training=True))
    assert (output == output[:, :1]).all()
    assert len(np.unique(output)) == 2


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (SpatialDropout1D(0.5, seed=2), (20, 7, 10), (1,)),
        (SpatialDropout2D(0.5, seed=2), (20, 3, 4, 10), (1, 2)),
        (SpatialDropout2D(0.5, "channels_first", seed=2), (20, 10, 3, 4), (2, 3)),
        (SpatialDropout3D(0.5, seed=2), (20, 2, 3, 2, 10), (1, 2, 3)),
    ],
    ids=str,
)
def test_spatial_dropout_drops_whole_maps(layer, shape, axes, backend):
    output = numpy_of(fresh(layer)(np.ones(shape, "float32"), training=True))
    assert (output.min(axes) == output.max(axes)).all()
    assert 0.3 < (output.min(axes) == 0).mean() < 0.7


def test_state_of_the_seed_is_no_weight():
    layer = Dropout(0.5)
    assert layer.weights == []
    assert [v.name for v in layer.variables] == ["seed_generator_state"]
    assert Dropout(0.0).variables == []


def test_activity_regularization_adds_to_the_loss(backend):
    layer = ActivityRegularization(l1=0.5, l2=0.25)
    close(layer(np.array([[1.0, -3.0]], "float32")), np.array([[1.0, -3.0]]))
    (loss,) = layer.losses
    assert abs(float(numpy_of(loss)) - (0.5 * 4 + 0.25 * 10)) < 1e-5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dropout(1.5), "`rate` is 1.5; expected a number between 0 and 1"),
        (lambda: Dropout("a"), "`rate` is 'a'"),
        (lambda: GaussianNoise(-0.1), "`stddev` is -0.1"),
        (lambda: GaussianDropout(1.0), "of at least 0 and less than 1"),
        (lambda: AlphaDropout(1.0), "of at least 0 and less than 1"),
        (lambda: SpatialDropout2D(0.5, data_format="x"), "expected one of 'channels_last'"),
        (lambda: SpatialDropout1D(0.5)(ONES), "it has 2 dimensions, expected 3"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
