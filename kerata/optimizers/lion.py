"""Lion: steps by the sign of a mean of the gradients."""

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
class Lion(Optimizer):
    """Steps of one size, in the direction of the sign of the momentum.

    `w -= rate * sign(beta_1 * m + (1 - beta_1) * g)` and `m = beta_2 * m + (1 - beta_2) * g`.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        beta_1: How much the momentum counts in the step, above 0 up to 1.
        beta_2: How much of the momentum is kept at each update.
        weight_decay: As for `Optimizer`, like the arguments after it.

    Source: Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.Lion(0.1).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.9
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        if not 0 < beta_1 <= 1:
            raise ValueError(f"Lion needs `beta_1` above 0 up to 1, but got {beta_1}.")
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def _slot_groups(self) -> list[list[Slot]]:
        return [[Slot("momentum")]]

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        direction = moving_average(slots["momentum"], gradients, self.beta_1).sign()
        momentum = moving_average(slots["momentum"], gradients, self.beta_2)
        return values - direction * rate, {"momentum": momentum}
