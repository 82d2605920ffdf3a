"""UnitNormalization: each sample is scaled to length 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import axes
from kerata.layers.layer import Layer


@register("layers")
class UnitNormalization(Layer):
    """Scales vectors to the Euclidean length 1.

    `outputs = inputs / sqrt(sum(inputs**2))`

    Args:
        axis: The axis, or axes, of a vector.

    >>> import kerata
    >>> outputs = kerata.layers.UnitNormalization()(kerata.ops.array([[3.0, 4.0]]))
    >>> [round(x, 4) for x in outputs[0].tolist()]
    [0.6, 0.8]
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axes(axis)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs divided by their length; vectors of length 0 stay 0."""
        return ops.normalize(inputs, axis=self.axis, epsilon=1e-6)
