"""ImageDataGenerator: pictures that are distorted at random and standardized, batch by batch."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerata.core import config
from kerata.core.errors import KerataWarning
from kerata.core.threads import THREADS, side_by_side
from kerata.preprocessing.image.array_iterator import NumpyArrayIterator
from kerata.preprocessing.image.distortion import FILL_MODES, NO_CHANGE, Sampling, distorted
from kerata.preprocessing.image.file_iterators import DataFrameIterator, DirectoryIterator
from kerata.preprocessing.image.iterator import one_of

#: bytes that a processor has near at hand
_CACHE = 2**21

#: what `flow_from_dataframe` once took, and what to do today
_OF_OLD = {
    "has_ext": "write the files' names with their suffixes into the data frame",
    "sort": "pass shuffle=False to keep the order of the data frame",
    "drop_duplicates": "call dataframe.drop_duplicates() first",
}


class ImageDataGenerator:
    """Makes batches of pictures that are distorted at random, anew in each pass.

    Each picture is turned, shifted, sheared, zoomed and flipped around its middle in one step,
    then its channels are shifted and its brightness is changed. After that
    `preprocessing_function` is applied, then the pictures are multiplied by `rescale`,
    standardized one by one, and standardized by what `fit` has found. Batches are computed as one
    compiled program on the processor, files are read by several threads.

    In new code, `image_dataset_from_directory` and augmentation layers such as `RandomRotation`
    do the same inside of the model, on its device.

    Args:
        featurewise_center: whether to subtract the mean of each channel over all pictures.
        samplewise_center: whether to subtract from each picture its mean.
        featurewise_std_normalization: whether to divide by the standard deviation of each channel
            over all pictures; their mean is subtracted, too.
        samplewise_std_normalization: whether to divide each picture by its standard deviation;
            its mean is subtracted, too.
        zca_whitening: whether to decorrelate the pixels (Krizhevsky, 2009, appendix A) after
            subtracting their mean; small pictures only, as it computes with a matrix of
            (height * width * channels)^2 entries.
        zca_epsilon: added to the singular values of which it takes the inverse.
        rotation_range: pictures are turned by up to so many degrees, both ways.
        width_shift_range: by how much they are shifted to the left or right. Below 1: a fraction
            of the width; a float from 1 on: pixels; an integer k: a whole number of pixels below
            k; a list: by one of its entries.
        height_shift_range: likewise up or down, of the height.
        brightness_range: `(low, high)`: a factor between them is applied, within 0 and 255 (or
            the range of a picture that goes beyond these).
        shear_range: pictures are sheared by up to so many degrees.
        zoom_range: `(low, high)`, or `z` for `(1 - z, 1 + z)`: which part of the width, and which
            of the height, is seen; below 1 a picture grows.
        channel_shift_range: up to how much is added to all values, within the picture's range.
        fill_mode: what lies outside of a picture a, b, c, d: "nearest" `a a|a b c d|d d`,
            "constant" `k k|a b c d|k k`, "reflect" `b a|a b c d|d c`, "wrap" `c d|a b c d|a b` or
            "mirror" `c b|a b c d|c b`.
        cval: the k of "constant".
        horizontal_flip: whether half of the pictures are flipped left to right.
        vertical_flip: whether half of the pictures are flipped upside down.
        rescale: factor, such as 1 / 255; `None` or 0 for none.
        preprocessing_function: takes one distorted picture, floats of rank 3, and returns one of
            the same shape.
        data_format: "channels_last" or "channels_first"; by default the configured one.
        validation_split: the share of the data, between 0 and 1, that `subset="validation"`
            gives: the first ones in the order of the data, of each class for folders.
        interpolation_order: how pixels are read between pixels: 0 the nearest, 1 linear
            (default), 2 to 5 splines of that order, which are slower.
        dtype: of the batches; floatx by default.

    Raises:
        ValueError: for an option out of its range.

    >>> import kerata, numpy as np
    >>> generator = kerata.preprocessing.image.ImageDataGenerator(
    ...     rotation_range=15, width_shift_range=0.1, horizontal_flip=True, rescale=1 / 255
    ... )
    >>> x, y = np.full((10, 28, 28, 1), 255, "uint8"), np.arange(10) % 2
    >>> batches = generator.flow(x, y, batch_size=5, seed=1)
    >>> model = kerata.Sequential(
    ...     [kerata.layers.Flatten(), kerata.layers.Dense(1, "sigmoid")]
    ... )
    >>> model.compile("sgd", "binary_crossentropy")
    >>> history = model.fit(batches, epochs=2, verbose=0)
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: float | Sequence[float] = 0.0,
        height_shift_range: float | Sequence[float] = 0.0,
        brightness_range: Sequence[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: float | Sequence[float] = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], Any] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ):
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        if zca_whitening and featurewise_std_normalization:
            self._say("zca_whitening replaces featurewise_std_normalization, which is left out.")
            self.featurewise_std_normalization = False
        self.featurewise_center = featurewise_center or zca_whitening
        self.featurewise_center |= self.featurewise_std_normalization
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = (
            None if brightness_range is None else _pair("brightness_range", brightness_range)
        )
        self.shear_range = shear_range
        self.zoom_range = (
            [1 - zoom_range, 1 + zoom_range]
            if isinstance(zoom_range, (int, float))
            else _pair("zoom_range", zoom_range)
        )
        self.channel_shift_range = channel_shift_range
        self.fill_mode = one_of("fill_mode", fill_mode, FILL_MODES)
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.data_format = one_of(
            "data_format", data_format or config.image_data_format(),
            ("channels_last", "channels_first"),
        )  # fmt: skip
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(f"validation_split={validation_split}; expected a number from 0 to 1.")
        self.validation_split = validation_split
        self.interpolation_order = one_of("interpolation_order", interpolation_order, range(6))
        self.dtype = dtype or config.floatx()
        # Batches are made by other threads, which need not have the backend of this one.
        self._backend = config.backend()
        self.mean: Any = None
        self.std: Any = None
        self.zca_whitening_matrix: Any = None
        self._missed: set[str] = set()

    def _say(self, text: str) -> None:
        warnings.warn(f"ImageDataGenerator: {text}", KerataWarning, stacklevel=3)

    # -- iterators -----------------------------------------------------------------------------

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Return batches of distorted pictures from arrays; see `NumpyArrayIterator`.

        >>> import kerata, numpy as np
        >>> generator = kerata.preprocessing.image.ImageDataGenerator(horizontal_flip=True)
        >>> next(generator.flow(np.zeros((3, 4, 4, 1)), batch_size=2)).shape
        (2, 4, 4, 1)
        """
        return NumpyArrayIterator(
            x, y, self, batch_size, shuffle, sample_weight, seed, self.data_format, save_to_dir,
            save_prefix, save_format, subset, ignore_class_split, self.dtype,
        )  # fmt: skip

    def flow_from_directory(
        self,
        directory: str | os.PathLike[str],
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Return batches of distorted pictures from a folder; see `DirectoryIterator`.

        >>> import kerata, numpy as np, os, tempfile
        >>> generator = kerata.preprocessing.image.ImageDataGenerator(rescale=1 / 255)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("cat", "dog"):
        ...         os.mkdir(f"{folder}/{name}")
        ...         kerata.utils.save_img(f"{folder}/{name}/1.png", np.zeros((8, 9, 3)))
        ...     batches = generator.flow_from_directory(folder, (4, 4), class_mode="binary")
        ...     x, y = next(batches)
        Found 2 images belonging to 2 classes.
        >>> batches.class_indices, x.shape, sorted(y.tolist())
        ({'cat': 0, 'dog': 1}, (2, 4, 4, 3), [0.0, 1.0])
        """
        return DirectoryIterator(
            directory, self, target_size, color_mode, classes, class_mode, batch_size, shuffle,
            seed, self.data_format, save_to_dir, save_prefix, save_format, follow_links, subset,
            interpolation, keep_aspect_ratio, self.dtype,
        )  # fmt: skip

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Return batches of distorted pictures that a table lists; see `DataFrameIterator`.

        >>> import kerata, numpy as np, tempfile
        >>> generator = kerata.preprocessing.image.ImageDataGenerator(rescale=1 / 255)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kerata.utils.save_img(f"{folder}/1.png", np.zeros((8, 9, 3)))
        ...     table = {"filename": ["1.png"], "age": [31.0]}
        ...     x, y = next(generator.flow_from_dataframe(
        ...         table, folder, y_col="age", class_mode="raw", target_size=(4, 4)
        ...     ))
        Found 1 images.
        >>> x.shape, y.tolist()
        ((1, 4, 4, 3), [31.0])
        """
        for name in kwargs:
            if name not in _OF_OLD:
                raise TypeError(f"flow_from_dataframe() got an unexpected argument {name!r}.")
            self._say(f"`{name}` has no effect today: {_OF_OLD[name]}.")
        return DataFrameIterator(
            dataframe, directory, self, x_col, y_col, weight_col, target_size, color_mode, classes,
            "raw" if class_mode == "other" else class_mode, batch_size, shuffle, seed,
            self.data_format, save_to_dir, save_prefix, save_format, subset, interpolation,
            keep_aspect_ratio, self.dtype, validate_filenames,
        )  # fmt: skip

    # -- distortions ---------------------------------------------------------------------------

    def prepared(
        self, pictures: np.ndarray, generator: np.random.Generator, rows: int = 0
    ) -> np.ndarray:
        """Return a batch, distorted at random and standardized.

        Args:
            pictures: `(n, height, width, channels)`, or with the channels first.
            generator: the distortions are drawn from it.
            rows: how many pictures the program is compiled for, if these are fewer.
        """
        parameters = self._drawn(len(pictures), pictures.shape[1:], generator)
        # The user's function may not be fit for several threads.
        together = self.preprocessing_function is not None
        size = _chunk(max(rows, len(pictures)), pictures[:1].size * np.dtype(self.dtype).itemsize)
        result = np.empty(pictures.shape, self.dtype)

        def prepare(first: int) -> None:
            part = slice(first, first + size)
            own = {name: each if each is None else each[part] for name, each in parameters.items()}
            x = distorted(pictures[part].astype(self.dtype), own, self._sampling, size)
            result[part] = x if together else self.standardize(x)

        side_by_side(prepare, range(0, len(pictures), size))
        return self.standardize(result) if together else result

    @property
    def _sampling(self) -> Sampling:
        return Sampling(
            self.interpolation_order, self.fill_mode, self.cval, self.data_format, self._backend
        )

    def get_random_transform(self, img_shape: Sequence[int], seed: int | None = None) -> dict:
        """Draw the distortion of one picture.

        Args:
            img_shape: shape of the picture, three integers.
            seed: decides what is drawn.

        Returns:
            Its parameters, as `apply_transform` takes them.

        >>> import kerata
        >>> generator = kerata.preprocessing.image.ImageDataGenerator(rotation_range=20)
        >>> angle = generator.get_random_transform((28, 28, 1))["theta"]
        >>> -20 <= angle <= 20
        True
        """
        generator = np.random.default_rng(config.next_seed() if seed is None else seed)
        drawn = self._drawn(1, img_shape, generator)
        return {name: None if each is None else each.item() for name, each in drawn.items()}

    def _drawn(self, count: int, shape: Sequence[int], generator: np.random.Generator) -> dict:
        """Draw distortions, an array `(count,)` per parameter.

        Each picture takes the same numbers from the generator, whatever is switched on: two
        generators of one seed, of pictures and of masks, then distort alike.
        """
        height, width = shape[1:] if self.data_format == "channels_first" else shape[:2]
        theta, tx, left, ty, up, shear, zx, zy, mirrored, upside_down, channel, bright = (
            generator.random((count, 12)).T
        )
        (low, high), bounds = self.zoom_range, self.brightness_range
        return {
            "theta": _between(-self.rotation_range, self.rotation_range, theta),
            "tx": _shift(self.width_shift_range, width, tx, left),
            "ty": _shift(self.height_shift_range, height, ty, up),
            "shear": _between(-self.shear_range, self.shear_range, shear),
            "zx": _between(low, high, zx),
            "zy": _between(low, high, zy),
            "flip_horizontal": (mirrored < 0.5) & bool(self.horizontal_flip),
            "flip_vertical": (upside_down < 0.5) & bool(self.vertical_flip),
            "channel_shift_intensity": (
                _between(-self.channel_shift_range, self.channel_shift_range, channel)
                if self.channel_shift_range
                else None
            ),
            "brightness": None if bounds is None else _between(bounds[0], bounds[1], bright),
        }

    def apply_transform(self, x: np.ndarray, transform_parameters: dict) -> np.ndarray:
        """Distort one picture.

        Args:
            x: picture of rank 3.
            transform_parameters: "theta" and "shear" in degrees, "tx" and "ty" in pixels to the
                left and upwards, "zx" and "zy" as the part that is seen, "flip_horizontal",
                "flip_vertical", "channel_shift_intensity" and "brightness"; what is left out
                changes nothing.

        Returns:
            A picture of the same shape, in floats.

        Raises:
            ValueError: for an unknown parameter.

        >>> import kerata, numpy as np
        >>> generator = kerata.preprocessing.image.ImageDataGenerator()
        >>> picture = np.array([[[1.0], [2.0], [3.0]]])
        >>> generator.apply_transform(picture, {"flip_horizontal": True}).ravel().tolist()
        [3.0, 2.0, 1.0]
        """
        for name in transform_parameters:
            one_of("transform parameter", name, NO_CHANGE)
        arrays = {
            name: None if value is None else np.atleast_1d(value)
            for name, value in transform_parameters.items()
        }
        return distorted(np.array(x, self.dtype)[None], arrays, self._sampling)[0]

    def random_transform(self, x: np.ndarray, seed: int | None = None) -> np.ndarray:
        """Distort one picture at random.

        Args:
            x: picture of rank 3.
            seed: decides how.

        >>> import kerata, numpy as np
        >>> generator = kerata.preprocessing.image.ImageDataGenerator(zoom_range=0.2)
        >>> generator.random_transform(np.ones((4, 4, 1))).shape
        (4, 4, 1)
        """
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    # -- standardization -------------------------------------------------------------------------

    def standardize(self, x: np.ndarray) -> np.ndarray:
        """Return pictures rescaled, centred, normalized and whitened, as the options say.

        Args:
            x: one picture, or a batch of them. It is left as it is.

        >>> import kerata, numpy as np
        >>> generator = kerata.preprocessing.image.ImageDataGenerator(samplewise_center=True)
        >>> generator.standardize(np.array([[[1.0], [3.0]]])).ravel().tolist()
        [-1.0, 1.0]
        """
        x = self._standardized_one_by_one(np.asarray(x, self.dtype))
        if self.featurewise_center and self._has("mean", "featurewise_center"):
            x -= self.mean
        if self.featurewise_std_normalization and self._has("std", "featurewise_std_normalization"):
            x /= self.std + 1e-6
        if self.zca_whitening and self._has("zca_whitening_matrix", "zca_whitening"):
            matrix = self.zca_whitening_matrix
            x = (x.reshape(-1, len(matrix)) @ matrix).reshape(x.shape)
        return x

    def _standardized_one_by_one(self, x: np.ndarray) -> np.ndarray:
        """Do all that needs no other pictures, to a copy."""
        function = self.preprocessing_function
        if function is None:
            x = x * x.dtype.type(self.rescale or 1)
        else:
            one = x.ndim == 3
            x = np.array(function(x.copy()) if one else [function(each.copy()) for each in x])
            x = x.astype(self.dtype) * np.asarray(self.rescale or 1, self.dtype)
        if self.samplewise_center:
            x -= x.mean((-3, -2, -1), keepdims=True)
        if self.samplewise_std_normalization:
            x /= x.std((-3, -2, -1), keepdims=True) + 1e-6
        return x

    def _has(self, statistic: str, option: str) -> bool:
        """Tell whether `fit` has found a statistic; warn once where it should have."""
        if getattr(self, statistic) is None and option not in self._missed:
            self._missed.add(option)
            self._say(
                f"{option}=True has no effect, as there are no statistics of the data yet: call "
                "`generator.fit(x)` with pictures of the training set first."
            )
        return option not in self._missed

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find the statistics for `featurewise_center`, `featurewise_std_normalization` and
        `zca_whitening`.

        Args:
            x: pictures `(n, height, width, channels)`, or with the channels first.
            augment: whether to find them on distorted pictures.
            rounds: how often each picture is then distorted.
            seed: decides how.

        Raises:
            ValueError: if `x` has not four dimensions.

        >>> import kerata, numpy as np
        >>> generator = kerata.preprocessing.image.ImageDataGenerator(featurewise_center=True)
        >>> generator.fit(np.full((2, 4, 4, 1), 3.0))
        >>> generator.mean.ravel().tolist()
        [3.0]
        """
        x = np.asarray(x, self.dtype)
        if x.ndim != 4:
            raise ValueError(
                f"`x` has shape {x.shape}; pictures (n, height, width, channels) were expected."
            )
        if augment:
            generator = np.random.default_rng(config.next_seed() if seed is None else seed)
            drawn = (self._drawn(len(x), x.shape[1:], generator) for _ in range(rounds))
            x = np.concatenate([distorted(x.copy(), each, self._sampling) for each in drawn])
        self._missed.clear()
        x = self._standardized_one_by_one(x)
        axes = (0, 2, 3) if self.data_format == "channels_first" else (0, 1, 2)
        if self.featurewise_center:
            self.mean = x.mean(axes, keepdims=True, dtype="float64")[0].astype(x.dtype)
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = x.std(axes, keepdims=True, dtype="float64")[0].astype(x.dtype)
        if self.zca_whitening:
            self.zca_whitening_matrix = _whitening(x.reshape(len(x), -1), self.zca_epsilon)


def _chunk(rows: int, size: int) -> int:
    """How many pictures of `size` bytes are prepared at a time: such that they stay in the cache
    of a processor, and all threads have some."""
    return max(1, min(-(-rows // THREADS), _CACHE // size))


def _between(low: float, high: float, share: np.ndarray) -> np.ndarray:
    return low + (high - low) * share


def _shift(extent: Any, size: int, share: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Shifts in pixels: an extent is a fraction of the size, a float of pixels, a whole number
    above those of pixels, or a list of either."""
    if isinstance(extent, (float, np.floating)):
        shift = _between(-extent, extent, share)
    else:
        choices = np.arange(max(extent, 1)) if np.ndim(extent) == 0 else np.asarray(extent)
        shift = choices[(share * len(choices)).astype(int)] * np.where(sign < 0.5, -1, 1)
    return shift * size if np.max(extent) < 1 else shift


def _whitening(rows: np.ndarray, epsilon: float) -> np.ndarray:
    """The matrix that decorrelates columns: of the singular values s and the vectors u of their
    transpose, `u diag(sqrt(n) / (s + epsilon)) u^T`."""
    u, s, _ = np.linalg.svd(rows.T, full_matrices=False)
    return (u * (np.sqrt(len(rows)) / (s + epsilon))) @ u.T


def _pair(name: str, values: Any) -> list[float]:
    numbers = list(values) if isinstance(values, (tuple, list, np.ndarray)) else []
    if len(numbers) != 2 or not all(isinstance(n, (int, float, np.number)) for n in numbers):
        raise ValueError(f"{name}={values!r}; expected two numbers, (low, high).")
    return [float(number) for number in numbers]
