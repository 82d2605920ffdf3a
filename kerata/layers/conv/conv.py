"""Conv1D, Conv2D, Conv3D: convolutions with a trained kernel."""

from __future__ import annotations

from typing import Any

from kerata import constraints, initializers, ops, regularizers
from kerata.core.registry import register
from kerata.layers.arguments import Named, Shape, positive_integer
from kerata.layers.conv.base import Convolution


class Conv(Convolution):
    """Base of the convolutions whose every output channel sees its group's input channels."""

    kernel: Any = None  # the variable, once it is built

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        groups: int = 1,
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
        self.groups = positive_integer(groups, "groups")
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        if self.filters % self.groups:
            raise ValueError(
                f"`filters` is {filters} and `groups` is {groups}; the groups must divide the "
                f"filters, as filters={self.groups * max(1, self.filters // self.groups)}."
            )

    def build(self, input_shape: Shape) -> None:
        """Make `kernel` (*kernel_size, channels / groups, filters) and `bias` (filters,)."""
        channels = self.input_channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{self.path}: {self.groups} groups do not divide the {channels} channels of an "
                f"input of shape {input_shape}. Choose `groups` that divides {channels}."
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, channels // self.groups, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.make_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """Return `activation(convolution(inputs, kernel) + bias)`."""
        outputs = ops.conv(
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self.activate(outputs)


@register("layers", "Convolution1D")
class Conv1D(Conv):
    """Convolves sequences with trained filters.

    `outputs = activation(convolution(inputs, kernel) + bias)`

    Args:
        filters: Number of output channels.
        kernel_size: Number of steps in the window.
        strides: Steps from one window to the next.
        padding: `"valid"` (windows inside the sequence), `"same"` (zeros on both sides, so
            that the length is `ceil(length / strides)`) or `"causal"` (zeros at the beginning:
            an output depends on no later input).
        data_format: `"channels_last"` for `(batch, time, channels)`, `"channels_first"` for
            `(batch, channels, time)`; the configured default if `None`.
        dilation_rate: Distance between the steps that one window sees.
        groups: Number of groups of channels that are convolved apart from each other.
        activation: Function applied to the result, or its name; none by default.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: First values of the variables.
        kernel_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, bias_constraint: Projections applied after each update.

    Raises:
        ValueError: If an argument is out of its range, or does not fit the input channels.

    >>> import kerata
    >>> kerata.layers.Conv1D(4, 3, padding="causal")(kerata.ops.ones((2, 8, 5))).shape
    (2, 8, 4)
    """

    rank = 1
    paddings = ("valid", "same", "causal")

    def call(self, inputs: Any) -> Any:
        """Return `activation(convolution(inputs, kernel) + bias)`."""
        if self.padding != "causal":
            return super().call(inputs)
        outputs = ops.conv(
            self._padded_before(inputs),
            self.kernel,
            strides=self.strides,
            padding="valid",
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self.activate(outputs)

    def _padded_before(self, inputs: Any) -> Any:
        """Return the inputs with the zeros that the first window needs before them."""
        before = (self.dilation_rate[0] * (self.kernel_size[0] - 1), 0)
        if self.data_format == "channels_last":
            return ops.pad(inputs, ((0, 0), before, (0, 0)))
        return ops.pad(inputs, ((0, 0), (0, 0), before))


@register("layers", "Convolution2D")
class Conv2D(Conv):
    """Convolves images with trained filters.

    `outputs = activation(convolution(inputs, kernel) + bias)`

    Args:
        filters: Number of output channels.
        kernel_size: (rows, columns) of the window, or one number for both.
        strides: Pixels from one window to the next, along rows and columns.
        padding: `"valid"` (windows inside the image) or `"same"` (zeros around it, so that the
            size is `ceil(size / strides)`).
        data_format: `"channels_last"` for `(batch, rows, columns, channels)`,
            `"channels_first"` for `(batch, channels, rows, columns)`; the configured default
            if `None`.
        dilation_rate: Distance between the pixels that one window sees.
        groups: Number of groups of channels that are convolved apart from each other.
        activation: Function applied to the result, or its name; none by default.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: First values of the variables.
        kernel_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, bias_constraint: Projections applied after each update.

    Raises:
        ValueError: If an argument is out of its range, or does not fit the input channels.

    >>> import kerata
    >>> kerata.layers.Conv2D(4, 3, strides=2)(kerata.ops.ones((2, 9, 9, 3))).shape
    (2, 4, 4, 4)
    """

    rank = 2


@register("layers", "Convolution3D")
class Conv3D(Conv):
    """Convolves volumes with trained filters.

    `outputs = activation(convolution(inputs, kernel) + bias)`

    Args:
        filters: Number of output channels.
        kernel_size: Sizes of the window, or one number for all three.
        strides: Positions from one window to the next.
        padding: `"valid"` (windows inside the volume) or `"same"` (zeros around it, so that
            the size is `ceil(size / strides)`).
        data_format: `"channels_last"` for `(batch, *sizes, channels)`, `"channels_first"` for
            `(batch, channels, *sizes)`; the configured default if `None`.
        dilation_rate: Distance between the positions that one window sees.
        groups: Number of groups of channels that are convolved apart from each other.
        activation: Function applied to the result, or its name; none by default.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: First values of the variables.
        kernel_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, bias_constraint: Projections applied after each update.

    Raises:
        ValueError: If an argument is out of its range, or does not fit the input channels.

    >>> import kerata
    >>> kerata.layers.Conv3D(4, 3)(kerata.ops.ones((1, 5, 5, 5, 2))).shape
    (1, 3, 3, 3, 4)
    """

    rank = 3


Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D
