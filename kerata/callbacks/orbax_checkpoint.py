"""OrbaxCheckpoint: saves the state of training with Orbax, in the background."""

from __future__ import annotations

import os
from typing import Any

from kerata.callbacks.callback import Logs
from kerata.callbacks.periodic_saving import PeriodicSaving


class OrbaxCheckpoint(PeriodicSaving):
    """Save the model after each epoch or every few batches, as a checkpoint of Orbax.

    Each save is a numbered folder in `directory`: the number of the epoch, from 0, or of the
    batches trained on. It is higher than those that are there already, so that a second run in
    the same folder adds to it. A folder gets its name only when all of it is written.
    `kerata.saving.load_model(directory)` and `model.load_weights(directory)` read the latest, or
    the one whose folder they are given; so does Keras.

    Args:
        directory: folder of the checkpoints.
        monitor: name of the metric, used with `save_best_only`.
        verbose: 1 tells of each save.
        save_best_only: save only when the metric has improved.
        mode: `"min"`, `"max"`, or `"auto"` to tell it from the name.
        save_freq: `"epoch"`, or a number of batches.
        initial_value_threshold: value that the metric must beat to be saved at all.
        max_to_keep: how many checkpoints are kept, the latest; `None` keeps all.
        save_on_background: whether training goes on while copies of the values are written.
        save_weights_only: leave out the optimizer and the configuration.

    Raises:
        ImportError: when orbax-checkpoint is missing.
        ValueError: if `save_freq` does not fit.

    >>> import kerata
    >>> checkpoint = kerata.callbacks.OrbaxCheckpoint("run", save_freq=100)  # doctest: +SKIP
    """

    state_names = ("best", "_batches_since_save", "_batches")

    def __init__(
        self,
        directory: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        max_to_keep: int | None = 1,
        save_on_background: bool = True,
        save_weights_only: bool = False,
    ):
        super().__init__(
            monitor, mode, verbose, save_best_only, save_freq, initial_value_threshold
        )
        self.directory = os.path.abspath(os.fspath(directory))
        self.max_to_keep = max_to_keep
        self.save_on_background = save_on_background
        self.save_weights_only = save_weights_only
        from kerata.saving.orbax import load_orbax

        self._orbax = load_orbax()
        self._checkpointer: Any = None
        self._unfinished: Any = None
        self._batches = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the folder; count batches from those that the optimizer has seen."""
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None and not self._batches:
            self._batches = int(optimizer.iterations)
        policies = self._orbax.training
        keep = self.max_to_keep
        self._checkpointer = policies.Checkpointer(
            self.directory,
            preservation_policy=keep and policies.preservation_policies.LatestN(keep),
            save_decision_policy=policies.save_decision_policies.FixedIntervalPolicy(1),
        )

    def on_train_steps_end(self, step: int) -> None:
        """Save, if enough batches have passed."""
        self._batches += step - self._step
        super().on_train_steps_end(step)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Wait for the last save."""
        self.wait_until_finished()
        self._checkpointer.close()

    def save(self, epoch: int, batch: int | None, logs: Logs | None) -> str:
        """Save the model and return the folder."""
        from kerata.saving.orbax import content_of

        self.wait_until_finished()
        latest = self._checkpointer.latest
        number = epoch if batch is None else self._batches
        step = number if latest is None else max(number, latest.step + 1)
        content = content_of(self.model, self.save_weights_only)
        if self.save_on_background:
            self._unfinished = self._checkpointer.save_checkpointables_async(step, content)
        else:
            self._checkpointer.save_checkpointables(step, content)
        return os.path.join(self.directory, str(step))

    def wait_until_finished(self) -> None:
        """Wait until what was saved last is on the disk; raise the error that it met."""
        if self._unfinished is not None:
            unfinished, self._unfinished = self._unfinished, None
            unfinished.result()

    def is_multihost_enabled(self) -> bool:
        """Tell whether several hosts that JAX has connected save together."""
        from orbax.checkpoint import multihost

        return bool(multihost.is_jax_distributed_client_initialized())

    def is_primary_host(self) -> bool:
        """Tell whether this is the only host, or the first of several."""
        from orbax.checkpoint import multihost

        return not self.is_multihost_enabled() or bool(multihost.is_primary_host(0))
