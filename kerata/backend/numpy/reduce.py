"""NumPy kernels that reduce or accumulate along axes."""

import numpy as np

# sums of small integers are carried in 32 bit, so that they do not overflow
_SUM_DTYPES = {
    "bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32",
}  # fmt: skip
_HALVES = ("float16", "bfloat16")


def _sum_dtype(x):
    return _SUM_DTYPES.get(x.dtype.name, x.dtype)


def sum(x, axis=None, keepdims=False):
    return np.sum(x, axis=axis, keepdims=keepdims, dtype=_sum_dtype(x))


def product(x, axis=None, keepdims=False):
    return np.prod(x, axis=axis, keepdims=keepdims, dtype=_sum_dtype(x))


def mean(x, axis=None, keepdims=False):
    wide = "float32" if x.dtype.name in _HALVES else x.dtype
    return np.mean(x, axis=axis, keepdims=keepdims, dtype=wide).astype(x.dtype)


def var(x, axis=None, keepdims=False):
    wide = "float32" if x.dtype.name in _HALVES else x.dtype
    return np.var(x.astype(wide), axis=axis, keepdims=keepdims).astype(x.dtype)


def logsumexp(x, axis=None, keepdims=False):
    axis = axis if axis is None or isinstance(axis, int) else tuple(axis)
    top = np.max(x, axis=axis, keepdims=True)
    shift = np.where(np.isfinite(top), top, np.zeros_like(top))
    total = np.log(np.sum(np.exp(x - shift), axis=axis, keepdims=True)) + shift
    return total if keepdims else np.squeeze(total, axis=axis)


def max(x, axis=None, keepdims=False, initial=None):
    limit = {} if initial is None else {"initial": x.dtype.type(initial)}
    return np.max(x, axis=axis, keepdims=keepdims, **limit)


def min(x, axis=None, keepdims=False, initial=None):
    limit = {} if initial is None else {"initial": x.dtype.type(initial)}
    return np.min(x, axis=axis, keepdims=keepdims, **limit)


def any(x, axis=None, keepdims=False):
    return np.any(x.astype(bool), axis=axis, keepdims=keepdims)


def all(x, axis=None, keepdims=False):
    return np.all(x.astype(bool), axis=axis, keepdims=keepdims)


def argmax(x, axis=None, keepdims=False):
    return np.argmax(x, axis=axis, keepdims=keepdims).astype("int32")


def argmin(x, axis=None, keepdims=False):
    return np.argmin(x, axis=axis, keepdims=keepdims).astype("int32")


def cumulative_sum(x, axis=None):
    return np.cumsum(x, axis=axis, dtype=x.dtype)


def cumulative_product(x, axis=None):
    return np.cumprod(x, axis=axis, dtype=x.dtype)


def _segments(ufunc, start, data, segment_ids, num_segments):
    count = int(segment_ids.max(initial=-1)) + 1 if num_segments is None else num_segments
    out = np.full((count, *data.shape[1:]), start, data.dtype)
    inside = (segment_ids >= 0) & (segment_ids < count)
    ufunc.at(out, segment_ids[inside], data[inside])
    return out


def segment_sum(data, segment_ids, num_segments=None, sorted=False):
    return _segments(np.add, 0, data, segment_ids, num_segments)


def segment_prod(data, segment_ids, num_segments=None, sorted=False):
    return _segments(np.multiply, 1, data, segment_ids, num_segments)


def segment_max(data, segment_ids, num_segments=None, sorted=False):
    return _segments(np.maximum, _limits(data.dtype)[0], data, segment_ids, num_segments)


def segment_min(data, segment_ids, num_segments=None, sorted=False):
    return _segments(np.minimum, _limits(data.dtype)[1], data, segment_ids, num_segments)


def _limits(dtype):
    if dtype.kind in "iu":
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    return -np.inf, np.inf
