"""PyTorch kernels that read and write parts of tensors, and that sort and search.

On the CPU an index that leads beyond a tensor is an error. A GPU finds it when Python has gone
on, and ends all work of the process. There the kernels do as JAX does, without waiting: what is
taken from beyond is NaN, what is put there is dropped, and a subscript stops at the end.
"""

import math

import torch


def item(x, indices, key):
    if not indices and not any(isinstance(part, slice) and (part.step or 1) < 0 for part in key):
        return x[key]
    x, key = _with_forward_steps(x, key)
    each = iter(_stopped_at_ends(x, indices, key) if x.is_cuda else indices)
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


def _stopped_at_ends(x, indices, key):
    """Return index tensors that stay within the axes to which a key applies them."""
    each, found, axis = iter(indices), [], 0
    for place, part in enumerate(key):
        if part is Ellipsis:
            axis = x.ndim - _axes_of(key[place + 1 :], indices[len(found) :])
        elif isinstance(part, str):
            index = next(each)
            if index.dtype == torch.bool:
                axis += index.ndim - 1
            else:
                _refuse_empty(index, x.shape[axis])
                index = index.clamp(-x.shape[axis], x.shape[axis] - 1)
            found.append(index)
        axis += part is not None and part is not Ellipsis
    return found


def _axes_of(key, indices):
    """Return to how many axes a key without an ellipsis applies."""
    masks = sum(index.ndim - 1 for index in indices if index.dtype == torch.bool)
    return sum(part is not None for part in key) + masks


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
    axis = axis % x.ndim
    index = _counted_from_start(indices.flatten(), x.shape[axis])
    if x.is_cuda:
        index, beyond = _parted(index, x.shape[axis])
        beyond = beyond.view(-1, *(1,) * (x.ndim - axis - 1))
        rows = x.index_select(axis, index).masked_fill(beyond, _nothing(x.dtype))
    else:
        rows = x.index_select(axis, index)
    return rows.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def take_along_axis(x, indices, axis=None):
    if axis is None:
        x, indices, axis = x.flatten(), indices.flatten(), 0
    indices = _counted_from_start(indices, x.shape[axis]).long()
    if x.is_cuda:
        indices, beyond = _parted(indices, x.shape[axis])
        return torch.take_along_dim(x, indices, axis).masked_fill(beyond, _nothing(x.dtype))
    return torch.take_along_dim(x, indices, axis)


def _parted(index, size):
    """Return an index that a GPU may follow, and which of its elements lead beyond."""
    _refuse_empty(index, size)
    beyond = (index < 0) | (index >= size)
    return index.masked_fill(beyond, 0), beyond


def _refuse_empty(index, size):
    if size == 0 and index.numel():
        raise IndexError("an index into an empty axis")


def _nothing(dtype):
    """Return what stands for an element that does not exist."""
    if dtype.is_floating_point or dtype.is_complex:
        return float("nan")
    if dtype == torch.bool:
        return True
    limits = torch.iinfo(dtype)
    return limits.min if limits.min < 0 else limits.max


def scattered(inputs, indices, updates, reduction):
    places = indices.long().unbind(-1)
    if reduction in (None, "add") and not inputs.is_cuda:
        return inputs.index_put(places, updates, accumulate=reduction == "add")
    # the other reductions exist along one axis only: the indexed ones are made one
    sizes, rest = inputs.shape[: len(places)], inputs.shape[len(places) :]
    places = [_counted_from_start(*each) for each in zip(places, sizes, strict=True)]
    flat = torch.zeros_like(places[0])
    for place, size in zip(places, sizes, strict=True):
        flat = flat * size + place
    count = math.prod(sizes)
    rows = inputs.reshape(count, *rest)
    if inputs.is_cuda:  # one more row at the end takes what lies beyond, and is cut off
        beyond = [_parted(*each)[1] for each in zip(places, sizes, strict=True)]
        flat = flat.masked_fill(torch.stack(beyond).any(0), count)
        rows = torch.cat([rows, rows.new_zeros(1, *rest)])
    return _changed(rows, flat, updates, reduction)[:count].reshape(inputs.shape)


def _changed(rows, index, updates, reduction):
    if reduction in (None, "add"):
        return rows.index_put((index,), updates, accumulate=reduction == "add")
    updates = updates.broadcast_to(index.shape + rows.shape[1:]).reshape(-1, *rows.shape[1:])
    index = index.reshape(-1, *([1] * (rows.ndim - 1))).expand_as(updates)
    kind = {"mul": "prod", "max": "amax", "min": "amin"}[reduction]
    return rows.scatter_reduce(0, index, updates, kind)


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
