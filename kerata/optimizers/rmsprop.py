"""RMSprop: steps divided by the root of the mean square of recent gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.core.registry import register
from kerata.optimizers.multi import Scalar, Tensors
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.schedules import LearningRateSchedule
from kerata.optimizers.slots import Slot
from kerata.optimizers.steps import moving_average


@register("optimizers")
class RMSprop(Optimizer):
    """Divides the gradient by the root of a moving average of its square.

    `v = rho * v + (1 - rho) * g**2` and `w -= rate * g / sqrt(v + epsilon)`.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        rho: How much of the average is kept at each update.
        momentum: How much of the last move is kept, from 0 to 1.
        epsilon: Keeps the division finite.
        centered: Whether to divide by the variance, in place of the mean square.
        weight_decay: As for `Optimizer`, like the arguments after it.

    Source: Hinton, Srivastava, Swersky, "Neural Networks for Machine Learning", lecture 6 (2012);
    centered: Graves, "Generating Sequences With Recurrent Neural Networks" (2013).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.RMSprop(0.1).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.6838
    """

    fused = "fused_rmsprop"
    fused_settings = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def _slot_groups(self) -> list[list[Slot]]:
        return [
            [Slot("velocity")],
            [Slot("momentum")] if self.momentum > 0 else [],
            [Slot("average_gradient")] if self.centered else [],
        ]

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        changed = {"velocity": moving_average(slots["velocity"], gradients * gradients, self.rho)}
        spread = changed["velocity"]
        if self.centered:
            mean = moving_average(slots["average_gradient"], gradients, self.rho)
            changed["average_gradient"] = mean
            spread = spread - mean * mean
        move = gradients * rate / (spread + self.epsilon).sqrt()
        if self.momentum > 0:
            move = changed["momentum"] = slots["momentum"] * self.momentum + move
        return values - move, changed
