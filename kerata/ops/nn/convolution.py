"""Convolutions in one to three spatial dimensions.

The public functions resolve what Keras leaves open (one number for all dimensions, the data
format, the stride of "same") and check it; the primitives take everything spelled out.
"""

from __future__ import annotations

from collections.abc import Sequence

from kerata.backend import windows
from kerata.core.config import data_format_or_default
from kerata.core.primitive import Tensor, primitive
from kerata.core.spec import Shape, TensorSpec, ndim_of, shape_of
from kerata.ops.nn.geometry import padding_mode, per_dimension, spatial_shape, with_spatial_shape

Sizes = tuple[int, ...]


# -- primitives ------------------------------------------------------------------------------


@primitive
def convolution(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes,
    padding: str,
    data_format: str,
    dilation_rate: Sizes,
) -> Tensor:
    """Convolve, with as many groups as the kernel's input channels go into the inputs'."""
    _check_ranks("conv", inputs, kernel)
    _check_groups("conv", inputs, kernel, data_format)
    sizes = _output_sizes("conv", inputs, kernel, strides, padding, data_format, dilation_rate)
    return with_spatial_shape(inputs, sizes, kernel.shape[-1], data_format)


@primitive
def depthwise_convolution(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes,
    padding: str,
    data_format: str,
    dilation_rate: Sizes,
) -> Tensor:
    """Convolve each channel with its own windows; kernel (*window, channels, multiplier)."""
    name = "depthwise_conv"
    _check_ranks(name, inputs, kernel)
    channels, multiplier = kernel.shape[-2:]
    _check_channels(name, inputs, channels, data_format)
    sizes = _output_sizes(name, inputs, kernel, strides, padding, data_format, dilation_rate)
    filters = None if None in (channels, multiplier) else channels * multiplier
    return with_spatial_shape(inputs, sizes, filters, data_format)


@primitive
def transposed_convolution(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes,
    padding: str,
    output_padding: tuple[int | None, ...],
    data_format: str,
    dilation_rate: Sizes,
) -> Tensor:
    """Return the gradient of a convolution with respect to its inputs."""
    _check_ranks("conv_transpose", inputs, kernel)
    _check_channels("conv_transpose", inputs, kernel.shape[-1], data_format)
    geometry = zip(
        spatial_shape(inputs, data_format),
        kernel.shape[:-2],
        strides,
        output_padding,
        dilation_rate,
        strict=True,
    )
    sizes = tuple(
        windows.transposed_output_size(size, window, stride, padding, extra, dilation)
        for size, window, stride, extra, dilation in geometry
    )
    return with_spatial_shape(inputs, sizes, kernel.shape[-2], data_format)


def _output_sizes(
    name: str,
    inputs: TensorSpec,
    kernel: TensorSpec,
    strides: Sizes,
    padding: str,
    data_format: str,
    dilation_rate: Sizes,
) -> Shape:
    sizes = spatial_shape(inputs, data_format)
    window = kernel.shape[:-2]
    geometry = zip(sizes, window, strides, dilation_rate, strict=True)
    outputs = tuple(
        windows.output_size(size, width, stride, padding, dilation)
        for size, width, stride, dilation in geometry
    )
    if any(size is not None and size < 1 for size in outputs):
        raise ValueError(
            f"`{name}`: a window of {window} (dilation {dilation_rate}) does not fit into the "
            f"spatial size {sizes} of inputs of shape {inputs.shape}. Use padding='same', a "
            "smaller kernel, or larger inputs."
        )
    return outputs


def _check_ranks(name: str, inputs: TensorSpec, kernel: TensorSpec) -> None:
    if inputs.ndim != kernel.ndim or not 3 <= inputs.ndim <= 5:
        raise ValueError(
            f"`{name}` got inputs of shape {inputs.shape} and a kernel of shape {kernel.shape}; "
            "expected both with the same number of dimensions, 3, 4 or 5: inputs (batch, "
            "*spatial, channels) and kernel (*window, channels in, channels out)."
        )


def _check_channels(name: str, inputs: TensorSpec, expected: int | None, data_format: str) -> None:
    channels = inputs.shape[_channel_axis(data_format)]
    if None not in (channels, expected) and channels != expected:
        raise ValueError(
            f"`{name}`: the kernel is made for {expected} input channels, but inputs of shape "
            f"{inputs.shape} have {channels} (data_format={data_format!r}). Check the data "
            "format, or build the kernel for these inputs."
        )


def _check_groups(name: str, inputs: TensorSpec, kernel: TensorSpec, data_format: str) -> None:
    channels = inputs.shape[_channel_axis(data_format)]
    of_kernel, filters = kernel.shape[-2:]
    if None in (channels, of_kernel, filters):
        return
    if channels % of_kernel or filters % (channels // of_kernel):
        raise ValueError(
            f"`{name}`: the kernel of shape {kernel.shape} does not fit inputs of shape "
            f"{inputs.shape} with {channels} channels (data_format={data_format!r}). Expected "
            f"channels that are a multiple (the number of groups) of {of_kernel}, and a number "
            "of filters divisible by it."
        )


def _channel_axis(data_format: str) -> int:
    return -1 if data_format == "channels_last" else 1


# -- Keras' functions ------------------------------------------------------------------------


def conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Convolve inputs with a kernel (without flipping it, as is usual in deep learning).

    Args:
        inputs: tensor (batch, *spatial, channels), or (batch, channels, *spatial) with
            `"channels_first"`; one to three spatial dimensions.
        kernel: tensor (*window, channels / groups, filters). The number of groups is how often
            its channels go into those of the inputs.
        strides: steps of the window, one for all or one per spatial dimension.
        padding: `"valid"` (none) or `"same"` (zeros, so that with stride 1 the size is kept).
        data_format: `"channels_last"` or `"channels_first"`; the configured one by default.
        dilation_rate: distance between neighbours of the window.

    Returns:
        Tensor (batch, *positions, filters), or with the filters second.

    Raises:
        ValueError: if inputs and kernel do not fit each other.

    >>> import kerata
    >>> x, kernel = kerata.ops.ones((1, 5, 5, 3)), kerata.ops.ones((3, 3, 3, 8))
    >>> kerata.ops.conv(x, kernel, strides=2, padding="same").shape
    (1, 3, 3, 8)
    """
    settings = _settings("conv", inputs, strides, padding, data_format, dilation_rate)
    return convolution(inputs, kernel, *settings)


def depthwise_conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Convolve each input channel with windows of its own.

    Args:
        inputs: tensor (batch, *spatial, channels), or with the channels second.
        kernel: tensor (*window, channels, multiplier).
        strides: steps of the window, one for all or one per spatial dimension.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"` or `"channels_first"`; the configured one by default.
        dilation_rate: distance between neighbours of the window.

    Returns:
        Tensor (batch, *positions, channels * multiplier), or with the channels second; the
        results of one input channel stand side by side.

    Raises:
        ValueError: if inputs and kernel do not fit each other.

    >>> import kerata
    >>> x, kernel = kerata.ops.ones((1, 5, 3)), kerata.ops.ones((2, 3, 4))
    >>> kerata.ops.depthwise_conv(x, kernel).shape
    (1, 4, 12)
    """
    settings = _settings("depthwise_conv", inputs, strides, padding, data_format, dilation_rate)
    return depthwise_convolution(inputs, kernel, *settings)


def separable_conv(
    inputs: Tensor,
    depthwise_kernel: Tensor,
    pointwise_kernel: Tensor,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Convolve each channel by itself, then mix the channels at each position.

    Args:
        inputs: tensor (batch, *spatial, channels), or with the channels second.
        depthwise_kernel: tensor (*window, channels, multiplier).
        pointwise_kernel: tensor (1, ..., channels * multiplier, filters).
        strides: steps of the window, one for all or one per spatial dimension.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"` or `"channels_first"`; the configured one by default.
        dilation_rate: distance between neighbours of the window.

    Returns:
        Tensor (batch, *positions, filters), or with the filters second.

    Raises:
        ValueError: if inputs and kernels do not fit each other.

    >>> import kerata
    >>> x, ones = kerata.ops.ones((1, 5, 5, 3)), kerata.ops.ones
    >>> kerata.ops.separable_conv(x, ones((3, 3, 3, 2)), ones((1, 1, 6, 8))).shape
    (1, 3, 3, 8)
    """
    each = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(each, pointwise_kernel, 1, "valid", data_format)


def conv_transpose(
    inputs: Tensor,
    kernel: Tensor,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    output_padding: int | Sequence[int] | None = None,
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Tensor:
    """Transposed convolution: the gradient of `conv` with respect to its inputs.

    It goes from something of the shape of a convolution's outputs to the shape of its inputs,
    and so makes images larger (Zeiler et al., 2010, "Deconvolutional Networks").

    Args:
        inputs: tensor (batch, *spatial, channels), or with the channels second.
        kernel: tensor (*window, filters, channels).
        strides: factors of enlargement, one for all or one per spatial dimension.
        padding: `"valid"` or `"same"`, as in the convolution that this one reverses.
        output_padding: added to the smallest possible size along each spatial dimension; by
            default the size is `size * stride` with `"same"`, and the largest one that the
            convolution maps to `size` with `"valid"`.
        data_format: `"channels_last"` or `"channels_first"`; the configured one by default.
        dilation_rate: distance between neighbours of the window.

    Returns:
        Tensor (batch, *enlarged, filters), or with the filters second.

    Raises:
        ValueError: if inputs and kernel do not fit each other.

    >>> import kerata
    >>> x, kernel = kerata.ops.ones((1, 4, 4, 3)), kerata.ops.ones((3, 3, 8, 3))
    >>> kerata.ops.conv_transpose(x, kernel, strides=2, padding="same").shape
    (1, 8, 8, 8)
    """
    name = "conv_transpose"
    settings = _settings(name, inputs, strides, padding, data_format, dilation_rate)
    strides, padding, data_format, dilation_rate = settings
    rank = len(strides)
    extra: tuple[int | None, ...] = (None,) * rank
    if output_padding is not None:
        extra = per_dimension(name, "output_padding", output_padding, rank, least=0)
    return transposed_convolution(
        inputs, kernel, strides, padding, extra, data_format, dilation_rate
    )


def _settings(
    name: str,
    inputs: Tensor,
    strides: int | Sequence[int],
    padding: str,
    data_format: str | None,
    dilation_rate: int | Sequence[int],
) -> tuple[Sizes, str, str, Sizes]:
    """Return strides, padding, data format and dilation, checked and spelled out."""
    rank = ndim_of(inputs) - 2
    if rank < 1:
        raise ValueError(
            f"`{name}` got inputs of shape {shape_of(inputs)}; expected (batch, *spatial, "
            "channels) with one to three spatial dimensions. Add a dimension with `expand_dims`."
        )
    steps = per_dimension(name, "strides", strides, rank)
    gaps = per_dimension(name, "dilation_rate", dilation_rate, rank)
    return steps, padding_mode(name, padding), data_format_or_default(data_format), gaps
