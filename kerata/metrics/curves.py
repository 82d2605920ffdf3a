"""Metrics over all thresholds: the area under a curve, and the best point on one.

The state counts, for each threshold, how many positive and negative answers exceed it. A batch
is sorted into the intervals between thresholds once, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.core.variable import Variable
from kerata.losses.loss import known_size, pair, weights_for
from kerata.metrics.confusion import Answers, answers_of
from kerata.metrics.metric import Metric, Tensor, mask_of

# How far the outermost thresholds of a curve lie beyond 0 and 1.
_BEYOND = 1e-7


def even_thresholds(number: int) -> list[float]:
    """Return thresholds at equal distances from 0 to 1; the only one is 0.5.

    >>> even_thresholds(3)
    [0.0, 0.5, 1.0]
    """
    return [0.5] if number == 1 else [i / (number - 1) for i in range(number)]


def counts_over(answers: Answers, thresholds: Sequence[float], labels: int = 1) -> list[Tensor]:
    """Return how many positive and how many negative answers exceed each threshold.

    Args:
        answers: the answers; those of several labels take turns.
        thresholds: in ascending order.
        labels: how many labels there are.

    Returns:
        Two tensors of shape (thresholds, labels), weighted counts.
    """
    levels = np.asarray(thresholds, "float32")
    intervals = ops.cast(ops.searchsorted(levels, answers.scores, side="left"), "int32")
    if labels > 1:
        label = np.arange(known_size(answers.scores, 0), dtype="int32") % labels
        intervals = ops.add(ops.multiply(intervals, labels), label)
    counts = []
    for weights in (answers.positive, answers.negative):
        held = ops.segment_sum(weights, intervals, num_segments=(len(levels) + 1) * labels)
        held = ops.reshape(held, (len(levels) + 1, labels))
        # What exceeds a threshold is in one of the intervals above it.
        counts.append(ops.flip(ops.cumsum(ops.flip(held, axis=0), axis=0), axis=0)[1:])
    return counts


class _Curve(Metric):
    """A metric that keeps the confusion counts at each of many thresholds."""

    def _add_counts(self, shape: tuple[int, ...]) -> None:
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        self.false_positives = self.add_variable(shape, "zeros", name="false_positives")
        self.true_negatives = self.add_variable(shape, "zeros", name="true_negatives")
        self.false_negatives = self.add_variable(shape, "zeros", name="false_negatives")

    def _accumulate_counts(self, answers: Answers, levels: list[float], labels: int = 1) -> None:
        shape = self.true_positives.shape
        found, false = (ops.reshape(c, shape) for c in counts_over(answers, levels, labels))
        per_label = (-1, labels) if len(shape) == 2 else (-1,)
        positive = ops.sum(ops.reshape(answers.positive, per_label), axis=0)
        negative = ops.sum(ops.reshape(answers.negative, per_label), axis=0)
        self.accumulate(
            (self.true_positives, found),
            (self.false_positives, false),
            (self.false_negatives, ops.subtract(positive, found)),
            (self.true_negatives, ops.subtract(negative, false)),
        )

    def _share(self, part: Variable, rest: Variable) -> Tensor:
        """Return part / (part + rest), 0 of nothing."""
        return ops.divide_no_nan(part, ops.add(part, rest))


# -- the best point ----------------------------------------------------------------------------


class _BestPoint(_Curve):
    """The best value of one share where another is at least as large as asked for.

    `wanted` names the parameter; `kept` and `sought` name the two counts that each share is
    made of.
    """

    wanted: ClassVar[str]
    kept: ClassVar[tuple[str, str]]
    sought: ClassVar[tuple[str, str]]

    def _set_up(self, num_thresholds: int, class_id: int | None) -> None:
        value = getattr(self, self.wanted)
        if not 0 <= value <= 1:
            raise ValueError(f"`{self.wanted}` is {value!r}; expected a number from 0 to 1.")
        if num_thresholds <= 0:
            raise ValueError(f"`num_thresholds` is {num_thresholds!r}; expected 1 or more.")
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        self.thresholds = even_thresholds(num_thresholds)
        self._add_counts((num_thresholds,))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: 0 or 1, shape (batch, ...).
            y_pred: predictions from 0 to 1, of the same shape.
            sample_weight: a number, or an array of the shape of the first dimensions.
        """
        answers = answers_of(y_true, y_pred, sample_weight, self.dtype, class_id=self.class_id)
        self._accumulate_counts(answers, self.thresholds)

    def result(self) -> Tensor:
        """Return the best value; 0 if no threshold keeps what is asked for."""
        kept = self._share(*(getattr(self, name) for name in self.kept))
        sought = self._share(*(getattr(self, name) for name in self.sought))
        enough = ops.greater_equal(kept, getattr(self, self.wanted))
        return ops.max(ops.where(enough, sought, 0.0))


@register("metrics")
class SensitivityAtSpecificity(_BestPoint):
    """The best sensitivity (recall) at a specificity no worse than asked for.

    Args:
        specificity: the share of negatives to be predicted as such, from 0 to 1.
        num_thresholds: how many thresholds are tried.
        class_id: the entry of the last axis that is looked at; all by default.
        name: the name in logs.
        dtype: see `Metric`.

    Raises:
        ValueError: if `specificity` is not from 0 to 1, or there are no thresholds.

    >>> import kerata
    >>> metric = kerata.metrics.SensitivityAtSpecificity(0.5)
    >>> float(metric([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    wanted = "specificity"
    kept = ("true_negatives", "false_positives")
    sought = ("true_positives", "false_negatives")

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.specificity = specificity
        self._set_up(num_thresholds, class_id)


@register("metrics")
class SpecificityAtSensitivity(_BestPoint):
    """The best specificity at a sensitivity (recall) no worse than asked for.

    Args:
        sensitivity: the share of positives to be predicted as such, from 0 to 1.
        num_thresholds: how many thresholds are tried.
        class_id: the entry of the last axis that is looked at; all by default.
        name: the name in logs.
        dtype: see `Metric`.

    Raises:
        ValueError: if `sensitivity` is not from 0 to 1, or there are no thresholds.

    >>> import kerata
    >>> metric = kerata.metrics.SpecificityAtSensitivity(0.5)
    >>> round(float(metric([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])), 4)
    0.6667
    """

    wanted = "sensitivity"
    kept = ("true_positives", "false_negatives")
    sought = ("true_negatives", "false_positives")

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.sensitivity = sensitivity
        self._set_up(num_thresholds, class_id)


@register("metrics")
class PrecisionAtRecall(_BestPoint):
    """The best precision at a recall no worse than asked for.

    Args:
        recall: the share of positives to be predicted as such, from 0 to 1.
        num_thresholds: how many thresholds are tried.
        class_id: the entry of the last axis that is looked at; all by default.
        name: the name in logs.
        dtype: see `Metric`.

    Raises:
        ValueError: if `recall` is not from 0 to 1, or there are no thresholds.

    >>> import kerata
    >>> metric = kerata.metrics.PrecisionAtRecall(0.5)
    >>> float(metric([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    wanted = "recall"
    kept = ("true_positives", "false_negatives")
    sought = ("true_positives", "false_positives")

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.recall = recall
        self._set_up(num_thresholds, class_id)


@register("metrics")
class RecallAtPrecision(_BestPoint):
    """The best recall at a precision no worse than asked for.

    Args:
        precision: the share of positive predictions to be right, from 0 to 1.
        num_thresholds: how many thresholds are tried.
        class_id: the entry of the last axis that is looked at; all by default.
        name: the name in logs.
        dtype: see `Metric`.

    Raises:
        ValueError: if `precision` is not from 0 to 1, or there are no thresholds.

    >>> import kerata
    >>> metric = kerata.metrics.RecallAtPrecision(0.8)
    >>> float(metric([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
    0.5
    """

    wanted = "precision"
    kept = ("true_positives", "false_positives")
    sought = ("true_positives", "false_negatives")

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.precision = precision
        self._set_up(num_thresholds, class_id)


# -- the area ----------------------------------------------------------------------------------

CURVES = ("ROC", "PR", "PRGAIN")
SUMMATIONS = ("interpolation", "minoring", "majoring")


@register("metrics")
class AUC(_Curve):
    """The area under a curve of two shares, as the threshold goes from 1 to 0.

    Under the ROC curve it is the probability that a random positive gets a higher prediction
    than a random negative. The curve is followed at `num_thresholds` points.

    Args:
        num_thresholds: how many thresholds there are, at equal distances, more than 1.
        curve: `"ROC"`: the true positive rate over the false positive rate; `"PR"`: precision
            over recall; `"PRGAIN"`: precision gain over recall gain (Flach and Kull,
            "Precision-Recall-Gain Curves", 2015).
        summation_method: how the curve runs between two points: `"interpolation"` straight (for
            PR as the counts do: Davis and Goadrich, "The Relationship Between Precision-Recall
            and ROC Curves", 2006), `"minoring"` at the lower, `"majoring"` at the higher one.
        name: the name in logs.
        dtype: see `Metric`.
        thresholds: thresholds between 0 and 1, in place of `num_thresholds`; the outermost are
            added.
        multi_label: whether each column of the predictions has a curve of its own, the result
            being the mean of their areas.
        num_labels: how many columns there are, with `multi_label`; else told by the first batch.
        label_weights: the weight of each column: in the mean with `multi_label`, in the counts
            without.
        from_logits: whether the predictions are logits.

    Raises:
        ValueError: if an argument is none of these.

    >>> import kerata
    >>> float(kerata.metrics.AUC()([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
    0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._inner = _inner_thresholds(num_thresholds, thresholds)
        self._given_thresholds = thresholds is not None
        self.num_thresholds = len(self._inner) + 2
        self.curve = _one_of("curve", str(curve).upper(), CURVES)
        self.summation_method = _one_of("summation_method", str(summation_method), SUMMATIONS)
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else [float(w) for w in label_weights]
        self.from_logits = from_logits
        self.built = False
        if num_labels is not None and not multi_label:
            raise ValueError("`num_labels` is needed only with multi_label=True: leave it out.")
        if not multi_label or num_labels is not None:
            self._build_counts(num_labels)

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, ascending; the outermost lie just beyond 0 and 1."""
        return [-_BEYOND, *self._inner, 1.0 + _BEYOND]

    def _build_counts(self, labels: int | None) -> None:
        if labels is not None and self.label_weights and len(self.label_weights) != labels:
            raise ValueError(
                f"`label_weights` has {len(self.label_weights)} weights for {labels} labels. "
                "Give one for each."
            )
        self.num_labels = labels
        points = (self.num_thresholds,)
        self._add_counts(points if labels is None else (*points, labels))
        self.built = True

    def build(self, y_true_shape: Sequence[int | None], y_pred_shape: Sequence[int | None]) -> None:
        """Make the counts, one column for each label.

        Raises:
            ValueError: if with `multi_label` the predictions have not shape (batch, labels).
        """
        if not self.multi_label:
            return
        labels = y_pred_shape[-1] if len(y_pred_shape) == 2 else None
        if labels is None or self.num_labels not in (None, labels):
            raise ValueError(
                f"AUC(multi_label=True, num_labels={self.num_labels}) takes predictions of shape "
                f"(batch, labels), got {tuple(y_pred_shape)}."
            )
        if not self.built:
            self._build_counts(labels)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: 0 or 1, shape (batch, ...).
            y_pred: predictions from 0 to 1 (or logits), of the same shape.
            sample_weight: a number, or an array of the shape of the first dimensions.

        Raises:
            ValueError: if the shapes do not fit.
        """
        mask = mask_of(y_true, y_pred)
        y_true, y_pred = pair("accuracy", y_true, y_pred)
        self.build(shape_of(y_true), shape_of(y_pred))
        weights = weights_for(y_pred, sample_weight, mask)
        if self.label_weights is not None and not self.multi_label:
            label_weights = ops.multiply(ops.ones_like(y_pred), self.label_weights)
            weights = label_weights if weights is None else ops.multiply(weights, label_weights)
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        answers = answers_of(y_true, y_pred, weights, self.dtype)
        self._accumulate_counts(answers, self.thresholds, self.num_labels or 1)

    def result(self) -> Tensor:
        """Return the area; with `multi_label` the (weighted) mean of those of the labels."""
        if not self.built:
            return ops.zeros((), dtype=self.dtype)
        return self._averaged(self._areas())

    def interpolate_pr_auc(self) -> Tensor:
        """Return the area under the PR curve, along which counts grow evenly between thresholds.

        With `multi_label`, the (weighted) mean of those of the labels.

        Source: Davis and Goadrich, "The Relationship Between Precision-Recall and ROC Curves"
        (2006).
        """
        return self._averaged(self._interpolated_pr_areas())

    def _averaged(self, areas: Tensor) -> Tensor:
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return ops.mean(areas)
        weights = np.asarray(self.label_weights, "float32")
        return ops.divide(ops.sum(ops.multiply(areas, weights)), float(weights.sum()))

    def _areas(self) -> Tensor:
        """Return the area under the curve of each label."""
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._interpolated_pr_areas()
        x, y = self._points()
        left, right = y[1:], y[:-1]
        if self.summation_method == "interpolation":
            height = ops.multiply(ops.add(left, right), 0.5)
        elif self.summation_method == "minoring":
            height = ops.minimum(left, right)
        else:
            height = ops.maximum(left, right)
        return ops.sum(ops.multiply(ops.subtract(x[:-1], x[1:]), height), axis=0)

    def _points(self) -> tuple[Tensor, Tensor]:
        """Return the two coordinates of the curve at each threshold, from right to left."""
        recall = self._share(self.true_positives, self.false_negatives)
        if self.curve == "ROC":
            return self._share(self.false_positives, self.true_negatives), recall
        if self.curve == "PR":
            return recall, self._share(self.true_positives, self.false_positives)
        return self._gains()

    def _gains(self) -> tuple[Tensor, Tensor]:
        """Return recall gain (from 0 on) and precision gain: `1 - P / N * wrong / tp` each."""
        positives = ops.add(self.true_positives, self.false_negatives)
        negatives = ops.add(self.true_negatives, self.false_positives)
        odds = ops.divide_no_nan(positives, negatives)
        missed = ops.divide_no_nan(self.false_negatives, self.true_positives)
        false = ops.divide_no_nan(self.false_positives, self.true_positives)
        recall_gain = ops.maximum(ops.subtract(1.0, ops.multiply(odds, missed)), 0.0)
        # Without any true positive it is minus infinity, which counts as 0.
        recall_gain = ops.where(ops.greater(self.true_positives, 0.0), recall_gain, 0.0)
        return recall_gain, ops.subtract(1.0, ops.multiply(odds, false))

    def _interpolated_pr_areas(self) -> Tensor:
        """Return the areas under PR curves along which both counts grow evenly between points.

        With tp = a + b p over a segment, where p = tp + fp: the integral of tp / p over tp is
        b (tp1 - tp0 + a log(p1 / p0)), to be divided by the number of positives.
        """
        tp, fn = self.true_positives.value, self.false_negatives.value
        p = ops.add(tp, self.false_positives)
        tp_step = ops.subtract(tp[:-1], tp[1:])
        p_step = ops.subtract(p[:-1], p[1:])
        slope = ops.divide_no_nan(tp_step, ops.maximum(p_step, 0.0))
        intercept = ops.subtract(tp[1:], ops.multiply(slope, p[1:]))
        # A segment that starts at p = 0 passes through the origin: its intercept is 0.
        begins = ops.logical_and(ops.greater(p[:-1], 0.0), ops.greater(p[1:], 0.0))
        ratio = ops.where(begins, ops.divide_no_nan(p[:-1], p[1:]), 1.0)
        gained = ops.multiply(slope, ops.add(tp_step, ops.multiply(intercept, ops.log(ratio))))
        positives = ops.add(tp[1:], fn[1:])
        return ops.sum(ops.divide_no_nan(gained, positives), axis=0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain data."""
        config = super().get_config()
        # Thresholds that were given are told without the outermost two, as they were given.
        if self._given_thresholds:
            return {**config, "thresholds": list(self._inner)}
        config.pop("thresholds")
        return config


def _inner_thresholds(number: int, thresholds: Sequence[float] | None) -> list[float]:
    """Return the thresholds between the outermost two, ascending."""
    if thresholds is None:
        if number <= 1:
            raise ValueError(f"`num_thresholds` is {number!r}; expected an integer above 1.")
        return even_thresholds(number)[1:-1]
    if any(not 0 <= t <= 1 for t in thresholds):
        raise ValueError("AUC: `thresholds` must all be between 0 and 1.")
    return sorted(float(t) for t in thresholds)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"`{name}` is {value!r}; expected one of {', '.join(map(repr, allowed))}.")
    return value
