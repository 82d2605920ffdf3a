"""Regularizers against Keras, on every backend."""

import keras
import numpy as np
import pytest

from kerata import ops, regularizers

W = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
CASES = [
    ("L1", {}),
    ("L1", {"l1": 0.5}),
    ("L2", {}),
    ("L2", {"l2": 0.5}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.25, "l2": 0.5}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
]


@pytest.mark.parametrize("name, arguments", CASES, ids=str)
def test_penalty_is_that_of_keras(backend, name, arguments):
    expected = getattr(keras.regularizers, name)(**arguments)(keras.ops.array(W))
    penalty = getattr(regularizers, name)(**arguments)(ops.array(W))
    assert tuple(penalty.shape) == ()
    assert float(penalty) == pytest.approx(float(expected), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name, arguments", CASES, ids=str)
def test_configuration_is_that_of_keras(name, arguments):
    config = regularizers.serialize(getattr(regularizers, name)(**arguments))
    theirs = keras.regularizers.serialize(getattr(keras.regularizers, name)(**arguments))
    assert {**config, "config": None} == {**theirs, "config": None}
    assert config["config"] == pytest.approx(theirs["config"])
    assert regularizers.deserialize(theirs).get_config() == pytest.approx(theirs["config"])


def test_get():
    assert regularizers.get(None) is None
    for name, kind in (
        ("l1", regularizers.L1),
        ("l2", regularizers.L2),
        ("l1_l2", regularizers.L1L2),
        ("l1l2", regularizers.L1L2),
        ("orthogonal_regularizer", regularizers.OrthogonalRegularizer),
    ):
        assert isinstance(regularizers.get(name), kind)
    assert isinstance(regularizers.get(regularizers.L2), regularizers.L2)
    function = lambda w: 0.0  # noqa: E731
    assert regularizers.get(function) is function


def test_every_public_name_of_keras_is_there():
    theirs = {n for n in dir(keras.regularizers) if not n.startswith("_")}
    assert theirs <= set(regularizers.__all__)


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: regularizers.L1(-1.0), ValueError, "`l1`"),
        (lambda: regularizers.L2(float("nan")), ValueError, "`l2`"),
        (lambda: regularizers.L1L2(l2="x"), ValueError, "`l2`"),
        (lambda: regularizers.OrthogonalRegularizer(mode="both"), ValueError, "rows"),
        (lambda: regularizers.OrthogonalRegularizer()(np.ones(3)), ValueError, "matrix"),
        (lambda: regularizers.Regularizer()(W), TypeError, "__call__"),
        (lambda: regularizers.get("l3"), ValueError, "l3"),
    ],
)
def test_errors_say_what_to_do(make, error, message):
    with pytest.raises(error, match=message):
        make()
