"""Metrics of predicted probabilities: cross-entropies, divergence, Poisson likelihood."""

from __future__ import annotations

from typing import Any

from kerata.core.registry import register
from kerata.losses.crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from kerata.metrics.reduction import MeanLoss


@register("metrics", "kld", "KLD")
class KLDivergence(MeanLoss):
    """The mean divergence of the predicted distribution from the true one.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> round(float(kerata.metrics.KLDivergence()([[1.0, 0.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(kl_divergence, name=name, dtype=dtype)


@register("metrics")
class Poisson(MeanLoss):
    """The mean negative log-likelihood of counts whose expectations are predicted.

    Args:
        name: the name in logs.
        dtype: see `Metric`.

    >>> import kerata
    >>> round(float(kerata.metrics.Poisson()([[1.0]], [[1.0]])), 4)
    1.0
    """

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(poisson, name=name, dtype=dtype)


@register("metrics", "bce", "BCE")
class BinaryCrossentropy(MeanLoss):
    """The mean cross-entropy of yes-or-no questions.

    Args:
        name: the name in logs.
        dtype: see `Metric`.
        from_logits: whether the predictions are logits instead of probabilities.
        label_smoothing: how far targets are drawn from 0 and 1 towards 1/2, from 0 to 1.

    >>> import kerata
    >>> round(float(kerata.metrics.BinaryCrossentropy()([[1, 0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


@register("metrics")
class CategoricalCrossentropy(MeanLoss):
    """The mean cross-entropy of one-hot targets.

    Args:
        name: the name in logs.
        dtype: see `Metric`.
        from_logits: whether the predictions are scores before a softmax.
        label_smoothing: the share of each target that is spread evenly over all classes.
        axis: the axis of the classes.

    >>> import kerata
    >>> round(float(kerata.metrics.CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


@register("metrics")
class SparseCategoricalCrossentropy(MeanLoss):
    """The mean cross-entropy of class numbers.

    Args:
        name: the name in logs.
        dtype: see `Metric`.
        from_logits: whether the predictions are scores before a softmax.
        ignore_class: a class number whose samples do not count.
        axis: the axis of the classes.

    >>> import kerata
    >>> round(float(kerata.metrics.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
