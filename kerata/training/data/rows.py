"""Rows: one in-memory array of a data set, whatever library it came from.

All arrays of a data set are read through the same two calls: `take(indices)` gives chosen
rows and `slice(first, last)` a range of them, as NumPy arrays in the dtype that the model
gets (floats become floatx, integers and booleans stay).
"""

from __future__ import annotations

import abc
from typing import Any

import numpy as np

from kerata.core import dtypes

#: Arrays up to this size are cast to floatx once; larger ones, batch by batch.
CAST_ONCE_BYTES = 1 << 29


def is_float(dtype: np.dtype) -> bool:
    """Tell whether a NumPy dtype is real floating, bfloat16 and the float8 types included."""
    return dtype.kind == "f" or dtypes.is_float(dtype.name)


def numpy_floatx() -> np.dtype:
    """Return floatx as a NumPy dtype."""
    if dtypes.floatx() == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(dtypes.floatx())


def batch_dtype(dtype: np.dtype) -> np.dtype:
    """Return the dtype in which data of `dtype` reaches a model."""
    return numpy_floatx() if is_float(dtype) else dtype


class Rows(abc.ABC):
    """The first axis of an array, readable in any order; `shape` and `dtype` are its batches'."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def __len__(self) -> int:
        return self.shape[0]

    @abc.abstractmethod
    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return the rows at `indices`, in that order."""

    @abc.abstractmethod
    def slice(self, first: int, last: int) -> np.ndarray:
        """Return the rows `first` to `last - 1`, without a copy where possible."""

    @abc.abstractmethod
    def part(self, first: int, last: int) -> Rows:
        """Return the rows `first` to `last - 1` as `Rows` of their own."""

    def chosen(self, indices: np.ndarray) -> Rows:
        """Return the rows at `indices` as `Rows` of their own; nothing is copied."""
        return ChosenRows(self, indices)


class ArrayRows(Rows):
    """Rows of a NumPy array."""

    def __init__(self, array: np.ndarray):
        self.dtype = batch_dtype(array.dtype)
        if array.nbytes <= CAST_ONCE_BYTES and not isinstance(array, np.memmap):
            array = array.astype(self.dtype, copy=False)
        self.array = array
        self.shape = array.shape

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return the rows at `indices`, in that order."""
        return self.array.take(indices, axis=0).astype(self.dtype, copy=False)

    def slice(self, first: int, last: int) -> np.ndarray:
        """Return a range of rows: a view, unless they must be cast."""
        return self.array[first:last].astype(self.dtype, copy=False)

    def part(self, first: int, last: int) -> Rows:
        """Return a range of rows as `Rows` of their own."""
        return ArrayRows(self.array[first:last])


class SparseRows(Rows):
    """Rows of a SciPy sparse matrix, made dense batch by batch."""

    def __init__(self, matrix: Any):
        self.matrix = matrix.tocsr()
        self.dtype = batch_dtype(np.dtype(matrix.dtype))
        self.shape = tuple(matrix.shape)

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return the rows at `indices` as a dense array."""
        return self.matrix[indices].toarray().astype(self.dtype, copy=False)

    def slice(self, first: int, last: int) -> np.ndarray:
        """Return a range of rows as a dense array."""
        return self.matrix[first:last].toarray().astype(self.dtype, copy=False)

    def part(self, first: int, last: int) -> Rows:
        """Return a range of rows as `Rows` of their own."""
        return SparseRows(self.matrix[first:last])


class StoredRows(Rows):
    """Rows of an HDF5 data set, read from the file batch by batch."""

    def __init__(self, dataset: Any, first: int = 0, last: int | None = None):
        self.dataset = dataset
        self.first = first
        count = (dataset.shape[0] if last is None else last) - first
        self.dtype = batch_dtype(np.dtype(dataset.dtype))
        self.shape = (count, *dataset.shape[1:])

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return the rows at `indices`; HDF5 itself reads in increasing order only."""
        order = np.argsort(indices)
        rows = np.empty((len(indices), *self.shape[1:]), self.dtype)
        rows[order] = self.dataset[indices[order] + self.first]
        return rows

    def slice(self, first: int, last: int) -> np.ndarray:
        """Return a range of rows."""
        return self.dataset[self.first + first : self.first + last].astype(self.dtype, copy=False)

    def part(self, first: int, last: int) -> Rows:
        """Return a range of rows as `Rows` of their own."""
        return StoredRows(self.dataset, self.first + first, self.first + last)


class ChosenRows(Rows):
    """Some of the rows of other rows, in an order of their own."""

    def __init__(self, rows: Rows, indices: np.ndarray):
        self.rows = rows
        self.indices = indices
        self.dtype = rows.dtype
        self.shape = (len(indices), *rows.shape[1:])

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return the rows at `indices`, in that order."""
        return self.rows.take(self.indices[indices])

    def slice(self, first: int, last: int) -> np.ndarray:
        """Return a range of rows."""
        return self.rows.take(self.indices[first:last])

    def part(self, first: int, last: int) -> Rows:
        """Return a range of rows as `Rows` of their own."""
        return ChosenRows(self.rows, self.indices[first:last])
