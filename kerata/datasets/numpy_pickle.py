"""Arrays out of files of pickles, of which nothing but arrays is taken and nothing is run.

Some old data sets are pickles, which are programs. Here only the handful of instructions is
followed by which NumPy's arrays, and lists, dicts, numbers and strings, are put together; whatever
else a file asks for is an error.
"""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from kerata.utils.unpacking import MAX_RATIO, MIN_ALLOWANCE

_DAMAGE = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, RuntimeError, TypeError,
    ValueError, pickle.UnpicklingError, zipfile.BadZipFile,
)  # fmt: skip


class UnsafeData(ValueError):
    """A file that is damaged, or asks for more than arrays."""


def read_pickle(path: str | os.PathLike[str]) -> Any:
    """Return the dicts, lists and arrays of a pickle; text of Python 2 comes as bytes.

    Raises:
        UnsafeData: when there is anything else in it.
    """
    return _unpickled(Path(path).read_bytes(), path, "bytes")


def read_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Return the arrays of an ``.npz`` file, those of lists too.

    Raises:
        UnsafeData: when there is anything else in it, or it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                info.filename.removesuffix(".npy"): _array(_content(archive, info), path)
                for info in archive.infolist()
            }
    except UnsafeData:
        raise
    except _DAMAGE as error:
        raise UnsafeData(f"{os.fspath(path)} is no sound .npz file ({error}).") from error


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > MAX_RATIO * info.compress_size + MIN_ALLOWANCE:
        raise UnsafeData(f"{info.filename}: {info.compress_size} bytes claim {info.file_size}.")
    return archive.read(info)


def _array(content: bytes, path: Any) -> np.ndarray:
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0,
               (2, 0): np.lib.format.read_array_header_2_0}  # fmt: skip
    shape, _, dtype = readers[version](file)
    if not dtype.hasobject:
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)
    array = _unpickled(file.read(), path, "ASCII")
    if not isinstance(array, np.ndarray) or array.shape != shape:
        raise UnsafeData(f"{os.fspath(path)} holds another array than it says.")
    return array


def _unpickled(data: bytes, path: Any, encoding: str) -> Any:
    try:
        return _Arrays(io.BytesIO(data), encoding=encoding).load()
    except UnsafeData as error:
        raise UnsafeData(f"{os.fspath(path)}: {error}") from error
    except _DAMAGE as error:
        raise UnsafeData(f"{os.fspath(path)} is damaged ({error}).") from error


def _new_array(kind: Any, shape: Any, dtype: Any) -> np.ndarray:
    """Begin an array; shape and dtype come with its content, which then has to be there."""
    return np.empty(0, "b")


_KNOWN = {
    "_reconstruct": _new_array,
    "ndarray": np.ndarray,
    "dtype": np.dtype,
}
_HOMES = {"numpy", "numpy.core.multiarray", "numpy._core.multiarray"}


class _Arrays(pickle.Unpickler):
    """Knows NumPy's arrays and no other class or function."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "_codecs" and name == "encode":  # how Python 3 writes bytes for Python 2
            return _encoded
        if module not in _HOMES or name not in _KNOWN:
            raise UnsafeData(f"it asks for {module[:80]}.{name[:80]}, which is no array.")
        return _KNOWN[name]

    def persistent_load(self, pid: Any) -> Any:
        raise UnsafeData("it asks for an object from elsewhere.")


def _encoded(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise UnsafeData("bytes are written in an unknown way.")
    return text.encode("latin1")
