"""RandomBrightness: all pixels of an image lighter or darker by one amount."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import RandomImageLayer


@register("layers")
class RandomBrightness(RandomImageLayer):
    """Adds a random number to all values of an image, in training.

    The number is drawn between the factors and multiplied by the width of the value range; the
    result is clipped to that range.

    Args:
        factor: Two numbers from -1 (black) to 1 (white); one number `f` stands for `(-f, f)`.
        value_range: The smallest and the largest value of the pixels.
        seed: Makes the choice reproducible.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `factor` or `value_range` is something else.

    >>> import kerata
    >>> layer = kerata.layers.RandomBrightness((0.5, 0.5), value_range=(0, 1))
    >>> layer(kerata.ops.zeros((1, 1, 1, 3)), training=True).tolist()
    [[[[0.5, 0.5, 0.5]]]]
    """

    def __init__(
        self,
        factor: Any,
        value_range: tuple[float, float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, seed=seed, **kwargs)
        self.value_range = checked_value_range(value_range)

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return what is added to each image."""
        low, high = self.value_range
        return {"rgb_delta": self.uniform(data, self.factor, seed, 1, 1, 1) * float(high - low)}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images with that added."""
        return ops.clip(images + transformation["rgb_delta"], *self.value_range)
