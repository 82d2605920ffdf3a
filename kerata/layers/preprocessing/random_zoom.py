"""RandomZoom: images seen from nearer or further away."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import interval
from kerata.layers.preprocessing.warp_layer import WarpLayer, about_center


@register("layers")
class RandomZoom(WarpLayer):
    """Stretches or shrinks each image about its centre by a random factor, in training.

    Args:
        height_factor: Two numbers between which one is drawn, above -1; one number `f` stands for
            `(-f, f)`. `0.2` shows 20 % more than the height of the image, which shrinks it;
            `-0.2` shows 20 % less.
        width_factor: The same for the width; `None` keeps the proportions.
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
    >>> layer = kerata.layers.RandomZoom(0.0, (-0.5, -0.5), interpolation="nearest")
    >>> image = kerata.ops.reshape(kerata.ops.arange(4.0), (1, 4, 1))
    >>> layer(image, training=True)[0, :, 0].tolist()
    [1.0, 1.0, 2.0, 2.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
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
        self._down = _above_minus_one(height_factor, "height_factor")
        self._across = None
        if width_factor is not None:
            self._across = _above_minus_one(width_factor, "width_factor")

    def transforms(self, data: Any, height: Any, width: Any, seed: Any) -> Any:
        """Return a scaling about the centre for each image."""
        down = ops.add(self.uniform(data, self._down, seed), 1.0)
        across = down
        if self._across is not None:
            across = ops.add(self.uniform(data, self._across, seed), 1.0)
        return about_center((0.0, down), (across, 0.0), height, width)


def _above_minus_one(value: Any, name: str) -> tuple[float, float]:
    low, high = interval(value, name, -1.0, 1.0)
    if low <= -1:
        raise ValueError(
            f"`{name}` is {value!r}; expected numbers above -1, at which nothing would be seen."
        )
    return low, high
