"""How long a model of 100 MB takes to be saved and loaded.

    python -m benchmarks.files kerata

prints seconds as JSON. Contestants are `kerata`, `keras`, and `h5py`, which writes the same arrays
and reads them again, and does nothing else.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.structure import in_a_process

CONTESTANTS = ("kerata", "keras", "h5py")
#: widths of dense layers: 25 million numbers
WIDTHS = (2500, 5000, 2500)
TURNS = 5
#: memory that a virtual machine has not used yet costs more than the work
TOUCHED_BYTES = 2 * 10**9


def by_library(name: str) -> tuple[Callable[[str], Any], Callable[[str], Any]]:
    """Return what saves a model of a library, and what loads it."""
    library = importlib.import_module(name)
    layers = [library.layers.Dense(width) for width in WIDTHS[1:]]
    model = library.Sequential([library.Input(WIDTHS[:1]), *layers])
    return lambda path: model.save(path + ".keras"), lambda path: library.saving.load_model(
        path + ".keras"
    )


def by_h5py(name: str) -> tuple[Callable[[str], Any], Callable[[str], Any]]:
    """Return what writes arrays of these sizes, and what reads them."""
    h5py = importlib.import_module(name)
    shapes = list(zip(WIDTHS[:-1], WIDTHS[1:], strict=True))
    arrays = [np.random.default_rng(0).random(shape, "float32") for shape in shapes]

    def save(path: str) -> None:
        with h5py.File(path + ".h5", "w") as file:
            for index, array in enumerate(arrays):
                file[str(index)] = array
        with open(path + ".h5", "rb") as file:
            os.fsync(file.fileno())

    def load(path: str) -> list[Any]:
        with h5py.File(path + ".h5") as file:
            return [file[name][()] for name in file]

    return save, load


def seconds(contestant: str) -> dict[str, float]:
    """Return the median seconds of saving and of loading, after a first time."""
    np.ones(TOUCHED_BYTES, "uint8")
    save, load = (by_h5py if contestant == "h5py" else by_library)(contestant)
    found: dict[str, list[float]] = {"save": [], "load": []}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")
        for turn in range(TURNS + 1):
            for name, act in (("save", save), ("load", load)):
                start = time.perf_counter()
                act(path)
                if turn:
                    found[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in found.items()}


def file_seconds(rounds: int = 3) -> dict[str, dict[str, float]]:
    """Return the seconds of saving and loading of each contestant, in turns."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    for _ in range(rounds):
        for contestant in CONTESTANTS:
            found[contestant].append(in_a_process(__name__, contestant))
    return {
        act: {name: statistics.median(each[act] for each in found[name]) for name in CONTESTANTS}
        for act in ("save", "load")
    }


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "jax")
    print(json.dumps(seconds(sys.argv[1])))
