"""Values of arrays while a gradient is prepared: print, float, np.asarray and debuggers see them.

`jax.vjp` runs a function on tracers. Outside of compiled programs each of them carries a real
array, but JAX keeps it to itself and refuses `float(x)` or `np.asarray(x)`. Inside `readable`
these give the value, as they do for arrays. Only reading changes: what is recorded, and so the
gradients, stay as they are. Tracers of compiled programs have no value, and go on saying so.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax

# What reads the value of an array, as opposed to computing with it.
_READERS = (
    "__array__ __dlpack__ __complex__ __float__ __int__ __index__ __format__ __repr__ __str__ "
    "item tobytes tolist"
).split()
_readable = contextvars.ContextVar("readable", default=False)


@contextlib.contextmanager
def readable() -> Iterator[None]:
    """Let tracers that have a value show it inside the block, in this thread."""
    _install()
    token = _readable.set(True)
    try:
        yield
    finally:
        _readable.reset(token)


def has_value(tensor: Any) -> bool:
    """Tell whether a tracer stands for a value that has been computed already."""
    return _value(tensor) is not None


def _value(tracer: Any) -> Any:
    """Return the array that a tracer carries; `None` if there is none, or JAX does not tell."""
    tell = getattr(tracer, "to_concrete_value", None)
    return None if tell is None else tell()


@functools.cache
def _install() -> None:
    """Wrap the readers of tracers, once."""
    for name in _READERS:
        setattr(jax.core.Tracer, name, _reading(getattr(jax.core.Tracer, name), name))


def _reading(original: Callable, name: str) -> Callable:
    @functools.wraps(original)
    def reader(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _readable.get():
            value = _value(self)
            if value is not None:
                return getattr(value, name)(*args, **kwargs)
        return original(self, *args, **kwargs)

    return reader
