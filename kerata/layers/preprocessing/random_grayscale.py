"""RandomGrayscale and RandomColorDegeneration: images without colour, or with less."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.arguments import fraction
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import RandomImageLayer


@register("layers")
class RandomGrayscale(RandomImageLayer):
    """Makes random images grey, in training; they keep their three channels, now equal ones.

    Args:
        factor: The probability of that for each image.
        data_format: Where the channels are; the configured default if `None`.
        seed: Makes the choice reproducible.
        bounding_box_format: As in all layers of images.

    Input and output: RGB images (or images of one channel, which stay as they are), one image
    or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `factor` is no number between 0 and 1.

    >>> import kerata
    >>> layer = kerata.layers.RandomGrayscale(1.0)
    >>> layer(kerata.ops.array([[[100.0, 0.0, 0.0]]])).tolist()
    [[[29.8..., 29.8..., 29.8...]]]
    """

    def __init__(
        self,
        factor: float = 0.5,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = fraction(factor, "factor")

    def get_random_transformation(
        self, images: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return for each image whether it becomes grey."""
        return {"should_apply": self.chosen(images, (self.factor, self.factor), seed)}

    # Keras calls the transformation by another name in these two.

    def transform_labels(
        self, labels: Any, transformation: Any = None, training: bool | None = True,
        transformations: Any = None,
    ) -> Any:  # fmt: skip
        """Return the labels of a batch, which stay as they are."""
        return labels

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool | None = True,
        transformations: Any = None,
    ) -> Any:  # fmt: skip
        """Return the masks of a batch, which stay as they are."""
        return segmentation_masks

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images, the chosen ones grey."""
        if shape_of(images)[self.channel_axis] == 1:
            return images
        grey = ops.image.rgb_to_grayscale(images, self.data_format)
        return ops.where(transformation["should_apply"], grey, images)


@register("layers")
class RandomColorDegeneration(RandomImageLayer):
    """Returns `(1 - f) * x + f * grey` for each image, with a random `f`, in training.

    Args:
        factor: Two numbers between which `f` is drawn for each image: 0 changes nothing, 1
            leaves only grey; one number `f` stands for `(0, f)`.
        value_range: The smallest and the largest value of the pixels; results are clipped to it.
        data_format: Where the channels are; the configured default if `None`.
        seed: Makes the choice reproducible.
        bounding_box_format: As in all layers of images.

    Input and output: RGB images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `factor` or `value_range` is something else.

    >>> import kerata
    >>> layer = kerata.layers.RandomColorDegeneration((0.5, 0.5))
    >>> layer(kerata.ops.array([[[100.0, 0.0, 0.0]]])).tolist()
    [[[64.9..., 14.9..., 14.9...]]]
    """

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

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return how much of its colour each image loses."""
        return {"factor": self.uniform(data, self.factor, seed, 1, 1, 1)}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images with less colour."""
        grey = ops.image.rgb_to_grayscale(images, self.data_format)
        changed = images + transformation["factor"] * (grey - images)
        return ops.clip(changed, *self.value_range)
