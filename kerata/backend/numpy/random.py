"""NumPy kernels of random numbers: the readable reference.

Every function is a pure function of its key, two 32-bit words: a seed and a counter. Samples
come from Philox, a generator that is itself keyed. The mask of `dropped_out` is a hash of
the position instead, cheap on every engine and equal on all of them.
"""

import ml_dtypes
import numpy as np

from kerata.backend.numpy.half import _in_float32

# The multiplicative hash "lowbias32" of Wellons (2018), "Prospecting for Hash Functions".
_FIRST, _SECOND = np.uint32(0x7FEB352D), np.uint32(0x846CA68B)


def advance_key(key):
    return key + np.array([0, 1], key.dtype)


def _generator(key):
    return np.random.Generator(np.random.Philox(key=key.astype("uint64")))


def uniform_samples(key, shape, dtype):
    samples = _generator(key).random(shape)
    # whole multiples of the spacing just below 1, so that none is rounded up to 1
    steps = 2.0 ** (ml_dtypes.finfo(dtype).nmant + 1)
    return (np.floor(samples * steps) / steps).astype(dtype)


def normal_samples(key, shape, dtype):
    return _generator(key).standard_normal(shape).astype(dtype)


def truncated_normal_samples(key, shape, dtype):
    generator = _generator(key)
    samples = np.asarray(generator.standard_normal(shape))
    outside = np.abs(samples) > 2
    while outside.any():
        samples[outside] = generator.standard_normal(outside.sum())
        outside = np.abs(samples) > 2
    return samples.astype(dtype)


def integer_samples(key, shape, minval, maxval, dtype):
    return _generator(key).integers(minval, maxval, shape).astype(dtype)


def categorical_samples(key, logits, num_samples, dtype):
    # the largest of logits plus Gumbel noise is distributed as their softmax
    noise = _generator(key).gumbel(size=(logits.shape[0], num_samples, logits.shape[1]))
    return (logits[:, None] + noise).argmax(-1).astype(dtype)


def gamma_samples(key, alpha, shape, dtype):
    return _generator(key).standard_gamma(alpha, shape).astype(dtype)


def beta_samples(key, alpha, beta, shape, dtype):
    return _generator(key).beta(alpha, beta, shape).astype(dtype)


def binomial_samples(key, counts, probabilities, shape, dtype):
    return _generator(key).binomial(counts.astype("int64"), probabilities, shape).astype(dtype)


def permuted(key, x, axis):
    return _generator(key).permuted(x, axis=axis)


@_in_float32
def dropped_out(inputs, key, rate, noise_shape):
    kept = _hash_of_positions(key, noise_shape) >= _threshold(rate)
    return np.where(kept, inputs * (1 / (1 - rate) if rate < 1 else 0), 0).astype(inputs.dtype)


def _threshold(rate):
    """Return the signed number below which the share `rate` of all 32-bit numbers lies."""
    return round(rate * 2**32) - 2**31


def _hash_of_positions(key, shape):
    """Return a random signed 32-bit number for each position of a tensor."""
    first = _mix(_mix(key[:1]) + key[1:])
    step = _mix(first) | np.uint32(1)  # odd: no word comes twice
    words = np.arange(np.prod(shape, dtype=int), dtype="uint32") * step + first
    return _mix(words).view("int32").reshape(shape)


def _mix(words):
    """Scatter the bits of 32-bit words, most thoroughly into the high bits."""
    words = (words ^ (words >> np.uint32(16))) * _FIRST
    return (words ^ (words >> np.uint32(15))) * _SECOND
