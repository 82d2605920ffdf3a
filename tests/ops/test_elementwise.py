"""Composed elementwise and logical ops against Keras, promotion, and refusals."""

import numpy as np
import pytest

import kerata
from kerata import ops
from tests.conformance.cases import bools, integers, normal, positive
from tests.ops.keras_rows import Row

X, Y = normal(2, 3), normal(3)
INT, SMALL = integers(9, 2, 3, low=-9), integers(4, 3, low=1)
SPECIAL = np.array([1.0, np.nan, np.inf, -np.inf, 0.0], "float32")

ROWS = [
    Row("fabs", (INT,)),
    Row("divide", (INT, SMALL)),
    Row("divide", (INT.astype("int8"), SMALL.astype("uint8"))),
    Row("true_divide", (X, Y)),
    Row("divide_no_nan", (X, np.array([0.0, 1.0, 2.0], "float32"))),
    Row("ldexp", (X, SMALL)),
    Row("ldexp", (INT, SMALL)),
    Row("deg2rad", (X * 90,)),
    Row("rad2deg", (X,)),
    Row("absolute", (INT,)),
    Row("conjugate", (X,)),
    Row("bitwise_invert", (INT,)),
    Row("bitwise_left_shift", (INT, SMALL)),
    Row("bitwise_right_shift", (INT, SMALL)),
    Row("allclose", (X, X + 1e-7)),
    Row("allclose", (X, X + 1e-3)),
    Row("where", (bools(2, 3), X, INT)),
    Row("where", (bools(2, 3), INT, 1.5)),
    Row("where", (bools(2, 3), 1, 0)),
    Row("where", (INT,)),
    Row("select", ([X < 0, X > 1], [INT, INT + 1]), {"default": 7}),
    Row("clip", (INT, -2, 2)),
    Row("clip", (X, 0.0, 1.0)),
    Row("add", (INT, 1.5)),
    Row("add", (INT.astype("int8"), 1)),
    Row("add", (X.astype("float16"), 2.5)),
    Row("multiply", (INT.astype("uint8"), INT.astype("int8"))),
    Row("power", (X, 2)),
    Row("maximum", (X, 0)),
    Row("equal", (INT, 3.0)),
    Row("isfinite", (SPECIAL,)),
    Row("nan_to_num", (SPECIAL,)),
    Row("sign", (SPECIAL,)),
    Row("saturate_cast", (X * 300, "uint8")),
    Row("saturate_cast", (INT, "uint8")),
    Row("saturate_cast", (X * 1e10, "int32")),
    Row("view_as_complex", (normal(3, 2),)),
    Row("round", (X, 1)),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_agrees_with_keras(row, backend):
    row.check()


PROMOTIONS = [
    ("int8", "uint8", "int16"), ("int32", "float16", "float16"), ("bool", "int8", "int8"),
    ("float16", "bfloat16", "float32"), ("uint8", "int32", "int32"), ("bool", "bool", "bool"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "common"), PROMOTIONS)
def test_common_dtype(one, other, common, backend):
    result = ops.add(ops.ones((2,), one), ops.ones((2,), other))
    assert ops.dtype(result) == common


@pytest.mark.parametrize(
    ("number", "dtype", "common"),
    [(1, "int8", "int8"), (1.0, "int8", "float32"), (1.0, "bfloat16", "bfloat16"),
     (True, "int8", "int8"), (1, "bool", "int32")],
)  # fmt: skip
def test_python_numbers_are_weak(number, dtype, common, backend):
    assert ops.dtype(ops.maximum(ops.ones((2,), dtype), number)) == common


@pytest.mark.parametrize("name", ["subtract", "mod", "floor_divide", "power"])
def test_bool_is_no_number(name):
    with pytest.raises(ValueError, match=f"`{name}` is not defined for bool"):
        getattr(ops, name)(kerata.KerasTensor((2,), "bool"), kerata.KerasTensor((2,), "bool"))


def test_shapes_that_do_not_broadcast_are_named(backend):
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(2,\) do not broadcast"):
        ops.add(normal(2, 3), normal(2))


def test_bitwise_functions_refuse_floats(backend):
    with pytest.raises(ValueError, match="`bitwise_and` got dtype float32"):
        ops.bitwise_and(X, X)


def test_where_needs_both_choices():
    with pytest.raises(ValueError, match="`where` got one of"):
        ops.where(bools(3), 1.0)


def test_select_needs_as_many_choices():
    with pytest.raises(ValueError, match="2 conditions and 1 choices"):
        ops.select([bools(3), bools(3)], [1.0])


def test_gradient_of_divide_no_nan_at_zero(training_backend):
    x = kerata.Variable([0.0, 2.0])
    with kerata.GradientTape() as tape:
        y = ops.sum(ops.divide_no_nan(1.0, x))
    np.testing.assert_allclose(ops.convert_to_numpy(tape.gradient(y, x)), [0.0, -0.25])


def test_stop_gradient(training_backend):
    x = kerata.Variable([2.0])
    with kerata.GradientTape() as tape:
        y = ops.sum(x * ops.stop_gradient(x))
    np.testing.assert_allclose(ops.convert_to_numpy(tape.gradient(y, x)), [2.0])


def test_cast_of_the_same_dtype_is_the_same_tensor(training_backend):
    x = ops.ones((2,))
    assert ops.cast(x, "float32") is x


@pytest.mark.parametrize("dtype", ["int64", "float64", np.float32, bool, "bfloat16"])
def test_cast_takes_any_dtype(dtype):
    with kerata.use_backend("torch"):
        assert ops.dtype(ops.cast(positive(3), dtype)) == kerata.core.dtypes.canonical(dtype)


def test_numbers_follow_the_backend_of_the_tensor():
    with kerata.use_backend("torch"):
        x = ops.convert_to_tensor(X)
    with kerata.use_backend("jax"):
        for result in (ops.where(x > 0, x, 0.0), ops.clip(x, 0, 1), ops.full_like(x, 2.0)):
            assert type(result) is type(x)


def test_is_tensor(backend):
    assert ops.is_tensor(ops.ones((2,)))
    assert not ops.is_tensor([1.0])
    assert not ops.is_tensor(kerata.KerasTensor((2,)))


def test_convert_refuses_sparse():
    with pytest.raises(ValueError, match="dense"):
        ops.convert_to_tensor([1.0], sparse=True)


def test_size_of_an_unknown_batch_is_symbolic():
    assert ops.size(normal(2, 3)) == 6
    assert ops.size(kerata.KerasTensor((None, 3))).dtype == "int32"
