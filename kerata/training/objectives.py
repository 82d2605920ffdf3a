"""What `compile` makes of losses and metrics: one loss and a list of metrics per output.

Both are resolved from strings, objects and structures when the first predictions are known.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from kerata import losses as losses_module
from kerata import metrics as metrics_module
from kerata import ops
from kerata.core import tree
from kerata.core.serialization import Configurable
from kerata.core.spec import shape_of, spec_of
from kerata.losses import Loss
from kerata.metrics import Mean, Metric
from kerata.training.outputs import output_names_of, per_output, targets_per_output


class CompiledLoss:
    """The losses of all outputs, weighted and added.

    Args:
        loss: string, function, `Loss`, or one per output as list or dict.
        loss_weights: number per output, as list or dict.
        output_names: names of the model's outputs, if it knows them.
    """

    def __init__(self, loss: Any, loss_weights: Any = None, output_names: Any = None):
        self._given = loss
        self._given_weights = loss_weights
        self._model_names = output_names
        self._names: list[str] | None = None
        self.losses: list[Any] = []
        self._weights: list[Any] = []
        self.trackers: list[Mean] = []

    @property
    def built(self) -> bool:
        """Whether losses have been assigned to outputs."""
        return self._names is not None

    @property
    def names(self) -> list[str]:
        """Names of the outputs, once built."""
        return self._names or []

    @property
    def variables(self) -> list[Any]:
        """State of the per-output averages."""
        return [variable for tracker in self.trackers for variable in tracker.variables]

    def build(self, y_pred: Any) -> None:
        """Assign losses to the outputs in `y_pred` (tensors or specs)."""
        self._names = output_names_of(y_pred, self._model_names)
        given = per_output(self._given, self._names, "loss")
        self.losses = [_as_loss(loss) for loss in given]
        weights = per_output(self._given_weights, self._names, "loss_weights")
        self._weights = [1.0 if weight is None else weight for weight in weights]
        if len(self._names) > 1:
            self.trackers = [Mean(name=f"{name}_loss") for name in self._names]

    def __call__(self, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the total loss, a scalar tensor; `None` if no output has a loss."""
        if not self.built:
            self.build(y_pred)
        names = self.names
        predictions = tree.flatten(y_pred)
        targets = targets_per_output(y, y_pred, names)
        weights = per_output(sample_weight, names, "sample_weight")
        total = None
        for index, loss in enumerate(self.losses):
            if loss is None:
                continue
            value = loss(targets[index], predictions[index], sample_weight=weights[index])
            if value.ndim:
                value = ops.mean(value)
            if self.trackers:
                size = shape_of(predictions[index])[:1] or (1,)
                self.trackers[index].update_state(value, sample_weight=float(size[0] or 1))
            if self._weights[index] != 1.0:
                value = ops.multiply(value, self._weights[index])
            total = value if total is None else ops.add(total, value)
        return total


def _as_loss(given: Any) -> Any:
    """Return a loss object for what a user gave: a name, function, configuration or object."""
    if given is None:
        return None
    found = losses_module.get(given)
    if isinstance(found, Loss):
        return found
    return FunctionLoss(found, given if isinstance(given, str) else None)


class FunctionLoss(Loss):
    """A function of targets and predictions as a loss.

    Args:
        function: returns one value per sample.
        name: name in logs.
    """

    def __init__(self, function: Any, name: str | None = None, **kwargs: Any):
        super().__init__(name=name or getattr(function, "__name__", None), **kwargs)
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the function's values."""
        return self.function(y_true, y_pred)


class CompiledMetrics:
    """The metrics of all outputs.

    Args:
        metrics: names, functions or `Metric`s: a list for one output, or for all; a list of
            lists or a dict of lists per output.
        weighted_metrics: likewise; these take the sample weights.
        output_names: names of the model's outputs, if it knows them.
    """

    def __init__(self, metrics: Any, weighted_metrics: Any = None, output_names: Any = None):
        self._given = metrics
        self._given_weighted = weighted_metrics
        self._model_names = output_names
        self._names: list[str] | None = None
        # (metric, index of its output, whether it takes sample weights), in the order of logs.
        self._entries: list[tuple[Metric, int, bool]] = []

    @property
    def built(self) -> bool:
        """Whether metrics have been assigned to outputs."""
        return self._names is not None

    @property
    def metrics(self) -> list[Metric]:
        """All metrics."""
        return [metric for metric, _, _ in self._entries]

    @property
    def variables(self) -> list[Any]:
        """State of all metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def build(self, y: Any, y_pred: Any) -> None:
        """Make the metrics for the outputs in `y_pred`, by the shapes of targets `y`."""
        self._names = output_names_of(y_pred, self._model_names)
        predictions = tree.flatten(y_pred)
        targets = targets_per_output(y, y_pred, self._names)
        seen: set[int] = set()
        for given, weighted in ((self._given, False), (self._given_weighted, True)):
            for index, each in enumerate(_metrics_per_output(given, self._names)):
                for identifier in each:
                    metric = _as_metric(identifier, targets[index], predictions[index])
                    if id(metric) in seen:
                        metric = _fresh_copy(metric)
                    seen.add(id(metric))
                    if targets[index] is not None:
                        metric.build(shape_of(targets[index]), shape_of(predictions[index]))
                    self._entries.append((metric, index, weighted))

    def log_names(self) -> list[str]:
        """Return the name of each metric in logs: prefixed by its output if there are several."""
        several = len(self._names or []) > 1
        found: list[str] = []
        for metric, index, weighted in self._entries:
            name = f"{self._names[index]}_{metric.name}" if several else metric.name  # type: ignore[index]
            if weighted and name in found:
                name = f"weighted_{name}"
            count = 1
            while (name if count == 1 else f"{name}_{count}") in found:
                count += 1
            found.append(name if count == 1 else f"{name}_{count}")
        return found

    def update_state(self, y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch."""
        if not self.built:
            self.build(y, y_pred)
        names = self._names or []
        predictions = tree.flatten(y_pred)
        targets = targets_per_output(y, y_pred, names)
        weights = per_output(sample_weight, names, "sample_weight")
        for metric, index, weighted in self._entries:
            weight = weights[index] if weighted else None
            metric.update_state(targets[index], predictions[index], sample_weight=weight)

    def result(self) -> dict[str, Any]:
        """Return the results by log name; metrics that give dicts add all their entries."""
        logs: dict[str, Any] = {}
        for name, metric in zip(self.log_names(), self.metrics, strict=True):
            value = metric.result()
            if isinstance(value, dict):
                logs.update(value)
            else:
                logs[name] = value
        return logs

    def reset_state(self) -> None:
        """Start all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()


def _metrics_per_output(given: Any, names: Sequence[str]) -> list[list[Any]]:
    if given is None:
        return [[] for _ in names]
    if isinstance(given, dict):
        return [_as_list(each) for each in per_output(given, names, "metrics")]
    given = _as_list(given)
    nested = any(isinstance(each, (list, tuple)) or each is None for each in given)
    if len(names) == 1:
        return [list(given[0])] if nested and len(given) == 1 and given[0] is not None else [given]
    if nested or len(given) == len(names):
        return [_as_list(each) for each in per_output(given, names, "metrics")]
    return [list(given) for _ in names]


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _as_metric(identifier: Any, target: Any, prediction: Any) -> Metric:
    """Return a metric for a name (which the shapes may decide), function, or object."""
    if isinstance(identifier, Metric):
        return identifier
    metric: Any
    if isinstance(identifier, str) and target is not None:
        metric = metrics_module.matching(identifier, spec_of(target), spec_of(prediction))
    else:
        metric = metrics_module.get(identifier)
    if isinstance(metric, type):
        metric = metric()
    if not isinstance(metric, Metric):
        metric = metrics_module.MeanMetricWrapper(metric, name=getattr(metric, "__name__", None))
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


def _fresh_copy(metric: Metric) -> Metric:
    """Return a metric like this with state of its own, for another output."""
    if isinstance(metric, Configurable):
        return type(metric).from_config(metric.get_config())
    return copy.deepcopy(metric)
