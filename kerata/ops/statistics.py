"""Statistics: averages, quantiles, differences, correlation, and reductions that skip NaN.

`x` is anything tensor-like of any shape. `axis` is an integer, several where they make sense, or
`None` for all dimensions; `keepdims` leaves the reduced dimensions with size 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kerata.core.dtypes import is_inexact, promote, to_float
from kerata.core.primitive import Tensor
from kerata.core.rules import canonical_axes, canonical_axis
from kerata.core.spec import dtype_of, ndim_of, shape_of
from kerata.ops.cast import cast, in_dtype
from kerata.ops.creation import ones_like, zeros_like
from kerata.ops.elementwise import (
    add,
    ceil,
    clip,
    divide,
    floor,
    maximum,
    multiply,
    round,
    sqrt,
    square,
    subtract,
)
from kerata.ops.indexing import get_item, take, take_along_axis
from kerata.ops.joining import pad
from kerata.ops.linalg import matmul
from kerata.ops.logic import equal, isnan, less, logical_not, not_equal, where
from kerata.ops.reduce import (
    Axis,
    all,
    argmax,
    argmin,
    cumprod,
    cumsum,
    max,
    mean,
    min,
    prod,
    sum,
)
from kerata.ops.shape import expand_dims, flip, moveaxis, ravel, reshape, squeeze, transpose
from kerata.ops.sorting import sort


def average(x: Tensor, axis: Axis = None, weights: Tensor | None = None) -> Tensor:
    """Weighted mean along axes: `sum(x * weights) / sum(weights)`; integers become floatx.

    Args:
        x: numbers.
        axis: which dimensions are averaged over; by default all.
        weights: tensor of the shape of `x`, or of the size of the one `axis`; by default all
            elements count the same.

    Raises:
        ValueError: if the weights have another shape.

    >>> import kerata
    >>> kerata.ops.average([1.0, 4.0], weights=[2.0, 1.0]).tolist()
    2.0
    """
    if weights is None:
        return mean(x, axis=axis)
    ndim = ndim_of(x)
    if ndim_of(weights) == 1 and ndim > 1 and isinstance(axis, int):
        place = canonical_axis(axis, ndim)
        weights = reshape(weights, tuple(-1 if i == place else 1 for i in range(ndim)))
    elif shape_of(weights) != shape_of(x):
        raise ValueError(
            f"`average` got weights of shape {shape_of(weights)} for shape {shape_of(x)} and "
            f"axis {axis}; expected the same shape, or a vector along one axis."
        )
    dtype = to_float(promote(dtype_of(x), dtype_of(weights)))
    x, weights = in_dtype(x, dtype), in_dtype(weights, dtype)
    weighted = multiply(x, weights)
    return divide(sum(weighted, axis=axis), sum(add(weights, zeros_like(x)), axis=axis))


# -- quantiles -----------------------------------------------------------------------------

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _ranked(x: Tensor, axis: Axis) -> Tensor:
    """Return floats with the reduced dimensions flattened into a sorted last one; NaN last."""
    x = cast(x, to_float(dtype_of(x)))
    ndim = ndim_of(x)
    axes = canonical_axes(axis, ndim)
    x = moveaxis(x, axes, tuple(range(ndim - len(axes), ndim)))
    kept = shape_of(x)[: ndim - len(axes)]
    return sort(reshape(x, (*kept, -1)) if len(axes) != 1 else x, axis=-1)


def _quantiles(
    x: Tensor, q: Tensor, axis: Axis, method: str, keepdims: bool, skip_nan: bool
) -> Tensor:
    """Quantiles (Hyndman and Fan, 1996; definition 7 for `"linear"`).

    Of n sorted elements, that of rank `q * (n - 1)` is looked up, counted from 0; between two
    ranks the method decides.
    """
    if method not in _METHODS:
        raise ValueError(f"`method` is {method!r}; expected one of {', '.join(_METHODS)}.")
    ranked = _ranked(x, axis)
    dtype = dtype_of(ranked)
    wide = promote(dtype, "float32")
    counted = logical_not(isnan(ranked)) if skip_nan else ones_like(ranked)
    last = subtract(sum(cast(counted, wide), axis=-1, keepdims=True), 1.0)
    rank = multiply(maximum(last, 0.0), in_dtype(q, wide) if ndim_of(q) < 2 else ravel(q))
    found = cast(_between(ranked, rank, method), dtype)
    unknown = less(last, 0.0) if skip_nan else isnan(get_item(ranked, (..., slice(-1, None))))
    found = moveaxis(where(unknown, math.nan, found), -1, 0)
    return _in_place(found, shape_of(q), ndim_of(x), axis, keepdims)


def _between(ranked: Tensor, rank: Tensor, method: str) -> Tensor:
    """Return the elements of the last axis at fractional ranks."""
    if method == "nearest":
        return take_along_axis(ranked, cast(round(rank), "int32"), axis=-1)
    below, above = floor(rank), ceil(rank)
    low = take_along_axis(ranked, cast(below, "int32"), axis=-1)
    high = take_along_axis(ranked, cast(above, "int32"), axis=-1)
    if method in ("lower", "higher"):
        return low if method == "lower" else high
    share = subtract(rank, below) if method == "linear" else where(equal(below, above), 0.0, 0.5)
    # two infinities have no difference
    step = where(equal(low, high), 0.0, subtract(high, low))
    return add(low, multiply(step, share))


def _in_place(found: Tensor, q_shape: tuple, ndim: int, axis: Axis, keepdims: bool) -> Tensor:
    """Give quantiles, of shape (number of q, rest), the dimensions of q and those kept."""
    if len(q_shape) == 0:
        found = squeeze(found, 0)
    elif len(q_shape) > 1:
        found = reshape(found, (*q_shape, *shape_of(found)[1:]))
    if not keepdims:
        return found
    return expand_dims(found, tuple(len(q_shape) + a for a in canonical_axes(axis, ndim)))


def quantile(
    x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """Quantiles along axes; NaN if an element is NaN; integers become floatx.

    Args:
        x: numbers.
        q: which quantiles, from 0 to 1; a number or a tensor.
        axis: which dimensions are reduced; by default all.
        method: what lies between two elements: `"linear"`, `"lower"`, `"higher"`, `"midpoint"`
            or `"nearest"` (Hyndman and Fan, "Sample quantiles in statistical packages", 1996).
        keepdims: whether the dimensions stay, with size 1.

    Returns:
        Tensor of the shape of `q`, followed by what is left of the shape of `x`.

    Raises:
        ValueError: if the method is unknown.

    >>> import kerata
    >>> kerata.ops.quantile([1.0, 2.0, 3.0, 4.0, 5.0], [0.25, 0.5]).tolist()
    [2.0, 3.0]
    """
    return _quantiles(x, q, axis, method, keepdims, skip_nan=False)


def nanquantile(
    x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """Quantiles along axes of the elements that are not NaN. Arguments as `quantile`.

    Args:
        q: fractions, from 0 to 1.
        method: as for `quantile`.

    >>> import kerata
    >>> kerata.ops.nanquantile([1.0, float("nan"), 3.0], 0.5).tolist()
    2.0
    """
    return _quantiles(x, q, axis, method, keepdims, skip_nan=True)


def percentile(
    x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """Percentiles along axes: `quantile` with `q` from 0 to 100.

    Args:
        q: percentages, from 0 to 100.
        method: as for `quantile`.

    >>> import kerata
    >>> kerata.ops.percentile([1.0, 2.0, 3.0], 50).tolist()
    2.0
    """
    return quantile(x, _hundredths(q), axis, method, keepdims)


def nanpercentile(
    x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """Percentiles along axes of the elements that are not NaN.

    Args:
        q: percentages, from 0 to 100.
        method: as for `quantile`.

    >>> import kerata
    >>> kerata.ops.nanpercentile([1.0, float("nan"), 3.0], 50).tolist()
    2.0
    """
    return nanquantile(x, _hundredths(q), axis, method, keepdims)


def _hundredths(q: Any) -> Any:
    if isinstance(q, int | float):
        return q / 100
    return np.asarray(q) / 100 if isinstance(q, list | tuple | np.ndarray) else divide(q, 100)


def median(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Median along axes, the quantile 0.5; integers become floatx.

    >>> import kerata
    >>> kerata.ops.median([[1, 5, 2]], axis=1).tolist()
    [2.0]
    """
    return quantile(x, 0.5, axis=axis, keepdims=keepdims)


def nanmedian(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Median along axes of the elements that are not NaN.

    >>> import kerata
    >>> kerata.ops.nanmedian([1.0, float("nan"), 3.0]).tolist()
    2.0
    """
    return nanquantile(x, 0.5, axis=axis, keepdims=keepdims)


# -- reductions that skip NaN --------------------------------------------------------------


def _without_nan(x: Tensor, value: float) -> Tensor:
    return where(isnan(x), value, x) if is_inexact(dtype_of(x)) else x


def nansum(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum along axes, in which NaN counts as 0.

    >>> import kerata
    >>> kerata.ops.nansum([1.0, float("nan")]).tolist()
    1.0
    """
    return sum(_without_nan(x, 0.0), axis=axis, keepdims=keepdims)


def nanprod(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Product along axes, in which NaN counts as 1.

    >>> import kerata
    >>> kerata.ops.nanprod([2.0, float("nan")]).tolist()
    2.0
    """
    return prod(_without_nan(x, 1.0), axis=axis, keepdims=keepdims)


def nancumsum(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Cumulative sum along an axis, in which NaN counts as 0.

    Args:
        axis: the dimension; `None` for the flattened tensor.
        dtype: dtype of the result; that of `x` by default.

    >>> import kerata
    >>> kerata.ops.nancumsum([1.0, float("nan"), 2.0]).tolist()
    [1.0, 1.0, 3.0]
    """
    return cumsum(_without_nan(x, 0.0), axis=axis, dtype=dtype)


def nancumprod(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Cumulative product along an axis, in which NaN counts as 1.

    Args:
        axis: the dimension; `None` for the flattened tensor.
        dtype: dtype of the result; that of `x` by default.

    >>> import kerata
    >>> kerata.ops.nancumprod([1.0, float("nan"), 2.0]).tolist()
    [1.0, 1.0, 2.0]
    """
    return cumprod(_without_nan(x, 1.0), axis=axis, dtype=dtype)


def _as_float(x: Tensor) -> Tensor:
    return cast(x, to_float(dtype_of(x)))


def nanmean(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean along axes of the elements that are not NaN; NaN if there are none.

    >>> import kerata
    >>> kerata.ops.nanmean([1.0, float("nan"), 3.0]).tolist()
    2.0
    """
    x = _as_float(x)
    count = sum(cast(logical_not(isnan(x)), dtype_of(x)), axis=axis, keepdims=keepdims)
    return divide(nansum(x, axis=axis, keepdims=keepdims), count)


def nanvar(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Variance along axes of the elements that are not NaN; NaN if there are none.

    >>> import kerata
    >>> kerata.ops.nanvar([1.0, float("nan"), 3.0]).tolist()
    1.0
    """
    x = _as_float(x)
    distance = subtract(x, nanmean(x, axis=axis, keepdims=True))
    return nanmean(square(distance), axis=axis, keepdims=keepdims)


def nanstd(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Standard deviation along axes of the elements that are not NaN.

    >>> import kerata
    >>> kerata.ops.nanstd([1.0, float("nan"), 3.0]).tolist()
    1.0
    """
    return sqrt(nanvar(x, axis=axis, keepdims=keepdims))


def nanmax(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest element along axes that is not NaN; NaN if there is none.

    >>> import kerata
    >>> kerata.ops.nanmax([1.0, float("nan")]).tolist()
    1.0
    """
    found = max(_without_nan(x, -math.inf), axis=axis, keepdims=keepdims)
    return _unless_all_nan(x, axis, keepdims, math.nan, found)


def nanmin(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Smallest element along axes that is not NaN; NaN if there is none.

    >>> import kerata
    >>> kerata.ops.nanmin([1.0, float("nan")]).tolist()
    1.0
    """
    found = min(_without_nan(x, math.inf), axis=axis, keepdims=keepdims)
    return _unless_all_nan(x, axis, keepdims, math.nan, found)


def nanargmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index of the largest element along an axis that is not NaN; -1 if there is none.

    >>> import kerata
    >>> kerata.ops.nanargmax([1.0, float("nan")]).tolist()
    0
    """
    found = argmax(_without_nan(x, -math.inf), axis=axis, keepdims=keepdims)
    return _unless_all_nan(x, axis, keepdims, -1, found)


def nanargmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index of the smallest element along an axis that is not NaN; -1 if there is none.

    >>> import kerata
    >>> kerata.ops.nanargmin([1.0, float("nan")]).tolist()
    0
    """
    found = argmin(_without_nan(x, math.inf), axis=axis, keepdims=keepdims)
    return _unless_all_nan(x, axis, keepdims, -1, found)


def _unless_all_nan(x: Tensor, axis: Axis, keepdims: bool, value: float, found: Tensor) -> Tensor:
    if not is_inexact(dtype_of(x)):
        return found
    return where(all(isnan(x), axis=axis, keepdims=keepdims), value, found)


# -- differences, integrals, correlation ---------------------------------------------------


def diff(a: Tensor, n: int = 1, axis: int = -1) -> Tensor:
    """Differences of neighbours along an axis, `n` times over; of bool: whether they differ.

    Args:
        a: numbers.
        n: how many times.
        axis: the dimension, which becomes shorter by `n`.

    >>> import kerata
    >>> kerata.ops.diff([1, 4, 9]).tolist()
    [3, 5]
    """
    for _ in range(n):
        left, right = _neighbours(a, axis)
        a = not_equal(right, left) if dtype_of(a) == "bool" else subtract(right, left)
    return a


def _neighbours(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Return all elements but the last and all but the first along an axis."""
    before = (slice(None),) * canonical_axis(axis, ndim_of(x))
    return get_item(x, (*before, slice(None, -1))), get_item(x, (*before, slice(1, None)))


def trapezoid(y: Tensor, x: Tensor | None = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """Integral along an axis by the trapezoidal rule; float result.

    Args:
        y: values of the function.
        x: where they were taken: a vector, or a tensor of the shape of `y`.
        dx: their distance, if `x` is not given.
        axis: the dimension.

    >>> import kerata
    >>> kerata.ops.trapezoid([1.0, 2.0, 3.0]).tolist()
    4.0
    """
    left, right = _neighbours(_as_float(y), axis)
    width: Any = dx
    if x is not None:
        width = diff(x, axis=axis if ndim_of(x) > 1 else -1)
        if ndim_of(x) == 1:
            place = canonical_axis(axis, ndim_of(y))
            width = reshape(width, tuple(-1 if i == place else 1 for i in range(ndim_of(y))))
    return sum(multiply(multiply(add(left, right), 0.5), width), axis=axis)


def corrcoef(x: Tensor) -> Tensor:
    """Pearson correlation of variables.

    Args:
        x: tensor of shape `(variables, observations)`, or one variable.

    Returns:
        Matrix of shape `(variables, variables)`, or 1 for one variable; float result.

    >>> import kerata
    >>> kerata.ops.round(kerata.ops.corrcoef([[1.0, 2.0], [5.0, 3.0]])).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    x = _as_float(x)
    one = ndim_of(x) == 1
    x = expand_dims(x, 0) if one else x
    distance = subtract(x, mean(x, axis=1, keepdims=True))
    length = sqrt(sum(square(distance), axis=1, keepdims=True))
    unit = divide(distance, length)
    # rounding must not lead beyond 1
    found = clip(matmul(unit, transpose(unit)), -1.0, 1.0)
    return squeeze(found) if one else found


def correlate(x1: Tensor, x2: Tensor, mode: str = "valid") -> Tensor:
    """Cross-correlation of two vectors: `sum over n of x1[n + k] * x2[n]` for shifts k.

    Args:
        x1, x2: vectors.
        mode: `"valid"` for shifts at which they overlap fully, `"full"` for all at which they
            overlap, `"same"` for as many as the longer vector has elements.

    Raises:
        ValueError: if the arguments are no vectors or the mode is unknown.

    >>> import kerata
    >>> kerata.ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0]).tolist()
    [2.0, 3.0]
    """
    if (ndim_of(x1), ndim_of(x2)) != (1, 1) or mode not in ("valid", "same", "full"):
        raise ValueError(
            f"`correlate` got shapes {shape_of(x1)} and {shape_of(x2)} and mode {mode!r}; "
            "expected two vectors and 'valid', 'same' or 'full'."
        )
    dtype = to_float(promote(dtype_of(x1), dtype_of(x2)))
    x1, x2 = in_dtype(x1, dtype), in_dtype(x2, dtype)
    n, m = shape_of(x1)[0], shape_of(x2)[0]
    if n < m:
        return flip(correlate(x2, x1, mode))
    before = {"valid": 0, "same": m // 2, "full": m - 1}[mode]
    after = {"valid": 0, "same": m - 1 - m // 2, "full": m - 1}[mode]
    windows = np.arange(n + before + after - m + 1)[:, None] + np.arange(m)[None, :]
    return matmul(take(pad(x1, (before, after)), windows.astype("int32")), x2)
