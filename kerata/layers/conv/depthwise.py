"""DepthwiseConv1D, DepthwiseConv2D: every input channel is convolved by itself."""

from __future__ import annotations

from typing import Any

from kerata import constraints, initializers, ops, regularizers
from kerata.core.registry import register
from kerata.layers.arguments import Named, Shape, positive_integer
from kerata.layers.conv.base import Convolution


class DepthwiseConv(Convolution):
    """Base: `depth_multiplier` output channels for each input channel."""

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        activation: Named = None,
        use_bias: bool = True,
        depthwise_initializer: Named = "glorot_uniform",
        bias_initializer: Named = "zeros",
        depthwise_regularizer: Named = None,
        bias_regularizer: Named = None,
        activity_regularizer: Named = None,
        depthwise_constraint: Named = None,
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
        self.depth_multiplier = positive_integer(depth_multiplier, "depth_multiplier")
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)

    def build(self, input_shape: Shape) -> None:
        """Make `kernel` (*kernel_size, channels, depth_multiplier) and `bias`."""
        channels = self.input_channels(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self.make_bias(channels * self.depth_multiplier)

    def call(self, inputs: Any) -> Any:
        """Return `activation(depthwise_convolution(inputs, kernel) + bias)`."""
        outputs = ops.depthwise_conv(
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self.activate(outputs)


@register("layers")
class DepthwiseConv1D(DepthwiseConv):
    """Convolves each channel of sequences with filters of its own.

    Args:
        kernel_size: Number of steps in the window.
        strides: Steps from one window to the next.
        padding: `"valid"` or `"same"`.
        depth_multiplier: Number of output channels for each input channel.
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        dilation_rate: Distance between the steps that one window sees.
        activation: Function applied to the result, or its name; none by default.
        use_bias: Whether a bias is added.
        depthwise_initializer, bias_initializer: First values of the variables.
        depthwise_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        depthwise_constraint, bias_constraint: Projections applied after each update.

    Raises:
        ValueError: If an argument is out of its range.

    >>> import kerata
    >>> kerata.layers.DepthwiseConv1D(3, depth_multiplier=2)(kerata.ops.ones((2, 8, 5))).shape
    (2, 6, 10)
    """

    rank = 1


@register("layers")
class DepthwiseConv2D(DepthwiseConv):
    """Convolves each channel of images with filters of its own.

    Args:
        kernel_size: (rows, columns) of the window, or one number for both.
        strides: Pixels from one window to the next.
        padding: `"valid"` or `"same"`.
        depth_multiplier: Number of output channels for each input channel.
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        dilation_rate: Distance between the pixels that one window sees.
        activation: Function applied to the result, or its name; none by default.
        use_bias: Whether a bias is added.
        depthwise_initializer, bias_initializer: First values of the variables.
        depthwise_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        depthwise_constraint, bias_constraint: Projections applied after each update.

    Raises:
        ValueError: If an argument is out of its range.

    >>> import kerata
    >>> kerata.layers.DepthwiseConv2D(3)(kerata.ops.ones((2, 8, 8, 5))).shape
    (2, 6, 6, 5)
    """

    rank = 2
