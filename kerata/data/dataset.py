"""Dataset: samples or batches that can be read again and again, and changed on the way."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kerata.core import config, tree
from kerata.core.threads import THREADS
from kerata.data.stages import (
    Batching,
    Caching,
    Mapping,
    Prefetching,
    Reading,
    Samples,
    Shuffling,
    Slicing,
    Stage,
)


class Dataset:
    """Samples or batches, pass after pass, as NumPy arrays.

    It is iterated, given to `fit`, `evaluate`, `predict` and to the `adapt` of layers, and
    changed by methods, each of which returns a new data set. A pass reads the samples anew, in
    several threads; what is shuffled has another order in each pass.

    Args:
        samples: the samples: anything with `__len__` and `__getitem__`, such as a list. A sample
            is an array, number or text, or a tuple, list or dict of them.
        shuffle: whether to shuffle all samples anew in each pass.
        seed: what decides the order, together with the number of the pass; by default the
            process's next seed.
        threads: how many samples are read at a time; 0 for in the calling thread.
        skip_unreadable: whether samples that raise `kerata.data.stages.UnreadableFile` are left
            out.
        free_axes: how many leading axes of the samples' arrays vary; these are filled up with
            zeros where samples are batched.

    >>> data = Dataset([(1.0, 0), (2.0, 1), (3.0, 0)]).map(lambda x, y: (10 * x, y)).batch(2)
    >>> [(x.tolist(), y.tolist()) for x, y in data]
    [([10.0, 20.0], [0, 1]), ([30.0], [0])]
    """

    def __init__(
        self,
        samples: Samples,
        shuffle: bool = False,
        seed: int | None = None,
        threads: int = 0,
        skip_unreadable: bool = False,
        free_axes: int = 0,
    ):
        order = (config.next_seed() if seed is None else seed) if shuffle else None
        self._reading = Reading(samples, order, threads, skip_unreadable, free_axes)
        self._stage: Stage = self._reading
        self._turns = 0  # passes begun by plain iteration
        #: names of the classes, in the order of their numbers; `None` where there are none
        self.class_names: list[str] | None = None
        #: the files that the samples are read from, in the order of the samples
        self.file_paths: list[str] | None = None

    def _then(self, stage: Stage) -> Dataset:
        made = object.__new__(Dataset)
        made.__dict__.update(self.__dict__)
        made._stage, made._turns = stage, 0
        return made

    # -- reading ---------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Any]:
        self._turns += 1
        return self.epoch(self._turns - 1)

    def epoch(self, turn: int) -> Iterator[Any]:
        """Return an iterator over pass number `turn`, which is always in the same order.

        Args:
            turn: number of the pass, from 0.
        """
        return self._stage.start(turn)

    def __len__(self) -> int:
        length = self._stage.length()
        if length is None:
            raise TypeError("The length of this data set is not known before it is read.")
        return length

    @property
    def skipped_files(self) -> list[str]:
        """The files that were left out so far because they could not be read."""
        return sorted(self._reading.skipped)

    def __repr__(self) -> str:
        return f"<Dataset of {self._stage.length()} elements>"

    # -- changing --------------------------------------------------------------------------

    def map(self, function: Callable, num_parallel_calls: int | None = None) -> Dataset:
        """Return the data set of a function's results.

        Args:
            function: called with each element; with `(x, y)` as two arguments. Tensors of any
                engine that it returns become NumPy arrays.
            num_parallel_calls: how many elements are computed at a time, by threads; -1 for as
                many as the machine suggests. The order stays.

        >>> list(Dataset([1, 2]).map(lambda x: x + 1))
        [2, 3]
        """
        threads = THREADS if num_parallel_calls == -1 else num_parallel_calls or 0
        return self._then(Mapping(self._stage, function, threads))

    def shuffle(
        self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool = True
    ) -> Dataset:
        """Return the data set with its elements mixed.

        Args:
            buffer_size: how many elements are kept, of which the next one is drawn. A whole
                data set is shuffled evenly only by a buffer of its size.
            seed: what decides the order, together with the number of the pass; by default the
                process's next seed.
            reshuffle_each_iteration: whether each pass has an order of its own.

        Raises:
            ValueError: if the buffer holds nothing.

        >>> sorted(Dataset([3, 1, 2]).shuffle(3))
        [1, 2, 3]
        """
        _check_at_least("buffer_size", buffer_size, 1)
        seed = config.next_seed() if seed is None else seed
        return self._then(Shuffling(self._stage, buffer_size, seed, reshuffle_each_iteration))

    def batch(self, batch_size: int, drop_remainder: bool = False) -> Dataset:
        """Return the data set with its elements stacked to batches.

        Args:
            batch_size: elements per batch.
            drop_remainder: whether to leave out a last, smaller batch.

        Raises:
            ValueError: if `batch_size` is less than 1.

        >>> [batch.tolist() for batch in Dataset([1, 2, 3]).batch(2)]
        [[1, 2], [3]]
        """
        _check_at_least("batch_size", batch_size, 1)
        return self._then(Batching(self._stage, batch_size, drop_remainder))

    def prefetch(self, buffer_size: int = -1) -> Dataset:
        """Return the data set with elements made ready in the background.

        Args:
            buffer_size: how many of them; -1 for a number that suits most.

        >>> list(Dataset([1, 2]).prefetch(1))
        [1, 2]
        """
        _check_at_least("buffer_size", buffer_size, -1)
        return self._then(Prefetching(self._stage, 2 if buffer_size == -1 else buffer_size))

    def take(self, count: int) -> Dataset:
        """Return the first elements of each pass.

        Args:
            count: how many; -1 for all.

        >>> list(Dataset([1, 2, 3]).take(2))
        [1, 2]
        """
        _check_at_least("count", count, -1)
        return self._then(Slicing(self._stage, 0, None if count == -1 else count))

    def skip(self, count: int) -> Dataset:
        """Return each pass without its first elements.

        Args:
            count: how many are left out.

        >>> list(Dataset([1, 2, 3]).skip(2))
        [3]
        """
        _check_at_least("count", count, 0)
        return self._then(Slicing(self._stage, count, None))

    def cache(self) -> Dataset:
        """Return the data set with all elements kept in memory once they have been read.

        >>> len(list(Dataset([1, 2]).cache()))
        2
        """
        return self._then(Caching(self._stage))

    # -- in other libraries ----------------------------------------------------------------

    def as_tf_dataset(self) -> Any:
        """Return a `tf.data.Dataset` with the same elements, for code that needs one.

        Raises:
            ImportError: if TensorFlow is not installed.
        """
        try:
            import tensorflow as tf
        except ImportError as error:
            raise ImportError(
                "A tf.data.Dataset needs TensorFlow: pip install 'kerata[tensorflow]'"
            ) from error

        def spec(leaf: Any) -> Any:
            if isinstance(leaf, (str, bytes)):
                return tf.TensorSpec((), tf.string)
            array = np.asarray(leaf)
            free = min(self._stage.free_axes, array.ndim)
            shape = (None,) * free + array.shape[free:]
            return tf.TensorSpec(shape, tf.string if array.dtype == object else array.dtype)

        signature = tree.map_structure(spec, self._first())
        made = tf.data.Dataset.from_generator(lambda: iter(self), output_signature=signature)
        length = self._stage.length()
        if length is not None and not self._reading.skip:
            made = made.apply(tf.data.experimental.assert_cardinality(length))
        return _with_facts(made, self)

    def as_torch_dataset(self) -> Any:
        """Return a `torch.utils.data.IterableDataset`; several workers share its elements.

        A `DataLoader` takes it as it is with `batch_size=None` if the elements are batches.

        Raises:
            ImportError: if torch is not installed.
        """
        try:
            from torch.utils.data import IterableDataset, get_worker_info
        except ImportError as error:
            raise ImportError(
                "A torch data set needs torch: pip install 'kerata[torch]'"
            ) from error
        data = self

        class Elements(IterableDataset):
            def __iter__(self) -> Iterator[Any]:
                worker = get_worker_info()
                if worker is None:
                    return iter(data)
                return itertools.islice(iter(data), worker.id, None, worker.num_workers)

            def __len__(self) -> int:
                return len(data)

        return Elements()

    def _first(self) -> Any:
        """The first element of pass 0; the pass ends there."""
        elements = self.take(1).epoch(0)
        for element in elements:
            return element
        raise ValueError("The data set is empty: there is no element to tell its shapes by.")


def _check_at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"`{name}` is {value}; expected at least {least}.")


def _with_facts(made: Any, data: Dataset) -> Any:
    """Give a data set of another library the names that Keras gives it."""
    if data.file_paths is not None:
        made.file_paths = data.file_paths
    if data.class_names is not None:
        made.class_names = data.class_names
    return made


FORMATS = (None, "tf", "grain")


def check_format(format: str | None) -> None:
    """Raise `ValueError` unless this is a form in which data sets are delivered."""
    if format not in FORMATS:
        raise ValueError(
            f"format={format!r}; expected None (kerata's Dataset), 'tf' (a tf.data.Dataset) or "
            "'grain' (a grain.MapDataset)."
        )


def deliver(
    data: Dataset,
    batch_size: int | None,
    format: str | None,
    file_paths: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
) -> Any:
    """Return a data set of samples in batches, in the form that was asked for.

    Args:
        data: samples.
        batch_size: samples per batch; `None` leaves them single.
        format: one of `FORMATS`.
        file_paths: the files of the samples, in their order.
        class_names: the names of the classes.

    Raises:
        ImportError: if the library of that form is not installed.
    """
    data.file_paths = None if file_paths is None else list(file_paths)
    data.class_names = None if class_names is None else list(class_names)
    if format == "grain":
        return _with_facts(_in_grain(data._reading, batch_size), data)
    batches = (data if batch_size is None else data.batch(batch_size)).prefetch()
    return batches.as_tf_dataset() if format == "tf" else batches


def _in_grain(reading: Reading, batch_size: int | None) -> Any:
    from kerata.data.stages import stacked

    try:
        import grain
    except ImportError as error:
        raise ImportError("format='grain' needs Grain: pip install 'kerata[data]'") from error
    made = grain.MapDataset.source(reading.samples)
    if reading.seed is not None:
        made = made.seed(reading.seed).shuffle()
    if batch_size is None:
        return made
    pad = reading.free_axes > 0
    return made.batch(batch_size, batch_fn=lambda group: stacked(group, pad=pad))
