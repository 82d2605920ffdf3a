"""Callback: what a user's object is told while a model trains, evaluates or predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Logs = Mapping[str, Any]

#: the hooks that are called around every step, by what is running
BATCH_HOOKS = {
    "train": ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class Position(NamedTuple):
    """Where a resumed run goes on: an epoch, the steps of it that are done, the data's seed.

    Args:
        epoch: index of the epoch.
        step: how many of its steps are done.
        seed: seed of the order of the data.
    """

    epoch: int
    step: int
    seed: int | None = None


class Callback:
    """Base class: override the hooks you need.

    `self.model` is the model, `self.params` a dict with `epochs`, `steps` and `verbose`. Hooks get
    `logs`, a dict of metrics. Setting `self.model.stop_training = True` ends training.

    A callback that overrides a batch hook makes `fit` run one step at a time. If its batch hooks
    only look at `batch` and `logs`, set `fusable = True`: they are then called for every step,
    but after several steps have been computed at once.

    Attributes:
        fusable: whether batch hooks may be called late, after several steps.
        takes_lazy_logs: whether batch hooks accept, instead of `logs`, a function returning it.
        state_names: attributes saved by `BackupAndRestore` and set again when a run is resumed:
            numbers, strings, lists, dicts and NumPy arrays.

    >>> class Loud(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, logs["loss"])
    >>> Loud().on_epoch_end(0, {"loss": 0.5})
    0 0.5
    """

    fusable: bool = False
    takes_lazy_logs: bool = False
    state_names: tuple[str, ...] = ()

    # On the class, so that a subclass may leave out `super().__init__()`.
    params: dict[str, Any] | None = None
    _model: Any = None

    def __init__(self) -> None:
        self.params = None
        self._model = None

    @property
    def model(self) -> Any:
        """The model that the hooks are about."""
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive the run's parameters."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Receive the model."""
        self._model = model

    @property
    def most_fused_steps(self) -> int | None:
        """How many training steps may be computed between two calls; `None`: any number."""
        return None if self.fusable or not overrides(self, *BATCH_HOOKS["train"]) else 1

    def get_state(self) -> dict[str, Any]:
        """Return what a resumed run needs to know of this callback."""
        return {name: getattr(self, name) for name in self.state_names}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over the state of an interrupted run."""
        for name in self.state_names:
            if name in state:
                setattr(self, name, state[name])

    def resume(self, callbacks: Sequence[Callback]) -> Position | None:
        """Return where the run goes on, if this callback continues an interrupted one.

        Called after every callback's `on_train_begin`.
        """
        return None

    # -- training --------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called when `fit` begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called when `fit` ends, with the logs of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before an epoch (from 0)."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after an epoch and its validation, whose metrics have the prefix `val_`."""

    def on_epoch_complete(self, epoch: int) -> None:
        """Called after every callback's `on_epoch_end`: the place to save the state of the run."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """An older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """An older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a training step (from 0 in each epoch)."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a training step, with the epoch's metrics up to it."""
        self.on_batch_end(batch, logs=logs)

    def on_train_steps_end(self, step: int) -> None:
        """Called when the model is exactly as it is after `step` steps of the epoch.

        With fused steps this is once for several of them: the place to save the model.
        """

    # -- evaluation and prediction -----------------------------------------------------------

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called when `evaluate`, or the validation of an epoch, begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called when `evaluate`, or the validation of an epoch, ends."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a step of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a step of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called when `predict` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called when `predict` ends."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a step of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a step of a prediction, with `{"outputs": ...}`."""


def overrides(callback: Any, *hooks: str) -> bool:
    """Tell whether a callback has a hook of its own, in its class or set on the instance.

    >>> overrides(Callback(), "on_epoch_end")
    False
    """
    return any(_own(callback, hook) for hook in hooks)


def _own(callback: Any, hook: str) -> bool:
    method = getattr(callback, hook, None)
    return method is not None and getattr(method, "__func__", method) is not getattr(Callback, hook)
