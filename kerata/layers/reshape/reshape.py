"""Reshape: the values of each sample in another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.arguments import Shape
from kerata.layers.layer import Layer


@register("layers")
class Reshape(Layer):
    """Gives each sample another shape with the same number of values.

    Args:
        target_shape: The new shape, without the batch. One size may be -1: what remains.

    Raises:
        ValueError: If more than one size is -1, or the number of values differs.

    >>> import kerata
    >>> kerata.layers.Reshape((3, -1))(kerata.ops.ones((2, 12))).shape
    (2, 3, 4)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        target_shape = tuple(target_shape)
        if target_shape.count(-1) > 1:
            raise ValueError(
                f"`target_shape` is {target_shape}; at most one size may be -1. Give the others."
            )
        self.target_shape = target_shape

    def build(self, input_shape: Shape) -> None:
        """Check that the target shape holds as many values as a sample."""
        sizes = input_shape[1:]
        if None in sizes:
            return
        known = math.prod(size for size in self.target_shape if size != -1)
        total = math.prod(sizes)  # type: ignore[arg-type]
        fits = total % known == 0 if -1 in self.target_shape and known else total == known
        if not fits:
            raise ValueError(
                f"{self.path}: one sample of shape {tuple(sizes)} has {total} values and cannot "
                f"take the shape {self.target_shape}. Choose sizes whose product is {total}."
            )

    def call(self, inputs: Any) -> Any:
        """Return the inputs in the new shape."""
        batch, *sizes = shape_of(inputs)
        if None in sizes:
            return ops.reshape(inputs, (-1 if batch is None else batch, *self.target_shape))
        return ops.reshape(inputs, (-1, *self._resolved(math.prod(sizes))))

    def _resolved(self, total: int) -> tuple[int, ...]:
        """Return the target shape with -1 replaced by the size it stands for."""
        known = math.prod(size for size in self.target_shape if size != -1)
        return tuple(total // known if size == -1 else size for size in self.target_shape)
