"""Reductions and accumulations: sum, mean, maximum, which index, cumulative sum, segments.

`x` is anything tensor-like of any shape. `axis` is everywhere an integer, several, or `None` for
all dimensions; `keepdims` leaves the reduced dimensions with size 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kerata.core import dtypes
from kerata.core.primitive import Tensor, primitive
from kerata.core.rules import canonical_axis, reduced_shape
from kerata.core.spec import TensorSpec, dtype_of
from kerata.ops.cast import cast
from kerata.ops.elementwise import sqrt
from kerata.ops.logic import isclose, not_equal

Axis = int | Sequence[int] | None

# sums of small integers are carried in 32 bit, so that they do not overflow
_SUM_DTYPES = {
    "bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32",
}  # fmt: skip


def _reduced(x: TensorSpec, axis: Axis, keepdims: bool) -> TensorSpec:
    return x.with_shape(reduced_shape(x.shape, axis, keepdims))


def _summed(x: TensorSpec) -> TensorSpec:
    return x.with_dtype(_SUM_DTYPES.get(x.dtype, x.dtype))


# -- sums and means ------------------------------------------------------------------------


@primitive(promote="keep")
def sum(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum along axes; small integers and bool are summed in 32 bit.

    Args:
        x: numbers.
        axis: which dimensions are summed over; by default all.
        keepdims: whether they stay, with size 1.

    >>> import kerata
    >>> kerata.ops.sum([[1, 2], [3, 4]], axis=1).tolist()
    [3, 7]
    """
    return _reduced(_summed(x), axis, keepdims)


@primitive(promote="float")
def mean(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Arithmetic mean along axes; integers become floatx.

    Args:
        x: numbers.
        axis: which dimensions are averaged over; by default all.
        keepdims: whether they stay, with size 1.

    >>> import kerata
    >>> kerata.ops.mean([[1, 2], [3, 4]], axis=1).tolist()
    [1.5, 3.5]
    """
    return _reduced(x, axis, keepdims)


@primitive(promote="float")
def var(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Variance along axes: the mean squared distance from the mean; integers become floatx.

    Args:
        x: numbers.
        axis: which dimensions are reduced; by default all.
        keepdims: whether they stay, with size 1.

    >>> import kerata
    >>> kerata.ops.var([[1, 3], [3, 7]], axis=1).tolist()
    [1.0, 4.0]
    """
    return _reduced(x, axis, keepdims)


def std(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Standard deviation along axes, the square root of `var`.

    Args:
        x: numbers.
        axis: which dimensions are reduced; by default all.
        keepdims: whether they stay, with size 1.

    >>> import kerata
    >>> kerata.ops.std([[1, 3], [3, 7]], axis=1).tolist()
    [1.0, 2.0]
    """
    return sqrt(var(x, axis=axis, keepdims=keepdims))


@primitive(promote="keep")
def product(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Product along axes, small integers and bool in 32 bit. See `prod`."""
    return _reduced(_summed(x), axis, keepdims)


def prod(x: Tensor, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """Product along axes; small integers and bool are multiplied in 32 bit.

    Args:
        x: numbers.
        axis: which dimensions are multiplied over; by default all.
        keepdims: whether they stay, with size 1.
        dtype: in which dtype to compute.

    >>> import kerata
    >>> kerata.ops.prod([[1, 2], [3, 4]], axis=1).tolist()
    [2, 12]
    """
    if dtype is None:
        return product(x, axis=axis, keepdims=keepdims)
    return cast(product(cast(x, dtype), axis=axis, keepdims=keepdims), dtype)


@primitive(promote="float")
def logsumexp(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Logarithm of the sum of exponentials along axes, without overflow; float result.

    Args:
        x: numbers.
        axis: which dimensions are reduced; by default all.
        keepdims: whether they stay, with size 1.

    >>> import kerata
    >>> kerata.ops.logsumexp([1000.0, float("-inf")]).tolist()
    1000.0
    """
    return _reduced(x, axis, keepdims)


def count_nonzero(x: Tensor, axis: Axis = None) -> Tensor:
    """Number of elements that are not 0, along axes, as int32.

    >>> import kerata
    >>> kerata.ops.count_nonzero([[0, 2], [3, 4]], axis=1).tolist()
    [1, 2]
    """
    return sum(not_equal(x, 0), axis=axis)


# -- extremes ------------------------------------------------------------------------------


@primitive(promote="keep")
def max(
    x: Tensor, axis: Axis = None, keepdims: bool = False, initial: float | None = None
) -> Tensor:
    """Largest element along axes; NaN if there is one.

    Args:
        x: numbers.
        axis: which dimensions are reduced; by default all.
        keepdims: whether they stay, with size 1.
        initial: the smallest result there can be.

    >>> import kerata
    >>> kerata.ops.max([[1, 5], [3, 4]], axis=1).tolist()
    [5, 4]
    """
    return _reduced(x, axis, keepdims)


@primitive(promote="keep")
def min(
    x: Tensor, axis: Axis = None, keepdims: bool = False, initial: float | None = None
) -> Tensor:
    """Smallest element along axes; NaN if there is one.

    Args:
        x: numbers.
        axis: which dimensions are reduced; by default all.
        keepdims: whether they stay, with size 1.
        initial: the largest result there can be.

    >>> import kerata
    >>> kerata.ops.min([[1, 5], [3, 4]], axis=1).tolist()
    [1, 3]
    """
    return _reduced(x, axis, keepdims)


def amax(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest element along axes. See `max`.

    >>> import kerata
    >>> kerata.ops.amax([1, 5]).tolist()
    5
    """
    return max(x, axis=axis, keepdims=keepdims)


def amin(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Smallest element along axes. See `min`.

    >>> import kerata
    >>> kerata.ops.amin([1, 5]).tolist()
    1
    """
    return min(x, axis=axis, keepdims=keepdims)


def ptp(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Range along axes: the largest minus the smallest element.

    >>> import kerata
    >>> kerata.ops.ptp([[1, 5], [3, 4]], axis=1).tolist()
    [4, 1]
    """
    return max(x, axis=axis, keepdims=keepdims) - min(x, axis=axis, keepdims=keepdims)


def _index_of(x: TensorSpec, axis: int | None, keepdims: bool) -> TensorSpec:
    return _reduced(x, axis, keepdims).with_dtype("int32")


@primitive(promote="keep")
def argmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index of the (first) largest element along an axis, as int32.

    Args:
        x: numbers.
        axis: the dimension; by default the index is that in the flattened tensor.
        keepdims: whether the dimension stays, with size 1.

    >>> import kerata
    >>> kerata.ops.argmax([[1, 5], [4, 3]], axis=1).tolist()
    [1, 0]
    """
    return _index_of(x, axis, keepdims)


@primitive(promote="keep")
def argmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index of the (first) smallest element along an axis, as int32.

    Args:
        x: numbers.
        axis: the dimension; by default the index is that in the flattened tensor.
        keepdims: whether the dimension stays, with size 1.

    >>> import kerata
    >>> kerata.ops.argmin([[1, 5], [4, 3]], axis=1).tolist()
    [0, 1]
    """
    return _index_of(x, axis, keepdims)


# -- truth ---------------------------------------------------------------------------------


@primitive(promote="keep")
def any(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether any element is true (not 0), along axes.

    >>> import kerata
    >>> kerata.ops.any([[True, False], [False, False]], axis=1).tolist()
    [True, False]
    """
    return _reduced(x, axis, keepdims).with_dtype("bool")


@primitive(promote="keep")
def all(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all elements are true (not 0), along axes.

    >>> import kerata
    >>> kerata.ops.all([[True, True], [True, False]], axis=1).tolist()
    [True, False]
    """
    return _reduced(x, axis, keepdims).with_dtype("bool")


def allclose(
    x1: Tensor, x2: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether all elements are nearly equal. Arguments as `isclose`.

    >>> import kerata
    >>> kerata.ops.allclose([1.0, 2.0], [1.000001, 2.0]).tolist()
    True
    """
    return all(isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan))


# -- accumulations -------------------------------------------------------------------------


def _accumulated(x: TensorSpec, axis: int | None) -> TensorSpec:
    if axis is not None:
        canonical_axis(axis, x.ndim)
        return x
    return x.with_shape((None if None in x.shape else math.prod(x.shape),))


@primitive
def cumulative_sum(x: Tensor, axis: int | None = None) -> Tensor:
    """Sums of the elements up to each one, in the dtype of `x`. See `cumsum`."""
    return _accumulated(x, axis)


@primitive
def cumulative_product(x: Tensor, axis: int | None = None) -> Tensor:
    """Products of the elements up to each one, in the dtype of `x`. See `cumprod`."""
    return _accumulated(x, axis)


def _accumulation_dtype(x: Tensor, dtype: Any) -> str:
    own = dtype_of(x) if dtype is None else dtypes.canonical(dtype)
    return "int32" if own == "bool" else own


def cumsum(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Sum of all elements up to each one, along an axis.

    Args:
        x: numbers.
        axis: the dimension; by default the tensor is flattened.
        dtype: in which dtype to compute; by default that of `x`, int32 for bool.

    >>> import kerata
    >>> kerata.ops.cumsum([1, 2, 3]).tolist()
    [1, 3, 6]
    """
    return cumulative_sum(cast(x, _accumulation_dtype(x, dtype)), axis=axis)


def cumprod(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Product of all elements up to each one, along an axis.

    Args:
        x: numbers.
        axis: the dimension; by default the tensor is flattened.
        dtype: in which dtype to compute; by default that of `x`, int32 for bool.

    >>> import kerata
    >>> kerata.ops.cumprod([2, 2, 3]).tolist()
    [2, 4, 12]
    """
    return cumulative_product(cast(x, _accumulation_dtype(x, dtype)), axis=axis)


# -- segments ------------------------------------------------------------------------------


def _segmented(data: TensorSpec, segment_ids: TensorSpec, num_segments: int | None) -> TensorSpec:
    if segment_ids.ndim != 1 or data.ndim < 1 or not dtypes.is_integer(segment_ids.dtype):
        raise ValueError(
            f"Segments got data of shape {data.shape} and ids of shape {segment_ids.shape} and "
            f"dtype {segment_ids.dtype}; expected one integer id per row of the data."
        )
    if data.shape[0] != segment_ids.shape[0] and None not in (data.shape[0], segment_ids.shape[0]):
        raise ValueError(
            f"Segments got {data.shape[0]} rows and {segment_ids.shape[0]} ids; expected as many."
        )
    return data.with_shape((num_segments, *data.shape[1:]))


@primitive(promote="keep")
def segment_sum(
    data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """Sum of the rows of each segment; 0 for an empty one.

    Args:
        data: tensor of shape `(rows, ...)`.
        segment_ids: to which segment each row belongs, integers of shape `(rows,)`; rows with
            ids outside 0 to `num_segments - 1` are left out.
        num_segments: how many segments; by default the largest id plus one, which cannot be
            found in compiled steps on JAX.
        sorted: whether the ids are known to ascend (a hint).

    Returns:
        Tensor of shape `(num_segments, ...)`.

    Raises:
        ValueError: if there is not one integer id per row.

    >>> import kerata
    >>> kerata.ops.segment_sum([1, 2, 4], [0, 0, 2], num_segments=3).tolist()
    [3, 0, 4]
    """
    return _segmented(data, segment_ids, num_segments)


@primitive(promote="keep")
def segment_prod(
    data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """Product of the rows of each segment; 1 for an empty one. Arguments as `segment_sum`.

    >>> import kerata
    >>> kerata.ops.segment_prod([3, 2, 4], [0, 0, 2], num_segments=3).tolist()
    [6, 1, 4]
    """
    return _segmented(data, segment_ids, num_segments)


@primitive(promote="keep")
def segment_max(
    data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """Largest row of each segment; the lowest number there is for an empty one.

    Arguments as `segment_sum`.

    >>> import kerata
    >>> kerata.ops.segment_max([1, 2, 4], [0, 0, 1], num_segments=2).tolist()
    [2, 4]
    """
    return _segmented(data, segment_ids, num_segments)


@primitive(promote="keep")
def segment_min(
    data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """Smallest row of each segment; the highest number there is for an empty one.

    Arguments as `segment_sum`.

    >>> import kerata
    >>> kerata.ops.segment_min([1, 2, 4], [0, 0, 1], num_segments=2).tolist()
    [1, 4]
    """
    return _segmented(data, segment_ids, num_segments)
