"""ImageLayer: the base of layers that change images, and with them labels, boxes and masks.

A random one draws a set of numbers for each image once per call (`get_random_transformation`),
and each of the transforms is given these, so that an image and its boxes are moved alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from kerata import ops, random
from kerata.backend import select
from kerata.core import dtypes, tree
from kerata.core.seeds import SeedGenerator
from kerata.core.spec import ndim_of, shape_of, sizes_of
from kerata.layers.arguments import data_format as checked_data_format
from kerata.layers.arguments import interval
from kerata.layers.preprocessing.data_layer import DataLayer

Tensor = Any
#: What `get_random_transformation` returns and the transforms take: tensors by name, or `None`.
Transformation = Any


class ImageLayer(DataLayer):
    """Base of layers of images.

    A subclass defines `transformed`, which is given a batch of images as floats, and the
    transforms of labels, boxes and masks if these change as well.

    Args:
        bounding_box_format: How boxes are written, such as `"xyxy"`; needed if there are any.
        data_format: Where the channels are; the configured default if `None`.

    Call arguments:
        data: Images (batch, height, width, channels), or with the channels second; one image
            without the batch; or a dictionary with `"images"` and as the case may be `"labels"`,
            `"bounding_boxes"` (a dictionary of `"boxes"` (batch, number, 4) and `"labels"`
            (batch, number)) and `"segmentation_masks"`, all of a batch or all of one image.
            Other entries pass.
        training: Whether random layers act.

    Returns what it was given, with images in the compute dtype. That is a float dtype by
    default; to an integer dtype the result is rounded.
    """

    #: whether images are changed in inference as well
    acts_in_inference: ClassVar[bool] = True

    _shared_parameters = (*DataLayer._shared_parameters, "data_format")

    def __init__(
        self, bounding_box_format: str | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        # Only images are cast: boxes and labels keep the precision that they have.
        super().__init__(autocast=False, **kwargs)
        self.bounding_box_format = bounding_box_format
        self.data_format = checked_data_format(data_format)
        axes = (-3, -2, -1) if self.data_format == "channels_last" else (-2, -1, -3)
        self.height_axis, self.width_axis, self.channel_axis = axes

    def __call__(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the changed images, or the dictionary with what has changed."""
        if isinstance(data, (list, tuple)):
            data = np.asarray(data)
        return super().__call__(data, *args, **kwargs)

    def call(self, data: Any, training: bool | None = True) -> Any:
        """Return the changed images, or the dictionary with what has changed."""
        if not isinstance(data, Mapping):
            return self.call({"images": data}, training=training)["images"]
        self._check(data)
        known = {key: value for key, value in data.items() if key in self._transforms}
        single = ndim_of(data["images"]) == 3
        changed = _of_batch_of_one(self._changed, known, training) if single else (
            self._changed(known, training)
        )
        return {**data, **changed}

    def _changed(self, data: dict[str, Any], training: bool | None) -> dict[str, Any]:
        if not (training or self.acts_in_inference):
            return {**data, "images": self._finished(data["images"])}
        transformation = self.get_random_transformation(data, training=training)
        return {
            key: self._transforms[key](value, transformation, training=training)
            for key, value in data.items()
        }

    @property
    def _transforms(self) -> dict[str, Callable]:
        return {
            "images": self.transform_images,
            "labels": self.transform_labels,
            "bounding_boxes": self.transform_bounding_boxes,
            "segmentation_masks": self.transform_segmentation_masks,
        }

    def _check(self, data: Mapping[str, Any]) -> None:
        if "images" not in data:
            raise ValueError(
                f"{self.path}: the dictionary has no entry 'images', only "
                f"{', '.join(map(repr, data)) or 'nothing'}. Pass the images under that name."
            )
        if ndim_of(data["images"]) not in (3, 4):
            raise ValueError(
                f"{self.path}: the images have shape {shape_of(data['images'])}; expected one "
                "image (height, width, channels) or a batch of them, with a fourth axis in front."
            )
        if "bounding_boxes" in data and self.bounding_box_format is None:
            raise ValueError(
                f"{self.path}: there are bounding boxes, and it is not known how they are "
                "written. Pass `bounding_box_format='xyxy'` (or the format that they are in) to "
                "the layer."
            )

    # -- the transforms ----------------------------------------------------------------------

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> Transformation:
        """Return what is to happen to each image of a call, with all that is random about it.

        Args:
            data: what `call` takes.
            training: whether random layers act.
            seed: integer or `SeedGenerator` to draw from; the layer's own by default.

        Returns:
            What the transforms take as `transformation`: here `None`, nothing is random.
        """
        return None

    def transformed(self, images: Tensor, transformation: Transformation) -> Tensor:
        """Return a batch of images, given as floats, changed. Subclasses define this.

        Args:
            images: (batch, height, width, channels), or with the channels second; float32, or
                float64 if the layer computes in it.
            transformation: what `get_random_transformation` returned.
        """
        raise NotImplementedError(
            f"{type(self).__name__} defines no `transformed`: add "
            "`def transformed(self, images, transformation): ...`."
        )

    def transform_images(
        self, images: Tensor, transformation: Transformation = None, training: bool | None = True
    ) -> Tensor:
        """Return a batch of images, changed, in the compute dtype."""
        if not (training or self.acts_in_inference):
            return self._finished(images)
        return self._finished(self.transformed(self._floats(images), transformation))

    def transform_labels(
        self, labels: Tensor, transformation: Transformation = None, training: bool | None = True
    ) -> Tensor:
        """Return the labels of a batch, which stay as they are."""
        return labels

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Transformation = None,
        training: bool | None = True,
    ) -> Any:  # fmt: skip
        """Return the dictionary of the boxes of a batch, which stay as they are."""
        return bounding_boxes

    def transform_segmentation_masks(
        self, segmentation_masks: Tensor, transformation: Transformation = None,
        training: bool | None = True,
    ) -> Tensor:  # fmt: skip
        """Return the masks of a batch, which stay as they are."""
        return segmentation_masks

    def transform_single_image(
        self, image: Tensor, transformation: Transformation = None, training: bool | None = True
    ) -> Tensor:
        """Return one image, changed."""
        return _of_batch_of_one(self.transform_images, image, transformation, training)

    def transform_single_label(
        self, label: Tensor, transformation: Transformation = None, training: bool | None = True
    ) -> Tensor:
        """Return the label of one image, changed."""
        return _of_batch_of_one(self.transform_labels, label, transformation, training)

    def transform_single_bounding_box(
        self, bounding_box: Any, transformation: Transformation = None,
        training: bool | None = True,
    ) -> Any:  # fmt: skip
        """Return the dictionary of the boxes of one image, changed."""
        return _of_batch_of_one(
            self.transform_bounding_boxes, bounding_box, transformation, training
        )

    def transform_single_segmentation_mask(
        self, segmentation_mask: Tensor, transformation: Transformation = None,
        training: bool | None = True,
    ) -> Tensor:  # fmt: skip
        """Return the mask of one image, changed."""
        return _of_batch_of_one(
            self.transform_segmentation_masks, segmentation_mask, transformation, training
        )

    # -- dtypes ------------------------------------------------------------------------------

    def _floats(self, images: Tensor) -> Tensor:
        """Return images in the dtype that they are changed in; halves would lose pixel values."""
        return ops.cast(images, dtypes.promote(self.compute_dtype, "float32"))

    def _finished(self, images: Tensor) -> Tensor:
        """Return images in the compute dtype."""
        if dtypes.is_float(ops.dtype(images)) and not dtypes.is_float(self.compute_dtype):
            return ops.saturate_cast(ops.round(images), self.compute_dtype)
        return ops.cast(images, self.compute_dtype)


class RandomImageLayer(ImageLayer):
    """Base of layers that change images at random, in training.

    A subclass draws in `get_random_transformation`, from `self.source(data, seed)`.

    Args:
        factor: A number, or the two between which one is drawn for each image; kept as two.
        bounding_box_format, data_format: As in `ImageLayer`.
        seed: Makes the choices reproducible.
    """

    acts_in_inference = False
    #: between which numbers `factor` is if it is one number
    factor_bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    factor: Any

    def __init__(self, factor: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if factor is not None:
            self.factor = interval(factor, "factor", *self.factor_bounds)
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def source(self, data: Any, seed: Any = None) -> SeedGenerator:
        """Return where to draw random numbers from, on the engine that the images are on."""
        if isinstance(seed, SeedGenerator):
            return seed
        if seed is not None:
            return SeedGenerator(seed)
        engine = select.engine_of(_images(data))
        return self.generator if engine is None else self.generator.on(engine)

    def uniform(
        self, data: Any, bounds: tuple[float, float], seed: Any, *sizes: int
    ) -> Tensor:
        """Return random numbers, between bounds, for each image: (batch, *sizes), float32."""
        shape = (batch_size(data), *sizes)
        return random.uniform(shape, *bounds, dtype="float32", seed=self.source(data, seed))

    def chosen(self, data: Any, bounds: tuple[float, float], seed: Any) -> Tensor:
        """Return for each image whether it is chosen: (batch, 1, 1, 1), bool.

        The probability of that is itself drawn for each image, between bounds.
        """
        source = self.source(data, seed)
        probability = self.uniform(data, bounds, source, 1, 1, 1)
        return ops.less(self.uniform(data, (0.0, 1.0), source, 1, 1, 1), probability)


def batch_size(data: Any) -> Any:
    """Return the number of images: an integer, `None`, or a tensor where a run will tell."""
    images = _images(data)
    return 1 if ndim_of(images) == 3 else sizes_of(images)[0]


def batch_of_images(data: Any) -> Tensor:
    """Return the images of what a layer is called on; one image as a batch of one."""
    images = _images(data)
    return ops.expand_dims(images, 0) if ndim_of(images) == 3 else images


def positions(images: Tensor, axis: int) -> Tensor:
    """Return 0, 1, 2, ... along an axis of a batch of images, 1 long along the others: int32.

    Unlike `ops.arange` it needs no size, which may be known only when the layer runs.
    """
    first = [slice(1)] * 4
    first[axis] = slice(None)
    return ops.cumsum(ops.cast(ops.ones_like(images[tuple(first)]), "int32"), axis) - 1


def _images(data: Any) -> Tensor:
    return data["images"] if isinstance(data, Mapping) else data


def _of_batch_of_one(function: Callable, value: Any, *args: Any) -> Any:
    """Return what a function of batches makes of one sample."""
    batch = tree.map_structure(lambda leaf: ops.expand_dims(leaf, 0), value)
    return tree.map_structure(lambda leaf: ops.squeeze(leaf, 0), function(batch, *args))
