"""What the cells of SimpleRNN, LSTM and GRU have in common: weights and dropout.

One step of a cell is `recur(project(inputs), states)`: `project` holds what does not depend on
the state, so that a layer can do it for all time steps at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from kerata import activations, constraints, initializers, ops, random, regularizers
from kerata.core.spec import shape_of
from kerata.layers.arguments import Named, Shape, fraction, positive_integer
from kerata.layers.layer import Layer
from kerata.layers.shapes import known_size
from kerata.ops.rnn import ACTIVATIONS

Tensor = Any
#: one dropout mask for all gates, or one for each; `None` where nothing is dropped
Masks = list[Tensor] | None
#: a function of the inputs of one or all steps, and one of (its result, states) for each step
Step = tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Any], tuple[Tensor, Any]]]


class GatedCell(Layer):
    """Base of cells whose kernels hold the weights of `gates` gates side by side."""

    gates: ClassVar[int]

    def __init__(
        self,
        units: int,
        activation: Named,
        use_bias: bool,
        kernel_initializer: Named,
        recurrent_initializer: Named,
        bias_initializer: Named,
        kernel_regularizer: Named,
        recurrent_regularizer: Named,
        bias_regularizer: Named,
        kernel_constraint: Named,
        recurrent_constraint: Named,
        bias_constraint: Named,
        dropout: float,
        recurrent_dropout: float,
        seed: Any,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("implementation", None)  # Keras' choice between equal ways to compute
        super().__init__(**kwargs)
        self.units = positive_integer(units, "units")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer: Any = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = fraction(dropout, "dropout")
        self.recurrent_dropout = fraction(recurrent_dropout, "recurrent_dropout")
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)
        self.state_size: int | list[int] = self.units
        self.output_size = self.units

    def build(self, input_shape: Shape) -> None:
        """Make `kernel`, `recurrent_kernel` and `bias`."""
        kernel_shape, recurrent_shape = self._kernel_shapes(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=kernel_shape,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=recurrent_shape,
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=self._bias_shape(),
                initializer=self._first_bias(),
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def _kernel_shapes(self, input_shape: Shape) -> tuple[Shape, Shape]:
        """Return the shapes of `kernel` and `recurrent_kernel`."""
        width = self.gates * self.units
        return (known_size(self, input_shape, -1), width), (self.units, width)

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _first_bias(self) -> Any:
        return self.bias_initializer

    def get_initial_state(self, batch_size: int | None = None) -> list[Tensor]:
        """Return the state before the first step: zeros.

        Args:
            batch_size: number of sequences.

        Returns:
            A list of tensors `(batch_size, units)`.
        """
        count = len(self.state_size) if isinstance(self.state_size, list) else 1
        return [ops.zeros((batch_size, self.units), self.compute_dtype) for _ in range(count)]

    def call(self, inputs: Tensor, states: Sequence[Tensor], training: bool | None = False) -> Any:
        """Return `(output, new states)` of one step.

        Args:
            inputs: `(batch, features)`.
            states: tensors `(batch, units)`.
            training: whether dropout is applied.
        """
        project, recur = self.step_functions(shape_of(inputs)[0], training)
        return recur(project(inputs), states)

    def step_functions(self, batch_size: int | None, training: bool | None) -> Step:
        """Return what computes the steps of one batch of sequences.

        The dropout masks are drawn here, once for all steps.
        """
        given, recurrent = self.draw_masks(batch_size, training)
        return (
            lambda inputs: self.project(inputs, given),
            lambda projected, states: self.recur(projected, states, recurrent),
        )

    def draw_masks(self, batch_size: int | None, training: bool | None) -> tuple[Masks, Masks]:
        """Return the dropout masks of the inputs and of the state.

        With recurrent dropout each gate has masks of its own, else all share one.
        """
        if not training:
            return None, None
        count = self.gates if self.recurrent_dropout > 0 else 1
        return (
            self._draw(self.dropout, (batch_size, self.kernel.shape[0]), count),
            self._draw(self.recurrent_dropout, (batch_size, self.units), count),
        )

    def _draw(self, rate: float, shape: Shape, count: int) -> Masks:
        if rate == 0:
            return None
        ones = ops.ones(shape, self.compute_dtype)
        return [random.dropout(ones, rate, seed=self.seed_generator) for _ in range(count)]

    def project(self, inputs: Tensor, masks: Masks) -> Tensor:
        """Return the part of the sums that comes from the inputs `(batch, [time,] features)`."""
        if masks is not None and len(shape_of(inputs)) == 3:
            masks = [ops.expand_dims(mask, 1) for mask in masks]
        projected = product(inputs, self.kernel, masks)
        bias = self._input_bias()
        return projected if bias is None else ops.add(projected, bias)

    def _input_bias(self) -> Tensor | None:
        return self.bias

    def recur(self, projected: Tensor, states: Sequence[Tensor], masks: Masks) -> Any:
        """Return `(output, new states)` from projected inputs and the last states."""
        raise TypeError(f"{type(self).__name__} does not define `recur`.")

    def over_time(
        self, sequences: Tensor, states: list, mask: Tensor | None, **options: Any
    ) -> Any:
        """Return `(outputs, *states)` of whole sequences by one op.

        Only for cells with an `op_activations`.
        """
        raise TypeError(f"{type(self).__name__} does not define `over_time`.")

    def op_activations(self) -> dict[str, str] | None:
        """Return the activations by name; `None` if the op of the whole recurrence lacks one."""
        found = {
            name: _op_name(getattr(self, name))
            for name in ("activation", "recurrent_activation")
            if hasattr(self, name)
        }
        return None if None in found.values() else found  # type: ignore[return-value]


def _op_name(activation: Callable) -> str | None:
    return next((n for n in ACTIVATIONS if getattr(activations, n) is activation), None)


def product(inputs: Tensor, kernel: Tensor, masks: Masks) -> Tensor:
    """Return `inputs @ kernel`; with several masks each gate sees the inputs through its own."""
    if masks is None:
        return ops.matmul(inputs, kernel)
    if len(masks) == 1:
        return ops.matmul(ops.multiply(inputs, masks[0]), kernel)
    parts = ops.split(kernel, len(masks), axis=-1)
    products = [
        ops.matmul(ops.multiply(inputs, mask), part)
        for mask, part in zip(masks, parts, strict=True)
    ]
    return ops.concatenate(products, axis=-1)
