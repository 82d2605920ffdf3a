"""RandomSharpness: images blurred, or sharpened by moving away from their blur."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.image_layer import RandomImageLayer


@register("layers")
class RandomSharpness(RandomImageLayer):
    """Returns `blur + 2 * f * (x - blur)` for each image, with a random `f`, in training.

    `blur` is the image with each pixel replaced by the weighted mean of itself (5) and its
    neighbours (1 each). The pixels at the border, which lack neighbours, stay as they are. The
    result is clipped to the value range.

    Args:
        factor: Two numbers between which `f` is drawn: 0 blurs, 0.5 changes nothing, 1
            sharpens; one number `f` stands for `(0, f)`.
        value_range: The smallest and the largest value of the pixels.
        data_format: Where the channels are; the configured default if `None`.
        seed: Makes the choice reproducible.
        bounding_box_format: As in all layers of images.

    Input and output: images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If `factor` or `value_range` is something else.

    Reference: Cubuk et al., "AutoAugment: learning augmentation policies from data", 2019, whose
    operation "Sharpness" is that of the Python Imaging Library.

    >>> import kerata
    >>> dot = [[0.0, 0.0, 0.0], [0.0, 13.0, 0.0], [0.0, 0.0, 0.0]]
    >>> image = kerata.ops.expand_dims(kerata.ops.array(dot), -1)
    >>> kerata.layers.RandomSharpness((0.0, 0.0))(image)[1, 1].tolist()
    [5.0]
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
        """Return the sharpness of each image."""
        return {"factor": self.uniform(data, self.factor, seed, 1, 1, 1)}

    def transformed(self, images: Any, transformation: dict[str, Any]) -> Any:
        """Return the images, each between its blur and beyond itself."""
        blurred = self._blurred(images)
        changed = blurred + 2.0 * transformation["factor"] * (images - blurred)
        return ops.clip(changed, *self.value_range)

    def _blurred(self, images: Any) -> Any:
        neighbours = self._sums(images)
        complete = self._sums(ops.ones_like(images[:1])) > 8.5
        return ops.where(complete, (neighbours + 4.0 * images) / 13.0, images)

    def _sums(self, images: Any) -> Any:
        """Return the sum of each pixel and its neighbours; there are zeros around the image."""
        return _sums_of_three(_sums_of_three(images, self.height_axis), self.width_axis)


def _sums_of_three(images: Any, axis: int) -> Any:
    """Return the sum of each value and those beside it along an axis."""
    sides = [(0, 0)] * 4
    sides[axis] = (1, 1)
    padded = ops.pad(images, sides)
    before, middle, after = ([slice(None)] * 4 for _ in range(3))
    before[axis], middle[axis], after[axis] = slice(None, -2), slice(1, -1), slice(2, None)
    return padded[tuple(before)] + padded[tuple(middle)] + padded[tuple(after)]
