"""UpSampling: sequences, images and volumes are enlarged by repetition or interpolation."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import dtype_of, shape_of
from kerata.layers.arguments import data_format as checked_data_format
from kerata.layers.arguments import integers, one_of, positive_integer
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.shapes import spatial_axes

INTERPOLATIONS = ("nearest", "bilinear")


class UpSampling(Layer):
    """Base: repeats every position along each spatial axis."""

    rank: ClassVar[int]

    def __init__(self, size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = checked_data_format(data_format)
        self.size: Any = integers(size, self.rank, "size")
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        """Return the inputs with every position repeated."""
        axes = spatial_axes(self.data_format, self.rank)
        for axis, repeats in zip(axes, self.size, strict=True):
            inputs = ops.repeat(inputs, repeats, axis=axis)
        return inputs


@register("layers")
class UpSampling1D(UpSampling):
    """Repeats every step of sequences.

    Args:
        size: How often each step is repeated.

    >>> import kerata
    >>> kerata.layers.UpSampling1D(3)(kerata.ops.ones((2, 4, 5))).shape
    (2, 12, 5)
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(positive_integer(size, "size"), "channels_last", **kwargs)
        self.size = size

    def call(self, inputs: Any) -> Any:
        """Return the inputs with every step repeated."""
        return ops.repeat(inputs, self.size, axis=1)


@register("layers")
class UpSampling2D(UpSampling):
    """Enlarges images.

    Args:
        size: Factors for rows and columns, or one for both.
        data_format: Where the channels are; the configured default if `None`.
        interpolation: `"nearest"` repeats pixels, `"bilinear"` takes weighted means of the
            two nearest ones along rows and columns.

    >>> import kerata
    >>> kerata.layers.UpSampling2D((2, 3))(kerata.ops.ones((2, 4, 5, 3))).shape
    (2, 8, 15, 3)
    """

    rank = 2

    def __init__(
        self,
        size: int | tuple[int, int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = one_of(interpolation, INTERPOLATIONS, "interpolation")

    def call(self, inputs: Any) -> Any:
        """Return the enlarged images."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        outputs = inputs
        axes = spatial_axes(self.data_format, self.rank)
        for axis, factor in zip(axes, self.size, strict=True):
            outputs = _interpolated(outputs, axis, factor)
        return ops.cast(outputs, dtype_of(inputs))


def _interpolated(inputs: Any, axis: int, factor: int) -> Any:
    """Return the inputs `factor` times as long along an axis, linear between the centers."""
    size = shape_of(inputs)[axis]
    if size is None:  # only while a model is being built, when nothing but the shape matters
        return ops.repeat(inputs, factor, axis=axis)
    positions = np.clip((np.arange(size * factor) + 0.5) / factor - 0.5, 0, size - 1)
    below = np.floor(positions).astype("int32")
    above = np.minimum(below + 1, size - 1)
    share = (positions - below).astype("float32")
    share = share.reshape([-1 if i == axis else 1 for i in range(len(shape_of(inputs)))])
    low, high = ops.take(inputs, below, axis=axis), ops.take(inputs, above, axis=axis)
    return ops.add(low, ops.multiply(ops.subtract(high, low), share))


@register("layers")
class UpSampling3D(UpSampling):
    """Enlarges volumes by repetition.

    Args:
        size: Factors for the three dimensions, or one for all.
        data_format: Where the channels are; the configured default if `None`.

    >>> import kerata
    >>> kerata.layers.UpSampling3D(2)(kerata.ops.ones((1, 2, 3, 4, 1))).shape
    (1, 4, 6, 8, 1)
    """

    rank = 3

    def __init__(
        self,
        size: int | tuple[int, int, int] = (2, 2, 2),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(size, data_format, **kwargs)
