"""Correlations between targets and predictions, along one axis of each sample."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.config import epsilon
from kerata.core.registry import register
from kerata.losses.loss import pair
from kerata.metrics.metric import Tensor
from kerata.metrics.reduction import MeanMetricWrapper


@register("metrics")
def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return Pearson's correlation between targets and predictions along an axis.

    Their covariance divided by their standard deviations, from -1 to 1.

    Args:
        y_true: targets, shape (batch, ..., d).
        y_pred: predictions, of the same shape.
        axis: the axis along which they are correlated.

    Returns:
        Values of the shape without `axis`; NaN where either is constant.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> y_true, y_pred = [[0.0, 1.0, 2.0]], [[0.0, 1.0, 5.0]]
    >>> round(float(kerata.metrics.pearson_correlation(y_true, y_pred)[0]), 4)
    0.9449
    """
    y_true, y_pred = pair("pearson_correlation", y_true, y_pred)
    true, pred = _centred(y_true, axis), _centred(y_pred, axis)
    variances = ops.multiply(_mean_product(true, true, axis), _mean_product(pred, pred, axis))
    return ops.divide(_mean_product(true, pred, axis), ops.sqrt(variances))


@register("metrics")
def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return the concordance correlation between targets and predictions along an axis.

    `2 cov(t, p) / (var(t) + var(p) + (mean(t) - mean(p))^2)`: 1 only if they are equal. L. Lin,
    "A Concordance Correlation Coefficient to Evaluate Reproducibility", 1989.

    Args:
        y_true: targets, shape (batch, ..., d).
        y_pred: predictions, of the same shape.
        axis: the axis along which they are correlated.

    Returns:
        Values of the shape without `axis`.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> y_true, y_pred = [[0.0, 1.0, 2.0]], [[0.0, 1.0, 5.0]]
    >>> round(float(kerata.metrics.concordance_correlation(y_true, y_pred)[0]), 4)
    0.5263
    """
    y_true, y_pred = pair("concordance_correlation", y_true, y_pred)
    true, pred = _centred(y_true, axis), _centred(y_pred, axis)
    spread = ops.add(_mean_product(true, true, axis), _mean_product(pred, pred, axis))
    shift = ops.square(ops.mean(ops.subtract(y_true, y_pred), axis=axis))
    below = ops.add(ops.add(spread, shift), epsilon())
    return ops.divide(ops.multiply(_mean_product(true, pred, axis), 2.0), below)


def _centred(x: Tensor, axis: int) -> Tensor:
    return ops.subtract(x, ops.mean(x, axis=axis, keepdims=True))


def _mean_product(first: Tensor, second: Tensor, axis: int) -> Tensor:
    return ops.mean(ops.multiply(first, second), axis=axis)


@register("metrics")
class PearsonCorrelation(MeanMetricWrapper):
    """The mean, over the samples, of Pearson's correlation of targets and predictions.

    Args:
        name: the name in logs.
        dtype: see `Metric`.
        axis: the axis along which they are correlated.

    >>> import kerata
    >>> metric = kerata.metrics.PearsonCorrelation()
    >>> round(float(metric([[0.0, 1.0, 2.0]], [[0.0, 1.0, 5.0]])), 4)
    0.9449
    """

    def __init__(
        self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(pearson_correlation, name=name, dtype=dtype, axis=axis)
        self.axis = axis


@register("metrics")
class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean, over the samples, of the concordance correlation of targets and predictions.

    Args:
        name: the name in logs.
        dtype: see `Metric`.
        axis: the axis along which they are correlated.

    >>> import kerata
    >>> metric = kerata.metrics.ConcordanceCorrelation()
    >>> round(float(metric([[0.0, 1.0, 2.0]], [[0.0, 1.0, 5.0]])), 4)
    0.5263
    """

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(concordance_correlation, name=name, dtype=dtype, axis=axis)
        self.axis = axis
