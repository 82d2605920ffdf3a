"""GRU: the gated recurrent unit, and its cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import activations, ops
from kerata.core.registry import register
from kerata.layers.arguments import Named
from kerata.layers.rnn.cell import GatedCell, Masks, product
from kerata.layers.rnn.rnn import FusedRNN, shows_cell

Tensor = Any


@register("layers")
class GRUCell(GatedCell):
    """One step of GRU.

    With `z` and `r` the gates of inputs and state, `h = z * h + (1 - z) * act(x + r * y)`, where
    `x` comes from the inputs and `y` from the state. The kernels hold the weights for `z`, `r`
    and the candidate side by side, in this order.

    Args:
        units: Size of the state and output.
        activation: `act`.
        recurrent_activation: The function of the gates.
        use_bias: Whether biases are added.
        kernel_initializer, recurrent_initializer, bias_initializer: First values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the variables.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections after each update.
        dropout: Fraction of the inputs that is dropped in training, alike at all steps.
        recurrent_dropout: The same for the state; such a layer trains several times slower.
        reset_after: Whether `r` multiplies after the product with the state, or the state itself.
        seed: Makes the dropout reproducible.

    Call: `(inputs, [h]) -> (h, [h])` with inputs `(batch, features)` and `h` `(batch, units)`.

    Raises:
        ValueError: If an argument is out of its range.

    >>> import kerata
    >>> from kerata import ops
    >>> cell = kerata.layers.GRUCell(4)
    >>> output, states = cell(ops.ones((2, 3)), cell.get_initial_state(2))
    >>> output.shape
    (2, 4)
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Named = "tanh",
        recurrent_activation: Named = "sigmoid",
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
        reset_after: bool = True,
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
        self.reset_after = bool(reset_after)

    def _bias_shape(self) -> tuple[int, ...]:
        width = self.gates * self.units
        return (2, width) if self.reset_after else (width,)

    def _input_bias(self) -> Tensor | None:
        return self.bias[0] if self.bias is not None and self.reset_after else self.bias

    def recur(self, projected: Tensor, states: Sequence[Tensor], masks: Masks) -> Any:
        """Return `(h, [h])` from projected inputs and the last state."""
        h = states[0]
        if self.reset_after:
            z, candidate = self._reset_after(projected, h, masks)
        else:
            z, candidate = self._reset_before(projected, h, masks)
        h = z * h + (1 - z) * self.activation(candidate)
        return h, [h]

    def _reset_after(self, projected: Tensor, h: Tensor, masks: Masks) -> tuple[Tensor, Tensor]:
        recurrent = product(h, self.recurrent_kernel, masks)
        if self.bias is not None:
            recurrent = ops.add(recurrent, self.bias[1])
        x_z, x_r, x = ops.split(projected, 3, axis=-1)
        y_z, y_r, y = ops.split(recurrent, 3, axis=-1)
        r = self.recurrent_activation(x_r + y_r)
        return self.recurrent_activation(x_z + y_z), x + r * y

    def _reset_before(self, projected: Tensor, h: Tensor, masks: Masks) -> tuple[Tensor, Tensor]:
        x_gates, x = ops.split(projected, [2 * self.units], axis=-1)
        for_gates, for_candidate = ops.split(self.recurrent_kernel, [2 * self.units], axis=-1)
        of_gates = masks[:2] if masks is not None and len(masks) == 3 else masks
        sums = ops.add(x_gates, product(h, for_gates, of_gates))
        z, r = ops.split(self.recurrent_activation(sums), 2, axis=-1)
        of_candidate = None if masks is None else masks[-1:]
        return z, ops.add(x, product(r * h, for_candidate, of_candidate))

    def over_time(
        self, sequences: Tensor, states: list, mask: Tensor | None, **options: Any
    ) -> tuple[Tensor, Tensor]:
        """Return `(outputs, h)` of whole sequences."""
        weights = self.kernel, self.recurrent_kernel, self.bias
        return ops.gru(
            sequences, *states, *weights, mask, reset_after=self.reset_after, **options
        )


@register("layers")
@shows_cell(GRUCell)
class GRU(FusedRNN):
    """Gated recurrent unit: a recurrent layer that mixes its last state with a new candidate.

    With `z` and `r` the gates of inputs and state, `h = z * h + (1 - z) * act(x + r * y)`, where
    `x` comes from the inputs and `y` from the state.

    Args:
        units: Size of the state and output.
        activation: `act`.
        recurrent_activation: The function of the gates.
        use_bias: Whether biases are added.
        kernel_initializer, recurrent_initializer, bias_initializer: First values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on the variables.
        activity_regularizer: Penalty on the output.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections after each update.
        dropout: Fraction of the inputs that is dropped in training, alike at all steps.
        recurrent_dropout: The same for the state; such a layer trains several times slower.
        seed: Makes the dropout reproducible.
        return_sequences: Whether to return the outputs of all steps or only of the last.
        return_state: Whether to return the last state as well.
        go_backwards: Whether to start at the last step.
        stateful: Whether a batch begins with the state in which the one before ended.
        unroll: Accepted for Keras' signature: unrolled loops are not faster here.
        reset_after: Whether `r` multiplies after the product with the state, or the state itself.
        use_cudnn: Accepted for Keras' signature: the engine's fastest way is always taken.

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

    Reference: Cho et al., "Learning phrase representations using RNN encoder-decoder for
    statistical machine translation", 2014.

    >>> import kerata
    >>> kerata.layers.GRU(4, return_sequences=True)(kerata.ops.ones((2, 5, 3))).shape
    (2, 5, 4)
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
        reset_after: bool = True,
        use_cudnn: bool | str = "auto",
        **kwargs: Any,
    ) -> None:
        kwargs.pop("implementation", None)
        cell = GRUCell(
            units=units,
            activation=activation,
            recurrent_activation=recurrent_activation,
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
            reset_after=reset_after,
            seed=seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="gru_cell",
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
