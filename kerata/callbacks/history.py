"""History: the metrics of every epoch."""

from __future__ import annotations

from typing import Any

from kerata.callbacks.callback import Callback, Logs


class History(Callback):
    """Records the metrics of every epoch; `fit` returns it.

    Attributes:
        epoch: indices of the epochs.
        history: lists of values by metric name.

    >>> history = History()
    >>> history.on_epoch_end(0, {"loss": 0.5})
    >>> history.history
    {'loss': [0.5]}
    """

    state_names = ("epoch", "history")

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start the list of epochs anew; values of an earlier `fit` stay in front."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Record the metrics."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
