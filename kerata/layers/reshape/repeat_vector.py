"""RepeatVector: a vector becomes a sequence of copies."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import positive_integer
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer


@register("layers")
class RepeatVector(Layer):
    """Repeats each vector `n` times.

    Args:
        n: Number of copies.

    Input: `(batch, features)`. Output: `(batch, n, features)`.

    Raises:
        ValueError: If `n` is not a positive integer.

    >>> import kerata
    >>> kerata.layers.RepeatVector(3)(kerata.ops.ones((2, 4))).shape
    (2, 3, 4)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive_integer(n, "n")
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        """Return the copies along a new axis 1."""
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)
