"""Iterator: batches of pictures without end, in an order that the seed decides."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from kerata.core import config
from kerata.core.errors import closest
from kerata.data.image_files import save_img
from kerata.training.data.py_dataset import PyDataset

if TYPE_CHECKING:
    from kerata.preprocessing.image.generator import ImageDataGenerator

_SUBSETS = ("training", "validation")

# One for all iterators, so that they can be copied to other processes; it is held for no time.
_turn = threading.Lock()


class Iterator(PyDataset):
    """Base of the iterators of `ImageDataGenerator`: batches by index, or one after the other.

    As a `PyDataset` it has `len(iterator)` batches, which `fit`, `evaluate` and `predict` take
    once per epoch. `next(iterator)` and `for batch in iterator` go on without end.

    A subclass defines `batch(indices, generator)`.

    Args:
        n: number of pictures.
        batch_size: pictures per batch.
        shuffle: whether each pass has an order of its own.
        seed: decides the orders and the distortions: iterators with one seed distort alike, such
            as one of pictures and one of their masks. Drawn by default.
        **kwargs: `workers`, `use_multiprocessing` and `max_queue_size` of `PyDataset`.

    Raises:
        ValueError: if there are no pictures, or batches of none.

    >>> import kerata, numpy as np
    >>> pictures = kerata.preprocessing.image.ImageDataGenerator(rescale=0.5)
    >>> batches = pictures.flow(np.ones((5, 4, 4, 1)), batch_size=2)
    >>> len(batches), next(batches).shape, float(batches[2].max())
    (3, (2, 4, 4, 1), 0.5)
    """

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None, **kwargs: Any):
        super().__init__(**kwargs)
        if n < 1 or batch_size < 1:
            raise ValueError(f"There are {n} pictures, in batches of {batch_size}: no batch.")
        self.n = n
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = config.next_seed() if seed is None else seed
        self.batch_index = 0  # of the batch that is next in turn
        self.epoch = 0

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"Batch {index} was asked for; there are {len(self)}.")
        return self._batch(self.epoch, index % len(self))

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        with _turn:
            epoch, index = self.epoch, self.batch_index
            self.batch_index = (index + 1) % len(self)
            self.epoch += self.batch_index == 0
        return self._batch(epoch, index)

    def reset(self) -> None:
        """Go back to the first batch of the pass."""
        self.batch_index = 0

    def on_epoch_end(self) -> None:
        """Go on to the next pass, with its own order and distortions."""
        self.epoch += 1

    def _batch(self, epoch: int, index: int) -> Any:
        order = np.arange(self.n)
        if self.shuffle:
            order = np.random.default_rng((self.seed, epoch)).permutation(self.n)
        chosen = order[index * self.batch_size :][: self.batch_size]
        return self.batch(chosen, np.random.default_rng((self.seed, epoch, index)))

    def batch(self, indices: np.ndarray, generator: np.random.Generator) -> Any:
        """Return one batch.

        Args:
            indices: the numbers of its pictures, int64 `(n,)`.
            generator: what is random is drawn from it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define `batch`.")


class Saving:
    """Writes the pictures of batches to a folder, to look at; or not, without a folder."""

    def __init__(self, folder: Any, prefix: str, file_format: str, data_format: str):
        self.folder = folder
        self.prefix = prefix
        self.file_format = file_format
        self.data_format = data_format

    def write(
        self, pictures: np.ndarray, indices: np.ndarray, generator: np.random.Generator
    ) -> None:
        """Write a batch, one file per picture: `prefix_index_number.format`."""
        if not self.folder:
            return
        for picture, index in zip(pictures, indices, strict=True):
            number = generator.integers(10**7)
            path = os.path.join(self.folder, f"{self.prefix}_{index}_{number}.{self.file_format}")
            save_img(path, picture, self.data_format)


def part_of(count: int, subset: str | None, image_data_generator: ImageDataGenerator) -> slice:
    """Return which of `count` samples, in their order, a subset has; those for validation are
    the first ones.

    Raises:
        ValueError: for an unknown subset, or one where nothing is split.
    """
    if subset is None:
        return slice(None)
    one_of("subset", subset, _SUBSETS)
    share = image_data_generator.validation_split
    if not share:
        raise ValueError(
            f"subset={subset!r} needs ImageDataGenerator(validation_split=...), which is 0."
        )
    held_back = int(count * share)
    return slice(held_back) if subset == "validation" else slice(held_back, None)


def one_of(name: str, value: Any, known: Any) -> Any:
    """Return the value of an option.

    Raises:
        ValueError: if it is not among those that are known; names the nearest one.
    """
    if value not in known:
        texts = [each for each in known if isinstance(each, str)]
        hint = closest(value, texts) if isinstance(value, str) else ""
        raise ValueError(f"{name}={value!r}; expected one of {tuple(known)}.{hint}")
    return value
