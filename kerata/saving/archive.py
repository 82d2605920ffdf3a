"""The .keras file: a zip archive of exactly three members, and of assets.

``metadata.json`` says which version wrote it, ``config.json`` how the model is built and
compiled, ``model.weights.h5`` holds the numbers, files below ``assets/`` what else layers keep,
such as vocabularies. The layout is that of Keras 3.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple

from kerata.saving import strict_json
from kerata.saving.checksums import Checksums, Piece
from kerata.saving.errors import LoadError
from kerata.saving.window import Window

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
ASSETS = "assets/"

#: how many assets an archive may have
MAX_ASSETS = 4096

#: the bytes of the directory, at the end of an archive
MAX_DIRECTORY = 2**22

#: the bytes that a compressed member may unpack to, per stored byte and besides
MAX_RATIO, MIN_ALLOWANCE = 100, 2**20
#: and all of them, per byte of the file and besides
MAX_TOTAL_RATIO, MIN_TOTAL_ALLOWANCE = 4, 2**28

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
#: where in the header of a member the lengths of its name and of what follows stand
_HEADER_BYTES, _NAME_LENGTH_AT = 30, 26
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
    """A .keras file that is open to be read.

    Attributes:
        metadata: the member of that name.
        config: likewise.
        weights: likewise, to be read in place.
        checksums: those of the weights.
        assets: contents of files by path below ``assets/``.
    """

    metadata: bytes
    config: bytes
    weights: Window
    checksums: Checksums
    assets: Mapping[str, bytes]


def write_archive(
    file: BinaryIO,
    metadata: bytes,
    config: bytes,
    write_weights: Callable[[Window], Iterable[Piece]],
    assets: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Write a .keras file.

    Args:
        file: an empty file, open for reading and writing.
        metadata: the member of that name.
        config: likewise.
        write_weights: called with the file to write them to, in any order; returns the parts of
            it whose checksums it knows.
        assets: contents of files by path below ``assets/``.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(METADATA, metadata)
        archive.writestr(CONFIG, config)
        _write_in_place(archive, file, WEIGHTS, write_weights)
        for path, data in assets.items():
            archive.writestr(ASSETS + path, data)


def _write_in_place(
    archive: zipfile.ZipFile,
    file: BinaryIO,
    name: str,
    write: Callable[[Window], Iterable[Piece]],
) -> None:
    """Write a member to where it stays; `ZipFile.open` writes from the first byte to the last."""
    info = zipfile.ZipInfo(name, time.localtime()[:6])
    info.external_attr = 0o600 << 16
    info.CRC, info.header_offset = 0, file.seek(archive.start_dir)
    file.write(info.FileHeader(zip64=True))
    member = Window(file, file.tell())
    checksums = Checksums(member, write(member))
    info.CRC, info.file_size = checksums.whole, member.size()
    info.compress_size = info.file_size
    file.seek(info.header_offset)
    file.write(info.FileHeader(zip64=True))
    archive.filelist.append(info)
    archive.NameToInfo[name] = info
    archive.start_dir = file.seek(0, os.SEEK_END)


@contextlib.contextmanager
def open_archive(
    source: str | os.PathLike[str] | BinaryIO, label: str | os.PathLike[str]
) -> Iterator[Archive]:
    """Open a .keras file to read it inside a `with` block, with the checksum of each member
    verified.

    Args:
        source: the file, or its path.
        label: its name for errors.

    Raises:
        FileNotFoundError: when there is no such file.
        LoadError: when it is no zip archive, or not of the three members and assets, each once,
            stored or deflated within bounds and undamaged.
    """
    with contextlib.ExitStack() as stack:
        if isinstance(source, (str, os.PathLike)):
            source = stack.enter_context(open(source, "rb"))
        try:
            opening = _Opening(source)
            directory = zipfile.ZipFile(opening)  # type: ignore[call-overload]
            opening.is_open = True
            archive = _opened(stack.enter_context(directory), source, label)
        except _DAMAGE as error:
            raise LoadError(label, "", f"not a sound .keras archive ({error}).") from error
        yield archive


class _Opening:
    """A file for `ZipFile`, which reads the directory in one go, however long it claims to be."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._file = file
        self.is_open = False

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY and not self.is_open:
            raise zipfile.BadZipFile(f"its directory has more than {MAX_DIRECTORY} bytes")
        return self._file.read(size)


def _opened(archive: zipfile.ZipFile, file: BinaryIO, label: str | os.PathLike[str]) -> Archive:
    members = _checked_members(label, archive, file.seek(0, os.SEEK_END))
    weights = _window(archive, file, members.pop(WEIGHTS))
    checksums = Checksums(weights)
    if checksums.whole != archive.NameToInfo[WEIGHTS].CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {WEIGHTS!r}")
    data = {name: archive.read(info) for name, info in members.items()}
    metadata, config = data.pop(METADATA), data.pop(CONFIG)
    assets = {name.removeprefix(ASSETS): content for name, content in data.items()}
    return Archive(metadata, config, weights, checksums, assets)


def _window(archive: zipfile.ZipFile, file: BinaryIO, info: zipfile.ZipInfo) -> Window:
    """The contents of a member, in place if they are stored."""
    if info.compress_type != zipfile.ZIP_STORED:
        return Window(io.BytesIO(archive.read(info)))
    if info.file_size != info.compress_size:
        raise zipfile.BadZipFile(f"{info.filename!r} has two sizes")
    archive.open(info).close()  # compares the header of the member with the directory
    file.seek(info.header_offset + _NAME_LENGTH_AT)
    lengths = struct.unpack("<HH", file.read(4))
    start = info.header_offset + _HEADER_BYTES + sum(lengths)
    return Window(file, start, info.file_size)


def read_json(path: str | os.PathLike[str], member: str, data: bytes) -> Any:
    """Return the value of a member that is JSON.

    Raises:
        LoadError: when it is no JSON as `strict_json` has it.
    """
    try:
        return strict_json.parse(data)
    except (ValueError, RecursionError) as error:
        raise LoadError(path, member, str(error)) from error


def _is_asset(name: str) -> bool:
    """Tell whether a member lies below the folder of assets, and surely nowhere else."""
    parts = name.split("/")
    safe = all(part not in ("", ".", "..") for part in parts) and not set(name) & set("\\:\0")
    return name.startswith(ASSETS) and safe


def _is_asset_folder(info: zipfile.ZipInfo) -> bool:
    return info.is_dir() and not info.file_size and _is_asset(info.filename + "folder")


def _checked_members(
    path: str | os.PathLike[str], archive: zipfile.ZipFile, size: int
) -> dict[str, zipfile.ZipInfo]:
    # Folders have entries of their own in some archives; they hold nothing.
    infos = [info for info in archive.infolist()[: MAX_ASSETS + 8] if not _is_asset_folder(info)]
    found = {info.filename: info for info in infos}
    others = [name for name in found if not _is_asset(name)]
    expected = {METADATA, CONFIG, WEIGHTS}
    if len(infos) > MAX_ASSETS + 3 or len(infos) != len(found) or set(others) != expected:
        raise LoadError(
            path,
            "",
            f"expected exactly the members {sorted(expected)}, each once, and at most "
            f"{MAX_ASSETS} assets, found {sorted(others)[:8]} and {len(infos) - len(others)} more.",
        )
    for info in infos:
        if info.compress_type not in _METHODS or info.flag_bits & _ENCRYPTED:
            raise LoadError(path, info.filename, "only stored or deflated members are read.")
        believed = MAX_RATIO * info.compress_size + MIN_ALLOWANCE
        _check_size(path, info.filename, info.compress_size, info.file_size, believed)
    total = sum(info.file_size for info in infos)
    _check_size(path, "", size, total, MAX_TOTAL_RATIO * size + MIN_TOTAL_ALLOWANCE)
    return found


def _check_size(
    path: str | os.PathLike[str], place: str, stored: int, claimed: int, believed: int
) -> None:
    if claimed > believed:
        raise LoadError(
            path,
            place,
            f"{stored} stored bytes claim to be {claimed}; at most {believed} would be believed.",
        )
