"""Masking: time steps that hold nothing are left out by the layers that follow."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import dtype_of
from kerata.layers.layer import Layer


@register("layers")
class Masking(Layer):
    """Masks the time steps whose features all equal one value, and sets them to 0.

    Args:
        mask_value: The value that means "nothing here".

    Input and output: `(batch, time, features)`.

    >>> import kerata
    >>> kerata.layers.Masking(9.0)(kerata.ops.array([[[9.0, 9.0], [9.0, 1.0]]])).tolist()
    [[[0.0, 0.0], [9.0, 1.0]]]
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs with masked steps set to 0."""
        kept = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return ops.multiply(inputs, ops.cast(kept, dtype_of(inputs)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return where a step has a feature other than the mask value."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)
