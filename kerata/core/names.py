"""Names that nobody chose: `dense`, `dense_1`, ...; and the scope that paths are made of."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from collections import Counter
from collections.abc import Iterator

_counts: Counter[str] = Counter()


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.stack: list[str] = []


_scopes = _Scopes()


@functools.cache
def snake_case(name: str) -> str:
    """Return a class name in snake case.

    >>> snake_case("Conv2DTranspose"), snake_case("LSTM"), snake_case("BatchNormalization")
    ('conv2d_transpose', 'lstm', 'batch_normalization')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def unique(prefix: str) -> str:
    """Return `prefix` the first time it is asked for, then `prefix_1`, `prefix_2`, ..."""
    count = uid(prefix) - 1
    return f"{prefix}_{count}" if count else prefix


def uid(prefix: str = "") -> int:
    """Return 1 the first time it is asked for, then 2, ...; `unique` counts along.

    Args:
        prefix: what is counted; each prefix has a count of its own.
    """
    _counts[prefix] += 1
    return _counts[prefix]


def automatic(cls: type) -> str:
    """Return a unique name for an instance of a class."""
    return unique(snake_case(cls.__name__))


def reset() -> None:
    """Start all counts again."""
    _counts.clear()


@contextlib.contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Put `name/` before the paths of variables made inside the block.

    Args:
        name: the first part of the paths.
    """
    _scopes.stack.append(name)
    try:
        yield
    finally:
        _scopes.stack.pop()


@contextlib.contextmanager
def at(path: str) -> Iterator[None]:
    """Let the paths of what is made inside the block begin with `path/`, whatever is around it."""
    before, _scopes.stack = _scopes.stack, [path]
    try:
        yield
    finally:
        _scopes.stack = before


def path(name: str) -> str:
    """Return the path of a thing called `name` in the present scopes.

    >>> with name_scope("model"), name_scope("dense"):
    ...     path("kernel")
    'model/dense/kernel'
    """
    return "/".join([*_scopes.stack, name])
