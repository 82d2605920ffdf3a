"""RandAugment and AugMix: random layers of colours and warps, one after the other or mixed.

Which layers act is drawn once per call, for all images of it; how, for each image. Engines that
compile compile each layer once and choose when they run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata import ops, random
from kerata.core import tree
from kerata.core.registry import register
from kerata.core.seeds import SeedGenerator
from kerata.core.spec import ndim_of, shape_of
from kerata.layers.arguments import one_of, positive_integer
from kerata.layers.arguments import value_range as checked_value_range
from kerata.layers.preprocessing.auto_contrast import AutoContrast
from kerata.layers.preprocessing.equalization import Equalization
from kerata.layers.preprocessing.image_layer import (
    ImageLayer,
    RandomImageLayer,
    batch_of_images,
    batch_size,
)
from kerata.layers.preprocessing.random_brightness import RandomBrightness
from kerata.layers.preprocessing.random_contrast import RandomContrast
from kerata.layers.preprocessing.random_grayscale import RandomColorDegeneration
from kerata.layers.preprocessing.random_invert import Solarization
from kerata.layers.preprocessing.random_posterization import RandomPosterization
from kerata.layers.preprocessing.random_rotation import RandomRotation
from kerata.layers.preprocessing.random_sharpness import RandomSharpness
from kerata.layers.preprocessing.random_shear import RandomShear
from kerata.layers.preprocessing.random_translation import RandomTranslation
from kerata.layers.preprocessing.warp_layer import INTERPOLATIONS

Tensor = Any


class _Policy(RandomImageLayer):
    """Base of the two: the layers that they choose from, all of one strength."""

    factor_bounds = (0, 1)

    def __init__(
        self,
        value_range: tuple[float, float],
        factor: Any,
        interpolation: str,
        all_ops: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, **kwargs)
        self.value_range = checked_value_range(value_range)
        self.interpolation = one_of(interpolation, INTERPOLATIONS, "interpolation")
        self.steps = self._warps() + self._colours() + (self._blends() if all_ops else [])

    def _warps(self) -> list[ImageLayer]:
        """Return the layers that move pixels."""
        options: dict[str, Any] = {
            "interpolation": self.interpolation,
            "data_format": self.data_format,
            "bounding_box_format": self.bounding_box_format,
        }
        return [
            RandomShear(self.factor, self.factor, **options),
            RandomTranslation(self.factor, self.factor, **options),
            RandomRotation(self.factor, **options),
        ]

    def _colours(self) -> list[ImageLayer]:
        """Return the layers that change values by thresholds and histograms."""
        options: dict[str, Any] = {
            "value_range": self.value_range, "data_format": self.data_format
        }  # fmt: skip
        bits = max(1, int(8 * self.factor[1]))
        return [
            Solarization(self.factor, self.factor, **options),
            RandomPosterization((1, bits), **options),
            AutoContrast(**options),
            Equalization(**options),
        ]

    def _blends(self) -> list[ImageLayer]:
        """Return the layers that change brightness, colour, contrast and sharpness."""
        options: dict[str, Any] = {
            "value_range": self.value_range, "data_format": self.data_format
        }  # fmt: skip
        kinds = (RandomBrightness, RandomColorDegeneration, RandomContrast, RandomSharpness)
        return [kind(self.factor, **options) for kind in kinds]

    def _drawn_steps(self, data: Any, source: SeedGenerator) -> list[Any]:
        """Return what each layer would do."""
        return [step.get_random_transformation(data, seed=source) for step in self.steps]

    def _order(self, data: Any, source: SeedGenerator, count: int) -> Tensor:
        """Return the places of `count` layers in random order, without those drawn before."""
        chance = random.uniform((len(self.steps),), dtype="float32", seed=source)
        return ops.argsort(chance)[:count]


def _one_of_them(place: Tensor, functions: list[Callable], drawn: list[Any], value: Any) -> Any:
    """Apply the function at a place, to a value and what has been drawn for it."""
    branches = [
        lambda x, function=function, numbers=numbers: function(x, numbers)
        for function, numbers in zip(functions, drawn, strict=True)
    ]
    return ops.switch(place, branches, value)


@register("layers")
class RandAugment(_Policy):
    """Applies some layers drawn at random, one after the other, in training.

    They are drawn from `RandomShear`, `RandomTranslation`, `RandomRotation`,
    `RandomBrightness`, `RandomColorDegeneration`, `RandomContrast`, `RandomSharpness`,
    `RandomPosterization`, `Solarization`, `AutoContrast` and `Equalization`: the same ones for
    all images of a call, with numbers drawn for each image. Masks and boxes follow.

    Args:
        value_range: The smallest and the largest value of the pixels.
        num_ops: How many layers are applied, each at most once.
        factor: How strongly: the factors of the layers. Two numbers from 0 to 1; one number `f`
            stands for `(0, f)`.
        interpolation: `"bilinear"` or `"nearest"`, where pixels are moved.
        seed: Makes the choice reproducible.
        data_format: Where the channels are; the configured default if `None`.
        bounding_box_format: As in all layers of images.

    Input and output: RGB images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If an argument is none of these.

    Reference: Cubuk et al., "RandAugment: practical automated data augmentation with a reduced
    search space", 2019.

    >>> import kerata
    >>> layer = kerata.layers.RandAugment(num_ops=2, factor=0.3)
    >>> layer(kerata.ops.ones((2, 8, 8, 3)), training=False).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: tuple[float, float] = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            value_range, factor, interpolation, seed=seed, data_format=data_format, **kwargs
        )
        self.num_ops = positive_integer(num_ops, "num_ops")
        if self.num_ops > len(self.steps):
            raise ValueError(
                f"`num_ops` is {num_ops}; expected at most {len(self.steps)}, which are all the "
                "layers there are."
            )

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return which layers act, and what each of all would do."""
        source = self.source(data, seed)
        return {
            "layer_idxes": self._order(data, source, self.num_ops),
            "transforms": self._drawn_steps(data, source),
        }

    def _in_order(self, functions: list[Callable], value: Any, transformation: Any) -> Any:
        """Return a value after the functions of the layers that act."""
        places, drawn = transformation["layer_idxes"], transformation["transforms"]
        return ops.fori_loop(
            0,
            self.num_ops,
            lambda i, value: _one_of_them(ops.take(places, i), functions, drawn, value),
            value,
        )

    def transformed(self, images: Tensor, transformation: dict[str, Any]) -> Tensor:
        """Return the images after the layers that act."""
        return self._in_order([step.transformed for step in self.steps], images, transformation)

    def transform_segmentation_masks(
        self, segmentation_masks: Tensor, transformation: Any = None, training: bool | None = True
    ) -> Tensor:
        """Return the masks, moved as the images are."""
        if not training:
            return segmentation_masks
        functions: list[Callable] = [step.transform_segmentation_masks for step in self.steps]
        return self._in_order(functions, segmentation_masks, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool | None = True
    ) -> Any:
        """Return the dictionary of the boxes, moved as the images are."""
        if not training:
            return bounding_boxes
        functions: list[Callable] = [step.transform_bounding_boxes for step in self.steps]
        floats = {**bounding_boxes, "boxes": ops.cast(bounding_boxes["boxes"], "float32")}
        return self._in_order(functions, floats, transformation)


@register("layers")
class AugMix(_Policy):
    """Mixes each image with what chains of random layers make of it, in training.

    Each chain applies 1 to `chain_depth` layers, drawn for all images of a call from
    `RandomShear`, `RandomTranslation`, `RandomRotation`, `Solarization`, `RandomPosterization`,
    `AutoContrast` and `Equalization` (and `RandomBrightness`, `RandomColorDegeneration`,
    `RandomContrast` and `RandomSharpness` with `all_ops`). With weights `w` of the chains, from
    a Dirichlet distribution, and `m` from a beta distribution, both drawn for each image, the
    result is `m * x + (1 - m) * sum(w * chain(x))`. Labels, masks and boxes stay as they are.

    Args:
        value_range: The smallest and the largest value of the pixels.
        num_chains: Number of chains.
        chain_depth: How many layers a chain has at most, each at most once.
        factor: How strongly: the factors of the layers. Two numbers from 0 to 1; one number `f`
            stands for `(0, f)`.
        alpha: The parameter of both distributions.
        all_ops: Whether all layers are used.
        interpolation: `"bilinear"` or `"nearest"`, where pixels are moved.
        seed: Makes the choice reproducible.
        data_format: Where the channels are; the configured default if `None`.
        bounding_box_format: As in all layers of images.

    Input and output: RGB images, one image or a dictionary, as in all layers of images.

    Raises:
        ValueError: If an argument is none of these.

    Reference: Hendrycks et al., "AugMix: a simple data processing method to improve robustness
    and uncertainty", 2019.

    >>> import kerata
    >>> layer = kerata.layers.AugMix(num_chains=2, chain_depth=1)
    >>> layer(kerata.ops.ones((2, 8, 8, 3)), training=False).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: tuple[float, float] = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            value_range, factor, interpolation, all_ops,
            seed=seed, data_format=data_format, **kwargs,
        )  # fmt: skip
        self.num_chains = positive_integer(num_chains, "num_chains")
        self.chain_depth = positive_integer(chain_depth, "chain_depth")
        if self.chain_depth > len(self.steps):
            raise ValueError(
                f"`chain_depth` is {chain_depth}; expected at most {len(self.steps)}, which are "
                "all the layers there are."
            )
        if not isinstance(alpha, (int, float)) or alpha <= 0:
            raise ValueError(f"`alpha` is {alpha!r}; expected a positive number, such as 1.0.")
        self.alpha = alpha
        self.all_ops = all_ops

    def get_random_transformation(
        self, data: Any, training: bool | None = True, seed: Any = None
    ) -> dict[str, Any]:
        """Return the layers of each chain and their numbers, and the weights."""
        source, chains = self.source(data, seed), range(self.num_chains)
        size, alpha = batch_size(data), float(self.alpha)
        weights = random.gamma((size, self.num_chains), alpha, dtype="float32", seed=source)
        lengths = random.randint((self.num_chains,), 1, self.chain_depth + 1, seed=source)
        # The numbers for all chains at once: those for as many images in a row.
        all_images = ops.concatenate([batch_of_images(data)] * self.num_chains)
        return {
            "chain_mixing_weights": weights / ops.sum(weights, 1, keepdims=True),
            "weight_sample": random.beta(
                (size, 1, 1, 1), alpha, alpha, dtype="float32", seed=source
            ),
            "lengths": lengths,
            "layers": ops.stack([self._order(data, source, self.chain_depth) for _ in chains]),
            "transforms": tree.map_structure(self._by_chain, self._drawn_steps(all_images, source)),
        }

    def _by_chain(self, leaf: Any) -> Any:
        """Return numbers drawn for the images of all chains with an axis of chains in front."""
        if _is_shared(leaf):
            return leaf
        return ops.reshape(leaf, (self.num_chains, -1, *shape_of(leaf)[1:]))

    def transformed(self, images: Tensor, transformation: dict[str, Any]) -> Tensor:
        """Return the images, mixed with what the chains make of them."""
        functions = [step.transformed for step in self.steps]
        weights = ops.reshape(
            ops.transpose(transformation["chain_mixing_weights"]), (self.num_chains, -1, 1, 1, 1)
        )

        def link(number: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            """Add one layer to a chain, whose weight counts for its last one."""
            chain, place = number // self.chain_depth, number % self.chain_depth
            image, mixed = state
            image = ops.where(ops.equal(place, 0), images, image)
            length = ops.take(transformation["lengths"], chain)
            layer = ops.take(ops.take(transformation["layers"], chain, 0), place)
            drawn = _at(transformation["transforms"], chain)
            changed = _one_of_them(layer, functions, drawn, image)
            image = ops.where(ops.less(place, length), changed, image)
            weight = ops.take(weights, chain, 0)
            last = ops.equal(place, self.chain_depth - 1)
            return image, mixed + ops.where(last, weight * image, 0.0)

        start = images, ops.zeros_like(images)
        _, mixed = ops.fori_loop(0, self.num_chains * self.chain_depth, link, start)
        return mixed + transformation["weight_sample"] * (images - mixed)


def _at(structure: Any, number: Tensor) -> Any:
    """Return the numbers of one chain."""
    return tree.map_structure(
        lambda leaf: leaf if _is_shared(leaf) else ops.take(leaf, number, 0), structure
    )


def _is_shared(leaf: Any) -> bool:
    """Tell whether something drawn is no number of each image, such as the sizes of all."""
    return leaf is None or ndim_of(leaf) == 0
