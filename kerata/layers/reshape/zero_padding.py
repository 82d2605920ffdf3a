"""ZeroPadding: zeros are added around sequences, images and volumes."""

from __future__ import annotations

from typing import Any, ClassVar

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import data_format as checked_data_format
from kerata.layers.arguments import integer_pairs, integers
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer


class ZeroPadding(Layer):
    """Base: adds (before, after) zeros along each spatial axis."""

    rank: ClassVar[int]

    def __init__(self, padding: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = checked_data_format(data_format)
        self.padding: Any = integer_pairs(padding, self.rank, "padding")
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(before, after) of each spatial axis."""
        return self.padding

    def call(self, inputs: Any) -> Any:
        """Return the inputs within a frame of zeros."""
        none = ((0, 0),)
        if self.data_format == "channels_last":
            return ops.pad(inputs, none + self.pairs + none)
        return ops.pad(inputs, none + none + self.pairs)


@register("layers")
class ZeroPadding1D(ZeroPadding):
    """Adds zeros at both ends of sequences.

    Args:
        padding: Number of steps, one for both ends or (beginning, end).
        data_format: Where the features are; the configured default if `None`.

    >>> import kerata
    >>> kerata.layers.ZeroPadding1D((1, 2))(kerata.ops.ones((2, 8, 3))).shape
    (2, 11, 3)
    """

    rank = 1

    def __init__(
        self, padding: int | tuple[int, int] = 1, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__((integers(padding, 2, "padding", minimum=0),), data_format, **kwargs)
        self.padding = self.padding[0]

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(before, after) of the time axis."""
        return (self.padding,)


@register("layers")
class ZeroPadding2D(ZeroPadding):
    """Adds rows and columns of zeros around images.

    Args:
        padding: One number for all sides, (rows, columns), or ((top, bottom), (left, right)).
        data_format: Where the channels are; the configured default if `None`.

    >>> import kerata
    >>> kerata.layers.ZeroPadding2D(((1, 2), (0, 3)))(kerata.ops.ones((2, 8, 8, 3))).shape
    (2, 11, 11, 3)
    """

    rank = 2

    def __init__(
        self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(padding, data_format, **kwargs)


@register("layers")
class ZeroPadding3D(ZeroPadding):
    """Adds zeros around volumes.

    Args:
        padding: One number for all sides, three for the dimensions, or three pairs.
        data_format: Where the channels are; the configured default if `None`.

    >>> import kerata
    >>> kerata.layers.ZeroPadding3D(1)(kerata.ops.ones((2, 4, 5, 6, 3))).shape
    (2, 6, 7, 8, 3)
    """

    rank = 3

    def __init__(
        self,
        padding: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(padding, data_format, **kwargs)
