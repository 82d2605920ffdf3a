"""RandomInvert and Solarization: pixels turned around in their range, all or the bright ones."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import interval
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import RandomImageLayer


@register("layers")
class RandomInvert(RandomImageLayer):
    """Returns `low + high - x` for random images, in training.

    Args:
        factor: Two probabilities between which that of an image is drawn; one number `f`
            stands for `(0, f)`.
        value_range: `(low, high)`, the smallest and the largest value of the pixels.
        seed: Makes the choice reproducible.
        data_format: Where the channels are; the configured default if `None`.
        bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `factor` or `value_range` is something else.

    >>> import kerata
    >>> layer = kerata.layers.RandomInvert((1.0, 1.0))
    >>> layer(kerata.ops.array([[[0.0, 100.0, 255.0]]])).tolist()
    [[[255.0, 155.0, 0.0]]]
    """

    factor_bounds = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: tuple[float, float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, seed=seed, data_format=data_format, **kwargs)
        self.value_range = checked_value_range(value_range)

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return for each image whether it is inverted."""
        return {"apply_inversion": self.chosen(data, self.factor, seed)}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images, the chosen ones inverted."""
        inverted = float(sum(self.value_range)) - images
        return ops.where(transformation["apply_inversion"], inverted, images)


@register("layers")
class Solarization(RandomImageLayer):
    """Turns the bright pixels of each image dark, in training.

    With a random addition `a` and threshold `t`, `y = x + a` is clipped to the value range;
    where `y` is at least `t`, it becomes `low + high - y`.

    Args:
        addition_factor: Two numbers from 0 to 1 between which `a` is drawn, in units of the
            width of the value range; one number `f` stands for `(0, f)`.
        threshold_factor: The same for `t`, which is counted from the low end of the range.
        value_range: `(low, high)`, the smallest and the largest value of the pixels.
        seed: Makes the choice reproducible.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If one of the factors or `value_range` is something else.

    Reference: Cubuk et al., "AutoAugment: learning augmentation policies from data", 2019.

    >>> import kerata
    >>> layer = kerata.layers.Solarization(threshold_factor=(0.5, 0.5))
    >>> layer(kerata.ops.array([[[0.0, 100.0, 255.0]]])).tolist()
    [[[0.0, 100.0, 0.0]]]
    """

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: tuple[float, float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.addition_factor = interval(addition_factor, "addition_factor", 0, 1)
        self.threshold_factor = interval(threshold_factor, "threshold_factor", 0, 1)
        self.value_range = checked_value_range(value_range)

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return addition and threshold of each image, as pixel values."""
        low, high = self.value_range
        source = self.source(data, seed)
        additions = self.uniform(data, self.addition_factor, source, 1, 1, 1)
        thresholds = self.uniform(data, self.threshold_factor, source, 1, 1, 1)
        width = float(high - low)
        return {"additions": additions * width, "thresholds": thresholds * width + float(low)}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images with what is above the threshold turned around."""
        lighter = ops.clip(images + transformation["additions"], *self.value_range)
        dark = ops.less(lighter, transformation["thresholds"])
        return ops.where(dark, lighter, float(sum(self.value_range)) - lighter)
