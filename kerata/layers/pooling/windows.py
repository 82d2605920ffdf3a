"""MaxPooling and AveragePooling: windows summarized by their largest value or their mean."""

from __future__ import annotations

from typing import Any, ClassVar

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import data_format as checked_data_format
from kerata.layers.arguments import integers, one_of
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer


class Pooling(Layer):
    """Base: slides a window over `rank` spatial dimensions."""

    rank: ClassVar[int]

    def __init__(
        self,
        pool_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size = integers(pool_size, self.rank, "pool_size")
        strides = self.pool_size if strides is None else strides
        self.strides = integers(strides, self.rank, "strides")
        self.padding = one_of(padding, ("valid", "same"), "padding")
        self.data_format = checked_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)


class AveragePooling(Pooling):
    """Base of the layers that take the mean of each window."""

    def call(self, inputs: Any) -> Any:
        """Return the mean of each window, without its padding."""
        return ops.average_pool(
            inputs, self.pool_size, self.strides, self.padding, self.data_format
        )


class MaxPooling(Pooling):
    """Base of the layers that take the largest value of each window."""

    def __init__(
        self,
        pool_size: int | tuple[int, ...] = 2,
        strides: int | tuple[int, ...] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)

    def call(self, inputs: Any) -> Any:
        """Return the largest value of each window."""
        return ops.max_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


@register("layers", "MaxPool1D")
class MaxPooling1D(MaxPooling):
    """Takes the largest value of windows of sequences.

    Args:
        pool_size: Number of steps in a window.
        strides: Steps from one window to the next; `pool_size` if `None`.
        padding: `"valid"` (windows inside the input) or `"same"` (windows may reach over the
            borders, so that the size is `ceil(size / strides)`).
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        name: As in every layer.

    >>> import kerata
    >>> kerata.layers.MaxPooling1D(2)(kerata.ops.ones((2, 8, 3))).shape
    (2, 4, 3)
    """

    rank = 1


@register("layers", "MaxPool2D")
class MaxPooling2D(MaxPooling):
    """Takes the largest value of windows of images.

    Args:
        pool_size: (rows, columns) of a window, or one number for both.
        strides: Pixels from one window to the next; `pool_size` if `None`.
        padding: `"valid"` (windows inside the input) or `"same"` (windows may reach over the
            borders, so that the size is `ceil(size / strides)`).
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        name: As in every layer.

    >>> import kerata
    >>> kerata.layers.MaxPooling2D(2)(kerata.ops.ones((2, 8, 8, 3))).shape
    (2, 4, 4, 3)
    """

    rank = 2


@register("layers", "MaxPool3D")
class MaxPooling3D(MaxPooling):
    """Takes the largest value of windows of volumes.

    Args:
        pool_size: Sizes of a window, or one number for all three.
        strides: Positions from one window to the next; `pool_size` if `None`.
        padding: `"valid"` (windows inside the input) or `"same"` (windows may reach over the
            borders, so that the size is `ceil(size / strides)`).
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        name: As in every layer.

    >>> import kerata
    >>> kerata.layers.MaxPooling3D(2)(kerata.ops.ones((2, 8, 8, 8, 3))).shape
    (2, 4, 4, 4, 3)
    """

    rank = 3


@register("layers", "AvgPool1D")
class AveragePooling1D(AveragePooling):
    """Takes the mean of windows of sequences.

    Args:
        pool_size: Number of steps in a window.
        strides: Steps from one window to the next; `pool_size` if `None`.
        padding: `"valid"` (windows inside the input) or `"same"` (windows may reach over the
            borders, so that the size is `ceil(size / strides)`).
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        name: As in every layer.

    >>> import kerata
    >>> kerata.layers.AveragePooling1D(2)(kerata.ops.ones((2, 8, 3))).shape
    (2, 4, 3)
    """

    rank = 1


@register("layers", "AvgPool2D")
class AveragePooling2D(AveragePooling):
    """Takes the mean of windows of images.

    Args:
        pool_size: (rows, columns) of a window, or one number for both.
        strides: Pixels from one window to the next; `pool_size` if `None`.
        padding: `"valid"` (windows inside the input) or `"same"` (windows may reach over the
            borders, so that the size is `ceil(size / strides)`).
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        name: As in every layer.

    >>> import kerata
    >>> kerata.layers.AveragePooling2D(2)(kerata.ops.ones((2, 8, 8, 3))).shape
    (2, 4, 4, 3)
    """

    rank = 2


@register("layers", "AvgPool3D")
class AveragePooling3D(AveragePooling):
    """Takes the mean of windows of volumes.

    Args:
        pool_size: Sizes of a window, or one number for all three.
        strides: Positions from one window to the next; `pool_size` if `None`.
        padding: `"valid"` (windows inside the input) or `"same"` (windows may reach over the
            borders, so that the size is `ceil(size / strides)`).
        data_format: `"channels_last"` or `"channels_first"`; the configured default if `None`.
        name: As in every layer.

    >>> import kerata
    >>> kerata.layers.AveragePooling3D(2)(kerata.ops.ones((2, 8, 8, 8, 3))).shape
    (2, 4, 4, 4, 3)
    """

    rank = 3


MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
