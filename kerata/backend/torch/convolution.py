"""PyTorch kernels of convolutions.

torch wants channels second and kernels as (out, in, *window); both are views here, without
copies. Behind the view a channels-last tensor lies in the memory order that torch calls
`channels_last`, the fastest one on CPUs, and the result is of that order again. Convolutions
in one dimension are done in two, because only those have this order.
"""

from torch.nn import functional

from kerata.backend import windows

_CONVOLUTIONS = {2: functional.conv2d, 3: functional.conv3d}
_TRANSPOSED = {2: functional.conv_transpose2d, 3: functional.conv_transpose3d}


def convolution(inputs, kernel, strides, padding, data_format, dilation_rate):
    inputs = _channels_second(inputs, data_format)
    amounts = windows.paddings_of(
        padding, inputs.shape[2:], kernel.shape[:-2], strides, dilation_rate
    )
    groups = inputs.shape[1] // kernel.shape[-2]
    if len(strides) == 1:
        inputs, kernel = inputs.unsqueeze(2), kernel.unsqueeze(0)
        strides, dilation_rate, amounts = (1, *strides), (1, *dilation_rate), ((0, 0), *amounts)
        outputs = _convolve(inputs, kernel, strides, amounts, dilation_rate, groups).squeeze(2)
    else:
        outputs = _convolve(inputs, kernel, strides, amounts, dilation_rate, groups)
    return _original_format(outputs, data_format)


def _convolve(inputs, kernel, strides, amounts, dilation, groups):
    if any(low != high for low, high in amounts):
        # torch pads both ends alike; what is missing at the end is put there first
        inputs = _pad_spatial(inputs, [(0, high - low) for low, high in amounts])
    both_ends = [low for low, _ in amounts]
    convolve = _CONVOLUTIONS[len(strides)]
    return convolve(inputs, _out_first(kernel), None, strides, both_ends, dilation, groups)


def transposed_convolution(
    inputs, kernel, strides, padding, output_padding, data_format, dilation_rate
):
    inputs = _channels_second(inputs, data_format)
    window = kernel.shape[:-2]
    amounts = windows.transposed_paddings_of(
        padding, inputs.shape[2:], window, strides, output_padding, dilation_rate
    )
    reaches = [windows.span(*each) - 1 for each in zip(window, dilation_rate, strict=True)]
    # how much of the full result is cut off at either end; negative: zeros are added
    cuts = [
        (reach - low, reach - high) for reach, (low, high) in zip(reaches, amounts, strict=True)
    ]
    if len(strides) == 1:
        inputs, kernel = inputs.unsqueeze(2), kernel.unsqueeze(0)
        strides, dilation_rate, cuts = (1, *strides), (1, *dilation_rate), [(0, 0), *cuts]
        outputs = _convolve_transposed(inputs, kernel, strides, cuts, dilation_rate).squeeze(2)
    else:
        outputs = _convolve_transposed(inputs, kernel, strides, cuts, dilation_rate)
    return _original_format(outputs, data_format)


def _convolve_transposed(inputs, kernel, strides, cuts, dilation):
    convolve = _TRANSPOSED[len(strides)]
    weight = _out_first(kernel)  # here the "outputs" are the channels of the inputs
    both_ends = [low for low, _ in cuts]
    extra = [low - high for low, high in cuts]
    allowed = zip(extra, strides, dilation, strict=True)
    if all(0 <= more < max(stride, step) for more, stride, step in allowed):
        return convolve(inputs, weight, None, strides, both_ends, extra, 1, dilation)
    full = convolve(inputs, weight, None, strides, 0, 0, 1, dilation)
    return _pad_spatial(full, [(-low, -high) for low, high in cuts])


def depthwise_convolution(inputs, kernel, strides, padding, data_format, dilation_rate):
    *window, channels, multiplier = kernel.shape
    grouped = kernel.reshape(*window, 1, channels * multiplier)
    return convolution(inputs, grouped, strides, padding, data_format, dilation_rate)


def _channels_second(inputs, data_format):
    return inputs.movedim(-1, 1) if data_format == "channels_last" else inputs


def _original_format(outputs, data_format):
    return outputs.movedim(1, -1) if data_format == "channels_last" else outputs


def _out_first(kernel):
    return kernel.permute(-1, -2, *range(kernel.ndim - 2))


def _pad_spatial(inputs, amounts):
    """Pad the spatial dimensions of a channels-second tensor; negative amounts cut."""
    flat = [amount for pair in reversed(amounts) for amount in pair]
    return functional.pad(inputs, flat)
