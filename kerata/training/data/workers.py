"""Several threads or processes that compute the items of a data set, in order.

Imported only when a data set asks for workers: the modules for processes are slow to load.
"""

from __future__ import annotations

import concurrent.futures as futures
import functools
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

#: threads that prepare samples; more do not help, since decoding is bound by processors
THREADS = min(8, os.cpu_count() or 1)


def side_by_side(function: Callable[[Any], Any], items: Iterable[Any]) -> None:
    """Call a function for its effect on each item, several at a time, and wait for all.

    The threads stay for the next call, so that this pays for parts of a batch. The function must
    not come back here. An error of it is raised here.
    """
    for _ in _threads().map(function, items):
        continue


@functools.cache
def _threads() -> futures.ThreadPoolExecutor:
    return futures.ThreadPoolExecutor(THREADS, "kerata-batch")


_process = {"forked": False}


def is_forked() -> bool:
    """Tell whether the process was forked off from another one: the threads of engines that ran
    there did not come along, and to compute by them would wait for ever."""
    return _process["forked"]


def _start_anew() -> None:
    _process["forked"] = True
    _threads.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)


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
