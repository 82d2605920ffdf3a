"""Colours written in other ways: grey, and hue, saturation and value."""

from __future__ import annotations

from kerata.core import dtypes
from kerata.core.config import data_format_or_default
from kerata.core.primitive import Tensor
from kerata.core.spec import dtype_of, shape_of
from kerata.ops.elementwise import abs, add, clip, divide_no_nan, mod, multiply, subtract
from kerata.ops.image.layout import check_rank
from kerata.ops.image.sample import over_floats
from kerata.ops.joining import stack, unstack
from kerata.ops.logic import equal, where
from kerata.ops.reduce import max, min
from kerata.ops.shape import expand_dims

# How bright the eye sees red, green and blue: ITU-R BT.601.
_LUMA = (0.2989, 0.587, 0.114)


def _channels(name: str, images: Tensor, data_format: str | None) -> tuple[list[Tensor], int]:
    """Return the three channels and the axis that they stand along."""
    ndim = check_rank(name, images)
    axis = -1 if data_format_or_default(data_format) == "channels_last" else -3
    if shape_of(images)[axis] not in (3, None):
        raise ValueError(
            f"`{name}` got images of shape {shape_of(images)}; expected three channels along axis "
            f"{axis}."
        )
    return unstack(images, 3, axis % ndim), axis % ndim


def rgb_to_grayscale(images: Tensor, data_format: str | None = None) -> Tensor:
    """Return the brightness of colours, `0.2989 red + 0.587 green + 0.114 blue` (ITU-R BT.601).

    Args:
        images: (height, width, 3) or (batch, height, width, 3), or with the channels before the
            sizes.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        Tensor of the dtype of the images, with one channel; integers are rounded.

    Raises:
        ValueError: if there are not three channels, or the images are of another rank.

    >>> import kerata
    >>> kerata.ops.image.rgb_to_grayscale([[[100.0, 0.0, 0.0]]]).tolist()
    [[[29.8...]]]
    """

    def brightness(x: Tensor) -> Tensor:
        parts, axis = _channels("rgb_to_grayscale", x, data_format)
        red, green, blue = (multiply(part, share) for part, share in zip(parts, _LUMA, strict=True))
        return expand_dims(add(add(red, green), blue), axis)

    return over_floats(images, brightness)


def rgb_to_hsv(images: Tensor, data_format: str | None = None) -> Tensor:
    """Return hue, saturation and value of colours (Smith 1978, "Color Gamut Transform Pairs").

    Args:
        images: floats from 0 to 1: (height, width, 3) or (batch, height, width, 3), or with the
            channels before the sizes.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        Tensor of the shape and dtype of the images. Hue goes round from 0 (red) over 1/3 (green)
        and 2/3 (blue) to 1 (red); saturation and value from 0 to 1.

    Raises:
        ValueError: for integers, or if there are not three channels.

    >>> import kerata
    >>> kerata.ops.image.rgb_to_hsv([[[0.0, 0.5, 0.0]]]).tolist()
    [[[0.333..., 1.0, 0.5]]]
    """
    _check_floats("rgb_to_hsv", images)
    (red, green, blue), axis = _channels("rgb_to_hsv", images, data_format)
    value = max(images, axis)
    range_ = subtract(value, min(images, axis))
    saturation = divide_no_nan(range_, value)
    from_red = divide_no_nan(subtract(green, blue), range_)
    from_green = add(divide_no_nan(subtract(blue, red), range_), 2.0)
    from_blue = add(divide_no_nan(subtract(red, green), range_), 4.0)
    sixths = where(equal(value, red), from_red, where(equal(value, green), from_green, from_blue))
    hue = multiply(mod(where(equal(range_, 0.0), 0.0, sixths), 6.0), 1 / 6)
    return stack([hue, saturation, value], axis)


def hsv_to_rgb(images: Tensor, data_format: str | None = None) -> Tensor:
    """Return red, green and blue of colours given by hue, saturation and value.

    Args:
        images: floats from 0 to 1: (height, width, 3) or (batch, height, width, 3), or with the
            channels before the sizes; see `rgb_to_hsv`.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        Tensor of the shape and dtype of the images.

    Raises:
        ValueError: for integers, or if there are not three channels.

    >>> import kerata
    >>> kerata.ops.round(kerata.ops.image.hsv_to_rgb([[[1 / 3, 1.0, 0.5]]]), 3).tolist()
    [[[0.0, 0.5, 0.0]]]
    """
    _check_floats("hsv_to_rgb", images)
    (hue, saturation, value), axis = _channels("hsv_to_rgb", images, data_format)
    sixths = multiply(hue, 6.0)

    def channel(middle: float) -> Tensor:
        """Return the channel whose own hue lies `middle` sixths round the circle."""
        distance = abs(subtract(mod(add(sixths, 3.0 - middle), 6.0), 3.0))
        purity = clip(subtract(2.0, distance), 0.0, 1.0)
        lack = multiply(saturation, subtract(1.0, purity))
        return multiply(value, subtract(1.0, lack))

    return stack([channel(0.0), channel(2.0), channel(4.0)], axis)


def _check_floats(name: str, images: Tensor) -> None:
    if not dtypes.is_float(dtype_of(images)):
        raise ValueError(
            f"`{name}` got images of dtype {dtype_of(images)}; expected floats from 0 to 1, e.g. "
            "`images / 255`."
        )
