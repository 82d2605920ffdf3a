"""Batches whose inputs a function prepares, in the thread that keeps batches ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kerata.training.data.batches import Batch, Batches


class PreparedBatches(Batches):
    """Batches of another source with `prepare(x)` in place of their inputs.

    Args:
        source: where the batches come from.
        prepare: takes the inputs of a batch as NumPy arrays, and returns arrays, nested.
    """

    def __init__(self, source: Batches, prepare: Callable[[Any], Any]):
        self.source = source
        self.prepare = prepare
        self.batch_size = source.batch_size
        self.num_samples = source.num_samples
        self.num_batches = source.num_batches
        self._peeked: Batch | None = None

    @property
    def seed(self) -> Any:
        """What decides the order of shuffled data."""
        return getattr(self.source, "seed", None)

    @seed.setter
    def seed(self, value: Any) -> None:
        if hasattr(self.source, "seed"):
            self.source.seed = value

    def peek(self) -> Batch:
        """Return the first batch without using it up."""
        if self._peeked is None:
            self._peeked = self._prepared(self.source.peek())
            self.batch_size = self.source.batch_size
        return self._peeked

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch in the calling thread, from step `start` on."""
        for batch in self.source.batches(epoch, start):
            yield self._prepared(batch)

    def fast_forward(self, epoch: int) -> None:
        """Go on at the beginning of `epoch`, as if the epochs before it had been read here."""
        self.source.fast_forward(epoch)

    def _prepared(self, batch: Batch) -> Batch:
        return batch._replace(x=self.prepare(batch.x))
