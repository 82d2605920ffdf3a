"""Constraints against Keras, on every backend."""

import keras
import numpy as np
import pytest

from kerata import constraints, ops

RNG = np.random.default_rng(0)
WEIGHTS = {
    "matrix": RNG.normal(size=(3, 4)).astype("float32"),
    "zeros": np.zeros((3, 4), "float32"),
    "kernel": RNG.normal(size=(2, 2, 3, 4)).astype("float32"),
}
CASES = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.5, "axis": 1}),
    ("MaxNorm", {"max_value": 1, "axis": [0, 1]}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": [0, 1]}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 0.8, "max_value": 1.2, "rate": 0.7, "axis": 1}),
]


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("name, arguments", CASES, ids=str)
def test_weights_are_those_of_keras(backend, name, arguments, weight):
    w = WEIGHTS[weight]
    expected = getattr(keras.constraints, name)(**arguments)(keras.ops.array(w))
    result = getattr(constraints, name)(**arguments)(ops.array(w))
    np.testing.assert_allclose(
        ops.convert_to_numpy(result), np.asarray(expected), rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("name, arguments", CASES, ids=str)
def test_configuration_is_that_of_keras(name, arguments):
    config = constraints.serialize(getattr(constraints, name)(**arguments))
    assert config == keras.constraints.serialize(getattr(keras.constraints, name)(**arguments))
    assert constraints.deserialize(config).get_config() == config["config"]


def test_get():
    assert constraints.get(None) is None
    for name in ("max_norm", "MaxNorm", "non_neg", "unit_norm", "min_max_norm"):
        assert type(constraints.get(name)).__name__ == type(keras.constraints.get(name)).__name__
    assert isinstance(constraints.get(constraints.NonNeg), constraints.NonNeg)
    with pytest.raises(ValueError, match="maxnorm"):
        constraints.get("maxnrom")


def test_every_public_name_of_keras_is_there():
    theirs = {n for n in dir(keras.constraints) if not n.startswith("_")}
    assert theirs <= set(constraints.__all__)


def test_the_base_class_allows_everything():
    w = WEIGHTS["matrix"]
    assert constraints.Constraint()(w) is w
