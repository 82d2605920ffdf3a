"""The row of the conformance table: one call of a primitive, and what it must give.

Tables stand in `cases_*.py` beside this file, each a list `CASES`; `test_primitives.py` runs
every row on every backend. Example:

    Case("matmul", (normal(2, 3), normal(3, 4)))
    Case("rsqrt", (positive(2, 3),), oracle=lambda x: 1 / np.sqrt(x))
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Case:
    """One call of a primitive.

    Attributes:
        name: the primitive.
        args: its arguments; tensors as NumPy arrays (float32 or integers), lists of them too.
        kwargs: its keyword arguments.
        oracle: the same function for NumPy arrays; by default NumPy's of the same name.
        gradient: whether to compare gradients with finite differences. Wrong where the function
            jumps, or is not differentiable.
        rtol, atol: tolerances of the value in float32.
        half: whether half precision works too.
        batch: whether the first dimension may be unknown while a model is built.
        traced: whether the shape of the result is known without values, as JAX needs it in
            compiled steps.
        view: what of the results is compared, e.g. without signs that engines choose freely.
    """

    name: str
    args: tuple
    kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    oracle: Callable | None = None
    gradient: bool = True
    rtol: float = 1e-5
    atol: float = 1e-6
    half: bool = True
    batch: bool = True
    traced: bool = True
    view: Callable | None = None

    def __str__(self) -> str:
        return self.name

    def expected(self) -> Any:
        """Return what the oracle gives, computed in float64."""
        oracle = self.oracle or getattr(np, self.name)
        return oracle(*map_arrays(widened, self.args), **self.kwargs)


def map_arrays(function: Callable, value: Any) -> Any:
    """Apply a function to every array in nested tuples and lists; the rest stays."""
    if isinstance(value, np.ndarray):
        return function(value)
    if isinstance(value, tuple | list):
        return type(value)(map_arrays(function, each) for each in value)
    return value


def widened(array: np.ndarray) -> np.ndarray:
    """Return floats in float64, anything else as it is."""
    return array.astype("float64") if array.dtype.kind == "f" else array


def _generator(kind: str, shape: tuple[int, ...]) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(f"{kind}{shape}".encode()))


def normal(*shape: int) -> np.ndarray:
    """Return float32 numbers of the standard normal distribution, always the same."""
    return _generator("normal", shape).normal(size=shape).astype("float32")


def uniform(low: float, high: float, *shape: int) -> np.ndarray:
    """Return float32 numbers between two bounds, always the same."""
    return _generator(f"uniform{low}", shape).uniform(low, high, shape).astype("float32")


def positive(*shape: int) -> np.ndarray:
    """Return float32 numbers from 0.5 to 3."""
    return uniform(0.5, 3.0, *shape)


def integers(high: int, *shape: int, low: int = 0) -> np.ndarray:
    """Return int32 numbers from `low` to `high - 1`."""
    return _generator(f"integers{high}", shape).integers(low, high, shape).astype("int32")


def bools(*shape: int) -> np.ndarray:
    """Return true and false in equal shares."""
    return _generator("bools", shape).integers(0, 2, shape).astype(bool)
