"""Arithmetic on lists of tensors: one line of an update rule moves all variables at once.

    values - gradients * rate

Each operation is one call of the backend's kernel for lists (`multi_add`, ...) where the
engine has one, and otherwise the elementwise kernel on tensor after tensor. The other
operand is a second list, or a scalar: a Python number or an engine's tensor of shape ().
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any

from kerata import ops
from kerata.backend.interface import Backend

Scalar = Any


def fitting(scalar: Scalar, item: Any, backend: Backend) -> Scalar:
    """Return a scalar tensor in the dtype of another, which it must not widen; else as it is."""
    return backend.cast(scalar, backend.dtype_name(item)) if hasattr(scalar, "dtype") else scalar


def smaller(a: Scalar, b: Scalar) -> Scalar:
    """Return the smaller of two scalars, Python numbers or traced ones."""
    both_known = isinstance(a, float) and isinstance(b, float)
    return min(a, b) if both_known else ops.minimum(a, b)


class Tensors:
    """A list of engine tensors with elementwise arithmetic.

    Args:
        items: The tensors, all of one engine; at least one.
        backend: That engine.

    >>> import numpy as np
    >>> from kerata.backend import select
    >>> from kerata.optimizers.multi import Tensors
    >>> pair = Tensors([np.ones(2), np.zeros(3)], select.load("numpy"))
    >>> [item.tolist() for item in (pair * 2.0 + pair)]
    [[3.0, 3.0], [0.0, 0.0, 0.0]]
    """

    __slots__ = ("items", "backend")

    def __init__(self, items: Sequence[Any], backend: Backend) -> None:
        self.items = items
        self.backend = backend

    def __iter__(self) -> Any:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def like(self, items: Sequence[Any]) -> Tensors:
        """Return other tensors of the same engine."""
        return Tensors(items, self.backend)

    def _apply(self, name: str, *operands: Tensors | Scalar) -> Tensors:
        operands = tuple(o.items if isinstance(o, Tensors) else o for o in operands)
        kernels = self.backend.kernels
        kernel = kernels.get(f"multi_{name}")
        if kernel is not None:
            first = self.items[0]
            operands = tuple(fitting(o, first, self.backend) for o in operands)
            return Tensors(kernel(self.items, *operands), self.backend)
        kernel = kernels[name]
        columns = [o if isinstance(o, (list, tuple)) else self._column(o) for o in operands]
        rows = zip(self.items, *columns, strict=False)
        return Tensors([kernel(*row) for row in rows], self.backend)

    def _column(self, scalar: Scalar) -> Any:
        """Repeat a scalar for each tensor."""
        if not hasattr(scalar, "dtype"):
            return repeat(scalar)
        return [fitting(scalar, item, self.backend) for item in self.items]

    def __add__(self, other: Tensors | Scalar) -> Tensors:
        return self._apply("add", other)

    __radd__ = __add__

    def __sub__(self, other: Tensors | Scalar) -> Tensors:
        return self._apply("subtract", other)

    def __rsub__(self, other: Scalar) -> Tensors:
        return -self + other

    def __mul__(self, other: Tensors | Scalar) -> Tensors:
        return self._apply("multiply", other)

    __rmul__ = __mul__

    def __truediv__(self, other: Tensors | Scalar) -> Tensors:
        return self._apply("divide", other)

    def __rtruediv__(self, other: Scalar) -> Tensors:
        return self._apply("reciprocal") * other

    def __pow__(self, exponent: float) -> Tensors:
        return self._apply("power", exponent)

    def __neg__(self) -> Tensors:
        return self._apply("negative")

    def __abs__(self) -> Tensors:
        return self._apply("abs")

    def sqrt(self) -> Tensors:
        """Return the square roots."""
        return self._apply("sqrt")

    def sign(self) -> Tensors:
        """Return -1, 0 or 1 by the sign of each element."""
        return self._apply("sign")

    def maximum(self, other: Tensors | Scalar) -> Tensors:
        """Return the larger of each two elements."""
        return self._apply("maximum", other)

    def minimum(self, other: Tensors | Scalar) -> Tensors:
        """Return the smaller of each two elements."""
        return self._apply("minimum", other)

    def square_sums(self) -> Tensors:
        """Return the sum of the squares of each tensor, of shape ()."""
        squares = self * self
        return self.like([self.backend.kernels["sum"](item) for item in squares])

    def where(self, condition: Scalar, other: Tensors) -> Tensors:
        """Return these tensors if the scalar condition holds, else the others."""
        select = self.backend.kernels["select_elements"]
        pairs = zip(self.items, other.items, strict=True)
        return self.like([select(condition, this, that) for this, that in pairs])
