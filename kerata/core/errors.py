"""What errors have in common: the nearest name, warnings, and tracebacks that end at the user."""

from __future__ import annotations

import difflib
import functools
import pathlib
import types
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from kerata.core import config

_PACKAGE = str(pathlib.Path(__file__).resolve().parents[1])


class KerataWarning(UserWarning):
    """A run that works but is probably not what was meant."""


def closest(name: str, names: Iterable[str]) -> str:
    """Return " Did you mean 'adam'?" for the nearest of the names, or "" if none is near.

    >>> closest("adamm", ["adam", "sgd"])
    " Did you mean 'adam'?"
    """
    spelled = {n.lower(): n for n in names}
    found = difflib.get_close_matches(str(name).lower(), spelled, n=1)
    return f" Did you mean {spelled[found[0]]!r}?" if found else ""


F = TypeVar("F", bound=Callable)


def user_facing(function: F) -> F:
    """Make errors of a public entry point end in the user's line: kerata's frames are left out.

    Frames of user code that kerata calls (a `call`, a `train_step`, a callback) stay.
    """

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if not config.is_traceback_filtering_enabled():
                raise
            raise error.with_traceback(_users_frames(error.__traceback__)) from error.__cause__

    return guarded  # type: ignore[return-value]


_ENGINE_PARTS = ("/jax/", "/jaxlib/", "/torch/", "/tensorflow/", "/numpy/")


def _users_frames(trace: types.TracebackType | None) -> types.TracebackType | None:
    frames = []
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        ours = filename.startswith(_PACKAGE) or filename.startswith("<")
        engines = "site-packages" in filename and any(p in filename for p in _ENGINE_PARTS)
        if not ours and not engines:
            frames.append(trace)
        trace = trace.tb_next
    kept = None
    for frame in reversed(frames):
        kept = types.TracebackType(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return kept
