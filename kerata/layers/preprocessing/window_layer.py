"""Windowed: what layers share that show a window of images, or all of it, in a size."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.layers.preprocessing.geometry import channels_last, moved_boxes, over_masks, size_of
from kerata.ops.image import window
from kerata.ops.image.layout import over_batch


class Windowed:
    """Base, beside `ImageLayer`, of layers that read a window of images in a size.

    A subclass has attributes `height` and `width`, and defines `window_of`.
    """

    height: int
    width: int
    data_format: str
    bounding_box_format: str | None

    def window_of(self, batch: Any, data: Any, training: bool | None, seed: Any) -> window.Window:
        """Return which part of the images is seen. Subclasses define this.

        Args:
            batch: images (batch, height, width, channels).
            data, training, seed: As in `get_random_transformation`.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no `window_of`.")

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return which part of the images is seen, and their size."""
        batch = channels_last(data, self.data_format)
        part = self.window_of(batch, data, training, seed)
        return {"window": part, "size": size_of(data, self.data_format)}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the window of the images."""
        return self.read(images, transformation, "bilinear")

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool | None = True
    ) -> Any:
        """Return the same window of the masks."""
        return over_masks(
            segmentation_masks, lambda masks: self.read(masks, transformation, "nearest")
        )

    def read(self, images: Any, transformation: dict[str, Any], interpolation: str) -> Any:
        """Return the window of images or masks, in the size of the layer."""
        size = self.height, self.width
        return over_batch(
            type(self).__name__,
            images,
            self.data_format,
            lambda batch: window.read(batch, transformation["window"], size, interpolation),
        )

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool | None = True
    ) -> Any:
        """Return the boxes, as far as they are in the window, counted from its corner."""
        rows, columns = transformation["window"]
        new = (float(self.height), float(self.width))

        def image_of(x: Any, y: Any) -> tuple[Any, Any]:
            return _seen(x, columns, self.width), _seen(y, rows, self.height)

        return moved_boxes(
            bounding_boxes, self.bounding_box_format, image_of, transformation["size"], new
        )


def _seen(place: Any, side: window.Side, size: int) -> Any:
    """Return where a place is, along one side of a window that is shown in a size."""
    start, length = (
        number if isinstance(number, int) else ops.reshape(ops.cast(number, "float32"), (-1, 1))
        for number in side
    )
    return (place - start) * size / length
