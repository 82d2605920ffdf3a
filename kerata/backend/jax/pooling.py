"""JAX kernels of pooling.

XLA reduces windows slowly on CPUs, above all in the gradient of the maximum. A window of
k x k elements is therefore reduced one dimension after the other: k slices, k - 1 maxima or
sums. The maximum remembers in a byte which slice it came from, for the gradient; of equal
elements the first in the window counts, because the last dimension is reduced first.
"""

from functools import partial, reduce

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from kerata.backend import windows
from kerata.backend.jax.gradient import has_own_rules

_MOST_SLICES = 255  # what a byte can tell apart

# Outside of a compiled program one call of a compiled function is much faster than many small
# ones; inside, the function is merged into the program.
_compiled = partial(jax.jit, static_argnums=(1, 2, 3), inline=True)


def windowed_max(inputs, pool_size, strides, padding, data_format):
    lowest = _lowest(inputs.dtype)
    axes, amounts = _spatial(inputs, pool_size, strides, padding, data_format)
    if not has_own_rules() or max(pool_size) > _MOST_SLICES:
        return _reduce_window(inputs, lowest, lax.max, axes, amounts, pool_size, strides)
    outputs = _pad(inputs, axes, amounts, lowest)
    for axis, size, stride in reversed(list(zip(axes, pool_size, strides, strict=True))):
        outputs = _max_along(outputs, axis, size, stride)
    return outputs


def windowed_mean(inputs, pool_size, strides, padding, data_format):
    """Return means over the elements that are not padding."""
    axes, amounts = _spatial(inputs, pool_size, strides, padding, data_format)
    zero = np.zeros((), inputs.dtype)
    if has_own_rules():
        sums = _pad(inputs, axes, amounts, zero)
        for axis, size, stride in zip(axes, pool_size, strides, strict=True):
            sums = _reduce_along(sums, axis, size, stride, jnp.add)
    else:
        sums = _reduce_window(inputs, zero, lax.add, axes, amounts, pool_size, strides)
    return sums / _counts(inputs, axes, amounts, pool_size, strides)


def _spatial(inputs, pool_size, strides, padding, data_format):
    """Return the spatial axes and what to pad along each."""
    first = 1 if data_format == "channels_last" else 2
    axes = tuple(range(first, first + len(pool_size)))
    sizes = [inputs.shape[axis] for axis in axes]
    return axes, windows.paddings_of(padding, sizes, pool_size, strides)


def _lowest(dtype):
    return -np.inf if jnp.issubdtype(dtype, jnp.inexact) else np.iinfo(dtype).min


def _everywhere(ndim, axes, values, fill):
    """Spread the values of some axes over all axes."""
    every = [fill] * ndim
    for axis, value in zip(axes, values, strict=True):
        every[axis] = value
    return tuple(every)


def _reduce_window(inputs, start, operation, axes, amounts, pool_size, strides):
    ndim = inputs.ndim
    return lax.reduce_window(
        inputs,
        np.asarray(start, inputs.dtype),
        operation,
        _everywhere(ndim, axes, pool_size, 1),
        _everywhere(ndim, axes, strides, 1),
        _everywhere(ndim, axes, amounts, (0, 0)),
    )


def _pad(inputs, axes, amounts, fill):
    if not any(low or high for low, high in amounts):
        return inputs
    config = _everywhere(inputs.ndim, axes, [(low, high, 0) for low, high in amounts], (0, 0, 0))
    return lax.pad(inputs, jnp.asarray(fill, inputs.dtype), config)


def _counts(inputs, axes, amounts, pool_size, strides):
    """Return how many elements of each window are not padding, to be broadcast."""
    counts = np.ones((), inputs.dtype)
    for axis, pads, size, stride in zip(axes, amounts, pool_size, strides, strict=True):
        present = np.pad(np.ones(inputs.shape[axis], inputs.dtype), pads)
        along = np.lib.stride_tricks.sliding_window_view(present, size)[::stride].sum(1)
        counts = counts * along.reshape(-1, *(1,) * (inputs.ndim - axis - 1))
    return counts


def _slices(inputs, axis, size, stride):
    """Return, for each place in a window along one axis, the elements that stand there."""
    count = (inputs.shape[axis] - size) // stride + 1
    return [
        lax.slice_in_dim(inputs, start, start + (count - 1) * stride + 1, stride, axis)
        for start in range(size)
    ]


@partial(jax.jit, static_argnums=(1, 2, 3, 4), inline=True)
def _reduce_along(inputs, axis, size, stride, operation):
    """Reduce every window along one axis."""
    return reduce(operation, _slices(inputs, axis, size, stride))


# -- maxima along one axis -------------------------------------------------------------------


@partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3))
def _max_along(inputs, axis, size, stride):
    return _reduce_along(inputs, axis, size, stride, jnp.maximum)


@_compiled
def _max_along_forward(inputs, axis, size, stride):
    first, *others = _slices(inputs, axis, size, stride)
    largest, place = first, jnp.zeros(first.shape, jnp.uint8)
    for index, values in enumerate(others, start=1):
        place = jnp.where(values > largest, jnp.uint8(index), place)
        largest = jnp.maximum(largest, values)
    # an array without elements carries the size of the inputs to the gradient
    return largest, (place, jnp.zeros((inputs.shape[axis], 0)))


def _max_along_backward(axis, size, stride, saved, gradient):
    place, sized = saved
    arguments = (place, gradient, axis, size, stride, sized.shape[0])
    return (_put_side_by_side(*arguments) if size == stride else _put_overlapping(*arguments),)


_max_along.defvjp(_max_along_forward, _max_along_backward)


def _put_side_by_side(place, gradient, axis, size, _, length):
    """Return the gradient of the inputs where each belongs to one window."""
    places = jnp.arange(size, dtype=jnp.uint8).reshape(-1, *(1,) * (gradient.ndim - axis - 1))
    chosen = jnp.expand_dims(place, axis + 1) == places
    put = jnp.where(chosen, jnp.expand_dims(gradient, axis + 1), 0)
    count = gradient.shape[axis] * size
    put = put.reshape(*gradient.shape[:axis], count, *gradient.shape[axis + 1 :])
    return _pad(put, (axis,), [(0, length - count)], 0)


def _put_overlapping(place, gradient, axis, size, stride, length):
    """Return the gradient of the inputs as a sum over the places in the windows."""
    reach = (gradient.shape[axis] - 1) * stride + 1
    total = 0
    for start in range(size):
        config = [(0, 0, 0)] * gradient.ndim
        config[axis] = (start, length - start - reach, stride - 1)
        put = jnp.where(place == start, gradient, 0)
        total = total + lax.pad(put, jnp.zeros((), gradient.dtype), config)
    return total
