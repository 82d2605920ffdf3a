"""The .keras file: a zip archive of exactly three members.

``metadata.json`` says which version wrote it, ``config.json`` how the model is built and
compiled, ``model.weights.h5`` holds the numbers. The layout is that of Keras 3.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

from kerata.saving.atomic import write_file
from kerata.saving.errors import LoadError

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"

#: the bytes that a compressed member may unpack to, per stored byte and besides
MAX_RATIO, MIN_ALLOWANCE = 100, 2**20

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
#: what zipfile raises for a damaged archive, by kind of damage
_DAMAGE = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    struct.error,
    zlib.error,
)


class Archive(NamedTuple):
    """The contents of a .keras file."""

    metadata: bytes
    config: bytes
    weights: bytes


def write_archive(path: str | os.PathLike[str], contents: Archive) -> None:
    """Write a .keras file in one step: the old file stays until the new one is complete."""

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, data in zip((METADATA, CONFIG, WEIGHTS), contents, strict=True):
                archive.writestr(name, data)

    write_file(path, write)


def read_archive(path: str | os.PathLike[str]) -> Archive:
    """Read a .keras file, with the checksum of each member verified.

    Raises:
        FileNotFoundError: when there is no such file.
        LoadError: when it is no zip archive, or not of the three members, each once, stored or
            deflated within bounds and undamaged.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = _checked_members(path, archive)
                return Archive(*(archive.read(members[n]) for n in (METADATA, CONFIG, WEIGHTS)))
        except _DAMAGE as error:
            raise LoadError(path, "", f"not a sound .keras archive ({error}).") from error


def _checked_members(
    path: str | os.PathLike[str], archive: zipfile.ZipFile
) -> Mapping[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    found = {info.filename: info for info in infos[:8]}
    expected = {METADATA, CONFIG, WEIGHTS}
    if len(infos) != len(expected) or set(found) != expected:
        raise LoadError(
            path, "", f"expected exactly the members {sorted(expected)}, found {sorted(found)}."
        )
    for info in infos:
        if info.compress_type not in _METHODS or info.flag_bits & _ENCRYPTED:
            raise LoadError(path, info.filename, "only stored or deflated members are read.")
        allowance = MAX_RATIO * info.compress_size + MIN_ALLOWANCE
        if info.file_size > allowance:
            raise LoadError(
                path,
                info.filename,
                f"{info.compress_size} stored bytes claim to be {info.file_size}; "
                f"at most {allowance} would be believed.",
            )
    return found
