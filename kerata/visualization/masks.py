"""Pictures with their points coloured by class: what a segmentation says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerata.core import config
from kerata.core.primitive import convert_to_numpy
from kerata.visualization.gallery import channels_last, of_255, plot_image_gallery

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Color = tuple[int, int, int]

#: steps by which the colours of Keras go from class to class, each counted up to 255
_STEPS = (2**25 - 1, 2**15 - 1, 2**21 - 1)


def draw_segmentation_masks(
    images: Any,
    segmentation_masks: Any,
    num_classes: int | None = None,
    color_mapping: Mapping[int, Color] | None = None,
    alpha: float = 0.8,
    blend: bool = True,
    ignore_index: int = -1,
    data_format: str | None = None,
) -> np.ndarray:
    """Return pictures whose points have the colours of their classes.

    Args:
        images: pictures ``(n, height, width, 3)``, or channels first if `data_format` says so, of
            values 0 to 255.
        segmentation_masks: the class of each point, integers ``(n, height, width, 1)``, or
            ``(n, 1, height, width)``.
        num_classes: how many classes there are; one more than the highest in the masks by default.
        color_mapping: class -> red, green and blue, 0 to 255; colours are chosen by default.
        alpha: how much of the colour there is in the result: ``colour * alpha + picture * (1 -
            alpha)``.
        blend: whether to mix at all; else the colours cover the pictures, and the result is of
            floats.
        ignore_index: class of points that stay as they are.
        data_format: ``"channels_last"`` or ``"channels_first"``; the configured one by default.

    Returns:
        uint8 ``(n, height, width, 3)``; float32 with ``blend=False``.

    Raises:
        ValueError: for other shapes, or a class without a colour.
        TypeError: for masks that are not integers.

    >>> import kerata, numpy as np
    >>> draw = kerata.visualization.draw_segmentation_masks
    >>> picture, mask = np.zeros((1, 1, 2, 3)), np.array([[[[0], [1]]]])
    >>> draw(picture, mask, color_mapping={0: (0, 0, 0), 1: (250, 0, 100)}, alpha=0.5).tolist()
    [[[[0, 0, 0], [125, 0, 50]]]]
    """
    pictures, classes = _checked(images, segmentation_masks, data_format)
    count = num_classes or int(classes.max(initial=0)) + 1
    colors = _colors(count, color_mapping)
    known = (classes >= 0) & (classes < count) & (classes != ignore_index)
    covered = np.where(known[..., None], colors[np.where(known, classes, 0)], pictures)
    if not blend:
        return covered
    mixed = pictures * np.float32(1 - alpha) + covered * np.float32(alpha)
    return np.where((classes != ignore_index)[..., None], mixed, pictures).astype(np.uint8)


def _checked(images: Any, masks: Any, data_format: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures as floats, channels last, and the class of each point, without channels."""
    pictures = np.asarray(convert_to_numpy(images), np.float32)
    classes = np.asarray(convert_to_numpy(masks))
    if pictures.ndim != 4 or classes.ndim != 4:
        raise ValueError(
            f"images has shape {pictures.shape} and segmentation_masks {classes.shape}; of both "
            "(n, height, width, channels) was expected."
        )
    if classes.dtype.kind not in "iu":
        raise TypeError(f"segmentation_masks is {classes.dtype}; integers were expected.")
    if (data_format or config.image_data_format()) == "channels_first":
        pictures, classes = (x.transpose(0, 2, 3, 1) for x in (pictures, classes))
    if classes.shape != (*pictures.shape[:3], 1):
        raise ValueError(
            f"segmentation_masks has shape {classes.shape}; (n, height, width, 1) as of images, "
            f"{(*pictures.shape[:3], 1)}, was expected."
        )
    return pictures, classes[..., 0].astype(np.int64)


def _colors(count: int, mapping: Mapping[int, Color] | None) -> np.ndarray:
    if mapping is None:
        return (np.arange(count)[:, None] * np.array(_STEPS) % 255).astype(np.float32)
    missing = [index for index in range(count) if index not in mapping]
    if missing:
        raise ValueError(f"color_mapping has no colour for the classes {missing[:10]}.")
    return np.array([mapping[index] for index in range(count)], np.float32)


def plot_segmentation_mask_gallery(
    images: Any,
    num_classes: int,
    value_range: tuple[float, float] = (0, 255),
    y_true: Any = None,
    y_pred: Any = None,
    color_mapping: Mapping[int, Color] | None = None,
    blend: bool = True,
    alpha: float = 0.8,
    ignore_index: int = -1,
    data_format: str | None = None,
    **kwargs: Any,
) -> Figure:
    """Draw pictures, one in a row, each beside itself coloured by true and predicted classes.

    Args:
        images: pictures ``(n, height, width, 3)``, or channels first if `data_format` says so.
        num_classes: how many classes there are.
        value_range: the values of black and white.
        y_true: true classes of all points, ``(n, height, width, 1)``.
        y_pred: predicted classes of all points, likewise.
        color_mapping: class -> red, green and blue, 0 to 255.
        blend: whether the pictures show through.
        alpha: how much of the colours there is.
        ignore_index: class of points that stay as they are.
        data_format: ``"channels_last"`` or ``"channels_first"``; the configured one by default.
        **kwargs: of `plot_image_gallery`, such as `path`, `scale` and `show`.

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: when matplotlib is missing.
        ValueError: for shapes that do not fit.

    >>> import kerata, numpy as np
    >>> picture, mask = np.zeros((2, 4, 4, 3)), np.ones((2, 4, 4, 1), "int32")
    >>> plot = kerata.visualization.plot_segmentation_mask_gallery
    >>> len(plot(picture, num_classes=2, y_true=mask, show=False).axes)
    4
    """
    scaled = of_255(images, value_range, data_format)
    columns = [scaled]
    for masks in (y_true, y_pred):
        if masks is not None:
            drawn = draw_segmentation_masks(
                scaled, channels_last(masks, data_format).astype(np.int64), num_classes,
                color_mapping, alpha, blend, ignore_index, "channels_last",
            )  # fmt: skip
            columns.append(drawn.astype(np.float32))
    side_by_side = np.stack(columns, axis=1).reshape(-1, *scaled.shape[1:])
    return plot_image_gallery(
        side_by_side, rows=len(scaled), cols=len(columns), data_format="channels_last", **kwargs
    )
