"""Rescaling: numbers from one range into another."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.layer import Layer


@register("layers")
class Rescaling(Layer):
    """Returns `inputs * scale + offset`, in the compute dtype.

    Args:
        scale: A number, or one for each position of the last axis: `1 / 255` brings pixels
            into the range from 0 to 1.
        offset: Added afterwards; a number or one for each position of the last axis.

    Input and output: any shape.

    >>> import kerata
    >>> kerata.layers.Rescaling(0.5, offset=1.0)(kerata.ops.array([0, 2, 4])).tolist()
    [1.0, 2.0, 3.0]
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs times the scale plus the offset."""
        scaled = ops.multiply(ops.cast(inputs, self.compute_dtype), self._constant(self.scale))
        return ops.add(scaled, self._constant(self.offset))

    def _constant(self, value: Any) -> Any:
        """Return a number as it is, several as a tensor of the compute dtype."""
        if isinstance(value, (int, float)):
            return value
        return ops.convert_to_tensor(value, self.compute_dtype)
