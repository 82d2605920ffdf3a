"""MixUp and CutMix: each image of a batch mixed with another one, and the labels with it."""

from __future__ import annotations

from typing import Any

from kerata import ops, random
from kerata.core import dtypes
from kerata.core.config import floatx
from kerata.core.registry import register
from kerata.core.spec import ndim_of, shape_of
from kerata.layers.preprocessing.image_layer import (
    RandomImageLayer,
    batch_of_images,
    batch_size,
)
from kerata.layers.preprocessing.patches import random_patches

Tensor = Any


class _Mixing(RandomImageLayer):
    """Base of the two. A transformation holds the order in which the others come
    (`"permutation_order"`) and the share that an image keeps (`"mix_weight"`, (batch, 1, 1, 1)).
    """

    def _order(self, data: Any, source: random.SeedGenerator) -> Tensor:
        """Return the numbers of the images in random order."""
        return ops.argsort(self.uniform(data, (0.0, 1.0), source))

    def _shares(self, data: Any, alpha: Any, source: random.SeedGenerator) -> Tensor:
        """Return a number from the distribution Beta(alpha, alpha) for each image."""
        shape = (batch_size(data), 1, 1, 1)
        return random.beta(shape, alpha, alpha, dtype="float32", seed=source)

    def transform_labels(
        self, labels: Tensor, transformation: Any = None, training: bool | None = True
    ) -> Tensor:
        """Return the labels of a batch, mixed as the images are.

        Raises:
            ValueError: if they are numbers of classes, which cannot be mixed.
        """
        if not training:
            return labels
        if ndim_of(labels) == 1 and not dtypes.is_float(ops.dtype(labels)):
            raise ValueError(
                f"{self.path}: the labels have dtype {ops.dtype(labels)} and shape "
                f"{shape_of(labels)}: numbers of classes cannot be mixed. Pass "
                "`kerata.ops.one_hot(labels, number_of_classes)`."
            )
        if not dtypes.is_float(ops.dtype(labels)):
            labels = ops.cast(labels, floatx())
        return _blended(labels, transformation)


def _blended(values: Tensor, transformation: dict[str, Tensor]) -> Tensor:
    """Return a weighted mean of each sample's values and those of the other."""
    weight = ops.reshape(transformation["mix_weight"], (-1,) + (1,) * (ndim_of(values) - 1))
    weight = ops.cast(weight, ops.dtype(values))
    other = ops.take(values, transformation["permutation_order"], 0)
    return other + weight * (values - other)


@register("layers")
class MixUp(_Mixing):
    """Returns `w * x + (1 - w) * x'` for each image `x` and another one `x'`, in training.

    Labels and segmentation masks are mixed likewise; an image has its own bounding boxes and
    those of the other.

    Args:
        alpha: How much is mixed: `w` is drawn from the distribution Beta(alpha, alpha), which
            is near 0 or 1 for small numbers.
        seed: Makes the choice reproducible.
        data_format: Where the channels are; the configured default if `None`.
        bounding_box_format: As in all layers of images.

    Input and output: a dictionary of a batch, as in all layers of images; labels are one-hot or
    other numbers that a weighted mean makes sense of.

    Raises:
        ValueError: If `alpha` is no positive number, or labels are numbers of classes.

    Reference: Zhang et al., "mixup: beyond empirical risk minimization", 2017.

    >>> import kerata
    >>> layer = kerata.layers.MixUp(alpha=0.4, seed=1)
    >>> data = {"images": kerata.ops.ones((4, 8, 8, 3)), "labels": kerata.ops.eye(4)}
    >>> mixed = layer(data)["labels"]
    >>> kerata.ops.round(kerata.ops.sum(mixed, 1), 3).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(
        self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if not isinstance(alpha, (int, float)) or isinstance(alpha, bool) or alpha <= 0:
            raise ValueError(f"`alpha` is {alpha!r}; expected a positive number, such as 0.2.")
        self.alpha = alpha

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return what each image is mixed with, and how much of it is kept."""
        source = self.source(data, seed)
        return {
            "mix_weight": self._shares(data, float(self.alpha), source),
            "permutation_order": self._order(data, source),
        }

    def transformed(self, images: Tensor, transformation: dict[str, Any]) -> Tensor:
        """Return the images, mixed."""
        return _blended(images, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool | None = True
    ) -> Any:
        """Return the boxes of each image and, behind them, those of the other."""
        if not training:
            return bounding_boxes
        order = transformation["permutation_order"]
        return {
            key: ops.concatenate([value, ops.take(value, order, 0)], 1)
            for key, value in bounding_boxes.items()
        }

    def transform_segmentation_masks(
        self, segmentation_masks: Tensor, transformation: Any = None, training: bool | None = True
    ) -> Tensor:
        """Return the masks, mixed."""
        if not training:
            return segmentation_masks
        return self._finished(_blended(self._floats(segmentation_masks), transformation))


@register("layers")
class CutMix(_Mixing):
    """Pastes a rectangle of another image into each image, in training.

    The rectangle is at the same place in both, and its area about `1 - w` of the image, with
    `w` drawn from the distribution Beta(f, f). Segmentation masks are cut likewise; labels are
    mixed by the area that the rectangle really has.

    Args:
        factor: Two numbers between which `f` is drawn for each image; one number `f` stands for
            `(0, f)`. Small numbers make very small and very large rectangles.
        seed: Makes the choice reproducible.
        data_format: Where the channels are; the configured default if `None`.
        bounding_box_format: As in all layers of images.

    Input and output: a dictionary of a batch, as in all layers of images; labels are one-hot or
    other numbers that a weighted mean makes sense of. Bounding boxes stay as they are.

    Raises:
        ValueError: If `factor` is something else, or labels are numbers of classes.

    Reference: Yun et al., "CutMix: regularization strategy to train strong classifiers with
    localizable features", 2019.

    >>> import kerata
    >>> layer = kerata.layers.CutMix(seed=1)
    >>> data = {"images": kerata.ops.ones((4, 8, 8, 3)), "labels": kerata.ops.eye(4)}
    >>> mixed = layer(data)["labels"]
    >>> kerata.ops.round(kerata.ops.sum(mixed, 1), 3).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    factor_bounds = (0, 1)

    def __init__(
        self, factor: Any = 1.0, seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(factor=factor, seed=seed, data_format=data_format, **kwargs)

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return what is pasted into each image, where, and how much of it is kept."""
        images, source = batch_of_images(data), self.source(data, seed)
        # Nearer to 0, where the limit is all or nothing, engines lose precision.
        alpha = ops.maximum(self.uniform(data, self.factor, source, 1, 1, 1), 0.01)
        share = ops.sqrt(1.0 - self._shares(data, alpha, source))
        axes = (self.height_axis, self.width_axis)
        patches = random_patches(images, axes, (share, share), source)
        pasted = ops.mean(ops.cast(patches, "float32"), (1, 2, 3), keepdims=True)
        return {
            "batch_masks": patches,
            "mix_weight": 1.0 - pasted,
            "permutation_order": self._order(data, source),
        }

    def transformed(self, images: Tensor, transformation: dict[str, Any]) -> Tensor:
        """Return the images with the rectangles of the others."""
        other = ops.take(images, transformation["permutation_order"], 0)
        return ops.where(transformation["batch_masks"], other, images)

    def transform_segmentation_masks(
        self, segmentation_masks: Tensor, transformation: Any = None, training: bool | None = True
    ) -> Tensor:
        """Return the masks with the rectangles of the others."""
        if not training:
            return segmentation_masks
        patches = transformation["batch_masks"]
        if ndim_of(segmentation_masks) == 3:
            patches = ops.squeeze(patches, self.channel_axis)
        return self.transformed(segmentation_masks, {**transformation, "batch_masks": patches})
