"""SwapEMAWeights: evaluates with the averaged weights while training the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerata.callbacks.callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Use the moving average of the weights for evaluation, prediction and, if wished, saving.

    For optimizers with `use_ema=True`. When training ends, the model has the averaged weights
    in any case.

    Args:
        swap_on_epoch: show the averaged weights also between two epochs, to the callbacks that
            come after this one, such as `ModelCheckpoint`.

    Raises:
        ValueError: if the optimizer keeps no averages.

    >>> import kerata
    >>> kerata.callbacks.SwapEMAWeights(swap_on_epoch=True).swap_on_epoch
    True
    """

    def __init__(self, swap_on_epoch: bool = False):
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._trained: list[np.ndarray] | None = None  # the weights in training, while swapped

    def get_state(self) -> dict[str, Any]:
        """Return the weights in training, if the model does not have them at the moment."""
        return {"trained": self._trained}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over the weights in training; the next epoch begins with them."""
        self._trained = state["trained"]

    def _show_averages(self) -> None:
        optimizer: Any = getattr(self.model, "optimizer", None)
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        if not getattr(optimizer, "use_ema", False):
            raise ValueError(
                "SwapEMAWeights needs an optimizer that averages the weights: pass use_ema=True "
                f"to {type(optimizer).__name__}."
            )
        if self._trained is None and getattr(optimizer, "built", True):
            variables = self.model.trainable_variables
            self._trained = [np.array(variable.numpy()) for variable in variables]
            optimizer.finalize_variable_values(variables)

    def _show_trained(self) -> None:
        if self._trained is not None:
            pairs = zip(self.model.trainable_variables, self._trained, strict=True)
            for variable, value in pairs:
                variable.assign(value)
            self._trained = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Go on training with the weights in training."""
        self._show_trained()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Show the averages to the callbacks that follow."""
        if self.swap_on_epoch:
            self._show_averages()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Evaluate the averages."""
        self._show_averages()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Take the weights in training back."""
        self._show_trained()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Predict with the averages."""
        self._show_averages()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Take the weights in training back."""
        self._show_trained()
