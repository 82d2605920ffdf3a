"""ModelCheckpoint: saves the model while it trains."""

from __future__ import annotations

import os
from typing import Any

from kerata.callbacks.callback import Logs
from kerata.callbacks.monitor import MonitorCallback


class ModelCheckpoint(MonitorCallback):
    """Save the model, or its weights, after each epoch or every few batches.

    Files are replaced whole: an interrupted save leaves the old file.

    Args:
        filepath: file to save to; `{epoch:02d}`, `{batch}` and names of metrics are filled in.
            It ends in `.weights.h5` with `save_weights_only`, else in `.keras` or `.h5`.
        monitor: name of the metric, used with `save_best_only`.
        verbose: 1 tells of each save.
        save_best_only: save only when the metric has improved.
        save_weights_only: save the weights alone.
        mode: `"min"`, `"max"`, or `"auto"` to tell it from the name.
        save_freq: `"epoch"`, or a number of batches.
        initial_value_threshold: value that the metric must beat to be saved at all.

    Raises:
        ValueError: if the file's suffix or `save_freq` does not fit.

    >>> import kerata
    >>> checkpoint = kerata.callbacks.ModelCheckpoint("model-{epoch:02d}-{loss:.2f}.keras")
    >>> checkpoint.path(epoch=3, logs={"loss": 0.25})
    'model-04-0.25.keras'
    """

    state_names = ("best", "_batches_since_save")

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self._every = save_freq if isinstance(save_freq, int) else None
        self.best = initial_value_threshold
        self._check()
        self._epoch = 0
        self._step = 0
        self._batches_since_save = 0
        self._logs: Any = None

    def _check(self) -> None:
        if self.save_freq != "epoch" and not isinstance(self.save_freq, int):
            raise ValueError(
                f"`save_freq` is {self.save_freq!r}; expected 'epoch' or a number of batches."
            )
        suffixes = (".weights.h5",) if self.save_weights_only else (".keras", ".h5")
        is_weights = self.filepath.endswith(".weights.h5")
        if not self.filepath.endswith(suffixes) or is_weights != self.save_weights_only:
            raise ValueError(
                f"`filepath` is {self.filepath!r}; with save_weights_only="
                f"{self.save_weights_only} it must end in {' or '.join(suffixes)}."
            )

    # Metrics are only kept, not looked at, until a save: steps may be computed several at once.
    fusable = True
    takes_lazy_logs = True

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
            self._save(self._epoch, step - 1, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save, if that is done by epoch."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def path(self, epoch: int, batch: int | None = None, logs: Logs | None = None) -> str:
        """Return the file name for an epoch (from 0) and its metrics.

        Raises:
            KeyError: if the file name asks for something that is not in the logs.
        """
        known = {name: value for name, value in (logs or {}).items()}
        known["epoch"] = epoch + 1
        if batch is not None:
            known["batch"] = batch + 1
        try:
            return self.filepath.format(**known)
        except KeyError as error:
            raise KeyError(
                f"`filepath` {self.filepath!r} asks for {error.args[0]!r}; known are "
                f"{', '.join(sorted(known))}."
            ) from None

    def _save(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        path = self.path(epoch, batch, logs)
        if self.save_best_only:
            current = self.get_monitor_value(logs)
            if current is None or not self.improves(current, self.best):
                return
            self.best = float(current)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved {path}")
