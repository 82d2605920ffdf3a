"""California house prices: 20,640 districts of 8 numbers each, from the census of 1990."""

from __future__ import annotations

import numpy as np

from kerata.datasets import sources
from kerata.datasets.splits import Split, split_rows

__all__ = ["load_data"]

_FILE = "california_housing.npz"
_SHA256 = "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"
_ROWS = {"small": 600, "large": None}


def load_data(
    version: str = "large", path: str = _FILE, test_split: float = 0.2, seed: int = 113
) -> tuple[Split, Split]:
    """Return the districts, split at random.

    Args:
        version: `"large"` for all districts, `"small"` for 600 of them.
        path: the name of the ``.npz`` file in the folders of ``kerata.datasets.sources``, or an
            absolute path; it is fetched if missing.
        test_split: which part of the rows is for tests, from 0 to below 1.
        seed: of the order of the rows.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: longitude, latitude, median age of houses, rooms,
        bedrooms, people, households and median income, float32 ``(n, 8)``; and the median price
        in dollars, float32 ``(n,)``.

    Raises:
        OSError: when it is not there and cannot be fetched.
        ValueError: if `version` or `test_split` does not fit.

    Source: Pace and Barry: Sparse spatial autoregressions, Statistics and Probability Letters 33
    (1997).

    >>> import kerata
    >>> (x, y), _ = kerata.datasets.california_housing.load_data("small")  # doctest: +SKIP
    >>> x.shape                                                            # doctest: +SKIP
    (480, 8)
    """
    if version not in _ROWS:
        raise ValueError(f"`version` is {version!r}; expected 'small' or 'large'.")
    with np.load(sources.of_keras(_FILE, _SHA256, path), allow_pickle=False) as arrays:
        x, y = (arrays[name][: _ROWS[version]] for name in ("x", "y"))
    return split_rows(x, y, test_split, seed)
