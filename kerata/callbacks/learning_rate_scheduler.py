"""LearningRateScheduler: a learning rate for each epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from kerata.callbacks import learning_rate
from kerata.callbacks.callback import Callback, Logs


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch.

    Args:
        schedule: function `(epoch, rate) -> rate` or `(epoch) -> rate`; epochs count from 0.
        verbose: 1 tells the rate of each epoch.

    Raises:
        TypeError: if the function returns something that is not a number.

    >>> import kerata
    >>> halve = kerata.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    >>> halve.schedule(0, 0.1)
    0.05
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        old = learning_rate.get(self.model, type(self).__name__)
        new = self.schedule(epoch, old) if self._takes_rate else self.schedule(epoch)
        try:
            new = float(new)
        except (TypeError, ValueError):
            raise TypeError(
                f"The schedule of LearningRateScheduler returned a {type(new).__name__} for epoch "
                f"{epoch}; expected a float, such as 0.001. Is a `return` missing?"
            ) from None
        learning_rate.set_to(self.model, new)
        if self.verbose:
            print(f"Epoch {epoch + 1}: LearningRateScheduler sets the learning rate to {new:.4g}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Record the rate."""
        if isinstance(logs, dict):
            logs["learning_rate"] = learning_rate.get(self.model, type(self).__name__)


def _takes_two(schedule: Callable[..., float]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.1)
    except TypeError:
        return False
    except ValueError:  # a built-in without a signature: Keras' first form
        return True
    return True
