"""get_file: a file from the network, kept in a cache, checked and unpacked."""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from kerata.core import config
from kerata.utils.download import digest_of, fetch
from kerata.utils.unpacking import unpack

_ALGORITHMS = {"sha256": 64, "md5": 32}  # name -> hexadecimal digits
_SUFFIXES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip")


def home() -> Path:
    """Return the folder for what kerata keeps: ``$KERATA_HOME``, by default ``~/.kerata``."""
    return Path(os.environ.get("KERATA_HOME", Path.home() / ".kerata"))


def get_file(
    fname: str | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Sequence[str] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
    max_unpacked_bytes: int | None = None,
) -> str:
    """Return the path of a file, which is fetched from the network if it is not here yet.

    A download that broke off is continued; the file appears in the cache only when it is complete
    and checked. Archives are unpacked safely: links, devices and names that lead out of the
    folder are refused.

    Args:
        fname: its name in the cache; by default the last part of the URL.
        origin: the URL: http, https or file.
        untar: the older name of `extract`.
        md5_hash: the older form of `file_hash` with `hash_algorithm="md5"`.
        file_hash: the hexadecimal digest that the file must have, SHA-256 or MD5. A file here
            that has another one is fetched anew. MD5 shows damage, but no ill will.
        cache_subdir: the folder inside of `cache_dir`.
        hash_algorithm: "sha256", "md5", or "auto": by the length of the digest.
        extract: whether to unpack it.
        archive_format: what the archive may be: "tar" (also compressed by gzip, bzip2 or xz),
            "zip", a list of these, or "auto" for both.
        cache_dir: the cache; ``$KERATA_HOME`` or ``~/.kerata`` by default. It is made if missing.
        force_download: whether to fetch the file even if it is here.
        max_unpacked_bytes: how large an archive may become; by default 200 times its own size,
            but at least 16 MiB.

    Returns:
        The path of the file; if it is unpacked, of the folder: `fname`, or, if `fname` ends like
        an archive (a.tar.gz), its beginning and "_extracted" (a_extracted).

    Raises:
        ValueError: for a missing or wrong argument, a digest that is not the expected one, or an
            archive that is damaged or unsafe.
        OSError: if it cannot be fetched; the text says where to put it by hand.

    >>> import kerata, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     there = pathlib.Path(folder, "there.txt")
    ...     _ = there.write_text("hello")
    ...     here = kerata.utils.get_file(origin=there.as_uri(), cache_dir=folder)
    ...     pathlib.Path(here).read_text()
    Downloading file:...there.txt
    ...
    'hello'
    """
    if not origin:
        raise ValueError("`origin`, the URL of the file, is missing.")
    name = fname or _name_in(origin)
    if os.path.basename(name) != name or name in (".", "..") or re.search(r'[\\/:\x00-\x1f]', name):
        raise ValueError(
            f"fname={name!r} is no plain name of a file; choose the folder by `cache_dir` and "
            "`cache_subdir`."
        )
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    algorithm = _algorithm(file_hash, hash_algorithm)
    formats = _formats(archive_format) if extract or untar else ()
    folder = (home() if cache_dir is None else Path(cache_dir)) / cache_subdir
    folder.mkdir(parents=True, exist_ok=True)
    stored, unpacked = _names(name, fname is not None) if formats else (name, None)
    path = folder / stored
    fetched = force_download or not _is_here(path, file_hash, algorithm)
    if fetched:
        verbose = config.is_interactive_logging_enabled()
        if verbose:
            print(f"Downloading {origin}")
        fetch(origin, path, file_hash, algorithm, verbose)
    if unpacked is None:
        return str(path)
    if fetched or not (folder / unpacked).is_dir():
        unpack(path, folder / unpacked, formats, max_unpacked_bytes)
    return str(folder / unpacked)


def _name_in(origin: str) -> str:
    name = urllib.parse.unquote(urllib.parse.urlsplit(origin).path).rsplit("/", 1)[-1]
    if not name:
        raise ValueError(f"The URL {origin!r} ends without the name of a file: pass `fname`.")
    return name


def _algorithm(digest: str | None, algorithm: str) -> str:
    if algorithm not in ("auto", *_ALGORITHMS):
        raise ValueError(
            f"hash_algorithm={algorithm!r}; expected 'auto' or one of {tuple(_ALGORITHMS)}."
        )
    if digest is None:
        return "sha256"
    digits = len(digest) if re.fullmatch("[0-9a-fA-F]+", digest) else 0
    fitting = [name for name, count in _ALGORITHMS.items() if count == digits]
    if not fitting or algorithm not in ("auto", fitting[0]):
        raise ValueError(
            f"The digest {digest!r} is none of {algorithm}; expected hexadecimal digits: 64 for "
            "SHA-256, 32 for MD5."
        )
    return fitting[0]


def _formats(archive_format: str | Sequence[str] | None) -> tuple[str, ...]:
    known = ("tar", "zip")
    if archive_format == "auto":
        return known
    wanted = (archive_format,) if isinstance(archive_format, str) else tuple(archive_format or ())
    if not wanted or not set(wanted) <= set(known):
        raise ValueError(
            f"archive_format={archive_format!r}; expected 'auto', 'tar', 'zip' or a list of these. "
            "A file that shall not be unpacked is fetched with extract=False."
        )
    return wanted


def _names(name: str, chosen: bool) -> tuple[str, str]:
    """The names of an archive and of its folder in the cache, which are those of Keras."""
    for suffix in _SUFFIXES:
        if chosen and name.endswith(suffix):
            return name, name.removesuffix(suffix) + "_extracted"
    return name + "_archive", name


def _is_here(path: Path, digest: str | None, algorithm: str) -> bool:
    if not path.is_file():
        return False
    return digest is None or digest_of(path, algorithm) == digest.lower()
