"""TensorFlow kernels of pooling, all done in two dimensions.

On CPUs TensorFlow pools volumes in some dtypes only. The largest element and the mean of a block
are found in two steps, first of its planes and then of these along the remaining dimension.
"""

import tensorflow as tf

from kerata.backend.tensorflow.convolution import _channels_last, _original_format

_FEW_INTEGERS = (tf.uint32, tf.uint64)


def windowed_max(inputs, pool_size, strides, padding, data_format):
    if inputs.dtype in _FEW_INTEGERS:  # TensorFlow pools other integers only
        wide = windowed_max(tf.cast(inputs, tf.int64), pool_size, strides, padding, data_format)
        return tf.cast(wide, inputs.dtype)
    return _pooled(tf.nn.max_pool2d, inputs, pool_size, strides, padding, data_format)


def windowed_mean(inputs, pool_size, strides, padding, data_format):
    """Return means over the elements that are not padding."""
    return _pooled(tf.nn.avg_pool2d, inputs, pool_size, strides, padding, data_format)


def _pooled(pool, inputs, pool_size, strides, padding, data_format):
    inputs = _channels_last(inputs, data_format)
    by_rank = {1: _pool_lines, 2: _pool_planes, 3: _pool_volumes}
    outputs = by_rank[len(pool_size)](pool, inputs, pool_size, strides, padding)
    return _original_format(outputs, data_format)


def _pool_planes(pool, inputs, pool_size, strides, padding):
    return pool(inputs, pool_size, strides, padding.upper())


def _pool_lines(pool, inputs, pool_size, strides, padding):
    planes = inputs[:, None]
    return _pool_planes(pool, planes, (1, *pool_size), (1, *strides), padding)[:, 0]


def _pool_volumes(pool, inputs, pool_size, strides, padding):
    _, depth, *size, channels = inputs.shape
    planes = tf.reshape(inputs, (-1, *size, channels))
    planes = _pool_planes(pool, planes, pool_size[1:], strides[1:], padding)
    _, height, width, _ = planes.shape
    # now the rows are the depth, and the columns all places of a plane
    columns = tf.reshape(planes, (-1, depth, height * width, channels))
    pooled = _pool_planes(pool, columns, (pool_size[0], 1), (strides[0], 1), padding)
    return tf.reshape(pooled, (-1, pooled.shape[1], height, width, channels))
