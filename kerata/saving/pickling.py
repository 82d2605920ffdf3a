"""Models among pickled objects: what a `.keras` file would hold, and the user's classes in it.

Pickling is for copies, and for other processes of the same program (`copy.deepcopy`, joblib, Dask).
Whoever loads a pickle runs what it names; models to keep or to give away are saved as `.keras`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.backend import select
from kerata.core.serialization import custom_objects_met
from kerata.saving.archive import Archive
from kerata.saving.model_file import archive_of, model_of


def reduced(model: Any) -> tuple[Callable, tuple]:
    """Return what `__reduce__` of a model gives: a function, and its arguments.

    Args:
        model: the model. Its own classes and functions are pickled by their names.
    """
    with custom_objects_met() as met:
        archive = archive_of(model)
    return restored, (archive, met, model.backend.name)


def restored(archive: Archive, custom_objects: dict[str, Any], backend: str) -> Any:
    """Return the model that `reduced` was given, on the same engine where it is installed.

    Args:
        archive: what a `.keras` file of the model holds.
        custom_objects: the user's classes and functions in it, by name.
        backend: name of the engine.
    """
    engine = select.load(backend) if select.is_installed(backend) else select.default()
    with select.use_backend(engine):
        return model_of(archive, "the pickled model", custom_objects)
