"""The NumPy engine. Its tensors are plain arrays, so arrays belong to it only by default."""

from __future__ import annotations

import ml_dtypes
import numpy as np

import kerata.backend.numpy as package
from kerata.backend.interface import Backend, Tensor, collect_kernels


class NumpyBackend(Backend):
    """Arrays on the host."""

    name = "numpy"
    # Arrays are neutral: they follow the tensors they meet, so no type is claimed.
    tensor_types = ()
    native_scalars = frozenset()

    def __init__(self) -> None:
        self.kernels = collect_kernels(self.name, package, np)

    def from_numpy(self, array: np.ndarray) -> Tensor:
        return np.array(array)

    def view_numpy(self, array: np.ndarray) -> Tensor:
        return array

    def to_numpy(self, tensor: Tensor) -> np.ndarray:
        return np.asarray(tensor)

    def dtype_name(self, tensor: Tensor) -> str:
        return tensor.dtype.name

    def cast(self, tensor: Tensor, dtype: str) -> Tensor:
        return np.asarray(tensor).astype(_dtype(dtype), copy=False)

    def scalar(self, value: float | int | bool, dtype: str) -> Tensor:
        return np.asarray(value, _dtype(dtype))

    def stop_gradient(self, tensor: Tensor) -> Tensor:
        return tensor


def _dtype(name: str) -> np.dtype:
    if name.startswith(("bfloat", "float8")):
        return np.dtype(getattr(ml_dtypes, name))
    return np.dtype(name)


def make_engine() -> NumpyBackend:
    """Return the engine; called once."""
    return NumpyBackend()
