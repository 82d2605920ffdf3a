"""RandomPerspective: images seen at an angle."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import fraction
from kerata.layers.preprocessing.warp_layer import WarpLayer
from kerata.ops.image.warp import homography


@register("layers")
class RandomPerspective(WarpLayer):
    """Moves the corners of images by random amounts, in training; straight lines stay straight.

    Args:
        factor: Probability that an image is changed; two numbers between which it is drawn for
            each image, and one number `f` stands for `(0, f)`.
        scale: How far, from 0 to 1: each corner moves by up to half of `scale` of the width and
            of the height.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_value: The value outside of the image.
        seed: Makes the choice reproducible.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If an argument is none of these.

    >>> import kerata
    >>> layer = kerata.layers.RandomPerspective(scale=0.5, seed=1)
    >>> layer(kerata.ops.ones((2, 8, 8, 3)), training=True).shape
    (2, 8, 8, 3)
    """

    factor_bounds = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            factor=factor, fill_mode="constant", interpolation=interpolation, seed=seed,
            fill_value=fill_value, **kwargs,
        )  # fmt: skip
        self.scale = fraction(scale, "scale")

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return the transform of each image, which is none for those that are not chosen."""
        source = self.source(data, seed)
        chosen = self.chosen(data, self.factor, source)
        drawn = super().get_random_transformation(data, training, source)
        identity = np.array([1, 0, 0, 0, 1, 0, 0, 0], "float32")
        transforms = ops.where(chosen[:, :, 0, 0], drawn["transforms"], identity)
        return {**drawn, "transforms": transforms, "chosen": chosen}

    def transforms(self, data: Any, height: Any, width: Any, seed: Any) -> Any:
        """Return the transform that moves the corners of each image."""
        moves = self.uniform(data, (-self.scale / 2, self.scale / 2), seed, 4, 2)
        corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], "float32")
        zero = ops.zeros_like(moves)
        last = ops.stack([ops.add(zero[..., 0], width - 1), ops.add(zero[..., 0], height - 1)], -1)
        old = ops.multiply(ops.add(zero, corners), last)
        return homography(ops.add(old, ops.multiply(moves, last)), old)

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images with their corners moved; others bit by bit as they were."""
        moved = super().transformed(images, transformation)
        return ops.where(transformation["chosen"], moved, images)
