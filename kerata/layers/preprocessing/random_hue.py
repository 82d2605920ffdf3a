"""RandomHue and RandomSaturation: other colours, and stronger or weaker ones."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import RandomImageLayer


class _Colours(RandomImageLayer):
    """Base of layers whose factor says how the colours of RGB images change."""

    factor_bounds = (0, 1)

    def __init__(
        self,
        factor: Any,
        value_range: tuple[float, float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, seed=seed, data_format=data_format, **kwargs)
        self.value_range = checked_value_range(value_range)


@register("layers")
class RandomHue(_Colours):
    """Turns the hue of all colours of an image by a random angle, in training.

    The angle is `f / 2` of the whole circle, in one direction or the other: with `f = 1`, red
    becomes cyan.

    Args:
        factor: Two numbers between which `f` is drawn for each image; one number `f` stands for
            `(0, f)`.
        value_range: The smallest and the largest value of the pixels.
        data_format: Where the channels are; the configured default if `None`.
        seed: Makes the choice reproducible.
        bounding_box_format: As in all layers of images.

    Input and output: RGB images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `factor` or `value_range` is something else.

    >>> import kerata
    >>> layer = kerata.layers.RandomHue((1.0, 1.0))
    >>> kerata.ops.round(layer(kerata.ops.array([[[255.0, 0.0, 0.0]]]))).tolist()
    [[[0.0, 255.0, 255.0]]]
    """

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return the turn of each image, 1 for the whole circle."""
        source = self.source(data, seed)
        turn = self.uniform(data, self.factor, source, 1, 1, 1) * 0.5
        back = self.chosen(data, (0.5, 0.5), source)
        return {"factor": ops.where(back, -turn, turn)}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images with their hues turned.

        The hue lies between 0 and 6: red at 0, green at 2, blue at 4. Value and range, the
        largest channel and its distance from the smallest, stay.
        """
        if shape_of(images)[self.channel_axis] not in (3, None):
            raise ValueError(
                f"{self.path}: the images have shape {shape_of(images)}; expected three channels "
                f"(red, green, blue) along axis {self.channel_axis}."
            )
        red, green, blue = ops.split(images, 3, self.channel_axis)
        value = ops.maximum(ops.maximum(red, green), blue)
        range_ = value - ops.minimum(ops.minimum(red, green), blue)
        from_red = ops.divide_no_nan(green - blue, range_)
        from_green = ops.divide_no_nan(blue - red, range_) + 2.0
        from_blue = ops.divide_no_nan(red - green, range_) + 4.0
        hue = ops.where(
            ops.equal(value, red), from_red,
            ops.where(ops.equal(value, green), from_green, from_blue),
        )  # fmt: skip
        hue = hue + transformation["factor"] * 6.0

        def channel(own: float) -> Any:
            """Return the channel that is alone at one hue and lacks three steps from there."""
            distance = ops.abs(hue - own)
            around = ops.minimum(distance, ops.abs(6.0 - distance))
            return value - range_ * ops.clip(around - 1.0, 0.0, 1.0)

        return ops.concatenate([channel(0.0), channel(2.0), channel(4.0)], self.channel_axis)


@register("layers")
class RandomSaturation(_Colours):
    """Multiplies the saturation of all colours of an image by a random number, in training.

    The number is `f / (1 - f)`; saturation ends at 1, that of a pure colour.

    Args:
        factor: Two numbers from 0 to 1 between which `f` is drawn for each image: 0 leaves only
            grey, 0.5 changes nothing, 1 makes pure colours; one number `f` stands for `(0, f)`.
        value_range: The smallest and the largest value of the pixels.
        data_format: Where the channels are; the configured default if `None`.
        seed: Makes the choice reproducible.
        bounding_box_format: As in all layers of images.

    Input and output: RGB images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `factor` or `value_range` is something else.

    >>> import kerata
    >>> layer = kerata.layers.RandomSaturation((0.0, 0.0))
    >>> layer(kerata.ops.array([[[200.0, 100.0, 0.0]]])).tolist()
    [[[200.0, 200.0, 200.0]]]
    """

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return by what each image's saturation is multiplied."""
        factor = ops.clip(self.uniform(data, self.factor, seed, 1, 1, 1), 0.0, 1.0 - 1e-7)
        return {"factor": factor / (1.0 - factor)}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images with the same hues and values, and other saturations."""
        value = ops.max(images, self.channel_axis, keepdims=True)
        least = ops.min(images, self.channel_axis, keepdims=True)
        # The saturation is `(value - least) / (value - low)`, so hue and value stay when all
        # channels keep their ratios of distances from the value.
        purest = ops.divide_no_nan(value - self.value_range[0], value - least)
        return value - (value - images) * ops.minimum(transformation["factor"], purest)
