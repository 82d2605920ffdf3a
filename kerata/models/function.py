"""Function: what is computed between symbolic inputs and outputs, without being a model."""

from __future__ import annotations

from typing import Any

from kerata.core import names, tree
from kerata.core.spec import TensorSpec
from kerata.core.symbolic import Node, SymbolicTensor
from kerata.models.graph import Graph


class Function:
    """A graph of layers and ops that can be called.

    Args:
        inputs: symbolic tensor or structure of them.
        outputs: symbolic tensor or structure of them, computed from the inputs.
        name: its name.

    Raises:
        ValueError: if an output depends on other inputs.

    >>> import kerata
    >>> x = kerata.Input((2,))
    >>> double = kerata.Function(x, x * 2.0)
    >>> double(kerata.ops.ones((1, 2))).tolist(), double.compute_output_shape((5, 2))
    ([[2.0, 2.0]], (5, 2))
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None):
        self.name = name or names.automatic(type(self))
        self._graph = Graph(inputs, outputs)

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic inputs, flat."""
        return self._graph.inputs

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic outputs, flat."""
        return self._graph.outputs

    @property
    def input(self) -> Any:
        """The symbolic inputs in their structure."""
        return self._graph.input_structure

    @property
    def output(self) -> Any:
        """The symbolic outputs in their structure."""
        return self._graph.output_structure

    @property
    def operations(self) -> list[Any]:
        """The layers and ops, those farthest from the outputs first."""
        found = self._graph.operations
        return [each.operation if isinstance(each, Node) else each for each in found]

    def __call__(self, inputs: Any) -> Any:
        """Compute the outputs of tensors, or of other symbolic tensors.

        Raises:
            ValueError: if their number is another.
        """
        values = tree.flatten(inputs)
        if len(values) != len(self.inputs):
            raise ValueError(
                f"Function {self.name!r} takes {len(self.inputs)} inputs, got {len(values)}."
            )
        return self._graph.run(values)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return the specs of the outputs for symbolic inputs."""
        outputs = self(inputs)
        return tree.map_structure(lambda tensor: TensorSpec(tensor.shape, tensor.dtype), outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output shape for an input shape, or the shapes for shapes."""
        shapes = tree.flatten(tree.map_shape_structure(_Shape, input_shape))
        given = [
            SymbolicTensor(shape.sizes, tensor.dtype)
            for shape, tensor in zip(shapes, self.inputs, strict=True)
        ]
        return tree.map_structure(lambda tensor: tensor.shape, self(given))


class _Shape:
    """A shape as one leaf, which `tree` does not look into."""

    def __init__(self, sizes: Any):
        self.sizes = tuple(sizes)
