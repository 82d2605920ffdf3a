"""Python operators of JAX arrays under a tape: `loss = a + 0.1 * b` must be recorded too.

JAX arrays define their operators and methods in Python, on two classes: `jax.Array`'s
implementation and `Tracer`. `install` wraps them once; without an open tape the wrapper costs
one attribute look-up, with one it hands the same function to the tape as a unit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from operator import getitem
from typing import Any

import jax

_OPERATORS = (
    "__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __pow__ __rpow__ "
    "__mod__ __rmod__ __matmul__ __rmatmul__ __neg__ __abs__ __pos__ __getitem__"
).split()
_METHODS = (
    "astype clip cumprod cumsum diagonal dot flatten max mean min prod ravel repeat reshape "
    "squeeze std sum swapaxes take trace transpose var"
).split()
_installed: list[bool] = []


def install(recorder: Callable[[], Any]) -> None:
    """Wrap the operators once; `recorder()` gives the open recorder of the thread or `None`."""
    if _installed:
        return
    _installed.append(True)
    for kind in array_types():
        for name in (*_OPERATORS, *_METHODS):
            original = getattr(kind, name, None)
            if original is not None:
                setattr(kind, name, _recorded(original, recorder))


def array_types() -> tuple[type, type]:
    """Return the classes that define the operators of arrays: here, and traced."""
    with jax.ensure_compile_time_eval():  # a real array, also when called during tracing
        return type(jax.device_put(0.0)), jax.core.Tracer


def _recorded(original: Callable, recorder: Callable[[], Any]) -> Callable:
    # A real array's own indexing refuses the tracers that a unit is differentiated with.
    unit = getitem if original.__name__ == "__getitem__" else original

    @functools.wraps(original)
    def operator(self: Any, *args: Any, **kwargs: Any) -> Any:
        active = recorder()
        if active is None:
            return original(self, *args, **kwargs)
        if args and not isinstance(args[0], (jax.Array, float, int)) and hasattr(args[0], "spec"):
            return NotImplemented  # a Variable or symbolic tensor: its own operator takes over
        return active.operation(unit, [self, *args], kwargs)

    return operator
