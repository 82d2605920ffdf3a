"""What callbacks that watch one metric have in common: which way is better, and by how much."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

from kerata.callbacks.callback import Callback, Logs
from kerata.core.errors import KerataWarning, closest

_LOWER_IS_BETTER = (
    "loss",
    "error",
    "mse",
    "mae",
    "mape",
    "msle",
    "rmse",
    "divergence",
    "crossentropy",
    "cross_entropy",
    "entropy",
    "poisson",
    "hinge",
    "huber",
    "logcosh",
    "log_cosh",
    "perplexity",
    "false_positives",
    "false_negatives",
    "distance",
)
_HIGHER_IS_BETTER = (
    "acc",
    "accuracy",
    "auc",
    "precision",
    "recall",
    "iou",
    "f1",
    "f1_score",
    "score",
    "fbeta",
    "r2",
    "similarity",
    "true_positives",
    "true_negatives",
    "sensitivity",
    "specificity",
)


def direction(monitor: str, mode: str = "auto") -> str:
    """Return `"min"` or `"max"`: which values of a metric are better.

    Args:
        monitor: name of the metric, as in the logs.
        mode: `"min"`, `"max"`, or `"auto"` to tell it from the name.

    Raises:
        ValueError: if `mode` is unknown, or the name does not tell.

    >>> direction("val_loss"), direction("sparse_categorical_accuracy"), direction("x", "max")
    ('min', 'max', 'max')
    """
    if mode in ("min", "max"):
        return mode
    if mode != "auto":
        raise ValueError(f"`mode` is {mode!r}; expected 'min', 'max' or 'auto'.")
    name = monitor.removeprefix("val_").lower().rstrip("_0123456789") or monitor
    for names, found in ((_LOWER_IS_BETTER, "min"), (_HIGHER_IS_BETTER, "max")):
        if any(name == known or name.endswith(f"_{known}") for known in names):
            return found
    for start in ("auc", "precision", "recall", "top_k", "sensitivity", "specificity"):
        if name.startswith(start):
            return "max"
    raise ValueError(
        f"Cannot tell whether {monitor!r} is better when lower or higher: pass mode='min' or "
        "mode='max'."
    )


def check_monitor(callback: str, monitor: str, names: Iterable[str]) -> None:
    """Raise unless a monitored metric is among the names of the logs.

    Raises:
        ValueError: naming the nearest metric.
    """
    names = [*names, "learning_rate"]
    if monitor in names:
        return
    if monitor.startswith("val_") and not any(name.startswith("val_") for name in names):
        raise ValueError(
            f"{callback} monitors {monitor!r}, but there is no validation: pass validation_data= "
            f"or validation_split= to fit, or monitor={monitor.removeprefix('val_')!r}."
        )
    known = ", ".join(name for name in names if name != "learning_rate")[:300]
    raise ValueError(
        f"{callback} monitors {monitor!r}, which is no metric of this model. Known: {known}."
        f"{closest(monitor, names)}"
    )


class MonitorCallback(Callback):
    """Base of the callbacks that watch one metric.

    Args:
        monitor: name of the metric in the logs.
        mode: `"min"`, `"max"` or `"auto"`.
        min_delta: the smallest change that counts as an improvement.
    """

    def __init__(self, monitor: str, mode: str = "auto", min_delta: float = 0.0):
        super().__init__()
        if mode not in ("auto", "min", "max"):
            direction(monitor, mode)
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self.monitor_is_known = False
        self.best: float | None = None

    @property
    def needed_monitor(self) -> str | None:
        """The metric without which the callback cannot do its work."""
        return self.monitor

    def get_monitor_value(self, logs: Logs | None) -> Any:
        """Return the metric's value, `None` in an epoch without it (see `validation_freq`).

        Raises:
            ValueError: if there is no such metric.
        """
        logs = logs or {}
        if self.monitor in logs:
            return logs[self.monitor]
        unvalidated = not any(name.startswith("val_") for name in logs)
        if self.monitor_is_known:
            return None
        if self.monitor.startswith("val_") and unvalidated:
            warnings.warn(
                f"{type(self).__name__} monitors {self.monitor!r}, but this epoch has no "
                "validation; it does nothing.",
                KerataWarning,
                stacklevel=3,
            )
            return None
        check_monitor(type(self).__name__, self.monitor, logs)
        return None

    def improves(self, current: float, best: float | None) -> bool:
        """Tell whether a value is better than the best by more than `min_delta`.

        The first value is an improvement, and so is any number over a first NaN.
        """
        lower = direction(self.monitor, self.mode) == "min"
        if best is None:
            return True
        if math.isnan(best):
            return not math.isnan(current)
        return bool(current < best - self.min_delta if lower else current > best + self.min_delta)
