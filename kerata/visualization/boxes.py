"""Pictures with boxes around things: what an object detector says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerata.core.primitive import convert_to_numpy
from kerata.visualization.gallery import channels_last, of_255, plot_image_gallery

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Color = tuple[int, int, int]
Boxes = Mapping[str, Any]

_NO_BOX = -1  # the label of places that hold no box
_TEXT_HEIGHT = 12  # points of the picture, at a scale of 1


def draw_bounding_boxes(
    images: Any,
    bounding_boxes: Boxes,
    bounding_box_format: str,
    class_mapping: Mapping[int, str] | None = None,
    color: Color = (128, 128, 128),
    line_thickness: int = 2,
    text_thickness: int = 1,
    font_scale: float = 1.0,
    data_format: str | None = None,
) -> np.ndarray:
    """Return pictures with boxes, and the names of what is in them, drawn into them.

    Args:
        images: pictures ``(n, height, width, 3)``, or channels first if `data_format` says so:
            integers 0 to 255, or floats of that range or from 0 to 1.
        bounding_boxes: ``"boxes"`` ``(n, boxes, 4)``, ``"labels"`` ``(n, boxes)``, where -1 means
            that there is no box, and perhaps ``"confidences"`` ``(n, boxes)``.
        bounding_box_format: how the four numbers are meant, such as ``"xyxy"``; see
            `kerata.utils.bounding_boxes.convert_format`.
        class_mapping: class -> name; classes without a name are drawn without.
        color: red, green and blue, 0 to 255.
        line_thickness: of the boxes, in points of the picture.
        text_thickness: of the letters' strokes, in points of the picture.
        font_scale: size of the letters; 1 is 12 points high.
        data_format: ``"channels_last"`` or ``"channels_first"``; the configured one by default.

    Returns:
        uint8 ``(n, height, width, 3)``.

    Raises:
        ImportError: when Pillow is missing.
        TypeError: for boxes that are no dict.
        ValueError: for other shapes, or a dict without ``"boxes"`` or ``"labels"``.

    >>> import kerata, numpy as np
    >>> boxes = {"boxes": np.array([[[1, 1, 6, 4]]]), "labels": np.array([[0]])}
    >>> drawn = kerata.visualization.draw_bounding_boxes(
    ...     np.zeros((1, 8, 8, 3)), boxes, "xyxy", color=(9, 9, 9), line_thickness=1
    ... )
    >>> drawn[0, :, :, 0].sum(1).tolist()
    [0, 54, 18, 18, 54, 0, 0, 0]
    """
    pictures = _as_bytes(images, data_format)
    boxes, labels, confidences = _as_corners(bounding_boxes, bounding_box_format, pictures.shape)
    names = class_mapping or {}
    drawn = []
    for i, picture in enumerate(pictures):
        texts = [
            _text(names.get(int(label)), None if confidences is None else confidences[i][j])
            for j, label in enumerate(labels[i])
        ]
        kept = [j for j, label in enumerate(labels[i]) if label != _NO_BOX]
        named = [(boxes[i][j], texts[j]) for j in kept]
        drawn.append(
            _drawn(picture, named, font_scale, color, line_thickness, text_thickness)
        )
    return np.stack(drawn) if drawn else pictures


def _as_bytes(images: Any, data_format: str | None) -> np.ndarray:
    pictures = channels_last(images, data_format)
    if pictures.dtype.kind == "f" and pictures.size:
        pictures = np.clip(pictures, 0, 255) * (255 if pictures.max() <= 1 else 1)
    return np.ascontiguousarray(pictures.astype(np.uint8))


def _as_corners(
    boxes: Boxes, box_format: str, shape: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return boxes as left, top, right and bottom in whole points, labels, and confidences."""
    from kerata.utils.bounding_boxes import convert_format

    if not isinstance(boxes, Mapping):
        raise TypeError(f"bounding_boxes is a {type(boxes).__name__}; a dict was expected.")
    missing = [name for name in ("boxes", "labels") if name not in boxes]
    if missing:
        raise ValueError(f"bounding_boxes lacks {missing[0]!r}; it has {', '.join(boxes)}.")
    height, width = shape[1:3]
    given = np.asarray(convert_to_numpy(boxes["boxes"]), np.float32)
    corners = convert_to_numpy(convert_format(given, box_format, "xyxy", height, width))
    confidences = boxes.get("confidences")
    return (
        np.asarray(corners).astype(np.int64),
        np.asarray(convert_to_numpy(boxes["labels"])).astype(np.int64),
        None if confidences is None else np.asarray(convert_to_numpy(confidences)),
    )


def _text(name: str | None, confidence: Any) -> str:
    if name is None:
        return ""
    return name if confidence is None else f"{name} | {float(confidence):.2f}"


def _drawn(
    picture: np.ndarray, boxes: list[tuple], font_scale: float, color: Color, line: int, text: int
) -> np.ndarray:
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise ImportError("Boxes need Pillow: pip install 'kerata[data]'") from error
    gray = picture.shape[-1] == 1
    image = Image.fromarray(np.repeat(picture, 3, axis=-1) if gray else picture)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(_TEXT_HEIGHT * font_scale)
    for (left, top, right, bottom), name in boxes:
        x, y = sorted((int(left), int(right))), sorted((int(top), int(bottom)))
        draw.rectangle((x[0], y[0], x[1], y[1]), outline=tuple(color), width=line)
        if name:
            _write(draw, name, (x[0], y[0]), image.size, font, color, text, line)
    result = np.asarray(image)
    return result[..., :1] if gray else result


def _write(
    draw: Any, name: str, corner: tuple[int, int], size: tuple[int, int], font: Any, color: Color,
    thickness: int, line: int,
) -> None:  # fmt: skip
    """Write above a box where there is room, else inside, on a ground that lets it be read."""
    left, top, right, bottom = draw.textbbox((0, 0), name, font=font)
    width, height = right - left + 4, bottom - top + 4
    x = max(min(corner[0], size[0] - width), 0)
    y = corner[1] - height if corner[1] >= height else corner[1] + line
    draw.rectangle((x, y, x + width, y + height), fill=tuple(color))
    dark = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 140
    ink = (0, 0, 0) if dark else (255, 255, 255)
    draw.text(
        (x + 2 - left, y + 2 - top), name, fill=ink, font=font, stroke_width=thickness - 1
    )


def plot_bounding_box_gallery(
    images: Any,
    bounding_box_format: str,
    y_true: Boxes | None = None,
    y_pred: Boxes | None = None,
    value_range: tuple[float, float] = (0, 255),
    true_color: Color = (0, 188, 212),
    pred_color: Color = (255, 235, 59),
    line_thickness: int = 2,
    font_scale: float = 1.0,
    text_thickness: int | None = None,
    class_mapping: Mapping[int, str] | None = None,
    ground_truth_mapping: Mapping[int, str] | None = None,
    prediction_mapping: Mapping[int, str] | None = None,
    legend: bool = False,
    legend_handles: Sequence[Any] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    data_format: str | None = None,
    **kwargs: Any,
) -> Figure:
    """Draw pictures in a grid, with true and predicted boxes.

    Args:
        images: pictures ``(n, height, width, 3)``, or channels first if `data_format` says so.
        bounding_box_format: how the numbers of boxes are meant, such as ``"xyxy"``.
        y_true: true boxes, as `draw_bounding_boxes` takes them.
        y_pred: predicted boxes, likewise.
        value_range: the values of black and white.
        true_color: red, green and blue of true boxes, 0 to 255.
        pred_color: red, green and blue of predicted boxes.
        line_thickness: of the boxes, in points of the picture.
        font_scale: size of the letters; 1 is 12 points high.
        text_thickness: of the letters' strokes; 1 by default.
        class_mapping: class -> name, for both.
        ground_truth_mapping: class -> name, for true boxes.
        prediction_mapping: class -> name, for predicted boxes.
        legend: whether to say which colour means what.
        legend_handles: matplotlib's handles for a legend of your own.
        rows: number of rows; by default as needed.
        cols: number of columns; by default a grid about as wide as high.
        data_format: ``"channels_last"`` or ``"channels_first"``; the configured one by default.
        **kwargs: of `plot_image_gallery`, such as `path`, `scale` and `show`.

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: when matplotlib or Pillow is missing.
        ValueError: for shapes that do not fit, or `legend` together with `legend_handles`.

    >>> import kerata, numpy as np
    >>> boxes = {"boxes": np.array([[[1, 1, 6, 4]]]), "labels": np.array([[0]])}
    >>> plot = kerata.visualization.plot_bounding_box_gallery
    >>> len(plot(np.zeros((1, 8, 8, 3)), "xyxy", y_true=boxes, show=False).axes)
    1
    """
    if legend and legend_handles:
        raise ValueError("Pass either legend=True or legend_handles=.")
    pictures = np.clip(of_255(images, value_range, data_format), 0, 255).astype(np.uint8)
    for boxes, color, names in (
        (y_true, true_color, ground_truth_mapping or class_mapping),
        (y_pred, pred_color, prediction_mapping or class_mapping),
    ):
        if boxes is not None:
            pictures = draw_bounding_boxes(
                pictures, boxes, bounding_box_format, names, color, line_thickness,
                text_thickness or 1, font_scale, "channels_last",
            )  # fmt: skip
    if legend:
        legend_handles = _handles({"true": true_color, "predicted": pred_color})
    return plot_image_gallery(
        pictures, rows=rows, cols=cols, legend_handles=legend_handles,
        data_format="channels_last", **kwargs,
    )  # fmt: skip


def _handles(colors: Mapping[str, Color]) -> list[Any]:
    from matplotlib.patches import Patch

    return [Patch(color=np.array(color) / 255, label=name) for name, color in colors.items()]
