"""RandomContrast: the pixels of an image further from their mean, or nearer to it."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import RandomImageLayer


@register("layers")
class RandomContrast(RandomImageLayer):
    """Returns `(x - mean) * c + mean` for each image, with a random `c`, in training.

    The mean is that of a channel of the image; the result is clipped to the value range.

    Args:
        factor: Two numbers `(lower, upper)`, and `c` is drawn from `1 - lower` to `1 + upper`;
            one number `f` stands for `(0, f)`.
        value_range: The smallest and the largest value of the pixels.
        seed: Makes the choice reproducible.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `factor` or `value_range` is something else.

    >>> import kerata
    >>> layer = kerata.layers.RandomContrast(0.5, seed=1)
    >>> changed = layer(kerata.ops.array([[[10.0], [30.0]]]))
    >>> round(float(kerata.ops.mean(changed)), 3)
    20.0
    """

    factor_bounds = (0, 1)

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
        """Return the factor of each image."""
        lower, upper = self.factor
        bounds = (1.0 - lower, 1.0 + upper)
        return {"contrast_factor": self.uniform(data, bounds, seed, 1, 1, 1)}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images with their distances from the mean multiplied."""
        mean = ops.mean(images, (self.height_axis, self.width_axis), keepdims=True)
        changed = (images - mean) * transformation["contrast_factor"] + mean
        return ops.clip(changed, *self.value_range)
