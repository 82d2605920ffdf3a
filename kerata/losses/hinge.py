"""Maximum-margin losses: predictions are scores, and being right by a margin is enough."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.losses.loss import Loss, Tensor, pair


@register("losses")
def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of `max(1 - y_true y_pred, 0)` over the last axis.

    Args:
        y_true: -1 or 1, shape (batch, ..., d); labels that are all 0 or 1 are taken as -1 and 1.
        y_pred: scores, of the same shape.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> float(kerata.losses.hinge([[0.0, 1.0]], [[0.5, 0.5]])[0])
    1.0
    """
    return ops.mean(_shortfall("hinge", y_true, y_pred), axis=-1)


@register("losses")
def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of `max(1 - y_true y_pred, 0)^2` over the last axis.

    Args:
        y_true: -1 or 1, shape (batch, ..., d); labels that are all 0 or 1 are taken as -1 and 1.
        y_pred: scores, of the same shape.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> float(kerata.losses.squared_hinge([[0.0, 1.0]], [[0.5, 0.5]])[0])
    1.25
    """
    return ops.mean(ops.square(_shortfall("squared_hinge", y_true, y_pred)), axis=-1)


@register("losses")
def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return how much the best score of the wrong classes comes within 1 of the right one.

    `max(max((1 - y_true) y_pred) - sum(y_true y_pred) + 1, 0)` over the last axis.

    Args:
        y_true: one-hot targets, shape (batch, ..., classes).
        y_pred: scores, of the same shape.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> float(kerata.losses.categorical_hinge([[0, 1]], [[0.5, 0.75]])[0])
    0.75
    """
    y_true, y_pred = pair("categorical_hinge", y_true, y_pred)
    right = ops.multiply(y_true, y_pred)
    wrong = ops.max(ops.subtract(y_pred, right), axis=-1)
    margin = ops.subtract(wrong, ops.sum(right, axis=-1))
    return ops.relu(ops.add(margin, 1.0))


def _shortfall(name: str, y_true: Any, y_pred: Any) -> Tensor:
    """Return `max(1 - y_true y_pred, 0)` with labels of -1 and 1."""
    y_true, y_pred = pair(name, y_true, y_pred)
    score = ops.multiply(_signed(y_true), y_pred)
    return ops.relu(ops.subtract(1.0, score))


def _signed(labels: Tensor) -> Tensor:
    """Return labels of -1 and 1 for labels that are all 0 or 1; others unchanged."""
    zero_or_one = ops.all(ops.equal(labels, ops.square(labels)))
    return ops.where(zero_or_one, ops.subtract(ops.multiply(labels, 2.0), 1.0), labels)


@register("losses")
class Hinge(Loss):
    """The hinge loss of scores for labels of -1 and 1 (or 0 and 1).

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> float(kerata.losses.Hinge()([[0.0, 1.0]], [[0.5, 0.5]]))
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return hinge(y_true, y_pred)


@register("losses")
class SquaredHinge(Loss):
    """The square of the hinge loss, for labels of -1 and 1 (or 0 and 1).

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> float(kerata.losses.SquaredHinge()([[0.0, 1.0]], [[0.5, 0.5]]))
    1.25
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return squared_hinge(y_true, y_pred)


@register("losses")
class CategoricalHinge(Loss):
    """The hinge loss of scores for one-hot targets.

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> float(kerata.losses.CategoricalHinge()([[0, 1]], [[0.5, 0.75]]))
    0.75
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return categorical_hinge(y_true, y_pred)
