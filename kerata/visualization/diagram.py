"""What is drawn of a model: a box per layer, an arrow for what flows, a frame per inner model."""

from __future__ import annotations

from typing import Any, NamedTuple

from kerata.core import tree
from kerata.models import Sequential


class Box(NamedTuple):
    """A layer, or an op between layers."""

    name: str  # "" if it shall not be shown
    kind: str  # its class
    facts: tuple[str, ...]  # what else is written into it, line by line
    trainable: bool | None  # None if it has nothing to train, or it shall not be shown
    frames: tuple[str, ...]  # the inner models that it is in, the outermost first


class Diagram:
    """Boxes by key, and arrows between their keys, in the order in which they compute."""

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self.arrows: dict[tuple[str, str], None] = {}


class Shown(NamedTuple):
    """What boxes tell, as `plot_model` is asked."""

    shapes: bool = False
    dtype: bool = False
    names: bool = True
    activations: bool = False
    trainable: bool = False
    expand_nested: bool = False


def diagram_of(model: Any, shown: Shown) -> Diagram:
    """Return the diagram of a model.

    Args:
        model: a `Sequential` or functional model; any other one is a single box, since what it
            computes is only known to its `call`.
        shown: what the boxes tell.
    """
    return _Drawer(shown).draw(model)


class _Drawer:
    """Walks through a model and the models in it."""

    def __init__(self, shown: Shown):
        self.shown = shown
        self.diagram = Diagram()
        self.keys: dict[int, str] = {}  # layer or node -> key of its box

    def draw(self, model: Any) -> Diagram:
        graph = getattr(model, "_graph", None)
        if graph is None:
            # Without an input, a Sequential is a chain of layers of which no shape is known.
            parts = model.layers if isinstance(model, Sequential) and model.layers else [model]
            keys = [self._box(part, part.name, [], ()) for part in parts]
            for pair in zip(keys, keys[1:], strict=False):
                self._arrow(*pair)
            return self.diagram
        inputs: list[str | None] = [None] * len(graph.inputs)
        if not isinstance(model, Sequential):
            for place, tensor in enumerate(graph.inputs):
                node = graph._input_node(tensor)
                inputs[place] = self._box(node.operation, node.operation.name, [node], ())
        self._graph(graph, (), inputs)
        return self.diagram

    def _graph(
        self, graph: Any, frames: tuple[str, ...], inputs: list[str | None]
    ) -> list[str | None]:
        """Draw what lies between inputs, which come from boxes, and outputs; return their boxes."""
        made = {id(tensor): key for tensor, key in zip(graph.inputs, inputs, strict=True)}
        for node in graph.nodes:
            sources = [made.get(id(tensor)) for tensor in node.inputs]
            inner = getattr(node.operation, "_graph", None)
            if self.shown.expand_nested and inner and len(inner.inputs) == len(sources):
                keys = self._graph(inner, (*frames, node.operation.name), sources)
            else:
                layer = node.operation if hasattr(node.operation, "count_params") else node
                uses = [node] if layer is node else graph.nodes_of(layer)
                key = self._box(layer, graph.name_of(node), uses, frames)
                for source in sources:
                    self._arrow(source, key)
                keys = [key] * len(node.outputs)
            made.update(zip(map(id, node.outputs), keys, strict=True))
        return [made.get(id(tensor)) for tensor in graph.outputs]

    def _arrow(self, source: str | None, target: str) -> None:
        if source is not None:
            self.diagram.arrows[source, target] = None

    def _box(self, what: Any, name: str, uses: list[Any], frames: tuple[str, ...]) -> str:
        """Return the key of the box of a layer, or of the node of an op; make it if it is new."""
        if id(what) not in self.keys:
            key = self.keys[id(what)] = f"box{len(self.keys)}"
            operation = getattr(what, "operation", what)
            is_op = operation is not what
            kind = operation.__name__ if is_op else type(operation).__name__
            weights = () if is_op else what.weights
            self.diagram.boxes[key] = Box(
                name if self.shown.names else "",
                kind,
                tuple(self._facts(operation, uses)),
                what.trainable if self.shown.trainable and weights else None,
                frames,
            )
        return self.keys[id(what)]

    def _facts(self, operation: Any, uses: list[Any]) -> list[str]:
        facts = []
        activation = getattr(operation, "activation", None)
        if self.shown.activations and activation is not None:
            name = getattr(activation, "__name__", type(activation).__name__)
            facts.append(f"Activation: {name}")
        if self.shown.shapes:
            before = [[tensor.shape for tensor in use.inputs] for use in uses]
            if not uses or before[0]:
                facts.append(f"Input shape: {_either(_single(shapes) for shapes in before)}")
            after = [tree.map_structure(lambda t: t.shape, use.structure) for use in uses]
            facts.append(f"Output shape: {_either(after)}")
        if self.shown.dtype:
            dtypes = [tree.map_structure(lambda t: t.dtype, use.structure) for use in uses]
            facts.append(f"Output dtype: {_either(dtypes)}")
        return facts


def _single(shapes: list[Any]) -> Any:
    return shapes[0] if len(shapes) == 1 else shapes


def _either(values: Any) -> str:
    """What a layer gets or gives in its uses; mostly these are alike."""
    return " or ".join(dict.fromkeys(str(value) for value in values)) or "?"
