"""Flatten: each sample becomes one row."""

from __future__ import annotations

import math
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.arguments import data_format as checked_data_format
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer


@register("layers")
class Flatten(Layer):
    """Lays the values of each sample out in one row.

    Args:
        data_format: With `"channels_first"` the channels are moved to the end first, so that
            the order of the row is the same for both formats.

    Input: `(batch, ...)`. Output: `(batch, product of the other sizes)`.

    >>> import kerata
    >>> kerata.layers.Flatten()(kerata.ops.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = checked_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """Return the inputs as a matrix."""
        ndim = len(shape_of(inputs))
        if self.data_format == "channels_first" and ndim > 2:
            inputs = ops.transpose(inputs, (0, *range(2, ndim), 1))
        batch, *sizes = ops.shape(inputs)
        if None in shape_of(inputs)[1:]:
            return ops.reshape(inputs, (batch, -1))
        return ops.reshape(inputs, (-1, math.prod(sizes)))
