"""Lamb: Adam with steps in proportion to the size of the weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.optimizers.multi import Scalar, Tensors
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.schedules import LearningRateSchedule
from kerata.optimizers.slots import Slot
from kerata.optimizers.steps import moving_average


@register("optimizers")
class Lamb(Optimizer):
    """Adam's step, scaled for each variable to the norm of its weights; for large batches.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        beta_1: How much of the mean of the gradients is kept at each update.
        beta_2: How much of the mean of their squares is kept.
        epsilon: Keeps the division finite.
        weight_decay: As for `Optimizer`, like the arguments after it.

    Source: You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes"
    (2020).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.Lamb(0.1).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.9
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def _slot_groups(self) -> list[list[Slot]]:
        return [[Slot("momentum"), Slot("velocity")]]

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        m = moving_average(slots["momentum"], gradients, self.beta_1)
        v = moving_average(slots["velocity"], gradients * gradients, self.beta_2)
        spread = (v * (1 / (1 - self.beta_2**step))).sqrt() + self.epsilon
        move = m * (1 / (1 - self.beta_1**step)) / spread
        move = move * _trust(values, move) * rate
        return values - move, {"momentum": m, "velocity": v}


def _trust(values: Tensors, moves: Tensors) -> Tensors:
    """Return the ratio of the norms of weights and moves, 1 where one of them is zero."""
    pairs = zip(values.square_sums().sqrt(), moves.square_sums().sqrt(), strict=True)
    return values.like([ops.where(w * u > 0, w / u, ops.ones_like(w)) for w, u in pairs])
