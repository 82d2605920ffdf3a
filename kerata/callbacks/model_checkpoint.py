"""ModelCheckpoint: saves the model while it trains."""

from __future__ import annotations

import os

from kerata.callbacks.callback import Logs
from kerata.callbacks.periodic_saving import PeriodicSaving


class ModelCheckpoint(PeriodicSaving):
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
        super().__init__(
            monitor, mode, verbose, save_best_only, save_freq, initial_value_threshold
        )
        self.filepath = os.fspath(filepath)
        self.save_weights_only = save_weights_only
        self._check()

    def _check(self) -> None:
        suffixes = (".weights.h5",) if self.save_weights_only else (".keras", ".h5")
        is_weights = self.filepath.endswith(".weights.h5")
        if not self.filepath.endswith(suffixes) or is_weights != self.save_weights_only:
            raise ValueError(
                f"`filepath` is {self.filepath!r}; with save_weights_only="
                f"{self.save_weights_only} it must end in {' or '.join(suffixes)}."
            )

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

    def save(self, epoch: int, batch: int | None, logs: Logs | None) -> str:
        """Save the model, or its weights, and return the file's name."""
        path = self.path(epoch, batch, logs)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        return path
