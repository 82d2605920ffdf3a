"""A run whose loss is no longer a number: say where, and stop before more time is lost."""

from __future__ import annotations

import math
import time
import warnings
from typing import Any

import numpy as np

from kerata.core.errors import KerataWarning
from kerata.core.primitive import convert_to_numpy
from kerata.training.program import Results

#: How often the loss, which stays on the device, is looked at, in seconds; and after how many
#: results at the latest, since they are kept until then.
_INTERVAL, _MOST = 1.0, 256


class LossWatch:
    """Finds out now and then whether a run is lost, and since which step of an epoch.

    It is lost when the loss is NaN or infinite and so are weights: no later step can mend them.

    Args:
        model: the model that is trained.
        epoch: index of the epoch, from 0.
        start: how many of its steps were taken before.
    """

    def __init__(self, model: Any, epoch: int, start: int = 0):
        self._model, self._epoch = model, epoch
        self._unseen: list[tuple[int, Results]] = []
        self._due = time.monotonic() + _INTERVAL
        self._good = start  # the last step whose loss was seen to be finite, from 1
        self._settled = False  # the epoch's loss is lost, its weights are not

    def add(self, results: Results, step: int) -> bool:
        """Take note of results; tell whether the run is lost, with a warning that says what to do.

        Args:
            results: what some steps returned.
            step: how many steps of the epoch have been taken after them.
        """
        if self._settled:
            return False
        self._unseen.append((step, results))
        waits = len(self._unseen) < _MOST and time.monotonic() < self._due
        return not waits and self.look()

    def look(self) -> bool:
        """Look at the loss now; tell whether the run is lost, as `add` does."""
        if self._settled or not self._unseen:
            return False
        step, results = self._unseen[-1]
        loss = results.logs().get("loss")
        if not isinstance(loss, float):
            del self._unseen[:-1]  # only the last results of a chunk may have logs
            return False
        if math.isfinite(loss):
            self._good = step
            self._unseen.clear()
            self._due = time.monotonic() + _INTERVAL
            return False
        self._settled = True
        spoilt = next((v for v in self._model.trainable_variables if not _is_finite(v)), None)
        if spoilt is None:
            return False
        warnings.warn(
            f"Training stopped in epoch {self._epoch + 1}, {self._place()}: the loss became "
            f"{loss}, and {spoilt.path!r} is the first weight that is no longer finite."
            f"{_advice(self._model.optimizer)} To find the op where it begins: "
            "`kerata.config.check_numerics()` before `fit`.",
            KerataWarning,
            stacklevel=4,
        )
        return True

    def _place(self) -> str:
        """Say in which step the loss was lost, as far as losses were kept."""
        for last, results in self._unseen:
            for index in range(results.steps):
                loss = results.logs(index).get("loss")
                step = last - results.steps + index + 1
                if isinstance(loss, float) and math.isfinite(loss):
                    self._good = step
                elif isinstance(loss, float):
                    first = self._good + 1
                    return f"step {step}" if first == step else f"steps {first} to {step}"
        return "at its end"


def _is_finite(variable: Any) -> bool:
    return bool(np.isfinite(variable.numpy().astype("float32")).all())


def _advice(optimizer: Any) -> str:
    try:
        rate = float(convert_to_numpy(optimizer.learning_rate))
    except (AttributeError, TypeError):
        return " Lower the learning rate, or clip gradients (`clipnorm=1.0`)."
    return f" Try a learning rate <= {rate / 10:g} (it is {rate:g}), or `clipnorm=1.0`."
