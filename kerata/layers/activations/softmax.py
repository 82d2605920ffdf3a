"""Softmax as a layer, with a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import dtype_of, shape_of
from kerata.layers.arguments import axes
from kerata.layers.layer import Layer


@register("layers")
class Softmax(Layer):
    """Turns numbers into probabilities that sum to 1 along one or several axes.

    `exp(x) / sum(exp(x))`; masked positions get probability 0.

    Args:
        axis: The axis, or axes, along which probabilities sum to 1.

    Call arguments:
        inputs: Numbers of any shape.
        mask: Booleans that broadcast to the inputs, or of the shape of their first axes (as the
            masks of time steps); `False` leaves a position out.

    >>> import kerata
    >>> kerata.layers.Softmax()(kerata.ops.array([[1.0, 1.0]])).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axes(axis)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Return the probabilities."""
        axis = self.axis if isinstance(self.axis, int) else tuple(self.axis)
        if mask is None:
            return ops.softmax(inputs, axis=axis)
        mask = _with_all_axes(mask, inputs)
        lowest = -3e4 if dtype_of(inputs) == "float16" else -1e9
        probabilities = ops.softmax(ops.where(mask, inputs, lowest), axis=axis)
        # Where everything is masked the softmax is uniform; nothing must remain of it.
        return ops.where(mask, probabilities, 0.0)


def _with_all_axes(mask: Any, inputs: Any) -> Any:
    """Return a mask of the first axes with axes of size 1 for the others."""
    given, full = shape_of(mask), shape_of(inputs)
    if len(given) < len(full) and given == full[: len(given)]:
        return ops.expand_dims(mask, tuple(range(len(given), len(full))))
    return mask
