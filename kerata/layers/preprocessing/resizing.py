"""Resizing: images in another size."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core import dtypes
from kerata.core.registry import register
from kerata.layers.arguments import one_of, positive_integer
from kerata.layers.preprocessing.image_layer import ImageLayer
from kerata.layers.preprocessing.window_layer import Windowed
from kerata.ops.image import window
from kerata.ops.image.resize import INTERPOLATIONS


@register("layers")
class Resizing(Windowed, ImageLayer):
    """Resizes images, in training and in inference.

    See `ops.image.resize`.

    Args:
        height, width: The new size, in pixels.
        interpolation: `"bilinear"`, `"nearest"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`. Masks
            are always taken from the nearest pixel.
        crop_to_aspect_ratio: Whether to keep proportions by cutting off what does not fit.
        pad_to_aspect_ratio: Whether to keep proportions by adding margins.
        fill_mode: How margins are filled: only `"constant"`.
        fill_value: What they are filled with.
        antialias: Whether shrinking averages over all pixels.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images. Images of
    integers stay integers: they are rounded, and kept in their range.

    Raises:
        ValueError: If an argument is none of these.

    >>> import kerata
    >>> layer = kerata.layers.Resizing(2, 4, interpolation="nearest")
    >>> layer(kerata.ops.reshape(kerata.ops.arange(2), (1, 2, 1)))[:, :, 0].tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1]]
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height = positive_integer(height, "height")
        self.width = positive_integer(width, "width")
        self.interpolation = one_of(interpolation, INTERPOLATIONS, "interpolation")
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(
                "`crop_to_aspect_ratio` and `pad_to_aspect_ratio` are both true; choose one."
            )
        self.fill_mode = one_of(fill_mode, ("constant",), "fill_mode")
        self.fill_value = fill_value
        self.antialias = antialias

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool | None = True
    ) -> Any:
        """Return the images in their new size."""
        if dtypes.is_integer(ops.dtype(images)):
            return self.transformed(images, transformation)
        return super().transform_images(images, transformation, training)

    def window_of(self, batch: Any, data: Any, training: bool | None, seed: Any) -> Any:
        """Return which part of the images is seen; it may reach beyond them."""
        if self.crop_to_aspect_ratio or self.pad_to_aspect_ratio:
            size = self.height, self.width
            return window.proportional(batch, size, inside=self.crop_to_aspect_ratio)
        return window.whole(batch)

    def transformed(self, images: Any, transformation: Any) -> Any:
        """Return the images in their new size."""
        return self.read(images, transformation, self.interpolation, self.fill_value)

    def read(
        self, images: Any, transformation: Any, interpolation: str, fill_value: float = 0
    ) -> Any:
        """Return images or masks in their new size; the margins of masks are 0."""
        return ops.image.resize(
            images,
            (self.height, self.width),
            interpolation,
            self.antialias,
            self.crop_to_aspect_ratio,
            self.pad_to_aspect_ratio,
            self.fill_mode,
            fill_value,
            self.data_format,
        )
