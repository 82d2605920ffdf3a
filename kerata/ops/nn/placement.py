"""Bringing arguments to where the others are."""

from __future__ import annotations

from typing import Any

from kerata.core.primitive import Tensor, backend_of, to_tensor
from kerata.core.symbolic import SymbolicTensor


def beside(value: Any, tensor: Tensor) -> Tensor:
    """Return `value` as a tensor of the engine that `tensor` belongs to.

    Arrays and lists belong to no engine. An op on them alone would choose the default one, and
    its result could then not be combined with a tensor of another.
    """
    return value if isinstance(value, SymbolicTensor) else to_tensor(value, backend_of(tensor))
