"""RandomShear: images whose rows or columns are shifted the more the further they are away."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import interval
from kerata.layers.preprocessing.warp_layer import WarpLayer, transform_of


@register("layers")
class RandomShear(WarpLayer):
    """Shears each image by a random amount, in training; the upper left pixel stays.

    Args:
        x_factor: Two numbers between which one is drawn: by how many pixels each row is shifted
            against the one above it; one number `f` stands for `(-f, f)`. The direction is drawn
            as well, for both factors together.
        y_factor: The same for columns, against the one to their left.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: What comes from outside of the image: `"reflect"`, `"constant"`, `"nearest"`,
            `"wrap"` or `"mirror"`.
        fill_value: The value outside, for `fill_mode="constant"`.
        data_format, bounding_box_format: As in all layers of images.
        seed: Makes the choice reproducible.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If an argument is none of these.

    >>> import kerata
    >>> image = kerata.ops.reshape(kerata.ops.arange(16.0), (4, 4, 1))
    >>> sheared = kerata.layers.RandomShear(1.0, fill_mode="wrap")(image, training=True)
    >>> sheared[0, :, 0].tolist()
    [0.0, 1.0, 2.0, 3.0]
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            fill_mode=fill_mode, interpolation=interpolation, seed=seed, fill_value=fill_value,
            data_format=data_format, **kwargs,
        )  # fmt: skip
        self.x_factor = _symmetric(x_factor, "x_factor")
        self.y_factor = _symmetric(y_factor, "y_factor")

    def transforms(self, data: Any, height: Any, width: Any, seed: Any) -> Any:
        """Return a shear for each image."""
        across = self.uniform(data, self.x_factor, seed)
        down = self.uniform(data, self.y_factor, seed)
        direction = ops.where(ops.less(self.uniform(data, (0.0, 1.0), seed), 0.5), -1.0, 1.0)
        return transform_of(
            (ops.multiply(down, direction), 1.0, 0.0), (1.0, ops.multiply(across, direction), 0.0)
        )


def _symmetric(value: Any, name: str) -> tuple[float, float]:
    low, high = interval(value, name, 0.0, 1.0)
    return (low, high) if isinstance(value, (list, tuple)) else (-high, high)
