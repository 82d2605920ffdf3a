"""Prefetching: an iterator run ahead by a background thread, into a bounded queue."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")

_END = object()
#: seconds to wait for a source that does not come back, before it is left to itself
_PATIENCE = 5.0


class _Failure:
    """An exception on its way from the background thread to the consumer."""

    def __init__(self, error: BaseException):
        self.error = error


def prefetched(items: Iterator[Item], size: int) -> Iterator[Item]:
    """Yield the items of an iterator, up to `size` of them prepared ahead in a thread.

    An exception of the iterator is raised here, in its place in the order. When the consumer
    leaves early, the thread ends and the iterator is closed.

    Args:
        items: any iterator; only one thread at a time touches it.
        size: items kept ready; 0 reads in the calling thread.

    >>> list(prefetched(iter([1, 2, 3]), 2))
    [1, 2, 3]
    """
    if size < 1:
        yield from items
        return
    ahead = _Ahead(items, size)
    try:
        while True:
            item = ahead.ready.get()
            if item is _END:
                return
            if isinstance(item, _Failure):
                raise item.error
            yield item
    finally:
        ahead.stop()


class _Ahead:
    """The thread, its queue, and how to stop them."""

    def __init__(self, items: Iterator[Any], size: int):
        self.items = items
        self.ready: queue.Queue = queue.Queue(size)
        self.stopped = threading.Event()
        # The thread sees the consumer's context: its backend, scopes and registered objects.
        context = contextvars.copy_context()
        self.thread = threading.Thread(
            target=context.run, args=(self._fill,), name="kerata-prefetch", daemon=True
        )
        self.thread.start()

    def _fill(self) -> None:
        try:
            for item in self.items:
                self.ready.put(item)
                if self.stopped.is_set():
                    break
            self.ready.put(_END)
        except BaseException as error:
            self.ready.put(_Failure(error))

    def stop(self) -> None:
        """End the thread: free a place in the queue until it has seen the signal."""
        self.stopped.set()
        patience = _PATIENCE
        while self.thread.is_alive() and patience > 0:
            while not self.ready.empty():
                self.ready.get()
            self.thread.join(0.01)
            patience -= 0.01
        if not self.thread.is_alive() and hasattr(self.items, "close"):
            self.items.close()
