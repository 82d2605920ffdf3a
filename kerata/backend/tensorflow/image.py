"""TensorFlow kernels of images (batch, height, width, channels), whose sizes may be unknown."""

import tensorflow as tf

from kerata.backend import sampling
from kerata.backend.tensorflow.constants import _shape


def resized(images, size, interpolation, antialias):
    if interpolation != "nearest" and None in images.shape[1:3]:
        result = tf.image.resize(images, size, interpolation, antialias=antialias)
        return tf.cast(result, images.dtype)
    result = images
    for axis, new in zip((1, 2), size, strict=True):
        result = _resized_along(result, axis, new, interpolation, antialias)
    return tf.cast(result, images.dtype)


def _resized_along(x, axis, new, interpolation, antialias):
    if interpolation == "nearest":
        indices = sampling.nearest_pixels(tf.range(new), _shape(x)[axis], new)
        return tf.gather(x, indices, axis=axis)
    indices, weights = sampling.taps(x.shape[axis], new, interpolation, antialias)
    weights = weights.reshape(*weights.shape, *[1] * (x.shape.rank - 1 - axis))
    x = x if x.dtype is tf.float64 else tf.cast(x, tf.float32)
    pairs = zip(indices, weights, strict=True)
    return sum(tf.gather(x, index, axis=axis) * weight for index, weight in pairs)


def sampled(inputs, coordinates, order, fill_mode, fill_value):
    shape = _shape(inputs)
    batch, sizes = shape[0], tf.unstack(shape[1:-1], len(coordinates))
    rows = tf.reshape(inputs, [-1, shape[-1]])
    start = tf.range(batch) * tf.reduce_prod(shape[1:-1])
    start = tf.reshape(start, [-1, *[1] * (coordinates[0].shape.rank - 1)])

    def pixels_at(whole):
        index = tf.zeros((), tf.int32)
        for position, size in zip(whole, sizes, strict=True):
            index = index * size + tf.cast(position, tf.int32)
        pixels = tf.gather(rows, start + index)
        return pixels if order == 0 else tf.cast(pixels, coordinates[0].dtype)

    floats = [tf.cast(size, coordinates[0].dtype) for size in sizes]
    fill = tf.cast(fill_value, inputs.dtype if order == 0 else coordinates[0].dtype)
    result = sampling.interpolated(tf, pixels_at, floats, coordinates, order, fill_mode, fill)
    return tf.cast(result, inputs.dtype)
