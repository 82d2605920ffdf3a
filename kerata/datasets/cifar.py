"""What CIFAR-10 and CIFAR-100 have in common: batches of pictures, 32 by 32 in colour."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerata.core import config
from kerata.datasets import sources
from kerata.datasets.numpy_pickle import UnsafeData, read_pickle
from kerata.utils.unpacking import unpack

_URL = "https://www.cs.toronto.edu/~kriz/"
_SIZE = 32


def find_or_fetch(folder: str, archive: str, sha256: str, files: Sequence[str]) -> Path:
    """Return the folder of the batches, where Keras or a download has put it.

    Raises:
        OSError: when it is not there and cannot be fetched.
    """
    inside = f"{folder}-target/{folder}"  # the folder that Keras unpacks into
    found = sources.find_folder(folder, files) or sources.find_folder(inside, files)
    if found is not None:
        return found
    fetched = sources.download(_URL + archive, archive, sha256)
    unpack(fetched, sources.cache_folder() / f"{folder}-target")
    return sources.cache_folder() / inside


def read(files: Sequence[Path], labels: str) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures, uint8 ``(n, 32, 32, 3)`` or channels first, and labels, uint8 ``(n, 1)``.

    Args:
        files: the batches.
        labels: under which name the labels stand in them.

    Raises:
        UnsafeData: when a file is damaged, or holds anything but arrays and numbers.
    """
    batches = [_batch(file, labels) for file in files]
    pictures = np.concatenate([x for x, _ in batches]).reshape(-1, 3, _SIZE, _SIZE)
    if config.image_data_format() == "channels_last":
        pictures = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1))
    return pictures, np.concatenate([y for _, y in batches])[:, None]


def _batch(file: Path, labels: str) -> tuple[np.ndarray, np.ndarray]:
    content = read_pickle(file)
    try:
        x = np.asarray(content[b"data"], dtype=np.uint8).reshape(-1, 3 * _SIZE * _SIZE)
        y = np.asarray(content[labels.encode()], dtype=np.uint8).reshape(len(x))
    except (KeyError, TypeError, ValueError) as error:
        raise UnsafeData(f"{os.fspath(file)} is no batch of CIFAR ({error}).") from error
    return x, y
