"""ProgbarLogger: shows how a run goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.callbacks.callback import Callback, Logs
from kerata.training.progress import Progress


class ProgbarLogger(Callback):
    """Shows progress and metrics: a live line on a terminal, else one line per epoch.

    `fit`, `evaluate` and `predict` add it unless `verbose=0`; `params` say what to show:
    `verbose`, `epochs`, `steps` (per epoch, `None` if unknown).
    """

    fusable = True
    takes_lazy_logs = True

    def __init__(self) -> None:
        super().__init__()
        self._progress: Progress | None = None
        self._training = False
        self._logs: Any = None

    def _param(self, name: str, default: Any) -> Any:
        value = (self.params or {}).get(name)
        return default if value is None else value

    def _begin(self, title: str = "") -> None:
        verbose = self._param("verbose", 1)
        verbose = 1 if verbose == "auto" else int(verbose)
        self._progress = Progress(self._param("steps", None), title, verbose)

    def _update(self, batch: int, logs: Logs | Callable[[], Logs] | None) -> None:
        if self._progress is not None:
            self._progress.update(batch + 1, logs)

    def _computed(self) -> None:
        """The metrics of the epoch have been read, so its steps are done."""
        if self._progress is not None:
            self._progress.computed()

    def _finish(self, logs: Logs | None) -> None:
        if self._progress is not None:
            self._progress.finish(logs)
            self._progress = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Remember that validations belong to a training."""
        self._training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Training is over."""
        self._training = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Begin the line of an epoch."""
        epochs = self._param("epochs", 1)
        self._begin(f"Epoch {epoch + 1:{len(str(epochs))}d}/{epochs}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Leave the line with the epoch's metrics."""
        self._computed()
        self._finish(logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keep the logs; steps that were computed at once are shown at once."""
        self._logs = logs

    def on_train_steps_end(self, step: int) -> None:
        """Move the bar."""
        self._update(step - 1, self._logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Begin the line of an evaluation; a validation keeps the line of its epoch."""
        if self._training:
            self._computed()
        else:
            self._begin()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar of an evaluation."""
        if not self._training:
            self._update(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Leave the line with the metrics of the evaluation."""
        if not self._training:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Begin the line of a prediction."""
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar of a prediction, whose logs are its outputs."""
        self._update(batch, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Leave the line."""
        self._finish(None)
