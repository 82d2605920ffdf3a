"""The order of a data set's rows that a seed stands for, and splitting them in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Split = tuple[np.ndarray, np.ndarray]


def orders(counts: Sequence[int], seed: int) -> list[np.ndarray]:
    """Return the orders of parts of so many rows, drawn one after the other as Keras does."""
    random = np.random.RandomState(seed)
    found = [np.arange(count) for count in counts]
    for order in found:
        random.shuffle(order)
    return found


def split_rows(x: np.ndarray, y: np.ndarray, test_split: float, seed: int) -> tuple[Split, Split]:
    """Return ``(x_train, y_train), (x_test, y_test)`` of shuffled rows, as Keras splits them.

    Raises:
        ValueError: if `test_split` is not in [0, 1).
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"`test_split` is {test_split}; expected a part from 0 to below 1.")
    [order] = orders([len(x)], seed)
    x, y = x[order], y[order]
    count = int(len(x) * (1 - test_split))
    return (x[:count], y[:count]), (x[count:], y[count:])
