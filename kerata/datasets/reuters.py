"""Reuters: 11,228 newswires of 1987 as lists of word numbers, on 46 topics."""

from __future__ import annotations

import numpy as np

from kerata.datasets import sources
from kerata.datasets.numpy_pickle import read_npz
from kerata.datasets.splits import Split, orders
from kerata.datasets.word_numbers import limited, moved, shorter, word_index

__all__ = ["get_label_names", "get_word_index", "load_data"]

_FILE, _INDEX = "reuters.npz", "reuters_word_index.json"
_SHA256 = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
_INDEX_MD5 = "4d44cc38712099c9e383dc6e5f11a921"
_TOPICS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves "
    "ship cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin "
    "strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange pet-chem "
    "dlr gas silver wpi hog lead"
)


def load_data(
    path: str = _FILE,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Split, Split]:
    """Return the newswires, split at random.

    Args:
        path: the name of the ``.npz`` file in the folders of ``kerata.datasets.sources``, or an
            absolute path; it is fetched if missing.
        num_words: keep the numbers below; the frequent words have the low ones.
        skip_top: leave out the numbers below.
        maxlen: leave out newswires of so many numbers or more.
        test_split: which part is for tests.
        seed: of the order of the newswires.
        start_char: number that each begins with; `None` for none.
        oov_char: number that stands for words which are not kept; `None` drops them.
        index_from: added to each number of ``get_word_index``.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: arrays of lists of numbers, and topics, 0 to 45,
        whose names are those of ``get_label_names``.

    Raises:
        OSError: when it is not there and cannot be fetched.
        ValueError: if none is shorter than `maxlen`, or the file holds anything but lists: its
            pickles are read, but not run.

    Source: the collection Reuters-21578 (Lewis, 1987).

    >>> import kerata
    >>> (x_train, y_train), _ = kerata.datasets.reuters.load_data()  # doctest: +SKIP
    >>> len(x_train)                                                 # doctest: +SKIP
    8982
    """
    arrays = read_npz(sources.of_keras(_FILE, _SHA256, path))
    [order] = orders([len(arrays["x"])], seed)
    texts = moved(arrays["x"][order], start_char, index_from)
    texts, y = shorter(texts, np.asarray(arrays["y"])[order], maxlen)
    x = limited(texts, num_words, skip_top, oov_char)
    count = int(len(x) * (1 - test_split))
    return (x[:count], y[:count]), (x[count:], y[count:])


def get_word_index(path: str = _INDEX) -> dict[str, int]:
    """Return the number of each word, 1 for the most frequent one.

    Args:
        path: the name of the file in the folders of ``kerata.datasets.sources``, or an absolute
            path; it is fetched if missing.

    Raises:
        OSError: when it is not there and cannot be fetched.

    >>> import kerata
    >>> kerata.datasets.reuters.get_word_index()["the"]  # doctest: +SKIP
    1
    """
    return word_index(_INDEX, _INDEX_MD5, path)


def get_label_names() -> tuple[str, ...]:
    """Return the names of the 46 topics, in the order of their numbers.

    >>> import kerata
    >>> kerata.datasets.reuters.get_label_names()[3]
    'earn'
    """
    return tuple(_TOPICS.split())
