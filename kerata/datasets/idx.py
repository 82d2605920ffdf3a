"""IDX, the file format of the original handwritten digits, and data sets of four such files.

A header of four bytes (two zeros, the type, the number of dimensions), each dimension as a
big-endian 32-bit integer, then the numbers. Only unsigned bytes are used here.
Source: the description by LeCun, Cortes and Burges, "The MNIST database".
"""

from __future__ import annotations

import gzip
import math
import os
import struct
from pathlib import Path

import numpy as np

Split = tuple[np.ndarray, np.ndarray]

#: pictures and labels to train with, pictures and labels to test with
FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

_UNSIGNED_BYTE = 0x08


def read_folder(folder: Path) -> tuple[Split, Split]:
    """Return ``(x_train, y_train), (x_test, y_test)`` from a folder that holds the four files."""
    x_train, y_train, x_test, y_test = (read(folder / name) for name in FILES)
    return (x_train, y_train), (x_test, y_test)


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
