"""Models among pickled objects: the bytes of a `.keras` file, and the user's classes in it.

Pickling is for copies, and for other processes of the same program (`copy.deepcopy`, joblib, Dask).
Whoever loads a pickle runs what it names; models to keep or to give away are saved as `.keras`.
"""

from __future__ import annotations

import os
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any

from kerata.backend import select
from kerata.core.serialization import custom_objects_met
from kerata.saving.model_file import load_model, save_model


def reduced(model: Any) -> tuple[Callable, tuple]:
    """Return what `__reduce__` of a model gives: a function, and its arguments.

    Args:
        model: the model. Its own classes and functions are pickled by their names.
    """
    with tempfile.TemporaryDirectory() as folder, custom_objects_met() as met:
        path = pathlib.Path(folder) / "model.keras"
        save_model(model, path)
        return restored, (path.read_bytes(), met, model.backend.name)


def restored(archive: bytes, custom_objects: dict[str, Any], backend: str) -> Any:
    """Return the model that `reduced` was given, on the same engine where it is installed.

    Args:
        archive: the bytes of a `.keras` file.
        custom_objects: the user's classes and functions in it, by name.
        backend: name of the engine.
    """
    engine = select.load(backend) if select.is_installed(backend) else select.default()
    with tempfile.TemporaryDirectory() as folder, select.use_backend(engine):
        path = os.path.join(folder, "model.keras")
        pathlib.Path(path).write_bytes(archive)
        return load_model(path, custom_objects)
