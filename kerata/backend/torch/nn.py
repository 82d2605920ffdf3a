"""PyTorch kernels of neural networks."""

import contextlib

import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn import functional

from kerata.backend.torch.indexing import take

# -- activations, element by element ---------------------------------------------------------


def relu(x):
    return torch.relu(x)


def relu6(x):
    return functional.relu6(x)


def leaky_relu(x, negative_slope=0.2):
    return functional.leaky_relu(x, negative_slope)


def elu(x, alpha=1.0):
    return functional.elu(x, alpha)


def selu(x):
    return functional.selu(x)


def celu(x, alpha=1.0):
    return functional.celu(x, alpha)


def gelu(x, approximate=True):
    return functional.gelu(x, approximate="tanh" if approximate else "none")


def sigmoid(x):
    return torch.sigmoid(x)


def log_sigmoid(x):
    return functional.logsigmoid(x)


def silu(x):
    return functional.silu(x)


def hard_sigmoid(x):
    return functional.hardsigmoid(x)


def hard_silu(x):
    return functional.hardswish(x)


def softplus(x):
    # the threshold above which torch returns x itself: there the difference is below rounding
    return functional.softplus(x, threshold=20.0 if x.dtype != torch.float64 else 40.0)


def softsign(x):
    return functional.softsign(x)


def mish(x):
    return functional.mish(x)


def soft_shrink(x, threshold=0.5):
    return functional.softshrink(x, threshold)


def hard_shrink(x, threshold=0.5):
    return functional.hardshrink(x, threshold)


def hard_tanh(x):
    return functional.hardtanh(x)


def threshold(x, threshold, default_value):
    return functional.threshold(x, threshold, default_value)


# -- activations along an axis ---------------------------------------------------------------


def softmax(x, axis=-1):
    return _along_one_axis(torch.softmax, x, axis)


def log_softmax(x, axis=-1):
    return _along_one_axis(torch.log_softmax, x, axis)


def _along_one_axis(function, x, axis):
    """Apply a function of one axis also along several, as if they were one."""
    if isinstance(axis, int):
        return function(x, axis)
    last = tuple(range(-len(axis), 0))
    moved = x.movedim(tuple(axis), last)
    return function(moved.flatten(-len(axis)), -1).reshape(moved.shape).movedim(last, tuple(axis))


# -- indices ---------------------------------------------------------------------------------


def one_hot_encoding(x, num_classes, axis, dtype):
    classes = torch.arange(num_classes, device=x.device).view(-1, *(1,) * (-1 - axis))
    return (x.unsqueeze(axis) == classes).to(getattr(torch, dtype))


def embedding(table, indices):
    if table.is_cuda:
        return take(table, indices, 0)
    if indices.dtype not in (torch.int32, torch.int64):
        indices = indices.to(torch.int64)
    return functional.embedding(indices, table)


# -- normalization ---------------------------------------------------------------------------


def normalize_with_moments(x, mean, variance, offset, scale, epsilon):
    factor = torch.rsqrt(variance + epsilon)
    if scale is not None:
        factor = factor * scale
    shift = -mean * factor if offset is None else torch.addcmul(offset, mean, factor, value=-1)
    return torch.addcmul(shift, x, factor)


def normalize_batch(x, offset, scale, axis, epsilon):
    # torch wants the channels second; the view of a channels-last tensor needs no copy
    moved = x.movedim(axis, 1)
    y, mean, inverse = torch.native_batch_norm(moved, scale, offset, None, None, True, 0.0, epsilon)
    variance = inverse.detach() ** -2 - epsilon
    # of half precision, GPUs give the moments in float32
    return y.movedim(1, axis), mean.detach().to(x.dtype), variance.to(x.dtype)


def normalize_features(x, scale, offset, axes, epsilon):
    if axes == tuple(range(x.ndim - len(axes), x.ndim)):
        shape = x.shape[-len(axes) :]
        scale, offset = (None if v is None else v.reshape(shape) for v in (scale, offset))
        return functional.layer_norm(x, shape, scale, offset, epsilon)
    mean, variance = mean_and_variance(x, axes, keepdims=True)
    return normalize_with_moments(x, mean, variance, offset, scale, epsilon)


def normalize_root_mean_square(x, scale, axes, epsilon):
    if axes == (x.ndim - 1,) and (scale is None or scale.shape == x.shape[-1:]):
        return functional.rms_norm(x, x.shape[-1:], scale, epsilon)
    wide = _wide(x)
    y = (wide * torch.rsqrt(wide.square().mean(axes, keepdim=True) + epsilon)).to(x.dtype)
    return y if scale is None else y * scale


def mean_and_variance(x, axes, keepdims):
    # not torch.var_mean, which takes ten times as long
    wide = _wide(x)
    mean = wide.mean(axes, keepdim=True)
    variance = (wide - mean).square().mean(axes, keepdim=keepdims)
    if not keepdims:
        mean = mean.squeeze(axes)
    return mean.to(x.dtype), variance.to(x.dtype)


def _wide(x):
    """Return half precision as float32, in which sums of squares do not overflow."""
    return x.float() if x.dtype.itemsize < 4 else x


# -- losses ----------------------------------------------------------------------------------


def negative_log_likelihood(log_probabilities, target):
    target = target.to(torch.int64)
    inside = (target >= 0) & (target < log_probabilities.shape[-1])
    index = torch.where(inside, target, 0).unsqueeze(-1)
    return torch.where(inside, -log_probabilities.gather(-1, index).squeeze(-1), 0)


def two_class_entropy(target, probabilities):
    # torch's own refuses NaN: on CPUs by an error, which comes too late where a step is captured,
    # and on GPUs by the end of all work on the device
    fits = target.shape == probabilities.shape and not target.requires_grad
    if fits and not (probabilities.is_cuda or isinstance(probabilities, FakeTensor)):
        with contextlib.suppress(RuntimeError):
            return functional.binary_cross_entropy(probabilities, target, reduction="none")
    yes, no = torch.log(probabilities), torch.log(1 - probabilities)
    return -(target * yes + (1 - target) * no)


# -- attention -------------------------------------------------------------------------------


def scaled_dot_product_attention(
    query, key, value, bias, mask, scale, is_causal, attn_logits_soft_cap
):
    query, key, value = (tensor.transpose(1, 2) for tensor in (query, key, value))
    capped = attn_logits_soft_cap is not None
    if is_causal and (capped or bias is not None or mask is not None):
        causal = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool, device=query.device)
        mask = causal.tril() if mask is None else mask & causal.tril()
        is_causal = False
    added = _added_to_logits(bias, mask, query)
    if capped:
        outputs = _capped_attention(query, key, value, added, scale, attn_logits_soft_cap)
    else:
        outputs = functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=added,
            is_causal=is_causal,
            scale=scale,
            enable_gqa=query.shape[1] != key.shape[1],
        )
    return outputs.transpose(1, 2)


def _added_to_logits(bias, mask, query):
    """Return bias and mask as one summand; a large number instead of -inf, which makes NaN."""
    if mask is None:
        return bias
    # not larger, since kernels on GPUs multiply by log2(e) before they look for the maximum
    masked = 0.5 * torch.finfo(query.dtype).min
    if bias is None:
        bias = query.new_zeros(())
    return torch.where(mask, bias, masked)


def _capped_attention(query, key, value, added, scale, cap):
    repeats = query.shape[1] // key.shape[1]
    key, value = (tensor.repeat_interleave(repeats, 1) for tensor in (key, value))
    logits = torch.tanh(query @ key.transpose(-1, -2) * (scale / cap)) * cap
    if added is not None:
        logits = logits + added
    return torch.softmax(logits, -1) @ value
