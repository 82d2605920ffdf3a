"""Specs, shape rules and symbolic tensors: everything that needs no engine."""

import keras
import numpy as np
import pytest

import kerata
from kerata import ops
from kerata.core import dtypes, rules
from kerata.core.spec import TensorSpec, spec_of
from kerata.core.symbolic import SymbolicTensor


def symbol(*shape, dtype="float32"):
    return SymbolicTensor(shape, dtype)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(3,), (2, 1)], (2, 3)),
        ([(None, 3), (1,)], (None, 3)),
        ([(None,), (4,)], (4,)),
        ([(None, 1), (None, 5)], (None, 5)),
        ([(), (2, 2)], (2, 2)),
    ],
)
def test_broadcasting(shapes, expected):
    assert rules.broadcast_shapes(*shapes) == expected


def test_broadcasting_error_says_where():
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(4,\).*axis -1"):
        rules.broadcast_shapes((2, 3), (4,))


@pytest.mark.parametrize(
    "value", [1, 2.5, True, [1, 2], [[1.0], [2.0]], np.zeros((2, 3), "int8"), np.float64(1)]
)
def test_spec_of_python_values_is_that_of_the_tensor(backend, value):
    tensor = ops.convert_to_tensor(value)
    spec = spec_of(value)
    assert tuple(tensor.shape) == spec.shape
    if not (backend == "jax" and spec.dtype == "float64"):  # a listed gap: 64 bit is off
        assert spec_of(tensor).dtype == spec.dtype


def test_operators_make_symbols():
    x, y = symbol(None, 3), symbol(3)
    assert (x + y).shape == (None, 3) and (2.0 * x).dtype == "float32"
    assert (x > y).dtype == "bool" and (-x).shape == (None, 3)
    assert (x @ symbol(3, 5)).shape == (None, 5)
    assert x[:, 0].shape == (None,) and x[..., None].shape == (None, 3, 1)
    assert x.reshape((-1,)).shape == (None,) and x.T.shape == (3, None)
    assert (symbol(2, dtype="int32") / 2).dtype == "float32"


def test_there_are_no_ragged_tensors():
    x, theirs = kerata.KerasTensor((2, None)), keras.KerasTensor((2, None))
    assert x.ragged_rank is theirs.ragged_rank is None
    assert x.row_splits_dtype is theirs.row_splits_dtype is None


def test_symbols_have_no_value():
    x = symbol(None, 3)
    for use in (bool, float, np.asarray):
        with pytest.raises(TypeError, match="no value"):
            use(x)


def test_mixing_with_concrete_tensors(backend):
    assert (symbol(None, 3) * ops.ones((3,))).shape == (None, 3)
    assert (np.ones((3,), "float32") + symbol(None, 3)).shape == (None, 3)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("float32", "weak_float"), "float32"),
        (("int32", "weak_float"), "float32"),
        (("int8", "weak_int"), "int8"),
        (("uint8", "int8"), "int16"),
        (("bfloat16", "float16"), "float32"),
        (("int64", "float16"), "float16"),
        (("bool", "weak_int"), "int32"),
        (("uint64", "int8"), "float32"),
        (("weak_int",), "int32"),
    ],
)
def test_promotion(given, expected):
    assert dtypes.promote(*given) == expected


def test_promotion_is_that_of_jax_for_all_pairs():
    import jax

    names = [name for name in dtypes.ALLOWED if name != "string" and "float8" not in name]
    with jax.enable_x64(True):
        for a in names:
            for b in names:
                # Where JAX gives a weak float, it stands for floatx here.
                found, wanted = dtypes.promote(a, b), jax.numpy.promote_types(a, b).name
                mixed = {a, b} & {"uint64"} and not dtypes.is_inexact(a + b)
                assert found == wanted or (mixed and found == "float32"), (a, b)


def test_specs_are_values():
    assert TensorSpec((None, 3)) == TensorSpec((None, 3), "float32")
    assert TensorSpec((1,)).with_dtype("int32").with_shape((2, 2)) == TensorSpec((2, 2), "int32")


def test_building_a_deep_model_makes_no_values():
    x = inputs = kerata.Input((8,))
    for _ in range(30):
        x = kerata.layers.Dense(8, activation="relu")(x)
    model = kerata.Model(inputs, x)
    assert not any(variable.is_initialized() for variable in model.variables)
