"""TensorFlow kernels that make tensors, and that reshape, order, join, cut and repeat them."""

import numpy as np
import tensorflow as tf

from kerata.backend.tensorflow.constants import _number, _shape, _vector

_ops = tf.raw_ops


# -- making ----------------------------------------------------------------------------------


def filled(shape, value, dtype):
    return _ops.Fill(dims=_vector(shape), value=_number(value, dtype))


def filled_like(x, value, dtype, shape=None):
    dims = _shape(x) if shape is None else _vector(shape)
    return _ops.Fill(dims=dims, value=_number(value, dtype))


def sequence(start, step, length, dtype):
    wanted = tf.as_dtype(dtype)
    if isinstance(start, int) and isinstance(step, int):
        numbers = tf.range(start, start + step * length, step, dtype=tf.int64)
        return tf.cast(numbers, wanted)
    # computed on the host in 64 bit, so that low precision is rounded only once
    return tf.constant((start + step * np.arange(length)).astype(wanted.as_numpy_dtype))


# -- another shape ---------------------------------------------------------------------------


def bitcast(x, dtype):
    wanted = tf.as_dtype(dtype)
    # a bool is a byte, of which TensorFlow has no bits
    x = tf.cast(x, tf.uint8) if x.dtype is tf.bool else x
    stored = tf.uint8 if wanted is tf.bool else wanted
    ratio = stored.size // x.dtype.size
    if ratio > 1:
        x = tf.reshape(x, tf.concat([tf.shape(x)[:-1], [-1, ratio]], 0))
    result = tf.bitcast(x, stored)
    if x.dtype.size > stored.size:
        result = tf.reshape(result, tf.concat([tf.shape(x)[:-1], [-1]], 0))
    return tf.cast(result, wanted)


def with_shape(x, newshape):
    return _ops.Reshape(tensor=x, shape=_vector(newshape))


def expand_dims(x, axis):
    if isinstance(axis, int):
        return _ops.ExpandDims(input=x, axis=axis)
    ndim = x.shape.rank + len(axis)
    for a in sorted(a % ndim for a in axis):
        x = _ops.ExpandDims(input=x, axis=a)
    return x


def squeeze(x, axis=None):
    if axis == ():
        return x
    axes = (axis,) if isinstance(axis, int) else axis or ()
    return _ops.Squeeze(input=x, axis=list(axes))


def broadcast_to(x, shape):
    return _ops.BroadcastTo(input=x, shape=_vector(shape))


# -- another order ---------------------------------------------------------------------------


def transpose(x, axes=None):
    rank = x.shape.rank
    # negative axes have no gradient in TensorFlow
    axes = range(rank - 1, -1, -1) if axes is None else [a % rank for a in axes]
    return _ops.Transpose(x=x, perm=_vector(axes))


def flip(x, axis=None):
    axes = range(x.shape.rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    return _ops.ReverseV2(tensor=x, axis=_vector(axes))


def roll(x, shift, axis=None):
    if axis is None:
        return tf.reshape(tf.roll(tf.reshape(x, [-1]), shift, 0), _shape(x))
    if isinstance(axis, tuple) and isinstance(shift, int):
        shift = (shift,) * len(axis)
    return tf.roll(x, shift, axis)


# -- triangles and diagonals -------------------------------------------------------------------


def _below(x, k):
    """Return where the elements of matrices lie on diagonal k or below."""
    rows, columns = tf.unstack(_shape(x)[-2:])
    return tf.range(columns) <= tf.range(rows)[:, tf.newaxis] + k


def tril(x, k=0):
    return tf.where(_below(x, k), x, _number(0, x.dtype))


def triu(x, k=0):
    return tf.where(_below(x, k - 1), _number(0, x.dtype), x)


def diagonal(x, offset=0, axis1=0, axis2=1):
    rank = x.shape.rank
    plane = (axis1 % rank, axis2 % rank)
    x = transpose(x, [a for a in range(rank) if a not in plane] + list(plane))
    rows, columns = x.shape[-2:]
    if (columns is not None and offset >= columns) or (rows is not None and -offset >= rows):
        return x[..., 0:0, 0]
    return tf.linalg.diag_part(x, k=offset)


def diag(x, k=0):
    if x.shape.rank > 2:
        raise ValueError(f"neither vector nor matrix: {x.shape}")
    return tf.linalg.diag(x, k=k) if x.shape.rank == 1 else diagonal(x, k)


# -- joining and cutting -----------------------------------------------------------------------


def concatenate(xs, axis=0):
    return tf.concat(xs, axis)


def stack(x, axis=0):
    return _ops.Pack(values=x, axis=axis)


def split(x, indices_or_sections, axis=0):
    if isinstance(indices_or_sections, int):
        return tf.split(x, indices_or_sections, axis)
    whole = (slice(None),) * (axis % x.shape.rank)
    cuts = [None, *(int(i) for i in indices_or_sections), None]
    return [x[(*whole, slice(start, end))] for start, end in zip(cuts[:-1], cuts[1:], strict=True)]


def unstack(x, num=None, axis=0):
    if num not in (None, x.shape[axis]):
        raise ValueError(f"not {num} slices along axis {axis} of shape {tuple(x.shape)}")
    return tf.unstack(x, num, axis)


# -- more of the same --------------------------------------------------------------------------


def tile(x, repeats):
    counts = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    missing = len(counts) - x.shape.rank
    if missing > 0:
        x = tf.reshape(x, tf.concat([[1] * missing, _shape(x)], 0))
    counts = (1,) * -missing + counts
    if x.dtype is tf.uint16:  # of which TensorFlow makes no tiles
        return tf.bitcast(tf.tile(tf.bitcast(x, tf.int16), _vector(counts)), tf.uint16)
    return tf.tile(x, _vector(counts))


def repeated(x, repeats, axis):
    axis = axis % x.shape.rank
    if not isinstance(repeats, int):
        if x.shape[axis] not in (len(repeats), None):
            raise ValueError(f"{len(repeats)} counts for axis {axis} of shape {x.shape}")
        chosen = np.repeat(np.arange(len(repeats)), repeats)
        return tf.gather(x, chosen, axis=axis)
    shape = tf.unstack(_shape(x))
    wide = [*shape[: axis + 1], repeats, *shape[axis + 1 :]]
    x = tf.broadcast_to(tf.expand_dims(x, axis + 1), wide)
    return tf.reshape(x, [*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :]])


def padded(x, widths, mode, value):
    if mode == "constant":
        widths = tf.constant(widths, tf.int32, shape=(len(widths), 2))
        return _ops.PadV2(input=x, paddings=widths, constant_values=_number(value, x.dtype))
    for axis, pair in enumerate(widths):
        if tuple(pair) != (0, 0):
            # which element stands where is found by padding the indices
            source = np.pad(np.arange(x.shape[axis]), pair, mode)
            x = tf.gather(x, source, axis=axis)
    return x


def positions_along(x, axis):
    return tf.range(_shape(x)[axis])
