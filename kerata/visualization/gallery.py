"""Many pictures side by side: galleries with what they are taken for, and plain mosaics."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerata.core import config
from kerata.visualization.canvas import RIGHT, WRONG, finish, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_image_gallery(
    images: Any,
    y_true: Any = None,
    y_pred: Any = None,
    label_map: Mapping[int, str] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    value_range: tuple[float, float] = (0, 255),
    scale: float = 2,
    path: str | os.PathLike[str] | None = None,
    show: bool | None = None,
    transparent: bool = True,
    dpi: float = 60,
    legend_handles: Sequence[Any] | None = None,
    data_format: str | None = None,
) -> Figure:
    """Draw pictures in a grid, with their true and predicted classes.

    Args:
        images: pictures ``(n, height, width, channels)`` with 1, 3 or 4 channels, or
            ``(n, channels, height, width)`` if `data_format` says so.
        y_true: true classes, integers ``(n,)``.
        y_pred: predicted classes, integers ``(n,)``; wrong ones stand out by colour.
        label_map: class -> name; needed with `y_true` or `y_pred`.
        rows: number of rows; by default as needed.
        cols: number of columns; by default a grid about as wide as high.
        value_range: the values of black and white.
        scale: width of a picture in inches.
        path: a file to write (png, pdf, svg).
        show: whether to open a window; by default when there is no `path`.
        transparent: whether the file's background is transparent.
        dpi: points per inch in the file.
        legend_handles: handles for a legend under the pictures.
        data_format: ``"channels_last"`` or ``"channels_first"``; the configured one by default.

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: when matplotlib is missing.
        ValueError: for pictures that have not four dimensions, labels without `label_map`,
            or `path` together with `show`.

    >>> import kerata, numpy as np
    >>> pictures = np.zeros((5, 4, 4, 1))
    >>> figure = kerata.visualization.plot_image_gallery(pictures, cols=3, show=False)
    >>> len(figure.axes)
    6
    """
    pictures = _as_pictures(images, value_range, data_format)
    if (y_true is not None or y_pred is not None) and label_map is None:
        raise ValueError("label_map is needed to name the classes: pass {0: 'cat', 1: 'dog'}.")
    if path is not None and show:
        raise ValueError("Pass either path= (write a file) or show=True (open a window).")
    rows, cols = _grid(len(pictures), rows, cols)
    show = path is None if show is None else show
    height, width = pictures.shape[1:3]
    cell = scale * min(max(height / width, 0.2), 5) + (0.25 if label_map else 0)
    figure = new_figure(cols * scale, rows * cell, window=show)
    grid = figure.subplots(rows, cols, squeeze=False).ravel()
    for i, axes in enumerate(grid):
        axes.set_axis_off()
        if i < len(pictures):
            axes.imshow(pictures[i], cmap="gray", vmin=0, vmax=1)
            _write_title(axes, i, y_true, y_pred, label_map or {}, scale)
    if legend_handles:
        figure.legend(handles=list(legend_handles), loc="outside lower center")
    return finish(figure, path, dpi=dpi, show=show, transparent=transparent)


def plot_mosaic(
    images: Any,
    rows: int | None = None,
    cols: int | None = None,
    value_range: tuple[float, float] = (0, 255),
    path: str | os.PathLike[str] | None = None,
    magnification: int = 2,
    cmap: str = "gray",
    data_format: str | None = None,
) -> Figure:
    """Draw pictures edge to edge, as one picture: what a generative model makes.

    Args:
        images: pictures ``(n, height, width, channels)`` with 1, 3 or 4 channels, or
            ``(n, channels, height, width)`` if `data_format` says so.
        rows: number of rows; by default as needed.
        cols: number of columns; by default as many as rows.
        value_range: the values of black and white.
        path: a file to write (png, pdf, svg); nothing is written by default.
        magnification: points of the file per point of a picture.
        cmap: matplotlib's name of the colours of pictures with one channel.
        data_format: ``"channels_last"`` or ``"channels_first"``; the configured one by default.

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: when matplotlib is missing.
        ValueError: for pictures that have not four dimensions.

    >>> import kerata, numpy as np
    >>> figure = kerata.visualization.plot_mosaic(np.zeros((6, 4, 5, 3)), cols=3)
    >>> figure.axes[0].images[0].get_array().shape
    (8, 15, 3)
    """
    mosaic = _side_by_side(_as_pictures(images, value_range, data_format), rows, cols)
    height, width = mosaic.shape[:2]
    figure = new_figure(width / 100, height / 100)
    figure.set_layout_engine("none")  # no room for anything but the pictures
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(mosaic, cmap=cmap, vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    return finish(figure, path, dpi=100 * magnification)


def _side_by_side(pictures: np.ndarray, rows: int | None, cols: int | None) -> np.ndarray:
    """Lay pictures out in rows; places that are left over stay black."""
    rows, cols = _grid(len(pictures), rows, cols)
    count, height, width, *channels = pictures.shape
    places = np.zeros((rows * cols, height, width, *channels), pictures.dtype)
    places[:count] = pictures[: len(places)]
    grid = places.reshape(rows, cols, height, width, *channels)
    return grid.swapaxes(1, 2).reshape(rows * height, cols * width, *channels)


def _as_pictures(
    images: Any, value_range: tuple[float, float], data_format: str | None
) -> np.ndarray:
    """The pictures as floats in [0, 1], channels last; one channel is dropped."""
    pictures = channels_last(images, data_format).astype("float32")
    low, high = value_range
    pictures = np.clip((pictures - low) / (high - low), 0, 1)
    return pictures[..., 0] if pictures.shape[-1] == 1 else pictures


def channels_last(images: Any, data_format: str | None) -> np.ndarray:
    """Return pictures as an array ``(n, height, width, channels)``.

    Raises:
        ValueError: when they have not four dimensions.
    """
    from kerata.core.primitive import convert_to_numpy

    pictures = np.asarray(convert_to_numpy(images))
    if pictures.ndim != 4:
        raise ValueError(
            f"images has shape {pictures.shape}; (n, height, width, channels) was expected. "
            "Grey pictures need a last dimension of 1: images[..., None]."
        )
    if (data_format or config.image_data_format()) == "channels_first":
        return pictures.transpose(0, 2, 3, 1)
    return pictures


def of_255(
    images: Any, value_range: tuple[float, float], data_format: str | None
) -> np.ndarray:
    """Return pictures, channels last, as floats of which 0 is black and 255 white."""
    low, high = value_range
    return (channels_last(images, data_format).astype("float32") - low) * (255 / (high - low))


def _grid(count: int, rows: int | None, cols: int | None) -> tuple[int, int]:
    if cols is None:
        cols = math.ceil(count / rows) if rows else math.ceil(math.sqrt(count))
    return rows or math.ceil(count / max(cols, 1)) or 1, max(cols, 1)


def _write_title(
    axes: Any, i: int, y_true: Any, y_pred: Any, label_map: Mapping[int, str], scale: float
) -> None:
    parts, colour = [], "black"
    if y_pred is not None:
        predicted = int(y_pred[i])
        parts.append(f"guess {label_map.get(predicted, predicted)}")
    if y_true is not None:
        true = int(y_true[i])
        parts.append(f"true {label_map.get(true, true)}")
    if len(parts) == 2:
        colour = RIGHT if int(y_true[i]) == int(y_pred[i]) else WRONG
    axes.set_title(", ".join(parts), fontsize=4.5 * scale, color=colour)
