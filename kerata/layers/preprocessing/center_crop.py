"""CenterCrop: the middle of images."""

from __future__ import annotations

from typing import Any

from kerata.core.registry import register
from kerata.layers.arguments import positive_integer
from kerata.layers.preprocessing.image_layer import ImageLayer
from kerata.layers.preprocessing.window_layer import Windowed
from kerata.ops.image import window


@register("layers")
class CenterCrop(Windowed, ImageLayer):
    """Cuts out the middle of images, in training and in inference.

    Images that are smaller are resized first: what is cut out is then the largest window that has
    the proportions of the new size.

    Args:
        height, width: The new size, in pixels.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If the size is not positive.

    >>> import kerata
    >>> image = kerata.ops.reshape(kerata.ops.arange(16.0), (4, 4, 1))
    >>> kerata.layers.CenterCrop(2, 2)(image)[:, :, 0].tolist()
    [[5.0, 6.0], [9.0, 10.0]]
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height = positive_integer(height, "height")
        self.width = positive_integer(width, "width")

    def window_of(self, batch: Any, data: Any, training: bool | None, seed: Any) -> Any:
        """Return the window in the middle of the images."""
        return window.of_size(batch, (self.height, self.width))
