"""GlobalMaxPooling and GlobalAveragePooling: one value per channel for the whole input."""

from __future__ import annotations

from typing import Any, ClassVar

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import dtype_of
from kerata.layers.arguments import data_format as checked_data_format
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.shapes import spatial_axes


class GlobalPooling(Layer):
    """Base: reduces all spatial axes."""

    rank: ClassVar[int]

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = checked_data_format(data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def axes(self) -> tuple[int, ...]:
        """The spatial axes."""
        return spatial_axes(self.data_format, self.rank)


class GlobalMaxPooling(GlobalPooling):
    """Base of the layers that take the largest value of each channel."""

    def call(self, inputs: Any) -> Any:
        """Return the largest value of each channel."""
        return ops.max(inputs, axis=self.axes, keepdims=self.keepdims)


class GlobalAveragePooling(GlobalPooling):
    """Base of the layers that take the mean of each channel."""

    def call(self, inputs: Any) -> Any:
        """Return the mean of each channel."""
        return ops.mean(inputs, axis=self.axes, keepdims=self.keepdims)


@register("layers", "GlobalMaxPool1D")
class GlobalMaxPooling1D(GlobalMaxPooling):
    """Takes the largest value of each channel of sequences.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        keepdims: Whether the reduced axes stay, with size 1.

    >>> import kerata
    >>> kerata.layers.GlobalMaxPooling1D()(kerata.ops.ones((2, 8, 3))).shape
    (2, 3)
    """

    rank = 1


@register("layers", "GlobalMaxPool2D")
class GlobalMaxPooling2D(GlobalMaxPooling):
    """Takes the largest value of each channel of images.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        keepdims: Whether the reduced axes stay, with size 1.

    >>> import kerata
    >>> kerata.layers.GlobalMaxPooling2D()(kerata.ops.ones((2, 8, 8, 3))).shape
    (2, 3)
    """

    rank = 2


@register("layers", "GlobalMaxPool3D")
class GlobalMaxPooling3D(GlobalMaxPooling):
    """Takes the largest value of each channel of volumes.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        keepdims: Whether the reduced axes stay, with size 1.

    >>> import kerata
    >>> kerata.layers.GlobalMaxPooling3D()(kerata.ops.ones((2, 8, 8, 8, 3))).shape
    (2, 3)
    """

    rank = 3


@register("layers", "GlobalAvgPool1D")
class GlobalAveragePooling1D(GlobalAveragePooling):
    """Takes the mean of each channel of sequences.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        keepdims: Whether the reduced axes stay, with size 1.

    Call arguments:
        inputs: `(batch, time, channels)`, or `(batch, channels, time)`.
        mask: Booleans of shape `(batch, time)`; steps that are `False` do not count.

    >>> import kerata
    >>> kerata.layers.GlobalAveragePooling1D()(kerata.ops.ones((2, 8, 3))).shape
    (2, 3)
    """

    rank = 1

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mean of each channel over the steps that are not masked."""
        if mask is None:
            return super().call(inputs)
        (time,) = self.axes
        weights = ops.expand_dims(ops.cast(mask, dtype_of(inputs)), 3 - time)
        total = ops.sum(inputs * weights, axis=time, keepdims=self.keepdims)
        return total / ops.sum(weights, axis=time, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return no mask: there are no steps any more."""
        return None


@register("layers", "GlobalAvgPool2D")
class GlobalAveragePooling2D(GlobalAveragePooling):
    """Takes the mean of each channel of images.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        keepdims: Whether the reduced axes stay, with size 1.

    >>> import kerata
    >>> kerata.layers.GlobalAveragePooling2D()(kerata.ops.ones((2, 8, 8, 3))).shape
    (2, 3)
    """

    rank = 2


@register("layers", "GlobalAvgPool3D")
class GlobalAveragePooling3D(GlobalAveragePooling):
    """Takes the mean of each channel of volumes.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        keepdims: Whether the reduced axes stay, with size 1.

    >>> import kerata
    >>> kerata.layers.GlobalAveragePooling3D()(kerata.ops.ones((2, 8, 8, 8, 3))).shape
    (2, 3)
    """

    rank = 3


GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
