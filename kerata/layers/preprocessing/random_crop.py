"""RandomCrop: a window of images at a random place."""

from __future__ import annotations

from typing import Any

from kerata.core.registry import register
from kerata.layers.arguments import positive_integer
from kerata.layers.preprocessing.image_layer import RandomImageLayer
from kerata.layers.preprocessing.window_layer import Windowed
from kerata.ops.image import window


@register("layers")
class RandomCrop(Windowed, RandomImageLayer):
    """Cuts a window out of each image: at a random place in training.

    In inference, and of images that are smaller than the window, the largest window in the middle
    that has the proportions of the new size is taken, and resized.

    Args:
        height, width: The new size, in pixels.
        seed: Makes the choice reproducible.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If the size is not positive.

    >>> import kerata
    >>> layer = kerata.layers.RandomCrop(1, 2, seed=1)
    >>> images = kerata.ops.reshape(kerata.ops.arange(3.0), (1, 1, 3, 1))
    >>> sorted({tuple(layer(images, training=True)[0, 0, :, 0].tolist()) for _ in range(20)})
    [(0.0, 1.0), (1.0, 2.0)]
    """

    acts_in_inference = True

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.height = positive_integer(height, "height")
        self.width = positive_integer(width, "width")

    def window_of(self, batch: Any, data: Any, training: bool | None, seed: Any) -> Any:
        """Return where the window of each image stands."""
        size = self.height, self.width
        if not training:
            return window.proportional(batch, size, inside=True)
        source = self.source(data, seed)
        places = [self.uniform(data, (0.0, 1.0), source) for _ in range(2)]
        return window.of_size(batch, size, (places[0], places[1]))
