"""What surrounds a computation in this thread: scope, tape, call, autocast, graph building.

One object holds it all, so that the hot paths look in one place. Every field has a `with` block
that sets it and restores it; nothing else writes here.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any


class _Current(threading.local):
    """The innermost of each; `None` outside of any."""

    scope: Any = None  # where variables are read and assigned (core.scope)
    autocast: str | None = None  # dtype that float variables are read as
    call: CallContext | None = None  # the outermost layer call that is running
    recorder: Any = None  # what functional tapes record through (core.tape)
    native_tapes: tuple = ()  # the open tapes, for engines with an autograd of their own
    watching: tuple = ()  # the open tapes of engines that are told which tensors to watch
    results_wanted: bool = True  # whether anybody looks at the metrics after this step
    structure: dict | None = None  # what layers contain, remembered while steps run
    line_by_line: bool = False  # whether Python runs as it is written where engines compile
    remat: Any = None  # which of the layers made here are rematerialized (layers)
    numerics: Any = None  # what looks for NaN and infinity in results (core.numerics)


class CallContext:
    """One outermost layer call: what its inner layers share.

    Attributes:
        training: whether the call is part of training (dropout drops, statistics are updated);
            `None` if nobody said.
        layers: the layers being called, outermost first.
        losses: what `add_loss` and regularizers of activity gave during the call.
        rematerialized: whether the call is a part of one that is rematerialized as a whole.
    """

    __slots__ = ("training", "layers", "losses", "rematerialized")

    def __init__(self, training: bool | None = None):
        self.training = training
        self.layers: list[Any] = []
        self.losses: list[Any] = []
        self.rematerialized = False


current = _Current()


_forgotten = [0]


def forget_structure() -> None:
    """Drop what is remembered of layers' contents: something has been added or frozen."""
    _forgotten[0] += 1
    if current.structure is not None:
        current.structure.clear()


def structure_version() -> int:
    """Return a number that grows whenever something is added to a layer or frozen."""
    return _forgotten[0]


_changed_constants = [0]


def forget_constants() -> None:
    """Make programs compiled so far void: something that they hold as a constant has changed."""
    _changed_constants[0] += 1


def constants_version() -> int:
    """Return a number that grows whenever a layer learns what programs hold as a constant."""
    return _changed_constants[0]


def structural(method: Callable[[Any], list]) -> property:
    """Make a property of a list that is found by walking through attributes.

    While the steps of a chunk run (`current.structure` is a dict) it is found once per object.
    """

    def get(self: Any) -> list:
        known = current.structure
        if known is None:
            return method(self)
        key = (method, id(self))
        if key not in known:
            known[key] = method(self)
        return list(known[key])

    return property(get, doc=method.__doc__)


@contextlib.contextmanager
def set_current(**fields: Any) -> Iterator[None]:
    """Set fields of the current context inside a `with` block."""
    before = {name: getattr(current, name) for name in fields}
    for name, value in fields.items():
        setattr(current, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(current, name, value)
