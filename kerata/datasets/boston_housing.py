"""Boston house prices: 506 districts of 13 numbers each, and what houses cost there in 1978.

Use it to learn how to program, not to judge: one of its columns is made of people's race.
"""

from __future__ import annotations

import numpy as np

from kerata.datasets import sources
from kerata.datasets.splits import Split, split_rows

__all__ = ["load_data"]

_FILE = "boston_housing.npz"
_TEXT = "housing/boston_housing.data"
_SHA256 = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"


def load_data(
    path: str = _FILE, test_split: float = 0.2, seed: int = 113
) -> tuple[Split, Split]:
    """Return the districts, split at random.

    The original text file, as ``housing/boston_housing.data`` in one of the folders of
    ``kerata.datasets.sources``, is used where there is no file `path`; it is fetched if both are
    missing.

    Args:
        path: the name of the ``.npz`` file in these folders, or an absolute path.
        test_split: which part of the rows is for tests, from 0 to below 1.
        seed: of the order of the rows.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: float64 ``(n, 13)``, and prices in thousands of
        dollars, float64 ``(n,)``.

    Raises:
        OSError: when it is not there and cannot be fetched.
        ValueError: if `test_split` does not fit.

    Source: Harrison and Rubinfeld: Hedonic housing prices and the demand for clean air, Journal
    of Environmental Economics and Management 5 (1978).

    >>> import kerata
    >>> (x, y), _ = kerata.datasets.boston_housing.load_data()  # doctest: +SKIP
    >>> x.shape                                                 # doctest: +SKIP
    (404, 13)
    """
    text = sources.find(_TEXT)
    if text is not None and sources.find(path) is None:
        rows = np.loadtxt(text)
        return split_rows(rows[:, :-1], rows[:, -1], test_split, seed)
    with np.load(sources.of_keras(_FILE, _SHA256, path), allow_pickle=False) as arrays:
        return split_rows(arrays["x"], arrays["y"], test_split, seed)
