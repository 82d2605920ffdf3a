"""DateEncoding: dates and times as numbers that a network can use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core.context import forget_constants
from kerata.core.registry import register
from kerata.core.spec import TensorSpec
from kerata.core.variable import numpy_dtype
from kerata.layers.preprocessing.adaptation import batches_of
from kerata.layers.preprocessing.host_layer import HostLayer
from kerata.layers.preprocessing.raw_columns import as_dates

_DAY = 86_400.0
#: the lengths of cycles in days
_CYCLES = {"day": 1.0, "week": 7.0, "year": 365.2425}


@register("layers")
class DateEncoding(HostLayer):
    """Turns dates into how late they are, and where they are in the day, the week and the year.

    The first number is the days since the mean date, divided by their standard deviation, both
    learned by `adapt`. Each cycle adds the sine and the cosine of the date's place in it, so that
    the 31st of December is as near to the 1st of January as this is to the 2nd. A missing date is
    zeros, which is no place in a cycle.

    Args:
        cycles: some of `"day"`, `"week"`, `"year"`.
        mean: days since 1970-01-01 that become 0; by default learned.
        deviation: days that become 1; by default learned.

    Input: dates `(batch,)` or `(batch, 1)`: `datetime64`, or text as in ISO 8601.
    Output: `(batch, 1 + 2 * len(cycles))`, in the layer's dtype.

    >>> import kerata
    >>> layer = kerata.layers.DateEncoding(cycles=["year"])
    >>> layer.adapt(["2024-01-01", "2024-01-15"])
    >>> numbers = layer(["2024-01-15", ""])
    >>> numbers.shape, numbers[:, 0].tolist()
    ((2, 3), [1.0, 0.0])
    """

    takes_gaps = True

    def __init__(
        self,
        cycles: Sequence[str] = ("day", "week", "year"),
        mean: float | None = None,
        deviation: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        unknown = [cycle for cycle in cycles if cycle not in _CYCLES]
        if isinstance(cycles, str) or unknown:
            raise ValueError(f"DateEncoding got cycles={cycles!r}; expected some of {[*_CYCLES]}.")
        if (mean is None) != (deviation is None):
            raise ValueError("DateEncoding takes `mean` and `deviation` together, or none of them.")
        self.cycles = list(cycles)
        self.mean = mean
        self.deviation = deviation

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn mean and deviation.

        Args:
            data: an array, a list, a column of a data frame, or a source of batches.
            steps: how many batches to take of a source; all by default.

        Raises:
            ValueError: if there are no dates.
        """
        days = np.concatenate([_days(batch).ravel() for batch in batches_of(data, steps)])
        days = days[~np.isnan(days)]
        if not days.size:
            raise ValueError(f"The data given to {self.name!r} hold no dates: nothing to learn.")
        self.mean = float(days.mean())
        self.deviation = float(days.std()) or 1.0
        forget_constants()

    def output_spec(self, *shapes: tuple) -> TensorSpec:
        """Return the spec of the output for an input shape."""
        return TensorSpec((*shapes[0][:1], 1 + 2 * len(self.cycles)), self.compute_dtype)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        """Return dates as numbers.

        Raises:
            ValueError: if nothing was learned yet.
        """
        if self.mean is None or self.deviation is None:
            raise ValueError(
                f"Layer {self.path!r} does not know the mean date yet: call `adapt(dates)` first."
            )
        days = _days(arrays[0]).reshape(-1)
        angles = [2 * np.pi * days / _CYCLES[cycle] for cycle in self.cycles]
        places = [place for angle in angles for place in (np.sin(angle), np.cos(angle))]
        columns = np.stack([(days - self.mean) / self.deviation, *places], axis=1)
        columns = np.where(np.isnan(days)[:, None], 0.0, columns)
        return columns.astype(numpy_dtype(self.compute_dtype))


def _days(dates: Any) -> np.ndarray:
    """Return days since 1970, NaN for missing dates."""
    moments = as_dates(dates)
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / _DAY)
