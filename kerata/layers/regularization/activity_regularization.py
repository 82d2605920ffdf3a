"""ActivityRegularization: a penalty on the values that pass."""

from __future__ import annotations

from typing import Any

from kerata import regularizers
from kerata.core.registry import register
from kerata.layers.layer import Layer


@register("layers")
class ActivityRegularization(Layer):
    """Adds `l1 * sum(|x|) + l2 * sum(x**2)` to the loss and returns the inputs unchanged.

    Args:
        l1: Weight of the absolute values.
        l2: Weight of the squares.

    >>> import kerata
    >>> layer = kerata.layers.ActivityRegularization(l1=0.5)
    >>> layer(kerata.ops.array([[1.0, -3.0]])).tolist()
    [[1.0, -3.0]]
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; the regularizer follows from them."""
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return config
