"""Pooling: the largest or the mean element of windows over one to three spatial dimensions."""

from __future__ import annotations

from collections.abc import Sequence

from kerata.backend import windows
from kerata.core.config import data_format_or_default
from kerata.core.primitive import Tensor, primitive
from kerata.core.spec import TensorSpec, ndim_of, shape_of
from kerata.ops.nn.geometry import padding_mode, per_dimension, spatial_shape, with_spatial_shape

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
