"""RandomTranslation: images shifted."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import interval
from kerata.layers.preprocessing.warp_layer import WarpLayer, transform_of


@register("layers")
class RandomTranslation(WarpLayer):
    """Shifts each image by a random distance, in training.

    Args:
        height_factor: Two numbers between which the distance is drawn, in heights of the image,
            downwards; one number `f` stands for `(-f, f)`.
        width_factor: The same in widths, to the right.
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
    >>> layer = kerata.layers.RandomTranslation(0.0, (0.5, 0.5), fill_mode="constant")
    >>> layer(kerata.ops.ones((1, 4, 1)), training=True)[0, :, 0].tolist()
    [0.0, 0.0, 1.0, 1.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            fill_mode=fill_mode, interpolation=interpolation, seed=seed, fill_value=fill_value,
            **kwargs,
        )  # fmt: skip
        self.height_factor, self.width_factor = height_factor, width_factor
        self._down = interval(height_factor, "height_factor", -1.0, 1.0)
        self._right = interval(width_factor, "width_factor", -1.0, 1.0)

    def transforms(self, data: Any, height: Any, width: Any, seed: Any) -> Any:
        """Return a shift for each image: the old place is that far before the new one."""
        up = ops.negative(ops.multiply(self.uniform(data, self._down, seed), height))
        left = ops.negative(ops.multiply(self.uniform(data, self._right, seed), width))
        return transform_of((0.0, 1.0, up), (1.0, 0.0, left))
