"""Describes a model to the checks of the first batch: inputs, outputs, losses, embeddings."""

from __future__ import annotations

from typing import Any

from kerata.core import tree
from kerata.core.registry import own_name
from kerata.core.spec import spec_of
from kerata.training.first_batch import EmbeddingView, InputView, ModelView, OutputView
from kerata.training.outputs import output_names_of

# Layers that leave probabilities probabilities; the activation stands before them.
_TRANSPARENT = ("Dropout", "Reshape", "Flatten", "Identity", "Squeeze")


def view_of(model: Any, y_pred: Any, compiled_loss: Any) -> ModelView:
    """Return what the checks need to know.

    Args:
        model: the model; built.
        y_pred: its symbolic outputs.
        compiled_loss: its built `CompiledLoss`, or `None`.
    """
    graph = getattr(model, "_graph", None)
    names = output_names_of(y_pred, model.output_names if graph is not None else None)
    losses = compiled_loss.losses if compiled_loss is not None else [None] * len(names)
    made_by = [_activation(model, tensor) for tensor in _own_outputs(graph, y_pred)]
    outputs = [
        OutputView(name, spec_of(tensor), loss, activation, layer)
        for name, tensor, loss, (activation, layer) in zip(
            names, tree.flatten(y_pred), losses, made_by, strict=True
        )
    ]
    if graph is None:
        return ModelView(None, outputs)
    if model.host_part is not None:  # which has held the inputs against the graph
        names = model.host_part.names
        return ModelView(None, outputs, _embeddings_after(model.host_part), names)
    inputs = tree.map_structure(lambda t: InputView(t.name, spec_of(t)), graph.input_structure)
    return ModelView(inputs, outputs, _embeddings(graph))


def _own_outputs(graph: Any, y_pred: Any) -> list[Any]:
    return graph.outputs if graph is not None else [None] * len(tree.flatten(y_pred))


def _activation(model: Any, tensor: Any) -> tuple[str | None, str]:
    """Return the name of the activation that made an output, and that of its layer."""
    node = tensor.node if tensor is not None else None
    while node is not None:
        layer = node.operation
        if type(layer).__name__ in _TRANSPARENT and node.inputs:
            node = node.inputs[0].node
            continue
        if type(layer).__name__ in ("Softmax", "ReLU"):
            return type(layer).__name__.lower(), layer.name
        inner = getattr(layer, "_graph", None)
        if inner is not None and len(inner.outputs) == 1:
            node = inner.outputs[0].node
            continue
        function = getattr(layer, "activation", None)
        if function is None or not callable(function):
            return None, getattr(layer, "name", "")
        try:
            return own_name(function), layer.name
        except (KeyError, ValueError, TypeError):
            return getattr(function, "__name__", None), layer.name
    return None, ""


def _embeddings_after(host_part: Any) -> list[EmbeddingView]:
    """Return the embeddings that read what the host hands over, such as indices of tokens."""
    named = zip(host_part.between, host_part.names, strict=True)
    names = {slot.index: name for slot, name in named}
    found = []
    for step in host_part.second:
        layer = step.operation
        if type(layer).__name__ == "Embedding" and len(step.inputs) == 1:
            name = names.get(step.inputs[0].index)
            if name is not None:
                found.append(EmbeddingView(layer.name, layer.input_dim, name))
    return found


def _embeddings(graph: Any) -> list[EmbeddingView]:
    """Return the embeddings that are fed directly by an input."""
    inputs = {id(tensor): tensor.name for tensor in graph.inputs}
    found = []
    for node in graph.nodes:
        layer = node.operation
        if type(layer).__name__ == "Embedding" and len(node.inputs) == 1:
            name = inputs.get(id(node.inputs[0]))
            if name is not None:
                found.append(EmbeddingView(layer.name, layer.input_dim, name))
    return found
