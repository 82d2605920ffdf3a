"""NumPy kernels of images (batch, height, width, channels): the readable reference."""

import math

import numpy as np

from kerata.backend import sampling


def resized(images, size, interpolation, antialias):
    result = images
    for axis, new in zip((1, 2), size, strict=True):
        result = _resized_along(result, axis, new, interpolation, antialias)
    return result.astype(images.dtype)


def _resized_along(x, axis, new, interpolation, antialias):
    size = x.shape[axis]
    if interpolation == "nearest":
        return np.take(x, sampling.nearest_pixels(np.arange(new), size, new), axis)
    indices, weights = sampling.taps(size, new, interpolation, antialias)
    weights = weights.reshape(*weights.shape, *[1] * (x.ndim - 1 - axis))
    pairs = zip(indices, weights, strict=True)
    return sum(np.take(x, index, axis) * weight for index, weight in pairs)


def sampled(inputs, coordinates, order, fill_mode, fill_value):
    batch, *sizes, channels = inputs.shape
    rows = inputs.reshape(-1, channels)
    start = np.arange(batch).reshape(-1, *[1] * (coordinates[0].ndim - 1)) * math.prod(sizes)

    def pixels_at(whole):
        index = 0
        for position, size in zip(whole, sizes, strict=True):
            index = index * size + position.astype("int64")
        return rows[start + index]

    result = sampling.interpolated(np, pixels_at, sizes, coordinates, order, fill_mode, fill_value)
    return result.astype(inputs.dtype)
