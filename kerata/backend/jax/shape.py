"""JAX kernels that make tensors, and that reshape, order, join, cut and repeat them."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.dtypes import canonicalize_dtype

FROM_ENGINE = ("broadcast_to",)


def filled(shape, value, dtype):
    return jnp.full(shape, value, canonicalize_dtype(dtype))


def filled_like(x, value, dtype, shape=None):
    return jnp.full(x.shape if shape is None else shape, value, canonicalize_dtype(dtype))


def sequence(start, step, length, dtype):
    wanted = canonicalize_dtype(dtype)
    if isinstance(start, int) and step == 1 and jnp.issubdtype(wanted, jnp.integer):
        return jax.lax.iota(wanted, length) + jnp.asarray(start, wanted)
    # computed on the host in 64 bit, so that low precision is rounded only once
    return jnp.asarray((start + step * np.arange(length)).astype(wanted))


def bitcast(x, dtype):
    return x.view(canonicalize_dtype(dtype))


def with_shape(x, newshape):
    return jnp.reshape(x, newshape)


def expand_dims(x, axis):
    return jnp.expand_dims(x, axis)


def squeeze(x, axis=None):
    return jnp.squeeze(x, axis)


def transpose(x, axes=None):
    return jnp.transpose(x, axes)


def flip(x, axis=None):
    return jnp.flip(x, axis)


def roll(x, shift, axis=None):
    return jnp.roll(x, shift, axis)


def tril(x, k=0):
    return jnp.tril(x, k)


def triu(x, k=0):
    return jnp.triu(x, k)


def diagonal(x, offset=0, axis1=0, axis2=1):
    return jnp.diagonal(x, offset, axis1, axis2)


def diag(x, k=0):
    return jnp.diag(x, k)


def concatenate(xs, axis=0):
    return jnp.concatenate(xs, axis)


def stack(x, axis=0):
    return jnp.stack(x, axis)


def split(x, indices_or_sections, axis=0):
    if not isinstance(indices_or_sections, int):
        size = x.shape[axis]
        indices_or_sections = [i + size if i < 0 else i for i in indices_or_sections]
    return jnp.split(x, indices_or_sections, axis)


def unstack(x, num=None, axis=0):
    if num not in (None, x.shape[axis]):
        raise ValueError(f"not {num} slices along axis {axis} of shape {tuple(x.shape)}")
    return list(jnp.unstack(x, axis=axis))


def tile(x, repeats):
    return jnp.tile(x, repeats)


def repeated(x, repeats, axis):
    counts = repeats if isinstance(repeats, int) else np.asarray(repeats)
    return jnp.repeat(x, counts, axis)


def padded(x, widths, mode, value):
    if mode == "constant":
        return jnp.pad(x, widths, constant_values=value)
    return jnp.pad(x, widths, mode)


def positions_along(x, axis):
    return jnp.arange(x.shape[axis], dtype="int32")
