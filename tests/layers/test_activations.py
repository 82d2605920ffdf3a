"""Activation layers: masks of Softmax, wrong arguments."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kerata.layers import LeakyReLU, PReLU, ReLU, Softmax
from tests.layers.driver import close

X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
MASK = np.random.default_rng(1).random((2, 3, 4)) > 0.4


@pytest.mark.parametrize("axis", [-1, 1, (1, 2)])
def test_softmax_with_mask(axis, backend):
    close(Softmax(axis=axis)(X, mask=MASK), keras.layers.Softmax(axis=axis)(X, mask=MASK))


def test_softmax_of_nothing_is_nothing(backend):
    close(Softmax()(X, mask=np.zeros_like(MASK)), np.zeros_like(X))


def test_softmax_with_mask_of_time_steps(backend):
    steps = np.array([[1, 1, 0], [1, 0, 0]], bool)
    expected = np.exp(X) * steps[..., None]
    close(Softmax(axis=1)(X, mask=steps), expected / expected.sum(1, keepdims=True))


def test_leaky_relu_knows_the_old_name_of_its_slope():
    assert LeakyReLU(alpha=0.2).negative_slope == 0.2


def test_prelu_takes_one_shared_axis(backend):
    layer = PReLU(shared_axes=1)
    layer(X)
    assert layer.alpha.shape == (1, 4)
    assert layer.get_config()["shared_axes"] == [1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReLU(max_value=-1.0), "`max_value` is -1.0; expected a number of at least 0"),
        (lambda: ReLU(negative_slope=None), "`negative_slope` is None"),
        (lambda: ReLU(threshold=-0.1), "`threshold` is -0.1"),
        (lambda: LeakyReLU(-0.5), "`negative_slope` is -0.5"),
        (lambda: Softmax(axis="last"), "`axis` is 'last'; expected an integer or a list"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
