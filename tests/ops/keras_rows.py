"""Rows of calls that are made in Keras and here, and must agree in value, shape and dtype."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

import kerata


@dataclasses.dataclass(frozen=True, eq=False)
class Row:
    """One call of an op.

    Attributes:
        name: the op.
        args, kwargs: its arguments; tensors as NumPy arrays.
        dtype: the dtype of the result where Keras departs from its own rule.
        atol: tolerance of float32 values.
        any_values: whether only shape and dtype are promised.
    """

    name: str
    args: tuple
    kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    dtype: str | None = None
    atol: float = 1e-5
    any_values: bool = False

    def __str__(self) -> str:
        return self.name

    @functools.cached_property
    def expected(self) -> list[np.ndarray]:
        """What Keras gives."""
        return _arrays(getattr(keras.ops, self.name)(*self.args, **self.kwargs))

    def check(self) -> None:
        """Compare with Keras on the default backend."""
        results = _arrays(getattr(kerata.ops, self.name)(*self.args, **self.kwargs))
        assert len(results) == len(self.expected)
        for result, expected in zip(results, self.expected, strict=True):
            assert result.shape == expected.shape
            assert result.dtype.name == (self.dtype or expected.dtype.name)
            if not self.any_values:
                np.testing.assert_allclose(result, expected, rtol=1e-4, atol=self.atol)


def _arrays(result: Any) -> list[np.ndarray]:
    parts = result if isinstance(result, tuple | list) else [result]
    return [np.asarray(kerata.ops.convert_to_numpy(part)) for part in parts]
