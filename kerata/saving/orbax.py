"""Folders of Orbax: checkpoints of training, as OrbaxCheckpoint writes them, also that of Keras.

A folder holds one folder per step, named by its number. Each has the state of the model as a tree
of arrays (``pytree``), its configuration (``model_config``, JSON in a string) and the files that
layers keep (``assets``, as arrays of bytes), unless only weights were saved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerata.core import tree
from kerata.layers.interop import leaves, nested
from kerata.models.state_tree import variable_tree
from kerata.saving import strict_json
from kerata.saving.assets import collect_assets
from kerata.saving.errors import LoadError
from kerata.saving.model_config import model_config

STATE, CONFIG, ASSETS = "pytree", "model_config", "assets"

# Not read are the running means of metrics: they begin anew with the next epoch.
_WEIGHTS, _OPTIMIZER = ("trainable_variables", "non_trainable_variables"), "optimizer_variables"
_MOST_BYTES_OF_ASSETS = 2**30
_MOST_ROWS = 8


def load_orbax() -> Any:
    """Import and return Orbax.

    Raises:
        ImportError: when it is missing.
    """
    try:
        from orbax.checkpoint import v1
    except ImportError as error:
        raise ImportError(
            "Checkpoints of Orbax need orbax-checkpoint: pip install 'kerata[orbax]'"
        ) from error
    return v1


# -- writing ---------------------------------------------------------------------------------


def content_of(model: Any, weights_only: bool) -> dict[str, Any]:
    """Return copies of all that a step's folder holds of a model.

    Args:
        model: a built model.
        weights_only: whether to leave out the optimizer, metrics, configuration and assets.
    """
    state = model.get_state_tree("numpy_array")
    if weights_only:
        return {STATE: {group: state[group] for group in _WEIGHTS}}
    content = {STATE: state, CONFIG: {"config": json.dumps(model_config(model))}}
    files = collect_assets(model).items()
    assets = nested({tuple(name.split("/")): np.frombuffer(data, np.uint8) for name, data in files})
    return {**content, ASSETS: assets} if assets else content


# -- reading ---------------------------------------------------------------------------------


def is_checkpoint(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path is a folder of steps, or the folder of one step."""
    folder = Path(path)
    return folder.is_dir() and (_is_step(folder) or bool(_steps(folder)))


def _is_step(folder: Path) -> bool:
    # Orbax writes a step under another name, and renames it when all of it is there.
    return (folder / "_CHECKPOINT_METADATA").is_file()


def _steps(folder: Path) -> list[Path]:
    """Return the complete steps in a folder, in their order."""
    numbered = [path for path in folder.iterdir() if path.name.isdecimal() and _is_step(path)]
    return sorted(numbered, key=lambda path: int(path.name))


class Step:
    """One checkpoint, opened: what is in it is known, and nothing is read yet.

    Args:
        path: the folder of a step, or a folder of steps, of which the latest is taken.

    Raises:
        ImportError: when Orbax is missing.
        LoadError: when the folder is damaged.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path) if _is_step(Path(path)) else _steps(Path(path))[-1]
        self._orbax = load_orbax()
        try:
            found = self._orbax.checkpointables_metadata(self.path.resolve()).metadata
        except Exception as error:  # Orbax and TensorStore have many kinds
            raise LoadError(self.path, "", f"no readable checkpoint: {_short(error)}") from error
        self._described: dict[str, Any] = dict(found)

    def config(self) -> bytes:
        """Return the configuration of the model, as JSON.

        Raises:
            LoadError: when there is none, or it is too long.
        """
        if CONFIG not in self._described:
            raise LoadError(
                self.path, CONFIG, "only weights were saved: build the model, then load_weights."
            )
        size = sum(file.stat().st_size for file in (self.path / CONFIG).iterdir())
        if size > strict_json.MAX_BYTES:
            raise LoadError(self.path, CONFIG, f"{size} bytes; at most {strict_json.MAX_BYTES}.")
        config = self._read(CONFIG, None)
        text = config.get("config") if isinstance(config, Mapping) else None
        if not isinstance(text, str):
            raise LoadError(self.path, CONFIG, "the configuration of a model was expected.")
        return text.encode()

    def set_state(self, model: Any) -> None:
        """Set the variables of a model and of its optimizer.

        All names and shapes are compared before an array is read.

        Raises:
            LoadError: when the arrays do not fit the model.
        """
        described = self._described.get(STATE)
        if not isinstance(described, Mapping):
            raise LoadError(self.path, STATE, "the state of a model was expected.")
        present = variable_tree(model)
        both = present.get(_OPTIMIZER) and described.get(_OPTIMIZER)
        groups = (*_WEIGHTS, _OPTIMIZER) if both else _WEIGHTS
        stored = _fitting(described, groups, present)
        _compare(self.path, _shapes(stored), _shapes({group: present[group] for group in groups}))
        # All of it is asked for by its own description, so arrays come as they were written.
        state = self._read(STATE, tree.map_structure(_empty, described))
        model.set_state_tree(_fitting(state, groups, present))

    def assets(self) -> dict[str, bytes]:
        """Return the files of layers, by path."""
        described = self._described.get(ASSETS)
        if described is None:
            return {}
        size = sum(int(np.prod(shape)) for shape in _shapes(described).values())
        if size > _MOST_BYTES_OF_ASSETS:
            raise LoadError(self.path, ASSETS, f"more than {_MOST_BYTES_OF_ASSETS} bytes.")
        folders = self._read(ASSETS, tree.map_structure(_empty, described))
        return {name: np.asarray(array).tobytes() for name, array in _flat(folders).items()}

    def _read(self, part: str, like: Any) -> Any:
        try:
            return self._orbax.load_checkpointables(self.path.resolve(), {part: like})[part]
        except Exception as error:  # Orbax and TensorStore have many kinds
            raise LoadError(self.path, part, f"damaged: {_short(error)}") from error


def _flat(folders: Any) -> dict[str, Any]:
    """Return the leaves of nested dicts by path; no part of a path leads out of its folder."""
    found = dict(leaves(folders, ()))
    for name in {name for path in found for name in path}:
        if not name or name in (".", "..") or set(name) & set("/\\\0"):
            raise ValueError(f"{name!r} is no name of a file or variable.")
    return {"/".join(path): leaf for path, leaf in found.items()}


def _shapes(state: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(getattr(leaf, "shape", ())) for name, leaf in _flat(state).items()}


def _fitting(state: Any, groups: Sequence[str], model: Mapping[str, Any]) -> dict[str, Any]:
    """Return groups of a state; an optimizer is the model's whatever number its name ended in."""
    chosen = {group: state.get(group) or {} for group in groups}
    ours, theirs = model.get(_OPTIMIZER) or {}, chosen.get(_OPTIMIZER) or {}
    if len(ours) == len(theirs) == 1:
        chosen[_OPTIMIZER] = dict(zip(ours, theirs.values(), strict=True))
    return chosen


def _empty(described: Any) -> Any:
    """Return what a leaf is read into: an array of the host, or a plain number."""
    shape = getattr(described, "shape", None)
    return described if shape is None else np.empty(shape, described.dtype)


def _compare(path: Path, stored: Mapping[str, tuple], wanted: Mapping[str, tuple]) -> None:
    differing = [name for name in {**wanted, **stored} if stored.get(name) != wanted.get(name)]
    if differing:
        rows = [
            f"  {name}: file {stored.get(name, 'nothing')}, model {wanted.get(name, 'nothing')}"
            for name in differing[:_MOST_ROWS]
        ]
        more = [f"  and {len(differing) - _MOST_ROWS} more"] if len(differing) > _MOST_ROWS else []
        table = "\n".join(["arrays and model do not fit:", *rows, *more])
        raise LoadError(path, STATE, table)


def _short(error: Exception) -> str:
    return str(error).split("\n")[0][:300] or type(error).__name__
