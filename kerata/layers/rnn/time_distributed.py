"""TimeDistributed: one layer applied to every time step."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core import tree
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.arguments import Shape
from kerata.layers.core.wrapper import Wrapper
from kerata.layers.layer import Layer

Tensor = Any


@register("layers")
class TimeDistributed(Wrapper):
    """Applies a layer to every time step of its inputs, with the same weights.

    All steps go through the layer at once, as one larger batch.

    Args:
        layer: The layer to apply.

    Call arguments:
        inputs: `(batch, time, ...)`, or a structure of such tensors.
        training: Passed to the layer.
        mask: Bool `(batch, time)` of the steps, passed on; or `(batch, time, inner time)` of
            what is inside of each, which the layer gets.

    Returns:
        `(batch, time, ...)`.

    Raises:
        TypeError: If `layer` is not a layer.
        ValueError: If an input has no time axis.

    >>> import kerata
    >>> layer = kerata.layers.TimeDistributed(kerata.layers.Dense(8))
    >>> layer(kerata.ops.ones((2, 5, 3))).shape
    (2, 5, 8)
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        """Build the layer for one step."""
        if not self.layer.built:
            shapes: Any
            if all(size is None or isinstance(size, int) for size in input_shape):
                shapes = self._step_shape(input_shape)
            else:
                shapes = [self._step_shape(shape) for shape in input_shape]
            self.layer.build_from_config({"input_shape": shapes})

    def _step_shape(self, shape: Shape) -> Shape:
        if len(shape) < 3:
            raise ValueError(
                f"Layer {self.path!r} needs inputs of shape (batch, time, ...), got {shape}. "
                "Add a time axis, or use the wrapped layer itself."
            )
        return (shape[0], *shape[2:])

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the layer's output for every step."""
        batch, steps = shape_of(tree.flatten(inputs)[0])[:2]
        options = {"training": training}
        inner = _inner_mask(mask)
        if inner is not None:
            options["mask"] = _merged(inner)
        outputs = self.layer(tree.map_structure(_merged, inputs), **options)
        return tree.map_structure(
            lambda x: ops.reshape(x, (batch, steps, *shape_of(x)[1:])), outputs
        )


def _merged(tensor: Tensor) -> Tensor:
    """Make one axis of batch and time."""
    return ops.reshape(tensor, (-1, *shape_of(tensor)[2:]))


def _inner_mask(mask: Any) -> Tensor | None:
    found = [each for each in tree.flatten(mask) if each is not None and len(shape_of(each)) > 2]
    return found[0] if found else None
