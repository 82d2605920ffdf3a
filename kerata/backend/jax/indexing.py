"""JAX kernels that read and write parts of tensors, and that sort and search."""

import jax.numpy as jnp
from jax import lax


def item(x, indices, key):
    _check_in_range(x, indices, key)
    each = iter(indices)
    return x[tuple(next(each) if isinstance(part, str) else part for part in key)]


def _check_in_range(x, indices, key):
    """Refuse integers out of range, which JAX would move into it without a word."""
    each = iter(indices)
    used = sum(part is not None and part is not Ellipsis for part in key)
    axis = 0
    for part in key:
        if isinstance(part, int) and not -x.shape[axis] <= part < x.shape[axis]:
            raise IndexError(f"index {part} for axis {axis} of shape {x.shape}")
        if part is Ellipsis:
            axis += x.ndim - used
        elif isinstance(part, str):
            index = next(each)
            axis += index.ndim if index.dtype == bool else 1
        elif part is not None:
            axis += 1


def slice_at(inputs, start_indices, shape):
    return lax.dynamic_slice(inputs, tuple(start_indices), shape)


def with_slice_at(inputs, start_indices, updates):
    return lax.dynamic_update_slice(inputs, updates, tuple(start_indices))


def take(x, indices, axis=None):
    return jnp.take(x, indices, axis)


def take_along_axis(x, indices, axis=None):
    return jnp.take_along_axis(x, indices, axis)


def scattered(inputs, indices, updates, reduction):
    at = inputs.at[tuple(jnp.moveaxis(indices, -1, 0))]
    change = {None: at.set, "add": at.add, "mul": at.mul, "max": at.max, "min": at.min}
    return change[reduction](updates)


def sort(x, axis=-1):
    return jnp.sort(x, axis)


def argsort(x, axis=-1):
    return jnp.argsort(x, axis).astype("int32")


def top_k(x, k, sorted=True):
    return tuple(lax.top_k(x, k))


def searchsorted(sorted_sequence, values, side="left"):
    return jnp.searchsorted(sorted_sequence, values, side).astype("int32")


def distinct(x, axis, size, fill_value):
    values, first, inverse, counts = jnp.unique(
        x,
        return_index=True,
        return_inverse=True,
        return_counts=True,
        axis=axis,
        size=size,
        fill_value=fill_value,
    )
    inverse = inverse.reshape(x.shape) if axis is None else inverse.ravel()
    return values, first.astype("int32"), inverse.astype("int32"), counts.astype("int32")
