"""Batches: what the training loop asks of any source of data.

A source is an `ArrayBatches` (arrays in memory), a `StreamBatches` (generators, loaders, data
sets of other libraries) or a `PyDatasetBatches`. All of them yield `Batch`es of NumPy arrays in
the nesting the user chose, and can give several batches stacked as one `Chunk`.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from kerata.core import tree
from kerata.core.spec import TensorSpec
from kerata.training.data.prefetch import prefetched


class Batch(NamedTuple):
    """One batch: nested NumPy arrays; `y` and `sample_weight` may be `None`."""

    x: Any
    y: Any = None
    sample_weight: Any = None


class Examples(NamedTuple):
    """Inputs and targets of a data set in memory, as one thing: `fit(examples)`.

    Args:
        x: inputs, nested as the model takes them.
        y: targets.

    >>> import kerata, numpy as np
    >>> model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> examples = kerata.data.Examples(np.zeros((8, 2)), np.zeros(8))
    >>> history = model.fit(examples, validation_data=examples, verbose=0)
    """

    x: Any
    y: Any


class Chunk(NamedTuple):
    """Several batches of equal shape, stacked: every array has a leading axis of `steps`."""

    steps: int
    batch: Batch


class Batches(abc.ABC):
    """A source of batches, epoch by epoch.

    Attributes:
        batch_size: rows of a full batch, `None` when unknown.
        num_samples: rows of the whole data set, `None` when unknown.
        num_batches: batches in an epoch, `None` when unknown.
    """

    batch_size: int | None = None
    num_samples: int | None = None
    num_batches: int | None = None

    #: how many batches or chunks the background thread keeps ready; 0: no thread
    queue_size: int = 8

    @abc.abstractmethod
    def peek(self) -> Batch:
        """Return the first batch without using it up."""

    @abc.abstractmethod
    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch in the calling thread, from step `start` on."""

    @property
    def spec(self) -> Batch:
        """The specs of the first batch, its batch dimension unknown (`None`)."""
        return Batch(*(tree.map_structure(_spec, part) for part in self.peek()))

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, prepared in the background.

        Args:
            epoch: index of the epoch, from 0; it decides the order of shuffled data.
            start: step to begin with, for a run that is resumed within an epoch.
        """
        yield from prefetched(self.batches(epoch, start), self.queue_size)

    def chunks(self, epoch: int, steps: int, start: int = 0) -> Iterator[Chunk]:
        """Yield the batches of an epoch as chunks of up to `steps` batches of equal shape."""
        stacked = stack_batches(self.batches(epoch, start), steps)
        yield from prefetched(stacked, max(1, self.queue_size // steps))

    @abc.abstractmethod
    def fast_forward(self, epoch: int) -> None:
        """Go on at the beginning of `epoch`, as if the epochs before it had been read here."""

    @property
    def in_memory(self) -> Batch | None:
        """The whole data set with `Rows` as leaves, `None` when it is not in memory."""
        return None


def as_it_is(x: Any) -> Any:
    """Return data unchanged: what reads the inputs of models that take arrays alone."""
    return x


def _spec(array: Any) -> Any:
    if array is None:
        return None
    kind = "string" if array.dtype.kind in "USTO" else array.dtype.name
    return TensorSpec((None, *array.shape[1:]), kind)


def rows_of(batch: Batch) -> int | None:
    """Return the number of rows of a batch, `None` if its inputs have no first axis."""
    leaves = tree.flatten(batch.x)
    return len(leaves[0]) if leaves and leaves[0].ndim else None


def stack_batches(batches: Iterable[Batch], steps: int) -> Iterator[Chunk]:
    """Stack up to `steps` consecutive batches of equal shape."""
    group: list[list[Any]] = []
    shapes: Any = None
    like: Batch | None = None
    for batch in batches:
        leaves = tree.flatten(batch)
        found = [None if leaf is None else (leaf.shape, leaf.dtype) for leaf in leaves]
        if group and (len(group) == steps or found != shapes):
            yield _stack(group, like)
            group = []
        group.append(leaves)
        shapes, like = found, batch
    if group:
        yield _stack(group, like)


def _stack(group: list[list[Any]], like: Any) -> Chunk:
    columns = zip(*group, strict=True)
    stacked = [None if leaves[0] is None else np.stack(leaves) for leaves in columns]
    return Chunk(len(group), tree.pack(like, stacked))
