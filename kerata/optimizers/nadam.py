"""Nadam: Adam with Nesterov's momentum."""

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
class Nadam(Optimizer):
    """Adam that looks ahead along the momentum, as Nesterov's method does.

    With `u_t = beta_1 * (1 - 0.96**t / 2)` and `U_t = u_1 * ... * u_t` the mean is
    `u_{t+1} * m / (1 - U_{t+1}) + (1 - u_t) * g / (1 - U_t)`.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        beta_1: How much of the mean of the gradients is kept at each update.
        beta_2: How much of the mean of their squares is kept.
        epsilon: Keeps the division finite.
        weight_decay: As for `Optimizer`, like the arguments after it.

    Source: Dozat, "Incorporating Nesterov Momentum into Adam" (2016).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.Nadam(0.1).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.8937
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

    def _build_shared(self) -> None:
        """Make the variable that holds the product of the momentum schedule so far."""
        self._u_product = self.add_variable((), "ones", name="u_product")

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        now, after = self._momentum_at(step), self._momentum_at(step + 1)
        product = self._host(self._u_product) * now
        self._u_product.assign(product)
        m = moving_average(slots["momentum"], gradients, self.beta_1)
        v = moving_average(slots["velocity"], gradients * gradients, self.beta_2)
        ahead = m * (after / (1 - product * after)) + gradients * ((1 - now) / (1 - product))
        spread = (v * (1 / (1 - self.beta_2**step))).sqrt()
        move = ahead * rate / (spread + self.epsilon)
        return values - move, {"momentum": m, "velocity": v}

    def _momentum_at(self, step: Scalar) -> Scalar:
        return self.beta_1 * (1 - 0.5 * 0.96**step)
