"""The shapes that a merging layer receives."""

from __future__ import annotations

from collections.abc import Sequence

from kerata.layers.arguments import Shape
from kerata.layers.layer import Layer


def list_of_shapes(
    layer: Layer, input_shape: Sequence[Shape], exactly: int | None = None
) -> list[Shape]:
    """Return the shapes of a list of inputs.

    Raises:
        ValueError: If the layer was called on one tensor, or on another number than `exactly`,
            or the inputs have batches of different sizes.
    """
    if not input_shape or not isinstance(input_shape[0], (list, tuple)):
        raise ValueError(
            f"{layer.path}: expected a list of tensors, got one tensor of shape "
            f"{tuple(input_shape)}. Call it as layer([a, b])."
        )
    shapes = [tuple(shape) for shape in input_shape]
    if exactly is not None and len(shapes) != exactly:
        raise ValueError(
            f"{layer.path}: expected a list of {exactly} tensors, got {len(shapes)}. "
            "Call it as layer([a, b])."
        )
    batches = {shape[0] for shape in shapes if shape and shape[0] is not None}
    if len(batches) > 1:
        raise ValueError(
            f"{layer.path}: the inputs have the shapes {', '.join(map(str, shapes))}, with "
            "batches of different sizes. Give each input the same number of samples."
        )
    return shapes
