"""NumpyArrayIterator: batches of distorted pictures from arrays."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from kerata.core import config
from kerata.core.errors import KerataWarning
from kerata.preprocessing.image.iterator import Iterator, Saving, part_of

if TYPE_CHECKING:
    from kerata.preprocessing.image.generator import ImageDataGenerator


class NumpyArrayIterator(Iterator):
    """Batches of distorted pictures from arrays, made by `ImageDataGenerator.flow`.

    The arrays are not copied: pictures become floats batch by batch.

    Args:
        x: pictures `(n, height, width, channels)`, or `(pictures, others)`, where the others are
            one array or a list of arrays that go with them as they are.
        y: targets `(n, ...)`, or `None`.
        image_data_generator: what distorts and standardizes.
        batch_size: pictures per batch.
        shuffle: whether each pass has an order of its own.
        sample_weight: `(n,)`, or `None`.
        seed: decides the orders and the distortions.
        data_format: "channels_last" or "channels_first".
        save_to_dir: a folder to which the distorted pictures are written, to look at them.
        save_prefix: how their files' names begin.
        save_format: "png", "jpeg", ...
        subset: "training" or "validation", of what the generator's `validation_split` splits.
        ignore_class_split: whether both parts may have different classes.
        dtype: of the pictures.

    Raises:
        ValueError: if lengths differ, `x` has not four dimensions, the parts have different
            classes, or an option is unknown.

    >>> import kerata, numpy as np
    >>> x, y = np.zeros((6, 8, 8, 3), "uint8"), np.arange(6)
    >>> generator = kerata.preprocessing.image.ImageDataGenerator(rotation_range=20)
    >>> batch, labels = next(generator.flow(x, y, batch_size=4, shuffle=False))
    >>> batch.shape, batch.dtype.name, labels.tolist()
    ((4, 8, 8, 3), 'float32', [0, 1, 2, 3])
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: ImageDataGenerator,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
    ):
        x, others = x if isinstance(x, (tuple, list)) else (x, [])
        arrays = {"x": x, "y": y, "sample_weight": sample_weight}
        arrays = {name: a if a is None else np.asarray(a) for name, a in arrays.items()}
        others = [np.asarray(other) for other in (others if isinstance(others, list) else [others])]
        _check_lengths({**arrays, **{f"x[1][{i}]": other for i, other in enumerate(others)}})
        part = part_of(len(arrays["x"]), subset, image_data_generator)
        if subset and not ignore_class_split:
            _check_classes(arrays["y"], part, subset)
        self.x, self.y, self.sample_weight = (
            None if array is None else array[part] for array in arrays.values()
        )
        self.x_misc = [other[part] for other in others]
        self.image_data_generator = image_data_generator
        self.data_format = data_format or config.image_data_format()
        self.dtype = dtype or config.floatx()
        _check_pictures(self.x, self.data_format)
        self._saving = Saving(save_to_dir, save_prefix, save_format, self.data_format)
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def batch(self, indices: np.ndarray, generator: np.random.Generator) -> Any:
        """Return `pictures`, `(pictures, y)` or `(pictures, y, sample_weight)`."""
        pictures = self.image_data_generator.prepared(self.x[indices], generator, self.batch_size)
        self._saving.write(pictures, indices, generator)
        x = [pictures, *(other[indices] for other in self.x_misc)] if self.x_misc else pictures
        if self.y is None:
            return x
        if self.sample_weight is None:
            return x, self.y[indices]
        return x, self.y[indices], self.sample_weight[indices]


def _check_lengths(arrays: dict[str, Any]) -> None:
    lengths = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            "The arrays have different lengths: "
            + ", ".join(f"{name} has {length}" for name, length in lengths.items())
            + "."
        )


def _check_classes(y: Any, part: slice, subset: str) -> None:
    """See that both parts have the same classes, as far as `y` names classes."""
    if y is None:
        return
    here = np.unique(y[part])
    elsewhere = np.unique(y[part.stop :] if part.start is None else y[: part.start])
    if not np.array_equal(here, elsewhere):
        raise ValueError(
            f"The {subset} part has {len(here)} different labels, the other part others or "
            f"{len(elsewhere)}. Shuffle the arrays first if they are sorted by label, or pass "
            "ignore_class_split=True if `y` holds no classes."
        )


def _check_pictures(x: np.ndarray, data_format: str) -> None:
    if x.ndim != 4:
        raise ValueError(
            f"`x` has shape {x.shape}; pictures (n, height, width, channels) were expected."
            + (" Grey ones need a last dimension of 1: x[..., None]." * (x.ndim == 3))
        )
    channels = x.shape[3 if data_format == "channels_last" else 1]
    if channels not in (1, 3, 4):
        warnings.warn(
            f"`x` of shape {x.shape} has {channels} channels by data_format={data_format!r}; "
            "pictures have 1, 3 or 4.",
            KerataWarning,
            stacklevel=4,
        )
