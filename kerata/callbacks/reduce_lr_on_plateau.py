"""ReduceLROnPlateau: lowers the learning rate when a metric no longer improves."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from kerata.callbacks import learning_rate
from kerata.callbacks.callback import Logs
from kerata.callbacks.monitor import MonitorCallback
from kerata.core.errors import KerataWarning


class ReduceLROnPlateau(MonitorCallback):
    """Multiply the learning rate by `factor` when a metric has stopped improving.

    Args:
        monitor: name of the metric.
        factor: what the rate is multiplied by, less than 1.
        patience: number of epochs without improvement after which the rate is reduced.
        verbose: 1 tells when it acts.
        mode: `"min"`, `"max"`, or `"auto"` to tell it from the name.
        min_delta: smallest change that counts as an improvement.
        cooldown: epochs to wait after a reduction before watching again.
        min_lr: smallest rate.

    Raises:
        ValueError: if `factor` is not less than 1.

    >>> import kerata
    >>> kerata.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5).factor
    0.5
    """

    state_names = ("wait", "best", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ):
        if kwargs:
            raise TypeError(f"ReduceLROnPlateau takes no argument {next(iter(kwargs))!r}.")
        if factor >= 1.0:
            raise ValueError(f"`factor` is {factor}; expected less than 1, such as 0.1.")
        super().__init__(monitor, mode, min_delta)
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.cooldown_counter = 0
        self.best: float | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget an earlier run."""
        self._reset()

    def in_cooldown(self) -> bool:
        """Tell whether a reduction is too recent for another one."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Record the learning rate, compare with the best, reduce if patience has run out."""
        if isinstance(logs, dict):
            logs["learning_rate"] = learning_rate.get(self.model, type(self).__name__)
        current = self.get_monitor_value(logs)
        if current is None:
            return
        if not np.isfinite(current):
            warnings.warn(
                f"ReduceLROnPlateau: {self.monitor!r} is not finite in epoch {epoch + 1}.",
                KerataWarning,
                stacklevel=2,
            )
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improves(current, self.best):
            self.best, self.wait = float(current), 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        old = learning_rate.get(self.model, type(self).__name__)
        if old <= np.float32(self.min_lr):
            return
        new = max(old * self.factor, self.min_lr)
        learning_rate.set_to(self.model, new)
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            print(f"Epoch {epoch + 1}: ReduceLROnPlateau reduces the learning rate to {new:.4g}.")
