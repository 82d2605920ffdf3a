"""What layers that move pixels share: sizes that may be tensors, masks, boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerata import ops
from kerata.core.spec import ndim_of
from kerata.layers.preprocessing.bounding_boxes import clip_to_image_size, convert_format
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


def moved_boxes(
    bounding_boxes: Any,
    box_format: str,
    image_of: Callable[[Any, Any], tuple[Any, Any]],
    old: Size,
    new: Size,
) -> Any:
    """Return the boxes around what the corners of boxes become, clipped to the new image.

    Args:
        bounding_boxes: dictionary of `"boxes"` (batch, number, 4) and `"labels"`; the labels of
            boxes of which nothing is left become -1.
        box_format: how the boxes are written.
        image_of: returns where points go, given x and y, of shape (batch, number), in pixels from
            the upper left corner of the image: the first pixel has its centre at (1/2, 1/2).
        old, new: height and width of the image before and after.
    """

    def around(boxes: Any) -> Any:
        left, top, right, bottom = ops.unstack(boxes, 4, -1)
        points = [image_of(x, y) for x in (left, right) for y in (top, bottom)]
        xs, ys = (ops.stack(each, -1) for each in zip(*points, strict=True))
        return ops.stack([end(each, -1) for end in (ops.min, ops.max) for each in (xs, ys)], -1)

    corners = convert_format(bounding_boxes, box_format, "xyxy", *old)
    moved = clip_to_image_size({**corners, "boxes": around(corners["boxes"])}, *new, "xyxy")
    return convert_format(moved, "xyxy", box_format, *new)
