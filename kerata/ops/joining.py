"""Several tensors into one, one into several, more of the same: concatenate, split, tile, pad.

`x` is anything tensor-like, `xs` a list of such things.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core.primitive import Tensor, Tensors, convert_to_numpy, primitive
from kerata.core.rules import canonical_axis
from kerata.core.spec import Shape, ndim_of, shape_of, weak_dtype
from kerata.ops.shape import broadcast_to, ravel, reshape, swapaxes

Sections = int | Sequence[int]


def _same_shapes(shapes: Sequence[Shape], skip: int | None, name: str) -> Shape:
    """Return the common shape of tensors that may differ along axis `skip` only."""
    common = list(shapes[0])
    for shape in shapes[1:]:
        sizes = list(zip(common, shape, strict=False))
        if len(shape) != len(common) or any(
            a != b and None not in (a, b) and axis != skip for axis, (a, b) in enumerate(sizes)
        ):
            where = "" if skip is None else f" except along axis {skip}"
            raise ValueError(
                f"`{name}` got shapes {tuple(shapes[0])} and {tuple(shape)}; expected equal "
                f"shapes{where}."
            )
        common = [b if a is None else a for a, b in sizes]
    return tuple(common)


def _not_empty(xs: Sequence, name: str) -> None:
    if not xs:
        raise ValueError(f"`{name}` got no tensors; expected a list of at least one.")


# -- several into one ----------------------------------------------------------------------


@primitive
def concatenate(xs: Tensors, axis: int = 0) -> Tensor:
    """Join tensors along a dimension they have.

    Args:
        xs: tensors whose shapes are equal except along `axis`; they take their common dtype.
        axis: the dimension along which they are joined.

    Raises:
        ValueError: if the other dimensions differ.

    >>> import kerata
    >>> kerata.ops.concatenate([[1, 2], [3]]).tolist()
    [1, 2, 3]
    """
    _not_empty(xs, "concatenate")
    along = canonical_axis(axis, xs[0].ndim)
    shape = list(_same_shapes([x.shape for x in xs], along, "concatenate"))
    sizes = [x.shape[along] for x in xs]
    shape[along] = None if None in sizes else sum(sizes)
    return xs[0].with_shape(shape)


@primitive
def stack(x: Tensors, axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new dimension.

    Args:
        x: tensors of one shape; they take their common dtype.
        axis: where the new dimension stands.

    Raises:
        ValueError: if the shapes differ.

    >>> import kerata
    >>> kerata.ops.stack([[1, 2], [3, 4]], axis=1).tolist()
    [[1, 3], [2, 4]]
    """
    _not_empty(x, "stack")
    shape = list(_same_shapes([each.shape for each in x], None, "stack"))
    shape.insert(canonical_axis(axis, len(shape) + 1), len(x))
    return x[0].with_shape(shape)


def _with_rank(x: Tensor, ndim: int) -> Tensor:
    """Add dimensions of size 1 up to `ndim`: one in front of a vector, else at the end."""
    shape = tuple(-1 if size is None else size for size in shape_of(x))
    if len(shape) >= ndim:
        return x
    if ndim > 1 and len(shape) < 2:
        shape = (1, *shape)
    return reshape(x, shape + (1,) * (ndim - len(shape)))


def hstack(xs: Sequence[Tensor]) -> Tensor:
    """Join tensors along the second dimension, vectors along their only one.

    >>> import kerata
    >>> kerata.ops.hstack([[[1], [2]], [[3], [4]]]).tolist()
    [[1, 3], [2, 4]]
    """
    xs = [_with_rank(x, 1) for x in xs]
    return concatenate(xs, axis=0 if ndim_of(xs[0]) == 1 else 1)


def vstack(xs: Sequence[Tensor]) -> Tensor:
    """Join tensors along the first dimension; vectors count as rows.

    >>> import kerata
    >>> kerata.ops.vstack([[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    """
    return concatenate([_with_rank(x, 2) for x in xs], axis=0)


def dstack(xs: Sequence[Tensor]) -> Tensor:
    """Join tensors along the third dimension; matrices count as of depth 1.

    >>> import kerata
    >>> kerata.ops.dstack([[1, 2], [3, 4]]).tolist()
    [[[1, 3], [2, 4]]]
    """
    return concatenate([_with_rank(x, 3) for x in xs], axis=2)


def append(x1: Tensor, x2: Tensor, axis: int | None = None) -> Tensor:
    """Put `x2` after `x1`.

    Args:
        x1, x2: tensors whose shapes are equal except along `axis`.
        axis: the dimension along which they are joined; by default both are flattened.

    >>> import kerata
    >>> kerata.ops.append([1, 2], [[3], [4]]).tolist()
    [1, 2, 3, 4]
    """
    if axis is None:
        return concatenate([ravel(x1), ravel(x2)])
    return concatenate([x1, x2], axis=axis)


def meshgrid(*x: Tensor, indexing: str = "xy") -> list[Tensor]:
    """Coordinate grids of coordinate vectors.

    Args:
        x: vectors, of lengths `n_1, n_2, ...`.
        indexing: `"ij"` for grids of shape `(n_1, n_2, ...)`, `"xy"` for the first two
            exchanged, `(n_2, n_1, ...)`.

    Returns:
        One tensor per vector, all of the same shape.

    Raises:
        ValueError: if `indexing` is neither of the two.

    >>> import kerata
    >>> [grid.tolist() for grid in kerata.ops.meshgrid([1, 2], [3, 4])]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"`meshgrid` got indexing {indexing!r}; expected 'xy' or 'ij'.")
    vectors = [reshape(each, (-1,)) for each in x]
    full = tuple(shape_of(vector)[0] for vector in vectors)
    grids = []
    for place, vector in enumerate(vectors):
        column = reshape(vector, tuple(-1 if i == place else 1 for i in range(len(vectors))))
        grid = broadcast_to(column, full)
        grids.append(swapaxes(grid, 0, 1) if indexing == "xy" and len(full) > 1 else grid)
    return grids


# -- one into several ----------------------------------------------------------------------


@primitive(promote="keep")
def split(x: Tensor, indices_or_sections: Sections, axis: int = 0) -> list[Tensor]:
    """Cut a tensor into parts along a dimension.

    Args:
        x: tensor of at least one dimension.
        indices_or_sections: how many equal parts, or the indices at which to cut.
        axis: the dimension to cut.

    Returns:
        List of tensors.

    Raises:
        ValueError: if the dimension has no multiple of that many elements.

    >>> import kerata
    >>> [part.tolist() for part in kerata.ops.split([1, 2, 3, 4], 2)]
    [[1, 2], [3, 4]]
    """
    along = canonical_axis(axis, x.ndim)
    size = x.shape[along]
    if isinstance(indices_or_sections, int):
        parts = indices_or_sections
        if parts < 1 or (size is not None and size % parts):
            raise ValueError(
                f"`split` cannot cut axis {axis} of shape {x.shape} into {parts} equal parts; "
                "use `ops.array_split` for unequal ones."
            )
        sizes = [None if size is None else size // parts] * parts
    else:
        sizes = _sizes_between(indices_or_sections, size)
    return [x.with_shape((*x.shape[:along], s, *x.shape[along + 1 :])) for s in sizes]


def _sizes_between(indices: Sequence[int], size: int | None) -> list[int | None]:
    """Return the sizes of the parts that cuts at the indices leave, as Python's slices count."""
    cuts = [None, *(int(i) for i in indices), None]
    spans = list(zip(cuts[:-1], cuts[1:], strict=True))
    if size is not None:
        return [len(range(size)[start:end]) for start, end in spans]
    return [None if end is None or end < 0 else end - (start or 0) for start, end in spans]


def array_split(x: Tensor, indices_or_sections: Sections, axis: int = 0) -> list[Tensor]:
    """Cut a tensor into parts along a dimension; the first ones may be longer by one.

    Args:
        x: tensor of at least one dimension, of known size along `axis`.
        indices_or_sections: how many parts, or the indices at which to cut.
        axis: the dimension to cut.

    >>> import kerata
    >>> [part.tolist() for part in kerata.ops.array_split([1, 2, 3], 2)]
    [[1, 2], [3]]
    """
    if isinstance(indices_or_sections, int):
        along = canonical_axis(axis, ndim_of(x))
        short, longer = divmod(shape_of(x)[along], indices_or_sections)
        parts = range(1, indices_or_sections)
        indices_or_sections = [part * short + min(part, longer) for part in parts]
    return split(x, indices_or_sections, axis)


def hsplit(x: Tensor, indices_or_sections: Sections) -> list[Tensor]:
    """Cut a tensor along the second dimension, a vector along its only one. See `split`.

    >>> import kerata
    >>> [part.tolist() for part in kerata.ops.hsplit([[1, 2]], 2)]
    [[[1]], [[2]]]
    """
    return split(x, indices_or_sections, axis=0 if ndim_of(x) == 1 else 1)


def vsplit(x: Tensor, indices_or_sections: Sections) -> list[Tensor]:
    """Cut a tensor along the first dimension. See `split`.

    >>> import kerata
    >>> [part.tolist() for part in kerata.ops.vsplit([[1], [2]], 2)]
    [[[1]], [[2]]]
    """
    return split(x, indices_or_sections, axis=0)


def dsplit(x: Tensor, indices_or_sections: Sections) -> list[Tensor]:
    """Cut a tensor along the third dimension. See `split`.

    >>> import kerata
    >>> [part.tolist() for part in kerata.ops.dsplit([[[1, 2]]], 2)]
    [[[[1]]], [[[2]]]]
    """
    return split(x, indices_or_sections, axis=2)


@primitive(promote="keep")
def unstack(x: Tensor, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """Cut a tensor into its slices along a dimension, which disappears.

    Args:
        x: tensor of at least one dimension.
        num: the size of the dimension, needed only while building if it is not known.
        axis: the dimension.

    Returns:
        List of tensors.

    Raises:
        ValueError: if the size is not known, or is not `num`.

    >>> import kerata
    >>> [part.tolist() for part in kerata.ops.unstack([[1, 2], [3, 4]])]
    [[1, 2], [3, 4]]
    """
    along = canonical_axis(axis, x.ndim)
    size = x.shape[along]
    count = num if size is None else size
    if count is None or (num is not None and num != count):
        raise ValueError(
            f"`unstack` got num={num} for axis {axis} of shape {x.shape}; expected its size."
        )
    return [x.with_shape((*x.shape[:along], *x.shape[along + 1 :])) for _ in range(count)]


# -- more of the same ----------------------------------------------------------------------


@primitive(promote="keep")
def tile(x: Tensor, repeats: int | Sequence[int]) -> Tensor:
    """Put copies of a tensor side by side.

    Args:
        x: tensor of any shape.
        repeats: how many copies along each dimension, counted from the last.

    >>> import kerata
    >>> kerata.ops.tile([1, 2], 2).tolist()
    [1, 2, 1, 2]
    """
    counts = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    ndim = max(x.ndim, len(counts))
    shape = (1,) * (ndim - x.ndim) + x.shape
    counts = (1,) * (ndim - len(counts)) + counts
    return x.with_shape(
        None if size is None else size * int(count)
        for size, count in zip(shape, counts, strict=True)
    )


@primitive(promote="keep")
def repeated(x: Tensor, repeats: int | tuple[int, ...], axis: int) -> Tensor:
    """Repeat each element along an axis. See `repeat`."""
    along = canonical_axis(axis, x.ndim)
    size = x.shape[along]
    if isinstance(repeats, int):
        length = None if size is None else size * repeats
    elif size not in (len(repeats), None):
        raise ValueError(
            f"`repeat` got {len(repeats)} counts for axis {axis} of shape {x.shape}; expected "
            "one number, or one per element."
        )
    else:
        length = sum(repeats)
    return x.with_shape((*x.shape[:along], length, *x.shape[along + 1 :]))


def repeat(x: Tensor, repeats: int | Sequence[int] | Tensor, axis: int | None = None) -> Tensor:
    """Repeat each element of a tensor.

    Args:
        x: tensor of any shape.
        repeats: how often: one number, or one per element along the axis. Known numbers, since
            the shape of the result depends on them.
        axis: along which axis; by default the flattened tensor.

    Raises:
        ValueError: if there is not one count per element.

    >>> import kerata
    >>> kerata.ops.repeat([1, 2], 2).tolist(), kerata.ops.repeat([1, 2], [0, 3]).tolist()
    ([1, 1, 2, 2], [2, 2, 2])
    """
    counts = repeats if weak_dtype(repeats) else convert_to_numpy(repeats).reshape(-1).tolist()
    if not isinstance(counts, int):
        counts = counts[0] if len(counts) == 1 else tuple(counts)
    return repeated(ravel(x), counts, 0) if axis is None else repeated(x, counts, axis)


@primitive(promote="keep")
def padded(
    x: Tensor, widths: tuple[tuple[int, int], ...], mode: str, value: float | int | bool
) -> Tensor:
    """Add elements around a tensor. See `pad`."""
    if len(widths) != x.ndim:
        raise ValueError(
            f"`pad` got {len(widths)} pairs of widths for shape {x.shape}; expected one pair "
            "(before, after) per dimension."
        )
    return x.with_shape(
        None if size is None else size + before + after
        for size, (before, after) in zip(x.shape, widths, strict=True)
    )


_PAD_MODES = ("constant", "reflect", "symmetric", "edge", "wrap", "empty")


def pad(
    x: Tensor,
    pad_width: int | Sequence[int] | Sequence[Sequence[int]],
    mode: str = "constant",
    constant_values: float | None = None,
) -> Tensor:
    """Add elements before and after those of a tensor.

    Args:
        x: tensor of any shape.
        pad_width: how many: a pair (before, after) per dimension, one pair for all, or one number.
        mode: what is added: `"constant"`, `"edge"` (the outermost element), `"reflect"` (the
            mirror image without the outermost element), `"symmetric"` (with it) or `"wrap"`
            (from the other end).
        constant_values: the number added in mode `"constant"`; by default 0.

    Raises:
        ValueError: for another mode, or if a constant is given for a mode that takes none.

    >>> import kerata
    >>> kerata.ops.pad([1, 2], (1, 2)).tolist()
    [0, 1, 2, 0, 0]
    """
    if mode not in _PAD_MODES:
        raise ValueError(f"`pad` got mode {mode!r}; expected one of {', '.join(_PAD_MODES)}.")
    if constant_values is not None and mode != "constant":
        raise ValueError(f"`pad` takes no `constant_values` in mode {mode!r}; leave it out.")
    value: Any = 0 if constant_values is None else constant_values
    value = value if weak_dtype(value) else convert_to_numpy(value).item()
    widths = np.asarray(pad_width, int)
    if widths.size <= 2:
        widths = np.broadcast_to(widths.reshape(1, -1), (ndim_of(x), 2))
    pairs = tuple((int(before), int(after)) for before, after in widths)
    return padded(x, pairs, "constant" if mode == "empty" else mode, value)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Vandermonde matrix: each column is a power of the vector.

    Args:
        x: vector of length n.
        N: how many columns; by default n.
        increasing: whether the exponents grow to the right.

    Returns:
        Tensor of shape `(n, N)`.

    >>> import kerata
    >>> kerata.ops.vander([1, 2, 3], 2).tolist()
    [[1, 1], [2, 1], [3, 1]]
    """
    from kerata.ops.elementwise import power

    columns = shape_of(x)[0] if N is None else N
    exponents = np.arange(columns, dtype="int8")
    exponents = exponents if increasing else exponents[::-1].copy()
    return power(reshape(x, (-1, 1)), exponents.reshape(1, -1))
