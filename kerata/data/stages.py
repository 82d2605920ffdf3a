"""The stages of a data set: where its elements come from, and what is done to them on the way.

Each stage can start a pass by its index, which alone decides the order of what is shuffled, so
that a run can be repeated or resumed; and says how many elements a pass has, where that is known.
"""

from __future__ import annotations

import abc
import itertools
import math
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from kerata.core import tree
from kerata.core.errors import KerataWarning
from kerata.core.primitive import convert_to_numpy
from kerata.training.data.prefetch import prefetched
from kerata.training.data.workers import by_threads

_SKIPPED = object()


class UnreadableFile(ValueError):
    """A file that is not what its name says, or is damaged; the text names it."""

    def __init__(self, path: Any, reason: Any):
        super().__init__(f"{os.fspath(path)} cannot be read: {reason}")
        self.path = os.fspath(path)


class Samples(Protocol):
    """Samples by index: what a data set begins with. Grain and torch know the same two methods."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


class Stage(abc.ABC):
    """One stage: starts passes over its elements."""

    #: how many leading axes of the elements' arrays vary from element to element
    free_axes: int = 0

    @abc.abstractmethod
    def start(self, turn: int) -> Iterator[Any]:
        """Yield the elements of pass number `turn`."""

    @abc.abstractmethod
    def length(self) -> int | None:
        """Return the number of elements in a pass, `None` when unknown."""


class Reading(Stage):
    """Samples in their order, or in a new one in each pass, read by several threads.

    Args:
        samples: the samples.
        seed: what decides, with the number of the pass, the order; `None` for their own order.
        threads: how many are read at a time; 0 for in the calling thread.
        skip: whether unreadable files are left out and listed in `skipped`.
        free_axes: how many leading axes of the samples' arrays vary.
    """

    def __init__(
        self,
        samples: Samples,
        seed: int | None = None,
        threads: int = 0,
        skip: bool = False,
        free_axes: int = 0,
    ):
        self.samples = samples
        self.seed = seed
        self.threads = threads
        self.skip = skip
        self.free_axes = free_axes
        self.skipped: dict[str, str] = {}  # path -> why
        self._lock = threading.Lock()

    def length(self) -> int:
        """Return the number of samples, less those that are known to be unreadable."""
        return len(self.samples) - len(self.skipped)

    def start(self, turn: int) -> Iterator[Any]:
        """Yield the samples of a pass."""
        known = len(self.skipped)
        order = range(len(self.samples)) if self.seed is None else self._shuffled(turn)
        for sample in self._read(iter(order)):
            if sample is not _SKIPPED:
                yield sample
        if len(self.skipped) > known:
            self._warn()

    def _shuffled(self, turn: int) -> list[int]:
        generator = np.random.default_rng((self.seed or 0, turn))
        return generator.permutation(len(self.samples)).tolist()

    def _read(self, indices: Iterator[int]) -> Iterator[Any]:
        if self.threads:
            return by_threads(self._sample, indices, self.threads, 4 * self.threads)
        return map(self._sample, indices)

    def _sample(self, index: int) -> Any:
        try:
            return self.samples[index]
        except UnreadableFile as error:
            if not self.skip:
                raise
            with self._lock:
                self.skipped[error.path] = str(error)
            return _SKIPPED

    def _warn(self) -> None:
        some = "; ".join(list(self.skipped.values())[:5])
        warnings.warn(
            f"{len(self.skipped)} of {len(self.samples)} files are unreadable and are left out "
            f"(all of them: `dataset.skipped_files`): {some}",
            KerataWarning,
            stacklevel=3,
        )


class _After(Stage):
    """A stage that changes what another one gives."""

    def __init__(self, before: Stage):
        self.before = before
        self.free_axes = before.free_axes

    def length(self) -> int | None:
        """Return the number of elements of the stage before."""
        return self.before.length()


class Mapping(_After):
    """Each element replaced by what a function makes of it; tuples are its arguments."""

    def __init__(self, before: Stage, function: Callable, threads: int = 0):
        super().__init__(before)
        self.function = function
        self.threads = threads

    def start(self, turn: int) -> Iterator[Any]:
        """Yield the function's results, in the order of the elements."""
        elements = self.before.start(turn)
        if self.threads:
            # The workers ask for elements one after the other, here, before they compute.
            return by_threads(self._result, elements, self.threads, 2 * self.threads)
        return map(self._result, elements)

    def _result(self, element: Any) -> Any:
        made = self.function(*element) if type(element) is tuple else self.function(element)
        return tree.map_structure(_on_host, made)


def _on_host(leaf: Any) -> Any:
    plain = leaf is None or isinstance(leaf, (np.ndarray, np.generic, str, bytes, int, float))
    return leaf if plain else convert_to_numpy(leaf)


class Shuffling(_After):
    """Elements drawn at random from a buffer, which holds the next ones."""

    def __init__(self, before: Stage, size: int, seed: int, anew: bool):
        super().__init__(before)
        self.size = size
        self.seed = seed
        self.anew = anew

    def start(self, turn: int) -> Iterator[Any]:
        """Yield the elements of a pass, mixed."""
        generator = np.random.default_rng((self.seed, turn if self.anew else 0))
        elements = self.before.start(turn)
        buffer = list(itertools.islice(elements, self.size))
        for element in elements:
            place = int(generator.integers(len(buffer)))
            yield buffer[place]
            buffer[place] = element
        for place in generator.permutation(len(buffer)):
            yield buffer[place]


class Batching(_After):
    """Several elements at a time, stacked along a new first axis."""

    def __init__(self, before: Stage, size: int, drop_remainder: bool = False):
        super().__init__(before)
        self.size = size
        self.drop_remainder = drop_remainder
        self.free_axes = before.free_axes + 1

    def length(self) -> int | None:
        """Return the number of batches."""
        elements = self.before.length()
        if elements is None:
            return None
        return elements // self.size if self.drop_remainder else math.ceil(elements / self.size)

    def start(self, turn: int) -> Iterator[Any]:
        """Yield batches; the last one may be smaller."""
        elements = self.before.start(turn)
        while group := list(itertools.islice(elements, self.size)):
            if len(group) == self.size or not self.drop_remainder:
                yield stacked(group, pad=self.before.free_axes > 0)


def stacked(elements: Sequence[Any], pad: bool = False) -> Any:
    """Return one batch of several elements of the same structure.

    Args:
        elements: samples: arrays, numbers, texts, or tuples, lists and dicts of them.
        pad: whether shorter arrays are filled up with zeros.

    Raises:
        ValueError: if shapes differ.

    >>> stacked([(np.zeros(2), 1), (np.ones(2), 0)])[1].tolist()
    [1, 0]
    """

    def together(*leaves: Any) -> Any:
        if isinstance(leaves[0], (str, bytes)):
            return np.array(leaves, dtype=object)
        arrays = [np.asarray(leaf) for leaf in leaves]
        shapes = {array.shape for array in arrays}
        if len(shapes) > 1:
            arrays = _padded(arrays) if pad else _refuse(shapes)
        return np.stack(arrays)

    return tree.map_structure(together, *elements)


def _padded(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Fill up with zeros, at the end of each axis."""
    if len({array.ndim for array in arrays}) > 1:
        _refuse({array.shape for array in arrays})
    largest = np.max([array.shape for array in arrays], axis=0)
    margins = [[(0, n - have) for n, have in zip(largest, a.shape, strict=True)] for a in arrays]
    return [np.pad(array, margin) for array, margin in zip(arrays, margins, strict=True)]


def _refuse(shapes: set[tuple[int, ...]]) -> Any:
    first, second = sorted(shapes, key=str)[:2]
    raise ValueError(
        f"Samples of {len(shapes)} different shapes, such as {first} and {second}, cannot be "
        "stacked to a batch: make them alike first, for example by `dataset.map`."
    )


class Prefetching(_After):
    """Elements made ready by a background thread."""

    def __init__(self, before: Stage, size: int):
        super().__init__(before)
        self.size = size

    def start(self, turn: int) -> Iterator[Any]:
        """Yield the elements in their order."""
        return prefetched(self.before.start(turn), self.size)


class Slicing(_After):
    """The elements from `first` on, up to `count` of them (`None`: all)."""

    def __init__(self, before: Stage, first: int, count: int | None):
        super().__init__(before)
        self.first = first
        self.count = count

    def length(self) -> int | None:
        """Return the number of elements that are left."""
        elements = self.before.length()
        if elements is None:
            return None
        left = max(elements - self.first, 0)
        return left if self.count is None else min(left, self.count)

    def start(self, turn: int) -> Iterator[Any]:
        """Yield the elements that are left; the stage before ends where they end."""
        elements = self.before.start(turn)
        last = None if self.count is None else self.first + self.count
        try:
            yield from itertools.islice(elements, self.first, last)
        finally:
            if hasattr(elements, "close"):
                elements.close()


class Caching(_After):
    """The elements of the first whole pass, kept in memory for those that follow."""

    def __init__(self, before: Stage):
        super().__init__(before)
        self.kept: list[Any] | None = None

    def length(self) -> int | None:
        """Return the number of elements."""
        return self.before.length() if self.kept is None else len(self.kept)

    def start(self, turn: int) -> Iterator[Any]:
        """Yield what is kept, or the elements of the stage before, which are then kept."""
        if self.kept is not None:
            yield from self.kept
            return
        found = []
        for element in self.before.start(turn):
            found.append(element)
            yield element
        self.kept = found
