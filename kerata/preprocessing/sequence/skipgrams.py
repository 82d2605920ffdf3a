"""Skip-grams: pairs of words that stand near each other, and pairs that do not, for word2vec.

Sources: Mikolov et al., "Efficient Estimation of Word Representations in Vector Space" (2013), and
"Distributed Representations of Words and Phrases and their Compositionality" (2013), for frequent
words that are left out and for words drawn at random.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata.core import config

# As Keras rounds the constant of Euler and Mascheroni, so that tables are the same.
_EULER_GAMMA = 0.577


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """Return how probably `skipgrams` should take a word, by its rank: frequent words less so.

    A word of frequency `f` is taken with probability `min(1, sqrt(sampling_factor / f))`. By
    Zipf's law the frequency at rank `r` is `1 / (r H(r))` of that which all words share, with the
    harmonic number `H(r) = log(r) + 0.577 + 1 / (2 r) - 1 / (12 r**2)`.

    Args:
        size: number of words, the non-word 0 included. It gets the number of the first word.
        sampling_factor: the frequency up to which every occurrence is taken.

    Returns:
        Float64 array `(size,)`.

    >>> import kerata
    >>> kerata.preprocessing.sequence.make_sampling_table(5).round(4).tolist()
    [0.0032, 0.0032, 0.0055, 0.0074, 0.0091]
    """
    rank = np.maximum(np.arange(size), 1)
    inverse_frequency = rank * (np.log(rank) + _EULER_GAMMA) + 0.5 - 1 / (12 * rank)
    return np.minimum(1.0, np.sqrt(sampling_factor * inverse_frequency))


def skipgrams(
    sequence: Any,
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Return pairs of words that stand near each other, and as many that were drawn at random.

    Args:
        sequence: the numbers of the words of a text, in their order. 0 is no word and is left out.
        vocabulary_size: number of words, the non-word 0 included: what is drawn lies below.
        window_size: how many places to each side are near.
        negative_samples: pairs drawn at random, for each pair that was found.
        shuffle: whether the pairs are mixed; otherwise the found ones come first.
        categorical: whether labels are `[0, 1]` and `[1, 0]` in place of 1 and 0.
        sampling_table: probability to look at the neighbours of a word, by its number, as
            `make_sampling_table` returns it. Then numbers have to be ranks by frequency, as those
            of a `Tokenizer` and of `TextVectorization` are.
        seed: decides all that is drawn. By default it comes from `kerata.utils.set_random_seed`.

    Returns:
        Pairs `[word, other]`, and for each its label: 1 if they were found near each other.

    Raises:
        ValueError: if a number is out of its range.

    >>> import kerata
    >>> pairs, labels = kerata.preprocessing.sequence.skipgrams(
    ...     [1, 2, 3], 4, window_size=1, negative_samples=0, shuffle=False
    ... )
    >>> pairs, labels
    ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])
    """
    words = np.asarray(sequence, dtype="int64")
    _check(words, vocabulary_size, window_size, negative_samples, sampling_table)
    generator = np.random.default_rng(config.next_seed() if seed is None else seed)
    centers = np.flatnonzero(words)
    if sampling_table is not None:
        probability = np.asarray(sampling_table)[words[centers]]
        centers = centers[generator.random(len(centers)) <= probability]
    found = _near(words, centers, window_size)
    drawn = _random_pairs(
        found[:, 0], int(len(found) * negative_samples), vocabulary_size, generator
    )
    pairs = np.concatenate([found, drawn])
    labels = np.repeat([1, 0], [len(found), len(drawn)])
    if shuffle:
        order = generator.permutation(len(pairs))
        pairs, labels = pairs[order], labels[order]
    if categorical:
        labels = np.stack([1 - labels, labels], axis=-1)
    return pairs.tolist(), labels.tolist()


def _near(words: np.ndarray, centers: np.ndarray, window_size: int) -> np.ndarray:
    """Return each word at `centers` with each word near it, `(pairs, 2)`."""
    offsets = [*range(-window_size, 0), *range(1, window_size + 1)]
    margins = np.pad(words, window_size)  # with 0, which is no word
    others = margins[centers[:, None] + window_size + np.array(offsets, dtype="int64")]
    pairs = np.stack([np.broadcast_to(words[centers, None], others.shape), others], axis=-1)
    return pairs[others != 0]


def _random_pairs(
    words: np.ndarray, count: int, vocabulary_size: int, generator: np.random.Generator
) -> np.ndarray:
    """Return `count` pairs of one of the words, each in its turn, and any word, `(pairs, 2)`."""
    if not count:
        return np.empty((0, 2), dtype="int64")
    mixed = np.resize(generator.permutation(words), count)
    return np.stack([mixed, generator.integers(1, vocabulary_size, count)], axis=-1)


def _check(
    words: np.ndarray,
    vocabulary_size: int,
    window_size: int,
    negative_samples: float,
    sampling_table: Any,
) -> None:
    if words.ndim != 1 or (words < 0).any():
        raise ValueError(
            f"`sequence` has shape {words.shape} and numbers from {words.min(initial=0)}: expected "
            "one list of word numbers >= 0. Call `skipgrams` for each text."
        )
    if vocabulary_size < 2 or window_size < 0 or negative_samples < 0:
        raise ValueError(
            f"vocabulary_size={vocabulary_size}, window_size={window_size}, "
            f"negative_samples={negative_samples}: expected at least 2, 0 and 0."
        )
    largest = words.max(initial=0)
    if sampling_table is not None and largest >= len(sampling_table):
        raise ValueError(
            f"`sequence` has the word number {largest}, `sampling_table` has {len(sampling_table)} "
            f"entries: expected make_sampling_table(size) with a size of {largest + 1} or more."
        )
