"""Fashion-MNIST: 70,000 grey pictures of 28 by 28 points, of clothes, shoes and bags."""

from __future__ import annotations

from pathlib import Path

from kerata.datasets import idx, sources
from kerata.datasets.idx import Split

__all__ = ["load_data"]

#: what the labels 0 to 9 mean
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_SHA256 = (
    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
)
_FOLDER, _FOLDER_OF_KERAS = "fashion_mnist", "fashion-mnist"


def load_data() -> tuple[Split, Split]:
    """Return the pictures, 60,000 to train with and 10,000 to test with.

    The four original ``.gz`` files are read from a folder ``fashion_mnist`` (or
    ``fashion-mnist``) in one of the folders of ``kerata.datasets.sources``; they are fetched if
    missing.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: pictures uint8 ``(n, 28, 28)``, 0 is the
        background; labels uint8 ``(n,)``, 0 to 9, whose meanings are in ``CLASSES``.

    Raises:
        OSError: when they are not there and cannot be fetched.

    Source: Xiao, Rasul, Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms (2017), arXiv:1708.07747.

    >>> import kerata
    >>> kerata.datasets.fashion_mnist.CLASSES[8]
    'Bag'
    >>> (x_train, y_train), _ = kerata.datasets.fashion_mnist.load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train.shape                                       # doctest: +SKIP
    ((60000, 28, 28), (60000,))
    """
    local = sources.find_folder(_FOLDER, idx.FILES)
    local = local or sources.find_folder(_FOLDER_OF_KERAS, idx.FILES) or _download()
    return idx.read_folder(local)


def _download() -> Path:
    """Fetch the four files into one folder of the cache and return it."""
    for name, digest in zip(idx.FILES, _SHA256, strict=True):
        path = sources.download(sources.KERAS_URL + name, f"{_FOLDER}/{name}", digest)
    return path.parent
