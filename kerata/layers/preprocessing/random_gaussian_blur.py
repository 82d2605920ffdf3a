"""RandomGaussianBlur: images out of focus."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import integers, interval
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import RandomImageLayer
from kerata.ops.image.filter import smoothed


@register("layers")
class RandomGaussianBlur(RandomImageLayer):
    """Smooths images by a Gaussian window of random width, in training.

    See `ops.image.gaussian_blur`.

    Args:
        factor: Probability that an image is changed; two numbers between which it is drawn for
            each image, and one number `f` stands for `(0, f)`.
        kernel_size: Side of the window in pixels, odd; or its height and width.
        sigma: Standard deviation of the Gaussian in pixels; two numbers between which it is drawn
            for each image, along height and width; one number `s` stands for `(0, s)`.
        value_range: The smallest and the largest value of the pixels, to which they are clipped.
        seed: Makes the choice reproducible.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If an argument is none of these.

    >>> import kerata
    >>> layer = kerata.layers.RandomGaussianBlur((1.0, 1.0), sigma=(1.0, 1.0))
    >>> point = kerata.ops.pad(kerata.ops.full((1, 1, 1), 100.0), ((1, 1), (1, 1), (0, 0)))
    >>> kerata.ops.round(layer(point, training=True)[:, 1, 0]).tolist()
    [12.0, 20.0, 12.0]
    """

    factor_bounds = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: tuple[float, float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, seed=seed, data_format=data_format, **kwargs)
        self.kernel_size = integers(kernel_size, 2, "kernel_size")
        if any(side % 2 == 0 for side in self.kernel_size):
            raise ValueError(
                f"`kernel_size` is {kernel_size!r}; expected odd integers, such as kernel_size=3."
            )
        self.sigma = interval(sigma, "sigma", 0, float("inf"))
        self.value_range = checked_value_range(value_range)

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return which images are changed, and how wide their windows are."""
        source = self.source(data, seed)
        chosen = self.chosen(data, self.factor, source)
        sigmas = [self.uniform(data, self.sigma, source, 1, 1, 1) for _ in range(2)]
        # a width of 0 has no formula, and one of 0.01 changes nothing
        return {"chosen": chosen, "sigmas": [ops.maximum(sigma, 0.01) for sigma in sigmas]}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images smoothed."""
        batch = ops.moveaxis(images, self.channel_axis, -1)
        blurred = smoothed(batch, self.kernel_size, transformation["sigmas"])
        blurred = ops.moveaxis(blurred, -1, self.channel_axis)
        return ops.clip(ops.where(transformation["chosen"], blurred, images), *self.value_range)
