"""RandomPosterization: fewer different values for each colour."""

from __future__ import annotations

from typing import Any

from kerata import ops, random
from kerata.core.registry import register
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import RandomImageLayer, batch_size


@register("layers")
class RandomPosterization(RandomImageLayer):
    """Keeps the highest bits of each value and sets the others to 0, in training.

    Values are taken as whole numbers from 0 (the low end of the value range) to 255.

    Args:
        factor: How many bits are kept: two integers from 1 to 8 between which the number is
            drawn for each image, both included; one integer `f` stands for `(1, f)`.
        value_range: The smallest and the largest value of the pixels.
        data_format: Where the channels are; the configured default if `None`.
        seed: Makes the choice reproducible.
        bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `factor` or `value_range` is something else.

    Reference: Cubuk et al., "AutoAugment: learning augmentation policies from data", 2019.

    >>> import kerata
    >>> layer = kerata.layers.RandomPosterization((2, 2))
    >>> layer(kerata.ops.array([[[63.0, 64.0, 200.0]]])).tolist()
    [[[0.0, 64.0, 192.0]]]
    """

    factor_bounds = (1, 8)

    def __init__(
        self,
        factor: Any,
        value_range: tuple[float, float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, seed=seed, data_format=data_format, **kwargs)
        if any(bits != int(bits) or not 1 <= bits <= 8 for bits in self.factor):
            raise ValueError(
                f"`factor` is {factor!r}; expected how many bits are kept, an integer from 1 to "
                "8 or two of them, such as factor=(2, 4)."
            )
        self.value_range = checked_value_range(value_range)

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return how many bits each image loses."""
        fewest, most = map(int, self.factor)
        shape = (batch_size(data), 1, 1, 1)
        kept = random.randint(shape, fewest, most + 1, seed=self.source(data, seed))
        return {"shift_factor": 8 - kept}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images with the lowest bits set to 0."""
        low, high = self.value_range
        scale = 255.0 / (high - low)
        # Values such as 100 / 255 may have been rounded down a little.
        bytes_ = ops.cast(ops.floor((images - low) * scale + 1e-3), "int32")
        shift = transformation["shift_factor"]
        kept = ops.left_shift(ops.right_shift(bytes_, shift), shift)
        return ops.cast(kept, ops.dtype(images)) / scale + low
