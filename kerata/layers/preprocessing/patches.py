"""Random rectangles inside of images: what RandomErasing erases and CutMix pastes."""

from __future__ import annotations

from typing import Any

from kerata import ops, random
from kerata.core.seeds import SeedGenerator
from kerata.core.spec import sizes_of
from kerata.layers.preprocessing.image_layer import positions

Tensor = Any


def random_patches(
    images: Tensor, axes: tuple[int, int], shares: tuple[Tensor, Tensor], source: SeedGenerator
) -> Tensor:
    """Return for each image where a rectangle is that lies anywhere in it, all places alike.

    Args:
        images: (batch, height, width, channels), or with the channels second.
        axes: where height and width are.
        shares: how much of height and width a rectangle has, from 0 to 1: (batch, 1, 1, 1).
        source: what its place is drawn from.

    Returns:
        A bool tensor that broadcasts to the images, true in the rectangles.
    """
    down, across = (
        _random_interval(images, axis, share, source)
        for axis, share in zip(axes, shares, strict=True)
    )
    return ops.logical_and(down, across)


def _random_interval(images: Tensor, axis: int, share: Tensor, source: SeedGenerator) -> Tensor:
    """Return which positions along an axis are in an interval of random place."""
    place = ops.cast(positions(images, axis), "float32")
    size = ops.max(place, axis, keepdims=True) + 1.0
    length = ops.round(share * size)
    chance = random.uniform((sizes_of(images)[0], 1, 1, 1), dtype="float32", seed=source)
    start = ops.floor(chance * (size - length + 1.0))
    return ops.logical_and(place >= start, place < start + length)
