"""Add, Subtract, Multiply, Average, Maximum, Minimum: several tensors value by value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, ClassVar

from kerata import ops
from kerata.core.registry import register
from kerata.core.rules import broadcast_shapes
from kerata.core.spec import shape_of
from kerata.layers.arguments import Shape
from kerata.layers.layer import Layer
from kerata.layers.merge.shapes import list_of_shapes


class Merge(Layer):
    """Base: combines a list of tensors of equal or broadcastable shapes, two at a time."""

    combine: ClassVar[Callable[[Any, Any], Any]]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that the samples have shapes that fit."""
        shapes = list_of_shapes(self, input_shape)
        try:
            reduce(broadcast_shapes, [shape[1:] for shape in shapes])
        except ValueError:
            raise ValueError(
                f"{self.path}: the inputs have the shapes {', '.join(map(str, shapes))}, which do "
                "not fit each other. Give them equal shapes, for example with a Dense layer."
            ) from None

    def call(self, inputs: Sequence[Any]) -> Any:
        """Return the combination of all inputs."""
        return self.merge(_of_equal_rank(inputs))

    def merge(self, inputs: Sequence[Any]) -> Any:
        """Return the combination of tensors of equal rank."""
        return reduce(self.combine, inputs)

    def compute_mask(self, inputs: Sequence[Any], mask: Any = None) -> Any:
        """Return where any masked input is not masked; inputs without a mask do not count."""
        masks = mask if isinstance(mask, (list, tuple)) else [mask]
        present = [each for each in masks if each is not None]
        return reduce(ops.logical_or, present) if present else None


def _of_equal_rank(inputs: Sequence[Any]) -> list[Any]:
    """Return the inputs with axes of size 1 after the batch, so that all have equal rank."""
    ranks = [len(shape_of(each)) for each in inputs]
    return [
        ops.expand_dims(each, tuple(range(1, 1 + max(ranks) - rank))) if rank < max(ranks) else each
        for each, rank in zip(inputs, ranks, strict=True)
    ]


@register("layers")
class Add(Merge):
    """Adds a list of tensors.

    >>> import kerata
    >>> ones = kerata.ops.ones((1, 2))
    >>> kerata.layers.Add()([ones, ones, ones]).tolist()
    [[3.0, 3.0]]
    """

    combine = staticmethod(ops.add)


@register("layers")
class Subtract(Merge):
    """Subtracts the second of two tensors from the first.

    Raises:
        ValueError: If there are not exactly two.

    >>> import kerata
    >>> ones = kerata.ops.ones((1, 2))
    >>> kerata.layers.Subtract()([ones, 3 * ones]).tolist()
    [[-2.0, -2.0]]
    """

    combine = staticmethod(ops.subtract)

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check that there are two inputs, and that they fit."""
        list_of_shapes(self, input_shape, exactly=2)
        super().build(input_shape)


@register("layers")
class Multiply(Merge):
    """Multiplies a list of tensors value by value.

    >>> import kerata
    >>> ones = kerata.ops.ones((1, 2))
    >>> kerata.layers.Multiply()([2 * ones, 3 * ones]).tolist()
    [[6.0, 6.0]]
    """

    combine = staticmethod(ops.multiply)


@register("layers")
class Average(Merge):
    """Takes the mean of a list of tensors.

    >>> import kerata
    >>> ones = kerata.ops.ones((1, 2))
    >>> kerata.layers.Average()([ones, 3 * ones]).tolist()
    [[2.0, 2.0]]
    """

    combine = staticmethod(ops.add)

    def merge(self, inputs: Sequence[Any]) -> Any:
        """Return the sum divided by the number of inputs."""
        return ops.divide(super().merge(inputs), len(inputs))


@register("layers")
class Maximum(Merge):
    """Takes the largest of a list of tensors at each position.

    >>> import kerata
    >>> ones = kerata.ops.ones((1, 2))
    >>> kerata.layers.Maximum()([ones, 3 * ones]).tolist()
    [[3.0, 3.0]]
    """

    combine = staticmethod(ops.maximum)


@register("layers")
class Minimum(Merge):
    """Takes the smallest of a list of tensors at each position.

    >>> import kerata
    >>> ones = kerata.ops.ones((1, 2))
    >>> kerata.layers.Minimum()([ones, 3 * ones]).tolist()
    [[1.0, 1.0]]
    """

    combine = staticmethod(ops.minimum)


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the sum of a list of tensors; keyword arguments go to `Add`.

    Args:
        inputs: a list of tensors of equal or broadcastable shapes.

    >>> import kerata
    >>> kerata.layers.add([kerata.ops.ones((1, 2))] * 2).tolist()
    [[2.0, 2.0]]
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the first of two tensors minus the second; keyword arguments go to `Subtract`.

    Args:
        inputs: a list of two tensors.

    >>> import kerata
    >>> kerata.layers.subtract([kerata.ops.ones((1, 2))] * 2).tolist()
    [[0.0, 0.0]]
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the product of a list of tensors; keyword arguments go to `Multiply`.

    Args:
        inputs: a list of tensors of equal or broadcastable shapes.

    >>> import kerata
    >>> kerata.layers.multiply([kerata.ops.ones((1, 2))] * 2).tolist()
    [[1.0, 1.0]]
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the mean of a list of tensors; keyword arguments go to `Average`.

    Args:
        inputs: a list of tensors of equal or broadcastable shapes.

    >>> import kerata
    >>> kerata.layers.average([kerata.ops.ones((1, 2))] * 2).tolist()
    [[1.0, 1.0]]
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the largest values of a list of tensors; keyword arguments go to `Maximum`.

    Args:
        inputs: a list of tensors of equal or broadcastable shapes.

    >>> import kerata
    >>> kerata.layers.maximum([kerata.ops.ones((1, 2))] * 2).tolist()
    [[1.0, 1.0]]
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the smallest values of a list of tensors; keyword arguments go to `Minimum`.

    Args:
        inputs: a list of tensors of equal or broadcastable shapes.

    >>> import kerata
    >>> kerata.layers.minimum([kerata.ops.ones((1, 2))] * 2).tolist()
    [[1.0, 1.0]]
    """
    return Minimum(**kwargs)(inputs)
