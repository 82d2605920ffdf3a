"""The arithmetic of resampling images, shared by the kernels of all engines.

Positions count pixels from 0; the centre of pixel i lies at i. Resizing lays the outer borders of
the images on each other, so that output pixel o has its centre at `(o + 1/2) * scale - 1/2` of the
input, where `scale` is the ratio of the sizes, input to output.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


# -- interpolation at arbitrary positions ------------------------------------------------------


class Neighbours(NamedTuple):
    """The pixels around positions along one dimension."""

    places: list[Any]  # whole positions within the image, as floats: one tensor, or below and above
    inside: list[Any]  # whether they were within the image; empty where nothing is filled in
    share: Any  # of the pixels above; of no meaning for one


def interpolated(
    engine: Any,
    pixels_at: Callable[[list], Any],
    sizes: Sequence[Any],
    coordinates: Sequence[Any],
    order: int,
    fill_mode: str,
    fill_value: float,
    ready: Callable[[list[Neighbours]], list[Neighbours]] = list,
) -> Any:
    """Return pixels at fractional positions, by products of linear weights.

    Args:
        engine: the module with the engine's `floor` and `where`.
        pixels_at: returns the pixels at whole positions, `(*points, channels)`, given one tensor
            of floats per dimension, all within the image.
        sizes: of the image.
        coordinates: one tensor of positions per dimension.
        order: 0 for the nearest pixel, 1 for linear interpolation.
        fill_mode, fill_value: what lies outside of the image.
        ready: for engines that fuse: sees to it that what all pixels need is computed once.
    """
    neighbours = ready(
        [
            _neighbours(engine, position, size, order, fill_mode)
            for position, size in zip(coordinates, sizes, strict=True)
        ]
    )

    def between(places: list, inside: list) -> Any:
        """Interpolate along the dimensions whose place is not chosen yet."""
        if len(places) == len(sizes):
            pixels = pixels_at(places)
            for hit in inside:
                pixels = engine.where(hit[..., None], pixels, fill_value)
            return pixels
        found = neighbours[len(places)]
        read = [
            between([*places, place], [*inside, *found.inside[number : number + 1]])
            for number, place in enumerate(found.places)
        ]
        if len(read) == 1:
            return read[0]
        share = found.share[..., None]
        return read[0] * (1 - share) + read[1] * share

    return between([], [])


def _neighbours(engine: Any, position: Any, size: Any, order: int, fill_mode: str) -> Neighbours:
    if order == 0:
        whole, share = [nearest(engine, position)], position
    else:
        below = engine.floor(position)
        whole, share = [below, below + 1], position - below
    places = [_inside(engine, place, size, fill_mode) for place in whole]
    if fill_mode != "constant":
        return Neighbours(places, [], share)
    return Neighbours(places, [(place >= 0) & (place <= size - 1) for place in whole], share)


def nearest(engine: Any, position: Any) -> Any:
    """Return whole positions; halves go away from 0."""
    return engine.where(position < 0, -engine.floor(0.5 - position), engine.floor(position + 0.5))


def _inside(engine: Any, position: Any, size: Any, fill_mode: str) -> Any:
    """Return the positions within an image of `size` pixels that positions stand for."""
    last = size - 1
    if fill_mode == "wrap":
        position = position % size
    elif fill_mode == "reflect":
        position = position % (2 * size)
        position = engine.where(position > last, 2 * size - 1 - position, position)
    elif fill_mode == "mirror":
        position = position % (2 * last + 1e-30)  # the period; a single pixel has one above 0
        position = engine.where(position > last, 2 * last - position, position)
    position = engine.where(position > 0, position, 0.0)  # NaN becomes 0 as well
    return engine.where(position < last, position, last * 1.0)


# -- resizing ----------------------------------------------------------------------------------


def weights(engine: Any, size: int, centers: Any, scale: Any, method: str, antialias: bool) -> Any:
    """Return how much each input pixel counts for each output pixel along one dimension.

    Args:
        engine: what has `abs`, `maximum`, `sinc`, `subtract`, `sum` and `where`: a module or
            namespace.
        size: of the input.
        centers: positions of the output pixels in the input.
        scale: input pixels per output pixel.
        method: "bilinear", "bicubic", "lanczos3" or "lanczos5".
        antialias: whether to widen the kernel by `scale`, where that is above 1.

    Returns:
        Matrix `(outputs, size)` whose rows sum to 1, or are 0 where the centre lies outside.
    """
    width = engine.maximum(scale, 1.0) if antialias else 1.0
    pixels = np.arange(size, dtype="float32")
    distance = engine.abs(engine.subtract(centers[:, None], pixels)) / width
    found = _KERNELS[method](engine, distance)
    total = engine.sum(found, 1)[:, None]
    within = (centers >= -0.5) & (centers <= size - 0.5)
    known = within[:, None] & (engine.abs(total) > 1e-4)
    return engine.where(known, found / engine.where(known, total, 1.0), 0.0)


def _triangle(engine: Any, distance: Any) -> Any:
    return engine.maximum(1 - distance, 0.0)


def _cubic(engine: Any, distance: Any) -> Any:
    """Keys (1981), "Cubic convolution interpolation for digital image processing", a = -1/2."""
    near = (1.5 * distance - 2.5) * distance * distance + 1
    far = ((2.5 - 0.5 * distance) * distance - 4) * distance + 2
    return engine.where(distance < 1, near, engine.where(distance < 2, far, 0.0))


def _lanczos(engine: Any, distance: Any, radius: int) -> Any:
    """Return Lanczos' kernel, a sinc under the main lobe of a wider one."""
    waves = engine.sinc(distance) * engine.sinc(distance / radius)
    return engine.where(distance < radius, waves, 0.0)


_KERNELS: dict[str, Callable] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": functools.partial(_lanczos, radius=3),
    "lanczos5": functools.partial(_lanczos, radius=5),
}


@functools.lru_cache(maxsize=64)
def resizing_weights(size: int, new: int, method: str, antialias: bool) -> np.ndarray:
    """Return the matrix (new, size) that resizes one dimension."""
    scale = size / new
    centers = (np.arange(new) + 0.5) * scale - 0.5
    return weights(np, size, centers, scale, method, antialias).astype("float32")


@functools.lru_cache(maxsize=64)
def taps(size: int, new: int, method: str, antialias: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return which input pixels each output pixel is made of and their weights: (count, new)."""
    matrix = resizing_weights(size, new, method, antialias)
    used = matrix != 0
    first, last = used.argmax(1), size - 1 - used[:, ::-1].argmax(1)
    count = int((last - first).max(initial=0)) + 1
    indices = np.minimum(first, size - count)[:, None] + np.arange(count)
    return indices.T, np.take_along_axis(matrix, indices, 1).T


def nearest_pixels(positions: Any, size: Any, new: int) -> Any:
    """Return which input pixel each output pixel is: the one that its centre lies in."""
    return (2 * positions + 1) * size // (2 * new)
