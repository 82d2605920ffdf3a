"""RandomColorJitter: brightness, contrast, saturation and hue changed one after the other."""

from __future__ import annotations

from typing import Any

from kerata.core.registry import register
from kerata.core.seeds import SeedGenerator
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import ImageLayer, RandomImageLayer
from kerata.layers.preprocessing.random_brightness import RandomBrightness
from kerata.layers.preprocessing.random_contrast import RandomContrast
from kerata.layers.preprocessing.random_hue import RandomHue, RandomSaturation


@register("layers")
class RandomColorJitter(RandomImageLayer):
    """Changes brightness, contrast, saturation and hue of each image, in training.

    The four layers `RandomBrightness`, `RandomContrast`, `RandomSaturation` and `RandomHue` in
    this order; a step whose factor is `None` is left out.

    Args:
        value_range: The smallest and the largest value of the pixels.
        brightness_factor: As `factor` of `RandomBrightness`.
        contrast_factor: As `factor` of `RandomContrast`.
        saturation_factor: As `factor` of `RandomSaturation`.
        hue_factor: As `factor` of `RandomHue`.
        seed: Makes the choice reproducible.
        data_format: Where the channels are; the configured default if `None`.
        bounding_box_format: As in all layers of images.

    Input and output: RGB images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If one of the factors or `value_range` is something else.

    >>> import kerata
    >>> layer = kerata.layers.RandomColorJitter((0, 1), brightness_factor=(0.5, 0.5))
    >>> layer(kerata.ops.zeros((1, 1, 3))).tolist()
    [[[0.5, 0.5, 0.5]]]
    """

    def __init__(
        self,
        value_range: tuple[float, float] = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.value_range = checked_value_range(value_range)
        self.brightness_factor = brightness_factor
        self.contrast_factor = contrast_factor
        self.saturation_factor = saturation_factor
        self.hue_factor = hue_factor
        steps: list[tuple[type[RandomImageLayer], Any]] = [
            (RandomBrightness, brightness_factor),
            (RandomContrast, contrast_factor),
            (RandomSaturation, saturation_factor),
            (RandomHue, hue_factor),
        ]
        self.steps: list[ImageLayer] = [
            step(factor, value_range=self.value_range, data_format=self.data_format)
            for step, factor in steps
            if factor is not None
        ]

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return what each step is to do, by the step's name."""
        source: SeedGenerator = self.source(data, seed)
        return {
            step.name: step.get_random_transformation(data, seed=source) for step in self.steps
        }

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images after all steps."""
        for step in self.steps:
            images = step.transformed(images, transformation[step.name])
        return images
