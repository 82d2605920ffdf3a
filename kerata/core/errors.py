"""What errors have in common: the nearest name, warnings, and tracebacks that end at the user."""

from __future__ import annotations

import contextlib
import difflib
import functools
import pathlib
import sys
import traceback
import types
from collections.abc import Callable, Iterable, Iterator
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


@contextlib.contextmanager
def naming(argument: str) -> Iterator[None]:
    """Let errors of values and types inside the block begin with the argument that they are about.

    >>> with naming("validation_data"):
    ...     raise ValueError("`x` has 0 rows.")
    Traceback (most recent call last):
    ValueError: In `validation_data`: `x` has 0 rows.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        text = error.args[0] if error.args else None
        if isinstance(text, str) and f"`{argument}`" not in text:
            error.args = (f"In `{argument}`: {text}", *error.args[1:])
        raise


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
            _drop_engine_notes(error)
            raise error.with_traceback(_users_frames(error.__traceback__)) from error.__cause__

    return guarded  # type: ignore[return-value]


def users_line() -> str:
    """Return where the user's code stands now, such as "model.py:12 in call"."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return "unknown line"
    file = pathlib.Path(frame.f_code.co_filename).name
    return f"{file}:{frame.f_lineno} in {frame.f_code.co_name}"


def value_is_missing(error: Exception) -> TypeError:
    """Return the error for code that asks for a value while it is compiled.

    Args:
        error: what the engine raised.
    """
    name = "This function"
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if is_users(frame.f_code.co_filename):
            name = f"`{frame.f_code.co_name}`"
    explained = TypeError(
        f"{name} is compiled: its tensors have no values yet when Python runs it, so `if`, "
        "`float()` or NumPy cannot use them here.\n"
        "Choose by value with `ops.where` or `ops.cond`, and loop with `ops.while_loop` or "
        "`ops.scan`.\n"
        "To run it line by line: `compile(..., run_eagerly=True)`, or "
        "`kerata.function(jit_compile=False)`."
    )
    for note in getattr(error, "__notes__", ()):
        explained.add_note(note)
    return explained.with_traceback(error.__traceback__)


# Code without a file that a person has typed, in shells and notebooks.
_TYPED = ("<stdin>", "<console>", "<ipython-input", "<python-input", "<doctest")
_ENGINE_PARTS = ("/jax/", "/jaxlib/", "/torch/", "/tensorflow/", "/numpy/")
# What engines add to errors about frames that they left out.
_ENGINE_NOTES = "For simplicity, JAX has removed"


def _drop_engine_notes(error: Exception) -> None:
    notes = getattr(error, "__notes__", None)
    if notes:
        notes[:] = [note for note in notes if _ENGINE_NOTES not in note]


def is_users(filename: str) -> bool:
    """Tell whether code of this file is the user's: neither kerata's nor an engine's."""
    if filename.startswith("<"):
        return filename.startswith(_TYPED)
    engines = "site-packages" in filename and any(part in filename for part in _ENGINE_PARTS)
    return not engines and not filename.startswith(_PACKAGE)


def _users_frames(trace: types.TracebackType | None) -> types.TracebackType | None:
    frames = []
    while trace is not None:
        if is_users(trace.tb_frame.f_code.co_filename):
            frames.append(trace)
        trace = trace.tb_next
    kept = None
    for frame in reversed(frames):
        kept = types.TracebackType(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return kept
