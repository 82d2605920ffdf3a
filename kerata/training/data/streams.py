"""Batches that come one after the other: generators, loaders, data sets of other libraries."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from kerata.core.errors import KerataWarning
from kerata.core.tree import is_nested
from kerata.training.data.batches import Batch, Batches, as_it_is, rows_of
from kerata.training.data.class_weight import balanced_over, is_balanced, weighted
from kerata.training.data.convert import to_arrays


class Source:
    """Where a stream's items come from.

    Args:
        start: called with the index of the pass; returns an iterator over the data.
        kind: what it is, for messages: "generator", "DataLoader".
        length: items in a pass, `None` when unknown.
        once: whether there is a single pass, as with a generator.
    """

    def __init__(
        self,
        start: Callable[[int], Iterator[Any]],
        kind: str,
        length: int | None = None,
        once: bool = False,
    ):
        self.start = start
        self.kind = kind
        self.length = length
        self.once = once


def source_of(data: Any) -> Source | None:
    """Return the source of stream-like data, `None` for anything else."""
    kind = type(data).__name__
    if hasattr(data, "as_numpy_iterator"):
        return Source(lambda _: data.as_numpy_iterator(), "tf.data.Dataset", _length(data))
    if callable(getattr(data, "epoch", None)) and hasattr(data, "__iter__"):
        return Source(data.epoch, kind, _length(data))  # it decides its order by the pass
    if hasattr(data, "__next__"):
        return Source(lambda _: data, kind, once=True)
    if inspect.isfunction(data) or inspect.ismethod(data) or _is_partial(data):
        return Source(lambda turn: _call(data, turn), "function")
    if hasattr(data, "__iter__") and not is_nested(data):
        return Source(lambda _: iter(data), kind, _length(data))
    if _is_list_of_batches(data):
        return Source(lambda _: iter(data), "list of batches", len(data))
    return None


def _is_partial(data: Any) -> bool:
    return callable(data) and not hasattr(data, "__iter__") and not hasattr(data, "shape")


def _is_list_of_batches(data: Any) -> bool:
    return (
        isinstance(data, list)
        and bool(data)
        and all(type(item) is tuple and 2 <= len(item) <= 3 for item in data)
    )


def _length(data: Any) -> int | None:
    if hasattr(data, "cardinality"):
        count = int(data.cardinality())
        return count if count >= 0 else None
    try:
        return len(data)
    except TypeError:  # an iterable-style loader does not know
        return None


def _call(factory: Callable, turn: int) -> Iterator[Any]:
    """Start a pass of a function that makes iterators; it may ask for the `epoch`."""
    takes_epoch = "epoch" in inspect.signature(factory).parameters
    made = factory(epoch=turn) if takes_epoch else factory()
    if not hasattr(made, "__iter__"):
        raise TypeError(
            f"The function given as data returned a {type(made).__name__}; expected a generator "
            "or another iterable of batches: use `yield`."
        )
    return iter(made)


def targets_of(item: Any) -> Any:
    """Return the targets of one item of a stream as arrays, `None` if it has none.

    >>> targets_of(([[1.0], [2.0]], [0, 1])).tolist()
    [0, 1]
    """
    named = hasattr(item, "_fields") and not isinstance(item, Batch)
    parts = item if isinstance(item, (list, tuple)) and not named else (item,)
    return to_arrays(parts[1], "y") if len(parts) > 1 else None


def as_batch(
    item: Any,
    class_weight: Any = None,
    allow_text: bool = False,
    read: Callable[[Any], Any] = as_it_is,
) -> Batch:
    """Return one item of a stream as a batch: `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

    Raises:
        ValueError: if the item is a tuple of another length.
    """
    parts = tuple(item) if isinstance(item, (list, tuple)) else (item,)
    if hasattr(item, "_fields") and not isinstance(item, Batch):
        parts = (item,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            f"The data yield tuples of {len(parts)} entries; expected (x,), (x, y) or "
            "(x, y, sample_weight). Several inputs belong into a tuple or dict of their own: "
            "((x1, x2), y)."
        )
    x, y, weights = (*parts, None, None)[:3]
    batch = Batch(
        to_arrays(read(x), "x", allow_text),
        to_arrays(y, "y"),
        to_arrays(weights, "sample_weight"),
    )
    if class_weight is not None:
        batch = batch._replace(sample_weight=weighted(batch.y, batch.sample_weight, class_weight))
    return batch


class StreamBatches(Batches):
    """Batches of a source that is read from front to back.

    Without `steps`, an epoch is one pass. With `steps`, an epoch is the next `steps` items;
    a source that can start again does so when it ends.
    """

    def __init__(
        self,
        source: Source,
        steps: int | None = None,
        class_weight: Any = None,
        allow_text: bool = False,
        steps_name: str = "steps_per_epoch",
        read: Callable[[Any], Any] = as_it_is,
    ):
        self.source = source
        self.steps = steps
        self.steps_name = steps_name
        balance = is_balanced(class_weight)
        self.class_weight = self._counted(class_weight) if balance else class_weight
        self.allow_text = allow_text
        self.read = read
        self.num_batches = steps if steps is not None else source.length
        self._running: Iterator[Any] | None = None  # the pass being read
        self._turn = 0  # index of that pass
        self._peeked: Batch | None = None
        self._given = 0  # items taken from the source
        self._epochs = 0  # epochs begun

    def _counted(self, class_weight: Any) -> Any:
        """Return balanced class weights, for which the data are read once."""
        if self.source.once:
            raise ValueError(
                '`class_weight="balanced"` counts the classes before training, but the '
                f"{self.source.kind} can be read only once: pass a function that makes it "
                "(`fit(make_batches)`), a list of batches, or a dict {class: weight}."
            )
        items = itertools.islice(self.source.start(0), self.steps)
        return balanced_over(map(targets_of, items), class_weight)

    def peek(self) -> Batch:
        """Return the first batch; it is kept for the epoch."""
        if self._peeked is not None:
            return self._peeked
        running = self._start(self._turn) if self._running is None else self._running
        try:
            first = next(running)
        except StopIteration:
            raise self._empty() from None
        self._running = itertools.chain([first], running)
        self._peeked = self._batch(first)
        self.batch_size = rows_of(self._peeked)
        return self._peeked

    def _batch(self, item: Any) -> Batch:
        return as_batch(item, self.class_weight, self.allow_text, self.read)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the items of an epoch, the first `start` of them skipped."""
        self._epochs += 1
        items = self._pass(epoch) if self.steps is None else self._next_steps()
        for item in itertools.islice(items, start, None):
            yield self._batch(item)

    def fast_forward(self, epoch: int) -> None:
        """Skip what the epochs before `epoch` took from the source."""
        if self.steps is not None:
            skipped = epoch * self.steps
            if self.source.length and not self.source.once:
                self._turn, skipped = divmod(skipped, self.source.length)
                self._start(self._turn)
            for _ in itertools.islice(self._endless(), skipped):
                pass

    def _start(self, turn: int) -> Iterator[Any]:
        self._turn = turn
        self._running = self.source.start(turn)
        return self._running

    def _pass(self, epoch: int) -> Iterator[Any]:
        """Yield one pass over the source, the pass that a peek began if it is the same."""
        if self._running is None or (self._turn != epoch and not self.source.once):
            self._start(epoch)
        count = 0
        for item in self._running:  # type: ignore[union-attr]
            count += 1
            self._given += 1
            yield item
        if not self.source.once:
            self._running = None
            self._turn = epoch + 1
        if not count:
            raise self._ended() if self._given else self._empty()

    def _endless(self) -> Iterator[Any]:
        """Yield items as long as there are any, starting again where the source can."""
        fresh = self._running is None
        if fresh:
            self._start(self._turn)
        while True:
            for item in self._running:  # type: ignore[union-attr]
                fresh = False
                self._given += 1
                yield item
            if self.source.once:
                return
            if fresh:
                raise self._empty()
            self._start(self._turn + 1)
            fresh = True

    def _next_steps(self) -> Iterator[Any]:
        """Yield the next `steps` items."""
        count = 0
        for item in itertools.islice(self._endless(), self.steps):
            count += 1
            yield item
        if not count:
            raise self._ended() if self._given else self._empty()
        if count < self.steps:  # type: ignore[operator]
            warnings.warn(
                f"The {self.source.kind} ended after {self._given} batches; epoch "
                f"{self._epochs} has only {count} of the {self.steps} steps asked for by "
                f"`{self.steps_name}`.",
                KerataWarning,
                stacklevel=2,
            )

    def _empty(self) -> ValueError:
        return ValueError(
            f"The {self.source.kind} given as data yielded no batch at all: there is nothing to "
            "learn from. Check its filter, its length, or whether it has been used up before."
        )

    def _ended(self) -> ValueError:
        return ValueError(
            f"The {self.source.kind} ended after {self._given} batches, so nothing is left for "
            f"epoch {self._epochs}: it can be read only once. Pass a function that makes it "
            "(`fit(make_batches)`, not `fit(make_batches())`), a list of batches "
            f"(`fit(list(batches))`), or {self.steps_name}={self._given} // epochs to "
            "share it among the epochs."
        )
