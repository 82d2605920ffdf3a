"""PyTorch kernels that reduce or accumulate along axes."""

import torch

# sums of small integers are carried in 32 bit; torch itself would carry all in 64 bit
_SUM_DTYPES = {
    torch.bool: torch.int32,
    torch.int8: torch.int32,
    torch.int16: torch.int32,
    torch.int32: torch.int32,
    torch.uint8: torch.uint32,
    torch.uint16: torch.uint32,
    torch.uint32: torch.uint32,
}


def _falling(x, axis):
    """Return the axes as a tuple of numbers >= 0, in falling order."""
    if axis is None:
        return tuple(range(x.ndim - 1, -1, -1))
    axes = (axis,) if isinstance(axis, int) else axis
    return tuple(sorted((a % x.ndim for a in axes), reverse=True))


def sum(x, axis=None, keepdims=False):
    dtype = _SUM_DTYPES.get(x.dtype)
    if dtype is None:
        return torch.sum(x, axis, keepdims)
    # torch sums no unsigned 32-bit integers
    return torch.sum(x.long(), axis, keepdims).to(dtype)


def product(x, axis=None, keepdims=False):
    wanted = _SUM_DTYPES.get(x.dtype, x.dtype)
    # torch multiplies along one axis at a time, and no unsigned 32-bit integers
    x = x if wanted.is_floating_point or wanted.is_complex else x.long()
    for a in _falling(x, axis):
        x = torch.prod(x, a, keepdims)
    return x.to(wanted)


def mean(x, axis=None, keepdims=False):
    if isinstance(axis, int) and not keepdims and x.shape[axis] == 1:
        return x.squeeze(axis)  # the losses of models with one output: a view, and no gradient
    return torch.mean(x, axis, keepdims)


def var(x, axis=None, keepdims=False):
    return torch.var(x, axis, correction=0, keepdim=keepdims)


def max(x, axis=None, keepdims=False, initial=None):
    largest = torch.amax(x, () if axis is None else axis, keepdims)
    return largest if initial is None else largest.clamp(min=initial)


def min(x, axis=None, keepdims=False, initial=None):
    smallest = torch.amin(x, () if axis is None else axis, keepdims)
    return smallest if initial is None else smallest.clamp(max=initial)


def logsumexp(x, axis=None, keepdims=False):
    return torch.logsumexp(x, tuple(range(x.ndim)) if axis is None else axis, keepdims)


def any(x, axis=None, keepdims=False):
    return torch.any(x if x.dtype == torch.bool else x != 0, axis, keepdims)


def all(x, axis=None, keepdims=False):
    return torch.all(x if x.dtype == torch.bool else x != 0, axis, keepdims)


def _orderable(x):
    return x.to(torch.uint8) if x.dtype == torch.bool else x


def argmax(x, axis=None, keepdims=False):
    return torch.argmax(_orderable(x), axis, keepdims).to(torch.int32)


def argmin(x, axis=None, keepdims=False):
    return torch.argmin(_orderable(x), axis, keepdims).to(torch.int32)


def cumulative_sum(x, axis=None):
    return torch.cumsum(x.flatten() if axis is None else x, axis or 0, dtype=x.dtype)


def cumulative_product(x, axis=None):
    return torch.cumprod(x.flatten() if axis is None else x, axis or 0, dtype=x.dtype)


def _segments(reduce, start, data, segment_ids, num_segments):
    count = int(segment_ids.max()) + 1 if num_segments is None else num_segments
    if segment_ids.is_floating_point():
        raise ValueError(f"segment ids of {segment_ids.dtype}")
    shape = data.shape[1:]
    inside = (segment_ids >= 0) & (segment_ids < count)
    index = torch.where(inside, segment_ids, count).long()
    index = index.reshape(-1, *([1] * len(shape))).expand_as(data)
    # one more segment at the end takes what lies outside, and is cut off
    out = torch.full((count + 1, *shape), start, dtype=data.dtype, device=data.device)
    return out.scatter_reduce(0, index, data, reduce)[:count]


def segment_sum(data, segment_ids, num_segments=None, sorted=False):
    return _segments("sum", 0, data, segment_ids, num_segments)


def segment_prod(data, segment_ids, num_segments=None, sorted=False):
    return _segments("prod", 1, data, segment_ids, num_segments)


def segment_max(data, segment_ids, num_segments=None, sorted=False):
    return _segments("amax", _limits(data.dtype)[0], data, segment_ids, num_segments)


def segment_min(data, segment_ids, num_segments=None, sorted=False):
    return _segments("amin", _limits(data.dtype)[1], data, segment_ids, num_segments)


def _limits(dtype):
    if dtype.is_floating_point:
        return float("-inf"), float("inf")
    return torch.iinfo(dtype).min, torch.iinfo(dtype).max
