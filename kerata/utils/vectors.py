"""Vectors of length one."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.backend import select


def normalize(x: Any, axis: int = -1, order: float = 2) -> Any:
    """Return vectors divided by their norm; vectors of zeros stay as they are.

    Args:
        x: array, list or tensor.
        axis: the axis along which the vectors lie.
        order: of the norm: 2 is the Euclidean one, `np.inf` the largest absolute value.

    Returns:
        An array, or a tensor for a tensor, of the same shape.

    >>> import kerata
    >>> kerata.utils.normalize(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    if select.engine_of(x) is not None:
        norms = ops.norm(x, ord=order, axis=axis, keepdims=True)
        return ops.true_divide(x, ops.where(ops.equal(norms, 0), 1, norms))
    array = np.asarray(x)
    if isinstance(x, (list, tuple, float)):
        array = array.astype(np.float32)
    norms = np.linalg.norm(np.atleast_1d(array), order, axis, keepdims=True)
    norms[norms == 0] = 1
    return array / norms
