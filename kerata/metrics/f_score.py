"""F-scores: the harmonic mean of precision and recall of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.losses.loss import as_tensor, known_size, pair, weights_for
from kerata.metrics.metric import Metric, Tensor, mask_of

AVERAGES = (None, "micro", "macro", "weighted")


@register("metrics")
class FBetaScore(Metric):
    """The weighted harmonic mean of precision and recall, for each class.

    `(1 + beta^2) precision recall / (beta^2 precision + recall)`.

    Args:
        average: what becomes of the classes' scores: `None` one for each; `"macro"` their mean;
            `"weighted"` their mean weighted by how often each class is true; `"micro"` the
            score of all answers together.
        beta: how many times as important recall is as precision.
        threshold: what a prediction must exceed to count as 1; by default only the largest
            of a sample does.
        name: the name in logs.
        dtype: see `Metric`.

    Raises:
        ValueError: if there is no such average, `beta` is not above 0, or `threshold` is not a
            number.

    >>> import kerata
    >>> metric = kerata.metrics.FBetaScore(beta=2.0, threshold=0.5)
    >>> score = metric([[1, 0], [1, 1]], [[0.9, 0.2], [0.3, 0.8]])
    >>> [round(float(value), 4) for value in score]
    [0.5556, 1.0]
    """

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if average not in AVERAGES:
            raise ValueError(
                f"`average` is {average!r}; expected one of {', '.join(map(repr, AVERAGES))}."
            )
        if not isinstance(beta, (int, float)) or beta <= 0:
            raise ValueError(f"`beta` is {beta!r}; expected a number above 0, such as beta=1.0.")
        if threshold is not None and not isinstance(threshold, (int, float)):
            raise ValueError(f"`threshold` is {threshold!r}; expected a number or None.")
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self.built = False

    def build(self, y_true_shape: Sequence[int | None], y_pred_shape: Sequence[int | None]) -> None:
        """Make the counts, one for each class.

        Raises:
            ValueError: if the predictions have not shape (batch, classes).
        """
        if self.built:
            return
        if len(y_pred_shape) != 2 or y_pred_shape[1] is None:
            raise ValueError(
                f"{type(self).__name__} takes predictions of shape (batch, classes), got "
                f"{tuple(y_pred_shape)}. Reshape them to two dimensions."
            )
        shape = () if self.average == "micro" else (y_pred_shape[1],)
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        self.false_positives = self.add_variable(shape, "zeros", name="false_positives")
        self.false_negatives = self.add_variable(shape, "zeros", name="false_negatives")
        self.built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: 0 or 1, shape (batch, classes).
            y_pred: predictions, of the same shape.
            sample_weight: a number, or an array of shape (batch,).

        Raises:
            ValueError: if the shapes do not fit.
        """
        mask = mask_of(y_true, y_pred)
        y_true, y_pred = pair("accuracy", y_true, y_pred)
        self.build(shape_of(y_true), shape_of(y_pred))
        y_true, answers = as_tensor(y_true, self.dtype), self._answers(y_pred)
        weights = weights_for(y_true, sample_weight, mask)
        right = ops.multiply(y_true, answers)
        true_positives = self._total(right, weights)
        self.accumulate(
            (self.true_positives, true_positives),
            (self.false_positives, ops.subtract(self._total(answers, weights), true_positives)),
            (self.false_negatives, ops.subtract(self._total(y_true, weights), true_positives)),
        )

    def _answers(self, y_pred: Tensor) -> Tensor:
        """Return 1 where a class is predicted, else 0."""
        if self.threshold is not None:
            return ops.cast(ops.greater(y_pred, self.threshold), self.dtype)
        return ops.one_hot(ops.argmax(y_pred, axis=-1), known_size(y_pred, -1), dtype=self.dtype)

    def _total(self, values: Tensor, weights: Tensor | None) -> Tensor:
        if weights is not None:
            values = ops.multiply(values, weights)
        return ops.sum(values, axis=None if self.average == "micro" else 0)

    def result(self) -> Tensor:
        """Return the score, or one score for each class; 0 if nothing was seen."""
        if not self.built:
            return ops.zeros((), dtype=self.dtype)
        squared = self.beta**2
        right = ops.multiply(self.true_positives, 1.0 + squared)
        missed = ops.multiply(self.false_negatives, squared)
        every = ops.add(ops.add(right, missed), self.false_positives)
        score = ops.divide_no_nan(right, every)
        if self.average == "macro":
            return ops.mean(score)
        if self.average == "weighted":
            true = ops.add(self.true_positives, self.false_negatives)
            return ops.divide_no_nan(ops.sum(ops.multiply(score, true)), ops.sum(true))
        return score


@register("metrics")
class F1Score(FBetaScore):
    """The harmonic mean of precision and recall, for each class.

    Args:
        average: what becomes of the classes' scores; see `FBetaScore`.
        threshold: what a prediction must exceed to count as 1; by default only the largest
            of a sample does.
        name: the name in logs.
        dtype: see `Metric`.

    Raises:
        ValueError: if there is no such average, or `threshold` is not a number.

    >>> import kerata
    >>> metric = kerata.metrics.F1Score(threshold=0.5)
    >>> score = metric([[1, 0], [1, 1]], [[0.9, 0.2], [0.3, 0.8]])
    >>> [round(float(value), 4) for value in score]
    [0.6667, 1.0]
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)
