"""What all convolutions share: windows, layout, bias and activation."""

from __future__ import annotations

from typing import Any, ClassVar

from kerata import activations, constraints, initializers, ops, regularizers
from kerata.layers.arguments import Named, Shape, integers, one_of
from kerata.layers.arguments import data_format as checked_data_format
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.shapes import along_channels, channel_axis, known_size


class Convolution(Layer):
    """Base: slides a window over `rank` spatial dimensions."""

    rank: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...],
        padding: str,
        data_format: str | None,
        dilation_rate: int | tuple[int, ...],
        activation: Named,
        use_bias: bool,
        bias_initializer: Named,
        bias_regularizer: Named,
        bias_constraint: Named,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size = integers(kernel_size, self.rank, "kernel_size")
        self.strides = integers(strides, self.rank, "strides")
        self.padding = one_of(padding, self.paddings, "padding")
        self.data_format = checked_data_format(data_format)
        self.dilation_rate = integers(dilation_rate, self.rank, "dilation_rate")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=self.rank + 2)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"`strides` {self.strides} and `dilation_rate` {self.dilation_rate} cannot both be "
                "more than 1. Set one of them to 1."
            )

    def input_channels(self, input_shape: Shape) -> int:
        """Return the number of input channels, and require it from now on."""
        axis = channel_axis(self.data_format)
        channels = known_size(self, input_shape, axis)
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={axis: channels})
        return channels

    def shape_advice(self, shape: Shape) -> str:
        """Return what to do about an input of the wrong shape."""
        if len(shape) == self.rank + 1:
            return " Add the axis that is missing: x[..., None] for channels, x[None] for a batch."
        return ""

    def make_bias(self, filters: int) -> None:
        """Make `bias`, one value per output channel, or `None`."""
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(filters,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def activate(self, outputs: Any) -> Any:
        """Return `activation(outputs + bias)`."""
        if self.bias is not None:
            bias = along_channels(self.bias, self.rank, self.data_format)
            outputs = ops.add(outputs, bias)
        return self.activation(outputs)
