"""A part of a file, as a file of its own: HDF5 in an archive is read and written in place."""

from __future__ import annotations

import os
import threading
from typing import Any, BinaryIO


class Window:
    """A file that begins somewhere in another one; it has what h5py asks of a file.

    Args:
        file: the other file: seekable and, to be written through, buffered.
        start: where in it the window begins, in bytes.
        length: how long it is at most; None: to the end of the file, which may grow.
    """

    def __init__(self, file: BinaryIO, start: int = 0, length: int | None = None):
        self._file: Any = file  # that of typing has no `readinto`
        self._start, self._length = start, length
        self._position = 0
        self._lock = threading.Lock()

    def size(self) -> int:
        """The bytes that can be read."""
        with self._lock:
            available = max(0, self._file.seek(0, os.SEEK_END) - self._start)
        return available if self._length is None else min(available, self._length)

    def read_at(self, position: int, buffer: Any) -> int:
        """Fill a buffer from a position on, in any thread; return how many bytes there were."""
        view = memoryview(buffer).cast("B")
        if self._length is not None:
            view = view[: max(0, self._length - position)]
        done = 0
        with self._lock:
            self._file.seek(self._start + position)
            while done < len(view) and (count := self._file.readinto(view[done:])):
                done += count
        return done

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from where the file stands; return how many bytes there were."""
        count = self.read_at(self._position, buffer)
        self._position += count
        return count

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, or all that follow."""
        remaining = max(0, self.size() - self._position)
        buffer = bytearray(remaining if size < 0 else min(size, remaining))
        return bytes(buffer[: self.readinto(buffer)])

    def write(self, data: Any) -> int:
        """Write bytes to where the file stands; return how many."""
        with self._lock:
            self._file.seek(self._start + self._position)
            count = self._file.write(data)
        self._position += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, counted from the start, from here or from the end; return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        self._position = (self.size() if base is None else base) + offset
        return self._position

    def tell(self) -> int:
        """Return where the file stands."""
        return self._position

    def truncate(self, size: int | None = None) -> int:
        """End the file, and the one that it lies in, after so many bytes."""
        size = self._position if size is None else size
        self._file.truncate(self._start + size)
        return size

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()
