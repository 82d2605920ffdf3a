"""Hashes of text that stay the same in every process, on every machine and in TensorFlow.

`fingerprint64` is FarmHash's Fingerprint64 (Pike and Alakuijala, 2014), `siphash64` is
SipHash-2-4 (Aumasson and Bernstein, 2012), which needs a key. Texts of one length are hashed
together: then every byte offset is the same for all, and NumPy computes on whole columns.
Arithmetic is modulo 2^64 throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_U64 = np.uint64
_K0, _K1, _K2 = (_U64(k) for k in (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F))
_CROSS = _U64(0xC6A4A7935BD1E995)
#: what a cross of features starts from
_CROSS_SEED = _U64(0xDECAFCAFFE)

Words = np.ndarray


def fingerprint64(texts: np.ndarray) -> np.ndarray:
    """Return the FarmHash fingerprint of each text.

    Args:
        texts: object array of bytes, of any shape.

    Returns:
        uint64 array of the same shape.

    >>> int(fingerprint64(np.array([b"a"], dtype=object))[0] % 1000000)
    363939
    """
    return _by_length(texts, _farmhash)


def siphash64(texts: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Return the keyed hash SipHash-2-4 of each text.

    Args:
        texts: object array of bytes, of any shape.
        key: two integers of 64 bits.

    Returns:
        uint64 array of the same shape.

    >>> int(siphash64(np.array([b"a"], dtype=object), (133, 133))[0] % 1000000)
    479997
    """
    return _by_length(texts, lambda block: _siphash(block, key))


def key_of(salt: Any) -> list[int] | None:
    """Return the key that a layer's `salt` stands for, `None` for none.

    Raises:
        ValueError: if it is neither an integer nor a pair of integers.

    >>> key_of(7)
    [7, 7]
    """
    if salt is None:
        return None
    key = [salt, salt] if isinstance(salt, int) else list(salt)
    if len(key) != 2 or not all(isinstance(part, int) for part in key):
        raise ValueError(f"`salt` is {salt!r}; expected an integer or a pair of integers.")
    return key


def bins_of(texts: np.ndarray, count: int, key: list[int] | None) -> np.ndarray:
    """Return into which of `count` bins each text falls, with a key by SipHash.

    >>> bins_of(np.array([b"a"], dtype=object), 1000000, None).tolist()
    [363939]
    """
    hashes = fingerprint64(texts) if key is None else siphash64(texts, (key[0], key[1]))
    return (hashes % _U64(count)).astype(np.int64)


def cross(columns: list[np.ndarray]) -> np.ndarray:
    """Return one hash for each row of several columns of uint64 hashes, as TensorFlow mixes them.

    >>> cross([np.array([1], "uint64"), np.array([2], "uint64")]).dtype
    dtype('uint64')
    """
    mixed = np.full(columns[0].shape, _CROSS_SEED)
    for column in columns:
        mixed = mixed ^ _CROSS ^ (_shift_mix(column * _CROSS) * _CROSS)
        mixed = _shift_mix(_shift_mix(mixed * _CROSS) * _CROSS)
    return mixed


def _by_length(texts: np.ndarray, hashed: Callable[[np.ndarray], Words]) -> np.ndarray:
    """Hash the texts of each length as one block of bytes of shape `(texts, length)`."""
    items = texts.ravel().tolist()
    lengths = np.fromiter(map(len, items), np.int64, len(items))
    result = np.empty(len(items), _U64)
    for length in np.unique(lengths):
        chosen = np.flatnonzero(lengths == length)
        joined = b"".join(items[i] for i in chosen)
        block = np.frombuffer(joined, np.uint8).reshape(len(chosen), length)
        result[chosen] = hashed(block)
    return result.reshape(texts.shape)


# -- words ---------------------------------------------------------------------------------


def _fetch(block: np.ndarray, offset: int, size: int = 8) -> Words:
    """Return the little-endian words of `size` bytes that begin at an offset."""
    part = np.ascontiguousarray(block[:, offset : offset + size])
    return part.view(f"<u{size}")[:, 0].astype(_U64)


def _rotate_right(x: Words, bits: int) -> Words:
    return (x >> _U64(bits)) | (x << _U64(64 - bits))


def _shift_mix(x: Words) -> Words:
    return x ^ (x >> _U64(47))


# -- FarmHash ------------------------------------------------------------------------------


def _farmhash(block: np.ndarray) -> Words:
    length = block.shape[1]
    if length <= 16:
        return _farmhash_up_to_16(block, length)
    if length <= 32:
        return _farmhash_up_to_32(block, length)
    return _farmhash_up_to_64(block, length) if length <= 64 else _farmhash_long(block, length)


def _multiplier(length: int) -> np.uint64:
    return _K2 + _U64(2 * length)


def _mix_two(u: Words, v: Words, multiplier: np.uint64) -> Words:
    """Reduce 128 bits to 64."""
    a = _shift_mix((u ^ v) * multiplier)
    return _shift_mix((v ^ a) * multiplier) * multiplier


def _farmhash_up_to_16(block: np.ndarray, length: int) -> Words:
    multiplier = _multiplier(length)
    if length >= 8:
        a, b = _fetch(block, 0) + _K2, _fetch(block, length - 8)
        c = _rotate_right(b, 37) * multiplier + a
        return _mix_two(c, (_rotate_right(a, 25) + b) * multiplier, multiplier)
    if length >= 4:
        first = _U64(length) + (_fetch(block, 0, 4) << _U64(3))
        return _mix_two(first, _fetch(block, length - 4, 4), multiplier)
    if length == 0:
        return np.full(len(block), _K2)
    a, b, c = (block[:, i].astype(_U64) for i in (0, length >> 1, length - 1))
    y, z = a + (b << _U64(8)), _U64(length) + (c << _U64(2))
    return _shift_mix(y * _K2 ^ z * _K0) * _K2


def _ends(block: np.ndarray, length: int, factor: np.uint64) -> tuple[Words, Words, Words]:
    """Mix the first 16 and the last 16 bytes: what lengths from 17 to 64 begin with."""
    multiplier = _multiplier(length)
    a, b = _fetch(block, 0) * factor, _fetch(block, 8)
    c, d = _fetch(block, length - 8) * multiplier, _fetch(block, length - 16) * _K2
    y = _rotate_right(a + b, 43) + _rotate_right(c, 30) + d
    return y, a + _rotate_right(b + _K2, 18) + c, a


def _farmhash_up_to_32(block: np.ndarray, length: int) -> Words:
    y, z, _ = _ends(block, length, _K1)
    return _mix_two(y, z, _multiplier(length))


def _farmhash_up_to_64(block: np.ndarray, length: int) -> Words:
    multiplier = _multiplier(length)
    y, z, a = _ends(block, length, _K2)
    z = _mix_two(y, z, multiplier)
    e, f = _fetch(block, 16) * multiplier, _fetch(block, 24)
    g = (y + _fetch(block, length - 32)) * multiplier
    h = (z + _fetch(block, length - 24)) * multiplier
    u = _rotate_right(e + f, 43) + _rotate_right(g, 30) + h
    return _mix_two(u, e + _rotate_right(f + a, 18) + g, multiplier)


def _mix_32_bytes(block: np.ndarray, at: int, a: Words, b: Words) -> tuple[Words, Words]:
    w, x, y, z = (_fetch(block, at + 8 * i) for i in range(4))
    a = a + w
    b = _rotate_right(b + a + z, 21)
    total = a + x + y
    return total + z, b + _rotate_right(total, 44) + a


def _farmhash_long(block: np.ndarray, length: int) -> Words:
    """Mix 64 bytes at a time into a state of seven words, then the last 64 bytes."""
    rows = len(block)
    zero = np.zeros(rows, _U64)
    seed = np.full(rows, _U64(81))
    x, y = seed * _K2 + _fetch(block, 0), seed * _K1 + _U64(113)
    z = _shift_mix(y * _K2 + _U64(113)) * _K2
    v, w = (zero, zero), (zero, zero)

    def mixed(at: int, factor: Words, times: np.uint64) -> None:
        nonlocal x, y, z, v, w
        x = _rotate_right(x + y + v[0] + _fetch(block, at + 8), 37) * factor
        y = _rotate_right(y + v[1] + _fetch(block, at + 48), 42) * factor
        x = x ^ (w[1] * times)
        y = y + v[0] * times + _fetch(block, at + 40)
        z = _rotate_right(z + w[0], 33) * factor
        v = _mix_32_bytes(block, at, v[1] * factor, x + w[0])
        w = _mix_32_bytes(block, at + 32, z + w[1], y + _fetch(block, at + 16))
        z, x = x, z

    for at in range(0, (length - 1) // 64 * 64, 64):
        mixed(at, _K1, _U64(1))
    factor = _K1 + ((z & _U64(0xFF)) << _U64(1))
    w = (w[0] + _U64((length - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    mixed(length - 64, factor, _U64(9))
    first = _mix_two(v[0], w[0], factor) + _shift_mix(y) * _K0 + z
    return _mix_two(first, _mix_two(v[1], w[1], factor) + x, factor)


# -- SipHash -------------------------------------------------------------------------------


def _siphash(block: np.ndarray, key: tuple[int, int]) -> Words:
    rows, length = block.shape
    k0, k1 = (_U64(k & 0xFFFFFFFFFFFFFFFF) for k in key)
    constants = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    starts = (k ^ _U64(c) for k, c in zip((k0, k1, k0, k1), constants, strict=True))
    state = [np.full(rows, start) for start in starts]
    padded = np.zeros((rows, length // 8 * 8 + 8), np.uint8)
    padded[:, :length] = block
    padded[:, -1] = length & 0xFF
    for at in range(0, padded.shape[1], 8):
        word = _fetch(padded, at)
        state[3] = state[3] ^ word
        _sip_rounds(state, 2)
        state[0] = state[0] ^ word
    state[2] = state[2] ^ _U64(0xFF)
    _sip_rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _sip_rounds(state: list[Words], count: int) -> None:
    def rotate_left(x: Words, bits: int) -> Words:
        return _rotate_right(x, 64 - bits)

    a, b, c, d = state
    for _ in range(count):
        a, c = a + b, c + d
        b, d = rotate_left(b, 13) ^ a, rotate_left(d, 16) ^ c
        a, c = rotate_left(a, 32) + d, c + b
        b, d = rotate_left(b, 17) ^ c, rotate_left(d, 21) ^ a
        c = rotate_left(c, 32)
    state[:] = a, b, c, d
