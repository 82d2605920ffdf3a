"""New tensors: constants, ranges, identity and triangles.

What is not made after another tensor (`zeros_like`) is born on the default backend. While a
model is being built, shapes may contain `None`; the result is then symbolic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core import dtypes
from kerata.core.primitive import Tensor, convert_to_numpy, primitive
from kerata.core.spec import Shape, TensorSpec, dtype_of, ndim_of, shape_of, weak_dtype
from kerata.core.symbolic import SymbolicTensor
from kerata.ops.cast import cast, in_dtype
from kerata.ops.elementwise import add, exp, floor, log, multiply, power, subtract, true_divide
from kerata.ops.logic import equal, greater_equal
from kerata.ops.shape import broadcast_to, expand_dims, moveaxis, reshape

Numbers = int | float | bool


def _as_shape(shape: int | Sequence[int | None]) -> Shape:
    if isinstance(shape, int):
        return (shape,)
    return tuple(None if size is None else int(size) for size in shape)


# -- constants -----------------------------------------------------------------------------


@primitive(promote="keep")
def filled(shape: Shape, value: Numbers, dtype: str) -> Tensor:
    """Return a tensor that holds one number everywhere. See `full`."""
    return TensorSpec(shape, dtype)


@primitive(promote="keep")
def filled_like(x: Tensor, value: Numbers, dtype: str, shape: Shape | None = None) -> Tensor:
    """Return a tensor on the backend of `x` that holds one number everywhere. See `full_like`."""
    return TensorSpec(x.shape if shape is None else shape, dtype)


def full(shape: int | Sequence[int], fill_value: Any, dtype: Any = None) -> Tensor:
    """Return a tensor that holds one value everywhere.

    Args:
        shape: integer or tuple of integers.
        fill_value: a number, or a tensor that can be broadcast to the shape.
        dtype: by default floatx.

    >>> import kerata
    >>> kerata.ops.full((2, 2), 7, dtype="int32").tolist()
    [[7, 7], [7, 7]]
    """
    name, sizes = dtypes.canonical(dtype), _as_shape(shape)
    if weak_dtype(fill_value) is None:
        return broadcast_to(cast(fill_value, name), sizes)
    if None in sizes:
        return SymbolicTensor(sizes, name)
    return filled(sizes, fill_value, name)


def zeros(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Return a tensor of zeros.

    Args:
        shape: integer or tuple of integers.
        dtype: by default floatx.

    >>> import kerata
    >>> kerata.ops.zeros((2, 3)).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    return full(shape, 0, dtype)


def ones(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Return a tensor of ones.

    Args:
        shape: integer or tuple of integers.
        dtype: by default floatx.

    >>> import kerata
    >>> kerata.ops.ones((2,), dtype="int32").tolist()
    [1, 1]
    """
    return full(shape, 1, dtype)


def empty(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Return a tensor whose values nobody should rely on (they are zeros).

    Args:
        shape: integer or tuple of integers.
        dtype: by default floatx.

    >>> import kerata
    >>> kerata.ops.empty((2, 3)).shape
    (2, 3)
    """
    return full(shape, 0, dtype)


def full_like(x: Tensor, fill_value: Any, dtype: Any = None) -> Tensor:
    """Return a tensor of the shape of `x` that holds one value everywhere.

    Args:
        x: tensor whose shape, backend and (by default) dtype are taken.
        fill_value: a number, or a tensor that can be broadcast to the shape.
        dtype: by default that of `x`.

    >>> import kerata
    >>> kerata.ops.full_like([1, 2, 3], 7).tolist()
    [7, 7, 7]
    """
    name = dtype_of(x) if dtype is None else dtypes.canonical(dtype)
    if weak_dtype(fill_value) is None:
        return add(filled_like(x, 0, name), cast(fill_value, name))
    return filled_like(x, fill_value, name)


def zeros_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Return zeros in the shape of `x`, on its backend, by default in its dtype.

    Args:
        x: anything tensor-like, whose shape is taken.
        dtype: dtype name; that of `x` by default.

    >>> import kerata
    >>> kerata.ops.zeros_like([1, 2]).tolist()
    [0, 0]
    """
    return full_like(x, 0, dtype)


def ones_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Return ones in the shape of `x`, on its backend, by default in its dtype.

    Args:
        x: anything tensor-like, whose shape is taken.
        dtype: dtype name; that of `x` by default.

    >>> import kerata
    >>> kerata.ops.ones_like([5, 6]).tolist()
    [1, 1]
    """
    return full_like(x, 1, dtype)


def empty_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Return a tensor like `x` whose values nobody should rely on (they are zeros).

    Args:
        x: anything tensor-like, whose shape is taken.
        dtype: dtype name; that of `x` by default.

    >>> import kerata
    >>> kerata.ops.empty_like([1, 2]).shape
    (2,)
    """
    return full_like(x, 0, dtype)


# -- ranges --------------------------------------------------------------------------------


@primitive(promote="keep")
def sequence(start: Numbers, step: Numbers, length: int, dtype: str) -> Tensor:
    """Return `start + i * step` for `i` from 0 to `length - 1`. See `arange`."""
    return TensorSpec((length,), dtype)


def arange(
    start: Numbers, stop: Numbers | None = None, step: Numbers | None = None, dtype: Any = None
) -> Tensor:
    """Return evenly spaced numbers from `start` on, below `stop`.

    Args:
        start: the first number; the end, with start 0, if `stop` is not given. `None` (a size
            not known while building) gives a symbolic tensor.
        stop: the end, which is not reached.
        step: distance of two numbers; by default 1; may be negative.
        dtype: by default int32 if all arguments are integers, else floatx.

    Returns:
        Tensor of shape `(ceil((stop - start) / step),)`.

    Raises:
        ValueError: if `step` is 0.

    >>> import kerata
    >>> kerata.ops.arange(3).tolist(), kerata.ops.arange(5, 0, -2).tolist()
    ([0, 1, 2], [5, 3, 1])
    """
    if start is None:
        return SymbolicTensor((None,), "int32" if dtype is None else dtypes.canonical(dtype))
    first, last = (0, start) if stop is None else (start, stop)
    distance = 1 if step is None else step
    first, last, distance = (_number(value) for value in (first, last, distance))
    if distance == 0:
        raise ValueError("`arange` got step 0; expected a number that leads to `stop`.")
    if dtype is None:
        dtype = dtypes.promote(*(weak_dtype(value) for value in (first, last, distance)))
    length = max(math.ceil((last - first) / distance), 0)
    return sequence(first, distance, length, dtypes.canonical(dtype))


def _number(value: Any) -> Numbers:
    """Return a number or a scalar tensor as a Python number."""
    return value if weak_dtype(value) else convert_to_numpy(value).item()


def linspace(
    start: Tensor,
    stop: Tensor,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return `num` evenly spaced numbers from `start` to `stop`.

    Args:
        start, stop: numbers or tensors that can be broadcast against each other.
        num: how many numbers.
        endpoint: whether `stop` is the last one.
        retstep: whether the distance of two numbers is returned too.
        dtype: by default the common float dtype of the ends; integers are rounded down.
        axis: the new axis, along which the numbers lie.

    Returns:
        Tensor of the shape of the ends with `num` inserted at `axis`; with `retstep` a tuple
        of it and the distance.

    >>> import kerata
    >>> kerata.ops.linspace(0, 1, 5).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    wide = dtypes.to_float(dtypes.promote(*(weak_dtype(x) or dtype_of(x) for x in (start, stop))))
    parts = num - 1 if endpoint else num
    rank = max(ndim_of(start), ndim_of(stop))
    # arrays of NumPy belong to no engine and so follow the ends
    part = (np.arange(num) / max(parts, 1)).reshape((num,) + (1,) * rank)
    first, last = in_dtype(start, wide), in_dtype(stop, wide)
    values = add(multiply(first, in_dtype(1.0 - part, wide)), multiply(last, in_dtype(part, wide)))
    if dtype is not None:
        name = dtypes.canonical(dtype)
        values = cast(floor(values) if dtypes.is_integer(name) else values, name)
    values = moveaxis(values, 0, axis)
    # with one number there is no distance between two
    step = true_divide(subtract(last, first), parts if parts > 0 else math.nan)
    return (values, step) if retstep else values


def logspace(
    start: Tensor,
    stop: Tensor,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """Return `num` powers of `base`, whose exponents go evenly from `start` to `stop`.

    Args:
        start, stop: the first and the last exponent.
        num: how many numbers.
        endpoint: whether `base**stop` is the last one.
        base: what is raised to the powers.
        dtype: by default the common float dtype of the ends.
        axis: the new axis, along which the numbers lie.

    >>> import kerata
    >>> kerata.ops.logspace(0, 3, 4, base=2).tolist()
    [1.0, 2.0, 4.0, 8.0]
    """
    exponents = linspace(start, stop, num, endpoint, axis=axis)
    values = power(float(base), exponents)
    return values if dtype is None else cast(values, dtype)


def geomspace(
    start: Tensor,
    stop: Tensor,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """Return `num` numbers from `start` to `stop`, each the same multiple of the one before.

    Args:
        start, stop: the first and the last number, of the same sign and not 0.
        num: how many numbers.
        endpoint: whether `stop` is the last one.
        dtype: by default the common float dtype of the ends.
        axis: the new axis, along which the numbers lie.

    >>> import kerata
    >>> kerata.ops.round(kerata.ops.geomspace(1, 8, 4)).tolist()
    [1.0, 2.0, 4.0, 8.0]
    """
    growth = log(true_divide(stop, start))
    exponents = linspace(0.0, growth, num, endpoint, axis=axis)
    values = multiply(expand_dims(start, axis) if shape_of(start) else start, exp(exponents))
    return values if dtype is None else cast(values, dtype)


# -- matrices ------------------------------------------------------------------------------


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Return a matrix with ones on one diagonal and zeros elsewhere.

    Args:
        N: rows.
        M: columns; by default as many as rows.
        k: which diagonal: 0 the main one, positive ones above, negative ones below.
        dtype: by default floatx.

    >>> import kerata
    >>> kerata.ops.eye(2, 3, k=1).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    rows, columns = _grid(N, M, k)
    return cast(equal(rows, columns), dtype)


def identity(n: int, dtype: Any = None) -> Tensor:
    """Return the identity matrix of `n` rows.

    Args:
        n: number of rows and columns.
        dtype: dtype name; floatx by default.

    >>> import kerata
    >>> kerata.ops.identity(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Return a matrix with ones on and below one diagonal and zeros above.

    Args:
        N: rows.
        M: columns; by default as many as rows.
        k: which diagonal: 0 the main one, positive ones above, negative ones below.
        dtype: by default floatx.

    >>> import kerata
    >>> kerata.ops.tri(2, 3).tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    """
    rows, columns = _grid(N, M, k)
    return cast(greater_equal(rows, columns), dtype)


def _grid(N: int, M: int | None, k: int) -> tuple[Tensor, Tensor]:
    """Return row numbers shifted by `k` as a column, and column numbers as a row."""
    rows = sequence(k, 1, N, "int32")
    columns = sequence(0, 1, N if M is None else M, "int32")
    return reshape(rows, (-1, 1)), reshape(columns, (1, -1))


@primitive(promote="keep")
def positions_along(x: Tensor, axis: int) -> Tensor:
    """Return 0, 1, ... for the positions along one dimension, which need not be known yet."""
    return TensorSpec((x.shape[axis],), "int32")
