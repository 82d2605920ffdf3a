"""MaxNumBoundingBoxes: as many boxes for each image."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.layers.arguments import positive_integer
from kerata.layers.preprocessing.image_layer import ImageLayer


@register("layers")
class MaxNumBoundingBoxes(ImageLayer):
    """Brings the number of bounding boxes to one that is given: cuts them off, or fills up.

    The layer acts in training and in inference.

    Args:
        max_number: How many boxes each image has afterwards.
        fill_value: What coordinates and labels of the boxes that are added are.
        data_format, bounding_box_format: As in all layers of images.

    Input and output: a dictionary with `"images"` and `"bounding_boxes"`, as in all layers of
    images.

    Raises:
        ValueError: If `max_number` is no positive integer.

    >>> import kerata
    >>> layer = kerata.layers.MaxNumBoundingBoxes(3, bounding_box_format="xyxy")
    >>> boxes = {"boxes": kerata.ops.ones((1, 2, 4)), "labels": kerata.ops.array([[5, 6]])}
    >>> result = layer({"images": kerata.ops.ones((1, 8, 8, 3)), "bounding_boxes": boxes})
    >>> result["bounding_boxes"]["labels"].tolist()
    [[5, 6, -1]]
    """

    def __init__(self, max_number: int, fill_value: float = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_number = positive_integer(max_number, "max_number")
        self.fill_value = fill_value

    def transformed(self, images: Any, transformation: Any) -> Any:
        """Return the images, which stay as they are."""
        return images

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool | None = True
    ) -> Any:
        """Return the dictionary of the boxes, with as many for each image."""
        return {key: self._filled(value) for key, value in bounding_boxes.items()}

    def _filled(self, values: Any) -> Any:
        kept = values[:, : self.max_number]
        sides = [(0, 0)] * len(shape_of(values))
        sides[1] = (0, self.max_number - shape_of(kept)[1])
        return ops.pad(kept, sides, constant_values=self.fill_value)
