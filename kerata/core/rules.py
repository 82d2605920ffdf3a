"""Shape rules that many primitives share, over plain Python sizes; `None` is not known yet."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from kerata.core.spec import Shape, TensorSpec

Axis = int | Sequence[int] | None


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Return the shape that shapes broadcast to, by NumPy's rule.

    Raises:
        ValueError: if two sizes differ and neither is 1.

    >>> broadcast_shapes((None, 3), (1,), (2, 1))
    (2, 3)
    """
    rank = max((len(shape) for shape in shapes), default=0)
    result: list[int | None] = []
    for axis in range(-rank, 0):
        sizes = [shape[axis] for shape in shapes if len(shape) >= -axis]
        known = {size for size in sizes if size not in (1, None)}
        if len(known) > 1:
            text = " and ".join(str(tuple(shape)) for shape in shapes)
            raise ValueError(
                f"Shapes {text} do not broadcast: along axis {axis} the sizes differ "
                f"({', '.join(map(str, sorted(known)))}) and none is 1."
            )
        result.append(known.pop() if known else None if None in sizes else 1)
    return tuple(result)


def broadcast(*specs: TensorSpec) -> TensorSpec:
    """Return the spec of tensors of one dtype broadcast together."""
    first = specs[0]
    if all(spec.shape == first.shape for spec in specs):
        return first
    return first.with_shape(broadcast_shapes(*(spec.shape for spec in specs)))


def canonical_axis(axis: int, ndim: int, name: str = "axis") -> int:
    """Return an axis counted from the front.

    Raises:
        ValueError: if there is no such axis.

    >>> canonical_axis(-1, 3)
    2
    """
    axis = operator.index(axis)
    if not -ndim <= axis < ndim:
        raise ValueError(f"`{name}` is {axis}, but the tensor has {ndim} dimensions.")
    return axis % ndim if ndim else 0


def canonical_axes(axis: Axis, ndim: int, name: str = "axis") -> tuple[int, ...]:
    """Return axes counted from the front; `None` stands for all.

    Raises:
        ValueError: if there is no such axis or one is repeated.

    >>> canonical_axes(None, 2), canonical_axes((-1, 0), 3)
    ((0, 1), (2, 0))
    """
    if axis is None:
        return tuple(range(ndim))
    listed = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple(canonical_axis(each, ndim, name) for each in listed)
    if len(set(axes)) != len(axes):
        raise ValueError(f"`{name}` is {axis}: an axis is repeated.")
    return axes


def reduced_shape(shape: Shape, axis: Axis, keepdims: bool = False) -> Shape:
    """Return the shape after reducing axes.

    >>> reduced_shape((2, None, 4), 1), reduced_shape((2, 3), -1, keepdims=True)
    ((2, 4), (2, 1))
    """
    axes = set(canonical_axes(axis, len(shape)))
    if keepdims:
        return tuple(1 if i in axes else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in axes)
