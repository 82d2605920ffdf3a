"""JAX kernels that reduce or accumulate along axes."""

import jax
import jax.numpy as jnp

FROM_ENGINE = ("mean", "var", "max", "min", "any", "all")

# sums of small integers are carried in 32 bit, so that they do not overflow
_SUM_DTYPES = {
    "bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32",
}  # fmt: skip


def _sum_dtype(x):
    return _SUM_DTYPES.get(x.dtype.name, x.dtype)


def sum(x, axis=None, keepdims=False):
    return jnp.sum(x, axis=axis, keepdims=keepdims, dtype=_sum_dtype(x))


def prod(x, axis=None, keepdims=False, dtype=None):
    wanted = _sum_dtype(x) if dtype is None else jax.dtypes.canonicalize_dtype(dtype)
    return jnp.prod(x, axis=axis, keepdims=keepdims, dtype=wanted)


def logsumexp(x, axis=None, keepdims=False):
    return jax.nn.logsumexp(x, axis=axis, keepdims=keepdims)


def argmax(x, axis=None, keepdims=False):
    return jnp.argmax(x, axis=axis, keepdims=keepdims).astype("int32")


def argmin(x, axis=None, keepdims=False):
    return jnp.argmin(x, axis=axis, keepdims=keepdims).astype("int32")


def cumsum(x, axis=None):
    return jnp.cumsum(x, axis=axis, dtype=x.dtype)


def cumprod(x, axis=None):
    return jnp.cumprod(x, axis=axis, dtype=x.dtype)


def segment_sum(data, segment_ids, num_segments):
    return jax.ops.segment_sum(data, segment_ids, num_segments)


def segment_prod(data, segment_ids, num_segments):
    return jax.ops.segment_prod(data, segment_ids, num_segments)


def segment_max(data, segment_ids, num_segments):
    return jax.ops.segment_max(data, segment_ids, num_segments)


def segment_min(data, segment_ids, num_segments):
    return jax.ops.segment_min(data, segment_ids, num_segments)
