"""Graph: the operations between symbolic inputs and outputs, in an order that can be run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from kerata.core import names, tree
from kerata.core.operation import Operation
from kerata.core.symbolic import Node, SymbolicTensor
from kerata.core.variable import Variable
from kerata.layers.core.input_layer import InputLayer
from kerata.layers.layer import Layer


class Graph:
    """What lies between inputs and outputs.

    Args:
        inputs, outputs: symbolic tensors, or structures of them.

    Attributes:
        nodes: the nodes in an order in which they can be run.
        operations: layers and ops, ordered by their distance from the outputs, farthest first.

    Raises:
        ValueError: if an output does not depend on the given inputs alone.
    """

    def __init__(self, inputs: Any, outputs: Any):
        self.input_structure = inputs
        self.output_structure = outputs
        self.inputs: list[SymbolicTensor] = _symbolic_leaves(inputs, "inputs")
        self.outputs: list[SymbolicTensor] = _symbolic_leaves(outputs, "outputs")
        self._given = {id(tensor) for tensor in self.inputs}
        self.nodes: list[Node] = []
        self._stand_ins: dict[int, Node] = {}
        discovered = self._discover()
        self.operations = self._ordered(discovered)
        self._node_names: dict[int, str] = {}
        self._steps = [_Step(node) for node in self.nodes]
        self._check_names()

    # -- structure -------------------------------------------------------------------------

    def _discover(self) -> list[Any]:
        """Walk from the outputs to the inputs; return operations as they are met."""
        met: dict[int, Any] = {}
        done: set[int] = set()
        for tensor in self.outputs:
            self._walk(tensor, met, done)
        for tensor in self.inputs:
            if id(tensor) not in {id(t) for node in self.nodes for t in node.outputs}:
                met.setdefault(_identity(self._input_node(tensor)), self._input_node(tensor))
        return list(met.values())

    def _walk(self, target: SymbolicTensor, met: dict[int, Any], done: set[int]) -> None:
        """Visit what makes a tensor, inputs of a node before the node; an explicit stack is
        used because deep networks exceed Python's recursion limit."""
        stack: list[tuple[SymbolicTensor, bool]] = [(target, False)]
        while stack:
            tensor, expanded = stack.pop()
            node = self._input_node(tensor) if id(tensor) in self._given else tensor.node
            if node is None or (not node.inputs and id(tensor) not in self._given):
                raise ValueError(self._disconnected(tensor))
            if id(node) in done:
                continue
            if expanded or id(tensor) in self._given:
                done.add(id(node))
                met.setdefault(_identity(node), node)
                if id(tensor) not in self._given:
                    self.nodes.append(node)
                continue
            met.setdefault(_identity(node), node)
            stack.append((tensor, True))
            stack.extend((parent, False) for parent in reversed(node.inputs))

    def _input_node(self, tensor: SymbolicTensor) -> Node:
        """Return the node of an input: its own, or an InputLayer in place of what made it."""
        if tensor.node is not None and not tensor.node.inputs:
            return tensor.node
        if id(tensor) not in self._stand_ins:
            layer = InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype)
            self._stand_ins[id(tensor)] = layer._nodes[0]
        return self._stand_ins[id(tensor)]

    def _disconnected(self, tensor: SymbolicTensor) -> str:
        source = tensor.node.operation if tensor.node else None
        name = getattr(source, "name", tensor.name)
        return (
            f"The outputs depend on {name!r} (shape {tensor.shape}), which is not among the "
            f"model's inputs. Add it: `Model(inputs=[..., {name}], outputs=...)`."
        )

    def _ordered(self, discovered: list[Node]) -> list[Any]:
        """Sort operations by depth, the longest way to an output, then by discovery."""
        depth: dict[int, int] = {_identity(node): 0 for node in discovered}
        for node in reversed(self.nodes):
            below = depth[_identity(node)] + 1
            for tensor in node.inputs:
                source = self._input_node(tensor) if id(tensor) in self._given else tensor.node
                key = _identity(source)
                depth[key] = max(depth.get(key, 0), below)
        order = sorted(discovered, key=lambda node: -depth[_identity(node)])
        return [_operation(node) for node in order]

    @property
    def layers(self) -> list[Layer]:
        """The layers among the operations."""
        return [operation for operation in self.operations if isinstance(operation, Layer)]

    @property
    def variables(self) -> list[Variable]:
        """Variables that ops of the graph use directly."""
        found: dict[int, Variable] = {}
        for node in self.nodes:
            for leaf in tree.flatten((node.args, node.kwargs)):
                if isinstance(leaf, Variable):
                    found[id(leaf)] = leaf
        return list(found.values())

    def _check_names(self) -> None:
        counts = Counter(layer.name for layer in self.layers)
        repeated = [name for name, count in counts.items() if count > 1]
        if repeated:
            raise ValueError(
                f"Two layers of the model are called {repeated[0]!r}; give one another `name=`."
            )

    def nodes_of(self, layer: Any) -> list[Node]:
        """Return the uses of a layer within this graph, in the order they were made."""
        mine = {id(node) for node in self.nodes}
        return [node for node in layer._nodes if id(node) in mine]

    def name_of(self, node: Node) -> str:
        """Return the name of a node's operation; ops get a name of their own per node."""
        operation = node.operation
        if isinstance(operation, Layer):
            return operation.name
        if id(node) not in self._node_names:
            taken = {layer.name for layer in self.layers} | set(self._node_names.values())
            mine = isinstance(operation, Operation)
            name = operation.name if mine else names.unique(operation.__name__)
            while name in taken:
                name = names.unique(operation.__name__)
            self._node_names[id(node)] = name
        return self._node_names[id(node)]

    # -- running ---------------------------------------------------------------------------

    def run(self, values: list[Any]) -> Any:
        """Compute the outputs from one tensor per input."""
        known = {id(s): value for s, value in zip(self.inputs, values, strict=True)}
        for step in self._steps:
            step.run(known)
        return tree.map_structure(lambda tensor: known[id(tensor)], self.output_structure)


class _Step:
    """One node, prepared for running: where its arguments come from and its results go."""

    __slots__ = ("operation", "single", "args", "kwargs", "outputs")

    def __init__(self, node: Node):
        self.operation: Callable = node.operation
        self.args, self.kwargs = node.args, node.kwargs
        one = len(node.args) == 1 and not node.kwargs
        alone = one and isinstance(node.args[0], SymbolicTensor)
        self.single = id(node.args[0]) if alone else None
        self.outputs = [id(tensor) for tensor in node.outputs]

    def run(self, known: dict[int, Any]) -> None:
        if self.single is not None:
            result = self.operation(known[self.single])
        else:
            def value(leaf: Any) -> Any:
                return known[id(leaf)] if isinstance(leaf, SymbolicTensor) else leaf

            args = [tree.map_structure(value, arg) for arg in self.args]
            kwargs = {name: tree.map_structure(value, arg) for name, arg in self.kwargs.items()}
            result = self.operation(*args, **kwargs)
        if len(self.outputs) == 1 and not tree.is_nested(result):
            known[self.outputs[0]] = result
        else:
            known.update(zip(self.outputs, tree.flatten(result), strict=True))


def _symbolic_leaves(structure: Any, what: str) -> list[SymbolicTensor]:
    leaves = tree.flatten(structure)
    for leaf in leaves:
        if not isinstance(leaf, SymbolicTensor):
            raise ValueError(
                f"`{what}` of a model must be symbolic tensors made from `Input(...)`, got a "
                f"{type(leaf).__name__}."
            )
    return leaves


def _operation(node: Node) -> Any:
    return node.operation if isinstance(node.operation, Layer) else node


def _identity(node: Node) -> int:
    """Identify the operation of a node: a shared layer is one, each use of an op its own."""
    return id(_operation(node))
