"""What layers that move pixels share: sizes that may be tensors, masks, boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerata import ops
from kerata.core.spec import ndim_of
from kerata.ops.image.window import size_along

#: Height and width: numbers, or float tensors where only a run will know them.
Size = tuple[Any, Any]


def channels_last(data: Any, data_format: str) -> Any:
    """Return the images of a call as (batch, height, width, channels)."""
    images = data["images"] if isinstance(data, Mapping) else data
    images = ops.expand_dims(images, 0) if ndim_of(images) == 3 else images
    return images if data_format == "channels_last" else ops.moveaxis(images, 1, -1)


def size_of(data: Any, data_format: str) -> Size:
    """Return height and width of the images of a call, as floats or tensors."""
    images = data["images"] if isinstance(data, Mapping) else data
    first = ndim_of(images) - (3 if data_format == "channels_last" else 2)
    height, width = (size_along(images, axis) for axis in (first, first + 1))
    return _float(height), _float(width)


def _float(number: Any) -> Any:
    return float(number) if isinstance(number, int) else ops.cast(number, "float32")


def over_masks(masks: Any, function: Callable[[Any], Any]) -> Any:
    """Apply a function of images to masks, which may come without an axis of channels."""
    if ndim_of(masks) == 4:
        return function(masks)
    return ops.squeeze(function(ops.expand_dims(masks, -1)), -1)
