"""WarpLayer: the base of random layers that move pixels along straight lines.

What happens to an image is one transform, of numbers as `ops.image.affine_transform` takes them:
where in the old image each pixel of the new one lies. Images, masks and boxes follow it.
"""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.backend.sampling import FILL_MODES
from kerata.layers.arguments import one_of
from kerata.layers.preprocessing.geometry import moved_boxes, over_masks, size_of
from kerata.layers.preprocessing.image_layer import RandomImageLayer

INTERPOLATIONS = ("nearest", "bilinear")


class WarpLayer(RandomImageLayer):
    """Base of layers that move pixels along straight lines, in training.

    A subclass defines `transforms`.

    Args:
        fill_mode: What lies outside of the old image: `"constant"`, `"nearest"`, `"wrap"`,
            `"mirror"` or `"reflect"`, see `ops.image.map_coordinates`.
        interpolation: `"nearest"` or `"bilinear"`. Masks are always taken from the nearest pixel.
        fill_value: The value outside, for `"constant"`.
        factor, seed, data_format, bounding_box_format: As in `RandomImageLayer`.
    """

    def __init__(
        self,
        factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, seed=seed, **kwargs)
        self.fill_mode = one_of(fill_mode, FILL_MODES, "fill_mode")
        self.interpolation = one_of(interpolation, INTERPOLATIONS, "interpolation")
        self.fill_value = fill_value

    def transforms(self, data: Any, height: Any, width: Any, seed: Any) -> Any:
        """Return the transform of each image, (batch, 6) or (batch, 8). Subclasses define this.

        Args:
            data: What `call` takes.
            height, width: Of the images, numbers or tensors.
            seed: Where to draw from, a `SeedGenerator`.
        """
        raise NotImplementedError(
            f"{type(self).__name__} defines no `transforms`: add "
            "`def transforms(self, data, height, width, seed): ...`."
        )

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return the transform of each image and the size of the images."""
        height, width = size_of(data, self.data_format)
        transforms = self.transforms(data, height, width, self.source(data, seed))
        return {"transforms": transforms, "size": (height, width)}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images with their pixels moved."""
        return self._warped(images, transformation, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool | None = True
    ) -> Any:
        """Return the masks with their pixels moved as those of the images."""
        return over_masks(
            segmentation_masks, lambda masks: self._warped(masks, transformation, "nearest")
        )

    def _warped(self, images: Any, transformation: dict[str, Any], interpolation: str) -> Any:
        return ops.image.affine_transform(
            images,
            transformation["transforms"],
            interpolation,
            self.fill_mode,
            self.fill_value,
            self.data_format,
        )

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool | None = True
    ) -> Any:
        """Return the boxes around what is left in the image of the boxes when they are moved."""
        back = _inverse(transformation["transforms"])
        size = transformation["size"]

        def image_of(x: Any, y: Any) -> tuple[Any, Any]:
            # transforms count from the centre of the first pixel, boxes from its corner
            point = ops.stack([x - 0.5, y - 0.5, ops.ones_like(x)], 1)
            moved_x, moved_y, depth = ops.unstack(ops.matmul(back, point), 3, 1)
            return moved_x / depth + 0.5, moved_y / depth + 0.5

        return moved_boxes(bounding_boxes, self.bounding_box_format, image_of, size, size)


def _inverse(transforms: Any) -> Any:
    """Return the matrices (batch, 3, 3) that take the old place of a pixel to the new one."""
    zero = ops.zeros_like(transforms[:, :1])
    perspective = [zero, zero] if transforms.shape[-1] == 6 else []
    numbers = ops.concatenate([transforms, *perspective, zero + 1.0], -1)
    return ops.inv(ops.reshape(numbers, (-1, 3, 3)))


def transform_of(rows: tuple, columns: tuple) -> Any:
    """Return transforms (batch, 6), which have no perspective.

    Args:
        rows: b0, b1, b2: the row in the old image is `b0 x + b1 y + b2`; tensors (batch,) or
            numbers, at least one a tensor.
        columns: a0, a1, a2: the same for the column.
    """
    return ops.stack(_tensors((*columns, *rows)), -1)


def about_center(rows: tuple, columns: tuple, height: Any, width: Any) -> Any:
    """Return the transforms with linear parts (b0, b1) and (a0, a1) that keep the centre."""
    a0, a1, b0, b1 = _tensors((*columns, *rows))
    x, y = _middle(width), _middle(height)

    def keeping(middle: Any, across: Any, down: Any) -> Any:
        moved = ops.add(ops.multiply(across, x), ops.multiply(down, y))
        return ops.subtract(middle, moved)

    return transform_of((b0, b1, keeping(y, b0, b1)), (a0, a1, keeping(x, a0, a1)))


def _tensors(numbers: tuple) -> list[Any]:
    """Return numbers and tensors (batch,) all as tensors on one engine."""
    zero = ops.zeros_like(next(each for each in numbers if not isinstance(each, float)))
    return [ops.add(zero, each) for each in numbers]


def _middle(size: Any) -> Any:
    """Return where the middle of an image is, from the centre of its first pixel."""
    return (size - 1) / 2
