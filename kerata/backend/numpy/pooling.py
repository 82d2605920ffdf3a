"""NumPy kernels of pooling: the readable reference, over windows as views."""

import numpy as np

from kerata.backend import windows
from kerata.backend.numpy.half import _in_float32


@_in_float32
def windowed_max(inputs, pool_size, strides, padding, data_format):
    views = _windows(inputs, pool_size, strides, padding, data_format, _lowest(inputs.dtype))
    return views.max(axis=tuple(range(-len(pool_size), 0)))


@_in_float32
def windowed_mean(inputs, pool_size, strides, padding, data_format):
    """Return means over the elements that are not padding."""
    arguments = (pool_size, strides, padding, data_format)
    views = _windows(inputs, *arguments, 0)
    counts = _windows(np.ones_like(inputs), *arguments, 0)
    axes = tuple(range(-len(pool_size), 0))
    return views.sum(axis=axes) / counts.sum(axis=axes)


def _lowest(dtype):
    return -np.inf if np.issubdtype(dtype, np.inexact) else np.iinfo(dtype).min


def _windows(inputs, pool_size, strides, padding, data_format, fill):
    """Return a view of shape (*outputs' shape, *pool_size)."""
    first = 1 if data_format == "channels_last" else 2
    axes = tuple(range(first, first + len(pool_size)))
    sizes = [inputs.shape[axis] for axis in axes]
    amounts = [(0, 0)] * inputs.ndim
    amounts[first : first + len(axes)] = windows.paddings_of(padding, sizes, pool_size, strides)
    padded = np.pad(inputs, amounts, constant_values=fill)
    views = np.lib.stride_tricks.sliding_window_view(padded, pool_size, axes)
    positions = [slice(None)] * first + [slice(None, None, stride) for stride in strides]
    return views[tuple(positions)]
