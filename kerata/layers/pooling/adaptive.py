"""AdaptivePooling: a given number of windows, however large the input is."""

from __future__ import annotations

from typing import Any, ClassVar

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import data_format as checked_data_format
from kerata.layers.arguments import integers
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer


class AdaptivePooling(Layer):
    """Base: divides `rank` spatial dimensions into windows of about equal sizes."""

    rank: ClassVar[int]

    def __init__(
        self, output_size: int | tuple[int, ...], data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.output_size = integers(output_size, self.rank, "output_size")
        self.data_format = checked_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)


class AdaptiveAveragePooling(AdaptivePooling):
    """Base of the layers that take the mean of each window."""

    def call(self, inputs: Any) -> Any:
        """Return the mean of each window."""
        return ops.adaptive_average_pool(inputs, self.output_size, self.data_format)


class AdaptiveMaxPooling(AdaptivePooling):
    """Base of the layers that take the largest value of each window."""

    def call(self, inputs: Any) -> Any:
        """Return the largest value of each window."""
        return ops.adaptive_max_pool(inputs, self.output_size, self.data_format)


@register("layers")
class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """Takes the mean of a given number of windows of sequences, whatever their size.

    Window i of n along a size s reaches from `floor(i * s / n)` to `ceil((i + 1) * s / n)`.

    Args:
        output_size: Number of windows.
        data_format: `"channels_last"` for `(batch, time, channels)`, `"channels_first"` for
            `(batch, channels, time)`; the configured default if `None`.

    Raises:
        ValueError: If a size is not positive, or a spatial size of the input is not known.

    >>> import kerata
    >>> kerata.layers.AdaptiveAveragePooling1D(3)(kerata.ops.ones((2, 7, 4))).shape
    (2, 3, 4)
    """

    rank = 1


@register("layers")
class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """Takes the mean of a given number of windows of images, whatever their size.

    Window i of n along a size s reaches from `floor(i * s / n)` to `ceil((i + 1) * s / n)`.

    Args:
        output_size: Number of windows along rows and columns, or one number for both.
        data_format: `"channels_last"` for `(batch, rows, columns, channels)`, `"channels_first"`
            for `(batch, channels, rows, columns)`; the configured default if `None`.

    Raises:
        ValueError: If a size is not positive, or a spatial size of the input is not known.

    >>> import kerata
    >>> kerata.layers.AdaptiveAveragePooling2D(3)(kerata.ops.ones((2, 7, 5, 4))).shape
    (2, 3, 3, 4)
    """

    rank = 2


@register("layers")
class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """Takes the mean of a given number of windows of volumes, whatever their size.

    Window i of n along a size s reaches from `floor(i * s / n)` to `ceil((i + 1) * s / n)`.

    Args:
        output_size: Number of windows along each dimension, or one number for all three.
        data_format: `"channels_last"` for `(batch, *sizes, channels)`, `"channels_first"` for
            `(batch, channels, *sizes)`; the configured default if `None`.

    Raises:
        ValueError: If a size is not positive, or a spatial size of the input is not known.

    >>> import kerata
    >>> kerata.layers.AdaptiveAveragePooling3D(3)(kerata.ops.ones((2, 7, 5, 4, 4))).shape
    (2, 3, 3, 3, 4)
    """

    rank = 3


@register("layers")
class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    """Takes the largest value of a given number of windows of sequences, whatever their size.

    Window i of n along a size s reaches from `floor(i * s / n)` to `ceil((i + 1) * s / n)`.

    Args:
        output_size: Number of windows.
        data_format: `"channels_last"` for `(batch, time, channels)`, `"channels_first"` for
            `(batch, channels, time)`; the configured default if `None`.

    Raises:
        ValueError: If a size is not positive, or a spatial size of the input is not known.

    >>> import kerata
    >>> kerata.layers.AdaptiveMaxPooling1D(3)(kerata.ops.ones((2, 7, 4))).shape
    (2, 3, 4)
    """

    rank = 1


@register("layers")
class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    """Takes the largest value of a given number of windows of images, whatever their size.

    Window i of n along a size s reaches from `floor(i * s / n)` to `ceil((i + 1) * s / n)`.

    Args:
        output_size: Number of windows along rows and columns, or one number for both.
        data_format: `"channels_last"` for `(batch, rows, columns, channels)`, `"channels_first"`
            for `(batch, channels, rows, columns)`; the configured default if `None`.

    Raises:
        ValueError: If a size is not positive, or a spatial size of the input is not known.

    >>> import kerata
    >>> kerata.layers.AdaptiveMaxPooling2D(3)(kerata.ops.ones((2, 7, 5, 4))).shape
    (2, 3, 3, 4)
    """

    rank = 2


@register("layers")
class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """Takes the largest value of a given number of windows of volumes, whatever their size.

    Window i of n along a size s reaches from `floor(i * s / n)` to `ceil((i + 1) * s / n)`.

    Args:
        output_size: Number of windows along each dimension, or one number for all three.
        data_format: `"channels_last"` for `(batch, *sizes, channels)`, `"channels_first"` for
            `(batch, channels, *sizes)`; the configured default if `None`.

    Raises:
        ValueError: If a size is not positive, or a spatial size of the input is not known.

    >>> import kerata
    >>> kerata.layers.AdaptiveMaxPooling3D(3)(kerata.ops.ones((2, 7, 5, 4, 4))).shape
    (2, 3, 3, 3, 4)
    """

    rank = 3
