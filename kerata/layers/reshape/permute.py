"""Permute: the axes of each sample in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer


@register("layers")
class Permute(Layer):
    """Puts the axes of each sample in another order.

    Args:
        dims: The axes, counted from 1, in their new order: `(2, 1)` swaps two.

    Raises:
        ValueError: If `dims` is not an order of 1, 2, ...

    >>> import kerata
    >>> kerata.layers.Permute((2, 1))(kerata.ops.ones((5, 3, 4))).shape
    (5, 4, 3)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        expected = list(range(1, len(self.dims) + 1))
        if sorted(self.dims) != expected:
            raise ValueError(
                f"`dims` is {self.dims}; expected the axes {expected} in some order (the batch is "
                "axis 0 and stays), such as dims=(2, 1)."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        """Return the inputs with permuted axes."""
        return ops.transpose(inputs, (0, *self.dims))
