"""Where a layer's axes are: sizes that must be known, channel and spatial axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerata import ops
from kerata.layers.arguments import Shape

if TYPE_CHECKING:
    from kerata.layers.layer import Layer


def known_size(layer: Layer, input_shape: Shape, axis: int) -> int:
    """Return the size of an axis that variables depend on.

    Raises:
        ValueError: If the input has no such axis, or its size is not known.
    """
    if not -len(input_shape) <= axis < len(input_shape):
        raise ValueError(
            f"{layer.path}: axis {axis} does not exist in an input of shape {input_shape}. "
            f"Choose an axis between {-len(input_shape)} and {len(input_shape) - 1}."
        )
    size = input_shape[axis]
    if size is None:
        raise ValueError(
            f"{layer.path}: the size of axis {axis} must be known to make the variables, but the "
            f"input has shape {input_shape}. Give the size, as in "
            f"`Input({_with_size(input_shape, axis)})`."
        )
    return size


def _with_size(input_shape: Shape, axis: int) -> tuple[int | None, ...]:
    sizes = list(input_shape)
    sizes[axis] = 8
    return tuple(sizes[1:])


def channel_axis(data_format: str) -> int:
    """Return the axis that holds the channels."""
    return -1 if data_format == "channels_last" else 1


def first_spatial_axis(data_format: str) -> int:
    """Return the first axis after the batch that is not the channels'."""
    return 1 if data_format == "channels_last" else 2


def spatial_axes(data_format: str, rank: int) -> tuple[int, ...]:
    """Return the axes of the `rank` spatial dimensions."""
    first = first_spatial_axis(data_format)
    return tuple(range(first, first + rank))


def along_channels(vector: Any, rank: int, data_format: str) -> Any:
    """Return a vector of one value per channel, broadcastable to inputs of that format."""
    if data_format == "channels_last":
        return vector
    return ops.reshape(vector, (1, -1) + (1,) * rank)
