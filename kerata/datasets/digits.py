"""The small handwritten digits that come with scikit-learn: 1,797 grey pictures of 8 by 8."""

from __future__ import annotations

import numpy as np

__all__ = ["load_data"]

Split = tuple[np.ndarray, np.ndarray]

_TEST_PART = 5  # every fifth picture tests


def load_data() -> tuple[Split, Split]:
    """Return real handwritten digits that need no download.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: pictures uint8 ``(n, 8, 8)``, 0 is paper and
        255 is ink; labels uint8 ``(n,)``, 0 to 9. Every fifth picture is a test picture.

    Raises:
        ImportError: when scikit-learn is missing.

    Source: Alpaydin and Kaynak: Optical recognition of handwritten digits. UCI Machine
    Learning Repository (1998), test part.

    >>> import kerata
    >>> (x_train, y_train), (x_test, y_test) = kerata.datasets.digits.load_data()
    >>> x_train.shape, x_test.shape
    ((1438, 8, 8), (359, 8, 8))
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "These digits come with scikit-learn: pip install 'kerata[sklearn]'"
        ) from error
    images, labels = load_digits(return_X_y=True)
    pictures = np.rint(images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    labels = labels.astype(np.uint8)
    tests = np.arange(len(labels)) % _TEST_PART == _TEST_PART - 1
    return (pictures[~tests], labels[~tests]), (pictures[tests], labels[tests])
