"""Discretization: numbers as the indices of bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.core.context import forget_constants
from kerata.core.registry import register
from kerata.layers.layer import Layer
from kerata.layers.preprocessing.adaptation import batches_of
from kerata.layers.preprocessing.categories import check_dense, check_mode, encoded
from kerata.layers.preprocessing.text_arrays import as_array


@register("layers")
class Discretization(Layer):
    """Puts numbers into bins, whose boundaries are given or learned by `adapt`.

    Args:
        bin_boundaries: increasing numbers; bin `i` holds what is at least boundary `i - 1` and
            less than boundary `i`. NaN is put into the last bin.
        num_bins: how many equally filled bins to learn.
        epsilon: kept for Keras' signature: how far learned boundaries may be off. They are exact.
        output_mode: `"int"`: the bins; `"one_hot"`, `"multi_hot"`, `"count"`: vectors with a
            number for each bin, as `CategoryEncoding` makes them.
        sparse: kept for Keras' signature; output is dense.

    Input: numbers of any shape. Output: int32 for `"int"`, otherwise the layer's dtype.

    Source: boundaries are quantiles by interpolation of the empirical distribution function,
    definition 4 of Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996).

    >>> import kerata
    >>> kerata.layers.Discretization(bin_boundaries=[0.0, 1.0])([-1.5, 0.5, 3.0]).tolist()
    [0, 1, 2]
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        check_mode("Discretization", output_mode, ("int", "one_hot", "multi_hot", "count"))
        check_dense("Discretization", sparse)
        if bin_boundaries is None and num_bins is None:
            raise ValueError("Discretization needs either `num_bins` or `bin_boundaries`.")
        if num_bins is not None and num_bins < 1:
            raise ValueError(f"Discretization got num_bins={num_bins}; expected 1 or more.")
        self.bin_boundaries = None if bin_boundaries is None else _increasing(bin_boundaries)
        if num_bins is not None and bin_boundaries is not None:
            if len(self.bin_boundaries or ()) != num_bins - 1:
                raise ValueError(
                    f"Discretization got num_bins={num_bins} and {len(bin_boundaries)} boundaries; "
                    "give one of them."
                )
        self.num_bins = num_bins
        self.epsilon = epsilon
        self.output_mode = output_mode
        self.sparse = sparse
        self.reset_state()

    # -- learning --------------------------------------------------------------------------

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn boundaries between which there are equally many values; NaN is left out.

        Args:
            data: an array, a list, a column of a data frame, or a source of batches.
            steps: how many batches to take of a source; all by default.

        Raises:
            ValueError: if the boundaries were given.
        """
        if self.num_bins is None:
            raise ValueError(
                f"Layer {self.name!r} was given its boundaries, so it cannot learn them: make a "
                "layer with `num_bins`."
            )
        self.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forget the values of `update_state`."""
        self._values: list[np.ndarray] = []

    def update_state(self, data: Any) -> None:
        """Take the values of a batch into account."""
        self._values.append(np.asarray(as_array(data), np.float32).ravel())

    def finalize_state(self) -> None:
        """Set the boundaries by all values so far; without any, nothing changes."""
        values = np.concatenate([*self._values, np.zeros(0, np.float32)])
        values = values[~np.isnan(values)]
        if self.num_bins is None or not values.size:
            return
        shares = np.arange(1, self.num_bins) / self.num_bins
        found = np.quantile(values, shares, method="interpolated_inverted_cdf")
        self.bin_boundaries = found.astype(np.float32).tolist()
        forget_constants()

    # -- computing -------------------------------------------------------------------------

    @property
    def output_dtype(self) -> str:
        """Dtype of the output."""
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def call(self, inputs: Any) -> Any:
        """Return the bins of numbers, or their encoding.

        Raises:
            ValueError: if there are no boundaries yet.
        """
        if self.bin_boundaries is None:
            raise ValueError(
                f"Layer {self.path!r} has no boundaries yet: call `adapt(data)` first, or give "
                "`bin_boundaries`."
            )
        bins = ops.digitize(ops.cast(inputs, "float32"), np.float32(self.bin_boundaries))
        bins = ops.cast(bins, "int32")
        if self.output_mode == "int":
            return bins
        depth = len(self.bin_boundaries) + 1
        return encoded(bins, self.output_mode, depth, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the boundaries that were learned."""
        return {
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.compute_dtype,
        }


def _increasing(boundaries: Any) -> list[float]:
    numbers = np.asarray(boundaries, np.float64)
    if numbers.ndim != 1 or (np.diff(numbers) < 0).any():
        raise ValueError(f"`bin_boundaries` is {boundaries!r}; expected increasing numbers.")
    return numbers.tolist()
