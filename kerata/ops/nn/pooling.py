"""Pooling: the largest or the mean element of windows over one to three spatial dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerata.backend import windows
from kerata.core import dtypes
from kerata.core.config import data_format_or_default
from kerata.core.primitive import Tensor, primitive
from kerata.core.spec import TensorSpec, dtype_of, ndim_of, shape_of
from kerata.ops.cast import in_dtype
from kerata.ops.elementwise import multiply
from kerata.ops.indexing import take
from kerata.ops.nn.geometry import padding_mode, per_dimension, spatial_shape, with_spatial_shape
from kerata.ops.reduce import max, sum
from kerata.ops.shape import reshape

Sizes = tuple[int, ...]


@primitive
def windowed_max(
    inputs: Tensor, pool_size: Sizes, strides: Sizes, padding: str, data_format: str
) -> Tensor:
    """Return the largest element of each window; its gradient goes to the first of equal ones."""
    return _pooled("max_pool", inputs, pool_size, strides, padding, data_format)


@primitive(promote="float")
def windowed_mean(
    inputs: Tensor, pool_size: Sizes, strides: Sizes, padding: str, data_format: str
) -> Tensor:
    """Return the mean of each window; padding does not count."""
    return _pooled("average_pool", inputs, pool_size, strides, padding, data_format)


def _pooled(
    name: str, inputs: TensorSpec, pool_size: Sizes, strides: Sizes, padding: str, data_format: str
) -> TensorSpec:
    sizes = spatial_shape(inputs, data_format)
    outputs = tuple(
        windows.output_size(size, window, stride, padding)
        for size, window, stride in zip(sizes, pool_size, strides, strict=True)
    )
    if any(size is not None and size < 1 for size in outputs):
        raise ValueError(
            f"`{name}`: a window of {pool_size} does not fit into the spatial size {sizes} of "
            f"inputs of shape {inputs.shape}. Use padding='same' or a smaller pool_size."
        )
    channels = inputs.shape[-1 if data_format == "channels_last" else 1]
    return with_spatial_shape(inputs, outputs, channels, data_format)


def max_pool(
    inputs: Tensor,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Largest element of each window.

    Args:
        inputs: tensor (batch, *spatial, channels), or (batch, channels, *spatial) with
            `"channels_first"`; one to three spatial dimensions.
        pool_size: size of the window, one for all or one per spatial dimension.
        strides: steps of the window; by default its size.
        padding: `"valid"` or `"same"`; padding is never the largest element.
        data_format: `"channels_last"` or `"channels_first"`; the configured one by default.

    Returns:
        Tensor (batch, *positions, channels), or with the channels second.

    Raises:
        ValueError: if the window does not fit into the inputs.

    >>> import kerata
    >>> x = kerata.ops.reshape([1.0, 5.0, 2.0, 3.0], (1, 4, 1))
    >>> kerata.ops.max_pool(x, 2).tolist()
    [[[5.0], [3.0]]]
    """
    settings = _settings("max_pool", inputs, pool_size, strides, padding, data_format)
    return windowed_max(inputs, *settings)


def average_pool(
    inputs: Tensor,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Mean of each window.

    Args:
        inputs: tensor (batch, *spatial, channels), or (batch, channels, *spatial) with
            `"channels_first"`; one to three spatial dimensions.
        pool_size: size of the window, one for all or one per spatial dimension.
        strides: steps of the window; by default its size.
        padding: `"valid"` or `"same"`; padding does not count in the mean.
        data_format: `"channels_last"` or `"channels_first"`; the configured one by default.

    Returns:
        Tensor (batch, *positions, channels), or with the channels second.

    Raises:
        ValueError: if the window does not fit into the inputs.

    >>> import kerata
    >>> x = kerata.ops.reshape([1.0, 5.0, 2.0], (1, 3, 1))
    >>> kerata.ops.average_pool(x, 2, padding="same").tolist()
    [[[3.0], [2.0]]]
    """
    settings = _settings("average_pool", inputs, pool_size, strides, padding, data_format)
    return windowed_mean(inputs, *settings)


def _settings(
    name: str,
    inputs: Tensor,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None,
    padding: str,
    data_format: str | None,
) -> tuple[Sizes, Sizes, str, str]:
    """Return window, strides, padding and data format, checked and spelled out."""
    rank = ndim_of(inputs) - 2
    if not 1 <= rank <= 3:
        raise ValueError(
            f"`{name}` got inputs of shape {shape_of(inputs)}; expected (batch, *spatial, "
            "channels) with one to three spatial dimensions."
        )
    window = per_dimension(name, "pool_size", pool_size, rank)
    steps = window if strides is None else per_dimension(name, "strides", strides, rank)
    return window, steps, padding_mode(name, padding), data_format_or_default(data_format)


# -- windows that adapt ----------------------------------------------------------------------


def adaptive_max_pool(
    inputs: Tensor, output_size: int | Sequence[int], data_format: str | None = None
) -> Tensor:
    """Largest element of each of a given number of windows.

    Window i of n along a size s reaches from `floor(i * s / n)` to `ceil((i + 1) * s / n)`.

    Args:
        inputs: tensor (batch, *spatial, channels), or with the channels second; the spatial
            sizes must be known.
        output_size: number of windows, one for all or one per spatial dimension.
        data_format: `"channels_last"` or `"channels_first"`; the configured one by default.

    Returns:
        Tensor (batch, *output_size, channels), or with the channels second.

    Raises:
        ValueError: if a spatial size is unknown.

    >>> import kerata
    >>> x = kerata.ops.reshape([1.0, 5.0, 2.0], (1, 3, 1))
    >>> kerata.ops.adaptive_max_pool(x, 2).tolist()
    [[[5.0], [5.0]]]
    """
    axes = _adapted_axes("adaptive_max_pool", inputs, output_size, data_format)
    for axis, count in axes:
        inputs, _ = _adapted_windows(inputs, axis, count)
        inputs = max(inputs, axis=axis + 1)
    return inputs


def adaptive_average_pool(
    inputs: Tensor, output_size: int | Sequence[int], data_format: str | None = None
) -> Tensor:
    """Mean of each of a given number of windows.

    Window i of n along a size s reaches from `floor(i * s / n)` to `ceil((i + 1) * s / n)`.

    Args:
        inputs: tensor (batch, *spatial, channels), or with the channels second; the spatial
            sizes must be known.
        output_size: number of windows, one for all or one per spatial dimension.
        data_format: `"channels_last"` or `"channels_first"`; the configured one by default.

    Returns:
        Tensor (batch, *output_size, channels), or with the channels second.

    Raises:
        ValueError: if a spatial size is unknown.

    >>> import kerata
    >>> x = kerata.ops.reshape([1.0, 5.0, 2.0], (1, 3, 1))
    >>> kerata.ops.adaptive_average_pool(x, 2).tolist()
    [[[3.0], [3.5]]]
    """
    axes = _adapted_axes("adaptive_average_pool", inputs, output_size, data_format)
    for axis, count in axes:
        inputs, inside = _adapted_windows(inputs, axis, count)
        shares = inside / inside.sum(axis=1, keepdims=True)
        shares = shares.reshape(*shares.shape, *(1,) * (ndim_of(inputs) - axis - 2))
        weights = in_dtype(shares, dtypes.to_float(dtype_of(inputs)))
        inputs = sum(multiply(inputs, weights), axis=axis + 1)
    return inputs


def _adapted_axes(
    name: str, inputs: Tensor, output_size: int | Sequence[int], data_format: str | None
) -> list[tuple[int, int]]:
    """Return each spatial axis with the number of windows along it."""
    rank = ndim_of(inputs) - 2
    counts = per_dimension(name, "output_size", output_size, rank)
    first = 1 if data_format_or_default(data_format) == "channels_last" else 2
    if None in shape_of(inputs)[first : first + rank]:
        raise ValueError(
            f"`{name}` needs known spatial sizes, but inputs have shape {shape_of(inputs)}. Give "
            "the model's Input a full shape."
        )
    return list(zip(range(first, first + rank), counts, strict=True))


def _adapted_windows(inputs: Tensor, axis: int, count: int) -> tuple[Tensor, np.ndarray]:
    """Return the windows along an axis, filled up to equal length, and what is no filling.

    The windows make two axes of one, (count, length); the filling repeats their last element.
    """
    shape = shape_of(inputs)
    number = np.arange(count)
    starts = number * shape[axis] // count
    stops = -(-(number + 1) * shape[axis] // count)
    places = starts[:, None] + np.arange((stops - starts).max())
    inside = places < stops[:, None]
    index = np.minimum(places, stops[:, None] - 1).astype("int32")
    pieces = take(inputs, index.ravel(), axis=axis)
    return reshape(pieces, (*shape[:axis], *index.shape, *shape[axis + 1 :])), inside
