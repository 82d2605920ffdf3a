"""NumPy kernels of convolutions: the readable reference.

Everything is one sum: `correlate` slides windows over the input and contracts each of them
with the kernel. Padding and dilation are done beforehand, a transposed convolution spreads
its input with zeros and correlates with the flipped kernel. Kernels have the layout
(*window, input channels, output channels).
"""

import numpy as np

from kerata.backend import windows
from kerata.backend.numpy.half import _in_float32


@_in_float32
def convolution(inputs, kernel, strides, padding, data_format, dilation_rate):
    inputs = _channels_last(inputs, data_format)
    sizes, window = inputs.shape[1:-1], kernel.shape[:-2]
    amounts = windows.paddings_of(padding, sizes, window, strides, dilation_rate)
    outputs = _correlate_groups(_pad(inputs, amounts), kernel, strides, dilation_rate)
    return _original_format(outputs, data_format)


@_in_float32
def transposed_convolution(
    inputs, kernel, strides, padding, output_padding, data_format, dilation_rate
):
    inputs = _channels_last(inputs, data_format)
    sizes, window = inputs.shape[1:-1], kernel.shape[:-2]
    amounts = windows.transposed_paddings_of(
        padding, sizes, window, strides, output_padding, dilation_rate
    )
    spread = _pad(_spread(inputs, strides), amounts)
    spatial = tuple(range(len(window)))
    flipped = np.swapaxes(np.flip(kernel, spatial), -1, -2)
    outputs = _correlate_groups(spread, flipped, (1,) * len(window), dilation_rate)
    return _original_format(outputs, data_format)


def depthwise_convolution(inputs, kernel, strides, padding, data_format, dilation_rate):
    *window, channels, multiplier = kernel.shape
    grouped = kernel.reshape(*window, 1, channels * multiplier)
    return convolution(inputs, grouped, strides, padding, data_format, dilation_rate)


def _correlate_groups(inputs, kernel, strides, dilation):
    groups = inputs.shape[-1] // kernel.shape[-2]
    parts = zip(np.split(inputs, groups, -1), np.split(kernel, groups, -1), strict=True)
    return np.concatenate([_correlate(*part, strides, dilation) for part in parts], -1)


def _correlate(inputs, kernel, strides, dilation):
    window = kernel.shape[:-2]
    rank = len(window)
    reach = [windows.span(*each) for each in zip(window, dilation, strict=True)]
    views = np.lib.stride_tricks.sliding_window_view(inputs, reach, tuple(range(1, rank + 1)))
    positions = [slice(None, None, stride) for stride in strides]
    taps = [slice(None, None, step) for step in dilation]
    views = views[(slice(None), *positions, slice(None), *taps)]
    # views: (batch, *positions, channels, *window)
    summed = (list(range(rank + 2, 2 * rank + 2)) + [rank + 1], list(range(rank + 1)))
    return np.tensordot(views, kernel, summed)


def _pad(inputs, amounts):
    """Pad the spatial dimensions with zeros; negative amounts cut."""
    added = [(max(low, 0), max(high, 0)) for low, high in amounts]
    padded = np.pad(inputs, [(0, 0), *added, (0, 0)])
    cuts = [slice(max(-low, 0), -max(-high, 0) or None) for low, high in amounts]
    return padded[(slice(None), *cuts)]


def _spread(inputs, strides):
    """Put stride - 1 zeros between neighbours."""
    sizes = [windows.span(*each) for each in zip(inputs.shape[1:-1], strides, strict=True)]
    result = np.zeros((inputs.shape[0], *sizes, inputs.shape[-1]), inputs.dtype)
    result[(slice(None), *(slice(None, None, stride) for stride in strides))] = inputs
    return result


def _channels_last(inputs, data_format):
    return inputs if data_format == "channels_last" else np.moveaxis(inputs, 1, -1)


def _original_format(outputs, data_format):
    return outputs if data_format == "channels_last" else np.moveaxis(outputs, -1, 1)
