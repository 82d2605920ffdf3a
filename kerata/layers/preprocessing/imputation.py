"""Imputation and MissingIndicator: what stands in the place of missing entries, and where they are.

Both are computed on the host, before the data reach an engine: models that begin with them take
rows with gaps in any spelling, `None`, NaN, `pandas.NA` or empty text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kerata.core.context import forget_constants
from kerata.core.registry import register
from kerata.core.spec import TensorSpec
from kerata.core.variable import numpy_dtype
from kerata.layers.preprocessing.adaptation import batches_of
from kerata.layers.preprocessing.host_layer import HostLayer
from kerata.layers.preprocessing.raw_columns import as_texts, finite_numbers, gaps_of

_STATISTICS: dict[str, Callable] = {"median": np.nanmedian, "mean": np.nanmean}


@register("layers")
class Imputation(HostLayer):
    """Puts a value in the place of missing entries: learned by `adapt`, or one that is given.

    Args:
        strategy: `"median"` or `"mean"` of the numbers that are there, for each position of the
            last axis; or `"constant"`.
        fill_value: a number, one number for each position of the last axis, or a text. Needed for
            `"constant"`; otherwise it is what `adapt` learned.

    Input: numbers or text of any shape with missing entries: `None`, NaN, `pandas.NA`, `""`.
    Infinite numbers count as missing. Text is read as numbers unless `fill_value` is text.
    Output: the same shape, in the layer's dtype or text.

    >>> import kerata
    >>> layer = kerata.layers.Imputation("median")
    >>> layer.adapt([[1.0], [None], [5.0], [2.0]])
    >>> layer([[None], [7.0]]).tolist()
    [[2.0], [7.0]]
    >>> kerata.layers.Imputation("constant", fill_value="?")(["a", None]).tolist()
    ['a', '?']
    """

    takes_gaps = True

    def __init__(self, strategy: str = "median", fill_value: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if strategy not in (*_STATISTICS, "constant"):
            raise ValueError(
                f"Imputation got strategy={strategy!r}; expected 'median', 'mean' or 'constant'."
            )
        if strategy == "constant" and fill_value is None:
            raise ValueError("Imputation('constant') needs a `fill_value`: a number or a text.")
        if strategy != "constant" and isinstance(fill_value, str):
            raise ValueError(f"Text has no {strategy}: use Imputation('constant', fill_value=...).")
        self.strategy = strategy
        is_text = fill_value is None or isinstance(fill_value, str)
        self.fill_value = fill_value if is_text else np.asarray(fill_value, np.float64).tolist()

    @property
    def gives_text(self) -> bool:
        """Whether entries are text."""
        return isinstance(self.fill_value, str)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn what to put in the place of missing entries.

        Args:
            data: an array, a list, a column of a data frame, or a source of batches.
            steps: how many batches to take of a source; all by default.

        Raises:
            ValueError: if the value was given, or all entries of a position are missing.
        """
        if self.strategy == "constant":
            raise ValueError(
                f"Layer {self.name!r} was given its `fill_value`, so it cannot learn one: use "
                "strategy='median' or 'mean'."
            )
        batches = [finite_numbers(batch) for batch in batches_of(data, steps)]
        numbers = np.concatenate([batch.reshape(-1, _width(batch)) for batch in batches])
        empty = np.flatnonzero(np.isnan(numbers).all(axis=0))
        if len(empty):
            raise ValueError(
                f"The data given to {self.name!r} hold no numbers at position {empty[0]} of the "
                f"last axis: nothing to take the {self.strategy} of. Leave that column out."
            )
        found = _STATISTICS[self.strategy](numbers, axis=0)
        self.fill_value = found.tolist() if batches[0].ndim > 1 else float(found[0])
        forget_constants()

    def output_spec(self, *shapes: tuple) -> TensorSpec:
        """Return the spec of the output for an input shape."""
        return TensorSpec(shapes[0], "string" if self.gives_text else self.compute_dtype)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        """Return an array without gaps.

        Raises:
            ValueError: if nothing was learned yet.
        """
        if self.fill_value is None:
            raise ValueError(
                f"Layer {self.path!r} does not know what to put in the place of missing entries: "
                "call `adapt(data)` first."
            )
        if self.gives_text:
            texts = as_texts(arrays[0])
            return np.where(gaps_of(texts), self.fill_value, texts) if self.fill_value else texts
        numbers = finite_numbers(arrays[0])
        filled = np.where(np.isnan(numbers), np.asarray(self.fill_value), numbers)
        return filled.astype(numpy_dtype(self.compute_dtype))


@register("layers")
class MissingIndicator(HostLayer):
    """Returns 1 where an entry is missing, 0 elsewhere.

    That something is not known may tell as much as its value: ages were written down for those who
    survived.

    Input: numbers or text of any shape with missing entries: `None`, NaN, infinity, `pandas.NA`,
    `""`. Output: the same shape, in the layer's dtype.

    >>> import kerata
    >>> kerata.layers.MissingIndicator()([[None], [7.0]]).tolist()
    [[1.0], [0.0]]
    """

    takes_gaps = True

    def output_spec(self, *shapes: tuple) -> TensorSpec:
        """Return the spec of the output for an input shape."""
        return TensorSpec(shapes[0], self.compute_dtype)

    def compute(self, *arrays: np.ndarray) -> np.ndarray:
        """Return where entries are missing."""
        return gaps_of(arrays[0]).astype(numpy_dtype(self.compute_dtype))


def _width(array: np.ndarray) -> int:
    return array.shape[-1] if array.ndim > 1 else 1
