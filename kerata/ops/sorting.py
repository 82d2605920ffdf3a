"""Sorting, searching and counting: sort, top_k, searchsorted, unique, bincount, histogram."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core.dtypes import to_float
from kerata.core.primitive import Tensor, any_symbolic, convert_to_numpy, primitive
from kerata.core.rules import canonical_axis
from kerata.core.spec import TensorSpec, dtype_of, shape_of
from kerata.core.symbolic import SymbolicTensor
from kerata.ops.cast import cast, in_dtype
from kerata.ops.creation import filled_like, ones_like
from kerata.ops.elementwise import add, clip, multiply, subtract
from kerata.ops.indexing import take_along_axis
from kerata.ops.logic import (
    equal,
    greater,
    greater_equal,
    isfinite,
    less,
    less_equal,
    logical_and,
    logical_not,
)
from kerata.ops.reduce import any as any_of
from kerata.ops.reduce import max, min, segment_sum, sum
from kerata.ops.shape import expand_dims, ravel, reshape, squeeze


def _along(x: TensorSpec, axis: int | None) -> TensorSpec:
    if axis is None:
        return x.with_shape((None if None in x.shape else math.prod(x.shape),))
    canonical_axis(axis, x.ndim)
    return x


# -- order ---------------------------------------------------------------------------------


@primitive(promote="keep")
def sort(x: Tensor, axis: int | None = -1) -> Tensor:
    """Elements in ascending order along an axis; NaN come last.

    Args:
        x: tensor of any shape.
        axis: the dimension; `None` for the flattened tensor.

    >>> import kerata
    >>> kerata.ops.sort([[3, 1, 2]]).tolist()
    [[1, 2, 3]]
    """
    return _along(x, axis)


@primitive(promote="keep")
def argsort(x: Tensor, axis: int | None = -1) -> Tensor:
    """Indices (int32) that sort the elements along an axis; equal ones keep their order.

    Args:
        x: tensor of any shape.
        axis: the dimension; `None` for the flattened tensor.

    >>> import kerata
    >>> kerata.ops.argsort([[3, 1, 2]]).tolist()
    [[1, 2, 0]]
    """
    return _along(x, axis).with_dtype("int32")


def argpartition(x: Tensor, kth: int, axis: int | None = -1) -> Tensor:
    """Indices (int32) that put the element of rank `kth` in its sorted place along an axis.

    No element before it is larger, none after it is smaller. (They are sorted as well.)

    Args:
        x: tensor of any shape.
        kth: the rank, from 0.
        axis: the dimension; `None` for the flattened tensor.

    Raises:
        ValueError: if there is no such rank.

    >>> import kerata
    >>> kerata.ops.argpartition([3, 1, 2], 1).tolist()
    [1, 2, 0]
    """
    sizes = shape_of(x)
    size = math.prod(sizes) if axis is None else sizes[canonical_axis(axis, len(sizes))]
    if not -size <= kth < size:
        raise ValueError(f"`argpartition` got kth={kth} for axis {axis} of shape {sizes}.")
    return argsort(x, axis=axis)


@primitive(promote="keep")
def top_k(x: Tensor, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The `k` largest elements along the last axis, and where they are.

    Args:
        x: tensor of at least one dimension.
        k: how many.
        sorted: whether they come in falling order (else the order is not specified).

    Returns:
        Tuple (values, int32 indices) of shape `(..., k)`.

    Raises:
        ValueError: if there are fewer than `k` elements.

    >>> import kerata
    >>> values, indices = kerata.ops.top_k([1, 5, 3], 2)
    >>> values.tolist(), indices.tolist()
    ([5, 3], [1, 2])
    """
    if x.ndim == 0 or (x.shape[-1] is not None and k > x.shape[-1]):
        raise ValueError(
            f"`top_k` got k={k} for shape {x.shape}; expected at most the size of the last axis."
        )
    shape = (*x.shape[:-1], k)
    return x.with_shape(shape), TensorSpec(shape, "int32")


def in_top_k(targets: Tensor, predictions: Tensor, k: int) -> Tensor:
    """Whether the prediction for the target class is among the `k` largest.

    Ties with the k-th largest count as being among them; a prediction that is not finite is not.

    Args:
        targets: class of each row, integers of shape `(batch,)`.
        predictions: scores of shape `(batch, classes)`.
        k: how many.

    Returns:
        Bool tensor of shape `(batch,)`.

    >>> import kerata
    >>> kerata.ops.in_top_k([1, 0], [[0.1, 0.9], [0.1, 0.9]], 1).tolist()
    [True, False]
    """
    own = take_along_axis(predictions, expand_dims(targets, -1), axis=-1)
    larger = sum(greater(predictions, own), axis=-1)
    return logical_and(less(larger, k), isfinite(squeeze(own, -1)))


# -- search --------------------------------------------------------------------------------


@primitive
def searchsorted(sorted_sequence: Tensor, values: Tensor, side: str = "left") -> Tensor:
    """Index at which each value would be inserted into a sorted vector, to keep it sorted.

    Args:
        sorted_sequence: ascending vector.
        values: tensor of any shape.
        side: `"left"` for the place before equal elements, `"right"` for that after them.

    Returns:
        int32 tensor of the shape of `values`.

    Raises:
        ValueError: if the sequence is no vector or the side is unknown.

    >>> import kerata
    >>> kerata.ops.searchsorted([1, 3, 5], [3, 6]).tolist()
    [1, 3]
    """
    if sorted_sequence.ndim != 1 or side not in ("left", "right"):
        raise ValueError(
            f"`searchsorted` got a sequence of shape {sorted_sequence.shape} and side {side!r}; "
            "expected a vector and 'left' or 'right'."
        )
    return values.with_dtype("int32")


def digitize(x: Tensor, bins: Tensor) -> Tensor:
    """Number of the bin that each element falls in, as int32.

    Args:
        x: tensor of any shape.
        bins: ascending edges; an element in `bins[i - 1] <= x < bins[i]` falls in bin `i`.

    >>> import kerata
    >>> kerata.ops.digitize([0.5, 1.0, 9.0], [1.0, 2.0]).tolist()
    [0, 1, 2]
    """
    return searchsorted(bins, x, side="right")


def isin(x1: Tensor, x2: Tensor, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of `x1` is equal to some element of `x2`.

    Args:
        x1: tensor of any shape.
        x2: the elements to look for, of any shape.
        assume_unique: a hint that no element occurs twice.
        invert: whether to return the opposite.

    >>> import kerata
    >>> kerata.ops.isin([1, 2, 3], [3, 1]).tolist()
    [True, False, True]
    """
    found = any_of(equal(expand_dims(x1, -1), ravel(x2)), axis=-1)
    return logical_not(found) if invert else found


# -- distinct elements and counts ----------------------------------------------------------


@primitive(promote="keep")
def distinct(x: Tensor, axis: int | None, size: int | None, fill_value: Any) -> tuple:
    """Distinct elements in ascending order, first places, inverse and counts. See `unique`."""
    counted = TensorSpec((size,), "int32")
    if axis is None:
        return x.with_shape((size,)), counted, x.with_dtype("int32"), counted
    along = canonical_axis(axis, x.ndim)
    shape = (*x.shape[:along], size, *x.shape[along + 1 :])
    return x.with_shape(shape), counted, TensorSpec((x.shape[along],), "int32"), counted


def unique(
    x: Tensor,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """Distinct elements (or slices along an axis), in ascending order.

    Args:
        x: tensor of any shape.
        sorted: kept for Keras' signature: the result is always sorted.
        return_index: whether to return the place where each occurs first.
        return_inverse: whether to return, for each element of `x`, which of the result it is.
        return_counts: whether to return how often each occurs.
        axis: along which dimension slices are compared; by default elements.
        size: how many to return: more are left out, missing ones are filled up. Needed in
            compiled steps on JAX, where sizes cannot depend on values.
        fill_value: what is filled up with; by default the smallest element.

    Returns:
        The distinct elements, or a tuple of them and the int32 tensors asked for.

    >>> import kerata
    >>> kerata.ops.unique([3, 1, 3]).tolist()
    [1, 3]
    """
    found = distinct(x, axis, size, fill_value)
    wanted = (True, return_index, return_inverse, return_counts)
    chosen = tuple(part for part, want in zip(found, wanted, strict=True) if want)
    return chosen[0] if len(chosen) == 1 else chosen


def bincount(
    x: Tensor, weights: Tensor | None = None, minlength: int = 0, sparse: bool = False
) -> Tensor:
    """Count how often each integer occurs.

    Args:
        x: integers >= 0 of shape `(n,)`, or `(rows, n)` to count in each row.
        weights: what each element counts; by default 1.
        minlength: smallest length of the result, which is otherwise the largest integer plus
            one. This length depends on values: in compiled steps on JAX use
            `ops.segment_sum(ops.ones_like(x), x, num_segments)`.
        sparse: must not be true: tensors are dense.

    Returns:
        Tensor of shape `(length,)` or `(rows, length)`, int32 or of the dtype of the weights.

    Raises:
        ValueError: if `x` has another number of dimensions, or a sparse result is asked for.

    >>> import kerata
    >>> kerata.ops.bincount([1, 1, 3]).tolist()
    [0, 2, 0, 1]
    """
    shape = shape_of(x)
    if sparse or len(shape) not in (1, 2):
        raise ValueError(
            f"`bincount` got shape {shape} and sparse={sparse}; expected one or two dimensions "
            "and a dense result."
        )
    weights = ones_like(x, "int32") if weights is None else weights
    if any_symbolic((x, weights)):
        return SymbolicTensor((*shape[:-1], None), dtype_of(weights))
    largest = int(convert_to_numpy(max(x))) if math.prod(shape) else -1
    length = largest + 1 if minlength <= largest else minlength
    if len(shape) == 1:
        return segment_sum(weights, x, length)
    # rows are counted in one go, each in its own range of numbers
    starts = np.arange(shape[0], dtype="int32")[:, None] * length
    counts = segment_sum(ravel(weights), ravel(add(cast(x, "int32"), starts)), shape[0] * length)
    return reshape(counts, (shape[0], length))


def histogram(
    x: Tensor, bins: int | Sequence[float] = 10, range: Sequence[float] | None = None
) -> tuple[Tensor, Tensor]:
    """Count the elements in each of several bins.

    Args:
        x: numbers of any shape.
        bins: how many bins of equal width.
        range: pair (smallest, largest edge); by default that of the elements. What lies outside
            is not counted.

    Returns:
        Tuple (counts of shape `(bins,)`, edges of shape `(bins + 1,)`), in the float dtype of
        `x`. A bin holds its left edge; the last one its right edge too.

    Raises:
        ValueError: if there are no bins or the range is empty.

    >>> import kerata
    >>> counts, edges = kerata.ops.histogram([1.0, 2.0, 2.0, 5.0], bins=4)
    >>> counts.tolist(), edges.tolist()
    ([1.0, 2.0, 0.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0])
    """
    if not isinstance(bins, int) or bins < 1 or (range is not None and range[0] > range[1]):
        raise ValueError(
            f"`histogram` got bins={bins} and range={range}; expected at least one bin and a "
            "pair (smallest, largest)."
        )
    dtype = to_float(dtype_of(x))
    x = cast(ravel(x), dtype)
    if range is None:
        lowest, highest = min(x), max(x)
    else:
        lowest, highest = (filled_like(x, float(edge), dtype, ()) for edge in range)
    # a range of no width is widened by a half on both sides, as NumPy does
    widening = multiply(cast(equal(lowest, highest), dtype), 0.5)
    lowest, highest = subtract(lowest, widening), add(highest, widening)
    part = in_dtype(np.arange(bins + 1) / bins, dtype)
    edges = add(multiply(lowest, subtract(1.0, part)), multiply(highest, part))
    place = clip(subtract(searchsorted(edges, x, side="right"), 1), 0, bins - 1)
    inside = logical_and(greater_equal(x, lowest), less_equal(x, highest))
    return segment_sum(cast(inside, dtype), place, bins), edges
