"""PeriodicSaving: what callbacks that save while the model trains have in common: when to."""

from __future__ import annotations

from typing import Any

from kerata.callbacks.callback import Logs
from kerata.callbacks.monitor import MonitorCallback


class PeriodicSaving(MonitorCallback):
    """Base of callbacks that save after each epoch or every few batches, or only the best.

    Args:
        monitor: name of the metric, used with `save_best_only`.
        mode: `"min"`, `"max"`, or `"auto"` to tell it from the name.
        verbose: 1 tells of each save.
        save_best_only: save only when the metric has improved.
        save_freq: `"epoch"`, or a number of batches; it is as many or, where several steps are
            computed at once, a few more.
        initial_value_threshold: value that the metric must beat to be saved at all.

    Raises:
        ValueError: if `save_freq` is neither.
    """

    state_names: tuple[str, ...] = ("best", "_batches_since_save")
    # Metrics are only kept, not looked at, until a save: steps may be computed several at once.
    fusable = True
    takes_lazy_logs = True

    def __init__(
        self,
        monitor: str,
        mode: str,
        verbose: int,
        save_best_only: bool,
        save_freq: str | int,
        initial_value_threshold: float | None,
    ):
        super().__init__(monitor, mode)
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ValueError(
                f"`save_freq` is {save_freq!r}; expected 'epoch' or a number of batches."
            )
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_freq = save_freq
        self.best = initial_value_threshold
        self._every = save_freq if isinstance(save_freq, int) else None
        self._epoch = 0
        self._step = 0
        self._batches_since_save = 0
        self._logs: Any = None

    def save(self, epoch: int, batch: int | None, logs: Logs | None) -> str:
        """Save the model and return where to.

        Args:
            epoch: from 0.
            batch: the last one trained on in this epoch, from 0; `None` at the end of an epoch.
            logs: the metrics.
        """
        raise NotImplementedError

    @property
    def needed_monitor(self) -> str | None:
        """The metric, where the saving depends on it."""
        return self.monitor if self.save_best_only else None

    @property
    def most_fused_steps(self) -> int | None:
        """No more steps at once than lie between two saves."""
        return self._every

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch."""
        self._epoch = epoch
        self._step = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keep the metrics for a save in mid-epoch."""
        self._logs = logs

    def on_train_steps_end(self, step: int) -> None:
        """Save, if enough batches have passed."""
        self._batches_since_save += step - self._step
        self._step = step
        if self._every is not None and self._batches_since_save >= self._every:
            self._batches_since_save = 0
            logs = self._logs() if callable(self._logs) else self._logs
            self._save_if_better(self._epoch, step - 1, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save, if that is done by epoch."""
        if self.save_freq == "epoch":
            self._save_if_better(epoch, None, logs)

    def _save_if_better(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        if self.save_best_only:
            current = self.get_monitor_value(logs)
            if current is None or not self.improves(current, self.best):
                return
            self.best = float(current)
        place = self.save(epoch, batch, logs)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved {place}")
