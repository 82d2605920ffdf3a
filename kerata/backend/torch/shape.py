"""PyTorch kernels that make tensors, and that reshape, order, join, cut and repeat them."""

import numpy as np
import torch

from kerata.backend.torch.placement import device as _device

FROM_ENGINE = ("broadcast_to",)


def filled(shape, value, dtype):
    return torch.full(shape, value, dtype=getattr(torch, dtype), device=_device())


def filled_like(x, value, dtype, shape=None):
    shape = x.shape if shape is None else shape
    return torch.full(shape, value, dtype=getattr(torch, dtype), device=x.device)


def sequence(start, step, length, dtype):
    wanted = getattr(torch, dtype)
    if isinstance(start, int) and isinstance(step, int):
        stop = start + step * length
        return torch.arange(start, stop, step, device=_device()).to(wanted)
    # in 64 bit, so that low precision is rounded only once
    return (start + step * torch.arange(length, dtype=torch.float64, device=_device())).to(wanted)


def bitcast(x, dtype):
    return x.contiguous().view(getattr(torch, dtype))


def with_shape(x, newshape):
    return x.reshape(newshape)


def expand_dims(x, axis):
    if isinstance(axis, int):
        return x.unsqueeze(axis)
    ndim = x.ndim + len(axis)
    for a in sorted(a % ndim for a in axis):
        x = x.unsqueeze(a)
    return x


def squeeze(x, axis=None):
    if axis is None:
        return x.squeeze()
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    # torch would leave other dimensions as they are without a word
    if any(x.shape[a] != 1 for a in axes):
        raise ValueError(f"cannot squeeze axis {axis} of shape {tuple(x.shape)}")
    return x.squeeze(axes)


def transpose(x, axes=None):
    return x.permute(tuple(range(x.ndim - 1, -1, -1)) if axes is None else tuple(axes))


def flip(x, axis=None):
    if axis is None:
        axis = tuple(range(x.ndim))
    return torch.flip(x, (axis,) if isinstance(axis, int) else tuple(axis))


def roll(x, shift, axis=None):
    if isinstance(axis, tuple) and isinstance(shift, int):
        shift = (shift,) * len(axis)
    return torch.roll(x, shift, axis)


def tril(x, k=0):
    return torch.tril(x, k)


def triu(x, k=0):
    return torch.triu(x, k)


def diagonal(x, offset=0, axis1=0, axis2=1):
    return torch.diagonal(x, offset, axis1, axis2)


def diag(x, k=0):
    return torch.diag(x, k)


def concatenate(xs, axis=0):
    return torch.cat(xs, axis)


def stack(x, axis=0):
    return torch.stack(x, axis)


def split(x, indices_or_sections, axis=0):
    if not isinstance(indices_or_sections, int):
        return list(torch.tensor_split(x, [int(i) for i in indices_or_sections], axis))
    if x.shape[axis] % indices_or_sections:
        raise ValueError(f"cannot cut shape {tuple(x.shape)} into {indices_or_sections} parts")
    return list(torch.tensor_split(x, indices_or_sections, axis))


def unstack(x, num=None, axis=0):
    if num not in (None, x.shape[axis]):
        raise ValueError(f"not {num} slices along axis {axis} of shape {tuple(x.shape)}")
    return list(torch.unbind(x, axis))


def tile(x, repeats):
    return torch.tile(x, (repeats,) if isinstance(repeats, int) else tuple(repeats))


def repeated(x, repeats, axis):
    if not isinstance(repeats, int):
        repeats = torch.tensor(repeats, device=x.device)
    return torch.repeat_interleave(x, repeats, axis)


def padded(x, widths, mode, value):
    if mode == "constant":
        pairs = [width for pair in reversed(widths) for width in pair]
        return torch.nn.functional.pad(x, pairs, value=value)
    for axis, pair in enumerate(widths):
        if pair != (0, 0):
            # which element stands where is found by padding the indices
            source = np.pad(np.arange(x.shape[axis]), pair, mode)
            x = x.index_select(axis, torch.from_numpy(source).to(x.device))
    return x


def positions_along(x, axis):
    return torch.arange(x.shape[axis], dtype=torch.int32, device=x.device)
