"""PyTorch kernels of images (batch, height, width, channels)."""

import math

import torch
from torch.nn import functional

from kerata.backend import sampling

# (interpolation, antialias) that PyTorch computes by the same kernels as we do; its bicubic
# interpolation without antialiasing is another one (a = -3/4).
_NATIVE = {("bilinear", False), ("bilinear", True), ("bicubic", True)}

_PADDING = {
    "constant": "zeros", "nearest": "border", "wrap": "border",
    "mirror": "reflection", "reflect": "reflection",
}  # fmt: skip


def _wide(x):
    """Return floats that PyTorch's functions for images take on every device."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def resized(images, size, interpolation, antialias):
    if interpolation == "nearest":
        for axis, new in zip((1, 2), size, strict=True):
            positions = torch.arange(new, device=images.device)
            images = images.index_select(
                axis, sampling.nearest_pixels(positions, images.shape[axis], new)
            )
        return images
    x = _wide(images)
    if (interpolation, antialias) in _NATIVE and x.numel():
        x = x.permute(0, 3, 1, 2)
        if math.prod(size) > math.prod(x.shape[2:]):
            x = x.contiguous()  # the many new pixels are computed faster channel by channel
        x = functional.interpolate(x, size, mode=interpolation, antialias=antialias)
        x = x.permute(0, 2, 3, 1)
    else:
        rows, columns = (
            torch.from_numpy(sampling.resizing_weights(old, new, interpolation, antialias)).to(x)
            for old, new in zip(images.shape[1:3], size, strict=True)
        )
        x = torch.einsum("oh,bhwc->bowc", rows, x)
        x = torch.einsum("pw,bowc->bopc", columns, x)
    return x.to(images.dtype)


def sampled(inputs, coordinates, order, fill_mode, fill_value):
    floats = inputs.dtype.is_floating_point
    if len(coordinates) == 2 and floats and coordinates[0].ndim == 3 and inputs.numel():
        return _sampled_on_grid(inputs, coordinates, order, fill_mode, fill_value)
    batch, *sizes, channels = inputs.shape
    rows = inputs.reshape(-1, channels)
    start = torch.arange(batch, device=inputs.device) * math.prod(sizes)
    start = start.reshape(-1, *[1] * (coordinates[0].ndim - 1))

    def pixels_at(whole):
        index = 0
        for position, size in zip(whole, sizes, strict=True):
            index = index * size + position.long()
        index = start + index
        return rows.index_select(0, index.flatten()).reshape(*index.shape, channels)

    result = sampling.interpolated(
        torch, pixels_at, sizes, coordinates, order, fill_mode, fill_value
    )
    return result.to(inputs.dtype)


def _sampled_on_grid(inputs, coordinates, order, fill_mode, fill_value):
    """Sample images by PyTorch's own function, which fills with zeros and cannot wrap."""
    images = _wide(inputs).permute(0, 3, 1, 2)
    centers = torch.stack(torch.broadcast_tensors(*reversed(coordinates)), -1).to(images.dtype)
    if order == 0:
        centers = sampling.nearest(torch, centers)
    sizes = images.new_tensor(inputs.shape[2:0:-1])
    if fill_mode == "wrap":
        centers = centers % sizes
        images = torch.cat([images, images[:, :, :1]], 2)
        images = torch.cat([images, images[..., :1]], 3)
        sizes = sizes + 1
    if fill_mode == "constant" and fill_value:
        images = images - fill_value
    # the grid counts from -1 to 1: between the centres of the outer pixels, or their borders
    if aligned := fill_mode == "mirror":
        scale, first = 2 / (sizes - 1).clip(min=1), -torch.ones_like(sizes)
    else:
        scale, first = 2 / sizes, 1 / sizes - 1
    grid = torch.addcmul(first, centers, scale)
    count = max(len(images), len(grid))
    result = functional.grid_sample(
        images.expand(count, -1, -1, -1),
        grid.expand(count, -1, -1, -1),
        "bilinear" if order else "nearest",
        _PADDING[fill_mode],
        aligned,
    )
    if fill_mode == "constant" and fill_value:
        result = result + fill_value
    return result.permute(0, 2, 3, 1).to(inputs.dtype)
