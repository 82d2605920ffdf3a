"""Which metric a name means; for some names the shapes of targets and predictions decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.core import serialization
from kerata.core.spec import TensorSpec
from kerata.metrics.accuracy import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from kerata.metrics.correlation import ConcordanceCorrelation, PearsonCorrelation
from kerata.metrics.metric import Metric
from kerata.metrics.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from kerata.metrics.reduction import MeanLoss

#: names of functions that mean their metric when they are written as a string
METRIC_OF_FUNCTION: dict[str, type[Metric]] = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "pearson_correlation": PearsonCorrelation,
    "concordance_correlation": ConcordanceCorrelation,
}
_ACCURACIES = (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy)
_CROSSENTROPIES = (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy)

#: name -> the metrics for binary, sparse and one-hot targets
FAMILIES: dict[str, tuple[Callable[..., Metric], ...]] = {
    "accuracy": _ACCURACIES,
    "acc": _ACCURACIES,
    "crossentropy": _CROSSENTROPIES,
    "ce": _CROSSENTROPIES,
}


def get(identifier: Any) -> Callable[..., Any] | None:
    """Return the metric that is meant.

    Args:
        identifier: a name (`"mse"`, `"AUC"`), a configuration, a metric, a class of metrics, any
            callable `(y_true, y_pred)`, or `None`. For "accuracy" by the shapes of targets and
            predictions see `matching`.

    Returns:
        A metric, a function, or `None` for `None`.

    Raises:
        ValueError: if the name is unknown.

    >>> import kerata
    >>> kerata.metrics.get("mse")
    <MeanSquaredError name=mean_squared_error>
    """
    if isinstance(identifier, str) and identifier in METRIC_OF_FUNCTION:
        return METRIC_OF_FUNCTION[identifier]()
    return serialization.resolve("metrics", identifier)


def matching(
    name: str, y_true: TensorSpec, y_pred: TensorSpec, from_logits: bool = False
) -> Metric:
    """Return the metric of a name that fits the shapes of targets and predictions.

    Args:
        name: `"accuracy"`, `"acc"`, `"crossentropy"` or `"ce"`, for which the shapes decide; the
            metric gets this name. For any other name it is that of `get`.
        y_true: spec of the targets.
        y_pred: spec of the predictions: with one output the metric is the binary one, with class
            numbers for targets the sparse one, else the categorical one.
        from_logits: whether the predictions are logits, which sets the threshold of accuracy
            to 0.

    Raises:
        ValueError: if the name is unknown.

    >>> from kerata.core.spec import TensorSpec
    >>> from kerata.metrics import matching
    >>> matching("accuracy", TensorSpec((None,)), TensorSpec((None, 3)))
    <SparseCategoricalAccuracy name=accuracy>
    """
    if name not in FAMILIES:
        found: Any = get(name)
        return found if isinstance(found, Metric) else MeanLoss(found, name=name)
    binary, sparse, categorical = FAMILIES[name]
    if y_pred.ndim < 2 or y_pred.shape[-1] == 1:
        kind = binary
    elif y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1:
        kind = sparse
    else:
        kind = categorical
    if from_logits and FAMILIES[name] is _CROSSENTROPIES:
        return kind(name=name, from_logits=True)
    if from_logits and kind is binary:
        return kind(name=name, threshold=0.0)
    return kind(name=name)
