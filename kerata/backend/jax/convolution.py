"""JAX kernels of convolutions: the formulations that XLA runs fast on CPUs.

On GPUs and TPUs a convolution is one `lax.conv_general_dilated`. On CPUs XLA has a fast,
multi-threaded kernel for one form alone: ungrouped, channels last, kernel (*window, in, out).
It rewrites the convolutions that automatic differentiation produces to that form only outside
of loops; in a loop, as in several training steps fused into one program, they run 50 times
slower. Grouped, depthwise and transposed ones are slow everywhere. So on CPUs

* `_correlate`, the general convolution, has gradients that are themselves calls of
  `_correlate`: nothing but the fast form is ever compiled, to any order of differentiation;
* a window of one element is a matrix product;
* up to four input channels fill the fast kernel badly: the windows are laid out in rows
  instead (`_correlate_rows`), and multiplied as a matrix;
* groups are separate convolutions in a loop; a depthwise one is a sum of shifted products.

The price is forward-mode differentiation (`jax.jvp`, `jax.hessian`): see `gradient.py`.
"""

import itertools
import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from kerata.backend import windows
from kerata.backend.jax.gradient import has_own_rules

# Up to this many input channels, windows as the rows of a matrix are faster.
_FEW_CHANNELS = 4

# Larger windows (more than 11 x 11 elements) are not taken apart into their elements.
_FEW_TAPS = 121

# Outside of a compiled program one call of a compiled function is much faster than many small
# ones; inside, the function is merged into the program.
_compiled = partial(jax.jit, static_argnames="geometry", inline=True)


class _Geometry(NamedTuple):
    """How the window moves; each a tuple over the spatial dimensions."""

    strides: tuple
    padding: tuple  # pairs; negative numbers cut
    spread: tuple  # distance between neighbours of the input, with zeros between them
    dilation: tuple  # distance between neighbours of the window


# -- the kernels -----------------------------------------------------------------------------


def convolution(inputs, kernel, strides, padding, data_format, dilation_rate):
    sizes = inputs.shape[1:-1] if data_format == "channels_last" else inputs.shape[2:]
    window = kernel.shape[:-2]
    amounts = windows.paddings_of(padding, sizes, window, strides, dilation_rate)
    geometry = _Geometry(strides, amounts, (1,) * len(window), dilation_rate)
    return _dispatch(inputs, kernel, geometry, data_format)


def transposed_convolution(
    inputs, kernel, strides, padding, output_padding, data_format, dilation_rate
):
    sizes = inputs.shape[1:-1] if data_format == "channels_last" else inputs.shape[2:]
    window = kernel.shape[:-2]
    amounts = windows.transposed_paddings_of(
        padding, sizes, window, strides, output_padding, dilation_rate
    )
    geometry = _Geometry((1,) * len(window), amounts, strides, dilation_rate)
    return _dispatch(inputs, _flipped(kernel), geometry, data_format)


def depthwise_convolution(inputs, kernel, strides, padding, data_format, dilation_rate):
    *window, channels, multiplier = kernel.shape
    grouped = kernel.reshape(*window, 1, channels * multiplier)
    return convolution(inputs, grouped, strides, padding, data_format, dilation_rate)


def _dispatch(inputs, kernel, geometry, data_format):
    """Convolve, with as many groups as the kernel's input channels go into the inputs'."""
    if not has_own_rules():
        return _lax_convolution(inputs, kernel, geometry, data_format)
    if data_format == "channels_first":
        outputs = _dispatch(jnp.moveaxis(inputs, 1, -1), kernel, geometry, "channels_last")
        return jnp.moveaxis(outputs, -1, 1)
    channels = kernel.shape[-2]
    if channels < inputs.shape[-1]:
        form = _depthwise if channels == 1 and _has_few_taps(kernel) else _grouped
        return form(inputs, kernel, geometry)
    if _is_pointwise(kernel, geometry):
        return _pointwise(inputs, kernel, geometry.strides)
    if channels <= _FEW_CHANNELS and _has_few_taps(kernel) and max(geometry.spread) == 1:
        return _correlate_rows(inputs, kernel, geometry)
    return _correlate(inputs, kernel, geometry)


def _has_few_taps(kernel):
    return math.prod(kernel.shape[:-2]) <= _FEW_TAPS


def _lax_convolution(inputs, kernel, geometry, data_format):
    spatial = "DHW"[-len(geometry.strides) :]
    layout = f"N{spatial}C" if data_format == "channels_last" else f"NC{spatial}"
    channels = inputs.shape[layout.index("C")]
    return lax.conv_general_dilated(
        inputs,
        kernel,
        geometry.strides,
        geometry.padding,
        lhs_dilation=geometry.spread,
        rhs_dilation=geometry.dilation,
        dimension_numbers=(layout, f"{spatial}IO", layout),
        feature_group_count=channels // kernel.shape[-2],
    )


# -- a window of one element -----------------------------------------------------------------


def _is_pointwise(kernel, geometry):
    ones = (1,) * len(geometry.strides)
    unpadded = not any(itertools.chain(*geometry.padding))
    return kernel.shape[:-2] == ones and geometry.spread == ones and unpadded


def _pointwise(inputs, kernel, strides):
    inputs = inputs[(slice(None), *(slice(None, None, stride) for stride in strides))]
    # One flat matrix: the gradients of products of rank 4 take twice the time.
    rows = inputs.reshape(-1, inputs.shape[-1])
    product = rows @ kernel.reshape(kernel.shape[-2:])
    return product.reshape(*inputs.shape[:-1], kernel.shape[-1])


# -- the general convolution, closed under differentiation -----------------------------------


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _correlate(inputs, kernel, geometry):
    return _lax_convolution(inputs, kernel, geometry, "channels_last")


def _correlate_forward(inputs, kernel, geometry):
    return _correlate(inputs, kernel, geometry), (inputs, kernel)


def _correlate_backward(geometry, saved, gradient):
    inputs, kernel = saved
    return (
        _input_gradient(inputs, kernel, gradient, geometry),
        _kernel_gradient(inputs, kernel, gradient, geometry),
    )


_correlate.defvjp(_correlate_forward, _correlate_backward)


def _flipped(kernel):
    """Reverse the window and exchange input and output channels."""
    return jnp.flip(kernel, tuple(range(kernel.ndim - 2))).swapaxes(-1, -2)


def _reversed_geometry(inputs, kernel, gradient, geometry):
    """Return the geometry that leads from the gradient of the outputs to that of the inputs.

    Strides and spread change places. With reach = (window - 1) * dilation, the padding before
    is what complements the old one to the reach; that behind fits the size of the inputs.
    """
    padding = []
    sizes = zip(inputs.shape[1:-1], kernel.shape, gradient.shape[1:-1], strict=False)
    for (size, window, positions), stride, (low, _), spread, dilation in zip(
        sizes, *geometry, strict=True
    ):
        reach = (window - 1) * dilation
        before = reach - low
        padding.append((before, (size - 1) * spread - (positions - 1) * stride - before + reach))
    return _Geometry(geometry.spread, tuple(padding), geometry.strides, geometry.dilation)


def _input_gradient(inputs, kernel, gradient, geometry):
    backwards = _reversed_geometry(inputs, kernel, gradient, geometry)
    return _correlate(gradient, _flipped(kernel), backwards)


def _kernel_gradient(inputs, kernel, gradient, geometry):
    """Correlate inputs and gradient of the outputs over the batch, which acts as channels.

    The one that is more finely spaced is the input of that correlation, the other its window:
    so no zeros are multiplied.
    """
    if max(geometry.spread) > max(geometry.strides):
        backwards = _reversed_geometry(inputs, kernel, gradient, geometry)
        flipped = _kernel_gradient_direct(gradient, kernel, inputs, backwards)
        return _flipped(flipped)
    return _kernel_gradient_direct(inputs, kernel, gradient, geometry)


def _kernel_gradient_direct(inputs, kernel, gradient, geometry):
    padding = []
    sizes = zip(inputs.shape[1:-1], kernel.shape, gradient.shape[1:-1], strict=False)
    for (size, window, positions), stride, (low, _), spread, dilation in zip(
        sizes, *geometry, strict=True
    ):
        reach = (window - 1) * dilation
        padding.append((low, (positions - 1) * stride + reach - (size - 1) * spread - low))
    swapped = _Geometry(geometry.dilation, tuple(padding), geometry.spread, geometry.strides)
    channels_as_batch = jnp.swapaxes(inputs, 0, -1)
    return jnp.moveaxis(
        _correlate(channels_as_batch, jnp.moveaxis(gradient, 0, -2), swapped), 0, -2
    )


# -- windows as rows -------------------------------------------------------------------------


def _taps(inputs, window, geometry):
    """Yield, for each element of the window, the input that it meets at every position."""
    rank = len(window)
    edges = zip(geometry.padding, geometry.spread, strict=True)
    config = [(0, 0, 0), *((low, high, gap - 1) for (low, high), gap in edges), (0, 0, 0)]
    padded = lax.pad(inputs, jnp.zeros((), inputs.dtype), config)
    sizes = padded.shape[1 : rank + 1]
    moves = list(zip(sizes, window, geometry.strides, geometry.dilation, strict=True))
    counts = [(size - windows.span(n, step)) // stride + 1 for size, n, stride, step in moves]
    for offsets in itertools.product(*(range(n) for n in window)):
        start = [offset * step for offset, step in zip(offsets, geometry.dilation, strict=True)]
        stop = [
            first + (count - 1) * stride + 1
            for first, count, stride in zip(start, counts, geometry.strides, strict=True)
        ]
        yield lax.slice(
            padded,
            (0, *start, 0),
            (padded.shape[0], *stop, padded.shape[-1]),
            (1, *geometry.strides, 1),
        )


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _correlate_rows(inputs, kernel, geometry):
    return _correlate_rows_forward(inputs, kernel, geometry)[0]


@_compiled
def _correlate_rows_forward(inputs, kernel, geometry):
    taps = jnp.concatenate(list(_taps(inputs, kernel.shape[:-2], geometry)), axis=-1)
    rows = taps.reshape(-1, taps.shape[-1])
    product = rows @ kernel.reshape(-1, kernel.shape[-1])
    return product.reshape(*taps.shape[:-1], kernel.shape[-1]), (inputs, kernel, rows)


def _correlate_rows_backward(geometry, saved, gradient):
    inputs, kernel, rows = saved
    kernel_gradient = rows.T @ gradient.reshape(-1, gradient.shape[-1])
    return (
        _input_gradient(inputs, kernel, gradient, geometry),
        kernel_gradient.reshape(kernel.shape),
    )


_correlate_rows.defvjp(_correlate_rows_forward, _correlate_rows_backward)


# -- groups ----------------------------------------------------------------------------------


@_compiled
def _grouped(inputs, kernel, geometry):
    """Convolve each group of channels by itself, one after the other."""
    groups = inputs.shape[-1] // kernel.shape[-2]

    def stacked(tensor):
        split = tensor.reshape(*tensor.shape[:-1], groups, tensor.shape[-1] // groups)
        return jnp.moveaxis(split, -2, 0)

    outputs = lax.map(
        lambda group: _correlate(*group, geometry), (stacked(inputs), stacked(kernel))
    )
    outputs = jnp.moveaxis(outputs, 0, -2)
    return outputs.reshape(*outputs.shape[:-2], -1)


@_compiled
def _depthwise(inputs, kernel, geometry):
    *window, _, filters = kernel.shape
    inputs = jnp.repeat(inputs, filters // inputs.shape[-1], axis=-1)
    return _depthwise_sum(inputs, kernel.reshape(*window, filters), geometry)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _depthwise_sum(inputs, kernel, geometry):
    """Convolve each channel with its own window: kernel has shape (*window, channels)."""
    taps = _taps(inputs, kernel.shape[:-1], geometry)
    weights = kernel.reshape(-1, kernel.shape[-1])
    return sum(tap * weight for tap, weight in zip(taps, weights, strict=True))


def _depthwise_forward(inputs, kernel, geometry):
    return _depthwise_sum(inputs, kernel, geometry), (inputs, kernel)


def _depthwise_backward(geometry, saved, gradient):
    inputs, kernel = saved
    backwards = _reversed_geometry(inputs, kernel, gradient, geometry)
    flipped = jnp.flip(kernel, tuple(range(kernel.ndim - 1)))
    return (
        _depthwise_sum(gradient, flipped, backwards),
        _depthwise_kernel_gradient(inputs, kernel, gradient, geometry),
    )


_depthwise_sum.defvjp(_depthwise_forward, _depthwise_backward)


@_compiled
def _depthwise_kernel_gradient(inputs, kernel, gradient, geometry):
    """Sum products over the batch in a loop: an image at a time stays in the caches."""
    window = kernel.shape[:-1]
    kept = gradient.shape[-2:]  # the last spatial dimension is summed once, at the end
    summed = tuple(range(gradient.ndim - 2))

    def add(total, example):
        image, slope = (part[None] for part in example)
        products = [jnp.sum(tap * slope, summed) for tap in _taps(image, window, geometry)]
        return total + jnp.stack(products), None

    taps = kernel.size // kernel.shape[-1]
    total, _ = lax.scan(add, jnp.zeros((taps, *kept), gradient.dtype), (inputs, gradient))
    return total.sum(-2).reshape(kernel.shape)
