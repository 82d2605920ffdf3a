"""TimeseriesGenerator: windows of a series, each with the entry that follows it, in batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata.core import config
from kerata.training.data.convert import to_numpy
from kerata.training.data.py_dataset import PyDataset


class TimeseriesGenerator(PyDataset):
    """Windows of a series in batches, each with the target of the entry that follows it.

    It is kept for programs that have it. In new code use
    `kerata.utils.timeseries_dataset_from_array(data, targets[length:], length)`; its targets
    belong to the starts of windows, so the first `length` of them are left out.

    Args:
        data: the series: array, list or data frame `(time, ...)`.
        targets: as many as `data` has entries; that of entry `i` goes with the window before `i`.
        length: how far a window reaches back.
        sampling_rate: each how-many-th entry of it is taken.
        stride: entries from the start of one window to the start of the next.
        start_index: the entry where the first window starts.
        end_index: the last entry whose target is used; by default that of the series.
        shuffle: whether the windows are mixed anew in each epoch.
        reverse: whether the entries of a window come in the order of falling time.
        batch_size: windows per batch; the last batch may be smaller.
        seed: decides the orders; drawn by default.
        **kwargs: `workers`, `use_multiprocessing` and `max_queue_size` of `PyDataset`.

    Each batch is `(x, y)`: windows `(batch, ceil(length / sampling_rate), ...)` and targets.

    Raises:
        ValueError: if lengths differ, a number is out of its range, or no window is left.

    >>> import kerata, numpy as np
    >>> series = np.arange(7)
    >>> windows = kerata.preprocessing.sequence.TimeseriesGenerator(
    ...     series, series, length=3, batch_size=2
    ... )
    >>> [(x.tolist(), y.tolist()) for x, y in windows]
    [([[0, 1, 2], [1, 2, 3]], [3, 4]), ([[2, 3, 4], [3, 4, 5]], [5, 6])]
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
        self.data = to_numpy(data, "data")
        self.targets = to_numpy(targets, "targets")
        self.length = length
        self.sampling_rate = sampling_rate
        self.stride = stride
        self.start_index = start_index + length  # of the first target, as Keras has it
        self.end_index = len(self.data) - 1 if end_index is None else end_index
        self.shuffle = shuffle
        self.reverse = reverse
        self.batch_size = batch_size
        self._check(start_index)
        self.seed = config.next_seed() if seed is None else seed
        self.epoch = 0

    def _check(self, start_index: int) -> None:
        if len(self.data) != len(self.targets):
            raise ValueError(
                f"`data` has {len(self.data)} entries and `targets` has {len(self.targets)}; "
                "expected as many: the target of entry i goes with the window before i."
            )
        for name in ("length", "sampling_rate", "stride", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` is {getattr(self, name)}; expected at least 1.")
        if start_index < 0 or self.end_index >= len(self.data):
            raise ValueError(
                f"start_index={start_index} and end_index={self.end_index} are not both among the "
                f"{len(self.data)} entries of `data`: expected 0 to {len(self.data) - 1}."
            )
        if self.start_index > self.end_index:
            raise ValueError(
                f"No window is left: the first one, of length={self.length} from "
                f"start_index={start_index} on, has its target at {self.start_index}, but "
                f"end_index={self.end_index}. Choose a smaller `length`, or give more data."
            )

    @property
    def _ends(self) -> range:
        """Where windows end, which is where their targets are."""
        return range(self.start_index, self.end_index + 1, self.stride)

    def __len__(self) -> int:
        return -(-len(self._ends) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"Batch {index} was asked for; there are {len(self)}.")
        ends = np.array(self._ends)
        if self.shuffle:
            ends = np.random.default_rng((self.seed, self.epoch)).permutation(ends)
        ends = ends[index % len(self) * self.batch_size :][: self.batch_size]
        steps = np.arange(-self.length, 0, self.sampling_rate)
        steps = steps[::-1] if self.reverse else steps
        return self.data[ends[:, None] + steps], self.targets[ends]

    def on_epoch_end(self) -> None:
        """Go on to the next epoch, with an order of its own."""
        self.epoch += 1
