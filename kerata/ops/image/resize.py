"""Images in another size: resize, and scale_and_translate for scales that are not round."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.backend import sampling
from kerata.core import dtypes
from kerata.core.primitive import Tensor
from kerata.core.rules import canonical_axes
from kerata.core.spec import dtype_of, ndim_of, shape_of
from kerata.ops.cast import cast, in_dtype
from kerata.ops.elementwise import abs, divide, maximum, multiply, sinc, subtract
from kerata.ops.image import window
from kerata.ops.image.layout import over_batch
from kerata.ops.image.sample import over_floats
from kerata.ops.indexing import get_item
from kerata.ops.linalg import tensordot
from kerata.ops.logic import where
from kerata.ops.reduce import sum
from kerata.ops.shape import moveaxis

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")

_OPS = types.SimpleNamespace(
    abs=abs, maximum=maximum, sinc=sinc, subtract=subtract, sum=sum, where=where
)

_METHODS = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), "bilinear"),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), "bicubic"),
    "lanczos3": "lanczos3",
    "lanczos5": "lanczos5",
}


def resize(
    images: Tensor,
    size: int | Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Resize images; the outer borders of the old and the new image lie on each other.

    Args:
        images: (height, width, channels) or (batch, height, width, channels), or with the
            channels before the sizes.
        size: new height and width, in pixels.
        interpolation: "nearest", "bilinear", "bicubic" (Keys 1981, a = -1/2), "lanczos3" or
            "lanczos5" (Lanczos' kernel of radius 3 or 5).
        antialias: whether shrinking averages over all pixels, by a kernel that is as much wider.
        crop_to_aspect_ratio: whether to keep proportions by cutting off what does not fit.
        pad_to_aspect_ratio: whether to keep proportions by adding margins.
        fill_mode: how margins are filled: only "constant".
        fill_value: what they are filled with.
        data_format: "channels_last" or "channels_first"; by default that of the process.

    Returns:
        The images in the dtype of the old ones; integers are rounded, and clipped to their range.

    Raises:
        ValueError: for unknown options, both ways to keep proportions, or images of another rank.

    >>> import kerata
    >>> kerata.ops.image.resize([[[0.0], [4.0]]], (1, 4))[0, :, 0].tolist()
    [0.0, 1.0, 3.0, 4.0]
    """
    sizes = (size, size) if isinstance(size, int) else tuple(int(each) for each in size)
    if len(sizes) != 2 or min(sizes) < 1:
        raise ValueError(f"`resize` got size={size!r}; expected (height, width), both at least 1.")
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            f"`resize` got interpolation={interpolation!r}; expected one of {INTERPOLATIONS}."
        )
    if fill_mode != "constant":
        raise ValueError(f"`resize` got fill_mode={fill_mode!r}; only 'constant' is possible.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(
            "`resize` can keep proportions by `crop_to_aspect_ratio` or by `pad_to_aspect_ratio`, "
            "not by both."
        )

    def resize_batch(batch: Tensor) -> Tensor:
        if crop_to_aspect_ratio or pad_to_aspect_ratio:
            part = window.proportional(batch, sizes, inside=crop_to_aspect_ratio)
            return window.read(batch, part, sizes, interpolation, antialias, fill_value)
        if interpolation == "nearest":
            return window.resized(batch, sizes, interpolation, False)
        return over_floats(
            batch, lambda x: window.resized(x, sizes, interpolation, bool(antialias))
        )

    return over_batch("resize", images, data_format, resize_batch)


def scale_and_translate(
    images: Tensor,
    output_shape: Sequence[int],
    scale: Any,
    translation: Any,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Tensor:
    """Scale and move images along some dimensions: output = input * scale + translation.

    Positions are measured from the outer border: pixel i has its centre at i + 1/2. What comes
    from outside of the image is 0.

    Args:
        images: tensor of any rank.
        output_shape: shape of the result; equal to that of `images` in the other dimensions.
        scale: one factor for each of `spatial_dims`; array or tensor.
        translation: one distance for each, in pixels of the output.
        spatial_dims: the dimensions along which this happens.
        method: "linear", "cubic", "lanczos3" or "lanczos5"; also "bilinear", "bicubic", ...
        antialias: whether shrinking averages over all pixels.

    Returns:
        Float tensor of `output_shape`.

    Raises:
        ValueError: if the shapes or the method do not fit.

    >>> import kerata
    >>> moved = kerata.ops.image.scale_and_translate([1.0, 2.0], (3,), [1.0], [1.0], (0,), "linear")
    >>> moved.tolist()
    [0.0, 1.0, 2.0]
    """
    if method not in _METHODS:
        raise ValueError(
            f"`scale_and_translate` got method={method!r}; expected one of {tuple(_METHODS)}."
        )
    old, new = shape_of(images), tuple(output_shape)
    axes = canonical_axes(spatial_dims, ndim_of(images), "spatial_dims")
    if len(new) != len(old) or any(
        a != b and None not in (a, b) and axis not in axes
        for axis, (a, b) in enumerate(zip(old, new, strict=True))
    ):
        raise ValueError(
            f"`scale_and_translate` got images of shape {old} and output_shape {new}; expected "
            f"equal sizes except along {axes}."
        )
    dtype = dtypes.to_float(dtype_of(images))
    precise = "float64" if dtype == "float64" else "float32"
    scale, translation = in_dtype(scale, precise), in_dtype(translation, precise)
    result = cast(images, dtype)
    for place, axis in enumerate(axes):
        step = divide(1.0, get_item(scale, place))
        borders = np.arange(new[axis]).astype(precise) + 0.5
        centers = subtract(borders, get_item(translation, place))
        centers = subtract(multiply(centers, step), 0.5)
        matrix = sampling.weights(_OPS, old[axis], centers, step, _METHODS[method], antialias)
        result = moveaxis(tensordot(cast(matrix, dtype), result, (1, axis)), 0, axis)
    return result
