"""Batches of arrays in memory: one `take` per array for many steps at once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kerata.core import tree
from kerata.training.data.batches import Batch, Batches, Chunk, as_it_is
from kerata.training.data.class_weight import class_weighted_rows
from kerata.training.data.convert import to_rows
from kerata.training.data.rows import Rows


class ArrayBatches(Batches):
    """Batches of equally long arrays, in an order that `(seed, epoch)` decides.

    With `steps`, epochs are windows of that many steps into an endless row of passes over the
    data, each pass shuffled anew.
    """

    batch_size: int
    num_samples: int
    num_batches: int
    queue_size = 0  # slicing is cheaper than handing over between threads

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool | str = False,
        class_weight: Any = None,
        seed: int = 0,
        allow_text: bool = False,
        read: Callable[[Any], Any] = as_it_is,
    ):
        x = read(x)
        x_rows, y_rows = to_rows(x, "x", allow_text), to_rows(y, "y")
        weights = to_rows(sample_weight, "sample_weight")
        check_equal_lengths(x, x_rows, y_rows, weights)
        if class_weight is not None:
            weights = class_weighted_rows(y_rows, weights, class_weight)
        self.data = Batch(x_rows, y_rows, weights)
        self.rows: list[Rows | None] = tree.flatten(self.data)
        self.num_samples = len(self.rows[0])  # type: ignore[arg-type]
        self.batch_size = _checked_batch_size(batch_size)
        self.batches_per_pass = -(-self.num_samples // self.batch_size)
        self.num_batches = steps if steps is not None else self.batches_per_pass
        self.shuffle = shuffle
        self.seed = seed

    @property
    def in_memory(self) -> Batch:
        """The whole data set with `Rows` as leaves."""
        return self.data

    def with_inputs(self, x: Any) -> ArrayBatches:
        """Return the same batches with other inputs in place of theirs, row for row.

        Args:
            x: nested `Rows` of the same length.
        """
        made = copy.copy(self)
        made.data = self.data._replace(x=x)
        made.rows = tree.flatten(made.data)
        return made

    def peek(self) -> Batch:
        """Return the first rows, in the order in which they were given."""
        return self._pack([rows and rows.slice(0, self.batch_size) for rows in self.rows])

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from step `start` on."""
        for _, order, first, last in self._pieces(epoch, start, 1):
            yield self._pack(self._read(order, first, last))

    def chunks(self, epoch: int, steps: int, start: int = 0) -> Iterator[Chunk]:
        """Yield up to `steps` full batches at a time, the last partial batch on its own."""
        for count, order, first, last in self._pieces(epoch, start, steps):
            size = (last - first) // count
            leaves = [
                None if part is None else part.reshape(count, size, *part.shape[1:])
                for part in self._read(order, first, last)
            ]
            yield Chunk(count, self._pack(leaves))

    def fast_forward(self, epoch: int) -> None:
        """Nothing to do: the seed and the epoch decide what is read."""

    def _pack(self, leaves: list[Any]) -> Batch:
        return tree.pack(self.data, leaves)

    def _read(self, order: np.ndarray | None, first: int, last: int) -> list[Any]:
        if order is None:
            return [None if rows is None else rows.slice(first, last) for rows in self.rows]
        indices = order[first:last]
        return [None if rows is None else rows.take(indices) for rows in self.rows]

    def _pieces(
        self, epoch: int, start: int, most: int
    ) -> Iterator[tuple[int, np.ndarray | None, int, int]]:
        """Yield (steps, order, first row, last row) of runs of up to `most` equal batches."""
        step = epoch * self.num_batches + start
        end = (epoch + 1) * self.num_batches
        full = self.num_samples // self.batch_size
        while step < end:
            turn, position = divmod(step, self.batches_per_pass)
            order = self._order(turn)
            stop = min(self.batches_per_pass, position + end - step)
            while position < stop:
                count = min(most, stop - position, full - position) if position < full else 1
                first = position * self.batch_size
                last = min(first + count * self.batch_size, self.num_samples)
                yield count, order, first, last
                position += count
                step += count

    def _order(self, turn: int) -> np.ndarray | None:
        """Return the order of the rows in a pass over the data, `None` for as they are."""
        if not self.shuffle:
            return None
        generator = np.random.default_rng((self.seed, turn))
        if self.shuffle != "batch":
            return generator.permutation(self.num_samples)
        full = self.num_samples // self.batch_size
        firsts = generator.permutation(full) * self.batch_size
        blocks = (firsts[:, None] + np.arange(self.batch_size)).ravel()
        return np.concatenate([blocks, np.arange(full * self.batch_size, self.num_samples)])


def _checked_batch_size(batch_size: int | None) -> int:
    if batch_size is None:
        return 32
    if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"`batch_size` is {batch_size!r}; expected an integer >= 1, such as 32.")
    return int(batch_size)


def check_equal_lengths(x: Any, x_rows: Any, y_rows: Any, weights: Any) -> None:
    """Raise unless all arrays have the same number of rows.

    Raises:
        ValueError: naming the lengths, and the probable mistake.
    """
    parts = {"x": x_rows, "y": y_rows, "sample_weight": weights}
    lengths = {
        name: sorted({len(rows) for rows in tree.flatten(part) if rows is not None})
        for name, part in parts.items()
    }
    if len({length for found in lengths.values() for length in found}) == 1:
        return
    stacked = _list_of_samples(parts)
    if stacked:
        count = len(parts[stacked])
        raise ValueError(
            f"`{stacked}` is a list of {count} arrays, which reads as {count} separate inputs or "
            f"outputs; expected one array. Did you mean np.stack({stacked})?"
        )
    facts = ", ".join(
        f"{name} has {' and '.join(map(str, found))} rows"
        for name, found in lengths.items()
        if found
    )
    raise ValueError(
        f"The number of samples differs: {facts}; expected one row of each per sample."
        + _transposed(x_rows, y_rows)
    )


def _list_of_samples(parts: dict[str, Any]) -> str | None:
    """Return the argument that looks like a list of single samples instead of one array."""
    for name, part in parts.items():
        if isinstance(part, (list, tuple)) and len(part) > 1:
            alike = len({rows.shape for rows in part if isinstance(rows, Rows)}) == 1
            others = [p for n, p in parts.items() if n != name and isinstance(p, Rows)]
            if alike and any(len(other) == len(part) for other in others):
                return name
            if alike and all(isinstance(p, (list, tuple)) or p is None for p in parts.values()):
                return name
    return None


def _transposed(x_rows: Any, y_rows: Any) -> str:
    x_shapes = [rows.shape for rows in tree.flatten(x_rows) if rows is not None]
    y_lengths = [len(rows) for rows in tree.flatten(y_rows) if rows is not None]
    if len(x_shapes) == 1 and len(x_shapes[0]) == 2 and y_lengths:
        if x_shapes[0][1] == y_lengths[0]:
            return f" x has shape {x_shapes[0]}: did you transpose it? `x.T` fits."
    return ""
