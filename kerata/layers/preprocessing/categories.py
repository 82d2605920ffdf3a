"""Category indices as vectors: one-hot, multi-hot and counts.

`encoded` does it with ops, for layers that are compiled. `encoded_on_host` does it with NumPy
for layers that work on the host: there, vocabularies are large, and a one-hot vector for each
token of a text would not fit into memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.core.spec import shape_of
from kerata.core.variable import numpy_dtype

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


def check_mode(layer: str, mode: Any, allowed: tuple[str, ...]) -> None:
    """Raise unless a layer knows an output mode.

    Raises:
        ValueError: if it does not; says which there are.
    """
    if mode not in allowed:
        raise ValueError(
            f"{layer} got output_mode={mode!r}; expected one of {', '.join(map(repr, allowed))}."
        )


def check_dense(layer: str, sparse: Any) -> None:
    """Raise if sparse output is asked for.

    Raises:
        ValueError: if so.
    """
    if sparse:
        raise ValueError(f"{layer} returns dense tensors only; leave out sparse=True.")


def encoded_shape(shape: tuple, mode: str, depth: int) -> tuple:
    """Return the shape of encoded indices of a shape.

    >>> encoded_shape((None, 3), "one_hot", 5), encoded_shape((None, 3), "count", 5)
    ((None, 3, 5), (None, 5))
    """
    if mode == "int":
        return shape
    if mode == "one_hot" and shape[-1:] != (1,):
        return (*shape, depth)
    return (*shape[:-1], depth)


def encoded(indices: Any, mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Return indices as vectors of `depth` numbers, computed with ops.

    Args:
        indices: integer tensor; indices outside of the categories count nowhere.
        mode: `"one_hot"`: a vector for each index (an axis of size 1 in the end is dropped
            first); `"multi_hot"`, `"count"`: one vector for each row of the last axis.
        depth: number of categories.
        dtype: dtype of the result.
        weights: what each index counts, of the shape of the indices.
    """
    vectors = ops.one_hot(indices, depth, dtype=dtype)
    shape = shape_of(indices)
    if mode == "one_hot":
        return ops.squeeze(vectors, -2) if shape[-1:] == (1,) else vectors
    if weights is not None:
        vectors = ops.multiply(vectors, ops.expand_dims(ops.cast(weights, dtype), -1))
    if not shape:
        return vectors
    return (ops.max if mode == "multi_hot" and shape[-1] != 0 else ops.sum)(vectors, axis=-2)


def encoded_on_host(
    indices: np.ndarray, mode: str, depth: int, dtype: str, scale: np.ndarray | None = None
) -> np.ndarray:
    """Return indices as `encoded` does, or as TF-IDF, computed with NumPy.

    Args:
        indices: integer array; indices outside of the categories count nowhere.
        mode: any but `"int"`.
        depth: number of categories.
        dtype: dtype of the result.
        scale: by what to multiply the counts of `"tf_idf"`, one number for each category.
    """
    shape = encoded_shape(indices.shape, mode, depth)
    valid = (indices >= 0) & (indices < depth)
    if mode == "one_hot":
        one_hot = np.zeros((indices.size, depth), numpy_dtype(dtype))
        places = np.flatnonzero(valid)
        one_hot[places, indices.ravel()[places]] = 1
        return one_hot.reshape(shape)
    *rows, width = indices.shape or (1,)
    table = indices.reshape(int(np.prod(rows)), width)
    row = np.arange(len(table))[:, None]
    cells = (row * depth + table)[valid.reshape(table.shape)]
    # Most numbers are zero: only the others are computed.
    cells, counts = np.unique(cells, return_counts=True)
    if mode == "multi_hot":
        counts = np.ones_like(counts)
    elif mode == "tf_idf":
        counts = counts * scale[cells % depth]  # type: ignore[index]
    vectors = np.zeros(len(table) * depth, numpy_dtype(dtype))
    vectors[cells] = counts
    return vectors.reshape(shape)
