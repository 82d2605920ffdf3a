"""Checkpoint: a run is saved again and again while it trains, and each save can be had back."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from kerata.callbacks import run_state
from kerata.callbacks.backup_and_restore import BackupAndRestore
from kerata.callbacks.callback import Logs
from kerata.callbacks.monitor import MonitorCallback

_SUFFIX = ".state"


class Checkpoint(BackupAndRestore):
    """Save the whole state of a run every few batches or minutes; keep the last ones and the best.

    What is saved is what `BackupAndRestore` saves, one file each time, and the same `fit` started
    again goes on from the newest in the same way: bit for bit on a CPU, in the middle of an epoch
    too. The files stay when training has ended, so that a complete run is not repeated and one of
    more epochs goes on from it. Training waits only while values are copied; the writing is done
    beside it.

    Args:
        directory: folder of the checkpoints, for this run alone.
        save_freq: `"epoch"`, or a number of batches.
        minutes: save as well when so many minutes have passed since the last save.
        keep: how many of the last checkpoints are kept.
        monitor: name of the metric by which the best epoch is told, such as `"val_loss"`; its
            checkpoint is kept besides. `None`: no epoch is better than another.
        mode: `"min"`, `"max"`, or `"auto"` to tell which is better from the name.
        save_on_background: whether files are written while training goes on.

    Raises:
        ValueError: if the arguments do not fit, or the checkpoints are of another model.

    >>> import kerata, numpy as np, os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> checkpoint = kerata.callbacks.Checkpoint(folder, keep=2, monitor="loss")
    >>> x, y = np.ones((8, 2)), np.ones((8, 1))
    >>> _ = model.fit(x, y, epochs=4, verbose=0, callbacks=[checkpoint])
    >>> sorted(os.listdir(folder)), os.path.basename(checkpoint.best)
    (['00000003.state', '00000004.state'], '00000004.state')
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        minutes: float | None = None,
        keep: int = 3,
        monitor: str | None = None,
        mode: str = "auto",
        save_on_background: bool = True,
    ):
        super().__init__(directory, save_freq, delete_checkpoint=False)
        if keep < 1:
            raise ValueError(f"`keep` is {keep}; expected at least one checkpoint.")
        self.minutes = minutes
        self.keep = keep
        self.save_on_background = save_on_background
        self._monitor = MonitorCallback(monitor, mode) if monitor is not None else None
        self._best: list[Any] | None = None  # the metric's value and the file's name
        self._improved = False
        self._value: float | None = None
        self._time_of_save = time.monotonic()
        self._writers: ThreadPoolExecutor | None = None
        self._unfinished: Future | None = None

    @property
    def needed_monitor(self) -> str | None:
        """The metric that tells the best epoch."""
        return None if self._monitor is None else self._monitor.monitor

    @property
    def latest(self) -> str | None:
        """Path of the newest checkpoint, if there is any."""
        return next(reversed(self._paths()), None)

    @property
    def best(self) -> str | None:
        """Path of the checkpoint of the best epoch, if a metric is monitored."""
        return None if self._best is None else os.path.join(self.backup_dir, self._best[1])

    def restore(self, path: str | os.PathLike[str] | None = None) -> None:
        """Give the model, its optimizer and its metrics the values of a checkpoint.

        Args:
            path: the file; by default the best one or, where no metric is monitored, the newest.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: if it is of another model, or damaged.
        """
        self.wait_until_finished()
        chosen = path or self.best or self.latest
        if chosen is None:
            raise FileNotFoundError(f"There is no checkpoint in {self.backup_dir!r} yet.")
        self._set_variables(run_state.read(chosen))

    def wait_until_finished(self) -> None:
        """Wait until what was saved last is on the disk; raise the error that it met."""
        unfinished, self._unfinished = self._unfinished, None
        if unfinished is not None:
            unfinished.result()

    # -- hooks ---------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Count minutes from now."""
        self._time_of_save = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """See whether this epoch is the best."""
        if self._monitor is None:
            return
        value = self._monitor.get_monitor_value(logs)
        best = None if self._best is None else self._best[0]
        self._improved = value is not None and self._monitor.improves(value, best)
        self._value = None if value is None else float(value)

    def on_epoch_complete(self, epoch: int) -> None:
        """Save, after every callback has seen the epoch's end."""
        if self.save_freq == "epoch" or self._improved or self._terminated:
            self._save(epoch + 1, 0)
        self._end_if_terminated()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Wait for the last save."""
        super().on_train_end(logs)
        if self._writers is not None:
            self._writers.shutdown()
            self._writers = None
        self.wait_until_finished()

    # -- saving and restoring ------------------------------------------------------------------

    def _is_due(self) -> bool:
        waited = time.monotonic() - self._time_of_save
        return super()._is_due() or (self.minutes is not None and waited >= 60 * self.minutes)

    def _paths(self) -> list[str]:
        """Return the checkpoints that are there, the newest last."""
        if not os.path.isdir(self.backup_dir):
            return []
        names = [name for name in os.listdir(self.backup_dir) if name[:8].isdecimal()]
        return [os.path.join(self.backup_dir, n) for n in sorted(names) if n.endswith(_SUFFIX)]

    def _state(self, epoch: int, step: int) -> dict[str, Any]:
        if self._improved:
            self._best, self._improved = [self._value, self._name()], False
        return {**super()._state(epoch, step), "best": self._best}

    def _name(self) -> str:
        return f"{self._saves:08d}{_SUFFIX}"

    def _store(self, state: dict[str, Any]) -> None:
        self.wait_until_finished()
        self._time_of_save = time.monotonic()
        write = run_state.writer(state)
        path = os.path.join(self.backup_dir, self._name())
        best = self.best
        if not self.save_on_background:
            self._write(write, path, best)
            return
        self._writers = self._writers or ThreadPoolExecutor(1, "kerata-checkpoint")
        self._unfinished = self._writers.submit(self._write, write, path, best)

    def _write(self, write: Any, path: str, best: str | None) -> None:
        """Write a checkpoint, then delete those that are not to be kept any more."""
        write(path)
        for old in self._paths()[: -self.keep]:
            if old != best:
                os.unlink(old)

    def _newest(self) -> dict[str, Any] | None:
        """Return the newest state that is complete; those that are not are passed over."""
        damaged = None
        for path in reversed(self._paths()):
            try:
                return run_state.read(path)
            except run_state.DamagedFile as error:
                damaged = damaged or error
        if damaged is not None:
            raise run_state.DamagedFile(
                f"{damaged} Delete the folder {self.backup_dir!r} to begin the run anew."
            )
        return None

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        self._best = state["best"]
