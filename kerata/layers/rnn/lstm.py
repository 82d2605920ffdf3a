"""LSTM: long short-term memory, and its cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata import activations, ops
from kerata.core.primitive import convert_to_numpy
from kerata.core.registry import register
from kerata.layers.arguments import Named
from kerata.layers.rnn.cell import GatedCell, Masks, product
from kerata.layers.rnn.rnn import FusedRNN, shows_cell

Tensor = Any


@register("layers")
class LSTMCell(GatedCell):
    """One step of LSTM.

    With the sums `i, f, g, o` of inputs and state: `c = gate(f) * c + gate(i) * act(g)` and
    `h = gate(o) * act(c)`. The kernels hold the four side by side, in this order.

    Args:
        units: Size of the states and the output.
        activation: `act`.
        recurrent_activation: `gate`.
        use_bias: Whether a bias is added.
        unit_forget_bias: Whether the bias of the forget gate begins with 1.
        kernel_initializer, recurrent_initializer, bias_initializer: First values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the variables.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections after each update.
        dropout: Fraction of the inputs that is dropped in training, alike at all steps.
        recurrent_dropout: The same for the state; such a layer trains several times slower.
        seed: Makes the dropout reproducible.

    Call: `(inputs, [h, c]) -> (h, [h, c])` with inputs `(batch, features)`, states
    `(batch, units)`.

    Raises:
        ValueError: If an argument is out of its range.

    >>> import kerata
    >>> from kerata import ops
    >>> cell = kerata.layers.LSTMCell(4)
    >>> output, (h, c) = cell(ops.ones((2, 3)), cell.get_initial_state(2))
    >>> output.shape, c.shape
    ((2, 4), (2, 4))
    """

    gates = 4

    def __init__(
        self,
        units: int,
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
        kernel_constraint: Named = None,
        recurrent_constraint: Named = None,
        bias_constraint: Named = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units=units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            **kwargs,
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def _first_bias(self) -> Any:
        return self._bias_with_open_forget_gate if self.unit_forget_bias else self.bias_initializer

    def _bias_with_open_forget_gate(self, shape: Any, dtype: Any = None, **_: Any) -> np.ndarray:
        drawn = [self.bias_initializer((n * self.units,), dtype=dtype) for n in (1, 2)]
        ones = np.ones((self.units,))
        return np.concatenate([convert_to_numpy(drawn[0]), ones, convert_to_numpy(drawn[1])])

    def recur(self, projected: Tensor, states: Sequence[Tensor], masks: Masks) -> Any:
        """Return `(h, [h, c])` from projected inputs and the last states."""
        h, c = states
        return self.gated(ops.add(projected, product(h, self.recurrent_kernel, masks)), c)

    def gated(self, sums: Tensor, c: Tensor, axis: int = -1) -> tuple[Tensor, list[Tensor]]:
        """Return `(h, [h, c])` from the sums of the four gates, which stand along an axis."""
        i, f, g, o = ops.split(sums, 4, axis=axis)
        c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(g)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]

    def over_time(
        self, sequences: Tensor, states: list, mask: Tensor | None, **options: Any
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return `(outputs, h, c)` of whole sequences."""
        weights = self.kernel, self.recurrent_kernel, self.bias
        return ops.lstm(sequences, *states, *weights, mask, **options)


@register("layers")
@shows_cell(LSTMCell)
class LSTM(FusedRNN):
    """Long short-term memory: a recurrent layer whose gates decide what its cell state keeps.

    With the sums `i, f, g, o` of inputs and state: `c = gate(f) * c + gate(i) * act(g)` and
    `h = gate(o) * act(c)`.

    Args:
        units: Size of the states and the output.
        activation: `act`.
        recurrent_activation: `gate`.
        use_bias: Whether a bias is added.
        unit_forget_bias: Whether the bias of the forget gate begins with 1.
        kernel_initializer, recurrent_initializer, bias_initializer: First values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections after each update.
        dropout: Fraction of the inputs that is dropped in training, alike at all steps.
        recurrent_dropout: The same for the state; such a layer trains several times slower.
        seed: Makes the dropout reproducible.
        return_sequences: Whether to return the outputs of all steps or only of the last.
        return_state: Whether to return the last states `h` and `c` as well.
        go_backwards: Whether to start at the last step.
        stateful: Whether a batch begins with the state in which the one before ended.
        unroll: Accepted for Keras' signature: unrolled loops are not faster here.
        use_cudnn: Accepted for Keras' signature: the engine's fastest way is always taken.

    Call arguments:
        sequences: `(batch, time, features)`.
        initial_state: `[h, c]` before the first step, each `(batch, units)`; zeros by default.
        mask: Bool `(batch, time)`; where it is False the state does not change.
        training: Whether dropout is applied.

    Returns:
        `(batch, time, units)` with `return_sequences`, else `(batch, units)`; with
        `return_state` a tuple of this, `h` and `c`.

    Raises:
        ValueError: If an argument is out of its range, or the input is not of rank 3.

    Reference: Hochreiter and Schmidhuber, "Long short-term memory", 1997.

    >>> import kerata
    >>> layer = kerata.layers.LSTM(4, return_sequences=True, return_state=True)
    >>> outputs, h, c = layer(kerata.ops.ones((2, 5, 3)))
    >>> outputs.shape, h.shape
    ((2, 5, 4), (2, 4))
    """

    def __init__(
        self,
        units: int,
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
        unroll: bool = False,
        use_cudnn: bool | str = "auto",
        **kwargs: Any,
    ) -> None:
        kwargs.pop("implementation", None)
        cell = LSTMCell(
            units=units,
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
            name="lstm_cell",
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.use_cudnn = use_cudnn
