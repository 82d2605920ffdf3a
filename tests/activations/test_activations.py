"""Activations against Keras, on every backend."""

import inspect

import keras
import numpy as np
import pytest

from kerata import activations, ops

FUNCTIONS = sorted(
    set(activations.__all__) - {"get", "serialize", "deserialize", "swish", "hard_swish"}
)
X = np.concatenate(
    [np.linspace(-4, 4, 21), [-1.0, -0.5, 0.5, 1.0, 3.0, -3.0, 30.0, -30.0, 0.0]]
).astype("float32")
# Further arguments, beside the defaults.
FURTHER = {
    "relu": [
        {"negative_slope": 0.1},
        {"max_value": 2.0},
        {"threshold": 1.0},
        {"negative_slope": 0.1, "max_value": 2.0, "threshold": 1.0},
    ],
    "leaky_relu": [{"negative_slope": 0.5}],
    "elu": [{"alpha": 0.5}],
    "celu": [{"alpha": 0.5}],
    "gelu": [{"approximate": True}],
    "soft_shrink": [{"threshold": 1.0}],
    "hard_shrink": [{"threshold": 1.0}],
    "squareplus": [{"b": 1}],
    "softmax": [{"axis": 0}, {"axis": (0, 1)}],
    "log_softmax": [{"axis": 0}],
    "glu": [{"axis": 0}],
    "threshold": [{"threshold": 1.0, "default_value": 5.0}],
}
CASES = [
    (name, arguments)
    for name in FUNCTIONS
    for arguments in ([] if name in ("threshold", "sparsemax") else [{}]) + FURTHER.get(name, [])
]


@pytest.mark.parametrize("name, arguments", CASES, ids=str)
def test_values_are_those_of_keras(backend, name, arguments):
    x = X.reshape(6, 5).T[:4] if name == "glu" else X.reshape(6, 5)
    expected = np.asarray(getattr(keras.activations, name)(keras.ops.array(x), **arguments))
    result = getattr(activations, name)(ops.array(x), **arguments)
    np.testing.assert_allclose(ops.convert_to_numpy(result), expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("axis", [0, -1])
def test_sparsemax_is_the_nearest_point_of_the_simplex(backend, axis):
    """By definition; Keras 3.15.1 gives sums other than one here.

    The nearest point is max(x - t, 0) with the t for which it sums to one, found by bisection.
    """
    x = X.reshape(6, 5).astype("float64")
    low, high = x.min(axis, keepdims=True) - 1, x.max(axis, keepdims=True)
    for _ in range(60):
        t = (low + high) / 2
        above = np.maximum(x - t, 0).sum(axis, keepdims=True) > 1
        low, high = np.where(above, t, low), np.where(above, high, t)
    result = activations.sparsemax(ops.array(x.astype("float32")), axis=axis)
    np.testing.assert_allclose(ops.convert_to_numpy(result), np.maximum(x - low, 0), atol=1e-5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signature_is_that_of_keras(name):
    ours = inspect.signature(getattr(activations, name)).parameters
    theirs = inspect.signature(getattr(keras.activations, name)).parameters
    assert [(n, p.default) for n, p in ours.items()] == [(n, p.default) for n, p in theirs.items()]


def test_every_public_name_of_keras_is_there():
    theirs = {n for n in dir(keras.activations) if not n.startswith("_")}
    assert theirs <= set(activations.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_names_round_trip(name):
    function = getattr(activations, name)
    assert activations.get(name) is function
    assert activations.serialize(function) == name
    assert activations.deserialize(name) is function


def test_get_of_other_things():
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu
    assert activations.get("hard_swish") is activations.hard_silu
    assert activations.get(np.tanh) is np.tanh


def test_functions_of_the_user_are_found_by_name():
    def double(x):
        return 2 * x

    config = activations.serialize(double)
    assert activations.deserialize(config, {"double": double}) is double
    assert activations.deserialize("double", {"double": double}) is double


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(ValueError, match="softmax"):
        activations.get("sofmax")
