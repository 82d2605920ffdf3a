"""Adafactor: mean squares kept as one row and one column of each matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.optimizers.multi import Scalar, Tensors, fitting, smaller
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.schedules import LearningRateSchedule
from kerata.optimizers.slots import Slot


@register("optimizers")
class Adafactor(Optimizer):
    """Adam's division by the root mean square, with memory for rows and columns only.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without arguments.
        beta_2_decay: How fast the averages come to rest: their momentum is `1 - t**beta_2_decay`.
        epsilon_1: Keeps the squares above zero.
        epsilon_2: The smallest size of weights that steps are in proportion to.
        clip_threshold: The largest root mean square of a step, before the rate.
        relative_step: Whether the rate is at most `1 / sqrt(t)`.
        weight_decay: As for `Optimizer`, like the arguments after it.

    Source: Shazeer, Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost" (2018).

    >>> import kerata
    >>> v = kerata.Variable([1.0])
    >>> kerata.optimizers.Adafactor(0.1).apply([kerata.ops.array([1.0])], [v])
    >>> round(float(v.numpy()[0]), 4)
    0.9
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any] = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
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
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def _slot_groups(self) -> list[list[Slot]]:
        return [
            [
                Slot("row", shape=lambda s: s[:-1] if len(s) > 1 else ()),
                Slot("column", shape=lambda s: s[:-2] + s[-1:] if len(s) > 1 else ()),
                Slot("velocity"),
            ]
        ]

    def _rule(
        self,
        gradients: Tensors,
        values: Tensors,
        slots: dict[str, Tensors],
        rate: Scalar,
        step: Scalar,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        if self.relative_step and not callable(self._learning_rate):
            rate = smaller(rate, step**-0.5)
        rate = smaller(rate, step**-0.5)
        momentum = 1 - step**self.beta_2_decay
        moved = []
        for i, (g, w) in enumerate(zip(gradients, values, strict=True)):
            scalars = (fitting(scalar, g, values.backend) for scalar in (rate, momentum))
            moved.append(self._move(g, w, [column.items[i] for column in slots.values()], *scalars))
        columns = [values.like([row[i] for row in moved]) for i in range(4)]
        return columns[0], dict(zip(slots, columns[1:], strict=True))

    def _move(
        self, gradient: Any, value: Any, memory: list[Any], rate: Scalar, momentum: Scalar
    ) -> tuple[Any, ...]:
        """Return the new value of one variable, and its new row, column and velocity."""
        row, column, velocity = memory
        squares = ops.square(gradient) + self.epsilon_1
        if len(value.shape) > 1:
            row = _average(row, ops.mean(squares, axis=-1), momentum)
            column = _average(column, ops.mean(squares, axis=-2), momentum)
            share = row / ops.mean(row, axis=-1, keepdims=True)
            velocity = ops.expand_dims(share, -1) * ops.expand_dims(column, -2)
        else:
            velocity = _average(velocity, squares, momentum)
        move = gradient / ops.sqrt(velocity)
        move = move / ops.maximum(_root_mean_square(move) / self.clip_threshold, 1.0)
        size = ops.maximum(_root_mean_square(value), self.epsilon_2)
        return value - move * size * rate, row, column, velocity


def _root_mean_square(x: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(x)))


def _average(average: Any, value: Any, momentum: Scalar) -> Any:
    return average * momentum + value * (1 - momentum)
