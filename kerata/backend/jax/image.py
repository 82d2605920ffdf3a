"""JAX kernels of images (batch, height, width, channels), each compiled as one program."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from kerata.backend import sampling

# Where more pixels than these are summed, a product of matrices is faster.
_MANY_TAPS = 24


@functools.partial(jax.jit, static_argnames=("size", "interpolation", "antialias"), inline=True)
def resized(images, size, interpolation, antialias):
    result = images
    for axis, new in zip((1, 2), size, strict=True):
        result = _resized_along(result, axis, new, interpolation, antialias)
    return result.astype(images.dtype)


def _resized_along(x, axis, new, interpolation, antialias):
    size = x.shape[axis]
    if interpolation == "nearest":
        return jnp.take(x, sampling.nearest_pixels(np.arange(new), size, new), axis)
    indices, weights = sampling.taps(size, new, interpolation, antialias)
    if len(indices) > _MANY_TAPS:
        matrix = sampling.resizing_weights(size, new, interpolation, antialias)
        return jnp.moveaxis(jnp.tensordot(matrix, x, (1, axis)), 0, axis)
    weights = weights.reshape(*weights.shape, *[1] * (x.ndim - 1 - axis))
    pairs = zip(indices, weights, strict=True)
    return sum(jnp.take(x, index, axis) * weight for index, weight in pairs)


@functools.partial(jax.jit, static_argnames=("order", "fill_mode", "fill_value"), inline=True)
def sampled(inputs, coordinates, order, fill_mode, fill_value):
    shape = jnp.broadcast_shapes(*(position.shape for position in coordinates))
    count = jnp.broadcast_shapes(shape[:1], (len(inputs),))
    coordinates = [jnp.broadcast_to(each, count + shape[1:]) for each in coordinates]
    inputs = jnp.broadcast_to(inputs, count + inputs.shape[1:])

    def read(image, *positions):
        return _read(image, positions, order, fill_mode, fill_value)

    return lax.platform_dependent(
        inputs,
        *coordinates,
        # XLA would compute what the pixels come from again for each of their neighbours, but it
        # does not reach into a loop
        cpu=lambda *batch: lax.map(lambda one: read(*one), batch),
        default=jax.vmap(read),
    )


def _read(image, coordinates, order, fill_mode, fill_value):
    """Sample one image (*sizes, channels)."""
    *sizes, channels = image.shape
    rows = image.reshape(-1, channels)

    def pixels_at(whole):
        index = 0
        for position, size in zip(whole, sizes, strict=True):
            index = index * size + position.astype("int32")
        return rows.at[index].get(mode="promise_in_bounds")

    result = sampling.interpolated(jnp, pixels_at, sizes, coordinates, order, fill_mode, fill_value)
    return result.astype(image.dtype)
