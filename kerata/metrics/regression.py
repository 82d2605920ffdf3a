"""Metrics of predicted numbers: errors, directions, and the share of variance explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import ndim_of, shape_of
from kerata.losses.loss import as_columns, known_size, pair, weights_for
from kerata.losses.regression import (
    cosine,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from kerata.metrics.metric import Metric, Tensor, mask_of
from kerata.metrics.reduction import MeanLoss


@register("metrics", "mse", "MSE")
class MeanSquaredError(MeanLoss):
    """The mean of the squared errors.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]]))
    2.5
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_error, name=name, dtype=dtype)


@register("metrics", "mae", "MAE")
class MeanAbsoluteError(MeanLoss):
    """The mean of the absolute errors.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]]))
    1.5
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_error, name=name, dtype=dtype)


@register("metrics", "mape", "MAPE")
class MeanAbsolutePercentageError(MeanLoss):
    """The mean of the absolute errors in percent of the targets.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.MeanAbsolutePercentageError()([[4.0]], [[5.0]]))
    25.0
    """

    def __init__(
        self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_absolute_percentage_error, name=name, dtype=dtype)


@register("metrics", "msle", "MSLE")
class MeanSquaredLogarithmicError(MeanLoss):
    """The mean of the squared differences of `log(1 + x)`.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> round(float(kerata.metrics.MeanSquaredLogarithmicError()([[0.0]], [[1.0]])), 4)
    0.4805
    """

    def __init__(
        self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, name=name, dtype=dtype)


@register("metrics", "logcosh")
class LogCoshError(MeanLoss):
    """The mean of the logarithms of the hyperbolic cosine of the errors.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> round(float(kerata.metrics.LogCoshError()([[0.0]], [[1.0]])), 4)
    0.4338
    """

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(log_cosh, name=name, dtype=dtype)


@register("metrics", "rmse", "RMSE")
class RootMeanSquaredError(MeanLoss):
    """The square root of the mean of the squared errors.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.RootMeanSquaredError()([[0.0], [0.0]], [[1.0], [7.0]]))
    5.0
    """

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_error, name=name, dtype=dtype)

    def result(self) -> Tensor:
        """Return the root of the mean."""
        return ops.sqrt(super().result())


@register("metrics")
class CosineSimilarity(MeanLoss):
    """The mean cosine of the angle between targets and predictions: 1 is best.

    Args:
        name: the name in logs.
        dtype: see `Metric`.
        axis: the axis of the vectors.

    >>> import kerata
    >>> metric = kerata.metrics.CosineSimilarity()
    >>> round(float(metric([[1.0, 0.0]], [[3.0, 4.0]])), 4)
    0.6
    """

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(_cosine_similarity, name=name, dtype=dtype, axis=axis)
        self.axis = axis


def _cosine_similarity(y_true: Any, y_pred: Any, axis: int) -> Tensor:
    return cosine("cosine_similarity", y_true, y_pred, axis)


AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


@register("metrics")
class R2Score(Metric):
    """The share of the targets' variance that the predictions explain.

    `1 - sum((y_true - y_pred)^2) / sum((y_true - mean(y_true))^2)` for each output. A constant
    target has no variance: its score is 1 if it is predicted exactly, else 0.

    Args:
        class_aggregation: what becomes of the outputs' scores: `"uniform_average"` their mean,
            `"variance_weighted_average"` their mean weighted by the targets' variances, `None`
            one score for each.
        num_regressors: the number of inputs the model uses; above 0 the score is adjusted for it
            (where `n` is large enough): `1 - (1 - R2) (n - 1) / (n - num_regressors - 1)`, with
            `n` the number of target values.
        name: the name in logs.
        dtype: see `Metric`.

    Raises:
        ValueError: if there is no such aggregation, or `num_regressors` is negative.

    >>> import kerata
    >>> round(float(kerata.metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
    0.5714
    """

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        if class_aggregation not in AGGREGATIONS:
            raise ValueError(
                f"`class_aggregation` is {class_aggregation!r}; expected one of "
                f"{', '.join(map(repr, AGGREGATIONS))}."
            )
        if num_regressors < 0:
            raise ValueError(f"`num_regressors` is {num_regressors}; expected 0 or more.")
        super().__init__(name=name, dtype=dtype)
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self.built = False

    def build(self, y_true_shape: Sequence[int | None], y_pred_shape: Sequence[int | None]) -> None:
        """Make the sums, one for each output.

        Raises:
            ValueError: if the predictions have not shape (batch, outputs).
        """
        if self.built:
            return
        size = y_pred_shape[1] if len(y_pred_shape) == 2 else 1
        if len(y_pred_shape) > 2 or size is None:
            raise ValueError(
                f"R2Score takes predictions of shape (batch, outputs), got {tuple(y_pred_shape)}. "
                "Reshape them to two dimensions."
            )
        self.squared_sum = self.add_variable((size,), "zeros", name="squared_sum")
        self.sum = self.add_variable((size,), "zeros", name="sum")
        self.residual = self.add_variable((size,), "zeros", name="residual")
        self.count = self.add_variable((size,), "zeros", name="count")
        self.built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: targets, shape (batch, outputs).
            y_pred: predictions, of the same shape.
            sample_weight: a number, or an array of shape (batch,) or (batch, outputs).

        Raises:
            ValueError: if the shapes do not fit.
        """
        mask = mask_of(y_true, y_pred)
        y_true, y_pred = pair("r2_score", *as_columns(y_true, y_pred))
        self.build(shape_of(y_true), shape_of(y_pred))
        weights = weights_for(y_true, sample_weight, mask)
        if weights is None:
            weights = ops.ones_like(y_true)
        elif ndim_of(weights) != 2 or shape_of(weights) != shape_of(y_true):
            weights = ops.broadcast_to(weights, shape_of(y_true))
        weighted = ops.multiply(y_true, weights)
        error = ops.multiply(ops.square(ops.subtract(y_true, y_pred)), weights)
        self.accumulate(
            (self.sum, ops.sum(weighted, axis=0)),
            (self.squared_sum, ops.sum(ops.multiply(y_true, weighted), axis=0)),
            (self.residual, ops.sum(error, axis=0)),
            (self.count, ops.sum(weights, axis=0)),
            (self.num_samples, known_size(y_true, 0) * known_size(y_true, 1)),
        )

    def result(self) -> Tensor:
        """Return the score, or one score for each output; 0 if nothing was seen."""
        if not self.built:
            return self.num_samples.value
        mean = ops.divide_no_nan(self.sum, self.count)
        variance = ops.subtract(self.squared_sum, ops.multiply(self.sum, mean))
        score = self._scores(variance)
        if self.class_aggregation == "uniform_average":
            score = ops.mean(score)
        elif self.class_aggregation == "variance_weighted_average":
            weighted = ops.sum(ops.multiply(score, variance))
            score = ops.divide_no_nan(weighted, ops.sum(variance))
        return self._adjusted(score) if self.num_regressors else score

    def _scores(self, variance: Tensor) -> Tensor:
        """Return the score of each output; where nothing varies, whether it was exact."""
        explained = ops.subtract(1.0, ops.divide_no_nan(self.residual, variance))
        seen_exact = ops.logical_and(ops.equal(self.residual, 0.0), ops.greater(self.count, 0.0))
        constant = ops.cast(seen_exact, self.dtype)
        return ops.where(ops.greater(variance, 0.0), explained, constant)

    def _adjusted(self, score: Tensor) -> Tensor:
        """Return the score adjusted for the number of regressors, if there are samples enough."""
        freedom = ops.subtract(self.num_samples, self.num_regressors + 1)
        ratio = ops.divide_no_nan(ops.subtract(self.num_samples, 1), freedom)
        adjusted = ops.subtract(1.0, ops.multiply(ops.subtract(1.0, score), ratio))
        return ops.where(ops.greater(freedom, 0), adjusted, score)
