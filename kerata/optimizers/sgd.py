"""Stochastic gradient descent, plain or with momentum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.core.registry import register
from kerata.optimizers.multi import Scalar, Tensors
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.schedules import LearningRateSchedule
from kerata.optimizers.slots import Slot


@register("optimizers")
class SGD(Optimizer):
    """Gradient descent, optionally with momentum.

    `w -= rate * g`; with momentum `m = momentum * m - rate * g` and `w += m`, or, after
    Nesterov, `w += momentum * m - rate * g`.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        momentum: How much of the last move is kept, from 0 to 1.
        nesterov: Whether to look ahead along the momentum, after Nesterov.
        weight_decay: As for `Optimizer`, like the arguments after it.

    Source: Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in
    deep learning" (2013).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.SGD(0.1).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.9
    """

    fused = "fused_sgd"
    fused_settings = ("momentum", "nesterov")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not 0.0 <= momentum <= 1.0:
            raise ValueError(f"SGD needs `momentum` from 0 to 1, but got {momentum}.")
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        self.momentum = momentum
        self.nesterov = nesterov

    def _slot_groups(self) -> list[list[Slot]]:
        return [[Slot("momentum")]] if self.momentum else []

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        if not self.momentum:
            return values - gradients * rate, {}
        move = slots["momentum"] * self.momentum - gradients * rate
        ahead = move * self.momentum - gradients * rate if self.nesterov else move
        return values + ahead, {"momentum": move}
