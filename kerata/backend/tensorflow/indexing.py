"""TensorFlow kernels that read and write parts of tensors, and that sort and search."""

import functools
import math
import operator

import tensorflow as tf

from kerata.backend.tensorflow.constants import _number, _shape, _vector
from kerata.backend.tensorflow.reduce import _with_missing
from kerata.backend.tensorflow.reduce import min as smallest

_ops = tf.raw_ops


# -- subscripts ------------------------------------------------------------------------------


def item(x, indices, key):
    if not indices:
        return _sliced(x, key)
    places = _places(key, list(indices), x.shape.rank)
    x = _sliced(x, [p if p is None or isinstance(p, slice) else slice(None) for p in places])
    # beside index tensors integers count as index tensors, as in NumPy
    at = [axis for axis, p in enumerate(places) if p is not None and not isinstance(p, slice)]
    tensors = [_counted_from_start(places[axis], _size(x, axis)) for axis in at]
    if len(at) == 1:
        return _ops.GatherV2(params=x, indices=tensors[0], axis=at[0])
    shape = functools.reduce(tf.broadcast_dynamic_shape, map(_shape, tensors))
    chosen = tf.stack([tf.broadcast_to(tf.cast(each, tf.int64), shape) for each in tensors], -1)
    rest = [axis for axis in range(x.shape.rank) if axis not in at]
    found = tf.gather_nd(tf.transpose(x, at + rest), chosen)
    # index tensors that stand apart put their dimensions first
    side_by_side = at[-1] - at[0] + 1 == len(at)
    return _with_first_axes_at(at[0], found, chosen.shape.rank - 1) if side_by_side else found


def _sliced(x, key):
    """Return `x[key]` for a key without tensors, in one operation."""
    parts, masks = [], dict.fromkeys(("begin", "end", "ellipsis", "new_axis", "shrink_axis"), 0)
    for place, part in enumerate(key):
        bit = 1 << place
        if isinstance(part, slice):
            masks["begin"] |= bit * (part.start is None)
            masks["end"] |= bit * (part.stop is None)
            parts.append((_in_32_bit(part.start), _in_32_bit(part.stop), part.step or 1))
        elif isinstance(part, int):
            masks["shrink_axis"] |= bit
            parts.append((part, part + 1, 1))
        else:
            masks["ellipsis" if part is Ellipsis else "new_axis"] |= bit
            parts.append((0, 0, 1))
    begin, end, strides = map(_vector, zip(*parts, strict=True)) if parts else [_vector(())] * 3
    return _ops.StridedSlice(
        input=x,
        begin=begin,
        end=end,
        strides=strides,
        **{f"{name}_mask": mask for name, mask in masks.items()},
    )


def _in_32_bit(bound):
    return 0 if bound is None else max(min(operator.index(bound), 2**31 - 1), -(2**31))


def _places(key, indices, rank):
    """Return what stands for each axis of the sliced tensor: a slice, `None` or an index."""
    places = []
    for part in key:
        if not isinstance(part, str):
            places.append(part)
            continue
        index = indices.pop(0)
        if index.dtype is tf.bool:
            places.extend(tf.unstack(tf.where(index), index.shape.rank, axis=1))
        else:
            places.append(index)
    used = len([part for part in places if part is not None and part is not Ellipsis])
    whole = [slice(None)] * (rank - used)
    for number, part in enumerate(places):
        if part is Ellipsis:
            return places[:number] + whole + places[number + 1 :]
    return places + whole


def _with_first_axes_at(place, x, count):
    """Move the first `count` axes behind the `place` axes that follow them."""
    axes = list(range(x.shape.rank))
    return tf.transpose(x, axes[count : count + place] + axes[:count] + axes[count + place :])


def _counted_from_start(indices, size):
    """Return indices of a dtype that TensorFlow takes, negative ones counted from the end."""
    indices = tf.convert_to_tensor(indices)
    if not indices.dtype.is_integer:
        raise ValueError(f"indices of {indices.dtype.name}")
    if indices.dtype not in (tf.int32, tf.int64):
        indices = tf.cast(indices, tf.int64)
    from_end = _ops.AddV2(
        x=indices, y=size if isinstance(size, int) else tf.cast(size, indices.dtype)
    )
    return _ops.SelectV2(condition=_ops.Less(x=indices, y=0), t=from_end, e=indices)


# -- blocks ----------------------------------------------------------------------------------


def slice_at(inputs, start_indices, shape):
    return tf.slice(inputs, _start(inputs, start_indices, _vector(shape)), _vector(shape))


def with_slice_at(inputs, start_indices, updates):
    if updates.shape.rank != inputs.shape.rank:
        raise ValueError(f"updates of shape {updates.shape} for shape {inputs.shape}")
    start = _start(inputs, start_indices, _shape(updates))
    return _ops.TensorStridedSliceUpdate(
        input=inputs,
        begin=start,
        end=start + _shape(updates),
        strides=tf.ones_like(start),
        value=updates,
    )


def _start(x, start_indices, shape):
    """Return where a block starts, moved so that it lies within the tensor."""
    return tf.clip_by_value(tf.cast(start_indices, tf.int32), 0, _shape(x) - shape)


# -- gather and scatter ------------------------------------------------------------------------


def take(x, indices, axis=None):
    if axis is None:
        x, axis = tf.reshape(x, [-1]), 0
    indices = _counted_from_start(indices, _size(x, axis))
    return _ops.GatherV2(params=x, indices=indices, axis=axis)


def _size(x, axis):
    size = x.shape[axis]
    return tf.shape(x)[axis] if size is None else size


def take_along_axis(x, indices, axis=None):
    if axis is None:
        x, indices, axis = tf.reshape(x, [-1]), tf.reshape(indices, [-1]), 0
    if x.shape.rank != indices.shape.rank:
        raise ValueError(f"indices of shape {indices.shape} for shape {x.shape}")
    indices = _counted_from_start(indices, _size(x, axis))
    x, indices = _moved(x, axis, -1), _moved(indices, axis, -1)
    if x.shape[:-1] != indices.shape[:-1]:
        before = tf.broadcast_dynamic_shape(_shape(x)[:-1], _shape(indices)[:-1])
        x = tf.broadcast_to(x, tf.concat([before, _shape(x)[-1:]], 0))
        indices = tf.broadcast_to(indices, tf.concat([before, _shape(indices)[-1:]], 0))
    return _moved(tf.gather(x, indices, axis=-1, batch_dims=x.shape.rank - 1), -1, axis)


def _moved(x, source, destination):
    """Return a tensor with one axis moved to another place."""
    axes = list(range(x.shape.rank))
    axes.insert(destination % len(axes), axes.pop(source))
    return x if axes == list(range(len(axes))) else tf.transpose(x, axes)


def scattered(inputs, indices, updates, reduction):
    if inputs.dtype is tf.bool and reduction is not None:
        numbers = tf.cast(inputs, tf.int32), indices, tf.cast(updates, tf.int32)
        return tf.cast(scattered(*numbers, reduction), tf.bool)
    depth = indices.shape[-1]
    sizes, rest = _shape(inputs)[:depth], _shape(inputs)[depth:]
    indices = _counted_from_start(indices, sizes)
    updates = tf.broadcast_to(updates, tf.concat([_shape(indices)[:-1], rest], 0))
    if reduction is None:
        return tf.tensor_scatter_nd_update(inputs, indices, updates)
    if reduction == "add":
        return tf.tensor_scatter_nd_add(inputs, indices, updates)
    if reduction == "max":
        return _with_missing(tf.tensor_scatter_nd_max, inputs, indices, updates)
    if reduction == "min":
        return _with_missing(tf.tensor_scatter_nd_min, inputs, indices, updates)
    # products exist along one axis only: the indexed ones are made one
    flat = tf.zeros_like(indices[..., 0])
    for place, size in zip(tf.unstack(indices, depth, axis=-1), tf.unstack(sizes), strict=True):
        flat = flat * tf.cast(size, flat.dtype) + place
    rows = tf.reshape(updates, tf.concat([[-1], rest], 0))
    flat = tf.reshape(flat, [-1])
    factors = tf.math.unsorted_segment_prod(rows, flat, tf.reduce_prod(sizes))
    return inputs * tf.reshape(factors, _shape(inputs))


# -- sorting and searching ---------------------------------------------------------------------


def _rank_keys(x):
    """Return signed integers that are ordered as the elements are, NaN after all numbers."""
    if x.dtype is tf.uint64:
        return tf.bitcast(x, tf.int64) ^ tf.int64.min
    if not x.dtype.is_floating:
        return tf.cast(x, tf.int64 if x.dtype.size > 2 and x.dtype is not tf.int32 else tf.int32)
    x = x if x.dtype is tf.float64 else tf.cast(x, tf.float32)
    x = tf.where(tf.math.is_nan(x), _number(math.nan, x.dtype), x)
    # -0.0 is equal to 0.0
    x = tf.where(tf.equal(x, 0), tf.zeros_like(x), x)
    bits = tf.bitcast(x, tf.int64 if x.dtype is tf.float64 else tf.int32)
    # the bits of negative numbers count up as the numbers go down
    return tf.where(bits < 0, bits ^ bits.dtype.max, bits)


def sort(x, axis=-1):
    x, axis = (tf.reshape(x, [-1]), 0) if axis is None else (x, axis)
    return take_along_axis(x, argsort(x, axis), axis)


def argsort(x, axis=-1):
    x, axis = (tf.reshape(x, [-1]), -1) if axis is None else (x, axis)
    # the largest of the inverted keys; equal ones come in their order
    keys = _moved(tf.bitwise.invert(_rank_keys(x)), axis, -1)
    return _moved(tf.math.top_k(keys, _size(x, axis)).indices, -1, axis)


def top_k(x, k, sorted=True):
    indices = tf.math.top_k(_rank_keys(x), k, sorted).indices
    return take_along_axis(x, indices, -1), indices


def searchsorted(sorted_sequence, values, side="left"):
    if sorted_sequence.shape.rank != 1:
        raise ValueError(f"no vector: {tuple(sorted_sequence.shape)}")
    keys = tf.reshape(_rank_keys(values), [-1])
    found = tf.searchsorted(_rank_keys(sorted_sequence), keys, side)
    return tf.reshape(found, _shape(values))


def distinct(x, axis, size, fill_value):
    parts = tf.reshape(x, [-1]) if axis is None else _moved(x, axis, 0)
    keys = _rank_keys(parts)
    rows = keys[:, tf.newaxis] if axis is None else tf.reshape(keys, [_size(x, axis), -1])
    order, groups = _equal_rows(rows)
    count = tf.reduce_max(tf.concat([groups, [-1]], 0)) + 1 if size is None else size
    inverse = tf.scatter_nd(order[:, tf.newaxis], groups, tf.shape(order))
    groups = tf.where(groups < count, groups, -1)
    counts = tf.math.unsorted_segment_sum(tf.ones_like(order), groups, count)
    missing = tf.equal(counts, 0)
    first = tf.math.unsorted_segment_min(order, groups, count)
    first = tf.where(missing, first[:1], first)
    values = tf.gather(parts, first)
    if size is not None:
        fill = smallest(values) if fill_value is None else _number(fill_value, x.dtype)
        missing = tf.reshape(missing, [-1] + [1] * (parts.shape.rank - 1))
        values = tf.where(missing, fill, values)
    if axis is None:
        return values, first, tf.reshape(inverse, _shape(x)), counts
    return _moved(values, 0, axis), first, inverse, counts


def _equal_rows(keys):
    """Return the order that sorts the rows of a matrix, and numbers that equal ones share."""
    order = _lexicographic_order(keys)
    keys = tf.gather(keys, order)
    new = tf.reduce_any(tf.not_equal(keys[1:], keys[:-1]), 1)
    return order, tf.concat([tf.zeros_like(order[:1]), tf.cumsum(tf.cast(new, tf.int32))], 0)


def _lexicographic_order(keys):
    """Return the order of the rows of a matrix: by the first column, then the second, ..."""

    def sort_by(step, order):
        column = columns[-1 - step]
        order = tf.gather(order, argsort(tf.gather(column, order)))
        return step + 1, order

    columns = tf.transpose(keys)
    count = tf.shape(columns)[0]
    start = tf.constant(0), tf.range(tf.shape(keys)[0])
    return tf.while_loop(lambda step, _: step < count, sort_by, start)[1]
