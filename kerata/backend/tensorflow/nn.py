"""TensorFlow kernels of neural networks."""

import tensorflow as tf

# -- activations, element by element ---------------------------------------------------------


def relu(x):
    return tf.nn.relu(x)


def relu6(x):
    return tf.nn.relu6(x)


def leaky_relu(x, negative_slope=0.2):
    return tf.nn.leaky_relu(x, negative_slope)


def elu(x, alpha=1.0):
    return tf.nn.elu(x) if alpha == 1 else tf.where(x > 0, x, alpha * tf.nn.elu(x))


def selu(x):
    return tf.nn.selu(x)


def celu(x, alpha=1.0):
    return tf.where(x > 0, x, alpha * tf.nn.elu(x / alpha))


def gelu(x, approximate=True):
    return tf.nn.gelu(x, approximate)


def sigmoid(x):
    return tf.sigmoid(x)


def log_sigmoid(x):
    return tf.math.log_sigmoid(x)


def silu(x):
    return x * tf.sigmoid(x)


def hard_sigmoid(x):
    return tf.nn.relu6(x + 3) / 6


def hard_silu(x):
    return x * hard_sigmoid(x)


def softplus(x):
    return tf.nn.softplus(x)


def softsign(x):
    return tf.nn.softsign(x)


def mish(x):
    return x * tf.tanh(tf.nn.softplus(x))


def soft_shrink(x, threshold=0.5):
    return tf.where(tf.abs(x) > threshold, x - tf.sign(x) * threshold, tf.zeros_like(x))


def hard_shrink(x, threshold=0.5):
    return tf.where(tf.abs(x) > threshold, x, tf.zeros_like(x))


def hard_tanh(x):
    return tf.clip_by_value(x, -1, 1)


def threshold(x, threshold, default_value):
    return tf.where(x > threshold, x, tf.cast(default_value, x.dtype))


# -- activations along an axis ---------------------------------------------------------------


def softmax(x, axis=-1):
    return tf.nn.softmax(x, axis) if isinstance(axis, int) else tf.exp(log_softmax(x, axis))


def log_softmax(x, axis=-1):
    if isinstance(axis, int):
        return tf.nn.log_softmax(x, axis)
    return x - tf.reduce_logsumexp(x, axis, keepdims=True)


# -- indices ---------------------------------------------------------------------------------


def one_hot_encoding(x, num_classes, axis, dtype):
    position = axis if axis == -1 else len(x.shape) + 1 + axis
    values = (True, False) if dtype == "bool" else (1, 0)
    return tf.one_hot(_index(x), num_classes, *values, axis=position, dtype=dtype)


def embedding(table, indices):
    return tf.gather(table, _index(indices))


def _index(x):
    """Return integers of a kind that TensorFlow takes for indices."""
    return x if x.dtype in (tf.int32, tf.int64) else tf.cast(x, tf.int64)


# -- normalization ---------------------------------------------------------------------------


def normalize_with_moments(x, mean, variance, offset, scale, epsilon):
    factor = tf.math.rsqrt(variance + epsilon)
    if scale is not None:
        factor = factor * scale
    # One product and one sum per element: what depends on the features is combined first.
    shift = -mean * factor
    if offset is not None:
        shift = shift + offset
    return x * factor + shift


def normalize_batch(x, offset, scale, axis, epsilon):
    rank = len(x.shape)
    others = tuple(i for i in range(rank) if i != axis % rank)
    mean, variance = mean_and_variance(x, others, keepdims=True)
    offset, scale = (None if v is None else tf.reshape(v, mean.shape) for v in (offset, scale))
    y = normalize_with_moments(x, mean, variance, offset, scale, epsilon)
    return y, tf.reshape(mean, [-1]), tf.reshape(variance, [-1])


def normalize_features(x, scale, offset, axes, epsilon):
    wide = _wide(x)
    centered = wide - tf.reduce_mean(wide, axes, keepdims=True)
    variance = tf.reduce_mean(tf.square(centered), axes, keepdims=True)
    y = tf.cast(centered * tf.math.rsqrt(variance + epsilon), x.dtype)
    if scale is not None:
        y = y * scale
    return y if offset is None else y + offset


def normalize_root_mean_square(x, scale, axes, epsilon):
    wide = _wide(x)
    square = tf.reduce_mean(tf.square(wide), axes, keepdims=True)
    y = tf.cast(wide * tf.math.rsqrt(square + epsilon), x.dtype)
    return y if scale is None else y * scale


def mean_and_variance(x, axes, keepdims):
    wide = _wide(x)
    mean = tf.reduce_mean(wide, axes, keepdims=True)
    variance = tf.reduce_mean(tf.square(wide - mean), axes, keepdims=keepdims)
    if not keepdims:
        mean = tf.squeeze(mean, axes)
    return tf.cast(mean, x.dtype), tf.cast(variance, x.dtype)


def _wide(x):
    """Return half precision as float32, in which sums of squares do not overflow."""
    return tf.cast(x, tf.float32) if x.dtype.size < 4 else x


# -- losses ----------------------------------------------------------------------------------


def negative_log_likelihood(log_probabilities, target):
    # A comparison is cheaper than a gather, whose gradient would scatter.
    chosen = tf.one_hot(_index(target), log_probabilities.shape[-1], True, False, dtype=tf.bool)
    return -tf.reduce_sum(tf.where(chosen, log_probabilities, 0), -1)


def two_class_entropy(target, probabilities):
    yes, no = tf.math.log(probabilities), tf.math.log(1 - probabilities)
    return -(target * yes + (1 - target) * no)


# -- attention -------------------------------------------------------------------------------


def scaled_dot_product_attention(
    query, key, value, bias, mask, scale, is_causal, attn_logits_soft_cap
):
    repeats = query.shape[2] // key.shape[2]
    if repeats > 1:
        key, value = tf.repeat(key, repeats, 2), tf.repeat(value, repeats, 2)
    logits = _wide(tf.einsum("btnh,bsnh->bnts", query, key)) * scale
    if attn_logits_soft_cap is not None:
        logits = tf.tanh(logits / attn_logits_soft_cap) * attn_logits_soft_cap
    if bias is not None:
        logits = logits + tf.cast(bias, logits.dtype)
    if is_causal:
        causal = _lower_triangle(*tf.unstack(tf.shape(logits)[-2:]))
        mask = causal if mask is None else mask & causal
    if mask is not None:
        # a large number instead of -inf, which makes NaN
        logits = tf.where(mask, logits, 0.7 * logits.dtype.min)
    weights = tf.cast(tf.nn.softmax(logits), value.dtype)
    return tf.einsum("bnts,bsnh->btnh", weights, value)


def _lower_triangle(rows, columns):
    return tf.range(rows)[:, None] >= tf.range(columns)
