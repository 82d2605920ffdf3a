"""RandomErasing: a random rectangle of an image replaced by noise or one value."""

from __future__ import annotations

from typing import Any

from kerata import ops, random
from kerata.core.registry import register
from kerata.core.spec import sizes_of
from kerata.layers.arguments import interval
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import RandomImageLayer, batch_of_images
from kerata.layers.preprocessing.patches import random_patches


@register("layers")
class RandomErasing(RandomImageLayer):
    """Replaces a rectangle of random size and place by noise or one value, in training.

    Args:
        factor: Two probabilities between which that of an image is drawn; one number `f`
            stands for `(0, f)`.
        scale: Two numbers from 0 to 1 between which the area of the rectangle is, as a share
            of the image; one number `s` stands for `(0, s)`. Height and width are `sqrt(s)` of
            those of the image, with an `s` drawn for each of them.
        fill_value: What stands in the rectangle; `None` is noise: normal numbers, 0 being the
            low and 1 the high end of the value range, clipped to it.
        value_range: The smallest and the largest value of the pixels.
        seed: Makes the choice reproducible.
        data_format: Where the channels are; the configured default if `None`.
        bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If one of the arguments is something else.

    Reference: Zhong et al., "Random erasing data augmentation", 2017.

    >>> import kerata
    >>> layer = kerata.layers.RandomErasing((1.0, 1.0), scale=(0.25, 0.25), fill_value=0.0)
    >>> float(kerata.ops.sum(layer(kerata.ops.ones((4, 4, 1)))))
    12.0
    """

    factor_bounds = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: float | None = None,
        value_range: tuple[float, float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, seed=seed, data_format=data_format, **kwargs)
        self.scale = interval(scale, "scale", 0, 1)
        if not 0 <= self.scale[0] <= self.scale[1] <= 1:
            raise ValueError(
                f"`scale` is {scale!r}; expected shares of the image's area from 0 to 1, such as "
                "scale=(0.02, 0.33)."
            )
        self.fill_value = fill_value
        self.value_range = checked_value_range(value_range)

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return which images are erased, where, and what by."""
        images, source = batch_of_images(data), self.source(data, seed)
        height, width = (ops.sqrt(self.uniform(data, self.scale, source, 1, 1, 1)) for _ in "hw")
        axes = (self.height_axis, self.width_axis)
        return {
            "apply_erasing": self.chosen(data, self.factor, source),
            "batch_masks": random_patches(images, axes, (height, width), source),
            "fill_value": self._noise(images, source)
            if self.fill_value is None
            else float(self.fill_value),
        }

    def _noise(self, images: Any, source: random.SeedGenerator) -> Any:
        low, high = self.value_range
        noise = random.normal(sizes_of(images), dtype="float32", seed=source)
        return ops.clip(noise, 0.0, 1.0) * float(high - low) + low

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images with the rectangles of the chosen ones filled."""
        erased = ops.logical_and(transformation["apply_erasing"], transformation["batch_masks"])
        return ops.where(erased, transformation["fill_value"], images)
