"""Files are replaced whole: a reader sees the old file or the new one, never a half."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from typing import BinaryIO

#: how the names of files end, and begin with a dot, that are not complete yet
UNFINISHED = ".tmp"


def write_file(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Write a file so that it appears complete or not at all, even if the power fails.

    The bytes go to a temporary file in the same folder, which is synced, renamed over the
    target, and the folder synced. A symbolic link is followed, so its target is replaced.

    Args:
        path: where the file shall be; its folder must exist.
        write: called with the open binary file.

    Raises:
        OSError: when the folder is missing, not writable or full; the old file is then intact.

    >>> import os, tempfile
    >>> from kerata.saving.atomic import write_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_file(folder + "/a", lambda file: file.write(b"abc"))
    ...     os.listdir(folder), os.path.getsize(folder + "/a")
    (['a'], 3)
    """
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(8)}{UNFINISHED}")
    try:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise _explained(error, target) from error
    _sync_folder(folder)


def _explained(error: OSError, target: str) -> OSError:
    """Return the system's error with the name of the file that was to be written."""
    if error.errno is None:
        return error
    state = "is as it was before" if os.path.exists(target) else "was not written"
    return type(error)(error.errno, f"{error.strerror}; the file {state}", target)


def _sync_folder(folder: str) -> None:
    """Make a rename durable; only POSIX systems can open a folder for that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
