"""PyTorch kernels of pooling."""

import torch
from torch.nn import functional

from kerata.backend import windows

_MAX = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
_MEAN = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}


def windowed_max(inputs, pool_size, strides, padding, data_format):
    if not inputs.dtype.is_floating_point:  # torch pools floats only
        floats = windowed_max(inputs.double(), pool_size, strides, padding, data_format)
        return floats.to(inputs.dtype)
    inputs, amounts = _prepared(inputs, pool_size, strides, padding, data_format)
    if _any(amounts):
        inputs = functional.pad(inputs, amounts, value=_lowest(inputs.dtype))
    outputs = _MAX[len(pool_size)](inputs, pool_size, strides)
    return outputs.movedim(1, -1) if data_format == "channels_last" else outputs


def windowed_mean(inputs, pool_size, strides, padding, data_format):
    """Return means over the elements that are not padding."""
    if inputs.dtype.itemsize < 4 and len(pool_size) == 3:
        # torch has no such mean in half precision
        wide = windowed_mean(inputs.float(), pool_size, strides, padding, data_format)
        return wide.to(inputs.dtype)
    inputs, amounts = _prepared(inputs, pool_size, strides, padding, data_format)
    mean = _MEAN[len(pool_size)]
    if _any(amounts):
        # the mean with zeros for padding, divided by the share of the window inside
        inside = functional.pad(inputs.new_ones((1, 1, *inputs.shape[2:])), amounts)
        outputs = mean(functional.pad(inputs, amounts), pool_size, strides)
        outputs = outputs / mean(inside, pool_size, strides)
    else:
        outputs = mean(inputs, pool_size, strides)
    return outputs.movedim(1, -1) if data_format == "channels_last" else outputs


def _prepared(inputs, pool_size, strides, padding, data_format):
    """Return the inputs with channels second, and what to pad in torch's order."""
    if data_format == "channels_last":
        inputs = inputs.movedim(-1, 1)
    pairs = windows.paddings_of(padding, inputs.shape[2:], pool_size, strides)
    return inputs, [amount for pair in reversed(pairs) for amount in pair]


def _any(amounts):
    return any(amount != 0 for amount in amounts)


def _lowest(dtype):
    return -torch.inf if dtype.is_floating_point else torch.iinfo(dtype).min
