"""Adam and AdamW: steps from moving averages of gradients and of their squares."""

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
class Adam(Optimizer):
    """Steps by the mean of recent gradients, divided by the root of their mean square.

    `m = beta_1 * m + (1 - beta_1) * g`, `v = beta_2 * v + (1 - beta_2) * g**2`, and
    `w -= rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)`.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        beta_1: How much of the mean of the gradients is kept at each update.
        beta_2: How much of the mean of their squares is kept.
        epsilon: Keeps the division finite. It is added to the root before the bias is corrected
            (the "epsilon hat" of the paper).
        amsgrad: Whether to divide by the largest mean square so far, in place of the present one.
        weight_decay: As for `Optimizer`, like the arguments after it.

    Source: Kingma, Ba, "Adam: A Method for Stochastic Optimization" (2015); amsgrad: Reddi, Kale,
    Kumar, "On the Convergence of Adam and Beyond" (2018).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.Adam(0.1).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.9
    """

    fused = "fused_adam"
    fused_settings = ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.amsgrad = amsgrad

    def _slot_groups(self) -> list[list[Slot]]:
        return [
            [Slot("momentum"), Slot("velocity")],
            [Slot("velocity_hat")] if self.amsgrad else [],
        ]

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
        changed = {"momentum": m, "velocity": v}
        if self.amsgrad:
            v = changed["velocity_hat"] = slots["velocity_hat"].maximum(v)
        betas = (self.beta_1, self.beta_2)
        return values - move(m, v, rate, step, betas, self.epsilon), changed


def move(
    m: Tensors,
    v: Tensors,
    rate: Scalar,
    step: Scalar,
    betas: tuple[float, float],
    epsilon: float,
) -> Tensors:
    """Return the step of Adam, from the means of gradients and squares, corrected for the start."""
    rate = rate * (1 - betas[1] ** step) ** 0.5 / (1 - betas[0] ** step)
    return m * rate / (v.sqrt() + epsilon)


@register("optimizers")
class AdamW(Adam):
    """Adam with weight decay apart from the gradient: before each update, `w -= rate * decay * w`.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        weight_decay: The decay of the weights.
        beta_1: How much of the mean of the gradients is kept at each update.
        beta_2: How much of the mean of their squares is kept.
        epsilon: Keeps the division finite. It is added to the root before the bias is corrected
            (the "epsilon hat" of the paper).
        amsgrad: Whether to divide by the largest mean square so far, in place of the present one.
        clipnorm: As for `Optimizer`, like the arguments after it.

    Source: Loshchilov, Hutter, "Decoupled Weight Decay Regularization" (2019).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.AdamW(0.1, weight_decay=0.5).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.85
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        if weight_decay is None:
            raise ValueError("AdamW needs a `weight_decay`; use Adam for none.")
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
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
