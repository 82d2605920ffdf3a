"""LambdaCallback: a callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.callbacks.callback import Callback
from kerata.core.errors import closest


class LambdaCallback(Callback):
    """Make a callback of functions, without a class.

    Args:
        on_epoch_begin: called with `(epoch, logs)`.
        on_epoch_end: called with `(epoch, logs)`.
        on_train_begin: called with `(logs)`.
        on_train_end: called with `(logs)`.
        on_train_batch_begin: called with `(batch, logs)`.
        on_train_batch_end: called with `(batch, logs)`.
        **kwargs: any other hook of `Callback` by name.

    Raises:
        TypeError: if a name is not that of a hook.

    >>> import kerata
    >>> printing = kerata.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch))
    >>> printing.on_epoch_end(3, {})
    3
    """

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        on_train_batch_begin: Callable | None = None,
        on_train_batch_end: Callable | None = None,
        **kwargs: Any,
    ):
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        hooks = [name for name in vars(Callback) if name.startswith("on_")]
        for name, function in given.items():
            if name not in hooks:
                raise TypeError(f"LambdaCallback has no hook {name!r}.{closest(name, hooks)}")
            if function is not None:
                setattr(self, name, function)
