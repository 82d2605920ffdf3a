"""CIFAR-100: 60,000 colour pictures of 32 by 32 points, of 100 kinds of things in 20 groups."""

from __future__ import annotations

from kerata.datasets import cifar
from kerata.datasets.splits import Split

__all__ = ["load_data"]

_FOLDER, _ARCHIVE = "cifar-100-python", "cifar-100-python.tar.gz"
_SHA256 = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"
_MODES = ("fine", "coarse")


def load_data(label_mode: str = "fine") -> tuple[Split, Split]:
    """Return the pictures, 50,000 to train with and 10,000 to test with.

    Args:
        label_mode: `"fine"` for the 100 kinds, `"coarse"` for the 20 groups.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: pictures uint8 ``(n, 32, 32, 3)``, or ``(n, 3,
        32, 32)`` if ``image_data_format()`` is so; labels uint8 ``(n, 1)``.

    Raises:
        OSError: when they are not there and cannot be fetched.
        ValueError: for another `label_mode`, or when a file holds anything but arrays: its pickles
            are read, but not run.

    Source: Krizhevsky: Learning multiple layers of features from tiny images (2009).

    >>> import kerata
    >>> (x_train, y_train), _ = kerata.datasets.cifar100.load_data()  # doctest: +SKIP
    >>> int(y_train.max())                                            # doctest: +SKIP
    99
    """
    if label_mode not in _MODES:
        raise ValueError(f"`label_mode` is {label_mode!r}; expected 'fine' or 'coarse'.")
    folder = cifar.find_or_fetch(_FOLDER, _ARCHIVE, _SHA256, ("train", "test"))
    labels = f"{label_mode}_labels"
    return cifar.read([folder / "train"], labels), cifar.read([folder / "test"], labels)
