"""Masks beside tensors: which time steps or elements of a tensor are real, not padding.

A mask is a boolean tensor whose shape is a prefix of the tensor's. It is kept in a table
keyed by the tensor object, weakly: it disappears with the tensor, and the tensor itself is
not touched.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

# id(tensor) -> (weak reference to the tensor, mask)
_table: dict[int, tuple[weakref.ref, Any]] = {}


def of(tensor: Any) -> Any:
    """Return the mask attached to a tensor, `None` if there is none."""
    if not _table:
        return None
    entry = _table.get(id(tensor))
    return entry[1] if entry is not None and entry[0]() is tensor else None


def attach(tensor: Any, mask: Any) -> None:
    """Attach a mask to a tensor; `None` takes it away."""
    key = id(tensor)
    if mask is None:
        _table.pop(key, None)
        return
    _table[key] = (weakref.ref(tensor, lambda _: _table.pop(key, None)), mask)


def any_attached() -> bool:
    """Tell whether any tensor has a mask at all (the cheap question of hot paths)."""
    return bool(_table)


def propagate(inputs: Sequence[Any], output: Any) -> None:
    """Give an elementwise result the mask of its first masked input of the same rank."""
    for tensor in inputs:
        mask = of(tensor)
        if mask is not None and len(tensor.shape) == len(output.shape):
            if of(output) is None:
                attach(output, mask)
            return
