"""The part of a model that is computed on the host, before the data reach the engine.

Text is no tensor. So what the first layers of a graph make of it (indices of tokens, bins of
hashes) is computed with NumPy in the data pipeline, where other data are prepared as well; the
compiled step gets numbers. A graph is divided like this:

1. Models inside of it that have such layers are laid open, so that there is one list of steps.
2. Layers that run on the host, and what they depend on, come first, as far as none of it is
   trained. The rest comes after.
3. `prepare` computes the first part for a batch of arrays; its result, `Prepared`, takes the
   place of the model's inputs in steps; `finish` computes the second part.

Inputs that only layers which welcome missing entries read (`takes_gaps`) may be columns of any
kind, with gaps in any spelling: `read` makes arrays of numbers or of text of them first.

Called on arrays directly, the model just computes one layer after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from kerata.backend import select
from kerata.core import tree
from kerata.core.context import CallContext, set_current
from kerata.core.primitive import convert_to_numpy
from kerata.core.symbolic import SymbolicTensor
from kerata.core.variable import Variable
from kerata.layers.layer import Layer
from kerata.layers.preprocessing.raw_columns import as_numbers, as_texts, entries_of
from kerata.models.graph import Graph


class Prepared(NamedTuple):
    """What the host part of a model made of a batch: it stands for the model's inputs."""

    values: tuple


class _Slot:
    """The place of a tensor among the values of a run."""

    __slots__ = ("index", "tensor")

    def __init__(self, index: int, tensor: SymbolicTensor):
        self.index = index
        self.tensor = tensor


class _Step:
    """One operation: the slots that it reads, and those that it fills."""

    def __init__(self, operation: Callable, args: Any, kwargs: Any, outputs: list[_Slot]):
        self.operation = operation
        self.args, self.kwargs = args, kwargs
        self.inputs = [leaf for leaf in tree.flatten((args, kwargs)) if isinstance(leaf, _Slot)]
        self.outputs = outputs

    @property
    def is_host_layer(self) -> bool:
        """Whether the operation is a layer that belongs on the host."""
        return bool(getattr(self.operation, "runs_on_host", False))

    @property
    def may_move(self) -> bool:
        """Whether the operation does the same outside of training, and is not trained."""
        if self.is_host_layer:
            return True
        if not isinstance(self.operation, Layer):
            return not any(isinstance(leaf, Variable) for leaf in tree.flatten(self.args))
        random = "training" in self.operation._call_parameters()
        return not self.operation.trainable_variables and not random

    @property
    def name(self) -> str:
        """How messages call the operation."""
        kind = type(self.operation).__name__
        name = getattr(self.operation, "name", None)
        return f"{name!r} ({kind})" if name else getattr(self.operation, "__name__", kind)

    def run(self, known: dict[int, Any]) -> None:
        """Compute the operation with the values that are known so far."""
        def value(leaf: Any) -> Any:
            return known[leaf.index] if isinstance(leaf, _Slot) else leaf

        args = [tree.map_structure(value, arg) for arg in self.args]
        kwargs = {name: tree.map_structure(value, arg) for name, arg in self.kwargs.items()}
        result = self.operation(*args, **kwargs)
        known.update(zip((s.index for s in self.outputs), tree.flatten(result), strict=True))


class HostPart:
    """A graph, divided into what the host and what the engine computes.

    Args:
        graph: the graph of a model.
        arrange_inputs: gives one value per graph input for what the model was called on.
    """

    def __init__(self, graph: Graph, arrange_inputs: Callable[[Any], list]):
        self._arrange_inputs = arrange_inputs
        self._slots: list[_Slot] = []
        self._of: dict[int, _Slot] = {}
        self.inputs = [self._new_slot(tensor, self._of) for tensor in graph.inputs]
        steps = list(self._opened(graph, self._of))
        self.outputs = tree.map_structure(lambda t: self._of[id(t)], graph.output_structure)
        moved = _moved(steps, self.inputs)
        self.first = [step for step in steps if id(step) in moved]
        self.second = [step for step in steps if id(step) not in moved]
        self.between = self._handed_over()
        self._structure = graph.input_structure
        self._with_gaps = {slot.tensor.name: slot.tensor.dtype for slot in self._gap_takers(steps)}

    @staticmethod
    def of(graph: Graph | None, arrange_inputs: Callable[[Any], list]) -> HostPart | None:
        """Return the division of a graph, `None` if it has no use for one."""
        if graph is None:
            return None
        text = any(tensor.dtype == "string" for tensor in graph.inputs)
        inside = any(needs_host(layer) for layer in graph.layers)
        return HostPart(graph, arrange_inputs) if text or inside else None

    # -- dividing --------------------------------------------------------------------------

    def _new_slot(self, tensor: SymbolicTensor, known: dict[int, _Slot]) -> _Slot:
        slot = _Slot(len(self._slots), tensor)
        self._slots.append(slot)
        known[id(tensor)] = slot
        return slot

    def _opened(self, graph: Graph, known: dict[int, _Slot]) -> Iterator[_Step]:
        """Yield the steps of a graph, those of models inside that have host layers included."""
        def slot(leaf: Any) -> Any:
            return known[id(leaf)] if isinstance(leaf, SymbolicTensor) else leaf

        for node in graph.nodes:
            args = [tree.map_structure(slot, arg) for arg in node.args]
            kwargs = {key: tree.map_structure(slot, arg) for key, arg in node.kwargs.items()}
            inner: Any = getattr(node.operation, "_graph", None)
            opened = inner is not None and needs_host(node.operation) and not kwargs
            if not (opened and node.operation._sees_whole_model()):  # type: ignore[attr-defined]
                outputs = [self._new_slot(tensor, known) for tensor in node.outputs]
                yield _Step(node.operation, args, kwargs, outputs)
                continue
            own: dict[int, _Slot] = {}
            given = node.operation._arrange_inputs(*node.args)  # type: ignore[attr-defined]
            if all(id(tensor) in known for tensor in given):  # nothing had to be reshaped
                own = {id(t): known[id(g)] for t, g in zip(inner.inputs, given, strict=True)}
            else:
                entries = [self._new_slot(tensor, own) for tensor in inner.inputs]
                yield _Step(node.operation._arrange_inputs, args, {}, entries)  # type: ignore
            yield from self._opened(inner, own)
            for outer, tensor in zip(node.outputs, inner.outputs, strict=True):
                known[id(outer)] = own[id(tensor)]

    def _handed_over(self) -> list[_Slot]:
        """Return the slots that the second part reads, or that are outputs already."""
        made = {slot.index for step in self.second for slot in step.outputs}
        read = [slot for step in self.second for slot in step.inputs]
        wanted = {slot.index: slot for slot in [*read, *tree.flatten(self.outputs)]}
        return [slot for index, slot in wanted.items() if index not in made]

    @property
    def names(self) -> list[str]:
        """What messages call the arrays that `prepare` hands over, in their order."""
        keys = {name: key for key, name in self._names_of_keys().items()}
        inputs = {slot.index: keys.get(slot.tensor.name) for slot in self.inputs}
        alone = len(self.inputs) == 1

        def name(slot: _Slot) -> str:
            if slot.index in inputs:
                return "x" if alone else f"x[{inputs[slot.index]!r}]"
            return f"what {self._maker(slot)} makes of x"

        return [name(slot) for slot in self.between]

    @property
    def is_row_by_row(self) -> bool:
        """Whether what is handed over for a row does not depend on the other rows of its batch.

        Layers without weights of the user's see rows one by one, but for those that pad them to the
        longest; ops may do anything.
        """
        known = all(None not in slot.tensor.shape[1:] for slot in self.between)
        return known and all(isinstance(step.operation, Layer) for step in self.first)

    def _gap_takers(self, steps: list[_Step]) -> Iterator[_Slot]:
        """Yield the inputs that are read only by layers which welcome missing entries."""
        for slot in self.inputs:
            readers = [step.operation for step in steps if slot in step.inputs]
            if readers and all(getattr(reader, "takes_gaps", False) for reader in readers):
                yield slot

    def check(self) -> None:
        """Raise unless the engine gets numbers only.

        Raises:
            ValueError: if text would reach it; says where and what to do.
        """
        for step in self.second:
            for slot in step.inputs:
                if slot.tensor.dtype == "string":
                    raise ValueError(self._text_reaches(step, slot))
        for slot in tree.flatten(self.outputs):
            if slot.tensor.dtype == "string":
                raise ValueError(
                    f"An output of the model, {self._maker(slot)}, is text, which engines do not "
                    "compute. Let the model end before, and apply the layer to what it gives: "
                    "`layer(model.predict(x))`."
                )

    def _maker(self, slot: _Slot) -> str:
        for step in [*self.first, *self.second]:
            if any(slot is output for output in step.outputs):
                return step.name
        return f"the input {slot.tensor.name!r}"

    def _text_reaches(self, step: _Step, slot: _Slot) -> str:
        if step.is_host_layer:
            return (
                f"Layer {step.name} takes text, but depends on layers that are trained, so it "
                "cannot be computed before them. Let it follow the inputs directly."
            )
        return (
            f"Text reaches {step.name} from {self._maker(slot)}, but only numbers can be computed "
            "with. Put a StringLookup, TextVectorization or Hashing layer between."
        )

    # -- running ---------------------------------------------------------------------------

    def read(self, inputs: Any) -> Any:
        """Return data with plain arrays in place of columns that may have missing entries.

        Args:
            inputs: nested as the model takes them.

        Raises:
            ValueError: if a column of numbers holds something else.
        """
        if not self._with_gaps:
            return inputs
        if isinstance(inputs, dict):
            names = self._names_of_keys()
            return {key: self._column(names.get(key), value) for key, value in inputs.items()}
        if len(self.inputs) == 1 and not tree.is_nested(self._structure):
            return self._column(self.inputs[0].tensor.name, inputs)
        return inputs

    def _names_of_keys(self) -> dict[str, str]:
        """Return the names of the inputs by the keys of the dict that the model takes."""
        if isinstance(self._structure, dict):
            return {key: getattr(tensor, "name", "") for key, tensor in self._structure.items()}
        return {slot.tensor.name: slot.tensor.name for slot in self.inputs}

    def _column(self, name: str | None, values: Any) -> Any:
        if name not in self._with_gaps:
            return values
        array = entries_of(values)
        if not isinstance(array, np.ndarray):  # rows that were read before, or a tensor
            return values
        try:
            return as_texts(array) if self._with_gaps[name] == "string" else as_numbers(array)
        except ValueError as error:
            raise ValueError(f"The input {name!r} takes numbers. {error}") from None

    def prepare(self, inputs: Any) -> Prepared:
        """Return what the host makes of a batch.

        Args:
            inputs: NumPy arrays, nested as the model takes them.

        Raises:
            ValueError: if they do not fit the model's inputs.
        """
        call = CallContext(training=False)
        with select.use_backend("numpy"), set_current(call=call, recorder=None, scope=None):
            values = self._arrange_inputs(inputs)
            known = {slot.index: v for slot, v in zip(self.inputs, values, strict=True)}
            for step in self.first:
                step.run(known)
        return Prepared(tuple(convert_to_numpy(known[slot.index]) for slot in self.between))

    def finish(self, prepared: Prepared) -> Any:
        """Return the outputs of the model for what `prepare` gave."""
        pairs = zip(self.between, prepared.values, strict=True)
        known = {slot.index: value for slot, value in pairs}
        for step in self.second:
            step.run(known)
        return tree.map_structure(lambda slot: known[slot.index], self.outputs)


def needs_host(layer: Any) -> bool:
    """Tell whether a layer runs on the host, or is a model with such layers."""
    if getattr(layer, "host_part", None) is not None:
        return True
    return bool(getattr(layer, "runs_on_host", False))


def _moved(steps: list[_Step], inputs: list[_Slot]) -> set[int]:
    """Return the steps that come first: host layers and what they need, if it can be moved."""
    ready = {slot.index for slot in inputs}
    possible = []
    for step in steps:
        if step.may_move and all(slot.index in ready for slot in step.inputs):
            ready.update(slot.index for slot in step.outputs)
            possible.append(step)
    needed: set[int] = set()
    moved: set[int] = set()
    for step in reversed(possible):
        if step.is_host_layer or any(slot.index in needed for slot in step.outputs):
            needed.update(slot.index for slot in step.inputs)
            moved.add(id(step))
    return moved
