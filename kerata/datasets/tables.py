"""Reading the tables of small data sets as data frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerata.datasets import sources

if TYPE_CHECKING:
    import pandas


def read(file: Path, columns: Sequence[str] | None = None) -> pandas.DataFrame:
    """Return a table of comma-separated values; empty cells and ``?`` are missing ones.

    Args:
        file: the path.
        columns: their names, where the file does not begin with them.

    Raises:
        ImportError: when pandas is missing.
        ValueError: when the file has another number of columns.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError("Tables need pandas: pip install 'kerata[data]'") from error
    header = 0 if columns is None else None
    frame = pandas.read_csv(file, header=header, na_values="?", skipinitialspace=True)
    if columns is not None:
        if len(frame.columns) != len(columns):
            raise ValueError(
                f"{file} has {len(frame.columns)} columns; expected the {len(columns)} columns "
                f"{', '.join(columns)}."
            )
        frame.columns = list(columns)
    return frame


def find_or_fetch(folder: str, names: Sequence[str], url: str, sha256: str) -> Path:
    """Return the file of a table, from a folder of the user's, the cache or the network.

    Args:
        folder: the folder of the data set.
        names: under which the file may be there.
        url: where it is fetched from if it is nowhere.
        sha256: the digest that it must have then.

    Raises:
        OSError: when it is not there and cannot be fetched.
    """
    found = sources.find(*(f"{folder}/{name}" for name in names))
    return found or sources.download(url, f"{folder}/{names[0]}", sha256)
