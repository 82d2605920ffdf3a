"""The MNIST handwritten digits: 70,000 grey pictures of 28 by 28 points."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from kerata.datasets import idx, sources
from kerata.datasets.idx import Split

__all__ = ["is_local", "load_data"]

_URL = sources.KERAS_URL + "mnist.npz"
_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def load_data(path: str = "mnist.npz") -> tuple[Split, Split]:
    """Return the digits, 60,000 to train with and 10,000 to test with.

    The four original ``.gz`` files in a folder ``mnist`` are used if they are found in one of
    the folders of ``kerata.datasets.sources``, else the file `path`; it is fetched if missing.

    Args:
        path: the name of the ``.npz`` file in the cache, or an absolute path.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: pictures uint8 ``(n, 28, 28)``, 0 is paper
        and 255 is ink; labels uint8 ``(n,)``, 0 to 9.

    Raises:
        OSError: when it is not there and cannot be fetched.

    Source: LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document
    recognition. Proceedings of the IEEE 86 (1998).

    >>> import kerata
    >>> (x_train, y_train), _ = kerata.datasets.mnist.load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train.shape                               # doctest: +SKIP
    ((60000, 28, 28), (60000,))
    """
    local = _find_local(path)
    if local is None:
        local = sources.download(_URL, os.path.basename(path), _SHA256)
    return idx.read_folder(local) if local.is_dir() else _read_npz(local)


def is_local(path: str = "mnist.npz") -> bool:
    """Return whether the digits are on this machine already.

    Args:
        path: as for `load_data`.
    """
    return _find_local(path) is not None


def _find_local(path: str) -> Path | None:
    if os.path.isabs(path):
        return Path(path)
    return sources.find_folder("mnist", idx.FILES) or sources.find(
        path, os.path.join("mnist", path)
    )


def _read_npz(path: Path) -> tuple[Split, Split]:
    with np.load(path, allow_pickle=False) as arrays:
        return (
            (arrays["x_train"], arrays["y_train"]),
            (arrays["x_test"], arrays["y_test"]),
        )
