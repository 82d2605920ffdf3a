"""Rearranging the pixels of images, and how alike two images are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from kerata.backend import windows
from kerata.core.config import data_format_or_default
from kerata.core.primitive import Tensor
from kerata.core.spec import dtype_of, ndim_of, shape_of
from kerata.ops.elementwise import divide, log10, multiply, square, subtract
from kerata.ops.indexing import get_item
from kerata.ops.joining import pad, stack
from kerata.ops.nn.convolution import conv_transpose
from kerata.ops.nn.geometry import per_dimension
from kerata.ops.reduce import mean
from kerata.ops.shape import reshape, transpose

Sizes = tuple[int, ...]


# -- blocks and channels ---------------------------------------------------------------------


def depth_to_space(x: Tensor, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Lay out channels as blocks of pixels.

    Shi et al. (2016), "Real-Time Single Image and Video Super-Resolution Using an Efficient
    Sub-Pixel Convolutional Neural Network".

    Args:
        x: tensor (batch, height, width, channels), or with the channels second.
        block_size: side of a block; its square divides the number of channels.
        data_format: `"channels_last"`, where the pixels of a block come before the new channels
            in the order of the old ones, or `"channels_first"`, where they come after them.

    Returns:
        Tensor (batch, height * block_size, width * block_size, channels / block_size**2), or
        with the channels second.

    Raises:
        ValueError: if the channels cannot be divided so.

    >>> import kerata
    >>> kerata.ops.depth_to_space([[[[1, 2, 3, 4]]]], 2)[0, :, :, 0].tolist()
    [[1, 2], [3, 4]]
    """
    batch, height, width, channels = _image_shape("depth_to_space", x, data_format)
    _check_blocks("depth_to_space", x, block_size, (channels,), block_size**2)
    depth = channels // block_size**2
    if data_format_or_default(data_format) == "channels_first":
        blocks = reshape(x, (batch, depth, block_size, block_size, height, width))
        ordered = transpose(blocks, (0, 1, 4, 2, 5, 3))
        return reshape(ordered, (batch, depth, *_scaled(height, width, block_size)))
    blocks = reshape(x, (batch, height, width, block_size, block_size, depth))
    ordered = transpose(blocks, (0, 1, 3, 2, 4, 5))
    return reshape(ordered, (batch, *_scaled(height, width, block_size), depth))


def space_to_depth(x: Tensor, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Lay out blocks of pixels as channels, the reverse of `depth_to_space`.

    Args:
        x: tensor (batch, height, width, channels), or with the channels second.
        block_size: side of a block; it divides height and width, which must be known.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        Tensor (batch, height / block_size, width / block_size, channels * block_size**2), or
        with the channels second.

    Raises:
        ValueError: if the image cannot be divided so.

    >>> import kerata
    >>> kerata.ops.space_to_depth([[[[1], [2]], [[3], [4]]]], 2).tolist()
    [[[[1, 2, 3, 4]]]]
    """
    batch, height, width, channels = _image_shape("space_to_depth", x, data_format)
    _check_blocks("space_to_depth", x, block_size, (height, width), block_size)
    rows, columns = height // block_size, width // block_size
    depth = channels * block_size**2
    if data_format_or_default(data_format) == "channels_first":
        blocks = reshape(x, (batch, channels, rows, block_size, columns, block_size))
        return reshape(transpose(blocks, (0, 1, 3, 5, 2, 4)), (batch, depth, rows, columns))
    blocks = reshape(x, (batch, rows, block_size, columns, block_size, channels))
    return reshape(transpose(blocks, (0, 1, 3, 2, 4, 5)), (batch, rows, columns, depth))


def _image_shape(name: str, x: Tensor, data_format: str | None) -> tuple:
    """Return batch, height, width and channels."""
    shape = shape_of(x)
    if len(shape) != 4:
        raise ValueError(
            f"`{name}` got a tensor of shape {shape}; expected images with four dimensions, "
            "(batch, height, width, channels)."
        )
    if data_format_or_default(data_format) == "channels_first":
        return shape[0], shape[2], shape[3], shape[1]
    return shape


def _check_blocks(name: str, x: Tensor, block_size: int, sizes: tuple, divisor: int) -> None:
    if any(size is None or size % divisor for size in sizes):
        raise ValueError(
            f"`{name}` with block_size {block_size} got a tensor of shape {shape_of(x)}; "
            f"expected known sizes that are multiples of {divisor} where it has {sizes}."
        )


def _scaled(height: int | None, width: int | None, factor: int) -> tuple:
    return tuple(None if size is None else size * factor for size in (height, width))


# -- patches ---------------------------------------------------------------------------------


def unfold(
    x: Tensor,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """Cut images into windows and write each as a column.

    Args:
        x: tensor (batch, channels, height, width), channels first.
        kernel_size: height and width of the window, or one number for both.
        dilation: distance between neighbours of the window.
        padding: zeros before and after height and width.
        stride: steps of the window.

    Returns:
        Tensor (batch, channels * window elements, positions).

    Raises:
        ValueError: if `x` has not four dimensions, or the window does not fit.

    >>> import kerata
    >>> kerata.ops.unfold([[[[1, 2, 3], [4, 5, 6]]]], 2).tolist()
    [[[1, 2], [2, 3], [4, 5], [5, 6]]]
    """
    if ndim_of(x) != 4:
        raise ValueError(
            f"`unfold` got a tensor of shape {shape_of(x)}; expected (batch, channels, height, "
            "width)."
        )
    window, steps, gaps, margins = _pairs("unfold", kernel_size, stride, dilation, padding)
    batch, channels, height, width = shape_of(x)
    counts = _positions("unfold", (height, width), window, steps, gaps, margins)
    padded = pad(x, ((0, 0), (0, 0), *((margin, margin) for margin in margins)))
    taps = []
    for offsets in itertools.product(*(range(size) for size in window)):
        parts = [
            slice(offset * gap, offset * gap + (count - 1) * step + 1, step)
            for offset, gap, count, step in zip(offsets, gaps, counts, steps, strict=True)
        ]
        taps.append(get_item(padded, (slice(None), slice(None), *parts)))
    return reshape(stack(taps, axis=2), (batch, channels * math.prod(window), math.prod(counts)))


def fold(
    x: Tensor,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """Put the columns of `unfold` back where they were cut out; where they overlap they add up.

    Args:
        x: tensor (batch, channels * window elements, positions).
        output_size: height and width of the images.
        kernel_size: height and width of the window.
        dilation: distance between neighbours of the window.
        padding: zeros that `unfold` added before and after height and width.
        stride: steps of the window.

    Returns:
        Tensor (batch, channels, height, width).

    Raises:
        ValueError: if the sizes do not fit.

    >>> import kerata
    >>> kerata.ops.fold([[[1.0, 2.0], [2.0, 3.0]]], (1, 3), (1, 2)).tolist()
    [[[[1.0, 4.0, 3.0]]]]
    """
    window, steps, gaps, margins = _pairs("fold", kernel_size, stride, dilation, padding)
    sizes = per_dimension("fold", "output_size", output_size, 2)
    counts = _positions("fold", sizes, window, steps, gaps, margins)
    elements = math.prod(window)
    shape = shape_of(x)
    if len(shape) != 3 or shape[1] % elements or shape[2] != math.prod(counts):
        raise ValueError(
            f"`fold` got a tensor of shape {shape}; for images of {sizes} and windows of {window} "
            f"expected (batch, a multiple of {elements}, {math.prod(counts)})."
        )
    batch, channels = shape[0], shape[1] // elements
    columns = reshape(x, (-1, elements, *counts))
    # every column is a channel, which a transposed convolution copies to its place in the window
    kernel = np.eye(elements).reshape(*window, 1, elements).astype(dtype_of(x))
    images = conv_transpose(columns, kernel, steps, "valid", 0, "channels_first", gaps)
    reached = shape_of(images)[2:]
    total = [size + 2 * margin for size, margin in zip(sizes, margins, strict=True)]
    missing = [(0, whole - part) for whole, part in zip(total, reached, strict=True)]
    images = pad(images, ((0, 0), (0, 0), *missing))
    inside = [slice(margin, margin + size) for margin, size in zip(margins, sizes, strict=True)]
    return reshape(get_item(images, (slice(None), slice(None), *inside)), (batch, channels, *sizes))


def _pairs(
    name: str,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int],
    dilation: int | Sequence[int],
    padding: int | Sequence[int],
) -> list[Sizes]:
    return [
        per_dimension(name, "kernel_size", kernel_size, 2),
        per_dimension(name, "stride", stride, 2),
        per_dimension(name, "dilation", dilation, 2),
        per_dimension(name, "padding", padding, 2, least=0),
    ]


def _positions(
    name: str, sizes: Sizes, window: Sizes, steps: Sizes, gaps: Sizes, margins: Sizes
) -> list[int]:
    """Return the numbers of positions of the window along height and width."""
    counts = [
        (size + 2 * margin - windows.span(width, gap)) // step + 1
        for size, width, step, gap, margin in zip(sizes, window, steps, gaps, margins, strict=True)
    ]
    if min(counts) < 1:
        raise ValueError(
            f"`{name}`: a window of {window} (dilation {gaps}) does not fit into images of "
            f"{sizes} with padding {margins}."
        )
    return counts


# -- likeness --------------------------------------------------------------------------------


def psnr(x1: Tensor, x2: Tensor, max_val: float) -> Tensor:
    """Peak signal-to-noise ratio in decibels, `20 log10(max_val) - 10 log10(mean((x1 - x2)**2))`.

    Args:
        x1: tensor of any shape.
        x2: tensor of the same shape.
        max_val: the largest value that is possible, such as 255.

    Returns:
        Tensor of shape (); infinite if the two are equal.

    Raises:
        ValueError: if the shapes differ.

    >>> import kerata
    >>> round(float(kerata.ops.psnr([0.0, 10.0], [1.0, 9.0], 100.0)), 4)
    40.0
    """
    if shape_of(x1) != shape_of(x2):
        raise ValueError(
            f"`psnr` got shapes {shape_of(x1)} and {shape_of(x2)}; expected equal shapes."
        )
    error = mean(square(subtract(x1, x2)))
    return multiply(log10(divide(float(max_val) ** 2, error)), 10.0)
