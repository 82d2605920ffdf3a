"""AutoContrast: the values of each channel stretched over the whole range."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import ImageLayer


@register("layers")
class AutoContrast(ImageLayer):
    """Stretches each channel of each image, so that its values fill the value range.

    A channel of one value stays as it is. The layer acts in training and in inference.

    Args:
        value_range: The smallest and the largest value of the pixels.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `value_range` is something else.

    >>> import kerata
    >>> kerata.layers.AutoContrast()(kerata.ops.array([[[50.0], [75.0], [150.0]]])).tolist()
    [[[0.0], [63.75], [255.0]]]
    """

    def __init__(self, value_range: tuple[float, float] = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = checked_value_range(value_range)

    def transformed(self, images: Any, transformation: Any) -> Any:
        """Return the images stretched."""
        axes = (self.height_axis, self.width_axis)
        least, most = ops.min(images, axes, keepdims=True), ops.max(images, axes, keepdims=True)
        low, high = self.value_range
        stretched = ops.divide_no_nan(images - least, most - least) * float(high - low) + low
        return ops.where(most > least, stretched, images)
