"""Equalization of histograms, of whole images and of their parts (CLAHE).

The histograms of all channels of all images, or of all parts of them, are counted at once: each
pixel belongs to one bin of the histogram that it counts in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.core.primitive import any_symbolic
from kerata.core.registry import register
from kerata.core.spec import shape_of, sizes_of
from kerata.layers.arguments import integers, non_negative, positive_integer
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import ImageLayer, positions

Tensor = Any
#: how many different values pixels are told apart by in local histograms
LEVELS = 256


class _Equalization(ImageLayer):
    """Base of the two: values as numbers of bins, and back."""

    value_range: tuple[float, float]

    def _bins(self, images: Tensor, bins: int) -> Tensor:
        """Return the bin of each pixel, from 0 for the low end of the range to `bins - 1`."""
        low, high = self.value_range
        # Values such as 100 / 255 may have been rounded down a little.
        places = ops.floor((images - low) * ((bins - 1) / (high - low)) + 1e-3)
        return ops.cast(ops.clip(places, 0, bins - 1), "int32")

    def _as_pixels(self, levels: Tensor) -> Tensor:
        """Return numbers from 0 to 1 as values of the range."""
        low, high = self.value_range
        return levels * float(high - low) + low


def _is_none(batch: Any) -> bool:
    """Tell whether a batch is known to be empty: engines look nothing up in empty tables."""
    return isinstance(batch, int) and batch == 0


def _counts(bins_of_pixels: Tensor, total: int | None) -> Tensor:
    """Return how many pixels are in each of `total` bins, as float32."""
    flat = ops.reshape(bins_of_pixels, (-1,))
    return ops.segment_sum(ops.ones_like(flat, "float32"), flat, total)


@register("layers")
class Equalization(_Equalization):
    """Spreads the values of each channel of each image evenly over the value range.

    A value becomes `(c - c0) / (n - c0)` of the range: `c` of the `n` pixels of the channel have
    this value or a smaller one, and `c0` have the smallest. The result is one of 256 values, the
    nearest. A channel of one value stays as it is. The layer acts in training and in inference.

    Args:
        value_range: The smallest and the largest value of the pixels.
        bins: How many values are told apart.
        data_format: Where the channels are; the configured default if `None`.
        bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `value_range` or `bins` is something else.

    >>> import kerata
    >>> layer = kerata.layers.Equalization()
    >>> layer(kerata.ops.array([[[7.0], [7.0], [8.0], [9.0]]])).tolist()
    [[[0.0], [0.0], [128.0], [255.0]]]
    """

    def __init__(
        self,
        value_range: tuple[float, float] = (0, 255),
        bins: int = 256,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = checked_value_range(value_range)
        self.bins = positive_integer(bins, "bins")

    def transformed(self, images: Tensor, transformation: Any) -> Tensor:
        """Return the images equalized."""
        batch, channels = sizes_of(images)[0], shape_of(images)[self.channel_axis]
        if _is_none(batch):
            return images
        histogram = positions(images, 0) * channels + positions(images, self.channel_axis)
        places = histogram * self.bins + self._bins(images, self.bins)
        counts = _counts(places, None if batch is None else batch * channels * self.bins)
        ranks = ops.cumsum(ops.reshape(counts, (-1, self.bins)), 1)
        pixels = ranks[:, -1:]
        smallest = ops.min(ops.where(ranks > 0, ranks, pixels), 1, keepdims=True)
        levels = ops.round(ops.divide_no_nan(ranks - smallest, pixels - smallest) * 255.0)
        equalized = ops.take(ops.reshape(levels, (-1,)), places)
        flat = ops.take(ops.reshape(ops.equal(pixels, smallest), (-1,)), histogram)
        return ops.where(flat, images, self._as_pixels(equalized * (1.0 / 255.0)))


@register("layers")
class ContrastLimitedAdaptiveHistogramEqualization(_Equalization):
    """Equalizes the histograms of the parts of each image (CLAHE).

    Each channel of an image is divided into a grid of tiles. The histogram of a tile is cut off
    at `clip_limit` times its mean, which limits the contrast, and what was cut off is spread over
    all values. From the cumulated histogram follows what each value becomes in the middle of
    the tile; between the middles of tiles that is interpolated. Sides that the grid does not
    divide are continued by their mirror images. The layer acts in training and in inference.

    Args:
        value_range: The smallest and the largest value of the pixels.
        clip_limit: By how much a value may be more frequent than the mean; 0 is no limit.
        tile_grid_size: The number of tiles along height and width.
        data_format: Where the channels are; the configured default if `None`.
        bounding_box_format: As in all layers of images.

    Input and output: images of known height and width, one image or a dictionary, as in all
    layers of images.

    Raises:
        ValueError: If one of the arguments is something else, or height or width is not known.

    Reference: Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV,
    1994.

    >>> import kerata
    >>> layer = kerata.layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2))
    >>> layer(kerata.ops.ones((8, 8, 3))).shape
    (8, 8, 3)
    """

    def __init__(
        self,
        value_range: tuple[float, float] = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: tuple[int, int] = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = checked_value_range(value_range)
        self.clip_limit = non_negative(clip_limit, "clip_limit")
        self.tile_grid_size = integers(tile_grid_size, 2, "tile_grid_size")

    def transformed(self, images: Tensor, transformation: Any) -> Tensor:
        """Return the images equalized tile by tile."""
        axes = (self.height_axis, self.width_axis)
        sizes = [shape_of(images)[axis] for axis in axes]
        if None in sizes:
            return self._without_sizes(images)
        if _is_none(sizes_of(images)[0]):
            return images
        values = self._bins(images, LEVELS)
        sides = [_Side(*each) for each in zip(sizes, self.tile_grid_size, strict=True)]
        curves = self._curves(images, values, sides)
        result: Any = 0.0
        rows, columns = (side.neighbours() for side in sides)
        for row, row_share in rows:
            for column, column_share in columns:
                places = self._tiles(images, row, column) * LEVELS + values
                share = self._along(row_share, axes[0]) * self._along(column_share, axes[1])
                result = result + ops.multiply(ops.take(curves, places), share)
        return self._as_pixels(result)

    def _curves(self, images: Tensor, values: Tensor, sides: list[_Side]) -> Tensor:
        """Return what each value becomes in each tile, from 0 to 1, laid out flat."""
        for side, axis in zip(sides, (self.height_axis, self.width_axis), strict=True):
            values = ops.take(values, side.mirrored, axis)
        places = self._tiles(images, *(side.tiles for side in sides)) * LEVELS + values
        batch, channels = sizes_of(images)[0], shape_of(images)[self.channel_axis]
        tiles = None if batch is None else batch * channels * sides[0].count * sides[1].count
        counts = _counts(places, None if tiles is None else tiles * LEVELS)
        counts = ops.reshape(counts, (-1, LEVELS))
        if self.clip_limit > 0:
            limit = self.clip_limit * sides[0].length * sides[1].length / LEVELS
            kept = ops.minimum(counts, limit)
            counts = kept + ops.mean(counts - kept, 1, keepdims=True)
        ranks = ops.cumsum(counts, 1)
        first = ranks[:, :1]
        return ops.reshape(ops.divide_no_nan(ranks - first, ranks[:, -1:] - first), (-1,))

    def _tiles(self, images: Tensor, rows: np.ndarray, columns: np.ndarray) -> Tensor:
        """Return which of all tiles is meant at pixels whose tiles are in given rows, columns."""
        down, across = self.tile_grid_size
        image = positions(images, 0) * down
        row = ops.add(image, self._along(rows, self.height_axis))
        tile = ops.add(row * across, self._along(columns, self.width_axis))
        channel = positions(images, self.channel_axis)
        return tile * shape_of(images)[self.channel_axis] + channel

    def _along(self, vector: np.ndarray, axis: int) -> np.ndarray:
        """Return a vector laid along an axis of the images."""
        sizes = [1] * 4
        sizes[axis] = len(vector)
        return vector.reshape(sizes)

    def _without_sizes(self, images: Tensor) -> Tensor:
        if any_symbolic([images]):
            return images  # while a model is built: the result has the shape of the images
        raise ValueError(
            f"{self.path}: the images have shape {shape_of(images)}, but height and width must be "
            "known to divide them into tiles. Put `Resizing` or `set_shape` before."
        )


class _Side:
    """How one side of images is divided into tiles, a tile having whole pixels.

    Attributes:
        count: Number of tiles.
        length: Pixels of a tile.
        mirrored: Which pixel stands at each place, with those that fill up the last tiles.
        tiles: In which tile each of these places is.
    """

    def __init__(self, size: int, count: int) -> None:
        self.size, self.count = size, count
        self.length = -(-size // count)
        whole = self.length * count
        self.mirrored = np.pad(np.arange(size, dtype="int32"), (0, whole - size), "symmetric")
        self.tiles = np.arange(whole, dtype="int32") // self.length

    def neighbours(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the tiles before and after each pixel, each with its share of the result.

        They are those between whose middles the pixel lies; at the ends both are one tile.
        """
        places = np.arange(self.size) / self.length - 0.5
        before = np.floor(places).astype("int32")
        share = (places - before).astype("float32")
        last = self.count - 1
        return [(before.clip(0, last), 1 - share), ((before + 1).clip(0, last), share)]
