"""SeparableConv1D, SeparableConv2D: first each channel by itself, then across channels."""

from __future__ import annotations

from typing import Any

from kerata import constraints, initializers, ops, regularizers
from kerata.core.registry import register
from kerata.layers.arguments import Named, Shape, positive_integer
from kerata.layers.conv.base import Convolution


class SeparableConv(Convolution):
    """Base: a depthwise convolution followed by one of window size 1."""

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        depth_multiplier: int = 1,
        activation: Named = None,
        use_bias: bool = True,
        depthwise_initializer: Named = "glorot_uniform",
        pointwise_initializer: Named = "glorot_uniform",
        bias_initializer: Named = "zeros",
        depthwise_regularizer: Named = None,
        pointwise_regularizer: Named = None,
        bias_regularizer: Named = None,
        activity_regularizer: Named = None,
        depthwise_constraint: Named = None,
        pointwise_constraint: Named = None,
        bias_constraint: Named = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.filters = positive_integer(filters, "filters")
        self.depth_multiplier = positive_integer(depth_multiplier, "depth_multiplier")
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape: Shape) -> None:
        """Make `depthwise_kernel`, `pointwise_kernel` and `bias`."""
        channels = self.input_channels(input_shape)
        self.depthwise_kernel = self.add_weight(
            name="depthwise_kernel",
            shape=(*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self.pointwise_kernel = self.add_weight(
            name="pointwise_kernel",
            shape=(*(1,) * self.rank, channels * self.depth_multiplier, self.filters),
            initializer=self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
        )
        self.make_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """Return `activation(separable_convolution(inputs, both kernels) + bias)`."""
        outputs = ops.separable_conv(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self.activate(outputs)


@register("layers", "SeparableConvolution1D")
class SeparableConv1D(SeparableConv):
    """Convolves sequences in two steps: over time, then across channels.

    Args:
        filters: Number of output channels.
        kernel_size: Number of steps in the window.
        strides: Steps from one window to the next.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        dilation_rate: Distance between the steps that one window sees.
        depth_multiplier: Number of channels between the two steps for each input channel.
        activation: Function applied to the result, or its name; none by default.
        use_bias: Whether a bias is added.
        depthwise_initializer, pointwise_initializer, bias_initializer: First values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: Penalties.
        activity_regularizer: Penalty on the output.
        depthwise_constraint, pointwise_constraint, bias_constraint: Projections applied after
            each update.

    Raises:
        ValueError: If an argument is out of its range.

    >>> import kerata
    >>> kerata.layers.SeparableConv1D(4, 3)(kerata.ops.ones((2, 8, 5))).shape
    (2, 6, 4)
    """

    rank = 1


@register("layers", "SeparableConvolution2D")
class SeparableConv2D(SeparableConv):
    """Convolves images in two steps: over positions, then across channels.

    Args:
        filters: Number of output channels.
        kernel_size: (rows, columns) of the window, or one number for both.
        strides: Pixels from one window to the next.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        dilation_rate: Distance between the pixels that one window sees.
        depth_multiplier: Number of channels between the two steps for each input channel.
        activation: Function applied to the result, or its name; none by default.
        use_bias: Whether a bias is added.
        depthwise_initializer, pointwise_initializer, bias_initializer: First values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: Penalties.
        activity_regularizer: Penalty on the output.
        depthwise_constraint, pointwise_constraint, bias_constraint: Projections applied after
            each update.

    Raises:
        ValueError: If an argument is out of its range.

    Reference: Chollet, "Xception: deep learning with depthwise separable convolutions", 2017.

    >>> import kerata
    >>> kerata.layers.SeparableConv2D(4, 3)(kerata.ops.ones((2, 8, 8, 5))).shape
    (2, 6, 6, 4)
    """

    rank = 2


SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D
