"""Batches whose inputs a function prepares, in the thread that keeps batches ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kerata.core import tree
from kerata.training.data.arrays import ArrayBatches
from kerata.training.data.batches import Batch, Batches, Chunk
from kerata.training.data.rows import ArrayRows, numpy_floatx

#: prepared inputs of a data set up to this size are kept from the first pass on
KEPT_BYTES = 1 << 28
#: rows that are prepared at a time to be kept
_ROWS = 4096


class PreparedBatches(Batches):
    """Batches of another source with `prepare(x)` in place of their inputs.

    Where the source is in memory and each row is prepared by itself, a second pass prepares all
    rows at once and keeps them: from then on, batches are slices.

    Args:
        source: where the batches come from.
        prepare: takes the inputs of a batch as NumPy arrays, and returns arrays, nested.
        row_by_row: whether what it makes of a row does not depend on the others of the batch.
    """

    def __init__(
        self, source: Batches, prepare: Callable[[Any], Any], row_by_row: bool = False
    ) -> None:
        self.source = source
        self.prepare = prepare
        self.batch_size = source.batch_size
        self.num_samples = source.num_samples
        self.num_batches = source.num_batches
        self._may_keep = row_by_row and isinstance(source, ArrayBatches)
        self._passes = 0
        self._kept: ArrayBatches | None = None
        self._peeked: Batch | None = None

    @property
    def seed(self) -> Any:
        """What decides the order of shuffled data."""
        return getattr(self.source, "seed", None)

    @seed.setter
    def seed(self, value: Any) -> None:
        sources: list[Any] = [self.source, self._kept]
        for source in sources:
            if hasattr(source, "seed"):
                source.seed = value

    @property
    def in_memory(self) -> Batch | None:
        """The whole data set without its inputs, `None` when it is not in memory."""
        whole = self.source.in_memory
        return None if whole is None else whole._replace(x=None)

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

    def chunks(self, epoch: int, steps: int, start: int = 0) -> Iterator[Chunk]:
        """Yield the batches of an epoch as chunks, from the second pass on without preparing."""
        self._passes += 1
        if self._passes == 2 and self._may_keep and self._are_small():
            self._kept = self._all_prepared()
        if self._kept is None:
            yield from super().chunks(epoch, steps, start)
        else:
            yield from self._kept.chunks(epoch, steps, start)

    def fast_forward(self, epoch: int) -> None:
        """Go on at the beginning of `epoch`, as if the epochs before it had been read here."""
        self.source.fast_forward(epoch)

    def _prepared(self, batch: Batch) -> Batch:
        return batch._replace(x=self.prepare(batch.x))

    def _are_small(self) -> bool:
        """Tell whether all prepared inputs may be kept, in the dtype that they have."""
        leaves = tree.flatten(self.peek().x)
        per_row = sum(leaf.nbytes for leaf in leaves) / max(1, len(leaves[0])) if leaves else np.inf
        floats = {leaf.dtype for leaf in leaves if leaf.dtype.kind not in "iub"}
        rows = self.num_samples or 0
        return per_row * rows <= KEPT_BYTES and floats <= {numpy_floatx()}

    def _all_prepared(self) -> ArrayBatches:
        source: Any = self.source

        def part(first: int) -> Any:
            x = tree.map_structure(lambda rows: rows.slice(first, first + _ROWS), source.data.x)
            return self.prepare(x)

        parts = [part(first) for first in range(0, source.num_samples, _ROWS)]
        whole = tree.map_structure(lambda *leaves: ArrayRows(np.concatenate(leaves)), *parts)
        return source.with_inputs(whole)
