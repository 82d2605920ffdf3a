"""ReLU as a layer, with a slope, a threshold and a ceiling."""

from __future__ import annotations

from typing import Any

from kerata import activations
from kerata.core.registry import register
from kerata.layers.arguments import non_negative
from kerata.layers.layer import Layer


@register("layers")
class ReLU(Layer):
    """Keeps what is above a threshold.

    `x` where `threshold <= x < max_value`, `max_value` above it, and
    `negative_slope * (x - threshold)` below the threshold.

    Args:
        max_value: The ceiling; none if `None`.
        negative_slope: Slope below the threshold.
        threshold: Where the positive part begins.

    Raises:
        ValueError: If an argument is negative.

    >>> import kerata
    >>> kerata.layers.ReLU(max_value=1.0)(kerata.ops.array([-2.0, 0.5, 3.0])).tolist()
    [0.0, 0.5, 1.0]
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else non_negative(max_value, "max_value")
        self.negative_slope = non_negative(negative_slope, "negative_slope")
        self.threshold = non_negative(threshold, "threshold")
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the rectified inputs."""
        return activations.relu(
            inputs,
            negative_slope=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )
