"""Texts as lists of word numbers: what `imdb` and `reuters` do alike.

A number counts words by how frequent they are, from 1 on, and is then moved up by `index_from`,
so that small numbers are free for padding (0), the start of a text and unknown words.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from kerata.datasets import sources

Texts = list[list[int]]


def word_index(name: str, md5: str, *places: str) -> dict[str, int]:
    """Return the number of each word out of a file that Keras has; see `sources.of_keras`."""
    file = sources.of_keras(name, md5, *places, algorithm="md5")
    return json.loads(file.read_text(encoding="utf-8"))


def moved(texts: Sequence, start_char: int | None, index_from: int) -> Texts:
    """Return texts whose numbers are moved up, after the number that starts each, if any.

    >>> from kerata.datasets.word_numbers import moved
    >>> moved([[1, 5]], start_char=1, index_from=3)
    [[1, 4, 8]]
    """
    start = [] if start_char is None else [start_char]
    return [[*start, *(int(word) + (index_from or 0) for word in text)] for text in texts]


def shorter(texts: Texts, labels: np.ndarray, maxlen: int | None) -> tuple[Texts, np.ndarray]:
    """Return the texts of fewer than `maxlen` numbers, and their labels.

    Raises:
        ValueError: if none is.
    """
    if not maxlen:
        return texts, labels
    kept = [i for i, text in enumerate(texts) if len(text) < maxlen]
    if not kept:
        raise ValueError(f"No text is shorter than maxlen={maxlen}: increase `maxlen`.")
    return [texts[i] for i in kept], labels[kept]


def limited(
    texts: Texts, num_words: int | None, skip_top: int, oov_char: int | None
) -> np.ndarray:
    """Return texts, as an array of lists, without rare and too frequent words.

    Args:
        texts: lists of numbers.
        num_words: numbers from this on are rare; by default the highest number is.
        skip_top: numbers below are too frequent.
        oov_char: what stands for them; `None` leaves them out.

    >>> from kerata.datasets.word_numbers import limited
    >>> limited([[1, 4, 8]], num_words=8, skip_top=2, oov_char=2).tolist()
    [[2, 4, 2]]
    """
    end = num_words or max(max(text, default=0) for text in texts)
    result = np.empty(len(texts), dtype=object)
    for i, text in enumerate(texts):
        if oov_char is None:
            result[i] = [word for word in text if skip_top <= word < end]
        else:
            result[i] = [word if skip_top <= word < end else oov_char for word in text]
    return result
