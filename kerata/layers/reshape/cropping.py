"""Cropping: the borders of sequences, images and volumes are cut off."""

from __future__ import annotations

from typing import Any, ClassVar

from kerata.core.registry import register
from kerata.layers.arguments import Shape, integer_pairs, integers
from kerata.layers.arguments import data_format as checked_data_format
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.shapes import first_spatial_axis, spatial_axes


class Cropping(Layer):
    """Base: cuts (before, after) positions off each spatial axis."""

    rank: ClassVar[int]

    def __init__(self, cropping: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = checked_data_format(data_format)
        self.cropping: Any = integer_pairs(cropping, self.rank, "cropping")
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(before, after) of each spatial axis."""
        return self.cropping

    def build(self, input_shape: Shape) -> None:
        """Check that something remains of each axis."""
        axes = spatial_axes(self.data_format, self.rank)
        for axis, (before, after) in zip(axes, self.pairs, strict=True):
            size = input_shape[axis]
            if size is not None and before + after >= size:
                raise ValueError(
                    f"{self.path}: cropping {before} + {after} positions of axis {axis} leaves "
                    f"nothing of an input of shape {input_shape}. Crop less than {size} in all."
                )

    def call(self, inputs: Any) -> Any:
        """Return what lies inside the borders."""
        spatial = [slice(before, -after or None) for before, after in self.pairs]
        skipped = [slice(None)] * first_spatial_axis(self.data_format)
        return inputs[tuple(skipped + spatial)]


@register("layers")
class Cropping1D(Cropping):
    """Cuts steps off both ends of sequences.

    Args:
        cropping: Number of steps, one for both ends or (beginning, end).

    Input: `(batch, time, features)`.

    Raises:
        ValueError: If the input has no more steps than are cut.

    >>> import kerata
    >>> kerata.layers.Cropping1D((1, 2))(kerata.ops.ones((2, 8, 3))).shape
    (2, 5, 3)
    """

    rank = 1

    def __init__(self, cropping: int | tuple[int, int] = (1, 1), **kwargs: Any) -> None:
        super().__init__((integers(cropping, 2, "cropping", minimum=0),), "channels_last", **kwargs)
        self.cropping = self.cropping[0]

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(before, after) of the time axis."""
        return (self.cropping,)


@register("layers")
class Cropping2D(Cropping):
    """Cuts rows and columns off images.

    Args:
        cropping: One number for all sides, (rows, columns), or
            ((top, bottom), (left, right)).
        data_format: Where the channels are; the configured default if `None`.

    Raises:
        ValueError: If nothing remains of the image.

    >>> import kerata
    >>> kerata.layers.Cropping2D(((1, 2), (0, 3)))(kerata.ops.ones((2, 8, 8, 3))).shape
    (2, 5, 5, 3)
    """

    rank = 2

    def __init__(
        self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)


@register("layers")
class Cropping3D(Cropping):
    """Cuts the sides off volumes.

    Args:
        cropping: One number for all sides, three for the dimensions, or three pairs.
        data_format: Where the channels are; the configured default if `None`.

    Raises:
        ValueError: If nothing remains of the volume.

    >>> import kerata
    >>> kerata.layers.Cropping3D(1)(kerata.ops.ones((2, 4, 5, 6, 3))).shape
    (2, 2, 3, 4, 3)
    """

    rank = 3

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)
