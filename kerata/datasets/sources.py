"""Where the files of a data set are found: a folder of the user's, a cache, the network.

Searched in this order: the folder ``$KERATA_DATA_DIR``, ``~/.kerata/datasets`` and
``~/.keras/datasets`` (which a former use of Keras may have filled). A download goes to
``~/.kerata/datasets``, is checked by its SHA-256 and appears there only when complete.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from kerata.utils.download import fetch
from kerata.utils.files import home

#: where Keras keeps its data sets
KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def folders() -> list[Path]:
    """Return the folders that are searched, the user's own first."""
    named = os.environ.get("KERATA_DATA_DIR")
    own = [Path(named)] if named else []
    return [*own, cache_folder(), _keras_home() / "datasets"]


def cache_folder() -> Path:
    """Return where downloads are kept: ``$KERATA_HOME/datasets``, by default in the home."""
    return home() / "datasets"


def _keras_home() -> Path:
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))


def find(*names: str) -> Path | None:
    """Return the first folder or file of these names that exists, or None.

    An absolute path is returned as it is: the user means that file, and no other.
    """
    if os.path.isabs(names[0]):
        return Path(names[0])
    candidates = (folder / name for folder in folders() for name in names)
    return next((path for path in candidates if path.exists()), None)


def find_folder(name: str, files: Sequence[str]) -> Path | None:
    """Return the first folder of this name that holds all the files, or None."""
    for folder in folders():
        if all((folder / name / file).is_file() for file in files):
            return folder / name
    return None


def of_keras(name: str, digest: str, *places: str, algorithm: str = "sha256") -> Path:
    """Return a file that Keras has too, fetched from where Keras keeps it if it is missing.

    Args:
        name: what it is called there, and in the cache.
        digest: the hexadecimal digest that it must have when it is fetched.
        places: the names under which it is looked for.
        algorithm: of the digest, "sha256" or "md5".

    Raises:
        OSError: when it is not there and cannot be fetched.
    """
    return find(*places) or download(KERAS_URL + name, name, digest, algorithm)


def download(url: str, name: str, digest: str, algorithm: str = "sha256") -> Path:
    """Fetch a file into the cache, with a progress bar.

    Args:
        url: where from.
        name: its name in the cache.
        digest: the hexadecimal digest that the content must have.
        algorithm: of the digest, "sha256" or "md5".

    Returns:
        The path of the complete, checked file.

    Raises:
        OSError: when it cannot be fetched or has another content; nothing is left behind.
    """
    target = cache_folder() / name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        fetch(url, target, digest, algorithm, verbose=True)
    except OSError as error:
        raise OSError(
            f"{error} (or set KERATA_DATA_DIR to a folder that has {name})"
        ) from error
    return target
