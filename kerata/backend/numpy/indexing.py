"""NumPy kernels that read and write parts of tensors, and that sort and search."""

import numpy as np

_AT = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


def item(x, indices, key):
    each = iter(indices)
    return x[tuple(next(each) if isinstance(part, str) else part for part in key)]


def slice_at(inputs, start_indices, shape):
    return inputs[_block(inputs, start_indices, shape)]


def with_slice_at(inputs, start_indices, updates):
    result = inputs.copy()
    result[_block(inputs, start_indices, updates.shape)] = updates
    return result


def _block(x, start_indices, shape):
    starts = (
        min(max(int(start), 0), whole - size)
        for start, size, whole in zip(start_indices, shape, x.shape, strict=True)
    )
    return tuple(slice(start, start + size) for start, size in zip(starts, shape, strict=True))


def take(x, indices, axis=None):
    return np.take(x, indices, axis)


def take_along_axis(x, indices, axis=None):
    return np.take_along_axis(x, indices, axis)


def scattered(inputs, indices, updates, reduction):
    result = inputs.copy()
    index = tuple(np.moveaxis(indices, -1, 0))
    if reduction is None:
        result[index] = updates
    else:
        _AT[reduction].at(result, index, updates)
    return result


def sort(x, axis=-1):
    return np.sort(x, axis, kind="stable")


def argsort(x, axis=-1):
    return np.argsort(x, axis, kind="stable").astype("int32")


def top_k(x, k, sorted=True):
    if k > x.shape[-1]:
        raise ValueError(f"no {k} elements in shape {x.shape}")
    order = np.flip(x.shape[-1] - 1 - np.argsort(np.flip(x, -1), -1, kind="stable"), -1)
    indices = order[..., :k]
    return np.take_along_axis(x, indices, -1), indices.astype("int32")


def searchsorted(sorted_sequence, values, side="left"):
    return np.asarray(np.searchsorted(sorted_sequence, values, side)).astype("int32")


def distinct(x, axis, size, fill_value):
    values, first, inverse, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True, axis=axis
    )
    if size is not None:
        along = 0 if axis is None else axis
        values = _resized(values, along, size, values.min() if fill_value is None else fill_value)
        first, counts = _resized(first, 0, size, first[0]), _resized(counts, 0, size, 0)
    inverse = inverse.reshape(x.shape) if axis is None else inverse.ravel()
    return values, first.astype("int32"), inverse.astype("int32"), counts.astype("int32")


def _resized(x, axis, size, value):
    """Cut or fill up an axis to a size."""
    kept = np.take(x, range(min(size, x.shape[axis])), axis)
    widths = [(0, 0)] * x.ndim
    widths[axis] = (0, size - kept.shape[axis])
    return np.pad(kept, widths, constant_values=value)
