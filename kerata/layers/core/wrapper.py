"""Wrapper: the base of layers that change what another layer does."""

from __future__ import annotations

from typing import Any

from kerata.core.registry import register
from kerata.layers.arguments import Shape
from kerata.layers.layer import Layer


@register("layers")
class Wrapper(Layer):
    """Holds another layer; subclasses say in `call` what they do with it.

    Args:
        layer: The layer to wrap.

    Raises:
        TypeError: If `layer` is not a layer.

    >>> import kerata
    >>> kerata.layers.Wrapper(kerata.layers.Dense(3)).layer.units
    3
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise TypeError(
                f"`layer` is a {type(layer).__module__}.{type(layer).__name__}; expected a kerata "
                "layer, such as kerata.layers.Dense(8)."
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Shape | None = None) -> None:
        """Build the wrapped layer for the same input."""
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
