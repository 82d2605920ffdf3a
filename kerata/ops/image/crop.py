"""Parts of images, and images with margins: crop, pad, patches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kerata.backend import windows
from kerata.core.primitive import Tensor
from kerata.core.spec import shape_of
from kerata.ops.image.layout import over_batch
from kerata.ops.indexing import get_item, take
from kerata.ops.joining import pad
from kerata.ops.nn.geometry import padding_mode, per_dimension
from kerata.ops.shape import reshape, transpose

Length = int | None

# -- margins -----------------------------------------------------------------------------------


def crop_images(
    images: Tensor,
    top_cropping: Length = None,
    left_cropping: Length = None,
    bottom_cropping: Length = None,
    right_cropping: Length = None,
    target_height: Length = None,
    target_width: Length = None,
    data_format: str | None = None,
) -> Tensor:
    """Cut off margins of images.

    Args:
        images: (height, width, channels) or (batch, height, width, channels), or with the
            channels before the sizes.
        top_cropping, bottom_cropping, target_height: two of the three, in pixels: how many rows
            are cut off above and below, and how many are left.
        left_cropping, right_cropping, target_width: the same for columns.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        The images in their new size.

    Raises:
        ValueError: if not just two of three are given, or they do not fit the images.

    >>> import kerata
    >>> image = kerata.ops.reshape(kerata.ops.arange(9), (3, 3, 1))
    >>> kerata.ops.image.crop_images(image, 0, 1, target_height=2, target_width=1)[:, :, 0].tolist()
    [[1], [4]]
    """
    lengths = [
        {
            "top_cropping": top_cropping,
            "bottom_cropping": bottom_cropping,
            "target_height": target_height,
        },
        {
            "left_cropping": left_cropping,
            "right_cropping": right_cropping,
            "target_width": target_width,
        },
    ]

    def crop(batch: Tensor) -> Tensor:
        window = [
            _window(given, size) for given, size in zip(lengths, shape_of(batch)[1:3], strict=True)
        ]
        return get_item(batch, (slice(None), *window))

    return over_batch("crop_images", images, data_format, crop)


def _two_of_three(op: str, given: dict[str, Length]) -> Iterator[Any]:
    """Return the three lengths, if they are a choice of two."""
    known = [length for length in given.values() if length is not None]
    if len(known) != 2 or min(known) < 0:
        raise ValueError(
            f"`{op}` got {_text(given)}; expected just two of the three, none negative."
        )
    return iter(given.values())


def _text(given: dict[str, Length]) -> str:
    return ", ".join(f"{name}={length}" for name, length in given.items())


def _window(given: dict[str, Length], size: Length) -> slice:
    """Return which rows, or columns, are left."""
    before, after, target = _two_of_three("crop_images", given)
    if before is None:
        if size is None:
            raise ValueError(
                f"`crop_images` got {_text(given)} for images whose size is not known yet; give "
                f"{next(iter(given))}, or resize the images first."
            )
        before = size - after - target
    if target is None:
        if size is None:
            return slice(before, -after if after else None)
        target = size - before - after
    if before < 0 or target < 1 or (size is not None and before + target > size):
        raise ValueError(f"`crop_images` got {_text(given)}, which images of size {size} have not.")
    return slice(before, before + target)


def pad_images(
    images: Tensor,
    top_padding: Length = None,
    left_padding: Length = None,
    bottom_padding: Length = None,
    right_padding: Length = None,
    target_height: Length = None,
    target_width: Length = None,
    data_format: str | None = None,
) -> Tensor:
    """Add margins of zeros to images.

    Args:
        images: (height, width, channels) or (batch, height, width, channels), or with the
            channels before the sizes.
        top_padding, bottom_padding, target_height: two of the three, in pixels: how many rows are
            added above and below, and how many there are in the end.
        left_padding, right_padding, target_width: the same for columns.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        The images in their new size.

    Raises:
        ValueError: if not just two of three are given, or they do not fit the images.

    >>> import kerata
    >>> image = kerata.ops.ones((1, 1, 1))
    >>> kerata.ops.image.pad_images(image, 0, 1, target_height=2, target_width=3)[:, :, 0].tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    lengths = [
        {
            "top_padding": top_padding,
            "bottom_padding": bottom_padding,
            "target_height": target_height,
        },
        {
            "left_padding": left_padding,
            "right_padding": right_padding,
            "target_width": target_width,
        },
    ]

    def add_margins(batch: Tensor) -> Tensor:
        around = [
            _margins(given, size) for given, size in zip(lengths, shape_of(batch)[1:3], strict=True)
        ]
        return pad(batch, ((0, 0), *around, (0, 0)))

    return over_batch("pad_images", images, data_format, add_margins)


def _margins(given: dict[str, Length], size: Length) -> tuple[int, int]:
    """Return how many rows, or columns, are added before and after."""
    before, after, target = _two_of_three("pad_images", given)
    if target is not None:
        if size is None:
            raise ValueError(
                f"`pad_images` got {_text(given)} for images whose size is not known yet; leave "
                "out the target, or resize the images first."
            )
        missing = target - size
        before = missing - after if before is None else before
        after = missing - before
    if min(before, after) < 0:
        raise ValueError(f"`pad_images` got {_text(given)} for larger images, of size {size}.")
    return before, after


# -- patches -----------------------------------------------------------------------------------


def extract_patches(
    images: Tensor,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Cut images, or volumes, into patches, and lay out the pixels of each as channels.

    Args:
        images: (height, width, channels) or (batch, height, width, channels), or with the
            channels before the sizes; volumes with a depth before the height.
        size: height and width of patches, or one number for both; three numbers for volumes.
        strides: from one patch to the next; by default `size`, so that patches do not overlap.
        dilation_rate: from one pixel of a patch to the next.
        padding: "valid" for patches within the image, "same" for zeros around it.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        Tensor (batch, rows, columns, pixels * channels), or with the channels second: the pixels
        of a patch row by row, with the channels of each side by side. Without the batch for one
        image.

    Raises:
        ValueError: if the sizes do not fit, or the image is of another rank.

    >>> import kerata
    >>> image = kerata.ops.reshape(kerata.ops.arange(8), (2, 4, 1))
    >>> kerata.ops.image.extract_patches(image, 2).tolist()
    [[[0, 1, 4, 5], [2, 3, 6, 7]]]
    """
    rank = 2 if isinstance(size, int) else len(size)
    if rank not in (2, 3):
        raise ValueError(
            f"`extract_patches` got size={size!r}; expected one integer, two, or three for volumes."
        )
    geometry = _Geometry("extract_patches", rank, size, strides, dilation_rate, padding)
    return over_batch("extract_patches", images, data_format, geometry.patches, rank)


def extract_patches_3d(
    volumes: Tensor,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Cut volumes into patches, and lay out the voxels of each as channels.

    Args:
        volumes: (depth, height, width, channels) or (batch, depth, height, width, channels), or
            with the channels before the sizes.
        size: depth, height and width of patches, or one number for all.
        strides: from one patch to the next; by default `size`, so that patches do not overlap.
        dilation_rate: from one voxel of a patch to the next.
        padding: "valid" for patches within the volume, "same" for zeros around it.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        Tensor (batch, *positions, voxels * channels), or with the channels second. Without the
        batch for one volume.

    Raises:
        ValueError: if the sizes do not fit, or the volume is of another rank.

    >>> import kerata
    >>> kerata.ops.image.extract_patches_3d(kerata.ops.ones((4, 4, 4, 1)), 2).shape
    (2, 2, 2, 8)
    """
    geometry = _Geometry("extract_patches_3d", 3, size, strides, dilation_rate, padding)
    return over_batch("extract_patches_3d", volumes, data_format, geometry.patches, 3)


class _Geometry:
    """Which pixels each patch has, along each dimension."""

    def __init__(
        self,
        op: str,
        rank: int,
        size: int | Sequence[int],
        strides: int | Sequence[int] | None,
        dilation_rate: int | Sequence[int],
        padding: str,
    ):
        self.op = op
        self.window = per_dimension(op, "size", size, rank)
        same = strides is None
        self.steps = self.window if same else per_dimension(op, "strides", strides, rank)
        self.gaps = per_dimension(op, "dilation_rate", dilation_rate, rank)
        self.padding = padding_mode(op, padding)

    def patches(self, batch: Tensor) -> Tensor:
        """Return the patches of (batch, *sizes, channels)."""
        sizes = shape_of(batch)[1:-1]
        if None in sizes:
            raise ValueError(
                f"`{self.op}` got images of shape {shape_of(batch)}; their sizes must be known. "
                "Resize them first."
            )
        around = windows.paddings_of(self.padding, sizes, self.window, self.steps, self.gaps)
        if any(map(any, around)):
            batch = pad(batch, ((0, 0), *around, (0, 0)))
        counts = self._counts(sizes)
        rank = len(sizes)
        for place, count in enumerate(counts):
            starts = self.steps[place] * np.arange(count)
            pixels = starts[:, None] + self.gaps[place] * np.arange(self.window[place])
            batch = take(batch, pixels.astype("int32"), axis=1 + 2 * place)
        # the dimensions are: batch, positions and pixels of each size in turn, channels
        positions, within = range(1, 2 * rank, 2), range(2, 2 * rank + 1, 2)
        batch = transpose(batch, (0, *positions, *within, 2 * rank + 1))
        number, channels = shape_of(batch)[0], shape_of(batch)[-1]
        depth = None if channels is None else math.prod(self.window) * channels
        return reshape(batch, (number, *counts, depth))

    def _counts(self, sizes: Sequence[int]) -> list[int]:
        """Return how many patches there are along each dimension."""
        each = zip(sizes, self.window, self.steps, self.gaps, strict=True)
        counts = [
            windows.output_size(size, width, step, self.padding, gap) or 0
            for size, width, step, gap in each
        ]
        if min(counts) < 1:
            raise ValueError(
                f"`{self.op}`: a patch of {self.window} (dilation {self.gaps}) does not fit into "
                f"images of {sizes}. Choose smaller patches, or padding='same'."
            )
        return counts
