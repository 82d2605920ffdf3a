"""CIFAR-10: 60,000 colour pictures of 32 by 32 points, of animals and vehicles."""

from __future__ import annotations

from kerata.datasets import cifar
from kerata.datasets.splits import Split

__all__ = ["load_data"]

#: what the labels 0 to 9 mean
CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip

_FOLDER, _ARCHIVE = "cifar-10-batches-py", "cifar-10-python.tar.gz"
_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
_TRAIN, _TEST = tuple(f"data_batch_{i}" for i in range(1, 6)), ("test_batch",)


def load_data() -> tuple[Split, Split]:
    """Return the pictures, 50,000 to train with and 10,000 to test with.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: pictures uint8 ``(n, 32, 32, 3)``, or ``(n, 3,
        32, 32)`` if ``image_data_format()`` is so; labels uint8 ``(n, 1)``, 0 to 9, whose meanings
        are in ``CLASSES``.

    Raises:
        OSError: when they are not there and cannot be fetched.
        ValueError: when a file holds anything but arrays: its pickles are read, but not run.

    Source: Krizhevsky: Learning multiple layers of features from tiny images (2009).

    >>> import kerata
    >>> kerata.datasets.cifar10.CLASSES[3]
    'cat'
    >>> (x_train, y_train), _ = kerata.datasets.cifar10.load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train.shape                                 # doctest: +SKIP
    ((50000, 32, 32, 3), (50000, 1))
    """
    folder = cifar.find_or_fetch(_FOLDER, _ARCHIVE, _SHA256, (*_TRAIN, *_TEST))
    train, test = ([folder / name for name in part] for part in (_TRAIN, _TEST))
    return cifar.read(train, "labels"), cifar.read(test, "labels")
