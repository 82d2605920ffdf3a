"""Identity: the layer that changes nothing."""

from __future__ import annotations

from typing import Any

from kerata.core.registry import register
from kerata.layers.layer import Layer


@register("layers")
class Identity(Layer):
    """Returns its input, of any structure, unchanged.

    >>> import kerata
    >>> kerata.layers.Identity()(kerata.ops.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs
