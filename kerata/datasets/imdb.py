"""IMDB: 50,000 film reviews as lists of word numbers, half of them kind and half unkind."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np

from kerata.datasets import sources
from kerata.datasets.numpy_pickle import read_npz
from kerata.datasets.splits import Split, orders
from kerata.datasets.word_numbers import limited, moved, shorter, word_index

__all__ = ["get_word_index", "load_data"]

_FILE, _INDEX = "imdb.npz", "imdb_word_index.json"
_SHA256 = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
_INDEX_MD5 = "bfafd718b763782e994055a2d397834f"
_TEXTS = ("train.csv.gz", "test.csv.gz", _INDEX)
_BETWEEN_WORDS = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))


def load_data(
    path: str = _FILE,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Split, Split]:
    """Return the reviews, as a rule 25,000 to train with and 25,000 to test with.

    Where there is no file `path`, a folder ``imdb`` with ``train.csv.gz``, ``test.csv.gz`` (columns
    ``text`` and ``label``) and ``imdb_word_index.json`` is used, with as many reviews as it has;
    words that are not in the index are left out. If both are missing the file is fetched.

    Args:
        path: the name of the ``.npz`` file in the folders of ``kerata.datasets.sources``, or an
            absolute path.
        num_words: keep the numbers below; the frequent words have the low ones.
        skip_top: leave out the numbers below.
        maxlen: leave out reviews of so many numbers or more.
        seed: of the order of the reviews.
        start_char: number that each review begins with; `None` for none.
        oov_char: number that stands for words which are not kept; `None` drops them.
        index_from: added to each number of ``get_word_index``.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: arrays of lists of numbers, and 1 for a kind
        review, 0 for an unkind one.

    Raises:
        OSError: when it is not there and cannot be fetched.
        ValueError: if no review is shorter than `maxlen`, or the file holds anything but lists:
            its pickles are read, but not run.

    Source: Maas et al.: Learning word vectors for sentiment analysis (2011).

    >>> import kerata
    >>> (x_train, y_train), _ = kerata.datasets.imdb.load_data(num_words=10_000)  # doctest: +SKIP
    >>> x_train[0][:4]                                                            # doctest: +SKIP
    [1, 14, 22, 16]
    """
    parts, reviews = [], _reviews(path)
    each = orders([len(texts) for texts, _ in reviews], seed)
    for (texts, labels), order in zip(reviews, each, strict=True):
        words = moved([texts[i] for i in order], start_char, index_from)
        parts.append(shorter(words, np.asarray(labels)[order], maxlen))
    (train, y_train), (test, y_test) = parts
    x = limited([*train, *test], num_words, skip_top, oov_char)
    return (x[: len(train)], y_train), (x[len(train) :], y_test)


def get_word_index(path: str = _INDEX) -> dict[str, int]:
    """Return the number of each word, 1 for the most frequent one.

    Args:
        path: the name of the file in the folders of ``kerata.datasets.sources``, or an absolute
            path; it is fetched if missing.

    Raises:
        OSError: when it is not there and cannot be fetched.

    >>> import kerata
    >>> kerata.datasets.imdb.get_word_index()["the"]  # doctest: +SKIP
    1
    """
    return word_index(_INDEX, _INDEX_MD5, path, f"imdb/{path}")


def _reviews(path: str) -> list[tuple]:
    """Return lists of numbers and labels, to train and to test with."""
    folder = sources.find_folder("imdb", _TEXTS)
    if folder is not None and sources.find(path) is None:
        index = get_word_index()
        return [_texts(folder / f"{part}.csv.gz", index) for part in ("train", "test")]
    arrays = read_npz(sources.of_keras(_FILE, _SHA256, path))
    return [(arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")]


def _texts(file: Path, index: dict[str, int]) -> tuple[list[list[int]], np.ndarray]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    numbers = [
        [index[w] for w in row["text"].lower().translate(_BETWEEN_WORDS).split() if w in index]
        for row in rows
    ]
    return numbers, np.array([int(row["label"]) for row in rows])
