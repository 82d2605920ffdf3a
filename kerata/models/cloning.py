"""Copies of models with weights of their own."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from kerata.core import tree
from kerata.core.serialization import renewed
from kerata.core.symbolic import SymbolicTensor
from kerata.layers.core.input_layer import Input, InputLayer
from kerata.models.model import Functional, Model
from kerata.models.sequential import Sequential

CloneFunction = Callable[[Any], Any]


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: CloneFunction | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Any:
    """Return a new model of the same structure, with new layers and fresh weights.

    Args:
        model: a Sequential or functional model; a subclass is copied by its configuration.
        input_tensors: symbolic tensors, in the structure of the model's inputs, that the copy
            starts from; new inputs are made by default.
        clone_function: called with each layer (but inputs); returns the layer of the copy. By
            default a new layer of the same configuration.
        call_function: called as ``call_function(layer, *args, **kwargs)`` in place of the new
            layer's call; for functional models only.
        recursive: whether nested models are copied layer by layer too.

    Returns:
        The copy; compiled, with an optimizer that starts anew, if the model is.

    Raises:
        ValueError: for a `clone_function` or `call_function` that the kind of model cannot use,
            or a `clone_function` that returns no layer.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.Input((3,)), kerata.layers.Dense(2)])
    >>> copy = kerata.models.clone_model(model)
    >>> copy.count_params(), copy.layers[0] is model.layers[0]
    (8, False)
    """
    cloner = _Cloner(clone_function, call_function, recursive)
    if isinstance(model, Sequential):
        return _compiled_as(model, cloner.sequential(model, input_tensors))
    if isinstance(model, Functional) or getattr(model, "inputs", None):
        return _compiled_as(model, cloner.functional(model, input_tensors))
    if not isinstance(model, Model):
        raise ValueError(f"A model was expected, not a {type(model).__name__}.")
    if clone_function or call_function or input_tensors is not None:
        raise ValueError(
            f"{type(model).__name__} defines its own call, so its layers cannot be exchanged. "
            "Leave out clone_function, call_function and input_tensors."
        )
    return _compiled_as(model, type(model).from_config(model.get_config()))


def _compiled_as(model: Any, copy: Any) -> Any:
    """Compile a copy as the model is, if it is, with an optimizer that starts anew; return it."""
    if model.compiled:
        arguments = dict(model._compile_arguments)
        arguments["optimizer"] = renewed(model.optimizer)
        for metrics in ("metrics", "weighted_metrics"):
            arguments[metrics] = deepcopy(arguments[metrics])
        copy.compile(**arguments)
    return copy


class _Cloner:
    """One cloning: how layers are copied and called."""

    def __init__(
        self,
        clone_function: CloneFunction | None,
        call_function: Callable[..., Any] | None,
        recursive: bool,
    ) -> None:
        self._clone_function = clone_function
        self._call_function = call_function
        self._recursive = recursive

    def layer(self, layer: Any) -> Any:
        """The layer of the copy."""
        if self._recursive and isinstance(layer, (Sequential, Functional)):
            call = None if isinstance(layer, Sequential) else self._call_function
            return clone_model(layer, None, self._clone_function, call, recursive=True)
        if self._clone_function is None:
            return type(layer).from_config(layer.get_config())
        copy = self._clone_function(layer)
        if not hasattr(copy, "count_params"):
            raise ValueError(
                f"clone_function returned a {type(copy).__name__} for layer {layer.name!r}: a "
                "layer was expected."
            )
        return copy

    def sequential(self, model: Any, input_tensors: Any) -> Any:
        """Copy a Sequential."""
        if self._call_function is not None:
            raise ValueError("call_function is for functional models, this is a Sequential.")
        copy = Sequential(name=model.name, trainable=model.trainable)
        start = self._sequential_input(model, input_tensors)
        if start is not None:
            copy.add(start, rebuild=False)
        for layer in model.layers:
            copy.add(self.layer(layer), rebuild=False)
        copy._rebuild()
        return copy

    def _sequential_input(self, model: Any, input_tensors: Any) -> Any:
        if input_tensors is None:
            return _new_input(model.inputs[0]) if model.inputs else None
        tensors = tree.flatten(input_tensors)
        if len(tensors) != 1:
            raise ValueError(f"A Sequential takes one input, got {len(tensors)} input_tensors.")
        return tensors[0]

    def functional(self, model: Any, input_tensors: Any) -> Any:
        """Copy the graph of a functional model, node by node."""
        graph = model._graph
        inputs, known = self._new_inputs(graph, input_tensors)
        copies: dict[int, Any] = {}
        for node in graph.nodes:
            self._run(node, known, copies)
        outputs = tree.map_structure(lambda t: known[id(t)], graph.output_structure)
        make = type(model) if isinstance(model, Model) else Functional
        return make(inputs=inputs, outputs=outputs, name=model.name)

    def _new_inputs(self, graph: Any, input_tensors: Any) -> tuple[Any, dict[int, Any]]:
        """The inputs of the copy, and what stands for each input of the original."""
        if input_tensors is None:
            structure = tree.map_structure(_new_input, graph.input_structure)
        else:
            structure = input_tensors
        new = [_as_tensor(tensor) for tensor in tree.flatten(structure)]
        if len(new) != len(graph.inputs):
            raise ValueError(
                f"The model has {len(graph.inputs)} inputs, got {len(new)} input_tensors."
            )
        return structure, {id(old): t for old, t in zip(graph.inputs, new, strict=True)}

    def _run(self, node: Any, known: dict[int, Any], copies: dict[int, Any]) -> None:
        """Apply the copy of a node's operation to the copies of its arguments."""

        def copied(leaf: Any) -> Any:
            return known[id(leaf)] if isinstance(leaf, SymbolicTensor) else leaf

        args = tree.map_structure(copied, node.args)
        kwargs = tree.map_structure(copied, node.kwargs)
        operation = node.operation
        if hasattr(operation, "count_params"):
            if id(operation) not in copies:
                copies[id(operation)] = self.layer(operation)
            operation = copies[id(operation)]
        if self._call_function is not None:
            outputs = self._call_function(operation, *args, **kwargs)
        else:
            outputs = operation(*args, **kwargs)
        for old, new in zip(node.outputs, tree.flatten(outputs), strict=True):
            known[id(old)] = new


def _new_input(tensor: SymbolicTensor) -> Any:
    layer = tensor.node.operation if tensor.node is not None else None
    name = layer.name if isinstance(layer, InputLayer) else None
    return Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)


def _as_tensor(tensor: Any) -> SymbolicTensor:
    if isinstance(tensor, InputLayer):
        return tensor.output
    if isinstance(tensor, SymbolicTensor):
        return tensor
    raise ValueError(
        f"input_tensors must be symbolic tensors made by Input(...), not {type(tensor).__name__}."
    )
