"""RMSNormalization: each sample is divided by its root mean square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import Shape, axes
from kerata.layers.layer import Layer
from kerata.layers.shapes import known_size


@register("layers")
class RMSNormalization(Layer):
    """Divides each sample by its root mean square.

    `outputs = inputs / sqrt(mean(inputs**2) + epsilon) * scale`

    Args:
        axis: The axis, or axes, of the features.
        epsilon: Added to the mean square.

    Raises:
        ValueError: If the size of an axis is unknown when the layer is built.

    Reference: Zhang and Sennrich, "Root mean square layer normalization", 2019.

    >>> import kerata
    >>> layer = kerata.layers.RMSNormalization(epsilon=0.0)
    >>> layer(kerata.ops.array([[2.0, -2.0]])).tolist()
    [[1.0, -1.0]]
    """

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis = axes(axis)
        self.epsilon = epsilon
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Make `scale`, of the sizes of the axes."""
        listed = [self.axis] if isinstance(self.axis, int) else self.axis
        self.scale = self.add_weight(
            name="scale",
            shape=tuple(known_size(self, input_shape, axis) for axis in listed),
            initializer="ones",
        )

    def call(self, inputs: Any) -> Any:
        """Return `inputs / sqrt(mean(inputs**2) + epsilon) * scale`."""
        return ops.rms_normalization(inputs, scale=self.scale, axis=self.axis, epsilon=self.epsilon)
