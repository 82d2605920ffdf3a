"""The file in which an interrupted run survives: one file, written whole, with a digest.

Layout: a magic line, the length of a JSON header (8 bytes, little endian), the header, the bytes
of all arrays one after the other, and the SHA-256 of everything before it. The header holds
nested dicts and lists of numbers and strings, in which `{"__array__": i}` stands for the i-th
array, and the dtypes and shapes of the arrays. Reading it builds data and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np

from kerata.core.variable import numpy_dtype

_MAGIC = b"kerata run state 1\n"
_ARRAY = "__array__"
_DIGEST_BYTES = 32


def delete_unfinished(folder: str | os.PathLike[str]) -> None:
    """Delete what a killed process had begun to write into a folder that no other writes to."""
    from kerata.saving.atomic import UNFINISHED

    if os.path.isdir(folder):
        for name in os.listdir(folder):
            if name.startswith(".") and name.endswith(UNFINISHED):
                os.unlink(os.path.join(folder, name))


class DamagedFile(ValueError):
    """A file that is not a complete run state."""


def write(path: str | os.PathLike[str], state: Any) -> None:
    """Write nested dicts, lists, numbers, strings and NumPy arrays to a file, all or nothing.

    Raises:
        TypeError: if the state holds something else.
        OSError: if it cannot be written; an old file is then intact.
    """
    writer(state)(path)


def writer(state: Any) -> Callable[[str | os.PathLike[str]], None]:
    """Return a function that writes a state as it is now, whatever becomes of its dicts and lists.

    The arrays are not copied: they must stay as they are until it is written.

    Raises:
        TypeError: if the state holds something that cannot be written.
    """
    from kerata.saving.atomic import write_file

    arrays: list[np.ndarray] = []
    tree = _encode(state, arrays)
    kinds = [[array.dtype.name, list(array.shape)] for array in arrays]
    header = json.dumps({"state": tree, "arrays": kinds}).encode()
    return lambda path: write_file(path, lambda file: _write_parts(file, header, arrays))


def _write_parts(file: BinaryIO, header: bytes, arrays: list[np.ndarray]) -> None:
    digest = hashlib.sha256()
    for part in _parts(header, arrays):
        digest.update(part)
        file.write(part)
    file.write(digest.digest())


def _parts(header: bytes, arrays: list[np.ndarray]) -> Iterator[Any]:
    from kerata.saving.checksums import in_memory

    yield _MAGIC
    yield len(header).to_bytes(8, "little")
    yield header
    for array in arrays:
        yield in_memory(array)


def _encode(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, dict):
        return {str(key): _encode(child, arrays) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(child, arrays) for child in value]
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {_ARRAY: len(arrays) - 1}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        f"A {type(value).__name__} cannot be stored in the state of a run; expected numbers, "
        "strings, NumPy arrays, and lists and dicts of them."
    )


def read(path: str | os.PathLike[str]) -> Any:
    """Return what `write` wrote; tuples come back as lists.

    Raises:
        DamagedFile: if the file is incomplete or has been changed.
        OSError: if it cannot be read.
    """
    with open(path, "rb") as file:
        content = file.read()
    body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if not body.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
        raise DamagedFile(f"{os.fspath(path)} is not a complete run state.")
    start = len(_MAGIC) + 8
    end = start + int.from_bytes(body[len(_MAGIC) : start], "little")
    header = json.loads(body[start:end])
    return _decode(header["state"], _arrays(body, end, header["arrays"]))


def _arrays(body: bytes, offset: int, kinds: list[Any]) -> list[np.ndarray]:
    arrays = []
    for name, shape in kinds:
        count = math.prod(shape)
        dtype = numpy_dtype(name)
        array = np.frombuffer(body, dtype, count, offset).reshape(shape).copy()
        arrays.append(array)
        offset += count * dtype.itemsize
    return arrays


def _decode(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, dict):
        if _ARRAY in value:
            return arrays[value[_ARRAY]]
        return {key: _decode(child, arrays) for key, child in value.items()}
    if isinstance(value, list):
        return [_decode(child, arrays) for child in value]
    return value
