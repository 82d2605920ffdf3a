"""Windows of a series as a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core import config
from kerata.data.dataset import Dataset, check_format, deliver
from kerata.training.data.convert import to_numpy


class Windows:
    """Samples that are stretches of a series: `x`, or `(x, target)`.

    Args:
        data: the series, along the first axis.
        targets: one for each start of a window, or `None`.
        starts: where the windows begin.
        steps: how many entries of the series each has, and the distance between them.
    """

    def __init__(
        self,
        data: np.ndarray,
        targets: np.ndarray | None,
        starts: Sequence[int],
        steps: tuple[int, int],
    ):
        self.data = data
        self.targets = targets
        self.starts = starts
        self.length, self.distance = steps

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> Any:
        start = self.starts[index]
        window = self.data[start : start + self.length * self.distance : self.distance]
        return window if self.targets is None else (window, self.targets[start])


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str | None = None,
) -> Any:
    """Return windows that slide over a series as a data set of batches.

    Args:
        data: the series: array, tensor, list or data frame `(time, ...)`.
        targets: `targets[i]` belongs to the window that starts at `i`; `None` for no targets.
            To predict the entry that follows a window, pass `data[sequence_length:]`.
        sequence_length: entries per window.
        sequence_stride: entries from the start of one window to the start of the next.
        sampling_rate: entries from one that is taken to the next within a window; 1 takes all.
        batch_size: windows per batch; `None` for single windows.
        shuffle: whether to shuffle all windows anew in each pass.
        seed: decides their order.
        start_index: the entry from which on the series is used.
        end_index: the entry up to which, not included, it is used.
        format: `None` for a `kerata.data.Dataset`, "tf" for a `tf.data.Dataset`, "grain" for a
            `grain.MapDataset`.

    Returns:
        A data set of windows `(batch, sequence_length, ...)`, or of `(windows, targets)`.

    Raises:
        ValueError: if a number is out of its range.

    >>> import kerata, numpy as np
    >>> series = np.arange(6)
    >>> data = kerata.utils.timeseries_dataset_from_array(series, series[3:], 3)
    >>> [(x.tolist(), y.tolist()) for x, y in data]
    [([[0, 1, 2], [1, 2, 3], [2, 3, 4]], [3, 4, 5])]
    """
    check_format(format)
    series = to_numpy(data, "data")
    labels = None if targets is None else to_numpy(targets, "targets")
    total = len(series)
    for name, value in (
        ("sequence_length", sequence_length),
        ("sequence_stride", sequence_stride),
        ("sampling_rate", sampling_rate),
    ):
        if value < 1 or (name != "sequence_length" and value >= total):
            raise ValueError(
                f"`{name}` is {value}; expected at least 1"
                + (f" and less than the {total} entries of `data`." if value >= total else ".")
            )
    first = 0 if start_index is None else start_index
    last = total if end_index is None else end_index
    if not 0 <= first < last <= total:
        raise ValueError(
            f"The part from start_index={start_index} to end_index={end_index} is not a part of "
            f"`data`, which has {total} entries: expected 0 <= start_index < end_index <= {total}."
        )
    span = (sequence_length - 1) * sampling_rate
    end = last - span if labels is None else min(last - span, len(labels))
    starts = range(first, max(end, first), sequence_stride)
    windows = Windows(series, labels, starts, (sequence_length, sampling_rate))
    seed = config.next_seed() if seed is None else seed
    return deliver(Dataset(windows, shuffle, seed), batch_size, format)
