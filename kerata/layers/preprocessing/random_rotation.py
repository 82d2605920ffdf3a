"""RandomRotation: images turned about their centre."""

from __future__ import annotations

import math
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.preprocessing.warp_layer import WarpLayer, about_center


@register("layers")
class RandomRotation(WarpLayer):
    """Turns each image about its centre, by a random angle, in training.

    Args:
        factor: Two numbers between which the angle is drawn, in full turns, counter-clockwise;
            one number `f` stands for `(-f, f)`.
        fill_mode: What comes from outside of the image: `"reflect"`, `"constant"`, `"nearest"`,
            `"wrap"` or `"mirror"`.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: Makes the choice reproducible.
        fill_value: The value outside, for `fill_mode="constant"`.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If an argument is none of these.

    >>> import kerata
    >>> image = kerata.ops.reshape(kerata.ops.arange(4.0), (2, 2, 1))
    >>> turned = kerata.layers.RandomRotation((0.25, 0.25))(image, training=True)
    >>> kerata.ops.round(turned[:, :, 0]).tolist()
    [[1.0, 3.0], [0.0, 2.0]]
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            factor=factor, fill_mode=fill_mode, interpolation=interpolation, seed=seed,
            fill_value=fill_value, **kwargs,
        )  # fmt: skip

    def transforms(self, data: Any, height: Any, width: Any, seed: Any) -> Any:
        """Return a rotation for each image."""
        angles = ops.multiply(self.uniform(data, self.factor, seed), 2 * math.pi)
        cosine, sine = ops.cos(angles), ops.sin(angles)
        return about_center((sine, cosine), (cosine, ops.negative(sine)), height, width)
