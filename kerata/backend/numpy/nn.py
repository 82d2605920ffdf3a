"""NumPy kernels of neural networks: the readable reference."""

import math

import numpy as np

from kerata.backend.numpy import elementwise
from kerata.backend.numpy.half import _in_float32

# Klambauer et al. (2017), "Self-Normalizing Neural Networks", equation 14.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


# -- activations, element by element ---------------------------------------------------------


@_in_float32
def relu(x):
    return np.maximum(x, 0)


@_in_float32
def relu6(x):
    return np.clip(x, 0, 6)


@_in_float32
def leaky_relu(x, negative_slope=0.2):
    return np.where(x > 0, x, negative_slope * x)


@_in_float32
def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@_in_float32
def selu(x):
    return SELU_SCALE * elu(x, SELU_ALPHA)


@_in_float32
def celu(x, alpha=1.0):
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha)


@_in_float32
def gelu(x, approximate=True):
    if approximate:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1 + np.tanh(inner))
    return 0.5 * x * (1 + elementwise.erf(x / math.sqrt(2)))


@_in_float32
def sigmoid(x):
    return np.exp(log_sigmoid(x))


@_in_float32
def log_sigmoid(x):
    return -np.logaddexp(-x, 0)


@_in_float32
def silu(x):
    return x * sigmoid(x)


@_in_float32
def hard_sigmoid(x):
    return np.clip(x / 6 + 0.5, 0, 1)


@_in_float32
def hard_silu(x):
    return x * hard_sigmoid(x)


@_in_float32
def softplus(x):
    return np.logaddexp(x, 0)


@_in_float32
def softsign(x):
    return x / (1 + np.abs(x))


@_in_float32
def mish(x):
    return x * np.tanh(softplus(x))


@_in_float32
def soft_shrink(x, threshold=0.5):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


@_in_float32
def hard_shrink(x, threshold=0.5):
    return np.where(np.abs(x) > threshold, x, 0)


@_in_float32
def hard_tanh(x):
    return np.clip(x, -1, 1)


@_in_float32
def threshold(x, threshold, default_value):
    return np.where(x > threshold, x, default_value)


# -- activations along an axis ---------------------------------------------------------------


@_in_float32
def softmax(x, axis=-1):
    exponentials = np.exp(x - x.max(axis, keepdims=True))
    return exponentials / exponentials.sum(axis, keepdims=True)


@_in_float32
def log_softmax(x, axis=-1):
    shifted = x - x.max(axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))


# -- indices ---------------------------------------------------------------------------------


def one_hot_encoding(x, num_classes, axis, dtype):
    classes = np.arange(num_classes).reshape(-1, *(1,) * (-1 - axis))
    return (np.expand_dims(x, axis) == classes).astype(dtype)


def embedding(table, indices):
    return table[indices]


# -- normalization ---------------------------------------------------------------------------


@_in_float32
def normalize_with_moments(x, mean, variance, offset, scale, epsilon):
    factor = 1 / np.sqrt(variance + epsilon)
    if scale is not None:
        factor = factor * scale
    return (x - mean) * factor + (0 if offset is None else offset)


@_in_float32
def normalize_batch(x, offset, scale, axis, epsilon):
    others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    broadcast = [-1 if i == axis % x.ndim else 1 for i in range(x.ndim)]
    mean, variance = x.mean(others), x.var(others)
    vectors = [None if v is None else v.reshape(broadcast) for v in (mean, variance, offset, scale)]
    return normalize_with_moments(x, *vectors, epsilon), mean, variance


@_in_float32
def normalize_features(x, scale, offset, axes, epsilon):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return normalize_with_moments(x, mean, variance, offset, scale, epsilon)


@_in_float32
def normalize_root_mean_square(x, scale, axes, epsilon):
    result = x / np.sqrt(np.square(x).mean(axes, keepdims=True) + epsilon)
    return result if scale is None else result * scale


@_in_float32
def mean_and_variance(x, axes, keepdims):
    return x.mean(axes, keepdims=keepdims), x.var(axes, keepdims=keepdims)


# -- losses ----------------------------------------------------------------------------------


@_in_float32
def negative_log_likelihood(log_probabilities, target):
    """Pick the log probability of each target class; the classes are the last axis."""
    classes = np.arange(log_probabilities.shape[-1])
    chosen = target[..., None] == classes
    return -np.where(chosen, log_probabilities, 0).sum(-1)


def two_class_entropy(target, probabilities):
    yes, no = np.log(probabilities), np.log(1 - probabilities)
    return -(target * yes + (1 - target) * no)


# -- attention -------------------------------------------------------------------------------


@_in_float32
def scaled_dot_product_attention(
    query, key, value, bias, mask, scale, is_causal, attn_logits_soft_cap
):
    repeats = query.shape[2] // key.shape[2]
    key, value = np.repeat(key, repeats, 2), np.repeat(value, repeats, 2)
    logits = np.einsum("btnh,bsnh->bnts", query, key) * scale
    if attn_logits_soft_cap is not None:
        logits = np.tanh(logits / attn_logits_soft_cap) * attn_logits_soft_cap
    if bias is not None:
        logits = logits + bias
    if is_causal:
        causal = np.tri(*logits.shape[-2:], dtype=bool)
        mask = causal if mask is None else mask & causal
    if mask is not None:
        logits = np.where(mask, logits, 0.7 * np.finfo(logits.dtype).min)
    return np.einsum("bnts,bsnh->btnh", softmax(logits), value)
