"""Activation: a function of the input as a layer."""

from __future__ import annotations

from typing import Any

from kerata import activations
from kerata.core.registry import register
from kerata.layers.arguments import Named
from kerata.layers.layer import Layer


@register("layers")
class Activation(Layer):
    """Applies an activation function.

    Args:
        activation: The function, or its name such as `"relu"`.

    >>> import kerata
    >>> kerata.layers.Activation("relu")(kerata.ops.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, activation: Named, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return `activation(inputs)`."""
        return self.activation(inputs)
