"""Windows of images: which part of an image is seen, and reading it in another size.

A window is a pair (start, length) of rows and one of columns, in pixels of the image. It may reach
beyond the image, and its numbers may be tensors where only a run will know the sizes of images, or
where the window of each image is another one: (batch,).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata.core.primitive import Tensor, primitive
from kerata.core.spec import dtype_of, sizes_of
from kerata.ops.cast import cast
from kerata.ops.creation import ones_like, positions_along
from kerata.ops.elementwise import add, clip, floor, maximum, minimum, multiply, subtract
from kerata.ops.image.sample import order_of, over_floats, sample
from kerata.ops.indexing import get_item
from kerata.ops.joining import pad
from kerata.ops.logic import logical_and, where
from kerata.ops.reduce import sum
from kerata.ops.shape import expand_dims, reshape

Side = tuple[Any, Any]
Window = tuple[Side, Side]
Size = tuple[int, int]


@primitive(promote="keep")
def resized(images: Tensor, size: tuple[int, int], interpolation: str, antialias: bool) -> Tensor:
    """Return float images (batch, height, width, channels) in another size. See `resize`."""
    return images.with_shape((images.shape[0], *size, images.shape[3]))


# -- sizes -------------------------------------------------------------------------------------


def size_along(images: Tensor, axis: int) -> Any:
    """Return the size of a dimension: an integer, or an int32 tensor where a run will tell."""
    size = sizes_of(images)[axis]
    return sum(ones_like(positions_along(images, axis))) if size is None else size


def _known(*numbers: Any) -> bool:
    return all(isinstance(number, int) for number in numbers)


def _least(one: Any, other: Any) -> Any:
    return min(one, other) if _known(one, other) else minimum(one, other)


def _most(one: Any, other: Any) -> Any:
    return max(one, other) if _known(one, other) else maximum(one, other)


# -- which part --------------------------------------------------------------------------------


def whole(batch: Tensor) -> Window:
    """Return the window that is the image."""
    return (0, size_along(batch, 1)), (0, size_along(batch, 2))


def proportional(batch: Tensor, size: Size, inside: bool) -> Window:
    """Return the largest window within the image, or the smallest around it, of proportions.

    It has the same centre as the image, and its proportions are those of `size` up to a pixel.
    """
    height, width = size_along(batch, 1), size_along(batch, 2)
    sides = (height, width * size[0] // size[1]), (width, height * size[1] // size[0])
    if inside:
        lengths = [_least(own, _most(fitting, 1)) for own, fitting in sides]
    else:
        lengths = [own + _most(fitting - own, 0) // 2 * 2 for own, fitting in sides]
    rows, columns = (
        ((own - length) // 2, length) for own, length in zip((height, width), lengths, strict=True)
    )
    return rows, columns


def of_size(batch: Tensor, size: Size, places: tuple[Any, Any] | None = None) -> Window:
    """Return a window of a size; of images that are smaller, the largest of these proportions.

    Args:
        batch: images.
        size: height and width of the window.
        places: where it stands between top and bottom, and between left and right, from 0 to 1,
            as tensors (batch,); in the middle by default.
    """
    height, width = size_along(batch, 1), size_along(batch, 2)
    known = _known(height, width)
    if known and (height < size[0] or width < size[1]):
        return proportional(batch, size, inside=True)
    starts = [(own - new) // 2 for own, new in zip((height, width), size, strict=True)]
    if places is not None:
        starts = [
            floor(multiply(place, _float(own - new + 1)))
            for place, own, new in zip(places, (height, width), size, strict=True)
        ]
    if known:
        return (starts[0], size[0]), (starts[1], size[1])
    fits = logical_and(height >= size[0], width >= size[1])
    smaller = proportional(batch, size, inside=True)
    rows, columns = (
        (where(fits, start, cast(other, dtype_of(start))), where(fits, new, length))
        for start, new, (other, length) in zip(starts, size, smaller, strict=True)
    )
    return rows, columns


def _float(number: Any) -> Any:
    return float(number) if _known(number) else cast(number, "float32")


# -- reading -----------------------------------------------------------------------------------


def read(
    batch: Tensor,
    window: Window,
    size: Size,
    interpolation: str,
    antialias: bool = False,
    fill_value: float = 0.0,
) -> Tensor:
    """Return windows of images (batch, height, width, channels) in a size.

    Raises:
        ValueError: for other interpolations than "nearest" and "bilinear", and for antialiasing,
            where the numbers of the window are not known.
    """
    if all(_known(*side) for side in window):
        part = _cut(batch, window, fill_value)
        if tuple(length for _, length in window) == size:
            return part
        if interpolation == "nearest":
            return resized(part, size, interpolation, False)
        return over_floats(part, lambda x: resized(x, size, interpolation, antialias))
    lengths = tuple(length for _, length in window)
    exact = _known(*lengths) and lengths == size
    order = 0 if exact else _order_between(interpolation, antialias)
    rows, columns = (_positions(side, new) for side, new in zip(window, size, strict=True))
    positions = [expand_dims(rows, 2), expand_dims(columns, 1)]
    return sample(batch, positions, order, "constant", fill_value)


def _order_between(interpolation: str, antialias: bool) -> int:
    if antialias or interpolation not in ("nearest", "bilinear"):
        raise ValueError(
            "`resize` cannot keep the proportions of images whose size is not known yet by "
            f"interpolation={interpolation!r}, antialias={antialias}; choose 'nearest' or "
            "'bilinear' without antialiasing."
        )
    return order_of("resize", interpolation)


def _cut(batch: Tensor, window: Window, fill_value: float) -> Tensor:
    """Return a window of known numbers."""
    parts, margins = [], []
    for axis, (start, length) in zip((1, 2), window, strict=True):
        own = sizes_of(batch)[axis]
        parts.append(slice(max(start, 0), start + length))
        margins.append((max(-start, 0), max(start + length - own, 0)))
    if any(map(any, margins)):
        return pad(batch, ((0, 0), *margins, (0, 0)), constant_values=fill_value)
    return get_item(batch, (slice(None), *parts))


def _positions(side: Side, new: int) -> Tensor:
    """Return where the pixels of a side come from: (batch, new), or (1, new) for all alike."""
    start, length = (
        number if _known(number) else reshape(cast(number, "float32"), (-1, 1)) for number in side
    )
    offsets = (np.arange(new, dtype="float32") + 0.5)[None]
    inner = subtract(multiply(offsets, multiply(length, 1 / new)), 0.5)
    return add(clip(inner, 0.0, subtract(length, 1.0)), start)
