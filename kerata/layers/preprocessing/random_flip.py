"""RandomFlip: images mirrored."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import one_of
from kerata.layers.preprocessing.geometry import moved_boxes, over_masks, size_of
from kerata.layers.preprocessing.image_layer import RandomImageLayer

_MODES = ("horizontal", "vertical", "horizontal_and_vertical")


@register("layers")
class RandomFlip(RandomImageLayer):
    """Mirrors each image with probability 1/2, in training.

    Args:
        mode: `"horizontal"` exchanges left and right, `"vertical"` above and below,
            `"horizontal_and_vertical"` does each with probability 1/2.
        seed: Makes the choice reproducible.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `mode` is something else.

    >>> import kerata
    >>> layer = kerata.layers.RandomFlip("horizontal", seed=1)
    >>> images = kerata.ops.reshape(kerata.ops.arange(2.0), (1, 1, 2, 1))
    >>> sorted({tuple(layer(images)[0, 0, :, 0].tolist()) for _ in range(20)})
    [(0.0, 1.0), (1.0, 0.0)]
    """

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.mode = one_of(mode, _MODES, "mode")

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return in which directions each image is mirrored, and the size of the images."""
        source = self.source(data, seed)
        flips = {
            direction: self.chosen(data, (0.5, 0.5), source)
            for direction in ("horizontal", "vertical")
            if direction in self.mode
        }
        return {"flips": flips, "size": size_of(data, self.data_format)}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images mirrored."""
        axes = {"horizontal": self.width_axis, "vertical": self.height_axis}
        for direction, chosen in transformation["flips"].items():
            images = ops.where(chosen, ops.flip(images, axes[direction]), images)
        return images

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool | None = True
    ) -> Any:
        """Return the masks mirrored as the images."""
        return over_masks(segmentation_masks, lambda masks: self.transformed(masks, transformation))

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool | None = True
    ) -> Any:
        """Return the boxes mirrored as the images."""
        flips, (height, width) = transformation["flips"], transformation["size"]

        def mirrored(direction: str, place: Any, size: Any) -> Any:
            if direction not in flips:
                return place
            return ops.where(flips[direction][:, :, 0, 0], size - place, place)

        def image_of(x: Any, y: Any) -> tuple[Any, Any]:
            return mirrored("horizontal", x, width), mirrored("vertical", y, height)

        size = (height, width)
        return moved_boxes(bounding_boxes, self.bounding_box_format, image_of, size, size)
