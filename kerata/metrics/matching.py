"""Which metric "accuracy" and "crossentropy" mean, given the shapes of targets and predictions."""

from __future__ import annotations

from kerata.core.registry import snake_case
from kerata.core.spec import TensorSpec
from kerata.metrics.accuracy import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
)
from kerata.metrics.metric import Metric
from kerata.metrics.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)

_ACCURACIES = (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy)
_CROSSENTROPIES = (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy)

#: name -> the metrics for binary, sparse and one-hot targets
FAMILIES: dict[str, tuple[type[Metric], type[Metric], type[Metric]]] = {
    "accuracy": _ACCURACIES,
    "acc": _ACCURACIES,
    "crossentropy": _CROSSENTROPIES,
    "ce": _CROSSENTROPIES,
}


def matching(
    name: str, y_true: TensorSpec, y_pred: TensorSpec, from_logits: bool = False
) -> Metric:
    """Return the metric of a family that fits the shapes of targets and predictions.

    Args:
        name: `"accuracy"` or `"acc"`; `"crossentropy"` or `"ce"`. The metric gets this name.
        y_true: spec of the targets.
        y_pred: spec of the predictions: with one output the metric is the binary one, with class
            numbers for targets the sparse one, else the categorical one.
        from_logits: whether the predictions are logits, which sets the threshold of accuracy
            to 0.

    Raises:
        ValueError: if there is no such family.

    >>> from kerata.core.spec import TensorSpec
    >>> from kerata.metrics import matching
    >>> matching("accuracy", TensorSpec((None,)), TensorSpec((None, 3)))
    <SparseCategoricalAccuracy name=accuracy>
    """
    if name.lower() not in FAMILIES:
        raise ValueError(f"No family of metrics {name!r}; expected one of {', '.join(FAMILIES)}.")
    binary, sparse, categorical = FAMILIES[name.lower()]
    if y_pred.ndim < 2 or y_pred.shape[-1] == 1:
        kind = binary
    elif _holds_class_numbers(y_true, y_pred):
        kind = sparse
    else:
        kind = categorical
    if not from_logits:
        return kind(name=name)
    if snake_case(kind.__name__).endswith("crossentropy"):
        return kind(name=name, from_logits=True)
    return kind(name=name, threshold=0.0) if kind is binary else kind(name=name)


def _holds_class_numbers(y_true: TensorSpec, y_pred: TensorSpec) -> bool:
    return y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1
