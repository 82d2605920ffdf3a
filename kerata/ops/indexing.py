"""Reading and writing parts of tensors: subscripts, slices, gather and scatter."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core.dtypes import is_inexact
from kerata.core.primitive import Tensor, Tensors, primitive
from kerata.core.rules import broadcast_shapes, canonical_axis
from kerata.core.spec import Shape, TensorSpec, dtype_of, ndim_of, shape_of
from kerata.ops.cast import in_dtype
from kerata.ops.creation import filled_like
from kerata.ops.elementwise import floor_divide, mod
from kerata.ops.joining import stack

_range_of = slice  # Python's slice, whose name the op of Keras takes
_TENSOR = "tensor"  # stands in a subscript for the next index tensor


# -- subscripts ----------------------------------------------------------------------------


@primitive(promote="keep")
def item(x: Tensor, indices: Tensors, key: tuple) -> Tensor:
    """Return `x[key]`, where index tensors take the places of "tensor" in the key."""
    places = _places(key, x, list(indices))
    shape: list[int | None] = []
    gathered: list[Shape] = []
    at: list[int] = []  # which places of the key hold index tensors, or integers beside them
    where = 0
    axis = 0
    for number, (part, index) in enumerate(places):
        if part is None:
            shape.append(1)
            continue
        if isinstance(part, _range_of):
            shape.append(_range_length(part, x.shape[axis]))
            axis += 1
            continue
        if not at:
            where = len(shape)
        elif at[-1] != number - 1:
            where = 0  # as in NumPy: index tensors that stand apart put their dimensions first
        at.append(number)
        if index is None:
            _check_in_range(part, axis, x)
            axis += 1
        elif index.dtype == "bool":
            gathered.append((None,))
            axis += index.ndim
        else:
            gathered.append(index.shape)
            axis += 1
    where = where if gathered else 0
    return x.with_shape((*shape[:where], *broadcast_shapes(*gathered), *shape[where:]))


def _places(key: tuple, x: TensorSpec, indices: list) -> list[tuple]:
    """Pair each part of a key with its index tensor, if any; write out "..." and what is left."""
    pairs = [(part, indices.pop(0) if isinstance(part, str) else None) for part in key]
    used = 0
    for part, index in pairs:
        if part is not None and part is not Ellipsis:
            used += index.ndim if index is not None and index.dtype == "bool" else 1
    if used > x.ndim:
        raise ValueError(
            f"Too many indices: a subscript of {used} dimensions for a tensor of shape {x.shape}."
        )
    whole = [(_range_of(None), None)] * (x.ndim - used)
    for number, (part, _) in enumerate(pairs):
        if part is Ellipsis:
            return pairs[:number] + whole + pairs[number + 1 :]
    return pairs + whole


def _range_length(part: Any, size: int | None) -> int | None:
    if size is not None:
        return len(range(size)[part])
    return None


def _check_in_range(index: int, axis: int, x: TensorSpec) -> None:
    size = x.shape[axis]
    if size is not None and not -size <= index < size:
        raise ValueError(f"Index {index} is out of range for axis {axis} of shape {x.shape}.")


def get_item(x: Tensor, key: Any) -> Tensor:
    """Return `x[key]`.

    Args:
        x: tensor of any shape.
        key: what may stand in a subscript of a NumPy array: integers, slices, `None`, `...`,
            tensors or lists of integers or bool, and tuples of them. A bool tensor makes the
            shape depend on the values, which compiled steps on JAX do not allow.

    Raises:
        ValueError: if there are more indices than dimensions, or an integer is out of range.

    >>> import kerata
    >>> kerata.ops.get_item([[1, 2], [3, 4]], (..., 0)).tolist()
    [1, 3]
    """
    parts, indices = [], []
    for part in key if isinstance(key, tuple) else (key,):
        if part is None or part is Ellipsis or isinstance(part, _range_of):
            parts.append(part)
        elif isinstance(part, int | np.integer) and not isinstance(part, bool):
            parts.append(operator.index(part))
        else:
            parts.append(_TENSOR)
            indices.append(np.asarray(part) if isinstance(part, list | bool) else part)
    return item(x, indices, tuple(parts))


def key_with_tensors(key: tuple, indices: Sequence[Any]) -> tuple:
    """Return the subscript that `get_item` has taken apart for `item`."""
    each = iter(indices)
    return tuple(next(each) if isinstance(part, str) else part for part in key)


# -- slices --------------------------------------------------------------------------------


@primitive(promote="keep")
def slice_at(inputs: Tensor, start_indices: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the block of a given shape that starts at computed indices. See `slice`."""
    return inputs.with_shape(shape)


def slice(inputs: Tensor, start_indices: Any, shape: Sequence[int]) -> Tensor:
    """Return a block of a tensor.

    Args:
        inputs: tensor of any shape.
        start_indices: where the block starts, one index per dimension; may be a tensor.
        shape: the shape of the block; -1 stands for all that is left along a dimension, where
            the start is a known number.

    Raises:
        ValueError: if the block reaches beyond the tensor, or there is not one start and one
            size per dimension.

    >>> import kerata
    >>> kerata.ops.slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, 2)).tolist()
    [[2, 3], [5, 6]]
    """
    sizes = tuple(int(size) for size in shape)
    starts = _known(start_indices)
    _one_per_dimension(inputs, sizes, "slice")
    if starts is None:
        return slice_at(inputs, _index_vector(start_indices), sizes)
    _one_per_dimension(inputs, starts, "slice")
    key = []
    for start, size, whole in zip(starts, sizes, shape_of(inputs), strict=True):
        if whole is not None and start + max(size, 0) > whole:
            raise ValueError(
                f"`slice` of shape {sizes} at {tuple(starts)} reaches beyond the shape "
                f"{tuple(shape_of(inputs))}."
            )
        key.append(_range_of(start, None if size == -1 else start + size))
    return get_item(inputs, tuple(key))


def _known(indices: Any) -> list[int] | None:
    """Return indices as Python integers, `None` if some are tensors."""
    if isinstance(indices, np.ndarray):
        return [int(index) for index in indices]
    if isinstance(indices, list | tuple):
        if all(isinstance(index, int | np.integer) for index in indices):
            return [int(index) for index in indices]
    return None


def _index_vector(indices: Any) -> Tensor:
    return stack(indices) if isinstance(indices, list | tuple) else indices


def _one_per_dimension(x: Tensor, values: Sequence[int], name: str) -> None:
    if len(values) != ndim_of(x):
        raise ValueError(
            f"`{name}` got {len(values)} numbers for shape {tuple(shape_of(x))}; expected one "
            "start and one size per dimension."
        )


@primitive(promote="keep")
def with_slice_at(inputs: Tensor, start_indices: Tensor, updates: Tensor) -> Tensor:
    """Return a tensor with a block replaced, both of one dtype. See `slice_update`."""
    if updates.ndim != inputs.ndim or start_indices.shape not in ((inputs.ndim,), (None,)):
        raise ValueError(
            f"`slice_update` got inputs of shape {inputs.shape}, {start_indices.shape} start "
            f"indices and updates of shape {updates.shape}; expected as many dimensions."
        )
    return inputs


def slice_update(inputs: Tensor, start_indices: Any, updates: Tensor) -> Tensor:
    """Return a tensor with one block replaced.

    Args:
        inputs: tensor of any shape.
        start_indices: where the block starts, one index per dimension; may be a tensor.
        updates: the new block, with as many dimensions as `inputs`; cast to its dtype.

    Raises:
        ValueError: if the numbers of dimensions differ.

    >>> import kerata
    >>> kerata.ops.slice_update([[1, 2], [3, 4]], (1, 0), [[9, 9]]).tolist()
    [[1, 2], [9, 9]]
    """
    starts = _known(start_indices)
    vector = _index_vector(start_indices) if starts is None else np.asarray(starts, "int32")
    return with_slice_at(inputs, vector, in_dtype(updates, dtype_of(inputs)))


# -- gather --------------------------------------------------------------------------------


def _check_indices(indices: TensorSpec, name: str) -> None:
    if is_inexact(indices.dtype):
        raise ValueError(
            f"`{name}` got indices of dtype {indices.dtype}; expected integers. "
            "Cast them with `ops.cast(indices, 'int32')`."
        )


@primitive(promote="keep")
def take(x: Tensor, indices: Tensor, axis: int | None = None) -> Tensor:
    """Return the elements at some indices along an axis.

    Args:
        x: tensor of any shape.
        indices: integers of any shape; negative ones count from the end.
        axis: the dimension; by default the flattened tensor is used.

    Returns:
        Tensor of the shape of `x` with dimension `axis` replaced by the shape of `indices`.

    Raises:
        ValueError: if the indices are not integers.

    >>> import kerata
    >>> kerata.ops.take([10, 20, 30], [2, -3], axis=0).tolist()
    [30, 10]
    """
    _check_indices(indices, "take")
    if axis is None:
        return x.with_shape(indices.shape)
    along = canonical_axis(axis, x.ndim)
    return x.with_shape((*x.shape[:along], *indices.shape, *x.shape[along + 1 :]))


@primitive(promote="keep")
def take_along_axis(x: Tensor, indices: Tensor, axis: int | None = None) -> Tensor:
    """Return, for each position of `indices`, the element of `x` it names along an axis.

    Args:
        x: tensor of any shape.
        indices: integers with as many dimensions; the others than `axis` are broadcast.
        axis: the dimension; by default both are flattened.

    Returns:
        Tensor of the shape of `indices`, broadcast.

    Raises:
        ValueError: if the shapes do not fit, or the indices are not integers.

    >>> import kerata
    >>> kerata.ops.take_along_axis([[1, 2], [3, 4]], [[1], [0]], axis=1).tolist()
    [[2], [3]]
    """
    _check_indices(indices, "take_along_axis")
    if axis is None:
        return x.with_shape((None if None in indices.shape else math.prod(indices.shape),))
    if x.ndim != indices.ndim:
        raise ValueError(
            f"`take_along_axis` got shape {x.shape} and indices of shape {indices.shape}; "
            "expected as many dimensions."
        )
    along = canonical_axis(axis, x.ndim)
    shape = list(x.shape)
    shape[along] = indices.shape[along]
    return x.with_shape(broadcast_shapes(tuple(shape), indices.shape))


# -- scatter -------------------------------------------------------------------------------


@primitive(promote="keep")
def scattered(inputs: Tensor, indices: Tensor, updates: Tensor, reduction: str | None) -> Tensor:
    """Return a tensor with some elements changed, both of one dtype. See `scatter_update`."""
    _check_indices(indices, "scatter_update")
    depth = indices.shape[-1] if indices.ndim else None
    if depth is None or depth > inputs.ndim:
        raise ValueError(
            f"`scatter_update` got indices of shape {indices.shape} for shape {inputs.shape}; "
            f"expected a last dimension of 1 to {inputs.ndim}."
        )
    broadcast_shapes(updates.shape, (*indices.shape[:-1], *inputs.shape[depth:]))
    return inputs


_REDUCTIONS = (None, "add", "max", "min", "mul")


def scatter_update(
    inputs: Tensor, indices: Tensor, updates: Tensor, reduction: str | None = None
) -> Tensor:
    """Return a tensor with some elements (or sub-tensors) replaced or changed.

    Args:
        inputs: tensor of shape `(n_1, ..., n_d)`.
        indices: integers of shape `(..., k)`, `k <= d`: which elements, by their first k indices.
        updates: tensor of shape `(..., n_{k+1}, ..., n_d)`, cast to the dtype of `inputs`.
        reduction: `None` to replace, or how an update meets the old value: `"add"`, `"max"`,
            `"min"` or `"mul"`. An index that occurs several times is replaced by any of its
            updates, or changed by all.

    Raises:
        ValueError: if the shapes do not fit or the reduction is unknown.

    >>> import kerata
    >>> kerata.ops.scatter_update([1, 2, 3], [[0], [2]], [9, 8]).tolist()
    [9, 2, 8]
    """
    if reduction not in _REDUCTIONS:
        raise ValueError(f"`reduction` is {reduction!r}; expected one of {_REDUCTIONS}.")
    return scattered(inputs, indices, in_dtype(updates, dtype_of(inputs)), reduction)


def scatter(indices: Tensor, values: Tensor, shape: Sequence[int]) -> Tensor:
    """Return a tensor of zeros with values added at some indices.

    Args:
        indices: integers of shape `(..., k)`.
        values: tensor of shape `(..., n_{k+1}, ..., n_d)`; values of one index are added up.
        shape: the shape of the result, `(n_1, ..., n_d)`.

    >>> import kerata
    >>> kerata.ops.scatter([[0], [2], [2]], [1, 2, 3], (4,)).tolist()
    [1, 0, 5, 0]
    """
    zeros = filled_like(values, 0, dtype_of(values), tuple(int(size) for size in shape))
    return scatter_update(zeros, indices, values, reduction="add")


def unravel_index(indices: Tensor, shape: Sequence[int]) -> tuple[Tensor, ...]:
    """Return the coordinates, in a tensor of a given shape, of indices into its flattened form.

    Args:
        indices: integers of any shape.
        shape: the sizes of the tensor.

    >>> import kerata
    >>> [i.tolist() for i in kerata.ops.unravel_index([5, 7], (3, 4))]
    [[1, 1], [1, 3]]
    """
    coordinates = []
    for size in reversed(tuple(shape)):
        coordinates.append(mod(indices, size))
        indices = floor_divide(indices, size)
    return tuple(reversed(coordinates))
