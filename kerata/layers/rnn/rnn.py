"""RNN: a cell stepped along time, and the part that SimpleRNN, LSTM and GRU add to it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from kerata import ops
from kerata.core import tree
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.core.symbolic import SymbolicTensor
from kerata.core.variable import Variable, assign_all
from kerata.initializers import Zeros
from kerata.layers.arguments import Shape
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.rnn.cell import GatedCell
from kerata.layers.rnn.stacked_rnn_cells import StackedRNNCells, step_functions_of

Tensor = Any


class _Carried:
    """The states that a stateful layer keeps between batches, which are no weights."""

    def __init__(self) -> None:
        self.variables: list[Variable] = []
        self.structure: Any = None


@register("layers")
class RNN(Layer):
    """Steps a cell along the time axis of its inputs.

    Args:
        cell: What computes one step: a layer with `call(inputs, states) -> (output, states)` and
            an attribute `state_size` (an integer or a list of them; `output_size` and
            `get_initial_state(batch_size)` where they differ from the first state and zeros). A
            list of cells is stacked.
        return_sequences: Whether to return the outputs of all steps or only of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to start at the last step; the outputs come in the order in which
            they are computed.
        stateful: Whether a batch begins with the states in which the one before ended.
        unroll: Accepted for Keras' signature: unrolled loops are not faster here.
        zero_output_for_mask: Whether the output at masked steps is 0 instead of a repetition of
            the last one.

    Call arguments:
        sequences: `(batch, time, ...)`.
        initial_state: States before the first step, a tensor or a list; zeros by default.
        mask: Bool `(batch, time)`; where it is False the states do not change.
        training: Passed to the cell.

    Returns:
        `(batch, time, ...)` or `(batch, ...)`, with `return_state` a tuple of this and the states.

    Raises:
        ValueError: If the cell has no `state_size`, the initial states do not fit it, or a
            stateful layer meets an unknown or changed batch size.

    >>> import kerata
    >>> from kerata import ops
    >>> class Sum(kerata.layers.Layer):
    ...     state_size = 2
    ...     def call(self, inputs, states):
    ...         total = inputs + states[0]
    ...         return total, [total]
    >>> kerata.layers.RNN(Sum(), return_sequences=True)(ops.ones((1, 3, 2))).tolist()
    [[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]]
    """

    _shared_parameters = (*Layer._shared_parameters, "zero_output_for_mask")

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        _check_cell(cell)
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=3)
        self._carried = _Carried()
        self._fed_by: str | None = None

    # -- building --------------------------------------------------------------------------

    def build(self, sequences_shape: Shape) -> None:
        """Build the cell, and make the states of a stateful layer."""
        if isinstance(self.cell, Layer) and not self.cell.built:
            step_shape = (sequences_shape[0], *sequences_shape[2:])
            self.cell.build_from_config({"input_shape": step_shape})
        if self.stateful:
            self._make_states(sequences_shape)

    def _make_states(self, sequences_shape: Shape) -> None:
        if sequences_shape[0] is None:
            raise ValueError(
                f"Layer {self.path!r} is stateful and must know the batch size; the input has "
                f"shape {sequences_shape}. Give it with `Input(batch_shape=(32, ...))`."
            )
        first = self._zero_states(sequences_shape)
        self._carried.structure = tree.map_structure(lambda state: None, first)
        self._carried.variables = [
            Variable(Zeros(), shape_of(state), self.variable_dtype, False, name="rnn_state")
            for state in tree.flatten(first)
        ]

    def _prepare(self, args: tuple, kwargs: dict) -> None:
        # The input itself is at hand only here; the advice on a wrong shape names its maker.
        self._fed_by = _maker(args)
        super()._prepare(args, kwargs)

    def shape_advice(self, shape: Shape) -> str:
        """Say how sequences come out of the layer before."""
        if len(shape) != 2:
            return ""
        before = f"layer {self._fed_by!r}" if self._fed_by else "the recurrent layer before"
        return f" Expected (batch, time, features): add return_sequences=True to {before}."

    # -- states ----------------------------------------------------------------------------

    @property
    def states(self) -> Any:
        """The state variables of a stateful layer that has been built, else `None`."""
        if not self._carried.variables:
            return None
        return tree.pack(self._carried.structure, self._carried.variables)

    def get_initial_state(self, batch_size: int | None) -> list:
        """Return the states before the first step, as the cell makes them; zeros by default."""
        make = getattr(self.cell, "get_initial_state", None)
        if make is not None:
            state = make(batch_size=batch_size)
        else:
            state = tree.map_structure(
                lambda size: ops.zeros((batch_size, size), self.compute_dtype),
                self.cell.state_size,
            )
        return list(state) if isinstance(state, (list, tuple)) else [state]

    def _zero_states(self, sequences_shape: Shape) -> list:
        """Return the states before the first step of sequences of a shape."""
        return self.get_initial_state(sequences_shape[0])

    def reset_state(self) -> None:
        """Set the states of a stateful layer to 0."""
        for variable in self._carried.variables:
            variable.assign(ops.zeros(variable.shape, variable.dtype))

    def reset_states(self) -> None:
        """Set the states of a stateful layer to 0."""
        self.reset_state()

    def _first_state(self, sequences: Tensor, given: Any) -> list:
        """Return the states that a call begins with."""
        batch = shape_of(sequences)[0]
        kept = self._carried.variables if self.stateful else []
        if kept and batch not in (None, kept[0].shape[0]):
            raise ValueError(
                f"Layer {self.path!r} is stateful with batches of {kept[0].shape[0]} and was given "
                f"one of {batch}. Use one batch size, or a layer with stateful=False."
            )
        expected = self._zero_states(shape_of(sequences))
        if given is None and not kept:
            return expected
        leaves = tree.flatten(given) if given is not None else [v.value for v in kept]
        places = tree.flatten(expected)
        if [shape_of(x)[1:] for x in leaves] != [shape_of(x)[1:] for x in places]:
            raise ValueError(
                f"Layer {self.path!r} begins with states of shapes "
                f"{[shape_of(x) for x in places]}, and `initial_state` has "
                f"{[shape_of(x) for x in leaves]}."
            )
        return tree.pack(expected, [ops.cast(x, self.compute_dtype) for x in leaves])

    # -- calling ---------------------------------------------------------------------------

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Tensor | None = None,
        training: bool | None = False,
    ) -> Any:
        """Return the outputs, with `return_state` the last states as well."""
        states = self._first_state(sequences, initial_state)
        masks = [each for each in tree.flatten(mask) if each is not None]
        step_mask = ops.cast(masks[0], "bool") if masks else None
        last, outputs, states = self.inner_loop(sequences, states, step_mask, training)
        if self.stateful:
            assign_all(self._carried.variables, tree.flatten(states))
        result = outputs if self.return_sequences else last
        return (result, *states) if self.return_state else result

    def inner_loop(
        self, sequences: Tensor, initial_state: list, mask: Tensor | None, training: bool | None
    ) -> tuple[Tensor, Tensor, list]:
        """Step the cell along time; return the last output, all outputs and the last states."""
        batch = shape_of(sequences)[0]
        prepare, step = step_functions_of(self.cell, batch, training)
        inputs = ops.swapaxes(prepare(sequences), 0, 1)
        inputs = ops.flip(inputs, 0) if self.go_backwards else inputs
        if mask is None:
            states, outputs = ops.scan(_plain(step), initial_state, inputs)
        else:
            mask = ops.swapaxes(mask, 0, 1)
            mask = ops.flip(mask, 0) if self.go_backwards else mask
            body = _masked(step, self.zero_output_for_mask)
            first = (initial_state, self._output_before(initial_state, batch))
            (states, _), outputs = ops.scan(body, first, (inputs, mask))
        outputs = tree.map_structure(lambda x: ops.swapaxes(x, 0, 1), outputs)
        return tree.map_structure(lambda x: x[:, -1], outputs), outputs, states

    def _output_before(self, initial_state: list, batch: int | None) -> Tensor:
        """Return what masked steps before the first real one give: the first state, or zeros."""
        first = tree.flatten(initial_state)[0]
        size = getattr(self.cell, "output_size", None) or shape_of(first)[-1]
        if shape_of(first)[1:] == (size,) and not isinstance(self.cell, StackedRNNCells):
            return first
        return ops.zeros((batch, size), self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Pass the mask on with sequences; the last output and the states have none."""
        mask = super().compute_mask(inputs, previous_mask)
        own = mask if self.return_sequences else None
        if not self.return_state:
            return own
        return [own, *(None for _ in tree.flatten(self.cell.state_size))]


def shows_cell(cell_class: type[GatedCell]) -> Callable[[type], type]:
    """Let a layer show the configuration of its cell, such as `units`, as its own."""
    classes = [each for each in cell_class.__mro__ if issubclass(each, GatedCell)]
    names = {name for each in classes for name in inspect.signature(each.__init__).parameters}

    def decorate(layer_class: type) -> type:
        for name in names - {"self", "kwargs"}:
            if not hasattr(layer_class, name):
                setattr(layer_class, name, _of_cell(name))
        return layer_class

    return decorate


def _of_cell(name: str) -> property:
    return property(lambda layer: getattr(layer.cell, name), doc=f"The cell's `{name}`.")


class FusedRNN(RNN):
    """Base of the layers whose whole recurrence is one op.

    The op does the work unless the cell has an activation that it lacks, or recurrent dropout.
    """

    cell: GatedCell

    def __init__(self, cell: GatedCell, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, without the choice that makes no difference here."""
        config = super().get_config()
        config.pop("use_cudnn", None)
        return config

    def inner_loop(
        self, sequences: Tensor, initial_state: list, mask: Tensor | None, training: bool | None
    ) -> tuple[Tensor, Tensor, list]:
        """Run the op; return the last output, all outputs if wanted, and the last states."""
        names = self.cell.op_activations()
        if names is None or (training and self.cell.recurrent_dropout > 0):
            return super().inner_loop(sequences, initial_state, mask, training)
        dropped, _ = self.cell.draw_masks(shape_of(sequences)[0], training)
        if dropped is not None:
            sequences = ops.multiply(sequences, ops.expand_dims(dropped[0], 1))
        outputs, *states = self.cell.over_time(
            sequences,
            initial_state,
            mask,
            go_backwards=self.go_backwards,
            return_all=self.return_sequences,
            **names,
        )
        if mask is not None and self.zero_output_for_mask:
            outputs = self._zero_masked(outputs, mask)
        return (outputs[:, -1] if self.return_sequences else outputs), outputs, states

    def _zero_masked(self, outputs: Tensor, mask: Tensor) -> Tensor:
        mask = ops.flip(mask, 1) if self.go_backwards else mask
        mask = mask if self.return_sequences else mask[:, -1]
        return ops.where(ops.expand_dims(mask, -1), outputs, ops.zeros_like(outputs))


def _check_cell(cell: Any) -> None:
    for name in ("call", "state_size"):
        if not hasattr(cell, name):
            raise ValueError(
                f"`cell` is a {type(cell).__name__} without `{name}`; expected a layer with "
                "`call(inputs, states) -> (output, states)` and `state_size`."
            )


def _maker(args: tuple) -> str | None:
    """Return the name of the recurrent layer that made the first argument, if it is known."""
    if not args or not isinstance(args[0], SymbolicTensor) or args[0].node is None:
        return None
    layer = args[0].node.operation
    return layer.name if isinstance(layer, RNN) else None


def _plain(step: Callable) -> Callable:
    """Return a step as `ops.scan` takes it."""

    def body(states: list, inputs: Tensor) -> tuple[list, Tensor]:
        output, new = step(inputs, states)
        return tree.pack(states, tree.flatten(new)), output

    return body


def _masked(step: Callable, zero_output: bool) -> Callable:
    """Return a step for `ops.scan` that carries the states over where the mask is False."""

    def body(carry: tuple[list, Tensor], at: tuple[Tensor, Tensor]) -> tuple[Any, Tensor]:
        (states, before), (inputs, mask) = carry, at
        output, new = step(inputs, states)
        keep = [
            _where(mask, x, old)
            for x, old in zip(tree.flatten(new), tree.flatten(states), strict=True)
        ]
        shown = _where(mask, output, ops.zeros_like(output) if zero_output else before)
        # With zeros for masked steps the output before is not needed, only carried.
        return (tree.pack(states, keep), before if zero_output else shown), shown

    return body


def _where(mask: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """Choose by a mask (batch,) among tensors of any rank."""
    axes = tuple(range(1, len(shape_of(new))))
    return ops.where(ops.expand_dims(mask, axes) if axes else mask, new, old)
