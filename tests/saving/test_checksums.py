"""Checksums of parts, put together, are those of the whole; windows are files in files."""

import io
import zlib

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerata.saving import checksums
from kerata.saving.checksums import Checksums, Piece, checksum
from kerata.saving.window import Window

DATA = np.random.default_rng(0).integers(0, 256, 5000, "uint8").tobytes()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(checksums, "BLOCK", 64)


@given(data=st.binary(max_size=1000), start=st.integers(0, 50))
def test_the_whole(data, start):
    window = Window(io.BytesIO(bytes(start) + data), start)
    assert Checksums(window).whole == zlib.crc32(data)
    assert checksum(np.frombuffer(data, "uint8")) == zlib.crc32(data)


@given(st.lists(st.integers(0, len(DATA)), min_size=2, max_size=8, unique=True).map(sorted))
def test_parts_and_pieces_that_are_known(cuts):
    window = Window(io.BytesIO(DATA))
    start, *_, end = cuts
    assert Checksums(window).of(start, end - start) == zlib.crc32(DATA[start:end])
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    known = [Piece(a, b - a, zlib.crc32(DATA[a:b])) for a, b in pairs]
    assert Checksums(window, reversed(known)).whole == zlib.crc32(DATA)


def test_pieces_that_are_known_are_not_read():
    window = Window(io.BytesIO(DATA))
    wrong = Piece(100, 200, zlib.crc32(bytes(200)))
    expected = zlib.crc32(DATA[:100] + bytes(200) + DATA[300:])
    assert Checksums(window, [wrong]).whole == expected


def test_a_window_ends_where_it_is_told_to():
    window = Window(io.BytesIO(DATA), 1000, 100)
    assert window.size() == 100 and window.seek(0, 2) == 100
    assert window.seek(-10, 1) == 90 and window.read(50) == DATA[1090:1100]
    assert window.tell() == 100 and window.read() == b""
    buffer = bytearray(20)
    assert window.read_at(95, buffer) == 5 and buffer[:5] == DATA[1095:1100]
    assert window.read_at(200, buffer) == 0
    assert Window(io.BytesIO(DATA), 4990, 100).size() == 10  # the file is shorter than was said


def test_hdf5_is_written_and_read_in_place():
    outer = io.BytesIO(b"before")
    numbers = np.arange(3000.0).reshape(2, -1)
    with h5py.File(Window(outer, 6), "w") as file:
        file["a"] = numbers
    outer.seek(0, 2)
    length = outer.tell() - 6
    outer.write(b"after")
    assert outer.getvalue()[:6] == b"before" and outer.getvalue()[-5:] == b"after"
    with h5py.File(Window(outer, 6, length), "r") as file:
        np.testing.assert_array_equal(file["a"][()], numbers)
