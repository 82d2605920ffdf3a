"""What a learning rate schedule is, and the built-in ones: the rate as a function of the step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.serialization import Configurable

Tensor = Any


@register("schedules")
class LearningRateSchedule(Configurable):
    """Base class of schedules: callables from the number of updates so far to a learning rate.

    A subclass defines `__call__(step)`. In a compiled step `step` has no value yet, so compute
    with `kerata.ops` (`ops.where` in place of `if`). Its configuration is read from the attributes
    named as the parameters of its `__init__`.

    >>> import kerata
    >>> class Halving(kerata.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return kerata.ops.power(0.5, kerata.ops.cast(step, "float32"))
    >>> float(Halving()(3))
    0.125
    """

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate, a scalar.

        Args:
            step: The number of updates so far, an integer scalar.

        Raises:
            TypeError: If the subclass does not define `__call__`.
        """
        raise TypeError(
            f"{type(self).__name__} does not define `__call__(self, step)`, so it has no learning "
            "rate. Define it and return a scalar tensor."
        )


@register("schedules")
class ExponentialDecay(LearningRateSchedule):
    """`initial_learning_rate * decay_rate ** (step / decay_steps)`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: After how many steps the rate has been multiplied by `decay_rate`; above 0.
        decay_rate: The factor.
        staircase: Whether to round `step / decay_steps` down, so that the rate falls in steps.
        name: The name of the schedule.

    Raises:
        ValueError: If `decay_steps` is not above zero.

    >>> import kerata
    >>> schedule = kerata.optimizers.schedules.ExponentialDecay(1.0, 10, 0.5)
    >>> float(schedule(20))
    0.25
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _above_zero(self, "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate after this number of updates."""
        progress = _progress(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate * ops.power(self.decay_rate, progress)


@register("schedules")
class InverseTimeDecay(LearningRateSchedule):
    """`initial_learning_rate / (1 + decay_rate * step / decay_steps)`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: The unit in which steps are counted; above 0.
        decay_rate: How fast the rate falls.
        staircase: Whether to round `step / decay_steps` down, so that the rate falls in steps.
        name: The name of the schedule.

    Raises:
        ValueError: If `decay_steps` is not above zero.

    >>> import kerata
    >>> float(kerata.optimizers.schedules.InverseTimeDecay(1.0, 10, 0.5)(20))
    0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _above_zero(self, "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate after this number of updates."""
        progress = _progress(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate / (1.0 + self.decay_rate * progress)


@register("schedules")
class PiecewiseConstantDecay(LearningRateSchedule):
    """One rate up to each boundary, and one after the last.

    Args:
        boundaries: Steps, rising; a boundary is the last step of its rate.
        values: Rates, one more than boundaries.
        name: The name of the schedule.

    Raises:
        ValueError: If the numbers of boundaries and values do not fit.

    >>> import kerata
    >>> schedule = kerata.optimizers.schedules.PiecewiseConstantDecay([5], [1.0, 0.5])
    >>> float(schedule(5)), float(schedule(6))
    (1.0, 0.5)
    """

    def __init__(
        self,
        boundaries: Sequence[int],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"PiecewiseConstantDecay got {len(boundaries)} boundaries, {len(values)} values; "
                "give one value more than boundaries."
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate after this number of updates."""
        step = ops.cast(step, "float32")
        rate = ops.cast(self.values[0], "float32")
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = ops.where(ops.greater(step, float(boundary)), float(value), rate)
        return rate


@register("schedules")
class PolynomialDecay(LearningRateSchedule):
    """From the initial rate to the end rate along `(1 - step / decay_steps) ** power`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: When the end is reached; above 0.
        end_learning_rate: The rate then and afterwards.
        power: The exponent; 1 is a straight line.
        cycle: Whether to start again, over an interval that is longer by `decay_steps`, whenever
            the end is reached.
        name: The name of the schedule.

    Raises:
        ValueError: If `decay_steps` is not above zero.

    >>> import kerata
    >>> schedule = kerata.optimizers.schedules.PolynomialDecay(1.0, 10, end_learning_rate=0.0)
    >>> float(schedule(5))
    0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _above_zero(self, "decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate after this number of updates."""
        progress = _progress(step, self.decay_steps)
        if self.cycle:
            progress = progress / ops.maximum(ops.ceil(progress), 1.0)
        remaining = ops.power(1.0 - ops.minimum(progress, 1.0), self.power)
        span = self.initial_learning_rate - self.end_learning_rate
        return span * remaining + self.end_learning_rate


@register("schedules")
class CosineDecay(LearningRateSchedule):
    """Down along half a cosine wave, after an optional linear warmup.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: How many steps the decay takes; above 0.
        alpha: The final rate, as a fraction of the rate that the decay starts from.
        name: The name of the schedule.
        warmup_target: The rate that the warmup leads to; `None` for no warmup.
        warmup_steps: How many steps the warmup takes.

    Raises:
        ValueError: If `decay_steps` is not above zero.

    Source: Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017).

    >>> import kerata
    >>> schedule = kerata.optimizers.schedules.CosineDecay(1.0, 10)
    >>> round(float(schedule(5)), 3), round(float(schedule(10)), 3)
    (0.5, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _above_zero(self, "decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate after this number of updates."""
        if self.warmup_target is None:
            return self._decayed(self.initial_learning_rate, ops.cast(step, "float32"))
        step = ops.cast(step, "float32")
        slope = (self.warmup_target - self.initial_learning_rate) / max(self.warmup_steps, 1)
        warming = self.initial_learning_rate + slope * step
        decayed = self._decayed(self.warmup_target, step - self.warmup_steps)
        return ops.where(ops.less(step, float(self.warmup_steps)), warming, decayed)

    def _decayed(self, start: float, step: Tensor) -> Tensor:
        progress = ops.minimum(step / float(self.decay_steps), 1.0)
        return start * _cosine(progress, self.alpha)


@register("schedules")
class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine wave down, again and again, each longer and lower than the one before.

    Args:
        initial_learning_rate: The rate at step 0.
        first_decay_steps: The length of the first wave; above 0.
        t_mul: How much longer each wave is than the one before.
        m_mul: The factor of the initial rate of each wave to that of the one before.
        alpha: The lowest rate, as a fraction of the initial rate.
        name: The name of the schedule.

    Raises:
        ValueError: If `first_decay_steps` is not above zero.

    Source: Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017).

    >>> import kerata
    >>> schedule = kerata.optimizers.schedules.CosineDecayRestarts(1.0, 10)
    >>> round(float(schedule(5)), 3), round(float(schedule(10)), 3)
    (0.5, 1.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _above_zero(self, "first_decay_steps", first_decay_steps)
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        """Return the learning rate after this number of updates."""
        restarts, progress = self._wave(_progress(step, self.first_decay_steps))
        wave = ops.power(float(self.m_mul), restarts) * _cosine(progress, 0.0)
        return self.initial_learning_rate * ((1.0 - self.alpha) * wave + self.alpha)

    def _wave(self, progress: Tensor) -> tuple[Tensor, Tensor]:
        """Return how many waves have ended, and how far the present one is, from 0 to 1.

        The first n waves take 1 + t + ... + t**(n-1) = (1 - t**n) / (1 - t) first waves' time.
        """
        t = float(self.t_mul)
        if t == 1.0:
            restarts = ops.floor(progress)
            return restarts, progress - restarts
        restarts = ops.floor(ops.log(1.0 - progress * (1.0 - t)) / math.log(t))
        length = ops.power(t, restarts)
        return restarts, (progress - (1.0 - length) / (1.0 - t)) / length


def _progress(step: Tensor, decay_steps: float, staircase: bool = False) -> Tensor:
    progress = ops.cast(step, "float32") / float(decay_steps)
    return ops.floor(progress) if staircase else progress


def _cosine(progress: Tensor, alpha: float) -> Tensor:
    """Return the cosine wave's height, from 1 at progress 0 to alpha at progress 1."""
    return (1.0 - alpha) * 0.5 * (1.0 + ops.cos(math.pi * progress)) + alpha


def _above_zero(owner: LearningRateSchedule, name: str, value: float) -> float:
    if value <= 0:
        raise ValueError(f"{type(owner).__name__} needs `{name}` above zero, but got {value}.")
    return value
