"""Images smoothed, their edges, and how alike they are after smoothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core import dtypes
from kerata.core.primitive import Tensor
from kerata.core.spec import dtype_of, ndim_of, shape_of
from kerata.ops.cast import cast
from kerata.ops.elementwise import add, divide, exp, multiply, square, subtract
from kerata.ops.image.layout import check_rank, over_batch
from kerata.ops.image.sample import over_floats
from kerata.ops.indexing import get_item
from kerata.ops.joining import pad, stack
from kerata.ops.nn.geometry import per_dimension
from kerata.ops.reduce import mean, sum

Weights = Sequence[Any]  # numbers, or tensors that broadcast with the images


# -- weighted sums of neighbours ---------------------------------------------------------------


def weighted_sum(x: Tensor, axis: int, weights: Weights, padding: str) -> Tensor:
    """Return sums of neighbours along an axis, `sum_k weights[k] x[i + k]`.

    Args:
        x: tensor.
        axis: counted from the front.
        weights: one for each neighbour.
        padding: "same" for the size of `x`, with zeros around it, or "valid".
    """
    count, ndim = len(weights), ndim_of(x)
    if padding == "same":
        around = [(0, 0)] * ndim
        around[axis] = ((count - 1) // 2, count // 2)
        x = pad(x, around)
    total = None
    for place, weight in enumerate(weights):
        if isinstance(weight, float) and weight == 0:
            continue
        stop = place + 1 - count
        along = slice(place, stop if stop else None)
        term = multiply(get_item(x, (slice(None),) * axis + (along,)), weight)
        total = term if total is None else add(total, term)
    return total


def gaussian_weights(size: int, sigma: float | Tensor) -> Weights:
    """Return `exp(-t**2 / (2 sigma**2))` around the middle of `size` places, with the sum 1.

    Args:
        size: number of weights.
        sigma: standard deviation in places; a tensor (batch, 1, 1, 1) for one per image.
    """
    squares = np.square(np.arange(size) - (size - 1) / 2)
    if isinstance(sigma, int | float):
        found = np.exp(-squares / (2 * sigma**2))
        return [float(each) for each in found / found.sum()]
    scale = divide(-0.5, square(sigma))
    parts = [exp(multiply(scale, float(each))) for each in squares]
    total = sum(stack(parts), 0)
    return [divide(part, total) for part in parts]


def smoothed(
    batch: Tensor, sizes: Sequence[int], sigmas: Sequence[Any], padding: str = "same"
) -> Tensor:
    """Return float images (batch, height, width, ...), smoothed by a Gaussian."""
    for axis, size, sigma in zip((1, 2), sizes, sigmas, strict=True):
        batch = weighted_sum(batch, axis, gaussian_weights(size, sigma), padding)
    return batch


def gaussian_blur(
    images: Tensor,
    kernel_size: int | Sequence[int] = (3, 3),
    sigma: float | Sequence[float] = (1.0, 1.0),
    data_format: str | None = None,
) -> Tensor:
    """Smooth images by a Gaussian window; zeros lie outside of the images.

    Args:
        images: (height, width, channels) or (batch, height, width, channels), or with the
            channels before the sizes.
        kernel_size: height and width of the window, in pixels.
        sigma: standard deviation along height and width, in pixels.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        Tensor of the shape and dtype of the images; integers are rounded.

    Raises:
        ValueError: if `kernel_size` is no two positive integers, `sigma` no two positive numbers,
            or the images are of another rank.

    >>> import kerata
    >>> point = 1000 * kerata.ops.pad(kerata.ops.ones((1, 1, 1)), ((1, 1), (1, 1), (0, 0)))
    >>> kerata.ops.round(kerata.ops.image.gaussian_blur(point)[:, :, 0]).tolist()
    [[75.0, 124.0, 75.0], [124.0, 204.0, 124.0], [75.0, 124.0, 75.0]]
    """
    sizes = per_dimension("gaussian_blur", "kernel_size", kernel_size, 2)
    numbers = (sigma, sigma) if isinstance(sigma, int | float) else tuple(map(float, sigma))
    if len(numbers) != 2 or min(numbers) <= 0:
        raise ValueError(
            f"`gaussian_blur` got sigma={sigma!r}; expected a positive number, or two."
        )

    def blur(batch: Tensor) -> Tensor:
        return over_floats(batch, lambda x: smoothed(x, sizes, numbers))

    return over_batch("gaussian_blur", images, data_format, blur)


# -- edges -------------------------------------------------------------------------------------


def sobel_edges(images: Tensor, data_format: str | None = None) -> Tensor:
    """Slopes of images by the Sobel operator; zeros lie outside of the images.

    Args:
        images: (batch, height, width, channels), or with the channels second.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        Float tensor of the shape of the images and one dimension more: the slope down and that to
        the right, eight times as large as per pixel.

    Raises:
        ValueError: if the images do not have four dimensions.

    >>> import kerata
    >>> ramp = kerata.ops.reshape(kerata.ops.arange(3.0), (1, 1, 3, 1))
    >>> kerata.ops.image.sobel_edges(kerata.ops.repeat(ramp, 3, axis=1))[0, 1, 1, 0].tolist()
    [0.0, 8.0]
    """
    if ndim_of(images) != 4:
        raise ValueError(
            f"`sobel_edges` got images of shape {shape_of(images)}; expected (batch, height, "
            "width, channels), or the channels second with data_format='channels_first'."
        )
    slope, smooth = (-1.0, 0.0, 1.0), (1.0, 2.0, 1.0)
    x = cast(images, dtypes.to_float(dtype_of(images)))

    def edges(batch: Tensor, down: Weights, right: Weights) -> Tensor:
        return weighted_sum(weighted_sum(batch, 1, down, "same"), 2, right, "same")

    def along(down: Weights, right: Weights) -> Tensor:
        return over_batch("sobel_edges", x, data_format, lambda b: edges(b, down, right))

    return stack([along(slope, smooth), along(smooth, slope)], -1)


# -- likeness ----------------------------------------------------------------------------------


def ssim(
    image1: Tensor,
    image2: Tensor,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Tensor:
    """Structural similarity of images, 1 where they are equal.

    Wang et al. (2004), "Image Quality Assessment: From Error Visibility to Structural
    Similarity": in Gaussian windows that lie within the images, with means m, variances v and
    covariance c, the mean of `(2 m1 m2 + C1) (2 c + C2) / ((m1**2 + m2**2 + C1) (v1 + v2 + C2))`.

    Args:
        image1: (height, width, channels) or (batch, height, width, channels), or with the
            channels before the sizes.
        image2: of the same shape.
        max_val: the largest value that is possible.
        filter_size: side of the window, odd and at most that of the images.
        filter_sigma: standard deviation of the window, in pixels.
        k1, k2: C1 and C2 are `(k1 max_val)**2` and `(k2 max_val)**2`.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        Float tensor of shape (batch,), or () for one image.

    Raises:
        ValueError: if the shapes differ, or the window is even or larger than the images.

    >>> import kerata
    >>> image = kerata.random.uniform((16, 16, 3), seed=1)
    >>> float(kerata.ops.image.ssim(image, image))
    1.0
    """
    rank = check_rank("ssim", image1)
    if shape_of(image1) != shape_of(image2):
        raise ValueError(
            f"`ssim` got shapes {shape_of(image1)} and {shape_of(image2)}; expected equal shapes."
        )
    if filter_size < 1 or filter_size % 2 == 0:
        raise ValueError(f"`ssim` got filter_size={filter_size}; expected an odd positive number.")
    dtype = dtypes.promote(dtype_of(image1), dtype_of(image2), "float32")
    x1, x2 = cast(image1, dtype), cast(image2, dtype)

    def windowed(x: Tensor) -> Tensor:
        return over_batch(
            "ssim", x, data_format, lambda batch: _windowed(batch, filter_size, filter_sigma)
        )

    mean1, mean2 = windowed(x1), windowed(x2)
    products, squares = multiply(mean1, mean2), add(square(mean1), square(mean2))
    covariance = subtract(windowed(multiply(x1, x2)), products)
    variances = subtract(windowed(add(square(x1), square(x2))), squares)
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    above = multiply(add(multiply(products, 2.0), c1), add(multiply(covariance, 2.0), c2))
    below = multiply(add(squares, c1), add(variances, c2))
    return mean(divide(above, below), axis=tuple(range(rank - 3, rank)))


def _windowed(batch: Tensor, size: int, sigma: float) -> Tensor:
    """Return the Gaussian means in all windows that lie within the images."""
    height, width = shape_of(batch)[1:3]
    if min(side for side in (height, width, size) if side is not None) < size:
        raise ValueError(
            f"`ssim` got images of {height} x {width} pixels, in which no window of {size} x "
            f"{size} fits. Choose a smaller `filter_size`."
        )
    return smoothed(batch, (size, size), (sigma, sigma), "valid")
