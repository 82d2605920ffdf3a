"""Accuracies: how often the prediction is the right answer."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import dtype_of
from kerata.losses.loss import as_labels, known_size, labels_and_scores, pair
from kerata.metrics.metric import Tensor
from kerata.metrics.reduction import MeanMetricWrapper


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the prediction equals the target, else 0.

    Args:
        y_true: targets, shape (batch, ...).
        y_pred: predictions, of the same shape.

    Returns:
        Values of the same shape.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> [float(value) for value in accuracy([1, 2], [1, 3])]
    [1.0, 0.0]
    """
    y_true, y_pred = pair("accuracy", y_true, y_pred)
    return ops.cast(ops.equal(y_true, y_pred), dtype_of(y_pred))


@register("metrics")
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """Return 1 where the prediction is on the right side of a threshold, else 0.

    Args:
        y_true: 0 or 1, shape (batch, ...).
        y_pred: probabilities, of the same shape.
        threshold: what a prediction must exceed to count as 1.

    Returns:
        Values of the same shape.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> [float(value) for value in kerata.metrics.binary_accuracy([1, 0], [0.7, 0.6])]
    [1.0, 0.0]
    """
    y_true, y_pred = pair("binary_accuracy", y_true, y_pred)
    answers = ops.cast(ops.greater(y_pred, threshold), dtype_of(y_pred))
    return ops.cast(ops.equal(y_true, answers), dtype_of(y_pred))


@register("metrics")
def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the largest prediction is at the largest target, else 0.

    Args:
        y_true: one-hot targets, shape (batch, ..., classes).
        y_pred: probabilities or scores, of the same shape.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> y_true, y_pred = [[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]
    >>> [float(value) for value in kerata.metrics.categorical_accuracy(y_true, y_pred)]
    [1.0, 0.0]
    """
    y_true, y_pred = pair("categorical_accuracy", y_true, y_pred)
    hits = ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1))
    return ops.cast(hits, dtype_of(y_pred))


@register("metrics")
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the largest prediction is at the right class, else 0.

    Args:
        y_true: class numbers, shape (batch, ...) or (batch, ..., 1).
        y_pred: probabilities or scores, shape (batch, ..., classes).

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the labels do not fit the predictions.

    >>> import kerata
    >>> y_true, y_pred = [1, 0], [[0.2, 0.8], [0.4, 0.6]]
    >>> [float(value) for value in kerata.metrics.sparse_categorical_accuracy(y_true, y_pred)]
    [1.0, 0.0]
    """
    labels, y_pred = labels_and_scores("sparse_categorical_accuracy", y_true, y_pred)
    return ops.cast(ops.equal(labels, ops.argmax(y_pred, axis=-1)), dtype_of(y_pred))


@register("metrics")
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Return 1 where the class of the largest target is among the top `k` predictions, else 0.

    Args:
        y_true: one-hot targets, shape (batch, ..., classes).
        y_pred: probabilities or scores, of the same shape.
        k: how many predictions count.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> y_true, y_pred = [[0, 0, 1]], [[0.5, 0.1, 0.4]]
    >>> float(kerata.metrics.top_k_categorical_accuracy(y_true, y_pred, k=2)[0])
    1.0
    """
    y_true, y_pred = pair("top_k_categorical_accuracy", y_true, y_pred)
    return _in_top_k(ops.argmax(y_true, axis=-1), y_pred, k)


@register("metrics")
def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Tensor:
    """Return 1 where the right class is among the top `k` predictions, else 0.

    Args:
        y_true: class numbers, shape (batch, ...) or (batch, ..., 1).
        y_pred: probabilities or scores, shape (batch, ..., classes).
        k: how many predictions count.
        from_sorted_ids: whether the predictions are class numbers instead, best first.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the labels do not fit the predictions.

    >>> import kerata
    >>> y_true, y_pred = [2], [[0.5, 0.1, 0.4]]
    >>> float(kerata.metrics.sparse_top_k_categorical_accuracy(y_true, y_pred, k=2)[0])
    1.0
    """
    name = "sparse_top_k_categorical_accuracy"
    labels, y_pred = labels_and_scores(name, y_true, y_pred)
    if not from_sorted_ids:
        return _in_top_k(labels, y_pred, k)
    best = as_labels(y_pred[..., :k], like=y_pred)
    hits = ops.any(ops.equal(best, ops.expand_dims(labels, -1)), axis=-1)
    return ops.cast(hits, dtype_of(y_pred))


def _in_top_k(labels: Tensor, scores: Tensor, k: int) -> Tensor:
    """Return 1 where fewer than `k` scores are above that of the label."""
    one_hot = ops.one_hot(labels, known_size(scores, -1), dtype=dtype_of(scores))
    right = ops.sum(ops.multiply(one_hot, scores), axis=-1, keepdims=True)
    above = ops.sum(ops.cast(ops.greater(scores, right), "int32"), axis=-1)
    return ops.cast(ops.less(above, k), dtype_of(scores))


@register("metrics", "acc")
class Accuracy(MeanMetricWrapper):
    """How often the predictions equal the targets.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.Accuracy()([[1], [2]], [[1], [3]]))
    0.5
    """

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name=name, dtype=dtype)


@register("metrics")
class BinaryAccuracy(MeanMetricWrapper):
    """How often the predictions are on the right side of a threshold.

    Args:
        name: the name in logs.
        dtype: see `Metric`.
        threshold: what a prediction must exceed to count as 1.

    >>> import kerata
    >>> float(kerata.metrics.BinaryAccuracy()([[1], [0]], [[0.7], [0.6]]))
    0.5
    """

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__(binary_accuracy, name=name, dtype=dtype, threshold=threshold)
        self.threshold = threshold


@register("metrics")
class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at the class of the one-hot target.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]))
    0.5
    """

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name=name, dtype=dtype)


@register("metrics")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at the right class number.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.4, 0.6]]))
    0.5
    """

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name=name, dtype=dtype)


@register("metrics")
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class of the one-hot target is among the top `k` predictions.

    Args:
        k: how many predictions count.
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.5, 0.1, 0.4]]))
    1.0
    """

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(top_k_categorical_accuracy, name=name, dtype=dtype, k=k)
        self.k = k


@register("metrics")
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class number is among the top `k` predictions.

    Args:
        k: how many predictions count.
        name: the name in logs.
        dtype: see `Metric`.
        from_sorted_ids: whether the predictions are class numbers instead, best first.

    >>> import kerata
    >>> float(kerata.metrics.SparseTopKCategoricalAccuracy(k=2)([2], [[0.5, 0.1, 0.4]]))
    1.0
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(
            sparse_top_k_categorical_accuracy,
            name=name,
            dtype=dtype,
            k=k,
            from_sorted_ids=from_sorted_ids,
        )
        self.k = k
        self.from_sorted_ids = from_sorted_ids
