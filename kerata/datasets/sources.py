"""Where the files of a data set are found: a folder of the user's, a cache, the network.

Searched in this order: the folder ``$KERATA_DATA_DIR``, ``~/.kerata/datasets`` and
``~/.keras/datasets`` (which a former use of Keras may have filled). A download goes to
``~/.kerata/datasets``, is checked by its SHA-256 and appears there only when complete.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

_TIMEOUT = 20.0  # seconds without an answer
_CHUNK = 2**20


def folders() -> list[Path]:
    """Return the folders that are searched, the user's own first."""
    named = os.environ.get("KERATA_DATA_DIR")
    own = [Path(named)] if named else []
    return [*own, cache_folder(), _keras_home() / "datasets"]


def cache_folder() -> Path:
    """Return where downloads are kept: ``$KERATA_HOME/datasets``, by default in the home."""
    return Path(os.environ.get("KERATA_HOME", Path.home() / ".kerata")) / "datasets"


def _keras_home() -> Path:
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))


def find(*names: str) -> Path | None:
    """Return the first folder or file of these relative names that exists, or None."""
    candidates = (folder / name for folder in folders() for name in names)
    return next((path for path in candidates if path.exists()), None)


def find_folder(name: str, files: Sequence[str]) -> Path | None:
    """Return the first folder of this name that holds all the files, or None."""
    for folder in folders():
        if all((folder / name / file).is_file() for file in files):
            return folder / name
    return None


def download(url: str, name: str, sha256: str) -> Path:
    """Fetch a file into the cache.

    Args:
        url: where from.
        name: its name in the cache.
        sha256: the hexadecimal digest that the content must have.

    Returns:
        The path of the complete, checked file.

    Raises:
        OSError: when it cannot be fetched or has another content; nothing is left behind.
    """
    from kerata.saving.atomic import write_file

    target = cache_folder() / name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:
            write_file(target, lambda file: _copy_checked(response, file, sha256, url))
    except urllib.error.URLError as error:
        raise OSError(
            f"{name} could not be fetched from {url} ({error.reason}). Put it into "
            f"{cache_folder()}, or set KERATA_DATA_DIR to a folder that has it."
        ) from error
    return target


def _copy_checked(source: BinaryIO, target: BinaryIO, sha256: str, url: str) -> None:
    shutil.copyfileobj(source, target, _CHUNK)
    target.seek(0)
    digest = hashlib.sha256()
    while chunk := target.read(_CHUNK):
        digest.update(chunk)
    found = digest.hexdigest()
    if found != sha256:
        raise OSError(
            f"{url} has SHA-256 {found[:16]}…, {sha256[:16]}… was expected. The file there has "
            "changed or was damaged on the way; it was not kept."
        )
