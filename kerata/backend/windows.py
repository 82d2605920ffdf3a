"""The arithmetic of sliding windows: how much is padded and what size comes out.

Shared by the shape rules and by the kernels of all engines, so that they cannot disagree.
Plain Python integers, one spatial dimension at a time unless said otherwise. Sizes may be
`None` (not known yet) where an output size is asked for.

The padding "same" follows TensorFlow: the output has ceil(size / stride) elements, and of an
odd amount of padding the extra element stands at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

Pairs = tuple[tuple[int, int], ...]


def span(window: int, dilation: int = 1) -> int:
    """Return how many elements a dilated window reaches over."""
    return (window - 1) * dilation + 1


def output_size(
    size: int | None, window: int, stride: int, padding: str, dilation: int = 1
) -> int | None:
    """Return the number of positions of a window; below 1 if it does not fit."""
    if size is None:
        return None
    if padding == "same":
        return -(-size // stride)
    return (size - span(window, dilation)) // stride + 1


def padding_of(
    padding: str, size: int, window: int, stride: int, dilation: int = 1
) -> tuple[int, int]:
    """Return how many elements are added before and after."""
    if padding == "valid":
        return 0, 0
    positions = -(-size // stride)
    total = max((positions - 1) * stride + span(window, dilation) - size, 0)
    return total // 2, total - total // 2


def paddings_of(
    padding: str,
    sizes: Sequence[int],
    windows: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int] | None = None,
) -> Pairs:
    """Return the pair of `padding_of` for each spatial dimension."""
    dilations = dilations or (1,) * len(sizes)
    each = zip(sizes, windows, strides, dilations, strict=True)
    return tuple(padding_of(padding, *geometry) for geometry in each)


def transposed_output_size(
    size: int | None,
    window: int,
    stride: int,
    padding: str,
    output_padding: int | None = None,
    dilation: int = 1,
) -> int | None:
    """Return the size that a transposed convolution restores.

    Without `output_padding` it is the largest size, or for "same" the one divisible by the
    stride, that the convolution with the same settings maps to `size`.
    """
    if size is None:
        return None
    reach = span(window, dilation)
    if output_padding is not None:
        cut = 2 * (reach // 2) if padding == "same" else 0
        return (size - 1) * stride + reach - cut + output_padding
    return size * stride if padding == "same" else size * stride + max(reach - stride, 0)


def transposed_paddings_of(
    padding: str,
    sizes: Sequence[int],
    windows: Sequence[int],
    strides: Sequence[int],
    output_padding: Sequence[int | None],
    dilations: Sequence[int],
) -> Pairs:
    """Return, for each spatial dimension, the padding of a transposed convolution's input.

    The transposed convolution is then a convolution of stride 1 with the flipped kernel over
    its input in which neighbours stand `stride` apart, with zeros between them. Amounts are
    negative where that input is cut.
    """
    pairs = []
    each = zip(sizes, windows, strides, output_padding, dilations, strict=True)
    for size, window, stride, extra, dilation in each:
        reach = span(window, dilation)
        restored = transposed_output_size(size, window, stride, padding, extra, dilation)
        surplus = (size - 1) * stride + reach - restored
        before = max(surplus, 0) // 2 if padding == "same" else 0
        pairs.append((reach - 1 - before, reach - 1 - (surplus - before)))
    return tuple(pairs)
