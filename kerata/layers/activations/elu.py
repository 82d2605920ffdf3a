"""ELU as a layer."""

from __future__ import annotations

from typing import Any

from kerata import activations
from kerata.core.registry import register
from kerata.layers.layer import Layer


@register("layers")
class ELU(Layer):
    """Returns `x` where it is positive and `alpha * (exp(x) - 1)` where it is not.

    Args:
        alpha: The value that large negative inputs approach, with the opposite sign.

    Reference: Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by
    exponential linear units", 2016.

    >>> import kerata
    >>> kerata.layers.ELU()(kerata.ops.array([0.0, 3.0])).tolist()
    [0.0, 3.0]
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs with the negative ones saturating."""
        return activations.elu(inputs, alpha=self.alpha)
