"""TerminateOnNaN: stops when the loss is no longer a number."""

from __future__ import annotations

import numpy as np

from kerata.callbacks.callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Stop training when the loss becomes NaN or infinite, and say in which epoch and step.

    Args:
        raise_error: raise a `RuntimeError` instead of stopping quietly.

    Raises:
        RuntimeError: at such a loss, with `raise_error`.
    """

    fusable = True

    def __init__(self, raise_error: bool = False):
        super().__init__()
        self.raise_error = raise_error
        self._epoch = 0
        self._stopped = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self._stopped = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch."""
        self._epoch = epoch

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or self._stopped or np.isfinite(loss):
            return
        self._stopped = True
        message = (
            f"The loss is {float(loss)} in epoch {self._epoch + 1}, step {batch + 1}: training "
            "stops. Try a lower learning rate, clipnorm=1.0 in the optimizer, or look for "
            "extreme values in the data."
        )
        if self.raise_error:
            raise RuntimeError(message)
        print(message)
        self.model.stop_training = True
