"""A graph as plain data and back, in Keras' layout: layers and ops with their inbound nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerata.core import tree
from kerata.core.operation import Operation
from kerata.core.serialization import deserialize, serialize
from kerata.core.symbolic import Node, SymbolicTensor
from kerata.layers.core.input_layer import InputLayer
from kerata.layers.layer import Layer
from kerata.models.graph import Graph
from kerata.models.op_config import is_op, op_config, op_from_config

#: Keras writes a flag for each layer that takes one, and lets that of the whole model overrule it
#: in any case; here it is written if the user has chosen it, and says so.
_FLAG, _CHOSEN = "training", "chosen"


def graph_config(graph: Graph) -> dict[str, Any]:
    """Return the layers, their connections, and the names of inputs and outputs."""
    history = _history(graph)
    return {
        "layers": [_operation_config(graph, operation, history) for operation in graph.operations],
        "input_layers": _map_names(graph.input_structure, history),
        "output_layers": _map_names(graph.output_structure, history),
    }


def _history(graph: Graph) -> dict[int, list]:
    """Symbolic tensor -> [name of the operation that made it, which use of it, which output]."""
    found: dict[int, list] = {}
    for operation in graph.operations:
        for use, node in enumerate(_uses(graph, operation)):
            for index, tensor in enumerate(node.outputs):
                found[id(tensor)] = [graph.name_of(node), use, index]
    for tensor in graph.inputs:
        found[id(tensor)] = [graph._input_node(tensor).operation.name, 0, 0]
    return found


def _uses(graph: Graph, operation: Any) -> list[Node]:
    if isinstance(operation, InputLayer):
        return operation._nodes[:1]
    return graph.nodes_of(operation) if isinstance(operation, Layer) else [operation]


def _operation_config(graph: Graph, operation: Any, history: dict) -> dict[str, Any]:
    nodes = _uses(graph, operation)
    name = graph.name_of(nodes[0])
    if isinstance(operation, Layer):
        config = serialize(operation)
    elif isinstance(operation.operation, Operation):
        config = serialize(operation.operation)
    else:
        module, class_name, options, inputs = op_config(nodes[0])
        config = {
            "module": module,
            "class_name": class_name,
            "config": {"name": name, **tree.map_structure(serialize, options)},
            "registered_name": class_name,
        }
        return {**config, "name": name, "inbound_nodes": [_use_config(inputs, {}, history)]}
    inbound = [] if isinstance(operation, InputLayer) else nodes
    uses = [_use_config(node.args, node.kwargs, history) for node in inbound]
    return {**config, "name": name, "inbound_nodes": uses}


def _use_config(args: Sequence[Any], kwargs: Mapping[str, Any], history: dict) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if not isinstance(value, SymbolicTensor):
            return serialize(value)
        return {
            "class_name": "__keras_tensor__",
            "config": {
                "shape": list(value.shape),
                "dtype": value.dtype,
                "keras_history": history[id(value)],
            },
        }

    config: dict[str, Any] = {
        "args": [tree.map_structure(plain, arg) for arg in args],
        "kwargs": {name: tree.map_structure(plain, arg) for name, arg in kwargs.items()},
    }
    if _FLAG in kwargs:
        config[_CHOSEN] = [_FLAG]
    return config


def _map_names(structure: Any, history: dict) -> Any:
    named = tree.map_structure(lambda tensor: _Name(history[id(tensor)]), structure)
    return named.value if isinstance(named, _Name) else _plain_names(named)


class _Name:
    """A leaf that holds a list, which `tree` would otherwise look into."""

    def __init__(self, value: list):
        self.value = value


def _plain_names(structure: Any) -> Any:
    if isinstance(structure, _Name):
        return structure.value
    if isinstance(structure, dict):
        return {key: _plain_names(value) for key, value in structure.items()}
    return [_plain_names(item) for item in structure]


def graph_from_config(config: dict[str, Any], custom_objects: Any = None) -> tuple[Any, Any]:
    """Build the layers, connect them, and return the symbolic inputs and outputs."""
    builder = _Builder(config["layers"], custom_objects)
    builder.connect()
    return builder.tensors(config["input_layers"]), builder.tensors(config["output_layers"])


class _Builder:
    """Calls each operation as soon as the tensors that it takes exist."""

    def __init__(self, layers: list[dict], custom_objects: Any):
        self._operations = {entry["name"]: _operation_of(entry, custom_objects) for entry in layers}
        self._made: dict[tuple[str, int, int], SymbolicTensor] = {}
        self._waiting = [
            (entry["name"], use, node)
            for entry in layers
            for use, node in enumerate(entry["inbound_nodes"])
        ]
        for name, operation in self._operations.items():
            if isinstance(operation, InputLayer):
                self._made[(name, 0, 0)] = operation.output

    def connect(self) -> None:
        """Call all operations; each round calls those whose inputs are ready."""
        while self._waiting:
            later = [item for item in self._waiting if not self._try(*item)]
            if len(later) == len(self._waiting):
                name = later[0][0]
                raise ValueError(f"The inputs of layer {name!r} are not made by any layer before.")
            self._waiting = later

    def _try(self, name: str, use: int, node: dict) -> bool:
        if use and (name, use - 1, 0) not in self._made:
            return False
        try:
            args = [self._value(arg) for arg in node["args"]]
            kwargs = {key: self._value(value) for key, value in node["kwargs"].items()}
            if _FLAG not in node.get(_CHOSEN, ()):
                kwargs.pop(_FLAG, None)
        except KeyError:
            return False
        outputs = tree.flatten(self._operations[name](*args, **kwargs))
        for index, tensor in enumerate(outputs):
            self._made[(name, use, index)] = tensor
        return True

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            if value.get("class_name") == "__keras_tensor__":
                name, use, index = value["config"]["keras_history"]
                return self._made[(name, use, index)]
            if "class_name" in value:
                return deserialize(value)
            return {key: self._value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self._value(item) for item in value)
        return value

    def tensors(self, names: Any) -> Any:
        """Return the symbolic tensors that names like `["dense", 0, 0]` stand for."""
        if isinstance(names, dict):
            return {key: self.tensors(value) for key, value in names.items()}
        if len(names) == 3 and isinstance(names[0], str):
            return self._made[(names[0], names[1], names[2])]
        return [self.tensors(name) for name in names]


def _operation_of(entry: dict[str, Any], custom_objects: Any) -> Any:
    if not is_op(entry["module"]):
        return deserialize(entry, custom_objects)
    options = {key: deserialize(value) for key, value in entry["config"].items()}
    return op_from_config(entry, options)
