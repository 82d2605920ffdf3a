"""Counts of right and wrong answers at thresholds, and precision and recall made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import dtype_of
from kerata.losses.loss import pair, weights_for
from kerata.metrics.metric import Metric, Tensor, mask_of

Thresholds = float | Sequence[float] | None


class Answers(NamedTuple):
    """Yes-or-no answers laid out flat.

    Attributes:
        positive: the weight of each answer whose label is positive, else 0; shape (n,).
        negative: the weight of each answer whose label is negative, else 0; shape (n,).
        scores: the predictions, shape (n,).
    """

    positive: Tensor
    negative: Tensor
    scores: Tensor


def answers_of(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    dtype: str,
    top_k: int | None = None,
    class_id: int | None = None,
) -> Answers:
    """Return targets and predictions of any shape as weighted yes-or-no answers.

    Args:
        y_true: labels, shape (batch, ...); all but 0 are positive.
        y_pred: predictions, of the same shape.
        sample_weight: an array of the shape of the first dimensions, a number, or `None`.
        dtype: the dtype of the weights.
        top_k: how many of the predictions along the last axis may count as positive.
        class_id: the one entry of the last axis that is looked at; all by default.
    """
    mask = mask_of(y_true, y_pred)
    y_true, y_pred = pair("accuracy", y_true, y_pred)
    if top_k is not None:
        y_pred = _only_top_k(y_pred, top_k)
    if class_id is not None:
        y_true, y_pred = y_true[..., class_id], y_pred[..., class_id]
    positive = ops.cast(ops.not_equal(y_true, 0), dtype)
    negative = ops.subtract(1.0, positive)
    weights = weights_for(positive, sample_weight, mask)
    if weights is not None:
        positive, negative = ops.multiply(positive, weights), ops.multiply(negative, weights)
    return Answers(*(ops.reshape(x, (-1,)) for x in (positive, negative, y_pred)))


def _only_top_k(scores: Tensor, k: int) -> Tensor:
    """Return scores of which all but the top `k` of the last axis are below any threshold."""
    smallest = ops.top_k(scores, k)[0][..., -1:]
    return ops.where(ops.greater_equal(scores, smallest), scores, _NEVER)


# Below any threshold, in the range of float16.
_NEVER = -1e4
#: the threshold that every score but `_NEVER` exceeds: with `top_k`, being among them is enough
ALWAYS = -1e3


def parsed_thresholds(thresholds: Thresholds, default: float = 0.5) -> list[float]:
    """Return thresholds as a list.

    Raises:
        ValueError: if one is not between 0 and 1.

    >>> parsed_thresholds(None), parsed_thresholds(0.3)
    ([0.5], [0.3])
    """
    if thresholds is None:
        return [default]
    found = list(thresholds) if isinstance(thresholds, (Sequence, np.ndarray)) else [thresholds]
    if not found or any(t is None or not 0 <= t <= 1 for t in found):
        raise ValueError(
            f"`thresholds` is {thresholds!r}; expected one or more numbers between 0 and 1."
        )
    return [float(t) for t in found]


def counts_above(answers: Answers, thresholds: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Return how many positive and how many negative answers exceed each threshold.

    Returns:
        Two tensors of shape (thresholds,): true positives and false positives, weighted.
    """
    levels = np.asarray(thresholds, "float32")[:, None]
    above = ops.greater(ops.expand_dims(answers.scores, 0), levels)
    above = ops.cast(above, dtype_of(answers.positive))
    return ops.matmul(above, answers.positive), ops.matmul(above, answers.negative)


def none_or_single(values: Tensor, thresholds: Sequence[float]) -> Tensor:
    """Return one value where there is one threshold, else one for each."""
    return values[0] if len(thresholds) == 1 else values


# -- the four counts ---------------------------------------------------------------------------


class _Count(Metric):
    """The (weighted) number of answers of one kind, at each threshold."""

    def __init__(self, thresholds: Thresholds = None, name: str | None = None, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.thresholds = thresholds
        self._levels = parsed_thresholds(thresholds)
        self.accumulator = self.add_variable((len(self._levels),), "zeros", name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: 0 or 1, any shape.
            y_pred: predictions, of the same shape.
            sample_weight: a number, or an array of the shape of the first dimensions.
        """
        answers = answers_of(y_true, y_pred, sample_weight, self.dtype)
        self.accumulate((self.accumulator, self._count(answers)))

    def _count(self, answers: Answers) -> Tensor:
        raise TypeError(f"{type(self).__name__} does not say what it counts.")

    def result(self) -> Tensor:
        """Return the number: one if there is one threshold, else one for each."""
        return none_or_single(self.accumulator.value, self._levels)


@register("metrics")
class TruePositives(_Count):
    """The (weighted) number of positives that are predicted as such.

    Args:
        thresholds: what a prediction must exceed to count as positive: one number or several
            between 0 and 1; 0.5 by default.
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.TruePositives()([1, 1, 0], [0.9, 0.2, 0.8]))
    1.0
    """

    def _count(self, answers: Answers) -> Tensor:
        return counts_above(answers, self._levels)[0]


@register("metrics")
class FalsePositives(_Count):
    """The (weighted) number of negatives that are predicted as positives.

    Args:
        thresholds: what a prediction must exceed to count as positive: one number or several
            between 0 and 1; 0.5 by default.
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.FalsePositives()([1, 1, 0], [0.9, 0.2, 0.8]))
    1.0
    """

    def _count(self, answers: Answers) -> Tensor:
        return counts_above(answers, self._levels)[1]


@register("metrics")
class FalseNegatives(_Count):
    """The (weighted) number of positives that are predicted as negatives.

    Args:
        thresholds: what a prediction must exceed to count as positive: one number or several
            between 0 and 1; 0.5 by default.
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.FalseNegatives()([1, 1, 0], [0.9, 0.2, 0.8]))
    1.0
    """

    def _count(self, answers: Answers) -> Tensor:
        found = counts_above(answers, self._levels)[0]
        return ops.subtract(ops.sum(answers.positive), found)


@register("metrics")
class TrueNegatives(_Count):
    """The (weighted) number of negatives that are predicted as such.

    Args:
        thresholds: what a prediction must exceed to count as positive: one number or several
            between 0 and 1; 0.5 by default.
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> float(kerata.metrics.TrueNegatives()([1, 0, 0], [0.9, 0.2, 0.8]))
    1.0
    """

    def _count(self, answers: Answers) -> Tensor:
        found = counts_above(answers, self._levels)[1]
        return ops.subtract(ops.sum(answers.negative), found)


# -- precision and recall ----------------------------------------------------------------------


class _Share(Metric):
    """The share of true positives among all answers of a kind, at each threshold."""

    others: ClassVar[str]

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        self._levels = parsed_thresholds(thresholds, default=0.5 if top_k is None else ALWAYS)
        shape = (len(self._levels),)
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        setattr(self, self.others, self.add_variable(shape, "zeros", name=self.others))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: 0 or 1, shape (batch, ...).
            y_pred: predictions, of the same shape.
            sample_weight: a number, or an array of the shape of the first dimensions.
        """
        answers = answers_of(
            y_true, y_pred, sample_weight, self.dtype, self.top_k, self.class_id
        )
        found, false = counts_above(answers, self._levels)
        if self.others == "false_negatives":
            false = ops.subtract(ops.sum(answers.positive), found)
        self.accumulate((self.true_positives, found), (getattr(self, self.others), false))

    def result(self) -> Tensor:
        """Return the share, 0 of nothing: one if there is one threshold, else one for each."""
        every = ops.add(self.true_positives, getattr(self, self.others))
        return none_or_single(ops.divide_no_nan(self.true_positives, every), self._levels)


@register("metrics")
class Precision(_Share):
    """The share of the positive predictions that are right.

    Args:
        thresholds: what a prediction must exceed to count as positive: one number or several
            between 0 and 1; 0.5 by default (none with `top_k`).
        top_k: how many predictions of the last axis may count as positive.
        class_id: the entry of the last axis that is looked at; all by default.
        name: the name in logs.
        dtype: see `Metric`.

    Raises:
        ValueError: if a threshold is not between 0 and 1.

    >>> import kerata
    >>> float(kerata.metrics.Precision()([1, 1, 0], [0.9, 0.2, 0.8]))
    0.5
    """

    others = "false_positives"


@register("metrics")
class Recall(_Share):
    """The share of the positives that are predicted as such.

    Args:
        thresholds: what a prediction must exceed to count as positive: one number or several
            between 0 and 1; 0.5 by default (none with `top_k`).
        top_k: how many predictions of the last axis may count as positive.
        class_id: the entry of the last axis that is looked at; all by default.
        name: the name in logs.
        dtype: see `Metric`.

    Raises:
        ValueError: if a threshold is not between 0 and 1.

    >>> import kerata
    >>> float(kerata.metrics.Recall()([1, 1, 0, 1], [0.9, 0.2, 0.8, 0.1])) < 0.34
    True
    """

    others = "false_negatives"
