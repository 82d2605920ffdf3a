"""The arithmetic of resampling images, shared by the kernels of all engines.

Positions count pixels from 0; the centre of pixel i lies at i. Resizing lays the outer borders of
the images on each other, so that output pixel o has its centre at `(o + 1/2) * scale - 1/2` of the
input, where `scale` is the ratio of the sizes, input to output.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


# -- interpolation at arbitrary positions ------------------------------------------------------


def interpolated(
    engine: Any,
    pixels_at: Callable[[list], Any],
    sizes: Sequence[Any],
    coordinates: Sequence[Any],
    order: int,
    fill_mode: str,
    fill_value: float,
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
    """

    def between(whole: list) -> Any:
        """Interpolate along the dimensions whose whole position is not chosen yet."""
        if len(whole) == len(sizes):
            return _pixels(engine, pixels_at, sizes, whole, fill_mode, fill_value)
        position = coordinates[len(whole)]
        if order == 0:
            return between([*whole, nearest(engine, position)])
        below = engine.floor(position)
        share = (position - below)[..., None]
        return between([*whole, below]) * (1 - share) + between([*whole, below + 1]) * share

    return between([])


def nearest(engine: Any, position: Any) -> Any:
    """Return whole positions; halves go away from 0."""
    return engine.where(position < 0, -engine.floor(0.5 - position), engine.floor(position + 0.5))


def _pixels(
    engine: Any,
    pixels_at: Callable,
    sizes: Sequence[Any],
    whole: list,
    fill_mode: str,
    fill_value: float,
) -> Any:
    """Return the pixels at whole positions, which may lie outside of the image."""
    pairs = list(zip(whole, sizes, strict=True))
    pixels = pixels_at([_inside(engine, *pair, fill_mode) for pair in pairs])
    if fill_mode != "constant":
        return pixels
    for position, size in pairs:
        hit = (position >= 0) & (position <= size - 1)
        pixels = engine.where(hit[..., None], pixels, fill_value)
    return pixels


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
