"""What a constraint is, and the built-in ones: where a weight is put after each update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core import config
from kerata.core.registry import register
from kerata.core.serialization import Configurable

Tensor = Any
Axis = int | Sequence[int]


@register("constraints")
class Constraint(Configurable):
    """Base class of constraints: callables from a weight to the nearest allowed weight.

    A subclass defines `__call__(w)`. Its configuration is read from the attributes named as
    the parameters of its `__init__`. This base class allows every weight.

    >>> import kerata
    >>> class AtMostOne(kerata.constraints.Constraint):
    ...     def __call__(self, w):
    ...         return kerata.ops.minimum(w, 1.0)
    >>> AtMostOne()(kerata.ops.array([0.5, 3.0])).tolist()
    [0.5, 1.0]
    """

    def __call__(self, w: Tensor) -> Tensor:
        """Return the weight that takes the place of `w`, of the same shape and dtype.

        Args:
            w: The weight after an update.
        """
        return w


@register("constraints")
class MaxNorm(Constraint):
    """Shrinks weights whose norm is above `max_value` to that norm.

    Args:
        max_value: The largest norm.
        axis: The axis, or axes, along which norms are taken: 0 for the kernel of a Dense
            layer, `[0, 1, 2]` for that of a Conv2D layer.

    Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
    Overfitting" (2014).

    >>> import kerata
    >>> w = kerata.ops.array([[3.0], [4.0]])
    >>> kerata.constraints.MaxNorm(1.0)(w).round(3).tolist()  # doctest: +ELLIPSIS
    [[0.6...], [0.8...]]
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Tensor) -> Tensor:
        """Return the constrained weight."""
        norm = _norm(w, self.axis)
        return w * (ops.clip(norm, 0, self.max_value) / (config.epsilon() + norm))


@register("constraints")
class NonNeg(Constraint):
    """Turns negative weights into zeros.

    >>> import kerata
    >>> kerata.constraints.NonNeg()(kerata.ops.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __call__(self, w: Tensor) -> Tensor:
        """Return the constrained weight."""
        return ops.maximum(w, 0.0)


@register("constraints")
class UnitNorm(Constraint):
    """Scales weights to the norm one.

    Args:
        axis: The axis, or axes, along which norms are taken.

    >>> import kerata
    >>> w = kerata.ops.array([[3.0], [4.0]])
    >>> kerata.constraints.UnitNorm()(w).round(3).tolist()  # doctest: +ELLIPSIS
    [[0.6...], [0.8...]]
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Tensor) -> Tensor:
        """Return the constrained weight."""
        return w / (config.epsilon() + _norm(w, self.axis))


@register("constraints")
class MinMaxNorm(Constraint):
    """Moves the norm of weights towards the range from `min_value` to `max_value`.

    Args:
        min_value: The smallest norm.
        max_value: The largest norm.
        rate: How much of the way is gone at each update, above 0 up to 1.
        axis: The axis, or axes, along which norms are taken.

    >>> import kerata
    >>> w = kerata.ops.array([[3.0], [4.0]])
    >>> kerata.constraints.MinMaxNorm(0.0, 1.0)(w).round(3).tolist()  # doctest: +ELLIPSIS
    [[0.6...], [0.8...]]
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axis = 0,
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Tensor) -> Tensor:
        """Return the constrained weight."""
        norm = _norm(w, self.axis)
        within = ops.clip(norm, self.min_value, self.max_value)
        target = self.rate * within + (1 - self.rate) * norm
        return w * (target / (config.epsilon() + norm))


def _norm(w: Tensor, axis: Axis) -> Tensor:
    """Return the Euclidean norms of a weight along the axes, which keep their place."""
    axis = axis if isinstance(axis, int) else tuple(axis)
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))
