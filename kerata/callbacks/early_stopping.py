"""EarlyStopping: ends training when a metric no longer improves."""

from __future__ import annotations

from typing import Any

from kerata.callbacks.callback import Logs
from kerata.callbacks.monitor import MonitorCallback


class EarlyStopping(MonitorCallback):
    """Stop training when a monitored metric has stopped improving.

    Args:
        monitor: name of the metric. One that does not exist is an error before the first epoch.
        min_delta: smallest change that counts as an improvement.
        patience: number of epochs without improvement after which training stops.
        verbose: 1 tells when it acts.
        mode: `"min"`, `"max"`, or `"auto"` to tell it from the name.
        baseline: value that must be beaten for an improvement to reset the patience.
        restore_best_weights: set the weights of the best epoch when training ends, whether it
            was stopped or ran through all epochs.
        start_from_epoch: epochs to wait before watching begins.

    >>> import kerata
    >>> stop = kerata.callbacks.EarlyStopping(monitor="loss", patience=2)
    >>> stop.improves(0.4, best=0.5)
    True
    """

    state_names = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget an earlier run."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare the epoch with the best, and stop if patience has run out."""
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights = self.model.get_weights()  # in case nothing ever improves
            self.best_epoch = epoch
        self.wait += 1
        if self.improves(current, self.best):
            self.best, self.best_epoch = float(current), epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.improves(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restore the best weights, and tell what happened."""
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
