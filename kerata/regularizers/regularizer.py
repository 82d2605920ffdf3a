"""What a regularizer is, and the built-in ones: penalties on the values of a weight."""

from __future__ import annotations

import math
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.serialization import Configurable

Tensor = Any


@register("regularizers")
class Regularizer(Configurable):
    """Base class of regularizers: callables from a weight to a scalar penalty.

    A subclass defines `__call__(x)`. Its configuration is read from the attributes named as
    the parameters of its `__init__`.

    >>> import kerata
    >>> class Largest(kerata.regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return kerata.ops.max(kerata.ops.abs(x))
    >>> float(Largest()([1.0, -3.0]))
    3.0
    """

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty of a weight.

        Args:
            x: The weight.

        Raises:
            TypeError: If the subclass does not define `__call__`.
        """
        raise TypeError(
            f"{type(self).__name__} does not define `__call__(self, x)`, so it has no penalty. "
            "Define it and return a scalar tensor."
        )


@register("regularizers")
class L1(Regularizer):
    """The penalty `l1 * sum(|x|)`.

    Args:
        l1: The factor, zero or above; `None` means 0.01.

    Raises:
        ValueError: If `l1` is not a number of at least zero.

    >>> import kerata
    >>> float(kerata.regularizers.L1(0.5)([1.0, -3.0]))
    2.0
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty of a weight, a scalar."""
        return self.l1 * ops.sum(ops.abs(x))


@register("regularizers")
class L2(Regularizer):
    """The penalty `l2 * sum(x**2)`.

    Args:
        l2: The factor, zero or above; `None` means 0.01.

    Raises:
        ValueError: If `l2` is not a number of at least zero.

    >>> import kerata
    >>> float(kerata.regularizers.L2(0.5)([1.0, -3.0]))
    5.0
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty of a weight, a scalar."""
        return self.l2 * ops.sum(ops.square(x))


@register("regularizers", "l1_l2")
class L1L2(Regularizer):
    """The penalty `l1 * sum(|x|) + l2 * sum(x**2)`.

    Args:
        l1: The factor of the absolute values, zero or above; `None` means 0.
        l2: The factor of the squares, zero or above; `None` means 0.

    Raises:
        ValueError: If a factor is not a number of at least zero.

    >>> import kerata
    >>> float(kerata.regularizers.L1L2(l1=0.5, l2=0.5)([1.0, -3.0]))
    7.0
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor("L1L2", "l1", 0.0 if l1 is None else l1)
        self.l2 = _factor("L1L2", "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty of a weight, a scalar."""
        penalties = [L1(self.l1)(x)] if self.l1 else []
        penalties += [L2(self.l2)(x)] if self.l2 else []
        return sum(penalties) if penalties else 0.0 * ops.sum(x)


@register("regularizers")
class OrthogonalRegularizer(Regularizer):
    """The penalty `factor * mean(|cosine of the angle between two rows|)`, over pairs of rows.

    Args:
        factor: The factor, zero or above.
        mode: `"rows"` or `"columns"`: which vectors of the matrix shall be orthogonal.

    Raises:
        ValueError: If an argument is not one of these, or the weight is not a matrix.

    >>> import kerata
    >>> float(kerata.regularizers.OrthogonalRegularizer(1.0)([[1.0, 0.0], [0.0, 2.0]]))
    0.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(
                f'OrthogonalRegularizer needs `mode` "rows" or "columns", but got {mode!r}.'
            )
        self.factor = _factor("OrthogonalRegularizer", "factor", factor)
        self.mode = mode

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty of a weight, a scalar."""
        shape = ops.shape(x)
        if len(shape) != 2:
            raise ValueError(
                f"OrthogonalRegularizer needs a matrix, but the weight has the shape {shape}. "
                "Use it for a 2-D weight, such as the kernel of a Dense layer."
            )
        vectors = x if self.mode == "rows" else ops.transpose(x)
        directions = ops.normalize(vectors, axis=1)
        cosines = ops.abs(ops.matmul(directions, ops.transpose(directions)))
        count: Any = shape[0] if self.mode == "rows" else shape[1]
        others = ops.sum(cosines * (1.0 - ops.eye(count, dtype=cosines.dtype)))
        return self.factor * others / max(count * (count - 1), 1)


def _factor(owner: str, name: str, value: Any) -> float:
    """Return the factor of a penalty once it is known to be a number of at least zero."""
    if isinstance(value, (str, bool)) or not math.isfinite(float(value)) or value < 0:
        raise ValueError(
            f"{owner} needs `{name}` to be a finite number of at least zero, but got {value!r}."
        )
    return float(value)
