"""Downloads: checked, resumed where they broke off, and in place only when complete."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from kerata.training.progress import Progbar

SCHEMES = ("http", "https", "file")

_TIMEOUT = 20.0  # seconds without an answer
_CHUNK = 2**18
_ATTEMPTS = 5
_PAUSE = 0.5  # seconds before the second attempt, twice as long before each further one

#: what may be different at the next attempt
_BROKEN = (ConnectionError, TimeoutError, http.client.HTTPException)


class WrongContent(OSError, ValueError):
    """A file that has another digest than it should; it was not kept."""


def digest_of(path: str | os.PathLike[str], algorithm: str) -> str:
    """Return the hexadecimal digest of a file.

    Args:
        path: the file.
        algorithm: "sha256" or "md5".
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def fetch(
    url: str,
    target: Path,
    digest: str | None = None,
    algorithm: str = "sha256",
    verbose: bool = False,
) -> None:
    """Fetch a file, which appears at `target` only when it is complete and checked.

    What an attempt has received is kept in a hidden file beside it; the next attempt, also one of
    a later call, goes on from there if the server still has the same file.

    Args:
        url: from where: http, https or file.
        target: where to; its folder must exist.
        digest: the hexadecimal digest that the content must have; `None` for any content.
        algorithm: of the digest, "sha256" or "md5".
        verbose: whether to show a progress bar.

    Raises:
        ValueError: for another kind of URL.
        WrongContent: when the content has another digest; it is not kept.
        OSError: when it cannot be fetched.
    """
    scheme = urllib.parse.urlsplit(url).scheme
    if scheme not in SCHEMES:
        raise ValueError(f"{url!r} begins with {scheme!r}; expected one of {SCHEMES}.")
    with _partial(target) as partial:
        _receive_at_last(url, target, partial, verbose)
        if digest is not None:
            found = digest_of(partial.path, algorithm)
            if found != digest.lower():
                partial.forget()
                raise WrongContent(
                    f"{url} has {_NAMES[algorithm]} {found[:16]}…, {digest[:16]}… was expected. "
                    "The file there has changed or was damaged on the way; it was not kept."
                )
        partial.file.flush()
        os.fsync(partial.file.fileno())
        partial.file.close()  # Windows renames no open file
        os.replace(partial.path, target)


_NAMES = {"sha256": "SHA-256", "md5": "MD5"}


# -- what has been received ----------------------------------------------------------------------


class _Partial:
    """A file that is being received, and what tells whether the server still has the same one."""

    def __init__(self, path: Path, file: BinaryIO):
        self.path = path
        self.file = file
        self.tag_path = path.with_name(path.name + ".tag")

    def tag(self, url: str) -> str | None:
        """What the server calls the version of which a part is here, `None` if there is none."""
        try:
            whence, tag = self.tag_path.read_text("utf-8").split("\n")
        except (OSError, ValueError):
            return None
        return tag if whence == url and self.size() else None

    def begin(self, url: str, tag: str | None) -> None:
        """Start from nothing with a version of the file."""
        self.forget()
        if tag is not None:
            self.tag_path.write_text(f"{url}\n{tag}", "utf-8")

    def forget(self) -> None:
        """Drop what has been received."""
        self.file.truncate(0)
        self.tag_path.unlink(missing_ok=True)

    def size(self) -> int:
        """Return the bytes that are here."""
        return os.fstat(self.file.fileno()).st_size


@contextlib.contextmanager
def _partial(target: Path) -> Iterator[_Partial]:
    """Open the hidden file beside the target; a private one if another process uses it."""
    path = target.with_name(f".{target.name}.part")
    file = open(path, "ab")  # noqa: SIM115
    if not _lock(file):
        file.close()
        path = target.with_name(f".{target.name}.{os.getpid()}.part")
        file = open(path, "ab")  # noqa: SIM115
    partial = _Partial(path, file)
    try:
        with file:
            yield partial
    finally:
        # Only what can be continued is kept.
        if not (partial.tag_path.exists() and path.exists() and path.stat().st_size):
            path.unlink(missing_ok=True)
        if not path.exists():
            partial.tag_path.unlink(missing_ok=True)


def _lock(file: BinaryIO) -> bool:
    """Lock a file for this process; False if another one has it. Windows locks nothing."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# -- receiving -----------------------------------------------------------------------------------


def _receive_at_last(url: str, target: Path, partial: _Partial, verbose: bool) -> None:
    """Receive a file, in several attempts if need be."""
    for attempt in range(_ATTEMPTS):
        try:
            return _receive(url, partial, verbose)
        except _BROKEN as error:
            reason: Any = error
        except urllib.error.HTTPError as error:
            reason = f"HTTP {error.code} {error.reason}"
            if error.code < 500:
                break
        except urllib.error.URLError as error:  # no network, no such server or file
            reason = error.reason
            if not isinstance(reason, _BROKEN):
                break
        if attempt < _ATTEMPTS - 1:
            time.sleep(_PAUSE * 2**attempt)
    raise OSError(
        f"{target.name} could not be fetched from {url} ({reason}). Without a network, put the "
        f"file there by hand: {target}"
    )


def _receive(url: str, partial: _Partial, verbose: bool) -> None:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
    tag = partial.tag(url)
    if tag is not None:
        request.add_header("Range", f"bytes={partial.size()}-")
        request.add_header("If-Range", tag)
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # what is here is longer than what is there
            raise
        partial.forget()
        raise ConnectionError("the part that was here did not fit") from error
    with response:
        if not _continues(response, partial.size()):
            partial.begin(url, _version(response))
        _copy(response, partial, verbose)


def _continues(response: Any, size: int) -> bool:
    """Tell whether a response goes on where the received part ends."""
    place = response.headers.get("Content-Range", "")
    return response.status == 206 and place.startswith(f"bytes {size}-")


def _version(response: Any) -> str | None:
    """What names the version of a file exactly: its strong ETag, or when it was changed."""
    etag = response.headers.get("ETag")
    if etag is not None:
        return None if etag.startswith("W/") else etag
    return response.headers.get("Last-Modified") if response.status is not None else None


def _copy(response: Any, partial: _Partial, verbose: bool) -> None:
    length = response.headers.get("Content-Length")
    total = None if length is None else partial.size() + int(length)
    received = partial.size()
    bar = Progbar(total, unit_name="byte", verbose=int(verbose))
    while chunk := response.read(_CHUNK):
        partial.file.write(chunk)
        partial.file.flush()
        received += len(chunk)
        bar.update(received, finalize=False)
    if total is not None and received < total:
        raise ConnectionError(f"the connection ended after {received} of {total} bytes")
    bar.update(received, finalize=True)
