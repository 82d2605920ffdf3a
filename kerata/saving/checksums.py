"""CRC-32 of large data, by several threads: the CRC of a whole follows from those of its pieces.

The bits of data are the coefficients of a polynomial over GF(2), its CRC is the remainder of a
division by another one: to append n bytes multiplies what was there by x^(8 n), and adds.
The polynomial is that of ISO 3309 (zip, gzip, PNG), with its lowest power in the highest bit.
"""

from __future__ import annotations

import functools
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from kerata.core.threads import THREADS, side_by_side
from kerata.saving.window import Window

_POLYNOMIAL = 0xEDB88320
_ONE, _X = 0x80000000, 0x40000000
#: the bytes that are read at a time, and worth a thread
BLOCK = 2**20


class Piece(NamedTuple):
    """A part of a file whose checksum is known."""

    start: int
    length: int
    crc: int


def in_memory(array: np.ndarray) -> memoryview:
    """Return the bytes of an array as they lie in memory, without copying them."""
    return np.ascontiguousarray(array).reshape(-1).view("uint8").data


def checksum(array: np.ndarray) -> int:
    """Return the CRC-32 of the bytes of an array."""
    data = in_memory(array)
    size = max(BLOCK, -(-len(data) // THREADS))
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    if len(parts) <= 1:
        return zlib.crc32(data)
    crcs = side_by_side(zlib.crc32, parts)
    return _joined(zip(crcs, map(len, parts), strict=True))


class Checksums:
    """The CRC-32 of a file, and of any part of it, when each byte has been read once.

    Args:
        file: the file.
        known: parts of it that need not be read, in any order, without overlap.
    """

    def __init__(self, file: Window, known: Iterable[Piece] = ()) -> None:
        self._file = file
        self._pieces = self._completed([piece for piece in known if piece.length], 0, file.size())

    @property
    def whole(self) -> int:
        """The CRC-32 of the file."""
        return _joined((piece.crc, piece.length) for piece in self._pieces)

    def of(self, start: int, length: int) -> int:
        """Return the CRC-32 of the bytes from `start` on; those of incomplete pieces are read."""
        end = start + length
        near = self._pieces[bisect_left(self._pieces, (start,)) : bisect_left(self._pieces, (end,))]
        inside = [piece for piece in near if piece.start + piece.length <= end]
        pieces = self._completed(inside, start, end)
        return _joined((piece.crc, piece.length) for piece in pieces)

    def _completed(self, known: list[Piece], start: int, end: int) -> list[Piece]:
        """Known pieces in their order, with what lies between them read."""
        known = sorted(known)
        gaps = list(_gaps(known, start, end))
        read = [Piece(*gap, crc) for gap, crc in zip(gaps, self._read(gaps), strict=True)]
        return sorted([*known, *read])

    def _read(self, gaps: list[tuple[int, int]]) -> list[int]:
        """The CRCs of parts of the file, each thread with a share of them."""
        if len(gaps) <= 1:
            return self._crcs(gaps)
        share = -(-len(gaps) // THREADS)
        shares = [gaps[start : start + share] for start in range(0, len(gaps), share)]
        return [crc for crcs in side_by_side(self._crcs, shares) for crc in crcs]

    def _crcs(self, gaps: list[tuple[int, int]]) -> list[int]:
        buffer = bytearray(min(BLOCK, sum(length for _, length in gaps)))
        return [self._crc(gap, buffer) for gap in gaps]

    def _crc(self, gap: tuple[int, int], buffer: bytearray) -> int:
        start, length = gap
        with memoryview(buffer)[:length] as view:
            return zlib.crc32(view[: self._file.read_at(start, view)])


def _gaps(pieces: Iterable[Piece], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield what lies between pieces, in blocks as (start, length)."""
    for piece_start, piece_end in [*((p.start, p.start + p.length) for p in pieces), (end, end)]:
        for position in range(start, piece_start, BLOCK):
            yield position, min(BLOCK, piece_start - position)
        start = piece_end


def _joined(parts: Iterable[tuple[int, int]]) -> int:
    """The CRC-32 of parts that follow each other, given as (CRC-32, length)."""
    whole = 0
    for crc, length in parts:
        whole = _product(whole, _power(8 * length)) ^ crc
    return whole


def _product(a: int, b: int) -> int:
    """The product of two polynomials, modulo that of the CRC."""
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = a << 1 & 0xFFFFFFFF
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return product


@functools.lru_cache(256)
def _power(exponent: int) -> int:
    """The remainder of x to a power, by repeated squaring."""
    power, square = _ONE, _X
    while exponent:
        if exponent & 1:
            power = _product(power, square)
        square = _product(square, square)
        exponent >>= 1
    return power
