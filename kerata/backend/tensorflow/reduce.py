"""TensorFlow kernels that reduce or accumulate along axes."""

import math

import tensorflow as tf

from kerata.backend.tensorflow.constants import _number, _vector
from kerata.backend.tensorflow.elementwise import _truth, maximum, minimum

_ops = tf.raw_ops

# sums of small integers are carried in 32 bit, so that they do not overflow
_SUM_DTYPES = {
    tf.bool: tf.int32,
    tf.int8: tf.int32,
    tf.int16: tf.int32,
    tf.uint8: tf.uint32,
    tf.uint16: tf.uint32,
}
# TensorFlow would add up half precision in half precision
_WIDE_DTYPES = {tf.bfloat16: tf.float32, tf.float16: tf.float32}


def _axes(x, axis):
    """Return axes as the operations take them."""
    if isinstance(axis, int):
        return axis
    return _vector(range(x.shape.rank) if axis is None else axis)


def _cast(x, dtypes):
    dtype = dtypes.get(x.dtype)
    return x if dtype is None else _ops.Cast(x=x, DstT=dtype)


def _as(x, dtype):
    return x if x.dtype is dtype else _ops.Cast(x=x, DstT=dtype)


def sum(x, axis=None, keepdims=False):
    dtype = _SUM_DTYPES.get(x.dtype, x.dtype)
    wide = _as(x, _WIDE_DTYPES.get(dtype, dtype))
    return _as(_ops.Sum(input=wide, axis=_axes(x, axis), keep_dims=keepdims), dtype)


def product(x, axis=None, keepdims=False):
    x = _cast(x, _SUM_DTYPES)
    return _ops.Prod(input=x, axis=_axes(x, axis), keep_dims=keepdims)


def mean(x, axis=None, keepdims=False):
    wide = _cast(x, _WIDE_DTYPES)
    return _as(_ops.Mean(input=wide, axis=_axes(x, axis), keep_dims=keepdims), x.dtype)


def var(x, axis=None, keepdims=False):
    wide = _cast(x, _WIDE_DTYPES)
    axes = _axes(x, axis)
    from_mean = _ops.Sub(x=wide, y=_ops.Mean(input=wide, axis=axes, keep_dims=True))
    other = tf.math.conj(from_mean) if x.dtype.is_complex else from_mean
    squares = _ops.Mul(x=from_mean, y=other)
    return _as(_ops.Mean(input=squares, axis=axes, keep_dims=keepdims), x.dtype)


def _extremes(reduce, x, axis, keepdims, initial):
    """Return maxima or minima, of which tensors without elements have none."""
    result = reduce(input=x, axis=_axes(x, axis), keep_dims=keepdims)
    if initial is None and x.shape.num_elements() == 0 and result.shape.num_elements() != 0:
        raise ValueError(f"no element along axis {axis} of shape {x.shape}")
    return result


def max(x, axis=None, keepdims=False, initial=None):
    reduce = _ops.Any if x.dtype is tf.bool else _ops.Max
    largest = _extremes(reduce, x, axis, keepdims, initial)
    return largest if initial is None else maximum(largest, _number(initial, x.dtype))


def min(x, axis=None, keepdims=False, initial=None):
    reduce = _ops.All if x.dtype is tf.bool else _ops.Min
    smallest = _extremes(reduce, x, axis, keepdims, initial)
    return smallest if initial is None else minimum(smallest, _number(initial, x.dtype))


def logsumexp(x, axis=None, keepdims=False):
    wide = _cast(x, _WIDE_DTYPES)
    return _as(tf.reduce_logsumexp(wide, _axes(x, axis), keepdims), x.dtype)


def any(x, axis=None, keepdims=False):
    return _ops.Any(input=_truth(x), axis=_axes(x, axis), keep_dims=keepdims)


def all(x, axis=None, keepdims=False):
    return _ops.All(input=_truth(x), axis=_axes(x, axis), keep_dims=keepdims)


def _index_of(find, x, axis, keepdims):
    """Return the index of an extreme, and of the first NaN where there is one."""
    values = _ops.Reshape(tensor=x, shape=_vector([-1])) if axis is None else x
    values = _ops.Cast(x=values, DstT=tf.uint8) if x.dtype is tf.bool else values
    along = axis or 0
    found = find(input=values, dimension=along, output_type=tf.int32)
    if x.dtype.is_floating:
        missing = _ops.IsNan(x=values)
        first = _ops.Cast(x=missing, DstT=tf.uint8)
        first = _ops.ArgMax(input=first, dimension=along, output_type=tf.int32)
        found = _ops.SelectV2(condition=_ops.Any(input=missing, axis=along), t=first, e=found)
    if not keepdims:
        return found
    return tf.reshape(found, [1] * x.shape.rank) if axis is None else tf.expand_dims(found, axis)


def argmax(x, axis=None, keepdims=False):
    return _index_of(_ops.ArgMax, x, axis, keepdims)


def argmin(x, axis=None, keepdims=False):
    return _index_of(_ops.ArgMin, x, axis, keepdims)


def cumulative_sum(x, axis=None):
    x = tf.reshape(x, [-1]) if axis is None else x
    return _as(tf.cumsum(_cast(x, _WIDE_DTYPES), axis or 0), x.dtype)


def cumulative_product(x, axis=None):
    x, axis = (tf.reshape(x, [-1]), 0) if axis is None else (x, axis % x.shape.rank)
    size = x.shape[axis]
    if size is None or not (x.dtype.is_floating or x.dtype.is_complex):
        return tf.math.cumprod(x, axis)
    # The gradient of TensorFlow's own is wrong where a factor is 0. After the step of width w
    # each element is the product of the 2 w elements up to it.
    before = (slice(None),) * axis
    width = 1
    while width < size:
        shorter = x[(*before, slice(None, -width))]
        x = tf.concat(
            [x[(*before, slice(None, width))], x[(*before, slice(width, None))] * shorter], axis
        )
        width *= 2
    return x


def _with_count(segment_ids, num_segments):
    """Return the ids as the operations take them, and how many segments there are."""
    if not segment_ids.dtype.is_integer:
        raise ValueError(f"segment ids of {segment_ids.dtype.name}")
    ids = segment_ids if segment_ids.dtype is tf.int32 else tf.cast(segment_ids, tf.int64)
    if num_segments is None:
        num_segments = tf.reduce_max(tf.concat([ids, _number(-1, ids.dtype)[tf.newaxis]], 0)) + 1
    return ids, tf.cast(num_segments, ids.dtype)


def segment_sum(data, segment_ids, num_segments=None, sorted=False):
    return _reduced(tf.math.unsorted_segment_sum, data, segment_ids, num_segments)


def segment_prod(data, segment_ids, num_segments=None, sorted=False):
    return _reduced(tf.math.unsorted_segment_prod, data, segment_ids, num_segments)


def _reduced(reduce, data, segment_ids, num_segments):
    ids, count = _with_count(segment_ids, num_segments)
    # negative ids are left out, larger ones would be an error
    return reduce(data, tf.where(ids < count, ids, -tf.ones_like(ids)), count)


def segment_max(data, segment_ids, num_segments=None, sorted=False):
    lowest = -math.inf if data.dtype.is_floating else data.dtype.min
    return _extreme(tf.tensor_scatter_nd_max, lowest, data, segment_ids, num_segments)


def segment_min(data, segment_ids, num_segments=None, sorted=False):
    highest = math.inf if data.dtype.is_floating else data.dtype.max
    return _extreme(tf.tensor_scatter_nd_min, highest, data, segment_ids, num_segments)


def _extreme(scatter, start, data, segment_ids, num_segments):
    # TensorFlow's segments start at the largest finite number, which would hide infinities
    ids, count = _with_count(segment_ids, num_segments)
    # one more segment at the end takes what lies outside, and is cut off
    ids = tf.where((ids >= 0) & (ids < count), ids, count)
    shape = tf.concat([[count + 1], tf.shape(data, ids.dtype)[1:]], 0)
    start = tf.fill(shape, _number(start, data.dtype))
    return _with_missing(scatter, start, ids[:, tf.newaxis], data)[:-1]


def _with_missing(scatter, x, indices, updates):
    """Scatter by maximum or minimum, and NaN where there is one, which TensorFlow overlooks."""
    result = scatter(x, indices, updates)
    if not x.dtype.is_floating:
        return result
    zero = _number(0.0, x.dtype)
    old, new = (tf.where(tf.math.is_nan(part), part, zero) for part in (x, updates))
    return result + tf.stop_gradient(tf.tensor_scatter_nd_add(old, indices, new))
