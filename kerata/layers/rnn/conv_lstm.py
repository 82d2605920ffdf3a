"""ConvLSTM: LSTM over sequences of images, with convolutions in place of matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import ndim_of, shape_of
from kerata.core.symbolic import SymbolicTensor
from kerata.layers.arguments import Named, Shape, integers, one_of, positive_integer
from kerata.layers.arguments import data_format as checked_data_format
from kerata.layers.input_spec import InputSpec
from kerata.layers.rnn.cell import Masks, Step
from kerata.layers.rnn.lstm import LSTMCell
from kerata.layers.rnn.rnn import RNN, shows_cell
from kerata.layers.shapes import along_channels, channel_axis, known_size

Tensor = Any


class ConvLSTMCell(LSTMCell):
    """One step of a convolutional LSTM; see `ConvLSTM2D`.

    The inputs are convolved as in `Conv2D`; the state with strides of 1 and padding "same", so
    that it keeps its size.
    """

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int],
        padding: str,
        data_format: str | None,
        dilation_rate: int | Sequence[int],
        **kwargs: Any,
    ) -> None:
        super().__init__(positive_integer(filters, "filters"), **kwargs)
        self.rank = rank
        self.filters = self.units
        self.kernel_size = integers(kernel_size, rank, "kernel_size")
        self.strides = integers(strides, rank, "strides")
        self.padding = one_of(padding, ("valid", "same"), "padding")
        self.data_format = checked_data_format(data_format)
        self.dilation_rate = integers(dilation_rate, rank, "dilation_rate")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"`strides` {self.strides} and `dilation_rate` {self.dilation_rate} cannot both be "
                "more than 1. Set one of them to 1."
            )

    def _kernel_shapes(self, input_shape: Shape) -> tuple[Shape, Shape]:
        channels = known_size(self, input_shape, channel_axis(self.data_format))
        width = self.gates * self.filters
        return (*self.kernel_size, channels, width), (*self.kernel_size, self.filters, width)

    def step_functions(self, batch_size: int | None, training: bool | None) -> Step:
        """Return what computes the steps of one batch of sequences.

        The dropout masks are drawn once for all steps, when the sizes of images are seen.
        """
        of_state: list[Masks] = [None]

        def prepare(inputs: Tensor) -> Tensor:
            drawn = self._draw(self.dropout if training else 0, self._step_shape(inputs), 1)
            if drawn is not None:
                mask = ops.expand_dims(drawn[0], 1) if self._has_time(inputs) else drawn[0]
                inputs = ops.multiply(inputs, mask)
            projected = self._convolved(inputs)
            if training:
                shape = self._state_shape(self._step_shape(projected))
                of_state[0] = self._draw(self.recurrent_dropout, shape, 1)
            return projected

        return prepare, lambda projected, states: self.recur(projected, states, of_state[0])

    def _has_time(self, x: Tensor) -> bool:
        return ndim_of(x) == self.rank + 3

    def _step_shape(self, x: Tensor) -> Shape:
        """Return the shape of one step of `(batch, [time,] ...)`."""
        shape = shape_of(x)
        return shape[:1] + shape[2:] if self._has_time(x) else shape

    def _state_shape(self, shape: Shape) -> Shape:
        """Return the shape of a state for sums of the four gates `(batch, ...)`."""
        sizes = list(shape)
        sizes[channel_axis(self.data_format)] = self.filters
        return tuple(sizes)

    def _convolved(self, inputs: Tensor) -> Tensor:
        """Return the part of the sums that comes from inputs `(batch, [time,] ...)`."""
        shape = shape_of(inputs)
        steps = self._has_time(inputs)
        images = ops.reshape(inputs, (-1, *shape[2:])) if steps else inputs
        projected = ops.conv(
            images,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        if self.bias is not None:
            projected = ops.add(projected, along_channels(self.bias, self.rank, self.data_format))
        if not steps:
            return projected
        return ops.reshape(projected, (*shape[:2], *shape_of(projected)[1:]))

    def recur(self, projected: Tensor, states: Sequence[Tensor], masks: Masks) -> Any:
        """Return `(h, [h, c])` from convolved inputs and the last states."""
        h, c = states
        seen = h if masks is None else ops.multiply(h, masks[0])
        convolved = ops.conv(
            seen, self.recurrent_kernel, padding="same", data_format=self.data_format
        )
        return self.gated(ops.add(projected, convolved), c, axis=channel_axis(self.data_format))

    def zero_states(self, input_shape: Shape) -> list[Tensor]:
        """Return the states before the first step for inputs `(batch, ...)` of a shape."""
        sums = ops.conv(
            SymbolicTensor(tuple(input_shape), self.compute_dtype),
            SymbolicTensor(self.kernel.shape, self.compute_dtype),
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        shape = self._state_shape(sums.shape)
        return [ops.zeros(shape, self.compute_dtype) for _ in range(2)]

    def get_initial_state(self, batch_size: int | None = None) -> list[Tensor]:
        """Return the states before the first step, for images of the size it was built for."""
        return self.zero_states((batch_size, *self._build_shapes["input_shape"][1:]))


@shows_cell(ConvLSTMCell)
class ConvLSTM(RNN):
    """Base: a convolutional LSTM over sequences of tensors of `rank` spatial dimensions."""

    rank: ClassVar[int]
    cell: ConvLSTMCell
    _shared_parameters = (*RNN._shared_parameters, "unroll")

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Named = "tanh",
        recurrent_activation: Named = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Named = "glorot_uniform",
        recurrent_initializer: Named = "orthogonal",
        bias_initializer: Named = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None,
        bias_regularizer: Named = None,
        activity_regularizer: Named = None,
        kernel_constraint: Named = None,
        recurrent_constraint: Named = None,
        bias_constraint: Named = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = ConvLSTMCell(
            self.rank,
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="conv_lstm_cell",
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=self.rank + 3)

    def shape_advice(self, shape: Shape) -> str:
        """Return what to do about an input of the wrong shape."""
        if len(shape) == self.rank + 2:
            return " Add the axis that is missing: x[..., None] for channels, x[:, None] for time."
        return ""

    def _zero_states(self, sequences_shape: Shape) -> list:
        return self.cell.zero_states((sequences_shape[0], *sequences_shape[2:]))

    def _output_before(self, initial_state: list, batch: int | None) -> Tensor:
        return initial_state[0]


@register("layers")
class ConvLSTM1D(ConvLSTM):
    """LSTM over sequences of sequences, with convolutions in place of matrix products.

    With the sums `i, f, g, o` of the convolved inputs and the convolved state:
    `c = gate(f) * c + gate(i) * act(g)` and `h = gate(o) * act(c)`.

    Args:
        filters: Number of channels of the states and the output.
        kernel_size: Size of the window.
        strides: Steps from one window to the next in the inputs.
        padding: `"valid"` or `"same"`, for the inputs; the state keeps its size.
        data_format: `"channels_last"` for `(batch, time, size, channels)`, `"channels_first"` for
            `(batch, time, channels, size)`; the configured default if `None`.
        dilation_rate: Distance between the positions that one window of the inputs sees.
        activation: `act`.
        recurrent_activation: `gate`.
        use_bias: Whether a bias is added.
        unit_forget_bias: Whether the bias of the forget gate begins with 1.
        kernel_initializer, recurrent_initializer, bias_initializer: First values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections after each update.
        dropout: Fraction of the inputs that is dropped in training, alike at all steps.
        recurrent_dropout: The same for the state.
        seed: Makes the dropout reproducible.
        return_sequences, return_state, go_backwards, stateful: As for `RNN`.

    Call arguments: as those of `RNN`.

    Returns:
        The last `h`, with `return_sequences` those of all steps; with `return_state` a tuple of
        this, `h` and `c`.

    Raises:
        ValueError: If an argument is out of its range, or the input is not of rank 4.

    Reference: Shi et al., "Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting", 2015.

    >>> import kerata
    >>> kerata.layers.ConvLSTM1D(4, 3)(kerata.ops.ones((2, 5, 8, 3))).shape
    (2, 6, 4)
    """

    rank = 1


@register("layers")
class ConvLSTM2D(ConvLSTM):
    """LSTM over sequences of images, with convolutions in place of matrix products.

    With the sums `i, f, g, o` of the convolved inputs and the convolved state:
    `c = gate(f) * c + gate(i) * act(g)` and `h = gate(o) * act(c)`.

    Args:
        filters: Number of channels of the states and the output.
        kernel_size: (rows, columns) of the window, or one number for both.
        strides: Steps from one window to the next in the inputs.
        padding: `"valid"` or `"same"`, for the inputs; the state keeps its size.
        data_format: `"channels_last"` for `(batch, time, rows, columns, channels)`,
            `"channels_first"` for `(batch, time, channels, rows, columns)`; the configured default
            if `None`.
        dilation_rate: Distance between the positions that one window of the inputs sees.
        activation: `act`.
        recurrent_activation: `gate`.
        use_bias: Whether a bias is added.
        unit_forget_bias: Whether the bias of the forget gate begins with 1.
        kernel_initializer, recurrent_initializer, bias_initializer: First values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections after each update.
        dropout: Fraction of the inputs that is dropped in training, alike at all steps.
        recurrent_dropout: The same for the state.
        seed: Makes the dropout reproducible.
        return_sequences, return_state, go_backwards, stateful: As for `RNN`.

    Call arguments: as those of `RNN`.

    Returns:
        The last `h`, with `return_sequences` those of all steps; with `return_state` a tuple of
        this, `h` and `c`.

    Raises:
        ValueError: If an argument is out of its range, or the input is not of rank 5.

    Reference: Shi et al., "Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting", 2015.

    >>> import kerata
    >>> kerata.layers.ConvLSTM2D(4, 3)(kerata.ops.ones((2, 5, 8, 8, 3))).shape
    (2, 6, 6, 4)
    """

    rank = 2


@register("layers")
class ConvLSTM3D(ConvLSTM):
    """LSTM over sequences of volumes, with convolutions in place of matrix products.

    With the sums `i, f, g, o` of the convolved inputs and the convolved state:
    `c = gate(f) * c + gate(i) * act(g)` and `h = gate(o) * act(c)`.

    Args:
        filters: Number of channels of the states and the output.
        kernel_size: Sizes of the window, or one number for all three.
        strides: Steps from one window to the next in the inputs.
        padding: `"valid"` or `"same"`, for the inputs; the state keeps its size.
        data_format: `"channels_last"` for `(batch, time, *sizes, channels)`, `"channels_first"` for
            `(batch, time, channels, *sizes)`; the configured default if `None`.
        dilation_rate: Distance between the positions that one window of the inputs sees.
        activation: `act`.
        recurrent_activation: `gate`.
        use_bias: Whether a bias is added.
        unit_forget_bias: Whether the bias of the forget gate begins with 1.
        kernel_initializer, recurrent_initializer, bias_initializer: First values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections after each update.
        dropout: Fraction of the inputs that is dropped in training, alike at all steps.
        recurrent_dropout: The same for the state.
        seed: Makes the dropout reproducible.
        return_sequences, return_state, go_backwards, stateful: As for `RNN`.

    Call arguments: as those of `RNN`.

    Returns:
        The last `h`, with `return_sequences` those of all steps; with `return_state` a tuple of
        this, `h` and `c`.

    Raises:
        ValueError: If an argument is out of its range, or the input is not of rank 6.

    Reference: Shi et al., "Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting", 2015.

    >>> import kerata
    >>> kerata.layers.ConvLSTM3D(4, 3)(kerata.ops.ones((1, 2, 4, 4, 4, 2))).shape
    (1, 2, 2, 2, 4)
    """

    rank = 3
