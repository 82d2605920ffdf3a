"""Archives unpacked so that nothing gets outside of the folder, and nothing grows without bound.

Only plain files and folders are taken. An archive that holds anything else (a link, a device, a
name that leads out of the folder) is refused as a whole: there is no telling what it is for.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import secrets
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

#: the bytes that an archive may unpack to, per stored byte and besides, unless the user says more
MAX_RATIO, MIN_ALLOWANCE = 200, 2**24

#: files and folders in an archive
MAX_MEMBERS = 5_000_000

_CHUNK = 2**20
_BLOCK = 512  # of tar files
_MAGIC = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    gzip.BadGzipFile,
)


class UnsafeArchive(ValueError):
    """An archive that is not unpacked, because it is damaged or could do harm."""


def unpack(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    formats: Sequence[str] = ("tar", "zip"),
    max_bytes: int | None = None,
) -> None:
    """Unpack an archive into a folder, which appears complete or not at all.

    Args:
        path: a .zip file, or a tar file, plain or compressed by gzip, bzip2 or xz.
        folder: the folder to make; if there is one already, it is replaced.
        formats: the kinds that it may be: "tar", "zip".
        max_bytes: how large it may become; 200 times the size of the archive by default, but at
            least 16 MiB.

    Raises:
        UnsafeArchive: if it is no sound archive of these kinds, holds something else than files
            and folders, a name that leads elsewhere, or more than `max_bytes`.
    """
    allowance = _Allowance(path, max_bytes)
    target = Path(folder)
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    fresh.mkdir(parents=True)
    try:
        try:
            for name, content in _members(path, formats, allowance):
                _write(fresh, name, content, allowance)
        except _DAMAGE as error:
            raise UnsafeArchive(f"{os.fspath(path)} is damaged: {error}") from error
        _replace(target, fresh)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


class _Allowance:
    """How much an archive may still unpack to."""

    def __init__(self, path: str | os.PathLike[str], max_bytes: int | None):
        self.path = path
        by_size = max(MAX_RATIO * os.path.getsize(path), MIN_ALLOWANCE)
        self.limit = by_size if max_bytes is None else max_bytes
        self.left = self.limit
        self.members = 0

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise self.refusal(
                f"it unpacks to more than {self.limit:,} bytes. If you trust it, pass a larger "
                "max_unpacked_bytes"
            )

    def count_member(self) -> None:
        self.members += 1
        if self.members > MAX_MEMBERS:
            raise self.refusal(f"it has more than {MAX_MEMBERS:,} members")

    def refusal(self, reason: str) -> UnsafeArchive:
        return UnsafeArchive(f"{os.fspath(self.path)} is not unpacked: {reason}.")


# -- members -------------------------------------------------------------------------------------

Member = tuple[str, Any]  # its name, and its open content; None for a folder


def _members(
    path: str | os.PathLike[str], formats: Sequence[str], allowance: _Allowance
) -> Iterator[Member]:
    # A zip file may have anything before it, even a tar file: it is known by its end.
    if "zip" in formats and zipfile.is_zipfile(path):
        return _zip_members(path, allowance)
    if "tar" in formats:
        return _tar_members(path, allowance)
    raise allowance.refusal(f"it is no archive of the kind {formats[0]!r}")


def _zip_members(path: str | os.PathLike[str], allowance: _Allowance) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            allowance.count_member()
            kind = info.external_attr >> 28  # of the file, as Unix writes it; 0: not said
            if kind not in (0, 0o4, 0o10):
                raise allowance.refusal(f"{info.filename!r} is a link or a device")
            if info.is_dir():
                yield info.filename, None
            else:
                with archive.open(info) as content:
                    yield info.filename, _Bounded(content, allowance)


def _tar_members(path: str | os.PathLike[str], allowance: _Allowance) -> Iterator[Member]:
    with _decompressed(path) as file:
        # Headers spend what is allowed as well, since they may claim to be large.
        stream: Any = _Bounded(file, allowance)  # a type that tarfile's stub does not know
        try:
            archive = tarfile.open(fileobj=stream, mode="r|")  # noqa: SIM115
        except tarfile.ReadError as error:
            raise allowance.refusal("it is no archive of a known kind") from error
        with archive:
            for info in archive:
                allowance.count_member()
                archive.members = []  # or all of them would be kept in memory
                if info.isdir():
                    yield info.name, None
                elif info.isreg() and not info.issparse():
                    yield info.name, archive.extractfile(info)
                else:
                    raise allowance.refusal(f"{info.name!r} is a link, a device or a sparse file")
        stream.expect_end()


def _decompressed(path: str | os.PathLike[str]) -> Any:
    with open(path, "rb") as file:
        start = file.read(8)
    reader: Any = next((made for magic, made in _MAGIC if start.startswith(magic)), open)
    return reader(path, "rb")


class _Bounded:
    """A file whose reading spends what is allowed."""

    def __init__(self, file: Any, allowance: _Allowance):
        self.file = file
        self.allowance = allowance
        self.tail = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        data = self.file.read(size)
        self.allowance.spend(len(data))
        self.tail = (self.tail + data)[-_BLOCK:]
        return data

    def expect_end(self) -> None:
        """Read to the end, where checksums are, and check that the zeros of a tar file are there.

        Raises:
            tarfile.ReadError: if they are not: the rest of the file is missing.
        """
        while self.read(_CHUNK):
            pass
        if self.tail.strip(b"\0"):
            raise tarfile.ReadError("its end is missing")


# -- writing -------------------------------------------------------------------------------------


def _write(folder: Path, name: str, content: Any, allowance: _Allowance) -> None:
    parts = _safe_parts(name)
    if parts is None:
        raise allowance.refusal(f"{name!r} leads out of the folder, or is no name of a file")
    place = folder.joinpath(*parts)
    try:
        if content is None:
            place.mkdir(parents=True, exist_ok=True)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(place, "xb") as file:
            while chunk := content.read(_CHUNK):
                file.write(chunk)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise allowance.refusal(f"it holds {name!r} twice") from error


def _safe_parts(name: str) -> list[str] | None:
    """The parts of a member's name, or None if it could lead elsewhere on some system."""
    if name.startswith("/") or re.search(r'[\\:\x00-\x1f]', name):
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return None if ".." in parts else parts


def _replace(target: Path, fresh: Path) -> None:
    """Put a complete folder in the place of an old one."""
    old = target.with_name(f".{target.name}.{secrets.token_hex(8)}.old")
    if target.exists():
        os.replace(target, old)
    os.replace(fresh, target)
    shutil.rmtree(old, ignore_errors=True)
