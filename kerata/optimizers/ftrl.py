"""FTRL: follow the regularized leader, for sparse linear models."""

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
class Ftrl(Optimizer):
    """Follows the regularized leader: L1 regularization sets weights to zero exactly.

    With `n` the sum of squares, `p = -learning_rate_power` and `z` the sum of
    `g - (n_new**p - n**p) / rate * w`, the weights are
    `w = (clip(z, -l1, l1) - z) / (n**p / rate + 2 * l2)`.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        learning_rate_power: How the rate falls with the sum of squares; 0 or below.
        initial_accumulator_value: Where the sums of squares start; 0 or above.
        l1_regularization_strength: The weight of the L1 penalty; 0 or above.
        l2_regularization_strength: The weight of the L2 penalty; 0 or above.
        l2_shrinkage_regularization_strength: The weight of an L2 penalty that acts on the gradient;
            0 or above.
        beta: The beta of the paper.
        weight_decay: As for `Optimizer`, like the arguments after it.

    Source: McMahan et al., "Ad Click Prediction: a View from the Trenches" (2013).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.Ftrl(0.1).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.6031
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
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
        _check_sign("initial_accumulator_value", initial_accumulator_value)
        _check_sign("learning_rate_power", -learning_rate_power, "at most")
        _check_sign("l1_regularization_strength", l1_regularization_strength)
        _check_sign("l2_regularization_strength", l2_regularization_strength)
        _check_sign("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength)
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
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def _slot_groups(self) -> list[list[Slot]]:
        return [[Slot("accumulator", Constant(self.initial_accumulator_value)), Slot("linear")]]

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        power = -self.learning_rate_power
        shrunk = gradients + values * (2 * self.l2_shrinkage_regularization_strength)
        squares = slots["accumulator"] + gradients * gradients
        growth = squares**power - slots["accumulator"] ** power
        linear = slots["linear"] + shrunk - growth / rate * values
        l1 = self.l1_regularization_strength
        l2 = self.l2_regularization_strength + self.beta / (2.0 * rate)
        quadratic = squares**power / rate + 2 * l2
        values = (linear.maximum(-l1).minimum(l1) - linear) / quadratic
        return values, {"accumulator": squares, "linear": linear}


def _check_sign(name: str, value: float, bound: str = "at least") -> None:
    if value < 0:
        raise ValueError(f"Ftrl needs `{name}` to be {bound} zero.")
