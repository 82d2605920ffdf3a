"""TensorSpec: the shape and dtype of a tensor, without a value and without an engine."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from kerata.backend import select
from kerata.core import dtypes

Shape = tuple[int | None, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class TensorSpec:
    """The shape and dtype of a tensor; `None` is a dimension that is not known yet.

    >>> TensorSpec((None, 3))
    TensorSpec(shape=(None, 3), dtype='float32')
    """

    shape: Shape
    dtype: str = "float32"

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def with_shape(self, shape: Any) -> TensorSpec:
        """Return the same dtype with another shape."""
        return TensorSpec(tuple(shape), self.dtype)

    def with_dtype(self, dtype: str) -> TensorSpec:
        """Return the same shape with another dtype."""
        return TensorSpec(self.shape, dtype)


def weak_dtype(value: Any) -> str | None:
    """Return the weak dtype of a Python scalar, `None` for anything else."""
    kind = type(value)
    if kind is float:
        return "weak_float"
    if kind is int:
        return "weak_int"
    if kind is bool:
        return "weak_bool"
    return None


def python_array(value: Any) -> np.ndarray:
    """Return nested Python lists as an array; Python floats become floatx, ints int32."""
    array = np.asarray(value)
    if array.dtype == np.float64 and not _holds_numpy(value):
        return array.astype(dtypes.floatx())
    if array.dtype == np.int64 and not _holds_numpy(value):
        return array.astype(np.int32) if _fits_int32(array) else array
    if array.dtype == object:
        raise ValueError(
            f"Cannot make a tensor of a {type(value).__name__} whose rows differ in length or type."
        )
    return array


def _fits_int32(array: np.ndarray) -> bool:
    return array.size == 0 or (array.min() >= -(2**31) and array.max() < 2**31)


def _holds_numpy(value: Any) -> bool:
    """Tell whether nested lists hold NumPy values, whose dtypes are meant as they are."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, (np.ndarray, np.generic))


def spec_of(value: Any) -> TensorSpec:
    """Return the spec of anything tensor-like: tensors, variables, arrays, lists, scalars.

    >>> spec_of([[1.0, 2.0]])
    TensorSpec(shape=(1, 2), dtype='float32')
    """
    engine = select.engine_of(value)
    if engine is not None:
        return TensorSpec(tuple(value.shape), engine.dtype_name(value))
    spec = getattr(value, "spec", None)
    if isinstance(spec, TensorSpec):
        return spec
    if isinstance(value, TensorSpec):
        return value
    weak = weak_dtype(value)
    if weak is not None:
        return TensorSpec((), dtypes.strong(weak))
    array = value if isinstance(value, (np.ndarray, np.generic)) else _as_array(value)
    # NumPy holds text as strings, bytes, or Python objects.
    dtype = "string" if array.dtype.kind in "USTO" else dtypes.canonical(array.dtype)
    return TensorSpec(array.shape, dtype)


def _as_array(value: Any) -> np.ndarray:
    if isinstance(value, (list, tuple)):
        return python_array(value)
    return np.asarray(value)


def shape_of(value: Any) -> Shape:
    """Return the static shape of anything tensor-like."""
    shape = getattr(value, "shape", None)
    return tuple(shape) if shape is not None else spec_of(value).shape


def sizes_of(value: Any) -> tuple:
    """Return the shape of a tensor; where an engine builds a graph for later, unknown sizes are
    scalar tensors.
    """
    engine = select.engine_of(value)
    return shape_of(value) if engine is None else engine.sizes(value)


def dtype_of(value: Any) -> str:
    """Return the dtype name of anything tensor-like."""
    engine = select.engine_of(value)
    return spec_of(value).dtype if engine is None else engine.dtype_name(value)


def ndim_of(value: Any) -> int:
    """Return the number of dimensions of anything tensor-like."""
    return len(shape_of(value))
