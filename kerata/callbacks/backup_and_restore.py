"""BackupAndRestore: an interrupted run goes on as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.callbacks import run_state
from kerata.callbacks.callback import Callback, Logs, Position

#: exit status of a process that ended itself on SIGTERM, as shells count it
_TERMINATED = 128 + 15
#: seconds after SIGTERM within which the run has saved itself, or the process just ends
_GRACE = 9.0


class BackupAndRestore(Callback):
    """Save the whole state of a run, and go on from there when the same `fit` is started again.

    The state is the variables of model, optimizer and metrics (seeds of dropout included), the
    epoch, the step and the order of the data, and the state of the other callbacks. On a
    CPU the resumed run gives the same numbers as one that was never interrupted, provided that
    the data do (arrays always; a generator is read again up to the step).

    The state is one file, replaced as a whole, with a digest: being killed while it is written
    does not lose the run. On SIGTERM the run is saved after the present step and the process
    ends with status 143, within ten seconds.

    Args:
        backup_dir: folder of the backup, for this run alone.
        save_freq: `"epoch"`, or a number of batches after which to save as well.
        double_checkpoint: keep two files, written in turn.
        delete_checkpoint: delete the backup when training has ended.

    Raises:
        ValueError: if the arguments do not fit, or the backup is of another model.

    >>> import kerata, tempfile
    >>> backup = kerata.callbacks.BackupAndRestore(tempfile.mkdtemp(), save_freq=100)
    >>> backup.most_fused_steps
    100
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ):
        super().__init__()
        if not os.fspath(backup_dir):
            raise ValueError("`backup_dir` is empty; expected a folder, such as 'backup'.")
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                f"`save_freq` is {save_freq!r}; expected 'epoch' or a number of batches >= 1."
            )
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self._every = save_freq if isinstance(save_freq, int) else None
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._peers: Sequence[Callback] = ()
        self._saves = 0  # number of the last save; its parity chooses one of two files
        self._epoch = 0
        self._step = 0
        self._batches_since_save = 0
        self._seed: int | None = None
        self._terminated = False
        self._old_handler: Any = None
        self._deadline: Any = None
        self._error_before: BaseException | None = None  # being handled around the call of fit

    @property
    def most_fused_steps(self) -> int | None:
        """No more steps at once than lie between two saves."""
        return self._every

    # -- hooks ----------------------------------------------------------------------------------

    def resume(self, callbacks: Sequence[Callback]) -> Position | None:
        """Restore an interrupted run, if there is one, and return where it goes on."""
        self._peers = [callback for callback in callbacks if callback is not self]
        self._seed = (self.params or {}).get("seed")
        self._error_before = sys.exc_info()[1]
        run_state.delete_unfinished(self.backup_dir)
        state = self._newest()
        if state is not None:
            self._restore(state)
        self._listen_for_termination()
        if state is None:
            return None
        self._seed = state["seed"]
        epoch = state["epoch"]
        if state["stopped"]:  # by another callback, just before the end: no epoch is left
            epoch = max(epoch, (self.params or {}).get("epochs") or 0)
        return Position(epoch, state["step"], self._seed)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch."""
        self._epoch = epoch
        self._step = 0

    def on_train_steps_end(self, step: int) -> None:
        """Save, if enough batches have passed, or if the process has been told to end."""
        self._batches_since_save += step - self._step
        self._step = step
        if self._is_due() or self._terminated:
            self._save(self._epoch, step)
        self._end_if_terminated()

    def on_epoch_complete(self, epoch: int) -> None:
        """Save, after every callback has seen the epoch's end."""
        if self.save_freq == "epoch" or self._terminated:
            self._save(epoch + 1, 0)
        self._end_if_terminated()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Delete the backup of a run that is complete; one that an error ended keeps it."""
        self._stop_listening()
        interrupted = sys.exc_info()[1] is not self._error_before
        if self.delete_checkpoint and not interrupted:
            for path in self._paths():
                if os.path.exists(path):
                    os.unlink(path)

    # -- saving and restoring ----------------------------------------------------------------------

    def _is_due(self) -> bool:
        return self._every is not None and self._batches_since_save >= self._every

    def _paths(self) -> list[str]:
        return [os.path.join(self.backup_dir, f"run{i}.state") for i in range(2)]

    def _save(self, epoch: int, step: int) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        self._saves += 1
        self._batches_since_save = 0
        self._store(self._state(epoch, step))

    def _store(self, state: dict[str, Any]) -> None:
        path = self._paths()[self._saves % 2 if self.double_checkpoint else 0]
        run_state.write(path, state)

    def _state(self, epoch: int, step: int) -> dict[str, Any]:
        kind, keys, position, has_gauss, cached = np.random.get_state()
        return {
            "saves": self._saves,
            "stopped": bool(getattr(self.model, "stop_training", False)),
            "epoch": epoch,
            "step": step,
            "seed": self._seed,
            "variables": [np.asarray(variable.numpy()) for variable in self._variables()],
            "paths": [variable.path for variable in self._variables()],
            "callbacks": [[type(peer).__name__, _state_of(peer)] for peer in self._peers],
            "numpy_random": [kind, keys, position, has_gauss, cached],
            "python_random": list(random.getstate()),
        }

    def _variables(self) -> list[Any]:
        """Return all variables of the run: the model's, its optimizer's and its metrics'."""
        model = self.model
        groups = (
            model.variables,
            getattr(getattr(model, "optimizer", None), "variables", ()),
            getattr(model, "metrics_variables", ()),
        )
        return list({id(variable): variable for group in groups for variable in group}.values())

    def _newest(self) -> dict[str, Any] | None:
        """Return the newest complete state; a file that was being written is passed over.

        Raises:
            DamagedFile: if there are files, but none is complete.
        """
        states, damaged = [], None
        for path in self._paths():
            if os.path.exists(path):
                try:
                    states.append(run_state.read(path))
                except run_state.DamagedFile as error:
                    damaged = error
        if not states and damaged is not None:
            raise run_state.DamagedFile(
                f"{damaged} Delete the folder {self.backup_dir!r} to begin the run anew."
            )
        return max(states, key=lambda state: state["saves"], default=None)

    def _restore(self, state: dict[str, Any]) -> None:
        self._set_variables(state)
        for peer, (name, saved) in zip(self._peers, state["callbacks"], strict=False):
            if type(peer).__name__ == name:
                _set_state_of(peer, saved)
        np.random.set_state(tuple(state["numpy_random"]))
        version, internal, gauss = state["python_random"]
        random.setstate((version, tuple(internal), gauss))
        self._saves = state["saves"]

    def _set_variables(self, state: dict[str, Any]) -> None:
        variables = self._variables()
        self._check_same_model(variables, state)
        for variable, value in zip(variables, state["variables"], strict=True):
            variable.assign(value)

    def _check_same_model(self, variables: list[Any], state: dict[str, Any]) -> None:
        ours = [tuple(variable.shape) for variable in variables]
        theirs = [value.shape for value in state["variables"]]
        if ours == theirs:
            return
        differing = next(
            (i for i, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]),
            min(len(ours), len(theirs)),
        )
        name = (state["paths"] + ["nothing"])[min(differing, len(theirs))]
        raise ValueError(
            f"The backup in {self.backup_dir!r} is of another model: it has {len(theirs)} "
            f"variables, this model (with its optimizer and metrics) {len(ours)}; the first that "
            f"differs is {name!r} in the backup. Use another backup_dir, or delete that folder."
        )

    # -- SIGTERM -----------------------------------------------------------------------------------

    def _listen_for_termination(self) -> None:
        """Save and end on SIGTERM, unless the program has a handler of its own."""
        self._terminated = False
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            self._old_handler = signal.signal(signal.SIGTERM, self._terminate)

    def _terminate(self, *_: Any) -> None:
        """Have the run saved at its next step; if that does not come, end all the same."""
        self._terminated = True
        self._deadline = threading.Timer(_GRACE, os._exit, (_TERMINATED,))
        self._deadline.daemon = True
        self._deadline.start()

    def _end_if_terminated(self) -> None:
        if self._terminated:
            self._deadline.cancel()
            raise SystemExit(_TERMINATED)

    def _stop_listening(self) -> None:
        if self._old_handler is not None:
            signal.signal(signal.SIGTERM, self._old_handler)
            self._old_handler = None


def _state_of(callback: Any) -> Any:
    return callback.get_state() if hasattr(callback, "get_state") else {}


def _set_state_of(callback: Any, state: Any) -> None:
    if hasattr(callback, "set_state"):
        callback.set_state(state)
