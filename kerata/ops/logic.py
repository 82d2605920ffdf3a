"""Comparisons, tests of numbers, logical and bitwise functions, and choices between tensors.

`x`, `y`, `x1` and `x2` are anything tensor-like (tensor, variable, array, list, number) of any
shape; two arguments are broadcast against each other. Comparisons and logical functions return
bool; logical functions take any number for true that is not 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata.backend.select import engine_of
from kerata.core import dtypes
from kerata.core.primitive import Tensor, primitive
from kerata.core.rules import broadcast
from kerata.core.spec import TensorSpec, spec_of, weak_dtype
from kerata.ops.cast import in_dtype


def _compared(x1: TensorSpec, x2: TensorSpec) -> TensorSpec:
    return broadcast(x1, x2).with_dtype("bool")


@primitive(elementwise=True)
def equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 == x2`, element by element.

    >>> import kerata
    >>> kerata.ops.equal([1, 2], [1, 3]).tolist()
    [True, False]
    """
    return _compared(x1, x2)


@primitive(elementwise=True)
def not_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 != x2`, element by element.

    >>> import kerata
    >>> kerata.ops.not_equal([1, 2], [1, 3]).tolist()
    [False, True]
    """
    return _compared(x1, x2)


@primitive(elementwise=True)
def greater(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 > x2`, element by element.

    >>> import kerata
    >>> kerata.ops.greater([1, 2, 3], 2).tolist()
    [False, False, True]
    """
    return _compared(x1, x2)


@primitive(elementwise=True)
def greater_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 >= x2`, element by element.

    >>> import kerata
    >>> kerata.ops.greater_equal([1, 2, 3], 2).tolist()
    [False, True, True]
    """
    return _compared(x1, x2)


@primitive(elementwise=True)
def less(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 < x2`, element by element.

    >>> import kerata
    >>> kerata.ops.less([1, 2, 3], 2).tolist()
    [True, False, False]
    """
    return _compared(x1, x2)


@primitive(elementwise=True)
def less_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 <= x2`, element by element.

    >>> import kerata
    >>> kerata.ops.less_equal([1, 2, 3], 2).tolist()
    [True, True, False]
    """
    return _compared(x1, x2)


@primitive(promote="float", elementwise=True)
def isclose(
    x1: Tensor, x2: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether two numbers are nearly equal: `|x1 - x2| <= atol + rtol * |x2|`.

    Args:
        x1, x2: numbers to compare; `x2` is the reference.
        rtol: relative tolerance.
        atol: absolute tolerance.
        equal_nan: whether two NaN count as equal.

    >>> import kerata
    >>> kerata.ops.isclose([1.0, 2.0], [1.000001, 2.1]).tolist()
    [True, False]
    """
    return _compared(x1, x2)


# -- tests of numbers ----------------------------------------------------------------------


@primitive(elementwise=True)
def isnan(x: Tensor) -> Tensor:
    """Whether each element is NaN.

    >>> import kerata
    >>> kerata.ops.isnan([1.0, float("nan")]).tolist()
    [False, True]
    """
    return x.with_dtype("bool")


@primitive(elementwise=True)
def isinf(x: Tensor) -> Tensor:
    """Whether each element is plus or minus infinity.

    >>> import kerata
    >>> kerata.ops.isinf([1.0, float("-inf")]).tolist()
    [False, True]
    """
    return x.with_dtype("bool")


@primitive(elementwise=True)
def isposinf(x: Tensor) -> Tensor:
    """Whether each element is plus infinity.

    >>> import kerata
    >>> kerata.ops.isposinf([float("inf"), float("-inf")]).tolist()
    [True, False]
    """
    return x.with_dtype("bool")


@primitive(elementwise=True)
def isneginf(x: Tensor) -> Tensor:
    """Whether each element is minus infinity.

    >>> import kerata
    >>> kerata.ops.isneginf([float("inf"), float("-inf")]).tolist()
    [False, True]
    """
    return x.with_dtype("bool")


@primitive(elementwise=True)
def isfinite(x: Tensor) -> Tensor:
    """Whether each element is neither infinite nor NaN.

    >>> import kerata
    >>> kerata.ops.isfinite([1.0, float("nan"), float("inf")]).tolist()
    [True, False, False]
    """
    return x.with_dtype("bool")


@primitive(elementwise=True)
def isreal(x: Tensor) -> Tensor:
    """Whether each element has no imaginary part.

    >>> import kerata
    >>> kerata.ops.isreal([1.0, 2.0]).tolist()
    [True, True]
    """
    return x.with_dtype("bool")


@primitive(elementwise=True)
def signbit(x: Tensor) -> Tensor:
    """Whether the sign bit of each element is set: true for negative numbers and -0.0.

    >>> import kerata
    >>> kerata.ops.signbit([1.0, -0.0]).tolist()
    [False, True]
    """
    return x.with_dtype("bool")


# -- logical functions ---------------------------------------------------------------------


@primitive(promote="keep", elementwise=True)
def logical_and(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether both elements are true.

    >>> import kerata
    >>> kerata.ops.logical_and([True, True], [True, False]).tolist()
    [True, False]
    """
    return _compared(x1, x2)


@primitive(promote="keep", elementwise=True)
def logical_or(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether at least one element is true.

    >>> import kerata
    >>> kerata.ops.logical_or([True, False], [False, False]).tolist()
    [True, False]
    """
    return _compared(x1, x2)


@primitive(promote="keep", elementwise=True)
def logical_xor(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether exactly one element is true.

    >>> import kerata
    >>> kerata.ops.logical_xor([True, True], [True, False]).tolist()
    [False, True]
    """
    return _compared(x1, x2)


@primitive(elementwise=True)
def logical_not(x: Tensor) -> Tensor:
    """Whether each element is false.

    >>> import kerata
    >>> kerata.ops.logical_not([True, False]).tolist()
    [False, True]
    """
    return x.with_dtype("bool")


# -- bitwise functions ---------------------------------------------------------------------


def _bits(spec: TensorSpec, name: str) -> TensorSpec:
    if dtypes.is_inexact(spec.dtype):
        raise ValueError(
            f"`{name}` got dtype {spec.dtype}; expected integers or bool. "
            "Cast with `ops.cast(x, 'int32')`."
        )
    return spec


@primitive(elementwise=True)
def bitwise_and(x: Tensor, y: Tensor) -> Tensor:
    """Bitwise "and" of integers or bool.

    >>> import kerata
    >>> kerata.ops.bitwise_and([12, 10], 6).tolist()
    [4, 2]
    """
    return _bits(broadcast(x, y), "bitwise_and")


@primitive(elementwise=True)
def bitwise_or(x: Tensor, y: Tensor) -> Tensor:
    """Bitwise "or" of integers or bool.

    >>> import kerata
    >>> kerata.ops.bitwise_or([12, 10], 6).tolist()
    [14, 14]
    """
    return _bits(broadcast(x, y), "bitwise_or")


@primitive(elementwise=True)
def bitwise_xor(x: Tensor, y: Tensor) -> Tensor:
    """Bitwise "exclusive or" of integers or bool.

    >>> import kerata
    >>> kerata.ops.bitwise_xor([12, 10], 6).tolist()
    [10, 12]
    """
    return _bits(broadcast(x, y), "bitwise_xor")


@primitive(elementwise=True)
def bitwise_not(x: Tensor) -> Tensor:
    """Integers with all bits turned over; "not" of bool.

    >>> import kerata
    >>> kerata.ops.bitwise_not([0, 5]).tolist()
    [-1, -6]
    """
    return _bits(x, "bitwise_not")


bitwise_invert = bitwise_not


@primitive(elementwise=True)
def left_shift(x: Tensor, y: Tensor) -> Tensor:
    """Integers with their bits moved `y` places to the left: `x * 2**y`.

    >>> import kerata
    >>> kerata.ops.left_shift([1, 3], 2).tolist()
    [4, 12]
    """
    return _bits(broadcast(x, y), "left_shift")


bitwise_left_shift = left_shift


@primitive(elementwise=True)
def right_shift(x: Tensor, y: Tensor) -> Tensor:
    """Integers with their bits moved `y` places to the right: `x // 2**y`.

    >>> import kerata
    >>> kerata.ops.right_shift([4, 13], 2).tolist()
    [1, 3]
    """
    return _bits(broadcast(x, y), "right_shift")


bitwise_right_shift = right_shift


# -- choices -------------------------------------------------------------------------------


@primitive(promote="keep", elementwise=True)
def select_elements(condition: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    """`x1` where a bool condition holds, `x2` elsewhere; both of one dtype. See `where`."""
    return broadcast(condition, x1, x2).with_dtype(x1.dtype)


def where(condition: Tensor, x1: Any = None, x2: Any = None) -> Any:
    """`x1` where the condition holds, `x2` elsewhere.

    Args:
        condition: bool tensor; numbers count as true if they are not 0.
        x1, x2: tensors or numbers, broadcast against the condition. Without them the result
            is `nonzero(condition)`.

    Returns:
        Tensor of the broadcast shape, in the common dtype of `x1` and `x2`.

    Raises:
        ValueError: if only one of `x1` and `x2` is given, or the shapes do not fit.

    >>> import kerata
    >>> kerata.ops.where([True, False], [1, 2], 0).tolist()
    [1, 0]
    """
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("`where` got one of `x1` and `x2`; give both, or none for indices.")
    if _dtype_of(condition) != "bool":
        condition = not_equal(condition, 0)
    # promotion is done here, because the condition must take no part in it
    dtype = dtypes.promote(_dtype_of(x1), _dtype_of(x2))
    return select_elements(condition, in_dtype(x1, dtype), in_dtype(x2, dtype))


def _dtype_of(x: Any) -> str:
    """Return the dtype name of a tensor, quickly, or the weak one of a number."""
    engine = engine_of(x)
    if engine is not None:
        return engine.dtype_name(x)
    return weak_dtype(x) or spec_of(x).dtype


@primitive(promote="keep")
def nonzero(x: Tensor) -> Tensor:
    """Indices of the elements that are not 0, one tensor per dimension.

    The size of the result depends on the values, so it cannot be used in compiled steps on JAX.

    Args:
        x: tensor of shape `(n_1, ..., n_d)`, `d >= 1`.

    Returns:
        Tuple of `d` int32 tensors of shape `(number of elements found,)`.

    >>> import kerata
    >>> [i.tolist() for i in kerata.ops.nonzero([[0, 3], [4, 0]])]
    [[0, 1], [1, 0]]
    """
    return tuple(TensorSpec((None,), "int32") for _ in x.shape)


def select(condlist: Sequence[Tensor], choicelist: Sequence[Tensor], default: Any = 0) -> Tensor:
    """Elements from the choice whose condition is the first that holds.

    Args:
        condlist: bool tensors.
        choicelist: as many tensors, broadcastable to the conditions.
        default: where no condition holds.

    Returns:
        Tensor of the common shape and dtype.

    Raises:
        ValueError: if there are not as many choices as conditions.

    >>> import kerata
    >>> x = kerata.ops.arange(5)
    >>> kerata.ops.select([x < 1, x > 3], [x, x * 10], default=7).tolist()
    [0, 7, 7, 7, 40]
    """
    if len(condlist) != len(choicelist) or len(condlist) == 0:
        raise ValueError(
            f"`select` got {len(condlist)} conditions and {len(choicelist)} choices; expected "
            "the same number of both, and at least one."
        )
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where(condition, choice, result)
    return result
