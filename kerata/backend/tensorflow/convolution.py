"""TensorFlow kernels of convolutions: its own, and detours around what it lacks on CPUs.

* Groups: TensorFlow has no gradients of them there, so each group is a convolution of its own.
* Dilation together with strides, or in transposed convolutions: the kernel is spread out with
  zeros.
* Depthwise convolutions exist in two dimensions with equal strides: lines are planes of height
  1, and other forms are sums of shifted products.
* Channels come last throughout.
"""

import itertools

import tensorflow as tf

from kerata.backend import windows

# Said explicitly: by default eager gradients of three-dimensional convolutions fail.
_LAYOUTS = {1: "NWC", 2: "NHWC", 3: "NDHWC"}


def convolution(inputs, kernel, strides, padding, data_format, dilation_rate):
    if inputs.shape[0] == 0:  # for no images TensorFlow returns its inputs as they are
        one = tf.zeros((1, *inputs.shape[1:]), inputs.dtype)
        return convolution(one, kernel, strides, padding, data_format, dilation_rate)[:0]
    inputs = _channels_last(inputs, data_format)
    if max(strides) > 1 and max(dilation_rate) > 1:
        kernel, dilation_rate = _spread(kernel, dilation_rate), (1,) * len(strides)
    groups = inputs.shape[-1] // kernel.shape[-2]
    arguments = strides, padding, dilation_rate
    if groups > 1 and kernel.shape[-2] == 1:
        *window, _, filters = kernel.shape
        separate = tf.reshape(kernel, (*window, groups, filters // groups))
        outputs = _depthwise(inputs, separate, *arguments)
    else:
        outputs = _grouped(inputs, kernel, groups, *arguments)
    return _original_format(outputs, data_format)


def _grouped(inputs, kernel, groups, strides, padding, dilation):
    parts = zip(tf.split(inputs, groups, -1), tf.split(kernel, groups, -1), strict=True)
    settings = (strides, padding.upper(), _LAYOUTS[len(strides)], dilation)
    return tf.concat([tf.nn.convolution(*part, *settings) for part in parts], -1)


# -- transposed ------------------------------------------------------------------------------


def transposed_convolution(
    inputs, kernel, strides, padding, output_padding, data_format, dilation_rate
):
    inputs = _channels_last(inputs, data_format)
    if max(dilation_rate) > 1:
        kernel = _spread(kernel, dilation_rate)
    geometry = list(
        zip(inputs.shape[1:-1], kernel.shape[:-2], strides, output_padding, strict=True)
    )
    restored = [
        windows.transposed_output_size(size, window, stride, padding, extra)
        for size, window, stride, extra in geometry
    ]
    if all(
        windows.output_size(target, window, stride, padding) == size
        for target, (size, window, stride, _) in zip(restored, geometry, strict=True)
    ):
        outputs = _convolve_transposed(inputs, kernel, restored, strides, padding)
    else:
        full = [windows.span(size, stride) + window - 1 for size, window, stride, _ in geometry]
        outputs = _convolve_transposed(inputs, kernel, full, strides, "valid")
        outputs = _cut(outputs, full, restored, padding)
    return _original_format(outputs, data_format)


def _convolve_transposed(inputs, kernel, sizes, strides, padding):
    shape = (tf.shape(inputs)[0], *sizes, kernel.shape[-2])
    return tf.nn.conv_transpose(inputs, kernel, shape, strides, padding.upper())


def _cut(outputs, full, restored, padding):
    """Cut the full result to the size asked for, or add zeros at its end."""
    surplus = [have - want for have, want in zip(full, restored, strict=True)]
    starts = [max(more, 0) // 2 if padding == "same" else 0 for more in surplus]
    ends = zip(starts, surplus, strict=True)
    missing = [(0, max(start - more, 0)) for start, more in ends]
    outputs = tf.pad(outputs, [(0, 0), *missing, (0, 0)])
    kept = [slice(start, start + size) for start, size in zip(starts, restored, strict=True)]
    return outputs[(slice(None), *kept)]


def _spread(kernel, dilation):
    """Put zeros between neighbours of the window."""
    for axis, step in enumerate(dilation):
        size, rest = kernel.shape[axis], kernel.shape[axis + 1 :]
        widened = tf.expand_dims(kernel, axis + 1)
        amounts = [(0, 0)] * len(widened.shape)
        amounts[axis + 1] = (0, step - 1)
        joined = tf.reshape(tf.pad(widened, amounts), (*kernel.shape[:axis], size * step, *rest))
        kernel = joined[(slice(None),) * axis + (slice(windows.span(size, step)),)]
    return kernel


# -- depthwise -------------------------------------------------------------------------------


def depthwise_convolution(inputs, kernel, strides, padding, data_format, dilation_rate):
    inputs = _channels_last(inputs, data_format)
    outputs = _depthwise(inputs, kernel, strides, padding, dilation_rate)
    return _original_format(outputs, data_format)


def _depthwise(inputs, kernel, strides, padding, dilation):
    if len(strides) == 1:
        # a stride of planes of height 1 may be anything along the height
        strides, dilation = strides * 2, (1, *dilation)
        return _depthwise(inputs[:, None], kernel[None], strides, padding, dilation)[:, 0]
    if len(strides) == 2 and len(set(strides)) == 1 and 1 in (strides[0], max(dilation)):
        steps = (1, *strides, 1)
        return tf.nn.depthwise_conv2d(inputs, kernel, steps, padding.upper(), dilations=dilation)
    return _depthwise_sum(inputs, kernel, strides, padding, dilation)


def _depthwise_sum(inputs, kernel, strides, padding, dilation):
    """Convolve each channel with its own windows: kernel (*window, channels, multiplier)."""
    *window, channels, multiplier = kernel.shape
    weights = tf.unstack(tf.reshape(kernel, (-1, channels * multiplier)))
    if multiplier > 1:
        inputs = tf.repeat(inputs, multiplier, -1)
    taps = _taps(inputs, window, strides, padding, dilation)
    return tf.add_n([tap * weight for tap, weight in zip(taps, weights, strict=True)])


def _taps(inputs, window, strides, padding, dilation):
    """Yield, for each element of the window, the input that it meets at every position."""
    sizes = inputs.shape[1:-1]
    amounts = windows.paddings_of(padding, sizes, window, strides, dilation)
    padded = tf.pad(inputs, [(0, 0), *amounts, (0, 0)])
    geometry = list(zip(padded.shape[1:-1], window, strides, dilation, strict=True))
    counts = [
        windows.output_size(size, width, stride, "valid", step)
        for size, width, stride, step in geometry
    ]
    for offsets in itertools.product(*(range(width) for width in window)):
        places = [
            slice(offset * step, offset * step + windows.span(count, stride), stride)
            for offset, count, (_, _, stride, step) in zip(offsets, counts, geometry, strict=True)
        ]
        yield padded[(slice(None), *places)]


# -- formats ---------------------------------------------------------------------------------


def _channels_last(inputs, data_format):
    if data_format == "channels_last":
        return inputs
    return tf.transpose(inputs, (0, *range(2, len(inputs.shape)), 1))


def _original_format(outputs, data_format):
    if data_format == "channels_last":
        return outputs
    rank = len(outputs.shape)
    return tf.transpose(outputs, (0, rank - 1, *range(1, rank - 1)))
