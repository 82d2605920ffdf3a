"""JAX kernels of neural networks."""

import jax
import jax.numpy as jnp
from jax import lax, nn

# -- activations, element by element ---------------------------------------------------------


def relu(x):
    return nn.relu(x)


def relu6(x):
    return nn.relu6(x)


def leaky_relu(x, negative_slope=0.2):
    return nn.leaky_relu(x, negative_slope)


def elu(x, alpha=1.0):
    return nn.elu(x, alpha)


def selu(x):
    return nn.selu(x)


def celu(x, alpha=1.0):
    return nn.celu(x, alpha)


def gelu(x, approximate=True):
    return nn.gelu(x, approximate)


def sigmoid(x):
    return nn.sigmoid(x)


def log_sigmoid(x):
    return nn.log_sigmoid(x)


def silu(x):
    return nn.silu(x)


def hard_sigmoid(x):
    return nn.hard_sigmoid(x)


def hard_silu(x):
    return nn.hard_silu(x)


def softplus(x):
    return nn.softplus(x)


def softsign(x):
    return nn.soft_sign(x)


def mish(x):
    return nn.mish(x)


def soft_shrink(x, threshold=0.5):
    return jnp.where(jnp.abs(x) > threshold, x - jnp.sign(x) * threshold, 0)


def hard_shrink(x, threshold=0.5):
    return jnp.where(jnp.abs(x) > threshold, x, 0)


def hard_tanh(x):
    return nn.hard_tanh(x)


def threshold(x, threshold, default_value):
    return jnp.where(x > threshold, x, default_value)


# -- activations along an axis ---------------------------------------------------------------


def softmax(x, axis=-1):
    return nn.softmax(x, axis)


def log_softmax(x, axis=-1):
    return nn.log_softmax(x, axis)


# -- indices ---------------------------------------------------------------------------------


def one_hot_encoding(x, num_classes, axis, dtype):
    return nn.one_hot(x, num_classes, axis=axis, dtype=jax.dtypes.canonicalize_dtype(dtype))


def embedding(table, indices):
    return jnp.take(table, indices, axis=0)


# -- normalization ---------------------------------------------------------------------------


def normalize_with_moments(x, mean, variance, offset, scale, epsilon):
    factor = lax.rsqrt(variance + jnp.asarray(epsilon, variance.dtype))
    if scale is not None:
        factor = factor * scale
    # One product and one sum per element: what depends on the features is combined first.
    shift = -mean * factor
    if offset is not None:
        shift = shift + offset
    return x * factor + shift


def normalize_batch(x, offset, scale, axis, epsilon):
    others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    mean, variance = mean_and_variance(x, others, keepdims=True)
    shape = mean.shape
    offset, scale = (None if v is None else v.reshape(shape) for v in (offset, scale))
    y = normalize_with_moments(x, mean, variance, offset, scale, epsilon)
    return y, mean.ravel(), variance.ravel()


def normalize_features(x, scale, offset, axes, epsilon):
    wide = _wide(x)
    mean = wide.mean(axes, keepdims=True)
    centered = wide - mean
    variance = jnp.square(centered).mean(axes, keepdims=True)
    y = (centered * lax.rsqrt(variance + jnp.asarray(epsilon, variance.dtype))).astype(x.dtype)
    if scale is not None:
        y = y * scale
    return y if offset is None else y + offset


def normalize_root_mean_square(x, scale, axes, epsilon):
    wide = _wide(x)
    square = jnp.square(wide).mean(axes, keepdims=True)
    y = (wide * lax.rsqrt(square + jnp.asarray(epsilon, square.dtype))).astype(x.dtype)
    return y if scale is None else y * scale


def mean_and_variance(x, axes, keepdims):
    wide = _wide(x)
    mean = wide.mean(axes, keepdims=True)
    variance = jnp.square(wide - mean).mean(axes, keepdims=keepdims)
    if not keepdims:
        mean = jnp.squeeze(mean, axes)
    return mean.astype(x.dtype), variance.astype(x.dtype)


def _wide(x):
    """Return half precision as float32, in which sums of squares do not overflow."""
    return x.astype("float32") if x.dtype.itemsize < 4 else x


# -- losses ----------------------------------------------------------------------------------


def negative_log_likelihood(log_probabilities, target):
    # A comparison fuses with the sum, also in the gradient, where a gather would scatter.
    classes = jnp.arange(log_probabilities.shape[-1], dtype=target.dtype)
    chosen = target[..., None] == classes
    return -jnp.where(chosen, log_probabilities, 0).sum(-1)


def two_class_entropy(target, probabilities):
    yes, no = jnp.log(probabilities), jnp.log(1 - probabilities)
    return -(target * yes + (1 - target) * no)


# -- attention -------------------------------------------------------------------------------


def scaled_dot_product_attention(
    query, key, value, bias, mask, scale, is_causal, attn_logits_soft_cap
):
    same_features = query.shape[-1] == value.shape[-1]
    if attn_logits_soft_cap is None and same_features and query.dtype != jnp.float64:
        return nn.dot_product_attention(
            query, key, value, bias, mask, scale=scale, is_causal=is_causal
        )
    return _attention(query, key, value, bias, mask, scale, is_causal, attn_logits_soft_cap)


def _attention(query, key, value, bias, mask, scale, is_causal, cap):
    """Attention for what JAX' own lacks: capped logits, values of other sizes, all in float64."""
    repeats = query.shape[2] // key.shape[2]
    key, value = jnp.repeat(key, repeats, 2), jnp.repeat(value, repeats, 2)
    logits = _wide(jnp.einsum("btnh,bsnh->bnts", query, key)) * scale
    if cap is not None:
        logits = jnp.tanh(logits / cap) * cap
    if bias is not None:
        logits = logits + bias
    if is_causal:
        causal = jnp.tri(*logits.shape[-2:], dtype=bool)
        mask = causal if mask is None else mask & causal
    if mask is not None:
        logits = jnp.where(mask, logits, 0.7 * jnp.finfo(logits.dtype).min)
    return jnp.einsum("bnts,bsnh->btnh", nn.softmax(logits).astype(value.dtype), value)
