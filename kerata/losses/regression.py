"""Losses of predicted numbers: errors, their squares, logarithms and directions."""

from __future__ import annotations

import math
from typing import Any

from kerata import ops
from kerata.core.config import epsilon
from kerata.core.registry import register
from kerata.losses.loss import Loss, Tensor, pair


@register("losses", "mse", "MSE")
def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of the squared errors over the last axis.

    Args:
        y_true: targets, shape (batch, ..., d).
        y_pred: predictions, of the same shape.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> float(kerata.losses.mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]])[0])
    2.5
    """
    y_true, y_pred = pair("mean_squared_error", y_true, y_pred)
    return ops.mean(ops.square(ops.subtract(y_pred, y_true)), axis=-1)


@register("losses", "mae", "MAE")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of the absolute errors over the last axis.

    Args:
        y_true: targets, shape (batch, ..., d).
        y_pred: predictions, of the same shape.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> float(kerata.losses.mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]])[0])
    1.5
    """
    y_true, y_pred = pair("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.abs(ops.subtract(y_pred, y_true)), axis=-1)


@register("losses", "mape", "MAPE")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return `100 |y_true - y_pred| / max(|y_true|, epsilon)`, averaged over the last axis.

    Args:
        y_true: targets, shape (batch, ..., d).
        y_pred: predictions, of the same shape.

    Returns:
        Values of shape (batch, ...), in percent.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> float(kerata.losses.mean_absolute_percentage_error([[4.0]], [[5.0]])[0])
    25.0
    """
    y_true, y_pred = pair("mean_absolute_percentage_error", y_true, y_pred)
    size = ops.maximum(ops.abs(y_true), epsilon())
    error = ops.abs(ops.divide(ops.subtract(y_true, y_pred), size))
    return ops.multiply(ops.mean(error, axis=-1), 100.0)


@register("losses", "msle", "MSLE")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of `(log(1 + y_true) - log(1 + y_pred))^2` over the last axis.

    Values below epsilon count as epsilon.

    Args:
        y_true: targets, shape (batch, ..., d).
        y_pred: predictions, of the same shape.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> loss = kerata.losses.mean_squared_logarithmic_error([[0.0]], [[1.0]])
    >>> round(float(loss[0]), 4)
    0.4805
    """
    y_true, y_pred = pair("mean_squared_logarithmic_error", y_true, y_pred)
    log_true = ops.log1p(ops.maximum(y_true, epsilon()))
    log_pred = ops.log1p(ops.maximum(y_pred, epsilon()))
    return ops.mean(ops.square(ops.subtract(log_true, log_pred)), axis=-1)


@register("losses", "huber_loss")
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """Return the Huber loss, averaged over the last axis: squares near 0, lines beyond `delta`.

    With the error `e`: `e^2 / 2` where `|e| <= delta`, else `delta |e| - delta^2 / 2`.
    P. Huber, "Robust Estimation of a Location Parameter", 1964.

    Args:
        y_true: targets, shape (batch, ..., d).
        y_pred: predictions, of the same shape.
        delta: where the square turns into a line.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> float(kerata.losses.huber([[0.0, 0.0]], [[1.0, 3.0]])[0])
    1.5
    """
    y_true, y_pred = pair("huber", y_true, y_pred)
    error = ops.abs(ops.subtract(y_pred, y_true))
    # With the error cut at delta, c (|e| - c / 2) is both cases at once.
    cut = ops.minimum(error, delta)
    halved = ops.subtract(error, ops.multiply(cut, 0.5))
    return ops.mean(ops.multiply(cut, halved), axis=-1)


@register("losses", "logcosh")
def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """Return `log(cosh(y_pred - y_true))`, averaged over the last axis.

    About half the squared error near 0, and the absolute error less `log 2` far from it.

    Args:
        y_true: targets, shape (batch, ..., d).
        y_pred: predictions, of the same shape.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> round(float(kerata.losses.log_cosh([[0.0]], [[1.0]])[0]), 4)
    0.4338
    """
    y_true, y_pred = pair("log_cosh", y_true, y_pred)
    error = ops.subtract(y_pred, y_true)
    # log(cosh e) = e + log(1 + exp(-2 e)) - log 2, which does not overflow.
    folded = ops.add(error, ops.softplus(ops.multiply(error, -2.0)))
    return ops.mean(ops.subtract(folded, math.log(2.0)), axis=-1)


@register("losses")
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return minus the cosine of the angle between targets and predictions.

    -1 for the same direction, 0 for a right angle or a zero vector, 1 for opposite directions.

    Args:
        y_true: targets, shape (batch, ..., d).
        y_pred: predictions, of the same shape.
        axis: the axis of the vectors.

    Returns:
        Values of the shape without `axis`.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> round(float(kerata.losses.cosine_similarity([[1.0, 0.0]], [[3.0, 4.0]])[0]), 4)
    -0.6
    """
    return ops.negative(cosine("cosine_similarity", y_true, y_pred, axis))


def cosine(name: str, y_true: Any, y_pred: Any, axis: int) -> Tensor:
    """Return the cosine of the angle between targets and predictions; 0 for zero vectors."""
    y_true, y_pred = pair(name, y_true, y_pred)
    return ops.sum(ops.multiply(_unit(y_true, axis), _unit(y_pred, axis)), axis=axis)


def _unit(x: Tensor, axis: int) -> Tensor:
    """Return vectors scaled to length 1; those shorter than epsilon stay shorter than that."""
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return ops.multiply(x, ops.rsqrt(ops.maximum(squares, epsilon() ** 2)))


@register("losses")
class MeanSquaredError(Loss):
    """The mean of the squared errors.

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> float(kerata.losses.MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]]))
    2.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return mean_squared_error(y_true, y_pred)


@register("losses")
class MeanAbsoluteError(Loss):
    """The mean of the absolute errors.

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> float(kerata.losses.MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]]))
    1.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return mean_absolute_error(y_true, y_pred)


@register("losses")
class MeanAbsolutePercentageError(Loss):
    """The mean of the absolute errors in percent of the targets.

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> float(kerata.losses.MeanAbsolutePercentageError()([[4.0]], [[5.0]]))
    25.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return mean_absolute_percentage_error(y_true, y_pred)


@register("losses")
class MeanSquaredLogarithmicError(Loss):
    """The mean of the squared differences of `log(1 + x)`.

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.MeanSquaredLogarithmicError()([[0.0]], [[1.0]])), 4)
    0.4805
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return mean_squared_logarithmic_error(y_true, y_pred)


@register("losses")
class Huber(Loss):
    """The Huber loss: squared for small errors, linear for large ones.

    Args:
        delta: where the square turns into a line.
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> float(kerata.losses.Huber(delta=2.0)([[0.0]], [[3.0]]))
    4.0
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.delta = delta

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return huber(y_true, y_pred, self.delta)


@register("losses")
class LogCosh(Loss):
    """The logarithm of the hyperbolic cosine of the errors.

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.LogCosh()([[0.0]], [[1.0]])), 4)
    0.4338
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return log_cosh(y_true, y_pred)


@register("losses")
class CosineSimilarity(Loss):
    """Minus the cosine of the angle between targets and predictions: -1 is best.

    Args:
        axis: the axis of the vectors.
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.CosineSimilarity()([[1.0, 0.0]], [[3.0, 4.0]])), 4)
    -0.6
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return cosine_similarity(y_true, y_pred, self.axis)
