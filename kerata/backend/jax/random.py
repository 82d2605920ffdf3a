"""JAX kernels of random numbers, pure functions of their key: a seed and a counter.

The key is used as that of JAX' own generator, Threefry. The mask of `dropped_out` is a hash of
the position instead, which is fused into the product and takes a fifteenth of the time.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

_FIRST, _SECOND = 0x7FEB352D, 0x846CA68B


def advance_key(key):
    return key + jnp.array([0, 1], key.dtype)


def _threefry(key):
    return jax.random.wrap_key_data(key, impl="threefry2x32")


def uniform_samples(key, shape, dtype):
    return jax.random.uniform(_threefry(key), shape, _known(dtype))


def normal_samples(key, shape, dtype):
    return jax.random.normal(_threefry(key), shape, _known(dtype))


def truncated_normal_samples(key, shape, dtype):
    return jax.random.truncated_normal(_threefry(key), -2.0, 2.0, shape, _known(dtype))


def integer_samples(key, shape, minval, maxval, dtype):
    return jax.random.randint(_threefry(key), shape, minval, maxval, _known(dtype))


def categorical_samples(key, logits, num_samples, dtype):
    shape = (logits.shape[0], num_samples)
    samples = jax.random.categorical(_threefry(key), logits[..., None], 1, shape)
    return samples.astype(_known(dtype))


def gamma_samples(key, alpha, shape, dtype):
    return jax.random.gamma(_threefry(key), alpha, shape, _known(dtype))


def beta_samples(key, alpha, beta, shape, dtype):
    samples = jax.random.beta(_threefry(key), alpha, beta, shape, alpha.dtype)
    return samples.astype(_known(dtype))


def binomial_samples(key, counts, probabilities, shape, dtype):
    return jax.random.binomial(_threefry(key), counts, probabilities, shape, _known(dtype))


def permuted(key, x, axis):
    return jax.random.permutation(_threefry(key), x, axis, independent=True)


def _known(dtype):
    """Return the dtype that stands for a 64-bit one while JAX has 64 bits switched off."""
    return jax.dtypes.canonicalize_dtype(dtype)


@partial(jax.jit, static_argnames=("rate", "noise_shape"), inline=True)
def dropped_out(inputs, key, rate, noise_shape):
    threshold = min(round(rate * 2**32), 2**32 - 1) - 2**31  # a rate of 1 must fit int32 too
    kept = _hash_of_positions(key, noise_shape) >= jnp.int32(threshold)
    return jnp.where(kept, inputs * (1 / (1 - rate) if rate < 1 else 0), 0)


def _hash_of_positions(key, shape):
    """Return a random signed 32-bit number for each position of a tensor."""
    first = _mix(_mix(key[0]) + key[1])
    step = _mix(first) | jnp.uint32(1)  # odd: no word comes twice
    words = lax.iota(jnp.uint32, math.prod(shape)) * step + first
    return lax.bitcast_convert_type(_mix(words), jnp.int32).reshape(shape)


def _mix(words):
    """Scatter the bits of 32-bit words, most thoroughly into the high bits."""
    words = (words ^ (words >> 16)) * jnp.uint32(_FIRST)
    return (words ^ (words >> 15)) * jnp.uint32(_SECOND)
