"""RandomElasticTransform: images distorted as if they were printed on rubber."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.backend.sampling import FILL_MODES
from kerata.core.registry import register
from kerata.layers.arguments import interval, one_of
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.geometry import channels_last, over_masks, size_of
from kerata.layers.preprocessing.image_layer import RandomImageLayer
from kerata.layers.preprocessing.warp_layer import INTERPOLATIONS
from kerata.ops.image.warp import rubber, sample


@register("layers")
class RandomElasticTransform(RandomImageLayer):
    """Moves the pixels of images by a smooth random field, in training.

    See `ops.image.elastic_transform`. Bounding boxes stay as they are.

    Args:
        factor: Probability that an image is changed; two numbers between which it is drawn for
            each image, and one number `f` stands for `(0, f)`.
        scale: How strongly; two numbers between which it is drawn for each image, and one number
            `s` stands for `(0, s)`. With 1, pixels move by some 3 % of the longer side.
        interpolation: `"bilinear"` or `"nearest"`. Masks are always taken from the nearest pixel.
        fill_mode: What comes from outside of the image: `"reflect"`, `"constant"`, `"nearest"`,
            `"wrap"` or `"mirror"`.
        fill_value: The value outside, for `fill_mode="constant"`.
        value_range: The smallest and the largest value of the pixels, to which they are clipped.
        seed: Makes the choice reproducible.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If an argument is none of these.

    >>> import kerata
    >>> layer = kerata.layers.RandomElasticTransform((1.0, 1.0), value_range=(0, 1))
    >>> float(layer(kerata.ops.ones((2, 8, 8, 3)), training=True).min())
    1.0
    """

    factor_bounds = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: tuple[float, float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, seed=seed, **kwargs)
        self.scale = interval(scale, "scale", 0, 1)
        self.interpolation = one_of(interpolation, INTERPOLATIONS, "interpolation")
        self.fill_mode = one_of(fill_mode, FILL_MODES, "fill_mode")
        self.fill_value = fill_value
        self.value_range = checked_value_range(value_range)

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return which images are changed, and where their pixels come from."""
        source = self.source(data, seed)
        scale = ops.maximum(self.uniform(data, self.scale, source, 1, 1), 1e-3)
        height, width = size_of(data, self.data_format)
        alpha, sigma = self.get_elastic_transform_params(height, width, scale)
        batch = channels_last(data, self.data_format)
        return {
            "chosen": self.chosen(data, self.factor, source),
            "positions": rubber(batch, alpha, sigma, source),
        }

    def get_elastic_transform_params(self, height: Any, width: Any, factor: Any) -> tuple[Any, Any]:
        """Return how far pixels move and how smoothly, in pixels, for images of a size.

        Args:
            height, width: Of the images, numbers or tensors.
            factor: How strong the distortion is, from 0 to 1; a number or a tensor.
        """
        known = not any(ops.is_tensor(size) for size in (height, width))
        longer, shorter = (max, min) if known else (ops.maximum, ops.minimum)
        return factor * (longer(height, width) * 0.1), factor * (shorter(height, width) * 0.05)

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images distorted."""
        moved = self._distorted(images, transformation, self.interpolation)
        return ops.clip(ops.where(transformation["chosen"], moved, images), *self.value_range)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool | None = True
    ) -> Any:
        """Return the masks distorted as the images."""

        def distorted(masks: Any) -> Any:
            moved = self._distorted(masks, transformation, "nearest")
            return ops.where(transformation["chosen"], moved, masks)

        return over_masks(segmentation_masks, distorted)

    def _distorted(self, images: Any, transformation: dict[str, Any], interpolation: str) -> Any:
        order = INTERPOLATIONS.index(interpolation)
        batch = ops.moveaxis(images, self.channel_axis, -1)
        moved = sample(batch, transformation["positions"], order, self.fill_mode, self.fill_value)
        return ops.moveaxis(moved, -1, self.channel_axis)
