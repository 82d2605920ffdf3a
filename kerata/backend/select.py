"""Which engine computes: the one that a tensor belongs to, else the default.

The default is set by `set_backend`, `use_backend`, the environment variable KERATA_BACKEND,
or is the first installed of jax, torch, tensorflow, numpy. Engines are imported when first
used.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerata.backend.interface import Backend

# Name -> (module of the engine, pip line if it is missing).
ENGINES = {
    "jax": ("jax", "pip install jax"),
    "torch": ("torch", "pip install 'kerata[torch]'"),
    "tensorflow": ("tensorflow", "pip install 'kerata[tensorflow]'"),
    "numpy": ("numpy", "pip install numpy"),
}
_loaded: dict[str, Backend] = {}
_of_type: dict[type, Any] = {}
_loading = threading.RLock()


class _Default(threading.local):
    """The backend of this thread (`use_backend`), else of the process (`set_backend`)."""

    backend: Any = None


_thread = _Default()
_process: dict[str, Any] = {"backend": None}


def load(name: str) -> Backend:
    """Return the engine called `name`, importing it when needed.

    Raises:
        ValueError: if kerata has no such backend.
        ImportError: if the engine is not installed; says how to install it.
    """
    found = _loaded.get(name)
    if found is not None:
        return found
    with _loading:  # threads must get the same one
        return _loaded.get(name) or _load(name)


def _load(name: str) -> Backend:
    if name not in ENGINES:
        raise ValueError(f"Unknown backend {name!r}; expected one of {', '.join(ENGINES)}.")
    module, install = ENGINES[name]
    if not is_installed(name):
        raise ImportError(f"The backend {name!r} needs the package `{module}`: {install}")
    engine = importlib.import_module(f"kerata.backend.{name}.engine").make_engine()
    _loaded[name] = engine
    for kind in engine.tensor_types:
        _of_type[kind] = engine
    return engine


def is_installed(name: str) -> bool:
    """Tell whether the engine called `name`, one of `ENGINES`, is installed."""
    return importlib.util.find_spec(ENGINES[name][0]) is not None


def loaded_backends() -> list[Backend]:
    """Return the engines in use so far in this process."""
    return list(_loaded.values())


def _default_name() -> str:
    name = os.environ.get("KERATA_BACKEND")
    if name:
        return name
    return next(name for name in ENGINES if is_installed(name))


def default() -> Backend:
    """Return the engine on which new variables and constants are born."""
    found = _thread.backend or _process["backend"]
    if found is None:
        found = _process["backend"] = load(_default_name())
    return found


def backend() -> str:
    """Return the name of the default backend.

    >>> import kerata
    >>> kerata.config.backend() in ("jax", "torch", "tensorflow", "numpy")
    True
    """
    return default().name


def set_backend(backend: str) -> None:
    """Set the default backend of the process: `"jax"`, `"torch"`, `"tensorflow"` or `"numpy"`.

    Models made before keep their own.

    Args:
        backend: its name.

    Raises:
        ValueError: if there is no such backend.
        ImportError: if its engine is not installed.
    """
    _process["backend"] = load(backend)


@contextlib.contextmanager
def use_backend(name: str | Backend) -> Iterator[Backend]:
    """Make a backend the default inside a `with` block, in this thread.

    Args:
        name: `"jax"`, `"torch"`, `"tensorflow"` or `"numpy"`, or a backend itself.

    >>> import kerata
    >>> with kerata.use_backend("numpy"):
    ...     print(kerata.config.backend())
    numpy
    """
    before = _thread.backend
    _thread.backend = load(name) if isinstance(name, str) else name
    try:
        yield _thread.backend
    finally:
        _thread.backend = before


def engine_of_type(kind: type) -> Backend | None:
    """Return the engine whose tensors have this Python type; NumPy arrays belong to none."""
    try:
        return _of_type[kind]
    except KeyError:
        return _classify(kind)


def _classify(kind: type) -> Backend | None:
    found = None
    for name, (module, _) in ENGINES.items():
        # A tensor of an engine can only exist if somebody has imported the engine.
        if name != "numpy" and sys.modules.get(module) is not None:
            engine = load(name)
            if issubclass(kind, engine.tensor_types):
                found = engine
    _of_type[kind] = found
    return found


def engine_of(value: Any) -> Backend | None:
    """Return the engine that an engine tensor belongs to, `None` for anything else."""
    return engine_of_type(type(value))
