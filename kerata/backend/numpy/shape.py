"""NumPy kernels that make tensors, and that reshape, order, join, cut and repeat them."""

import numpy as np

FROM_ENGINE = ("broadcast_to",)


def filled(shape, value, dtype):
    return np.full(shape, value, dtype)


def filled_like(x, value, dtype, shape=None):
    return np.full(x.shape if shape is None else shape, value, dtype)


def sequence(start, step, length, dtype):
    return (start + step * np.arange(length)).astype(dtype)


def bitcast(x, dtype):
    return np.ascontiguousarray(x).view(dtype).reshape(_bitcast_shape(x, np.dtype(dtype)))


def _bitcast_shape(x, dtype):
    if x.dtype.itemsize == dtype.itemsize:
        return x.shape
    return (*x.shape[:-1], x.shape[-1] * x.dtype.itemsize // dtype.itemsize)


def with_shape(x, newshape):
    return np.reshape(x, newshape)


def expand_dims(x, axis):
    return np.expand_dims(x, axis)


def squeeze(x, axis=None):
    return np.squeeze(x, axis)


def transpose(x, axes=None):
    return np.transpose(x, axes)


def flip(x, axis=None):
    return np.flip(x, axis)


def roll(x, shift, axis=None):
    return np.roll(x, shift, axis)


def _check_matrix(x):
    if x.ndim < 2:
        raise ValueError(f"no matrix: {x.shape}")


def tril(x, k=0):
    _check_matrix(x)
    return np.tril(x, k)


def triu(x, k=0):
    _check_matrix(x)
    return np.triu(x, k)


def diagonal(x, offset=0, axis1=0, axis2=1):
    return np.diagonal(x, offset, axis1, axis2)


def diag(x, k=0):
    return np.diag(x, k)


def concatenate(xs, axis=0):
    return np.concatenate(xs, axis)


def stack(x, axis=0):
    return np.stack(x, axis)


def split(x, indices_or_sections, axis=0):
    return np.split(x, indices_or_sections, axis)


def unstack(x, num=None, axis=0):
    if num not in (None, x.shape[axis]):
        raise ValueError(f"not {num} slices along axis {axis} of shape {tuple(x.shape)}")
    return list(np.moveaxis(x, axis, 0))


def tile(x, repeats):
    return np.tile(x, repeats)


def repeated(x, repeats, axis):
    return np.repeat(x, repeats, axis)


def padded(x, widths, mode, value):
    if mode == "constant":
        return np.pad(x, widths, constant_values=value)
    return np.pad(x, widths, mode)


def positions_along(x, axis):
    return np.arange(x.shape[axis], dtype="int32")
