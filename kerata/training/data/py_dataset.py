"""PyDataset: batches by index, computed by several threads or processes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kerata.training.data.batches import Batch, Batches, Chunk, as_it_is, rows_of
from kerata.training.data.class_weight import balanced_over, is_balanced
from kerata.training.data.streams import as_batch, targets_of


class PyDataset:
    """Base class for data that are made batch by batch, by index.

    A subclass defines `__getitem__(index)`, which returns one batch as `(x, y)`, `(x,)` or
    `(x, y, sample_weight)`, and `__len__()`, the number of batches. The order of the batches
    may be shuffled by `fit`; what is in a batch is up to the subclass. For a run that can be
    resumed exactly, it should shuffle by a generator of its own with a fixed seed.

    Args:
        workers: how many batches are computed at the same time. 0: in the calling thread.
        use_multiprocessing: use processes instead of threads. Batches must then be picklable.
        max_queue_size: how many batches are kept ready.

    >>> import kerata, numpy as np
    >>> class Squares(kerata.utils.PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, index):
    ...         x = np.arange(3.0) + 3 * index
    ...         return x, x**2
    >>> Squares()[1][1].tolist()
    [9.0, 16.0, 25.0]
    """

    # On the class, so that a subclass may leave out `super().__init__()`.
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ):
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Return the batch at `index`."""
        raise TypeError(
            f"{type(self).__name__} is a PyDataset without `__getitem__(self, index)`: define it "
            "to return one batch, such as (x, y)."
        )

    @property
    def num_batches(self) -> int | None:
        """Number of batches in a pass, `None` for without end."""
        return len(self) if hasattr(self, "__len__") else None  # type: ignore[arg-type]

    def on_epoch_begin(self) -> None:
        """Called before the batches of an epoch are asked for."""

    def on_epoch_end(self) -> None:
        """Called after the last batch of an epoch."""


def is_py_dataset(data: Any) -> bool:
    """Tell whether data give batches by index, as kerata's and Keras' PyDataset do."""
    return all(hasattr(data, name) for name in ("__getitem__", "num_batches", "workers"))


class PyDatasetBatches(Batches):
    """Batches of a PyDataset, in an order that `(seed, pass)` decides."""

    def __init__(
        self,
        dataset: Any,
        steps: int | None = None,
        shuffle: bool | str = False,
        class_weight: Any = None,
        seed: int = 0,
        allow_text: bool = False,
        read: Callable[[Any], Any] = as_it_is,
    ):
        self.dataset = dataset
        self.batches_per_pass = dataset.num_batches
        if self.batches_per_pass == 0:
            raise ValueError(
                f"The {type(dataset).__name__} given as data has 0 batches: there is nothing to "
                "learn from. Check its `__len__`."
            )
        self.num_batches = steps if steps is not None else self.batches_per_pass
        self.shuffle = bool(shuffle) and self.batches_per_pass is not None
        if is_balanced(class_weight):
            items = (dataset[index] for index in range(self.num_batches or 0))
            class_weight = balanced_over(map(targets_of, items), class_weight)
        self.class_weight = class_weight
        self.seed = seed
        self.allow_text = allow_text
        self.read = read
        self.queue_size = 0 if dataset.workers == 0 else max(1, dataset.max_queue_size)
        self._peeked: Batch | None = None
        self._first: Any = None  # item 0, loaded by a peek and not yet used

    def peek(self) -> Batch:
        """Return batch 0; it is not loaded again for the first epoch."""
        if self._peeked is None:
            self._first = self.dataset[0]
            self._peeked = self._batch(self._first)
            self.batch_size = rows_of(self._peeked)
        return self._peeked

    def _batch(self, item: Any) -> Batch:
        return as_batch(item, self.class_weight, self.allow_text, self.read)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch between the data set's two epoch hooks."""
        self.dataset.on_epoch_begin()
        yield from super().epoch(epoch, start)
        self.dataset.on_epoch_end()

    def chunks(self, epoch: int, steps: int, start: int = 0) -> Iterator[Chunk]:
        """Yield chunks of an epoch between the data set's two epoch hooks."""
        self.dataset.on_epoch_begin()
        yield from super().chunks(epoch, steps, start)
        self.dataset.on_epoch_end()

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, loaded by the data set's workers."""
        for item in self._loaded(self._indices(epoch, start)):
            yield self._batch(item)

    def fast_forward(self, epoch: int) -> None:
        """Repeat the epoch hooks of the epochs before, by which a data set may shuffle itself."""
        if epoch:
            self._first = None
        for _ in range(epoch):
            self.dataset.on_epoch_begin()
            self.dataset.on_epoch_end()

    def _indices(self, epoch: int, start: int) -> Iterator[int]:
        if self.batches_per_pass is None:
            first = 0 if self.num_batches is None else epoch * self.num_batches
            last = None if self.num_batches is None else first + self.num_batches
            yield from itertools.takewhile(
                lambda index: last is None or index < last, itertools.count(first + start)
            )
            return
        turn, order = -1, np.arange(self.batches_per_pass)
        length = self.num_batches or self.batches_per_pass
        for step in range(epoch * length + start, (epoch + 1) * length):
            if step // self.batches_per_pass != turn:
                turn = step // self.batches_per_pass
                if self.shuffle:
                    generator = np.random.default_rng((self.seed, turn))
                    order = generator.permutation(self.batches_per_pass)
            yield int(order[step % self.batches_per_pass])

    def _loaded(self, indices: Iterator[int]) -> Iterator[Any]:
        """Yield the data set's items in order, several of them being computed at a time.

        Processes are started anew each epoch: they get the data set as it is now.
        """
        workers = max(1, self.dataset.workers)
        if workers == 1 and not self.dataset.use_multiprocessing:
            return map(self._item, indices)
        from kerata.training.data.workers import by_processes, by_threads

        ahead = max(workers, self.queue_size)
        if self.dataset.use_multiprocessing:
            return by_processes(self.dataset, indices, workers, ahead)
        return by_threads(self._item, indices, workers, ahead)

    def _item(self, index: int) -> Any:
        if index == 0 and self._first is not None:
            item, self._first = self._first, None
            return item
        return self.dataset[index]
