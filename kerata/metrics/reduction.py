"""Sums and means over all values seen, and means of functions of targets and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata import ops
from kerata.core import masks, serialization
from kerata.core.primitive import convert
from kerata.core.registry import register
from kerata.core.spec import ndim_of, shape_of
from kerata.losses.loss import as_columns, as_tensor, both_masks, weights_for
from kerata.metrics.metric import Metric, Tensor, mask_of


@register("metrics")
class Sum(Metric):
    """The (weighted) sum of all values seen.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> metric = kerata.metrics.Sum()
    >>> metric.update_state([1.0, 3.0])
    >>> float(metric([5.0], sample_weight=[0.5]))
    6.5
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Args:
            values: a number or an array.
            sample_weight: a number, or an array whose shape is that of the first dimensions of
                `values`.
        """
        values = convert(values)
        mask = masks.of(values)
        values = as_tensor(values, self.dtype)
        weights = weights_for(values, sample_weight, mask)
        if weights is not None:
            values = ops.multiply(values, weights)
        self.accumulate((self.total, ops.sum(values)))

    def result(self) -> Tensor:
        """Return the sum."""
        return self.total.value


@register("metrics")
class Mean(Metric):
    """The (weighted) mean of all values seen, each row of the first axis counting once.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> metric = kerata.metrics.Mean()
    >>> metric.update_state([1.0, 3.0])
    >>> float(metric([8.0]))
    4.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Args:
            values: a number or an array, shape (batch, ...).
            sample_weight: a number, or an array whose shape is that of the first dimensions of
                `values`.
        """
        values = convert(values)
        self.add(values, sample_weight, masks.of(values))

    def add(self, values: Tensor, sample_weight: Any, mask: Any) -> None:
        """Add values of shape (batch, ...), weighted and masked over their first dimensions."""
        values = as_tensor(values, self.dtype)
        if ndim_of(values) == 0:
            mask = None  # one number for a whole batch has dealt with the mask already
        if sample_weight is None and mask is None:
            count = shape_of(values)[0] if ndim_of(values) else 1
            self.accumulate((self.total, _sum_of_rows(values)), (self.count, count))
        elif ndim_of(values) == 0 and ndim_of(sample_weight) == 0:
            total = ops.multiply(values, sample_weight)
            self.accumulate((self.total, total), (self.count, sample_weight))
        else:
            self._add_weighted(values, sample_weight, mask)

    def _add_weighted(self, values: Tensor, sample_weight: Any, mask: Any) -> None:
        rank = max(ndim_of(w) for w in (sample_weight, mask) if w is not None)
        if ndim_of(values) > rank:
            values = ops.mean(values, axis=tuple(range(rank, ndim_of(values))))
        weights = weights_for(values, sample_weight, mask)
        if shape_of(weights) != shape_of(values):
            # A weight that stands for a whole row weighs each of its values.
            weights = ops.broadcast_to(weights, shape_of(values))
        total = _sum_of_rows(ops.multiply(values, weights))
        self.accumulate((self.total, total), (self.count, _sum_of_rows(weights)))

    def result(self) -> Tensor:
        """Return the mean; 0 if nothing was seen."""
        return ops.divide_no_nan(self.total, self.count)


def _sum_of_rows(values: Tensor) -> Tensor:
    """Return the sum over the first axis, of the means over the others."""
    rank = ndim_of(values)
    if rank == 0:
        return values
    return ops.sum(ops.mean(values, axis=tuple(range(1, rank))) if rank > 1 else values)


@register("metrics")
class MeanMetricWrapper(Mean):
    """The mean, over all samples seen, of a function of targets and predictions.

    Args:
        fn: a function `(y_true, y_pred, **kwargs)` that returns one value per sample.
        name: the name in logs.
        dtype: see `Metric`.
        **kwargs: further arguments of `fn`.

    >>> import kerata
    >>> metric = kerata.metrics.MeanMetricWrapper(kerata.losses.huber, name="huber", delta=2.0)
    >>> float(metric([[0.0]], [[3.0]]))
    4.0
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.fn = fn
        self.fn_kwargs = kwargs

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add a batch.

        Args:
            y_true: the targets.
            y_pred: the predictions; a mask attached to them, or to the targets, is obeyed.
            sample_weight: a number, or an array of the shape of the samples' values or of its
                first dimensions.
        """
        values = convert(self._values(y_true, y_pred))
        mask = both_masks(mask_of(y_true, y_pred), masks.of(values))
        self.add(values, sample_weight, mask)

    def _values(self, y_true: Any, y_pred: Any) -> Tensor:
        return self.fn(y_true, y_pred, **self.fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain data."""
        config = super().get_config()
        if "fn" not in config:
            return config
        return {
            **config,
            "fn": serialization.serialize(self.fn),
            **serialization.serialize(self.fn_kwargs),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return a new instance built from what `get_config` returned."""
        return cls(**serialization.deserialize(config))


class MeanLoss(MeanMetricWrapper):
    """The mean of a loss function, for which a vector is a batch of single numbers."""

    def _values(self, y_true: Any, y_pred: Any) -> Tensor:
        return super()._values(*as_columns(y_true, y_pred))
