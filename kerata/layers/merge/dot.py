"""Dot: the scalar products of the samples of two tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.arguments import Shape, integers
from kerata.layers.layer import Layer
from kerata.layers.merge.shapes import list_of_shapes

_LETTERS = "bcdefghijklmnopqrstuvwxy"


@register("layers")
class Dot(Layer):
    """Sums the products of two tensors along one axis of each, sample by sample.

    Args:
        axes: The axis of both inputs, or one for each; not the batch (0).
        normalize: Whether the inputs are scaled to length 1 along their axes first: the
            result is then the cosine of the angle between them.

    Input: two tensors. Output: `(batch, other axes of the first, other axes of the second)`,
    or `(batch, 1)` if there are none.

    Raises:
        ValueError: If there are not two inputs, or the sizes of the axes differ.

    >>> import kerata
    >>> a, b = kerata.ops.ones((2, 3, 4)), kerata.ops.ones((2, 4, 5))
    >>> kerata.layers.Dot(axes=(2, 1))([a, b]).shape
    (2, 3, 5)
    """

    def __init__(self, axes: int | tuple[int, int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = integers(axes, 2, "axes", minimum=-8)
        if 0 in pair:
            raise ValueError(f"`axes` is {axes}; axis 0 is the batch. Choose an axis from 1 on.")
        self.axes = axes if isinstance(axes, int) else list(pair)
        self.normalize = normalize
        self.supports_masking = True

    @property
    def pair(self) -> tuple[int, int]:
        """The axis of each input."""
        return integers(self.axes, 2, "axes", minimum=-8)  # type: ignore[return-value]

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that there are two inputs whose axes have equal sizes."""
        shapes = list_of_shapes(self, input_shape, exactly=2)
        left, right = (shape[axis] for shape, axis in zip(shapes, self.pair, strict=True))
        if None not in (left, right) and left != right:
            raise ValueError(
                f"{self.path}: the inputs have the shapes {shapes[0]} and {shapes[1]}; axis "
                f"{self.pair[0]} of the first and {self.pair[1]} of the second must have equal "
                f"sizes. Choose others, as Dot(axes=(2, 1))."
            )

    def call(self, inputs: Sequence[Any]) -> Any:
        """Return the scalar products."""
        left, right = inputs
        axes = [axis % len(shape_of(each)) for each, axis in zip(inputs, self.pair, strict=True)]
        if self.normalize:
            left, right = ops.normalize(left, axes[0]), ops.normalize(right, axes[1])
        products = ops.einsum(
            _equation(len(shape_of(left)), len(shape_of(right)), axes), left, right
        )
        return ops.expand_dims(products, 1) if len(shape_of(products)) == 1 else products

    def compute_mask(self, inputs: Sequence[Any], mask: Any = None) -> Any:
        """Return no mask: the steps of the inputs are not those of the output."""
        return None


def _equation(left_rank: int, right_rank: int, axes: Sequence[int]) -> str:
    """Return the einsum equation: "a" is the batch, "z" what is summed over."""
    left = "a" + _LETTERS[: left_rank - 1]
    right = "a" + _LETTERS[left_rank - 1 : left_rank + right_rank - 2]
    left = left.replace(left[axes[0]], "z")
    right = right.replace(right[axes[1]], "z")
    return f"{left},{right}->" + (left + right[1:]).replace("z", "")


def dot(inputs: Sequence[Any], axes: int | tuple[int, int] = -1, **kwargs: Any) -> Any:
    """Return the scalar products of the samples of two tensors; see `Dot`.

    Args:
        inputs: a list of two tensors.
        axes: as for `Dot`.

    >>> import kerata
    >>> kerata.layers.dot([kerata.ops.ones((2, 3))] * 2, axes=1).tolist()
    [[3.0], [3.0]]
    """
    return Dot(axes=axes, **kwargs)(inputs)
