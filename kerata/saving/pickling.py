"""Models among pickled objects: what a `.keras` file would hold, and the user's classes in it.

Pickling is for copies, and for other processes of the same program (`copy.deepcopy`, joblib, Dask).
Whoever loads a pickle runs what it names; models to keep or to give away are saved as `.keras`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from kerata.backend import select
from kerata.core.serialization import custom_objects_met
from kerata.saving.archive import open_archive
from kerata.saving.model_file import model_in, write_model

_LABEL = "the pickled model"


def reduced(model: Any) -> tuple[Callable, tuple]:
    """Return what `__reduce__` of a model gives: a function, and its arguments.

    Args:
        model: the model. Its own classes and functions are pickled by their names.
    """
    archive = io.BytesIO()
    with custom_objects_met() as met:
        write_model(archive, model)
    return restored, (archive.getvalue(), met, model.backend.name)


def restored(archive: bytes, custom_objects: dict[str, Any], backend: str) -> Any:
    """Return the model that `reduced` was given, on the same engine where it is installed.

    Args:
        archive: a `.keras` file of the model.
        custom_objects: the user's classes and functions in it, by name.
        backend: name of the engine.
    """
    engine = select.load(backend) if select.is_installed(backend) else select.default()
    with select.use_backend(engine), open_archive(io.BytesIO(archive), _LABEL) as opened:
        return model_in(opened, _LABEL, custom_objects)
