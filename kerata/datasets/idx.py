"""IDX, the file format of the original handwritten digits.

A header of four bytes (two zeros, the type, the number of dimensions), each dimension as a
big-endian 32-bit integer, then the numbers. Only unsigned bytes are used here.
Source: the description by LeCun, Cortes and Burges, "The MNIST database".
"""

from __future__ import annotations

import gzip
import math
import os
import struct

import numpy as np

_UNSIGNED_BYTE = 0x08


def read(path: str | os.PathLike[str]) -> np.ndarray:
    """Return the array of a gzip-compressed IDX file of unsigned bytes.

    Raises:
        ValueError: when the file is no such file or has not as many bytes as it claims.
    """
    with gzip.open(path) as file:
        zeros, kind, ndim = struct.unpack(">HBB", file.read(4))
        if zeros or kind != _UNSIGNED_BYTE or not 1 <= ndim <= 4:
            raise ValueError(f"{os.fspath(path)} is not an IDX file of unsigned bytes.")
        shape = struct.unpack(f">{ndim}I", file.read(4 * ndim))
        data = file.read(math.prod(shape) + 1)
    if len(data) != math.prod(shape):
        raise ValueError(f"{os.fspath(path)} claims shape {shape} but holds another size.")
    return np.frombuffer(data, np.uint8).reshape(shape).copy()
