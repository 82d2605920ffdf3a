"""Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: convolutions that enlarge."""

from __future__ import annotations

from typing import Any

from kerata import constraints, initializers, ops, regularizers
from kerata.core.registry import register
from kerata.layers.arguments import Named, Shape, integers, positive_integer
from kerata.layers.conv.base import Convolution


class ConvTranspose(Convolution):
    """Base: the gradient of a convolution with respect to its inputs, as a layer."""

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        output_padding: int | tuple[int, ...] | None = None,
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        activation: Named = None,
        use_bias: bool = True,
        kernel_initializer: Named = "glorot_uniform",
        bias_initializer: Named = "zeros",
        kernel_regularizer: Named = None,
        bias_regularizer: Named = None,
        activity_regularizer: Named = None,
        kernel_constraint: Named = None,
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
        self.output_padding = self._checked_output_padding(output_padding)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def _checked_output_padding(self, value: Any) -> tuple[int, ...] | None:
        if value is None:
            return None
        padding = integers(value, self.rank, "output_padding", minimum=0)
        if any(extra >= stride for extra, stride in zip(padding, self.strides, strict=True)):
            raise ValueError(
                f"`output_padding` is {padding} and `strides` is {self.strides}; output padding "
                "must be less than the strides."
            )
        return padding

    def build(self, input_shape: Shape) -> None:
        """Make `kernel` (*kernel_size, filters, channels) and `bias` (filters,)."""
        channels = self.input_channels(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, self.filters, channels),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.make_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """Return `activation(transposed_convolution(inputs, kernel) + bias)`."""
        outputs = ops.conv_transpose(
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            output_padding=self.output_padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self.activate(outputs)


@register("layers", "Convolution1DTranspose")
class Conv1DTranspose(ConvTranspose):
    """Enlarges sequences with trained filters.

    Args:
        filters: Number of output channels.
        kernel_size: Number of steps that one input step is spread over.
        strides: Factor by which the sequence grows.
        padding: `"valid"` (length `(length - 1) * strides + kernel_size`) or `"same"` (length
            `length * strides`).
        output_padding: Steps added at the end, less than `strides`; chosen by the padding if
            `None`.
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        dilation_rate: Distance between the steps that an input step is spread over.
        activation: Function applied to the result, or its name; none by default.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: First values of the variables.
        kernel_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, bias_constraint: Projections applied after each update.

    Raises:
        ValueError: If an argument is out of its range.

    Reference: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.

    >>> import kerata
    >>> kerata.layers.Conv1DTranspose(4, 3, strides=2)(kerata.ops.ones((2, 5, 3))).shape
    (2, 11, 4)
    """

    rank = 1


@register("layers", "Convolution2DTranspose")
class Conv2DTranspose(ConvTranspose):
    """Enlarges images with trained filters.

    Args:
        filters: Number of output channels.
        kernel_size: (rows, columns) that one input pixel is spread over, or one number.
        strides: Factors by which rows and columns grow.
        padding: `"valid"` (size `(size - 1) * strides + kernel_size`) or `"same"` (size
            `size * strides`).
        output_padding: Rows and columns added at the end, less than `strides`; chosen by the
            padding if `None`.
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        dilation_rate: Distance between the pixels that an input pixel is spread over.
        activation: Function applied to the result, or its name; none by default.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: First values of the variables.
        kernel_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, bias_constraint: Projections applied after each update.

    Raises:
        ValueError: If an argument is out of its range.

    Reference: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.

    >>> import kerata
    >>> layer = kerata.layers.Conv2DTranspose(4, 3, strides=2, padding="same")
    >>> layer(kerata.ops.ones((2, 5, 5, 3))).shape
    (2, 10, 10, 4)
    """

    rank = 2


@register("layers", "Convolution3DTranspose")
class Conv3DTranspose(ConvTranspose):
    """Enlarges volumes with trained filters.

    Args:
        filters: Number of output channels.
        kernel_size: Sizes that one input position is spread over, or one number.
        strides: Factors by which the sizes grow.
        padding: `"valid"` (size `(size - 1) * strides + kernel_size`) or `"same"` (size
            `size * strides`).
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        output_padding: Positions added at the end, less than `strides`; chosen by the padding
            if `None`.
        dilation_rate: Distance between the positions that an input position is spread over.
        activation: Function applied to the result, or its name; none by default.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: First values of the variables.
        kernel_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, bias_constraint: Projections applied after each update.

    Raises:
        ValueError: If an argument is out of its range.

    Reference: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.

    >>> import kerata
    >>> kerata.layers.Conv3DTranspose(4, 3)(kerata.ops.ones((1, 2, 2, 2, 3))).shape
    (1, 4, 4, 4, 4)
    """

    rank = 3

    # In Keras, `data_format` stands before `output_padding` in this class alone.
    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: int | tuple[int, ...] | None = None,
        dilation_rate: int | tuple[int, ...] = (1, 1, 1),
        activation: Named = None,
        use_bias: bool = True,
        kernel_initializer: Named = "glorot_uniform",
        bias_initializer: Named = "zeros",
        kernel_regularizer: Named = None,
        bias_regularizer: Named = None,
        activity_regularizer: Named = None,
        kernel_constraint: Named = None,
        bias_constraint: Named = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )


Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
