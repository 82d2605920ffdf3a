"""Initializers without chance: zeros, ones, a constant, the identity matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core.registry import register
from kerata.initializers.initializer import Initializer, concrete_shape, numpy_dtype


@register("initializers")
class Constant(Initializer):
    """Fills the variable with one value.

    Args:
        value: A number, or an array that broadcasts to the shape of the variable.

    >>> import kerata
    >>> kerata.initializers.Constant(0.5)((2, 2)).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        """Return the first values of a variable of this shape and dtype."""
        shape = concrete_shape(shape, "Constant")
        return np.full(shape, np.asarray(self.value), numpy_dtype(dtype))


@register("initializers", "zero")
class Zeros(Initializer):
    """Fills the variable with zeros.

    >>> import kerata
    >>> kerata.initializers.Zeros()((3,)).tolist()
    [0.0, 0.0, 0.0]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        """Return the first values of a variable of this shape and dtype."""
        return np.zeros(concrete_shape(shape, "Zeros"), numpy_dtype(dtype))


@register("initializers", "one")
class Ones(Initializer):
    """Fills the variable with ones.

    >>> import kerata
    >>> kerata.initializers.Ones()((2,), dtype="int32").tolist()
    [1, 1]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        """Return the first values of a variable of this shape and dtype."""
        return np.ones(concrete_shape(shape, "Ones"), numpy_dtype(dtype))


@register("initializers", "IdentityInitializer")
class Identity(Initializer):
    """Ones (times `gain`) on the main diagonal of a matrix, zeros elsewhere.

    Args:
        gain: The factor of the identity matrix.

    Raises:
        ValueError: When called with a shape that is not that of a matrix.

    >>> import kerata
    >>> kerata.initializers.Identity(2.0)((2, 3)).tolist()
    [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        """Return the first values of a variable of this shape and dtype."""
        shape = concrete_shape(shape, "Identity")
        if len(shape) != 2:
            raise ValueError(
                f"Identity makes matrices, but was asked for the shape {shape} of rank "
                f"{len(shape)}. Use it for a 2-D weight, such as a recurrent kernel."
            )
        return (self.gain * np.eye(*shape)).astype(numpy_dtype(dtype))
