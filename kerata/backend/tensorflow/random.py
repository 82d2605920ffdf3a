"""TensorFlow kernels of random numbers, pure functions of their key: a seed and a counter.

TensorFlow's stateless integers are the same in eager code, in graphs and under XLA; its floats
are not. Uniform and normal numbers are therefore made of integers here. The mask of
`dropped_out` is a hash of the position, as on all engines.
"""

import math

import tensorflow as tf

_FIRST, _SECOND = 0x7FEB352D, 0x846CA68B

# How many random bits the floats of a dtype are made of: one more than the mantissa has.
_BITS = {"bfloat16": 8, "float16": 11, "float32": 24, "float64": 53}


def advance_key(key):
    return key + tf.constant([0, 1], key.dtype)


def _integers(key, shape, dtype, low=None, high=None):
    """Return integers from [low, high), or of all values that the dtype has."""
    seed = tf.cast(key, tf.int64)
    return tf.random.stateless_uniform(shape, seed, low, high, dtype, alg="philox")


def _whole_numbers(key, shape, dtype, bits):
    """Return integers from [0, 2**bits) as floats: of float32, unless the dtype is wider."""
    word = tf.uint64 if dtype == "float64" else tf.uint32
    shift = tf.constant(8 * word.size - bits, word)
    shifted = tf.bitwise.right_shift(_integers(key, shape, word), shift)
    return tf.cast(shifted, _wide(dtype))


def _wide(dtype):
    return tf.float64 if dtype == "float64" else tf.float32


def uniform_samples(key, shape, dtype):
    bits = _BITS[dtype]
    return tf.cast(_whole_numbers(key, shape, dtype, bits) * 2.0**-bits, dtype)


def _inside(key, shape, dtype):
    """Return numbers from inside (-1, 1), which are as far from one end as from the other."""
    bits = _BITS[_wide(dtype).name] - 1
    return _whole_numbers(key, shape, dtype, bits) * 2.0 ** (1 - bits) + (2.0**-bits - 1)


def normal_samples(key, shape, dtype):
    return tf.cast(_normal_quantiles(_inside(key, shape, dtype)), dtype)


def truncated_normal_samples(key, shape, dtype):
    bound = math.erf(2 / math.sqrt(2))
    samples = _normal_quantiles(_inside(key, shape, dtype) * bound)
    return tf.cast(tf.clip_by_value(samples, -2, 2), dtype)


def _normal_quantiles(symmetric):
    """Return the inverse of the normal distribution function, for probabilities 2 p - 1."""
    return tf.math.erfinv(symmetric) * math.sqrt(2)


def integer_samples(key, shape, minval, maxval, dtype):
    return tf.cast(_integers(key, shape, tf.int64, minval, maxval), dtype)


def categorical_samples(key, logits, num_samples, dtype):
    # the largest of logits plus Gumbel noise is distributed as their softmax
    classes = logits.shape[1]
    uniform = (_inside(key, (tf.shape(logits)[0], num_samples, classes), "float32") + 1) / 2
    noise = -tf.math.log(-tf.math.log(uniform))
    return tf.argmax(tf.cast(logits, tf.float32)[:, None] + noise, -1, tf.as_dtype(dtype))


def gamma_samples(key, alpha, shape, dtype):
    alpha = _parameter(alpha, shape, dtype)
    samples = tf.random.stateless_gamma(shape, tf.cast(key, tf.int64), alpha, dtype=alpha.dtype)
    return tf.cast(samples, dtype)


def beta_samples(key, alpha, beta, shape, dtype):
    # x / (x + y) for x, y of gamma distributions, by their logarithms, lest both become 0
    first, second = (_log_gamma(_part(key, i), p, shape) for i, p in enumerate((alpha, beta)))
    return tf.cast(tf.sigmoid(first - second), dtype)


def _log_gamma(key, alpha, shape):
    """Return logarithms of samples from gamma distributions, precise for small alpha as well.

    A sample for alpha + 1 times a uniform number to the power of 1 / alpha: Marsaglia and Tsang
    (2000), "A Simple Method for Generating Gamma Variables", section 6.
    """
    dtype = _wide(alpha.dtype.name).name
    alpha = _parameter(alpha, shape, dtype)
    uniform = (_inside(_part(key, 0), shape, dtype) + 1) / 2
    larger = gamma_samples(_part(key, 1), alpha + 1, shape, dtype)
    return tf.math.log(larger) + tf.math.log(uniform) / alpha


def _part(key, number):
    """Return one of several keys that are derived from a key."""
    return tf.random.experimental.stateless_fold_in(tf.cast(key, tf.int64), number)


def binomial_samples(key, counts, probabilities, shape, dtype):
    parameters = (_parameter(each, shape, dtype) for each in (counts, probabilities))
    samples = tf.random.stateless_binomial(
        shape, tf.cast(key, tf.int64), *parameters, output_dtype=_wide(dtype)
    )
    return tf.cast(samples, dtype)


def _parameter(parameter, shape, dtype):
    """Return a parameter broadcast, in a precision for which TensorFlow has samplers."""
    return tf.broadcast_to(tf.cast(parameter, _wide(dtype)), shape)


def permuted(key, x, axis):
    last = len(x.shape) - 1
    swapped = list(range(last + 1))
    swapped[axis], swapped[last] = last, axis
    lines = tf.transpose(x, swapped)
    order = tf.argsort(uniform_samples(key, tf.shape(lines), "float64"))
    return tf.transpose(tf.gather(lines, order, batch_dims=last), swapped)


# -- dropout ---------------------------------------------------------------------------------


def dropped_out(inputs, key, rate, noise_shape):
    threshold = min(round(rate * 2**32), 2**32 - 1) - 2**31  # a rate of 1 must fit int32 too
    kept = _hash_of_positions(key, noise_shape) >= threshold
    scaled = inputs * tf.cast(1 / (1 - rate) if rate < 1 else 0, inputs.dtype)
    return tf.where(kept, scaled, tf.zeros_like(scaled))


def _hash_of_positions(key, shape):
    """Return a random signed 32-bit number for each position of a tensor."""
    first = _mix(_mix(key[0]) + key[1])
    step = tf.bitwise.bitwise_or(_mix(first), _word(1))  # odd: no word comes twice
    words = tf.cast(tf.range(math.prod(shape)), tf.uint32) * step + first
    return tf.reshape(tf.bitcast(_mix(words), tf.int32), shape)


def _mix(words):
    """Scatter the bits of 32-bit words, most thoroughly into the high bits."""
    words = _xor_shifted(words, 16) * _word(_FIRST)
    return _xor_shifted(words, 15) * _word(_SECOND)


def _xor_shifted(words, places):
    return tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, _word(places)))


def _word(number):
    return tf.constant(number, tf.uint32)
