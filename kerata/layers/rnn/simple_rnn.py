"""SimpleRNN: the fully connected recurrence, and its cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import Named
from kerata.layers.rnn.cell import GatedCell, Masks, product
from kerata.layers.rnn.rnn import FusedRNN, shows_cell

Tensor = Any


@register("layers")
class SimpleRNNCell(GatedCell):
    """One step of SimpleRNN: `h = activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Args:
        units: Size of the state and output.
        activation: Function of the sum.
        use_bias: Whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: First values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the variables.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections after each update.
        dropout: Fraction of the inputs that is dropped in training, alike at all steps.
        recurrent_dropout: The same for the state; such a layer trains several times slower.
        seed: Makes the dropout reproducible.

    Call: `(inputs, [h]) -> (h, [h])` with inputs `(batch, features)` and `h` `(batch, units)`.

    Raises:
        ValueError: If an argument is out of its range.

    >>> import kerata
    >>> from kerata import ops
    >>> cell = kerata.layers.SimpleRNNCell(4)
    >>> output, states = cell(ops.ones((2, 3)), cell.get_initial_state(2))
    >>> output.shape
    (2, 4)
    """

    gates = 1

    def __init__(
        self,
        units: int,
        activation: Named = "tanh",
        use_bias: bool = True,
        kernel_initializer: Named = "glorot_uniform",
        recurrent_initializer: Named = "orthogonal",
        bias_initializer: Named = "zeros",
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

    def recur(self, projected: Tensor, states: Sequence[Tensor], masks: Masks) -> Any:
        """Return `(h, [h])` from projected inputs and the last state."""
        sums = ops.add(projected, product(states[0], self.recurrent_kernel, masks))
        h = self.activation(sums)
        return h, [h]

    def over_time(
        self, sequences: Tensor, states: list, mask: Tensor | None, **options: Any
    ) -> tuple[Tensor, Tensor]:
        """Return `(outputs, h)` of whole sequences."""
        weights = self.kernel, self.recurrent_kernel, self.bias
        return ops.simple_rnn(sequences, *states, *weights, mask, **options)


@register("layers")
@shows_cell(SimpleRNNCell)
class SimpleRNN(FusedRNN):
    """Fully connected recurrent layer: its output is fed back as its state.

    `h_t = activation(x_t @ kernel + h_{t-1} @ recurrent_kernel + bias)`.

    Args:
        units: Size of the state and output.
        activation: Function of the sum.
        use_bias: Whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: First values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections after each update.
        dropout: Fraction of the inputs that is dropped in training, alike at all steps.
        recurrent_dropout: The same for the state; such a layer trains several times slower.
        return_sequences: Whether to return the outputs of all steps or only of the last.
        return_state: Whether to return the last state as well.
        go_backwards: Whether to start at the last step.
        stateful: Whether a batch begins with the state in which the one before ended.
        unroll: Accepted for Keras' signature: unrolled loops are not faster here.
        seed: Makes the dropout reproducible.

    Call arguments:
        sequences: `(batch, time, features)`.
        initial_state: State before the first step, `(batch, units)`; zeros by default.
        mask: Bool `(batch, time)`; where it is False the state does not change.
        training: Whether dropout is applied.

    Returns:
        `(batch, time, units)` with `return_sequences`, else `(batch, units)`; with
        `return_state` a tuple of this and the last state.

    Raises:
        ValueError: If an argument is out of its range, or the input is not of rank 3.

    Reference: Elman, "Finding structure in time", 1990.

    >>> import kerata
    >>> kerata.layers.SimpleRNN(4)(kerata.ops.ones((2, 5, 3))).shape
    (2, 4)
    """

    def __init__(
        self,
        units: int,
        activation: Named = "tanh",
        use_bias: bool = True,
        kernel_initializer: Named = "glorot_uniform",
        recurrent_initializer: Named = "orthogonal",
        bias_initializer: Named = "zeros",
        kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None,
        bias_regularizer: Named = None,
        activity_regularizer: Named = None,
        kernel_constraint: Named = None,
        recurrent_constraint: Named = None,
        bias_constraint: Named = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("implementation", None)
        cell = SimpleRNNCell(
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
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="simple_rnn_cell",
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
