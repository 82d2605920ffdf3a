"""The .keras file: a zip archive of exactly three members, and of assets.

``metadata.json`` says which version wrote it, ``config.json`` how the model is built and
compiled, ``model.weights.h5`` holds the numbers, files below ``assets/`` what else layers keep,
such as vocabularies. The layout is that of Keras 3.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple

from kerata.saving import strict_json
from kerata.saving.atomic import write_file
from kerata.saving.errors import LoadError

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
ASSETS = "assets/"

#: how many assets an archive may have
MAX_ASSETS = 4096

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
    assets: Mapping[str, bytes] = MappingProxyType({})  # by path below ``assets/``


def write_archive(path: str | os.PathLike[str], contents: Archive) -> None:
    """Write a .keras file in one step: the old file stays until the new one is complete."""

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, data in zip((METADATA, CONFIG, WEIGHTS), contents[:3], strict=True):
                archive.writestr(name, data)
            for path, data in contents.assets.items():
                archive.writestr(ASSETS + path, data)

    write_file(path, write)


def read_archive(path: str | os.PathLike[str]) -> Archive:
    """Read a .keras file, with the checksum of each member verified.

    Raises:
        FileNotFoundError: when there is no such file.
        LoadError: when it is no zip archive, or not of the three members and assets, each once,
            stored or deflated within bounds and undamaged.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = _checked_members(path, archive)
                data = {name: archive.read(info) for name, info in members.items()}
        except _DAMAGE as error:
            raise LoadError(path, "", f"not a sound .keras archive ({error}).") from error
    metadata, config, weights = (data.pop(name) for name in (METADATA, CONFIG, WEIGHTS))
    assets = {name.removeprefix(ASSETS): content for name, content in data.items()}
    return Archive(metadata, config, weights, assets)


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
    path: str | os.PathLike[str], archive: zipfile.ZipFile
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
        allowance = MAX_RATIO * info.compress_size + MIN_ALLOWANCE
        if info.file_size > allowance:
            raise LoadError(
                path,
                info.filename,
                f"{info.compress_size} stored bytes claim to be {info.file_size}; "
                f"at most {allowance} would be believed.",
            )
    return found
