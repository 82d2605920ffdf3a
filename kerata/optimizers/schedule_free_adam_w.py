"""Schedule-free AdamW: an average of the weights takes the place of a falling learning rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kerata.core.registry import register
from kerata.core.variable import Variable
from kerata.optimizers.multi import Scalar, Tensors, smaller
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.schedules import LearningRateSchedule
from kerata.optimizers.slots import Slot
from kerata.optimizers.steps import moving_average


@register("optimizers")
class ScheduleFreeAdamW(Optimizer):
    """Adam that needs no schedule: it moves a point z, and averages where z has been.

    The weights of the model are `y = (1 - beta_1) z + beta_1 x`, where x is that average; the
    gradients are taken there.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        beta_1: How near the weights are to the average.
        beta_2: How much of the mean of the squares of the gradients is kept at each update.
        epsilon: Keeps the division finite.
        warmup_steps: The number of updates in which the learning rate rises from 0.
        weight_decay: The decay of the weights.
        clipnorm: As for `Optimizer`, like the arguments after it.

    Source: Defazio et al., "The Road Less Scheduled" (2024).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.ScheduleFreeAdamW(0.1).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.9
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warmup_steps = warmup_steps

    def _slot_groups(self) -> list[list[Slot]]:
        # The momentum is the point z; files know it by this name.
        return [[Slot("momentum"), Slot("velocity")]]

    def _build_slot(self, slot: Slot, variable: Variable) -> Variable:
        if slot.name == "velocity":
            return super()._build_slot(slot, variable)

        def value(shape: Any, dtype: Any = None) -> np.ndarray:
            return variable.backend.to_numpy(variable.stored_value())

        return self.add_variable_from_reference(variable, slot.name, value)

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        z = slots["momentum"]
        v = moving_average(slots["velocity"], gradients * gradients, self.beta_2)
        spread = (v * (1 / (1 - self.beta_2**step))).sqrt()
        move = gradients * (rate * self._warmth(step)) / (spread + self.epsilon)
        share = 1 / step  # of the newest point in the average
        averaged = values + (z - values) * share
        values = averaged - move * (1 - self.beta_1 * (1 - share))
        return values, {"momentum": z - move, "velocity": v}

    def _warmth(self, step: Scalar) -> Scalar:
        """Return how much of the learning rate is used at a step."""
        if not self.warmup_steps:
            return 1.0
        return smaller(step / self.warmup_steps, 1.0)
