"""CallbackList: calls the hooks of several callbacks, and of none that has not asked for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kerata.callbacks.callback import BATCH_HOOKS, Callback, Logs, Position, overrides
from kerata.callbacks.history import History
from kerata.callbacks.monitor import check_monitor
from kerata.callbacks.progbar_logger import ProgbarLogger

_HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))

LazyLogs = Logs | Callable[[], Logs] | None


class CallbackList:
    """The callbacks of a run.

    Args:
        callbacks: callbacks, in the order in which they are called.
        add_history: add a `History` if there is none.
        add_progbar: add a `ProgbarLogger` if there is none.
        model: the model that they are about.
        **params: what they get as `params`: `epochs`, `steps`, `verbose`, `seed`.

    Raises:
        TypeError: if something is not a callback.

    >>> from kerata.callbacks import CallbackList, LambdaCallback
    >>> run = CallbackList([LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))])
    >>> run.on_epoch_end(0, {"loss": 0.5})
    {'loss': 0.5}
    """

    def __init__(
        self,
        callbacks: Callback | Iterable[Callback] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ):
        self.callbacks = _as_list(callbacks)
        self.history = self._find(History)
        self.position: Position | None = None
        if add_progbar and self._find(ProgbarLogger) is None:
            self.callbacks.append(ProgbarLogger())
        if add_history and self.history is None:
            self.history = History()
            self.callbacks.append(self.history)
        self._asked: dict[str, list[Any]] = {}
        self._find_hooks()
        self.set_model(model)
        self.set_params(params)

    def _find(self, kind: type) -> Any:
        return next((callback for callback in self.callbacks if isinstance(callback, kind)), None)

    def _find_hooks(self) -> None:
        for hook in _HOOKS:
            names = (hook, hook.replace("_train", "")) if "train_batch" in hook else (hook,)
            self._asked[hook] = [c for c in self.callbacks if overrides(c, *names)]

    def __iter__(self) -> Any:
        return iter(self.callbacks)

    def append(self, callback: Callback) -> None:
        """Add a callback at the end."""
        self.callbacks.extend(_as_list(callback))
        self._find_hooks()

    def set_params(self, params: dict[str, Any]) -> None:
        """Give the run's parameters to all."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    @property
    def model(self) -> Any:
        """The model that the callbacks are about."""
        return self._model

    def set_model(self, model: Any) -> None:
        """Give the model to all."""
        self._model = model
        if self.history is not None and model is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    # -- what the trainer asks -----------------------------------------------------------------

    @property
    def needs_batch_hooks(self) -> bool:
        """Whether training must go step by step: a batch hook that may not be called late."""
        return self.most_fused_steps == 1

    @property
    def most_fused_steps(self) -> int | None:
        """How many training steps may be computed at once; `None`: any number."""
        limits = [getattr(callback, "most_fused_steps", 1) for callback in self.callbacks]
        return min((limit for limit in limits if limit is not None), default=None)

    def has_batch_hooks(self, mode: str = "train") -> bool:
        """Tell whether any callback wants to hear of the steps of a mode at all."""
        hooks = BATCH_HOOKS[mode] + (("on_train_steps_end",) if mode == "train" else ())
        return any(self._asked[hook] for hook in hooks)

    def wants_logs_of_each_step(self, mode: str = "train") -> bool:
        """Tell whether a callback reads the logs of every step, not only now and then."""
        asked = (c for hook in BATCH_HOOKS[mode] for c in self._asked[hook])
        return any(not getattr(callback, "takes_lazy_logs", False) for callback in asked)

    def check_monitors(self, names: Sequence[str]) -> None:
        """Raise if a callback monitors a metric that will not exist.

        Args:
            names: the names that the logs of an epoch will have, `val_` ones included.

        Raises:
            ValueError: naming the nearest metric.
        """
        others_may_add = False
        for callback in self.callbacks:
            monitor = getattr(callback, "needed_monitor", None)
            if monitor is not None:
                if not (others_may_add and monitor not in names):
                    check_monitor(type(callback).__name__, monitor, names)
                    callback.monitor_is_known = True
            elif _is_foreign(callback) and overrides(callback, "on_epoch_end"):
                others_may_add = True  # by writing into the logs

    # -- hooks -----------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin training; afterwards `position` says where a resumed run goes on, if it is one."""
        self._call("on_train_begin", logs)
        self.position = None
        for callback in self.callbacks:
            resume = getattr(callback, "resume", None)
            position = resume(self.callbacks) if resume else None
            self.position = position or self.position

    def on_train_end(self, logs: Logs | None = None) -> None:
        """End training."""
        self._call("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Begin an epoch."""
        self._call("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """End an epoch; callbacks may add to `logs` for those after them."""
        self._call("on_epoch_end", epoch, logs)
        self._call("on_epoch_complete", epoch)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Begin a training step."""
        self._call("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: LazyLogs = None, synced: bool = True) -> None:
        """End a training step.

        Args:
            batch: index of the step in its epoch.
            logs: metrics, or a function that returns them, called only if somebody looks.
            synced: whether the model is as it is after this very step; `False` for all but the
                last step of those that were computed at once.
        """
        self._call_lazily("on_train_batch_end", batch, logs)
        if synced:
            self._call("on_train_steps_end", batch + 1)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Begin a training step (older name)."""
        self.on_train_batch_begin(batch, logs)

    def on_batch_end(self, batch: int, logs: LazyLogs = None) -> None:
        """End a training step (older name)."""
        self.on_train_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Begin an evaluation."""
        self._call("on_test_begin", logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """End an evaluation."""
        self._call("on_test_end", logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Begin a step of an evaluation."""
        self._call("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: LazyLogs = None) -> None:
        """End a step of an evaluation."""
        self._call_lazily("on_test_batch_end", batch, logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Begin a prediction."""
        self._call("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """End a prediction."""
        self._call("on_predict_end", logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Begin a step of a prediction."""
        self._call("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: LazyLogs = None) -> None:
        """End a step of a prediction."""
        self._call_lazily("on_predict_batch_end", batch, logs)

    def _call(self, hook: str, *arguments: Any) -> None:
        for callback in self._asked[hook]:
            getattr(callback, hook)(*arguments)

    def _call_lazily(self, hook: str, batch: int, logs: LazyLogs) -> None:
        for callback in self._asked[hook]:
            if callable(logs) and not getattr(callback, "takes_lazy_logs", False):
                logs = logs()
            getattr(callback, hook)(batch, logs)


def _as_list(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    listed = list(callbacks) if isinstance(callbacks, (list, tuple, CallbackList)) else [callbacks]
    for callback in listed:
        if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
            name = getattr(callback, "__name__", type(callback).__name__)
            fix = "subclass kerata.callbacks.Callback, or wrap a function in LambdaCallback."
            if isinstance(callback, type):
                fix = f"did you mean {name}()?"
            raise TypeError(f"`callbacks` holds {name}, which is not a callback: {fix}")
    return listed


def _is_foreign(callback: Any) -> bool:
    return type(callback).__module__.partition(".")[0] != "kerata"
