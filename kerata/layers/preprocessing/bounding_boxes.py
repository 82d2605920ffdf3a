"""Bounding boxes: how they are written, how alike they are, and how they move with images.

Everywhere, `boxes` is a tensor (..., 4), or a dictionary that holds one under `"boxes"` beside
`"labels"`, whose other entries pass. A format names the four numbers:

| format | numbers |
| --- | --- |
| `xyxy` | left, top, right, bottom |
| `yxyx` | top, left, bottom, right |
| `xywh` | left, top, width, height |
| `center_xywh` | middle of the width, middle of the height, width, height |
| `center_yxhw` | middle of the height, middle of the width, height, width |

In pixels, or with `rel_` before the name as shares of the width and height of the image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kerata import ops
from kerata.core import tree
from kerata.core.spec import ndim_of, shape_of

Tensor = Any
#: boxes as a tensor or with their labels
Boxes = Any

EPSILON = 1e-7


# -- formats ---------------------------------------------------------------------------------


def _corners_of_sizes(x: Tensor, y: Tensor, width: Tensor, height: Tensor) -> list[Tensor]:
    return [x, y, x + width, y + height]


def _corners_of_center(x: Tensor, y: Tensor, width: Tensor, height: Tensor) -> list[Tensor]:
    return _corners_of_sizes(x - width * 0.5, y - height * 0.5, width, height)


def _sizes(left: Tensor, top: Tensor, right: Tensor, bottom: Tensor) -> list[Tensor]:
    return [left, top, right - left, bottom - top]


def _center(left: Tensor, top: Tensor, right: Tensor, bottom: Tensor) -> list[Tensor]:
    return [(left + right) * 0.5, (top + bottom) * 0.5, right - left, bottom - top]


def _swapped(function: Callable) -> Callable:
    """Return a function between formats for those that name y before x."""
    return lambda a, b, c, d: function(b, a, d, c)


def _as_they_are(*numbers: Tensor) -> list[Tensor]:
    return list(numbers)


#: format -> how its numbers become left, top, right, bottom
TO_CORNERS: dict[str, Callable] = {
    "xyxy": _as_they_are,
    "yxyx": _swapped(_as_they_are),
    "xywh": _corners_of_sizes,
    "center_xywh": _corners_of_center,
    "center_yxhw": _swapped(_corners_of_center),
}
#: format -> how left, top, right, bottom become its numbers
FROM_CORNERS: dict[str, Callable] = {
    "xyxy": _as_they_are,
    "yxyx": lambda *corners: [corners[i] for i in (1, 0, 3, 2)],
    "xywh": _sizes,
    "center_xywh": _center,
    "center_yxhw": lambda *corners: [_center(*corners)[i] for i in (1, 0, 3, 2)],
}


def convert_format(
    boxes: Boxes,
    source: str,
    target: str,
    height: Any = None,
    width: Any = None,
    dtype: str = "float32",
) -> Boxes:
    """Return boxes written in another format.

    Args:
        boxes: tensor (..., 4), or a dictionary with one under `"boxes"`.
        source: the format that they are in; see `kerata.utils.bounding_boxes`.
        target: the format wanted.
        height, width: sizes of the image in pixels, needed between formats in pixels and
            relative ones.
        dtype: float dtype of the result.

    Returns:
        What was given, with the boxes in the target format.

    Raises:
        ValueError: if a format is unknown, sizes are missing, or boxes have not four numbers.

    >>> import kerata
    >>> boxes = kerata.ops.array([[10.0, 20.0, 30.0, 40.0]])
    >>> kerata.utils.bounding_boxes.convert_format(boxes, "xyxy", "xywh").tolist()
    [[10.0, 20.0, 20.0, 20.0]]
    """
    relative, source = _parsed(source)
    wanted_relative, target = _parsed(target)
    scale = None
    if relative != wanted_relative:
        if height is None or width is None:
            raise ValueError(
                f"`convert_format` needs the sizes of the image between formats in pixels and "
                f"relative ones, got height={height} and width={width}. Pass both, in pixels."
            )
        scale = _in_pixels if relative else _as_shares

    def converted(tensor: Tensor) -> Tensor:
        numbers = _numbers(ops.cast(tensor, dtype))
        corners = TO_CORNERS[source](*numbers)
        if scale is not None:
            corners = scale(corners, height, width)
        return ops.concatenate(FROM_CORNERS[target](*corners), -1)

    return _over_boxes(boxes, converted)


def _parsed(name: str) -> tuple[bool, str]:
    """Return whether a format is relative, and its name without that."""
    word = name.lower() if isinstance(name, str) else name
    layout = word.removeprefix("rel_") if isinstance(word, str) else word
    if layout not in TO_CORNERS:
        raise ValueError(
            f"{name!r} is no format of bounding boxes; expected one of "
            f"{', '.join(map(repr, TO_CORNERS))}, or one of them with 'rel_' before it."
        )
    return word != layout, layout


def _numbers(boxes: Tensor) -> list[Tensor]:
    """Return the four numbers of boxes, each as a tensor (..., 1)."""
    if ndim_of(boxes) == 0 or shape_of(boxes)[-1] != 4:
        raise ValueError(
            f"Bounding boxes have shape {shape_of(boxes)}; expected (..., 4), four numbers for "
            "each box."
        )
    return ops.split(boxes, 4, -1)


def _as_shares(corners: list[Tensor], height: Any, width: Any) -> list[Tensor]:
    return [ops.divide(x, size) for x, size in zip(corners, (width, height) * 2, strict=True)]


def _in_pixels(corners: list[Tensor], height: Any, width: Any) -> list[Tensor]:
    return [ops.multiply(x, size) for x, size in zip(corners, (width, height) * 2, strict=True)]


def _over_boxes(boxes: Boxes, function: Callable[[Tensor], Tensor]) -> Boxes:
    """Apply a function to the tensor of boxes, wherever it stands."""
    if isinstance(boxes, Mapping):
        return {**boxes, "boxes": function(boxes["boxes"])}
    return function(boxes)


# -- moving with images ----------------------------------------------------------------------


def clip_to_image_size(
    bounding_boxes: Boxes,
    height: Any = None,
    width: Any = None,
    bounding_box_format: str = "xyxy",
) -> Boxes:
    """Cut off what of boxes lies outside of the image.

    Args:
        bounding_boxes: tensor (..., 4), or a dictionary with one under `"boxes"`. If it has
            `"labels"` as well, those of boxes of which nothing is left become -1.
        height, width: sizes of the image in pixels; not needed for relative formats.
        bounding_box_format: how the boxes are written.

    Returns:
        What was given, with the boxes clipped.

    Raises:
        ValueError: if the format is unknown, or sizes are missing.

    >>> import kerata
    >>> boxes = {"boxes": kerata.ops.array([[-5.0, 2.0, 9.0, 4.0], [11.0, 1.0, 12.0, 2.0]]),
    ...          "labels": kerata.ops.array([7, 8])}
    >>> clipped = kerata.utils.bounding_boxes.clip_to_image_size(boxes, height=10, width=10)
    >>> clipped["boxes"].tolist(), clipped["labels"].tolist()
    ([[0.0, 2.0, 9.0, 4.0], [10.0, 1.0, 10.0, 2.0]], [7, -1])
    """
    relative, _ = _parsed(bounding_box_format)
    if relative:
        height = width = 1.0
    elif height is None or width is None:
        raise ValueError(
            f"`clip_to_image_size` got height={height} and width={width} for boxes in pixels. "
            "Pass both sizes of the image."
        )
    corners = "rel_xyxy" if relative else "xyxy"
    clipped = _over_boxes(
        convert_format(bounding_boxes, bounding_box_format, corners),
        lambda boxes: _clipped(boxes, height, width),
    )
    result = convert_format(clipped, corners, bounding_box_format)
    if isinstance(clipped, Mapping) and "labels" in clipped:
        left, top, right, bottom = ops.unstack(clipped["boxes"], 4, -1)
        empty = ops.less_equal((right - left) * (bottom - top), 0.0)
        result["labels"] = ops.where(empty, -1, result["labels"])
    return result


def _clipped(boxes: Tensor, height: Any, width: Any) -> Tensor:
    """Return boxes in corners, cut off at 0 and the sizes."""
    inside = [
        ops.minimum(ops.maximum(number, 0.0), size)
        for number, size in zip(_numbers(boxes), (width, height) * 2, strict=True)
    ]
    return ops.concatenate(inside, -1)


def crop(
    boxes: Boxes, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy"
) -> Boxes:
    """Return the boxes of an image in a part that is cut out of it.

    Args:
        boxes: tensor (..., 4), or a dictionary with one under `"boxes"`.
        top, left: where the part begins, in pixels.
        height, width: sizes of the part.
        bounding_box_format: how the boxes are written, in pixels.

    Returns:
        What was given, with boxes counted from the corner of the part and clipped to it.

    Raises:
        ValueError: if the format is unknown or relative.

    >>> import kerata
    >>> boxes = kerata.ops.array([[10.0, 20.0, 50.0, 60.0]])
    >>> kerata.utils.bounding_boxes.crop(boxes, top=10, left=20, height=40, width=30).tolist()
    [[0.0, 10.0, 30.0, 40.0]]
    """
    return _in_corners(
        "crop", boxes, bounding_box_format,
        lambda tensor: _clipped(_moved(tensor, -top, -left), height, width),
    )  # fmt: skip


def pad(
    boxes: Boxes,
    top: Any,
    left: Any,
    height: Any = None,
    width: Any = None,
    bounding_box_format: str = "xyxy",
) -> Boxes:
    """Return the boxes of an image to which rows and columns have been added before the first.

    Args:
        boxes: tensor (..., 4), or a dictionary with one under `"boxes"`.
        top, left: how many rows and columns.
        height, width: sizes of the image, which boxes in pixels do not depend on.
        bounding_box_format: how the boxes are written, in pixels.

    Returns:
        What was given, with the boxes moved.

    Raises:
        ValueError: if the format is unknown or relative.

    >>> import kerata
    >>> boxes = kerata.ops.array([[10.0, 20.0, 50.0, 60.0]])
    >>> kerata.utils.bounding_boxes.pad(boxes, top=1, left=2).tolist()
    [[12.0, 21.0, 52.0, 61.0]]
    """
    return _in_corners(
        "pad", boxes, bounding_box_format, lambda tensor: _moved(tensor, top, left)
    )


def _in_corners(
    name: str, boxes: Boxes, bounding_box_format: str, function: Callable[[Tensor], Tensor]
) -> Boxes:
    """Apply a function of corners to boxes in a format of pixels."""
    if _parsed(bounding_box_format)[0]:
        raise ValueError(
            f"`{name}` got boxes in the relative format {bounding_box_format!r}; expected one in "
            "pixels. Convert them with `convert_format(boxes, source, 'xyxy', height, width)`."
        )
    corners = convert_format(boxes, bounding_box_format, "xyxy")
    return convert_format(_over_boxes(corners, function), "xyxy", bounding_box_format)


def _moved(boxes: Tensor, top: Any, left: Any) -> Tensor:
    """Return boxes in corners, moved down and to the right."""
    steps = zip(_numbers(boxes), (left, top) * 2, strict=True)
    return ops.concatenate([ops.add(number, step) for number, step in steps], -1)


def affine_transform(
    boxes: Boxes,
    angle: Any,
    translate_x: Any,
    translate_y: Any,
    scale: Any,
    shear_x: Any,
    shear_y: Any,
    height: Any,
    width: Any,
    center_x: Any = None,
    center_y: Any = None,
    bounding_box_format: str = "xyxy",
) -> Boxes:
    """Return the boxes around what boxes become when an image is turned, moved and sheared.

    A point `p`, counted from the center, becomes `X Y R s (p + t)`, with the rotation `R`
    against the clock, the scale `s`, the shears `X` and `Y` and the translation `t`. The new box
    is the smallest one around the four corners.

    Args:
        boxes: tensor (..., boxes, 4), or a dictionary with one under `"boxes"`.
        angle: in degrees; this and the following ones are numbers, or tensors with one number
            for each image.
        translate_x, translate_y: as shares of `width - 1` and `height - 1`.
        scale: by which sizes are multiplied.
        shear_x, shear_y: angles in degrees.
        height, width: sizes of the image.
        center_x, center_y: the point that stays, as shares likewise; the middle by default.
        bounding_box_format: how the boxes are written, in pixels.

    Returns:
        What was given, with the boxes transformed; they may lie outside of the image.

    Raises:
        ValueError: if the format is unknown or relative.

    >>> import kerata
    >>> boxes = kerata.ops.array([[0.0, 0.0, 2.0, 1.0]])
    >>> turned = kerata.utils.bounding_boxes.affine_transform(
    ...     boxes, 90.0, 0.0, 0.0, 1.0, 0.0, 0.0, height=5, width=5)
    >>> kerata.ops.round(turned, 3).tolist()
    [[0.0, 2.0, 1.0, 4.0]]
    """
    across, down = (ops.cast(size, "float32") - 1.0 for size in (width, height))
    move = [_per_image(translate_x) * across, _per_image(translate_y) * down]
    center = [
        side * 0.5 if share is None else _per_image(share) * side
        for share, side in ((center_x, across), (center_y, down))
    ]
    turn, skew_x, skew_y = (
        _per_image(degrees) * (math.pi / 180) for degrees in (angle, shear_x, shear_y)
    )
    sine, cosine, zoom = ops.sin(turn), ops.cos(turn), _per_image(scale)

    def image_of(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        x, y = (x - center[0] + move[0]) * zoom, (y - center[1] + move[1]) * zoom
        x, y = cosine * x + sine * y, cosine * y - sine * x
        y = y + ops.tan(skew_y) * x
        x = x + ops.tan(skew_x) * y
        return x + center[0], y + center[1]

    def transformed(corners: Tensor) -> Tensor:
        left, top, right, bottom = _numbers(corners)
        points = [image_of(x, y) for x in (left, right) for y in (top, bottom)]
        xs, ys = (ops.concatenate(each, -1) for each in zip(*points, strict=True))
        ends = [end(each, -1) for end in (ops.min, ops.max) for each in (xs, ys)]
        return ops.stack(ends, -1)

    return _in_corners("affine_transform", boxes, bounding_box_format, transformed)


def _per_image(values: Any) -> Tensor:
    """Return one number, or one for each image in a shape that fits its boxes."""
    values = ops.cast(values, "float32")
    return ops.reshape(values, (-1, 1, 1)) if ndim_of(values) else values


# -- how alike boxes are ---------------------------------------------------------------------


def compute_iou(
    boxes1: Tensor,
    boxes2: Tensor,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: float = -1,
    image_shape: Sequence[int] | None = None,
) -> Tensor:
    """Return the intersection over union of each of some boxes with each of others.

    Args:
        boxes1: tensor (M, 4) or (batch, M, 4).
        boxes2: tensor (N, 4) or (batch, N, 4).
        bounding_box_format: how both are written.
        use_masking: whether pairs with a box of four negative numbers (filling) get `mask_val`.
        mask_val: that value.
        image_shape: kept for Keras' signature: the ratio is the same in pixels and in shares.

    Returns:
        Tensor (M, N) or (batch, M, N), with values from 0 to 1.

    Raises:
        ValueError: if shapes or the format do not fit.

    >>> import kerata
    >>> boxes = kerata.ops.array([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]])
    >>> kerata.ops.round(kerata.utils.bounding_boxes.compute_iou(boxes, boxes, "xyxy"), 3).tolist()
    [[1.0, 0.333...], [0.333..., 1.0]]
    """
    for name, boxes in (("boxes1", boxes1), ("boxes2", boxes2)):
        if ndim_of(boxes) not in (2, 3):
            raise ValueError(
                f"`compute_iou` got {name} of shape {shape_of(boxes)}; expected (boxes, 4) or "
                "(batch, boxes, 4)."
            )
    layout = _parsed(bounding_box_format)[1]
    first = ops.expand_dims(convert_format(boxes1, layout, "xyxy"), -2)
    second = ops.expand_dims(convert_format(boxes2, layout, "xyxy"), -3)
    result = ops.squeeze(_ratio(_numbers(first), _numbers(second)), -1)
    if not use_masking:
        return result
    filling = [ops.max(boxes, -1) < 0 for boxes in (boxes1, boxes2)]
    either = ops.logical_or(ops.expand_dims(filling[0], -1), ops.expand_dims(filling[1], -2))
    return ops.where(either, float(mask_val), result)


def _ratio(first: list[Tensor], second: list[Tensor]) -> Tensor:
    """Return intersection over union of boxes given by their corners; 0 for empty ones."""
    width, height = _overlap(first, second)
    common = ops.maximum(width, 0.0) * ops.maximum(height, 0.0)
    (width1, height1), (width2, height2) = _sizes(*first)[2:], _sizes(*second)[2:]
    return ops.divide_no_nan(common, width1 * height1 + width2 * height2 - common)


def _overlap(first: list[Tensor], second: list[Tensor]) -> list[Tensor]:
    """Return width and height of what two boxes have in common, negative if that is nothing."""
    return [
        ops.minimum(first[i + 2], second[i + 2]) - ops.maximum(first[i], second[i])
        for i in range(2)
    ]


def compute_ciou(
    boxes1: Tensor,
    boxes2: Tensor,
    bounding_box_format: str,
    image_shape: Sequence[int] | None = None,
) -> Tensor:
    """Return the complete intersection over union of pairs of boxes.

    `iou - d**2 / c**2 - a * v`, with the distance `d` of the middles, the diagonal `c` of the
    smallest box around both, `v = 4 / pi**2 * (atan(w2 / h2) - atan(w1 / h1))**2`, and
    `a = v / (1 - iou + v)`.

    Args:
        boxes1: tensor (..., 4).
        boxes2: tensor (..., 4) that broadcasts with it.
        bounding_box_format: how both are written.
        image_shape: (height, width, ...) of the image, needed for relative formats.

    Returns:
        Tensor (...), with values from -1.5 to 1, that of equal boxes.

    Raises:
        ValueError: if the format is unknown, or the shape of the image is missing.

    Source: Zheng et al., "Distance-IoU loss: faster and better learning for bounding box
    regression", 2020.

    >>> import kerata
    >>> box = kerata.ops.array([0.0, 0.0, 2.0, 4.0])
    >>> round(float(kerata.utils.bounding_boxes.compute_ciou(box, box, "xyxy")), 3)
    1.0
    """
    size = _image_size(image_shape)
    first, second = (
        _numbers(convert_format(boxes, bounding_box_format, "xyxy", *size))
        for boxes in (boxes1, boxes2)
    )
    iou = _ratio(first, second)
    x1, y1, width1, height1 = _center(*first)
    x2, y2, width2, height2 = _center(*second)
    distance = ops.square(x2 - x1) + ops.square(y2 - y1)
    around = [
        ops.maximum(first[i + 2], second[i + 2]) - ops.minimum(first[i], second[i])
        for i in range(2)
    ]
    diagonal = ops.square(around[0]) + ops.square(around[1])
    angles = ops.arctan2(width2, height2 + EPSILON) - ops.arctan2(width1, height1 + EPSILON)
    shape = ops.square(angles) * (4 / math.pi**2)
    weight = shape / (1.0 - iou + shape + EPSILON)
    return ops.squeeze(iou - distance / (diagonal + EPSILON) - weight * shape, -1)


def _image_size(image_shape: Sequence[int] | None) -> tuple[Any, Any]:
    return (None, None) if image_shape is None else (image_shape[0], image_shape[1])


# -- anchors ---------------------------------------------------------------------------------


def encode_box_to_deltas(
    anchors: Tensor,
    boxes: Tensor,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Sequence[float] | None = None,
    image_shape: Sequence[int] | None = None,
) -> Tensor:
    """Return what a detector shall predict for boxes: how they differ from anchors.

    The distances of the middles as shares of the anchor's sizes, and the logarithms of the
    ratios of sizes.

    Args:
        anchors: tensor (N, 4).
        boxes: tensor (N, 4) or (batch, N, 4).
        anchor_format, box_format: how they are written.
        encoding_format: `"center_yxhw"` or `"center_xywh"`: the order of the result.
        variance: four numbers by which the result is divided.
        image_shape: (height, width, ...) of the image, needed for relative formats.

    Returns:
        Tensor of the shape of `boxes`.

    Raises:
        ValueError: if a format does not fit, or `variance` has not four numbers.

    Source: Girshick et al., "Rich feature hierarchies for accurate object detection and semantic
    segmentation", 2014, appendix C.

    >>> import kerata
    >>> anchors = kerata.ops.array([[0.0, 0.0, 10.0, 10.0]])
    >>> boxes = kerata.ops.array([[5.0, 0.0, 15.0, 10.0]])
    >>> kerata.utils.bounding_boxes.encode_box_to_deltas(anchors, boxes, "xyxy", "xyxy").tolist()
    [[0.0, 0.5, 0.0, 0.0]]
    """
    _check_encoding(encoding_format, variance)
    size = _image_size(image_shape)
    middle, extent = _halves(convert_format(anchors, anchor_format, encoding_format, *size))
    new_middle, new_extent = _halves(convert_format(boxes, box_format, encoding_format, *size))
    extent = ops.maximum(extent, EPSILON)
    ratio = ops.maximum(new_extent, EPSILON) / extent
    deltas = ops.concatenate([(new_middle - middle) / extent, ops.log(ratio)], -1)
    return deltas if variance is None else ops.divide(deltas, ops.cast(variance, "float32"))


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Sequence[float] | None = None,
    image_shape: Sequence[int] | None = None,
) -> Any:
    """Return the boxes that a detector has predicted by how they differ from anchors.

    The reverse of `encode_box_to_deltas`.

    Args:
        anchors: tensor (N, 4), or a dictionary of such tensors by level.
        boxes_delta: tensor (N, 4) or (batch, N, 4), or a dictionary of them alike.
        anchor_format: how the anchors are written.
        box_format: how the boxes shall be written.
        encoded_format: the order of the deltas, `"center_yxhw"` or `"center_xywh"`.
        variance: four numbers by which the deltas are multiplied.
        image_shape: (height, width, ...) of the image, needed for relative formats.

    Returns:
        Tensor of the shape of the deltas, or a dictionary of them.

    Raises:
        ValueError: if a format does not fit, or `variance` has not four numbers.

    >>> import kerata
    >>> anchors = kerata.ops.array([[0.0, 0.0, 10.0, 10.0]])
    >>> deltas = kerata.ops.array([[0.0, 0.5, 0.0, 0.0]])
    >>> kerata.utils.bounding_boxes.decode_deltas_to_boxes(anchors, deltas, "xyxy", "xyxy").tolist()
    [[5.0, 0.0, 15.0, 10.0]]
    """
    _check_encoding(encoded_format, variance)
    size = _image_size(image_shape)

    def decoded(level: Tensor, deltas: Tensor) -> Tensor:
        middle, extent = _halves(convert_format(level, anchor_format, encoded_format, *size))
        if variance is not None:
            deltas = ops.multiply(deltas, ops.cast(variance, "float32"))
        step, logarithm = _halves(deltas)
        boxes = ops.concatenate([step * extent + middle, ops.exp(logarithm) * extent], -1)
        return convert_format(boxes, encoded_format, box_format, *size)

    return tree.map_structure(decoded, anchors, boxes_delta)


def _halves(boxes: Tensor) -> list[Tensor]:
    """Return middles and sizes of boxes in a format that has them in this order."""
    return ops.split(boxes, 2, -1)


def _check_encoding(encoding: str, variance: Sequence[float] | None) -> None:
    if encoding not in ("center_xywh", "center_yxhw"):
        raise ValueError(
            f"Boxes are encoded in 'center_xywh' or 'center_yxhw', got {encoding!r}."
        )
    if variance is not None and shape_of(variance) != (4,):
        raise ValueError(
            f"`variance` has shape {shape_of(variance)}; expected four numbers, such as "
            "[0.1, 0.1, 0.2, 0.2]."
        )
