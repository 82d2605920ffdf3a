"""Adadelta: steps scaled by the ratio of recent moves to recent gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.core.registry import register
from kerata.core.variable import Variable
from kerata.optimizers.multi import Scalar, Tensors
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.schedules import LearningRateSchedule
from kerata.optimizers.slots import Slot
from kerata.optimizers.steps import moving_average


@register("optimizers")
class Adadelta(Optimizer):
    """Scales the gradient by the ratio of the root mean squares of recent moves and gradients.

    `a = rho * a + (1 - rho) * g**2`, `d = -sqrt(b + epsilon) / sqrt(a + epsilon) * g`,
    `b = rho * b + (1 - rho) * d**2`, and `w += rate * d`.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        rho: How much of the averages is kept at each update.
        epsilon: Keeps the division finite and starts the moves.
        weight_decay: As for `Optimizer`, like the arguments after it.

    Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.Adadelta(1.0).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.9986
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.001,
        rho: float = 0.95,
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
        self.rho = rho
        self.epsilon = epsilon

    def update_step(self, grad: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable; as in Keras, the gradient has a shorter name here.

        Args:
            grad: The gradient of the loss, of the variable's shape.
            variable: The variable.
            learning_rate: The learning rate, a scalar.
        """
        super().update_step(grad, variable, learning_rate)

    def _updates_by_rule(self) -> bool:
        return type(self).update_step is Adadelta.update_step

    def _slot_groups(self) -> list[list[Slot]]:
        return [[Slot("accumulated_grad"), Slot("accumulated_delta_var")]]

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        squares = moving_average(slots["accumulated_grad"], gradients * gradients, self.rho)
        moves = slots["accumulated_delta_var"]
        ratio = (moves + self.epsilon).sqrt() / (squares + self.epsilon).sqrt()
        move = -(ratio * gradients)
        moves = moving_average(moves, move * move, self.rho)
        return values + move * rate, {
            "accumulated_grad": squares,
            "accumulated_delta_var": moves,
        }
