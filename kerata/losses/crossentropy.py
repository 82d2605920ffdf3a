"""Cross-entropies: losses of predicted probabilities, for two classes, many, or soft targets.

Probabilities are cut to [epsilon, 1 - epsilon] before their logarithm is taken. With
`from_logits=True` the predictions are raw scores, and the loss is computed from them without
forming probabilities, which is faster and does not lose precision: prefer it.
"""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core import masks
from kerata.core.config import epsilon
from kerata.core.registry import register
from kerata.core.spec import dtype_of
from kerata.losses.loss import (
    Loss,
    Tensor,
    as_labels,
    as_tensor,
    known_size,
    labels_and_scores,
    pair,
)


@register("losses", "bce", "BCE")
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return `-y_true log(y_pred) - (1 - y_true) log(1 - y_pred)`, averaged over `axis`.

    Args:
        y_true: 0 or 1, or probabilities, shape (batch, ..., d).
        y_pred: probabilities, of the same shape; with `from_logits`, their logits.
        from_logits: whether the predictions are logits.
        label_smoothing: how far targets are drawn from 0 and 1 towards 1/2, from 0 to 1.
        axis: the axis to average over.

    Returns:
        Values of the shape without `axis`.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> round(float(kerata.losses.binary_crossentropy([[1, 0]], [[0.5, 0.5]])[0]), 4)
    0.6931
    """
    y_true, y_pred = pair("binary_crossentropy", y_true, y_pred)
    y_true = _smoothed(y_true, label_smoothing, 2)
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


@register("losses")
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the binary cross-entropy times `(1 - p)^gamma`, averaged over `axis`.

    `p` is the probability given to the right answer, so that what is right already counts little.
    Lin et al., "Focal Loss for Dense Object Detection", 2017.

    Args:
        y_true: 0 or 1, or probabilities, shape (batch, ..., d).
        y_pred: probabilities, of the same shape; with `from_logits`, their logits.
        apply_class_balancing: whether ones weigh `alpha` and zeros `1 - alpha`.
        alpha: the weight of ones.
        gamma: how little the easy samples count; 0 is plain cross-entropy.
        from_logits: whether the predictions are logits.
        label_smoothing: how far targets are drawn from 0 and 1 towards 1/2, from 0 to 1.
        axis: the axis to average over.

    Returns:
        Values of the shape without `axis`.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> round(float(kerata.losses.binary_focal_crossentropy([[1.0]], [[0.5]])[0]), 4)
    0.1733
    """
    y_true, y_pred = pair("binary_focal_crossentropy", y_true, y_pred)
    y_true = _smoothed(y_true, label_smoothing, 2)
    entropy = ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits)
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    wrong = ops.add(p, ops.multiply(y_true, ops.subtract(1.0, ops.multiply(p, 2.0))))
    weight = ops.power(wrong, gamma)
    if apply_class_balancing:
        balance = ops.add(ops.multiply(y_true, 2.0 * alpha - 1.0), 1.0 - alpha)
        weight = ops.multiply(weight, balance)
    return ops.mean(ops.multiply(weight, entropy), axis=axis)


@register("losses")
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return `-sum(y_true log(y_pred))` over the classes.

    Args:
        y_true: one-hot targets or probabilities, shape (batch, ..., classes).
        y_pred: probabilities, of the same shape (scaled to sum to 1); with `from_logits`,
            scores of any size.
        from_logits: whether the predictions are scores before a softmax.
        label_smoothing: the share of each target that is spread evenly over all classes.
        axis: the axis of the classes.

    Returns:
        Values of the shape without `axis`.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> round(float(kerata.losses.categorical_crossentropy([[0, 1]], [[0.5, 0.5]])[0]), 4)
    0.6931
    """
    y_true, y_pred = pair("categorical_crossentropy", y_true, y_pred)
    y_true = _smoothed(y_true, label_smoothing, known_size(y_pred, axis))
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


@register("losses")
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return `-sum(alpha (1 - y_pred)^gamma y_true log(y_pred))` over the classes.

    Lin et al., "Focal Loss for Dense Object Detection", 2017, for many classes.

    Args:
        y_true: one-hot targets or probabilities, shape (batch, ..., classes).
        y_pred: probabilities, of the same shape (scaled to sum to 1); with `from_logits`,
            scores of any size.
        alpha: the weight of each class: a number, or one for each class.
        gamma: how little the easy samples count; 0 is plain cross-entropy.
        from_logits: whether the predictions are scores before a softmax.
        label_smoothing: the share of each target that is spread evenly over all classes.
        axis: the axis of the classes.

    Returns:
        Values of the shape without `axis`.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> loss = kerata.losses.categorical_focal_crossentropy([[0, 1]], [[0.5, 0.5]])
    >>> round(float(loss[0]), 4)
    0.0433
    """
    y_true, y_pred = pair("categorical_focal_crossentropy", y_true, y_pred)
    y_true = _smoothed(y_true, label_smoothing, known_size(y_pred, axis))
    if from_logits:
        y_pred = ops.softmax(y_pred, axis=axis)
    p = ops.divide(y_pred, ops.sum(y_pred, axis=axis, keepdims=True))
    p = ops.clip(p, epsilon(), 1.0 - epsilon())
    weight = ops.multiply(ops.power(ops.subtract(1.0, p), gamma), alpha)
    entropy = ops.multiply(y_true, ops.log(p))
    return ops.negative(ops.sum(ops.multiply(weight, entropy), axis=axis))


@register("losses")
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """Return `-log` of the probability given to the right class.

    Args:
        y_true: class numbers, the shape of the predictions without `axis`; a last axis of
            size 1 is allowed.
        y_pred: probabilities, shape (batch, ..., classes) (scaled to sum to 1); with
            `from_logits`, scores of any size.
        from_logits: whether the predictions are scores before a softmax.
        ignore_class: a class number, which need not be one of the classes, whose samples get
            the value 0 and count as masked.
        axis: the axis of the classes.

    Returns:
        Values of the shape without `axis`.

    Raises:
        ValueError: if the labels do not fit the predictions.

    >>> import kerata
    >>> round(float(kerata.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]])[0]), 4)
    0.6931
    """
    labels, y_pred = labels_and_scores("sparse_categorical_crossentropy", y_true, y_pred, axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(
            labels, y_pred, from_logits=from_logits, axis=axis
        )
    counted = ops.not_equal(labels, ignore_class)
    labels = ops.where(counted, labels, 0)
    values = ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits, axis=axis)
    values = ops.where(counted, values, 0.0)
    masks.attach(values, counted)
    return values


@register("losses")
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    """Return `(1 - p^q) / q`, with `p` the probability given to the right class.

    Between the cross-entropy (q near 0) and the mean absolute error (q = 1), which wrong labels
    disturb less. Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural
    Networks with Noisy Labels", 2018.

    Args:
        y_true: class numbers, shape (batch, ...).
        y_pred: probabilities, shape (batch, ..., classes).
        q: between 0 and 1.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the labels do not fit the predictions.

    >>> import kerata
    >>> loss = kerata.losses.categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5)
    >>> float(loss[0])
    1.0
    """
    labels, y_pred = labels_and_scores("categorical_generalized_cross_entropy", y_true, y_pred)
    one_hot = ops.one_hot(labels, known_size(y_pred, -1), dtype=dtype_of(y_pred))
    p = ops.sum(ops.multiply(one_hot, y_pred), axis=-1)
    return ops.divide(ops.subtract(1.0, ops.power(p, q)), q)


@register("losses", "kld", "KLD", "kullback_leibler_divergence")
def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """Return `sum(y_true log(y_true / y_pred))` over the last axis.

    How far the predicted distribution is from the true one, in nats.

    Args:
        y_true: probabilities, shape (batch, ..., classes).
        y_pred: probabilities, of the same shape.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> round(float(kerata.losses.kl_divergence([[1.0, 0.0]], [[0.5, 0.5]])[0]), 4)
    0.6931
    """
    y_true, y_pred = pair("kl_divergence", y_true, y_pred)
    y_true = ops.clip(y_true, epsilon(), 1.0)
    y_pred = ops.clip(y_pred, epsilon(), 1.0)
    return ops.sum(ops.multiply(y_true, ops.log(ops.divide(y_true, y_pred))), axis=-1)


@register("losses")
def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """Return `y_pred - y_true log(y_pred)`, averaged over the last axis.

    The negative log-likelihood of counts, but for a constant, when `y_pred` is their expectation.

    Args:
        y_true: counts, shape (batch, ..., d).
        y_pred: expected counts, of the same shape.

    Returns:
        Values of shape (batch, ...).

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> round(float(kerata.losses.poisson([[1.0]], [[1.0]])[0]), 4)
    1.0
    """
    y_true, y_pred = pair("poisson", y_true, y_pred)
    log = ops.log(ops.add(y_pred, epsilon()))
    return ops.mean(ops.subtract(y_pred, ops.multiply(y_true, log)), axis=-1)


def _smoothed(y_true: Tensor, smoothing: float, classes: int) -> Tensor:
    """Return targets of which a share is spread evenly over the classes."""
    if not smoothing:
        return y_true
    return ops.add(ops.multiply(y_true, 1.0 - smoothing), smoothing / classes)


@register("losses")
class BinaryCrossentropy(Loss):
    """The cross-entropy of yes-or-no questions.

    Args:
        from_logits: whether the predictions are logits instead of probabilities.
        label_smoothing: how far targets are drawn from 0 and 1 towards 1/2, from 0 to 1.
        axis: the axis to average over.
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.BinaryCrossentropy()([[1, 0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return binary_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


@register("losses")
class BinaryFocalCrossentropy(Loss):
    """The cross-entropy of yes-or-no questions in which easy samples count little.

    Args:
        apply_class_balancing: whether ones weigh `alpha` and zeros `1 - alpha`.
        alpha: the weight of ones.
        gamma: how little the easy samples count; 0 is plain cross-entropy.
        from_logits: whether the predictions are logits instead of probabilities.
        label_smoothing: how far targets are drawn from 0 and 1 towards 1/2, from 0 to 1.
        axis: the axis to average over.
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.BinaryFocalCrossentropy()([[1.0]], [[0.5]])), 4)
    0.1733
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return binary_focal_crossentropy(
            y_true,
            y_pred,
            apply_class_balancing=self.apply_class_balancing,
            alpha=self.alpha,
            gamma=self.gamma,
            from_logits=self.from_logits,
            label_smoothing=self.label_smoothing,
            axis=self.axis,
        )


@register("losses")
class CategoricalCrossentropy(Loss):
    """The cross-entropy of one-hot targets.

    Args:
        from_logits: whether the predictions are scores before a softmax.
        label_smoothing: the share of each target that is spread evenly over all classes.
        axis: the axis of the classes.
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


@register("losses")
class CategoricalFocalCrossentropy(Loss):
    """The cross-entropy of one-hot targets in which easy samples count little.

    Args:
        alpha: the weight of each class: a number, or one for each class.
        gamma: how little the easy samples count; 0 is plain cross-entropy.
        from_logits: whether the predictions are scores before a softmax.
        label_smoothing: the share of each target that is spread evenly over all classes.
        axis: the axis of the classes.
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.CategoricalFocalCrossentropy()([[0, 1]], [[0.5, 0.5]])), 4)
    0.0433
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return categorical_focal_crossentropy(
            y_true,
            y_pred,
            alpha=self.alpha,
            gamma=self.gamma,
            from_logits=self.from_logits,
            label_smoothing=self.label_smoothing,
            axis=self.axis,
        )


@register("losses")
class SparseCategoricalCrossentropy(Loss):
    """The cross-entropy of class numbers.

    Args:
        from_logits: whether the predictions are scores before a softmax.
        ignore_class: a class number whose samples do not count.
        reduction: see `Loss`.
        axis: the axis of the classes.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def _tensors(self, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
        """Return labels as integers, which a float could not hold above 2^24, and scores."""
        y_pred = as_tensor(y_pred, self.dtype)
        return as_labels(y_true, like=y_pred), y_pred

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return sparse_categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.ignore_class, self.axis
        )


@register("losses")
class CategoricalGeneralizedCrossEntropy(Loss):
    """A cross-entropy of class numbers that wrong labels disturb little.

    Args:
        q: 0 < q < 1; near 0 it is the cross-entropy, at 1 the absolute error.
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    Raises:
        ValueError: if `q` is not between 0 and 1.

    >>> import kerata
    >>> float(kerata.losses.CategoricalGeneralizedCrossEntropy(q=0.5)([1], [[0.75, 0.25]]))
    1.0
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"`q` is {q!r}; expected a number between 0 and 1, such as q=0.5.")
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.q = q

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return categorical_generalized_cross_entropy(y_true, y_pred, self.q)


@register("losses")
class KLDivergence(Loss):
    """The Kullback-Leibler divergence of the predicted distribution from the true one.

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.KLDivergence()([[1.0, 0.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return kl_divergence(y_true, y_pred)


@register("losses")
class Poisson(Loss):
    """The negative log-likelihood of counts whose expectations are predicted.

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.Poisson()([[1.0]], [[1.0]])), 4)
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample."""
        return poisson(y_true, y_pred)
