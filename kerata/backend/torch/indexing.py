"""PyTorch kernels that read and write parts of tensors, and that sort and search."""

import torch


def item(x, indices, key):
    if not indices and not any(isinstance(part, slice) and (part.step or 1) < 0 for part in key):
        return x[key]
    x, key = _with_forward_steps(x, key)
    each = iter(indices)
    # beside index tensors integers count as index tensors, as in NumPy
    as_tensors = any(index.ndim for index in indices)
    return x[tuple(_part(part, each, as_tensors) for part in key)]


def _part(part, tensors, as_tensors):
    if isinstance(part, str):
        return next(tensors)
    return torch.tensor([part]) if as_tensors and isinstance(part, int) else part


def _with_forward_steps(x, key):
    """Replace slices of negative step, which torch has not, by slices of the flipped tensor."""
    parts = list(key)
    before = sum(part is not None and part is not Ellipsis for part in key)
    axis = 0
    for place, part in enumerate(parts):
        if part is Ellipsis:
            axis += x.ndim - before
            continue
        if isinstance(part, slice) and (part.step or 1) < 0:
            chosen = range(x.shape[axis])[part]
            x = torch.flip(x, (axis,))
            last = x.shape[axis] - 1
            start = last - chosen.start
            parts[place] = slice(start, start - chosen.step * len(chosen), -chosen.step)
        axis += part is not None
    return x, tuple(parts)


def slice_at(inputs, start_indices, shape):
    return inputs[_block(inputs, start_indices, shape)]


def with_slice_at(inputs, start_indices, updates):
    result = inputs.clone()
    result[_block(inputs, start_indices, updates.shape)] = updates
    return result


def _block(x, start_indices, shape):
    starts = (
        min(max(start, 0), whole - size)
        for start, size, whole in zip(start_indices.tolist(), shape, x.shape, strict=True)
    )
    return tuple(slice(start, start + size) for start, size in zip(starts, shape, strict=True))


def _counted_from_start(indices, size):
    return torch.where(indices < 0, indices + size, indices)


def take(x, indices, axis=None):
    if axis is None:
        x, axis = x.flatten(), 0
    if axis == 0 and indices.ndim == 1:
        return x.index_select(0, _counted_from_start(indices, x.shape[0]))
    axis = axis % x.ndim
    rows = x.index_select(axis, _counted_from_start(indices.flatten(), x.shape[axis]))
    return rows.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def take_along_axis(x, indices, axis=None):
    if axis is None:
        x, indices, axis = x.flatten(), indices.flatten(), 0
    indices = _counted_from_start(indices, x.shape[axis]).long()
    return torch.take_along_dim(x, indices, axis)


def scattered(inputs, indices, updates, reduction):
    places = indices.long().unbind(-1)
    if reduction in (None, "add"):
        return inputs.index_put(places, updates, accumulate=reduction == "add")
    # the other reductions exist along one axis only: the indexed ones are made one
    depth = len(places)
    rest = inputs.shape[depth:]
    flat = torch.zeros_like(places[0])
    for size, place in zip(inputs.shape[:depth], places, strict=True):
        flat = flat * size + _counted_from_start(place, size)
    flat = flat.reshape(-1, *([1] * len(rest))).expand(-1, *rest)
    updates = updates.broadcast_to(indices.shape[:-1] + rest).reshape(flat.shape)
    kind = {"mul": "prod", "max": "amax", "min": "amin"}[reduction]
    changed = inputs.reshape(-1, *rest).scatter_reduce(0, flat, updates, kind)
    return changed.reshape(inputs.shape)


def sort(x, axis=-1):
    return torch.sort(x.flatten() if axis is None else x, -1 if axis is None else axis)[0]


def argsort(x, axis=-1):
    x, axis = (x.flatten(), -1) if axis is None else (x, axis)
    return torch.argsort(x, dim=axis, stable=True).to(torch.int32)


def top_k(x, k, sorted=True):
    values, indices = torch.topk(x, k, sorted=sorted)
    return values, indices.to(torch.int32)


def searchsorted(sorted_sequence, values, side="left"):
    if sorted_sequence.ndim != 1:
        raise ValueError(f"no vector: {tuple(sorted_sequence.shape)}")
    return torch.searchsorted(sorted_sequence, values.contiguous(), side=side, out_int32=True)


def distinct(x, axis, size, fill_value):
    values, inverse, counts = torch.unique(x, return_inverse=True, return_counts=True, dim=axis)
    places = torch.arange(inverse.numel(), device=x.device)
    first = torch.full_like(counts, inverse.numel())
    first = first.scatter_reduce(0, inverse.flatten(), places, "amin")
    if size is not None:
        along = 0 if axis is None else axis
        values = _resized(values, along, size, values.min() if fill_value is None else fill_value)
        first, counts = _resized(first, 0, size, first[0]), _resized(counts, 0, size, 0)
    return values, first.int(), inverse.int(), counts.int()


def _resized(x, axis, size, value):
    """Cut or fill up an axis to a size."""
    kept = x.narrow(axis, 0, min(size, x.shape[axis]))
    shape = list(x.shape)
    shape[axis] = size - kept.shape[axis]
    filler = torch.as_tensor(value, dtype=x.dtype, device=x.device).expand(shape)
    return torch.cat([kept, filler], axis)
