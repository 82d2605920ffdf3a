"""CSVLogger: the metrics of each epoch as a line of a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kerata.callbacks.callback import Callback, Logs


class CSVLogger(Callback):
    """Write the metrics of each epoch to a CSV file.

    The columns are `epoch` and the metrics in alphabetical order; a metric that an epoch does
    not have is written `NA`. A resumed run goes on where the interrupted one had been saved.

    Args:
        filename: path of the file.
        separator: what stands between two values.
        append: keep what is in the file.

    >>> import kerata, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "log.csv")
    >>> log = kerata.callbacks.CSVLogger(path)
    >>> log.on_train_begin(); log.on_epoch_end(0, {"loss": 0.5}); log.on_train_end()
    >>> print(open(path).read().split())
    ['epoch,loss,val_loss', '0,0.5,NA']
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ):
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.keys: list[str] | None = None
        self._file: Any = None
        self._kept: int | None = None  # bytes of the file that a resumed run keeps

    def get_state(self) -> dict[str, Any]:
        """Return the columns and how far the file has been written."""
        return {"keys": self.keys, "kept": self._file.tell() if self._file else self._kept}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on in the file of an interrupted run, behind the epochs that count."""
        self.keys, self._kept = state["keys"], state["kept"]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew; the file is opened at the first epoch's end."""
        self.keys = self._kept = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line."""
        logs = logs or {}
        if self._file is None:
            self._open(logs)
        row = [epoch] + [_text(logs.get(key, "NA")) for key in self.keys or ()]
        csv.writer(self._file, delimiter=self.separator, lineterminator="\n").writerow(row)
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, logs: Logs) -> None:
        exists = os.path.isfile(self.filename) and os.path.getsize(self.filename) > 0
        resumed = exists and self._kept is not None
        keep = exists and (self.append or resumed)
        self._file = open(self.filename, "r+" if keep else "w", newline="")  # noqa: SIM115
        if resumed:
            self._file.truncate(self._kept)
        self._file.seek(0, os.SEEK_END)
        if self.keys is None:
            self.keys = _columns(logs)
        if not keep:
            header = ["epoch", *self.keys]
            csv.writer(self._file, delimiter=self.separator, lineterminator="\n").writerow(header)


def _columns(names: Iterable[str]) -> list[str]:
    """Return the metrics in order, with `val_` ones, which may come in a later epoch."""
    names = sorted(names)
    validated = any(name.startswith("val_") for name in names)
    return names if validated else names + [f"val_{name}" for name in names]


def _text(value: Any) -> Any:
    """Return a value as text: a number plainly, an array in quotes as a list."""
    if isinstance(value, str):
        return value
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else f"[{', '.join(map(str, array.ravel()))}]"
