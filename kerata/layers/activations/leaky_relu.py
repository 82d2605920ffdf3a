"""LeakyReLU as a layer."""

from __future__ import annotations

from typing import Any

from kerata import activations
from kerata.core.registry import register
from kerata.layers.arguments import non_negative
from kerata.layers.layer import Layer


@register("layers")
class LeakyReLU(Layer):
    """Returns `x` where it is positive and `negative_slope * x` where it is not.

    Args:
        negative_slope: Slope below 0, at least 0.
        alpha: Keras 2's name of `negative_slope`.

    Raises:
        ValueError: If `negative_slope` is negative.

    Reference: Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic
    models", 2013.

    >>> import kerata
    >>> kerata.layers.LeakyReLU(0.5)(kerata.ops.array([-2.0, 3.0])).tolist()
    [-1.0, 3.0]
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = non_negative(negative_slope, "negative_slope")
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs with the negative ones scaled."""
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)
