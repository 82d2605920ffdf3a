"""Several threads or processes that compute the items of a data set, in order.

Imported only when a data set asks for workers: the modules for processes are slow to load.
"""

from __future__ import annotations

import concurrent.futures as futures
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any


def by_threads(
    load: Callable[[int], Any], indices: Iterator[int], workers: int, ahead: int
) -> Iterator[Any]:
    """Yield `load(index)` for each index, `workers` of them at a time, up to `ahead` in advance."""
    with futures.ThreadPoolExecutor(workers, "kerata-dataset") as pool:
        yield from _in_order(pool, load, indices, ahead)


def by_processes(dataset: Any, indices: Iterator[int], workers: int, ahead: int) -> Iterator[Any]:
    """Yield `dataset[index]` for each index, computed by processes that have a copy of it.

    Raises:
        RuntimeError: if a process dies.
    """
    context = multiprocessing.get_context()
    with futures.ProcessPoolExecutor(workers, context, _keep_dataset, (dataset,)) as pool:
        try:
            yield from _in_order(pool, _load_here, indices, ahead)
        except futures.BrokenExecutor:
            raise RuntimeError(
                f"A worker process of {type(dataset).__name__} died while it computed a batch: "
                "it ran out of memory, crashed, or was killed. Try fewer `workers`, or "
                "use_multiprocessing=False to see the error itself."
            ) from None


def _in_order(
    pool: futures.Executor, load: Callable[[int], Any], indices: Iterator[int], ahead: int
) -> Iterator[Any]:
    waiting: deque[futures.Future] = deque()
    try:
        for index in indices:
            waiting.append(pool.submit(load, index))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for task in waiting:
            task.cancel()


_dataset_here: Any = None


def _keep_dataset(dataset: Any) -> None:
    """Give a worker process its data set, once."""
    global _dataset_here
    _dataset_here = dataset


def _load_here(index: int) -> Any:
    return _dataset_here[index]
