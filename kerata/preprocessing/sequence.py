"""Sequences of different lengths as one array, windows of series, and pairs of words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core import config
from kerata.training.data.py_dataset import PyDataset
from kerata.utils.sequences import pad_sequences

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, each with the target that follows it.

    In new code, `kerata.utils.timeseries_dataset_from_array` does the same.

    Args:
        data: the series `(time, ...)`.
        targets: `(time, ...)`: the target at time t belongs to the window before t.
        length: steps of time in a window.
        sampling_rate: every how many steps a value is taken; a window has
            `ceil(length / sampling_rate)` of them.
        stride: steps between the ends of two windows.
        start_index, end_index: first and last time (included) that is used.
        shuffle: whether windows are drawn at random, with replacement.
        reverse: whether windows run backwards.
        batch_size: windows per batch.
        seed: decides what is drawn.

    Raises:
        ValueError: if lengths differ, or no window fits.

    >>> import kerata, numpy as np
    >>> series = np.arange(6.0)
    >>> batches = kerata.preprocessing.sequence.TimeseriesGenerator(series, series, length=3)
    >>> x, y = batches[0]
    >>> x.tolist(), y.tolist()
    ([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 4.0]], [3.0, 4.0, 5.0])
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ValueError(f"`data` has {len(data)} steps of time, `targets` {len(targets)}.")
        self.data = np.asarray(data)
        self.targets = np.asarray(targets)
        self.length = length
        self.sampling_rate = sampling_rate
        self.stride = stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle = shuffle
        self.reverse = reverse
        self.batch_size = batch_size
        self.seed = config.next_seed() if seed is None else seed
        self.epoch = 0
        if self.start_index > self.end_index:
            raise ValueError(
                f"No window of {length} steps and a target fits between the times {start_index} "
                f"and {self.end_index}."
            )

    def __len__(self) -> int:
        windows = -(-(self.end_index - self.start_index + 1) // self.stride)
        return -(-windows // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"Batch {index} was asked for; there are {len(self)}.")
        ends = self._ends(index % len(self))
        steps = np.arange(0, self.length, self.sampling_rate) - self.length
        windows = self.data[ends[:, None] + steps]
        return windows[:, ::-1] if self.reverse else windows, self.targets[ends]

    def _ends(self, index: int) -> np.ndarray:
        """The times of the targets of a batch."""
        if self.shuffle:
            generator = np.random.default_rng((self.seed, self.epoch, index))
            return generator.integers(self.start_index, self.end_index + 1, self.batch_size)
        ends = np.arange(self.start_index, self.end_index + 1, self.stride)
        return ends[index * self.batch_size :][: self.batch_size]

    def on_epoch_end(self) -> None:
        """Draw others in the next pass."""
        self.epoch += 1

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, the series as JSON."""
        names = ("length", "sampling_rate", "stride", "start_index", "end_index", "shuffle",
                 "reverse", "batch_size")  # fmt: skip
        return {
            "data": json.dumps(self.data.tolist()),
            "targets": json.dumps(self.targets.tolist()),
            **{name: getattr(self, name) for name in names},
        }

    def to_json(self, **kwargs: Any) -> str:
        """Return the configuration as text.

        Args:
            **kwargs: what `json.dumps` takes, such as `indent`.
        """
        described = {"class_name": "TimeseriesGenerator", "config": self.get_config()}
        return json.dumps(described, **kwargs)


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """Return how probably a word is kept for `skipgrams`, by how frequent it is among words.

    The frequency of the word of rank r is taken to be `1 / (r (ln r + 0.577) + 1/2 - 1/(12 r))`
    (Zipf's law); of frequency f it is kept with probability `min(1, sqrt(factor / f))`.

    Args:
        size: number of words, the most frequent one first.
        sampling_factor: the factor; smaller ones thin frequent words out more.

    Reference: Mikolov et al., "Distributed representations of words and phrases", 2013.

    >>> import kerata
    >>> kerata.preprocessing.sequence.make_sampling_table(3).round(4).tolist()
    [0.0032, 0.0032, 0.0055]
    """
    rank = np.maximum(np.arange(size), 1)
    one_in = rank * (np.log(rank) + 0.577) + 0.5 - 1 / (12 * rank)
    return np.minimum(1.0, np.sqrt(sampling_factor * one_in))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Return pairs of words that stand near each other, and pairs drawn at random.

    Args:
        sequence: numbers of words; 0 is none.
        vocabulary_size: numbers are below it.
        window_size: how far apart, at most, the words of a pair stand.
        negative_samples: how many pairs are drawn for each that was found.
        shuffle: whether both kinds are mixed.
        categorical: whether labels are `[0, 1]` and `[1, 0]` instead of 1 and 0.
        sampling_table: how probably each number is kept; see `make_sampling_table`.
        seed: decides what is drawn.

    Returns:
        The pairs, and a label for each: 1 for words that were found together.

    Reference: Mikolov et al., "Efficient estimation of word representations", 2013.

    >>> import kerata
    >>> pairs, labels = kerata.preprocessing.sequence.skipgrams(
    ...     [1, 2, 3], 4, window_size=1, negative_samples=0, shuffle=False
    ... )
    >>> pairs, labels
    ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])
    """
    generator = np.random.default_rng(config.next_seed() if seed is None else seed)
    found, absent = ([0, 1], [1, 0]) if categorical else (1, 0)
    pairs = []
    for place, word in enumerate(sequence):
        if not word or (sampling_table is not None and generator.random() > sampling_table[word]):
            continue
        window = range(max(0, place - window_size), min(len(sequence), place + window_size + 1))
        pairs += [[word, sequence[i]] for i in window if i != place and sequence[i]]
    drawn = int(len(pairs) * negative_samples)
    labels = [found] * len(pairs) + [absent] * drawn
    words = generator.permutation([word for word, _ in pairs]).tolist()
    others = generator.integers(1, vocabulary_size, drawn).tolist() if drawn else []
    pairs += [[words[i % len(words)], other] for i, other in enumerate(others)]
    if shuffle:
        order = generator.permutation(len(pairs)).tolist()
        pairs, labels = [pairs[i] for i in order], [labels[i] for i in order]
    return pairs, labels
