"""Threads that stay: for parts of a task that leave Python's lock alone, as decoding, copying and
checksums do."""

from __future__ import annotations

import concurrent.futures as futures
import functools
import os
from collections.abc import Callable, Iterable
from typing import Any

#: how many at a time; more do not help, since such work is bound by processors
THREADS = min(8, os.cpu_count() or 1)


def side_by_side(function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Call a function on each item, several at a time; wait for all, and return the results.

    The threads stay for the next call, so that this pays for parts of a batch. The function must
    not come back here. An error of it is raised here.
    """
    return list(_threads().map(function, items))


def meanwhile(function: Callable[..., Any], *args: Any) -> futures.Future[Any]:
    """Start a function in another thread; `result()` of what is returned waits for it."""
    return _threads().submit(function, *args)


@functools.cache
def _threads() -> futures.ThreadPoolExecutor:
    return futures.ThreadPoolExecutor(THREADS, "kerata")


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
