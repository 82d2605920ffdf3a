"""Adagrad: steps divided by the root of the sum of all squares so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.core.registry import register
from kerata.initializers import Constant
from kerata.optimizers.multi import Scalar, Tensors
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.schedules import LearningRateSchedule
from kerata.optimizers.slots import Slot


@register("optimizers")
class Adagrad(Optimizer):
    """Divides the gradient by the root of the sum of its squares so far.

    `a += g**2` and `w -= rate * g / sqrt(a + epsilon)`.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        initial_accumulator_value: Where the sums of squares start.
        epsilon: Keeps the division finite.
        weight_decay: As for `Optimizer`, like the arguments after it.

    Source: Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization" (2011).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.Adagrad(0.1).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.9047
    """

    fused = "fused_adagrad"
    fused_settings = ("epsilon",)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
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
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def _slot_groups(self) -> list[list[Slot]]:
        return [[Slot("accumulator", Constant(self.initial_accumulator_value))]]

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        total = slots["accumulator"] + gradients * gradients
        move = gradients * rate / (total + self.epsilon).sqrt()
        return values - move, {"accumulator": total}
