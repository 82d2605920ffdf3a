"""The elements of one tensor in another shape or order: reshape, transpose, flip, roll.

`x` is anything tensor-like (tensor, variable, array, nested list).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kerata.core.primitive import Tensor, primitive
from kerata.core.rules import canonical_axes, canonical_axis
from kerata.core.spec import Shape, TensorSpec, ndim_of, shape_of

Axes = int | Sequence[int] | None


def shape(x: Any) -> Shape:
    """Return the shape as a tuple of integers; `None` for sizes not known while building.

    >>> import kerata
    >>> kerata.ops.shape([[1, 2, 3]])
    (1, 3)
    """
    return shape_of(x)


# -- another shape -------------------------------------------------------------------------


@primitive(promote="keep")
def with_shape(x: Tensor, newshape: Shape) -> Tensor:
    """Return the elements in another shape; one size may be -1. See `reshape`."""
    known = math.prod(size for size in newshape if size not in (None, -1))
    if None in x.shape:
        return x.with_shape(None if size == -1 else size for size in newshape)
    total = math.prod(x.shape)
    fits = total % known == 0 if -1 in newshape and known else total == known
    if not fits or newshape.count(-1) > 1 or (-1 in newshape and known == 0):
        raise ValueError(
            f"`reshape` cannot bring shape {x.shape} ({total} elements) into shape {newshape}. "
            "The product of the sizes must be equal; one size may be -1."
        )
    return x.with_shape(total // known if size == -1 else size for size in newshape)


def reshape(x: Tensor, newshape: int | Sequence[int | None]) -> Tensor:
    """Return the elements of `x`, in the same (row-major) order, in another shape.

    Args:
        x: tensor of any shape.
        newshape: integer or tuple of integers. One size may be -1: it is computed. `None`
            stands for a size that is not known yet while a model is being built.

    Raises:
        ValueError: if the number of elements differs.

    >>> import kerata
    >>> kerata.ops.reshape([[1, 2], [3, 4]], (-1,)).tolist()
    [1, 2, 3, 4]
    """
    sizes = (newshape,) if isinstance(newshape, int) else newshape
    sizes = tuple(None if size is None else int(size) for size in sizes)
    if None in sizes:
        sizes = _with_one_unknown(sizes, shape_of(x))
    return with_shape(x, sizes)


def _with_one_unknown(newshape: Shape, shape: Shape) -> Shape:
    """Turn `None` into -1. A -1 beside it is computed: the two unknown sizes must be equal."""
    if -1 in newshape and shape.count(None) == 1 and newshape.count(None) == 1:
        known = math.prod(size for size in shape if size is not None)
        others = math.prod(size for size in newshape if size not in (None, -1))
        newshape = tuple(known // others if size == -1 else size for size in newshape)
    if newshape.count(None) == 1 and -1 not in newshape:
        return tuple(-1 if size is None else size for size in newshape)
    return newshape


def ravel(x: Tensor) -> Tensor:
    """Return all elements in one dimension, row by row.

    >>> import kerata
    >>> kerata.ops.ravel([[1, 2], [3, 4]]).tolist()
    [1, 2, 3, 4]
    """
    return reshape(x, (-1,))


@primitive(promote="keep")
def expand_dims(x: Tensor, axis: int | Sequence[int]) -> Tensor:
    """Insert dimensions of size 1.

    Args:
        x: tensor of any shape.
        axis: where they stand in the result; an integer or several.

    >>> import kerata
    >>> kerata.ops.expand_dims([1, 2, 3], 0).shape
    (1, 3)
    """
    count = 1 if isinstance(axis, int) else len(axis)
    ndim = x.ndim + count
    axes = canonical_axes(axis, ndim)
    sizes = iter(x.shape)
    return x.with_shape(1 if i in axes else next(sizes) for i in range(ndim))


@primitive(promote="keep")
def squeeze(x: Tensor, axis: Axes = None) -> Tensor:
    """Remove dimensions of size 1.

    Args:
        x: tensor of any shape.
        axis: which ones; by default all of size 1.

    Raises:
        ValueError: if a dimension to be removed is not of size 1.

    >>> import kerata
    >>> kerata.ops.squeeze([[1, 2, 3]]).shape
    (3,)
    """
    if axis is None:
        return x.with_shape(size for size in x.shape if size != 1)
    axes = canonical_axes(axis, x.ndim)
    if any(x.shape[a] not in (1, None) for a in axes):
        raise ValueError(
            f"`squeeze` cannot remove axis {axis} of shape {x.shape}: only dimensions of size 1 "
            "can be removed."
        )
    return x.with_shape(size for i, size in enumerate(x.shape) if i not in axes)


@primitive(promote="keep")
def broadcast_to(x: Tensor, shape: Shape) -> Tensor:
    """Repeat dimensions of size 1, and add leading ones, until the shape is `shape`.

    Args:
        x: tensor of any shape.
        shape: the wanted shape.

    Raises:
        ValueError: if a dimension is neither 1 nor the wanted size.

    >>> import kerata
    >>> kerata.ops.broadcast_to([1, 2], (2, 2)).tolist()
    [[1, 2], [1, 2]]
    """
    wanted = tuple(shape)
    missing = len(wanted) - x.ndim
    pairs = zip(x.shape, wanted[max(missing, 0) :], strict=False)
    if missing < 0 or any(old not in (1, new, None) and new is not None for old, new in pairs):
        raise ValueError(
            f"`broadcast_to` cannot bring shape {x.shape} to {wanted}: counted from the last, "
            "each dimension must be equal or 1."
        )
    return x.with_shape(wanted)


# -- another order -------------------------------------------------------------------------


@primitive(promote="keep")
def transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """Put the dimensions in another order.

    Args:
        x: tensor of any shape.
        axes: the dimensions in their new order; by default reversed.

    Raises:
        ValueError: if `axes` does not name each dimension once.

    >>> import kerata
    >>> kerata.ops.transpose([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    if axes is None:
        return x.with_shape(x.shape[::-1])
    order = tuple(canonical_axis(axis, x.ndim) for axis in axes)
    if sorted(order) != list(range(x.ndim)):
        raise ValueError(
            f"`transpose` got axes {tuple(axes)} for shape {x.shape}; expected each of the "
            f"{x.ndim} dimensions once."
        )
    return x.with_shape(x.shape[axis] for axis in order)


def moveaxis(x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Move dimensions to other places; the rest keep their order.

    Args:
        x: tensor of any shape.
        source: where they are.
        destination: where they go.

    >>> import kerata
    >>> kerata.ops.moveaxis(kerata.ops.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    ndim = ndim_of(x)
    old, new = canonical_axes(source, ndim), canonical_axes(destination, ndim)
    if len(old) != len(new):
        raise ValueError(
            f"`moveaxis` got {len(old)} sources and {len(new)} destinations; expected as many."
        )
    order = [axis for axis in range(ndim) if axis not in old]
    for place, axis in sorted(zip(new, old, strict=True)):
        order.insert(place, axis)
    return transpose(x, tuple(order))


def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor:
    """Exchange two dimensions.

    Args:
        axis1: one dimension.
        axis2: the other.

    >>> import kerata
    >>> kerata.ops.swapaxes(kerata.ops.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    ndim = ndim_of(x)
    first, second = canonical_axis(axis1, ndim), canonical_axis(axis2, ndim)
    order = list(range(ndim))
    order[first], order[second] = second, first
    return transpose(x, tuple(order))


@primitive(promote="keep")
def flip(x: Tensor, axis: Axes = None) -> Tensor:
    """Reverse the order of the elements along some axes.

    Args:
        x: tensor of any shape.
        axis: an axis or several; by default all.

    >>> import kerata
    >>> kerata.ops.flip([[1, 2], [3, 4]], axis=1).tolist()
    [[2, 1], [4, 3]]
    """
    canonical_axes(axis, x.ndim)
    return x


def fliplr(x: Tensor) -> Tensor:
    """Reverse the order along the second dimension.

    >>> import kerata
    >>> kerata.ops.fliplr([[1, 2], [3, 4]]).tolist()
    [[2, 1], [4, 3]]
    """
    return flip(x, 1)


def flipud(x: Tensor) -> Tensor:
    """Reverse the order along the first dimension.

    >>> import kerata
    >>> kerata.ops.flipud([[1, 2], [3, 4]]).tolist()
    [[3, 4], [1, 2]]
    """
    return flip(x, 0)


def rot90(array: Tensor, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turn the plane of two axes by 90 degrees, from the first axis towards the second.

    Args:
        array: tensor of at least two dimensions.
        k: how many times; negative ones turn the other way.
        axes: the two axes of the plane.

    Raises:
        ValueError: if the two axes are the same.

    >>> import kerata
    >>> kerata.ops.rot90([[1, 2], [3, 4]]).tolist()
    [[2, 4], [1, 3]]
    """
    first, second = (canonical_axis(axis, ndim_of(array)) for axis in axes)
    if first == second:
        raise ValueError(f"`rot90` got axes {tuple(axes)}; expected two different ones.")
    turns = k % 4
    if turns == 0:
        return flip(array, ())
    if turns == 2:
        return flip(array, (first, second))
    if turns == 1:
        return swapaxes(flip(array, second), first, second)
    return flip(swapaxes(array, first, second), second)


@primitive(promote="keep")
def roll(x: Tensor, shift: int | Sequence[int], axis: Axes = None) -> Tensor:
    """Move the elements along an axis; those that leave at the end come back at the start.

    Args:
        x: tensor of any shape.
        shift: by how many places, one number or one per axis.
        axis: an axis or several; by default the flattened tensor is rolled.

    >>> import kerata
    >>> kerata.ops.roll([1, 2, 3, 4], 1).tolist()
    [4, 1, 2, 3]
    """
    canonical_axes(axis, x.ndim)
    return x


def _matrices(spec: TensorSpec, name: str) -> TensorSpec:
    if spec.ndim < 2:
        raise ValueError(f"`{name}` got shape {spec.shape}; expected (..., rows, columns).")
    return spec


@primitive(promote="keep")
def tril(x: Tensor, k: int = 0) -> Tensor:
    """Lower triangle of matrices: zeros above diagonal `k`.

    Args:
        x: tensor of shape `(..., rows, columns)`.
        k: 0 is the main diagonal, positive ones lie above it, negative ones below.

    >>> import kerata
    >>> kerata.ops.tril([[1, 2], [3, 4]]).tolist()
    [[1, 0], [3, 4]]
    """
    return _matrices(x, "tril")


@primitive(promote="keep")
def triu(x: Tensor, k: int = 0) -> Tensor:
    """Upper triangle of matrices: zeros below diagonal `k`.

    Args:
        x: tensor of shape `(..., rows, columns)`.
        k: 0 is the main diagonal, positive ones lie above it, negative ones below.

    >>> import kerata
    >>> kerata.ops.triu([[1, 2], [3, 4]]).tolist()
    [[1, 2], [0, 4]]
    """
    return _matrices(x, "triu")


@primitive(promote="keep")
def diagonal(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Diagonal of the plane of two axes, as a new last dimension.

    Args:
        x: tensor of at least two dimensions.
        offset: 0 is the main diagonal, positive ones lie above it, negative ones below.
        axis1, axis2: the axes of the rows and of the columns.

    >>> import kerata
    >>> kerata.ops.diagonal([[1, 2], [3, 4]]).tolist()
    [1, 4]
    """
    _matrices(x, "diagonal")
    row, column = canonical_axis(axis1, x.ndim), canonical_axis(axis2, x.ndim)
    if row == column:
        raise ValueError(f"`diagonal` got axis {row} twice; expected two different axes.")
    rest = tuple(size for i, size in enumerate(x.shape) if i not in (row, column))
    rows, columns = x.shape[row], x.shape[column]
    if rows is None or columns is None:
        return x.with_shape((*rest, None))
    length = min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns)
    return x.with_shape((*rest, max(length, 0)))


@primitive(promote="keep")
def diag(x: Tensor, k: int = 0) -> Tensor:
    """Matrix with a vector on one diagonal, or one diagonal of a matrix.

    Args:
        x: tensor of one or two dimensions.
        k: 0 is the main diagonal, positive ones lie above it, negative ones below.

    Raises:
        ValueError: if `x` has another number of dimensions.

    >>> import kerata
    >>> kerata.ops.diag([1, 2]).tolist(), kerata.ops.diag([[1, 2], [3, 4]]).tolist()
    ([[1, 0], [0, 2]], [1, 4])
    """
    if x.ndim == 1:
        length = None if x.shape[0] is None else x.shape[0] + abs(k)
        return x.with_shape((length, length))
    if x.ndim != 2:
        raise ValueError(f"`diag` got shape {x.shape}; expected one or two dimensions.")
    return diagonal.primitive.rule(x, k)


def diagflat(x: Tensor, k: int = 0) -> Tensor:
    """Matrix with all elements of `x` on diagonal `k`.

    Args:
        k: 0 for the main diagonal, above it if positive, below it if negative.

    >>> import kerata
    >>> kerata.ops.diagflat([[1], [2]]).tolist()
    [[1, 0], [0, 2]]
    """
    return diag(ravel(x), k)
