"""StackedRNNCells: several cells as one, each fed by the output of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.arguments import Shape
from kerata.layers.layer import Layer
from kerata.layers.rnn.cell import Step

Tensor = Any


@register("layers")
class StackedRNNCells(Layer):
    """Makes one cell of several: at each step every cell gets the output of the one before.

    Args:
        cells: List of cells.

    Raises:
        ValueError: If a cell lacks `call` or `state_size`.

    >>> import kerata
    >>> from kerata.layers import RNN, GRUCell, LSTMCell, StackedRNNCells
    >>> RNN(StackedRNNCells([LSTMCell(3), GRUCell(4)]))(kerata.ops.ones((2, 5, 3))).shape
    (2, 4)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
                raise ValueError(
                    f"`cells` holds a {type(cell).__name__}; expected layers with `call(inputs, "
                    "states)` and `state_size`."
                )
        self.cells = list(cells)

    @property
    def state_size(self) -> list:
        """The state sizes of all cells."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """The size of the last cell's output."""
        return _output_size(self.cells[-1])

    def build(self, input_shape: Shape) -> None:
        """Build the cells, each for the output of the one before."""
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build_from_config({"input_shape": input_shape})
            input_shape = (input_shape[0], _output_size(cell))

    def get_initial_state(self, batch_size: int | None = None) -> list:
        """Return the states of all cells before the first step, a list for each cell."""
        return [self._first_states(cell, batch_size) for cell in self.cells]

    def _first_states(self, cell: Any, batch_size: int | None) -> list:
        make = getattr(cell, "get_initial_state", None)
        if make is None:
            sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else None
            sizes = [cell.state_size] if sizes is None else sizes
            return [ops.zeros((batch_size, size), self.compute_dtype) for size in sizes]
        states = make(batch_size=batch_size)
        return list(states) if isinstance(states, (list, tuple)) else [states]

    def call(self, inputs: Tensor, states: Any, training: bool | None = False) -> Any:
        """Return `(output, new states)` of one step through all cells."""
        prepare, step = self.step_functions(shape_of(inputs)[0], training)
        return step(prepare(inputs), states)

    def step_functions(self, batch_size: int | None, training: bool | None) -> Step:
        """Return what computes the steps of one batch of sequences."""
        functions = [step_functions_of(cell, batch_size, training) for cell in self.cells]

        def step(prepared: Tensor, states: Any) -> tuple[Tensor, list]:
            new_states = []
            output = prepared
            for index, (prepare, step_cell) in enumerate(functions):
                prepared = prepare(output) if index else output
                output, new = step_cell(prepared, list(states[index]))
                new_states.append(list(new) if isinstance(new, (list, tuple)) else [new])
            return output, new_states

        return functions[0][0], step


def _output_size(cell: Any) -> int:
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    sizes = cell.state_size
    return sizes[0] if isinstance(sizes, (list, tuple)) else sizes


def step_functions_of(cell: Any, batch_size: int | None, training: bool | None) -> Step:
    """Return what computes the steps of any cell: what it says itself, else its call."""
    own = getattr(cell, "step_functions", None)
    if own is not None and type(cell).call.__module__.startswith("kerata."):
        return own(batch_size, training)
    if isinstance(cell, Layer):
        return _unchanged, lambda inputs, states: cell(inputs, states, training=training)
    return _unchanged, lambda inputs, states: cell.call(inputs, states)


def _unchanged(inputs: Tensor) -> Tensor:
    return inputs
