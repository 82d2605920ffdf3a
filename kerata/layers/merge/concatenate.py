"""Concatenate: tensors side by side along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.arguments import Shape
from kerata.layers.layer import Layer
from kerata.layers.merge.shapes import list_of_shapes


@register("layers")
class Concatenate(Layer):
    """Puts a list of tensors side by side.

    Args:
        axis: The axis along which they are joined; the sizes of all others must agree.

    Raises:
        ValueError: If the shapes do not agree.

    >>> import kerata
    >>> kerata.layers.Concatenate()([kerata.ops.ones((2, 3)), kerata.ops.ones((2, 4))]).shape
    (2, 7)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that all sizes but those of the axis agree."""
        if self.axis == 0:
            return
        shapes = list_of_shapes(self, input_shape)
        axis = self.axis % len(shapes[0])
        others = [shape[:axis] + shape[axis + 1 :] for shape in shapes]
        sizes = [set(each) - {None} for each in zip(*others, strict=False)]
        if len({len(shape) for shape in shapes}) > 1 or any(len(each) > 1 for each in sizes):
            raise ValueError(
                f"{self.path}: the inputs have the shapes {', '.join(map(str, shapes))}, which may "
                f"differ in axis {self.axis} alone. Choose another axis, as Concatenate(axis=1), "
                "or make the other sizes equal."
            )

    def call(self, inputs: Sequence[Any]) -> Any:
        """Return the joined tensor."""
        return ops.concatenate(inputs, axis=self.axis)

    def compute_mask(self, inputs: Sequence[Any], mask: Any = None) -> Any:
        """Return the joined masks; an input without a mask counts as all there."""
        masks = mask if isinstance(mask, (list, tuple)) else [mask]
        if all(each is None for each in masks):
            return None
        full = [_full_mask(each, m) for each, m in zip(inputs, masks, strict=True)]
        axis = self.axis % len(shape_of(inputs[0]))
        if axis < len(shape_of(next(each for each in masks if each is not None))):
            return ops.concatenate(full, axis=axis)
        return reduce(ops.logical_or, full)


def _full_mask(inputs: Any, mask: Any) -> Any:
    """Return the mask, or one that keeps every step."""
    if mask is not None:
        return mask
    return ops.ones_like(inputs[..., 0], dtype="bool")


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """Return tensors side by side along an axis; keyword arguments go to `Concatenate`.

    Args:
        inputs: a list of tensors, equal in all other dimensions.
        axis: the dimension along which they are put side by side.

    >>> import kerata
    >>> kerata.layers.concatenate([kerata.ops.ones((2, 3))] * 2, axis=0).shape
    (4, 3)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)
