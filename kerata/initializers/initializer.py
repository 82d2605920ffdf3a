"""What an initializer is: a function from a shape to the first values of a variable.

Initial values are NumPy arrays, drawn from a counter-based generator. The same seed
therefore gives the same weights on every backend, and nothing is compiled to make them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ml_dtypes  # noqa: F401  (teaches NumPy the names "bfloat16" and "float8_...")
import numpy as np

from kerata.core import dtypes
from kerata.core.registry import register
from kerata.core.serialization import Configurable


@register("initializers")
class Initializer(Configurable):
    """Base class of initializers: callables that make the first values of a variable.

    A subclass defines `__call__(shape, dtype=None)`. Its configuration is read from the
    attributes named as the parameters of its `__init__`.

    >>> import kerata
    >>> import numpy as np
    >>> class Countdown(kerata.initializers.Initializer):
    ...     def __call__(self, shape, dtype=None, **kwargs):
    ...         return np.arange(shape[0], 0, -1).astype(dtype or "float32")
    >>> Countdown()((3,)).tolist()
    [3.0, 2.0, 1.0]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        """Return the first values of a variable.

        Args:
            shape: The shape of the variable.
            dtype: Its dtype; `None` means `kerata.config.floatx()`.
            kwargs: Accepted so that initializers of all origins can be called alike.

        Returns:
            An array of that shape and dtype.

        Raises:
            TypeError: If the subclass does not define `__call__`.
        """
        raise TypeError(
            f"{type(self).__name__} does not define `__call__(self, shape, dtype=None)`, "
            "so it cannot make values. Define it and return an array of that shape."
        )

    def clone(self) -> Initializer:
        """Return a new initializer of the same configuration.

        >>> import kerata
        >>> kerata.initializers.Constant(3.0).clone()((1,)).tolist()
        [3.0]
        """
        return type(self).from_config(self.get_config())


def concrete_shape(shape: int | Sequence[int], owner: str) -> tuple[int, ...]:
    """Return the shape as a tuple, once it is known that no dimension is missing.

    Args:
        shape: A dimension or a sequence of dimensions.
        owner: The name of the initializer, for the error.

    Raises:
        ValueError: If a dimension is `None`.
    """
    dimensions = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if any(d is None for d in dimensions):
        raise ValueError(
            f"{owner} cannot make values of shape {dimensions}: every dimension of a variable "
            "must be known. Call the layer on inputs whose last dimension is known."
        )
    return tuple(int(d) for d in dimensions)


def numpy_dtype(dtype: Any) -> np.dtype:
    """Return the NumPy dtype that a variable of this dtype is first made in."""
    return np.dtype(dtypes.floatx() if dtype is None else dtypes.canonical(dtype))
