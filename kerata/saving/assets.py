"""Files that layers keep beside their numbers, such as vocabularies: ``assets/<path>/<file>``.

A layer writes them into a folder (`save_assets`) and reads them from one (`load_assets`). The
folder is a temporary one; what is in it travels inside of the archive.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from typing import Any

from kerata.saving.tree_paths import saved_parts


def collect_assets(model: Any) -> dict[str, bytes]:
    """Return the files that the parts of a model want to keep, by path.

    Args:
        model: a model or layer.
    """
    assets: dict[str, bytes] = {}
    for path, part in saved_parts(model):
        if _keeps_assets(part):
            with tempfile.TemporaryDirectory() as folder:
                part.save_assets(folder)
                assets |= {_below(path, name): data for name, data in _files(folder).items()}
    return assets


def restore_assets(
    model: Any, assets: Mapping[str, bytes], names_in_file: Mapping[str, str]
) -> None:
    """Give the parts of a model the files that `collect_assets` returned for them.

    Args:
        model: a model or layer.
        assets: contents by path.
        names_in_file: the layer name of each path, as `saved_parts` takes them.
    """
    for path, part in saved_parts(model, names_in_file):
        if not _keeps_assets(part):
            continue
        start = _below(path, "")
        files = {name[len(start) :]: data for name, data in assets.items() if _under(name, start)}
        if files:
            with tempfile.TemporaryDirectory() as folder:
                _write(folder, files)
                part.load_assets(folder)


def _keeps_assets(part: Any) -> bool:
    from kerata.layers.layer import Layer

    method = getattr(type(part), "save_assets", Layer.save_assets)
    return method is not Layer.save_assets


def _below(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _under(name: str, start: str) -> bool:
    return name.startswith(start) and name != start


def _files(folder: str) -> dict[str, bytes]:
    """Return the contents of all files below a folder, by path with slashes."""
    found: dict[str, bytes] = {}
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder).replace(os.sep, "/")] = file.read()
    return found


def _write(folder: str, files: Mapping[str, bytes]) -> None:
    """Write files whose paths have been checked when the archive was read."""
    for name, data in files.items():
        path = os.path.join(folder, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
