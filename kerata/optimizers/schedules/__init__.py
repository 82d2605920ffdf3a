"""Learning rate schedules: the learning rate as a function of the step.

>>> import kerata
>>> schedule = kerata.optimizers.schedules.ExponentialDecay(0.1, 1000, 0.9)
>>> optimizer = kerata.optimizers.SGD(schedule)
>>> round(float(optimizer.learning_rate), 3)
0.1
"""

from __future__ import annotations

from typing import Any

from kerata.core import serialization
from kerata.optimizers.schedules.schedule import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """Return the configuration of a schedule, as files hold it.

    Args:
        learning_rate_schedule: a schedule of this module, or one of your own.

    >>> import kerata
    >>> schedules = kerata.optimizers.schedules
    >>> schedules.serialize(schedules.CosineDecay(0.1, 100))["class_name"]
    'CosineDecay'
    """
    return serialization.serialize(learning_rate_schedule)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the schedule that a configuration describes.

    Args:
        config: The configuration, as `serialize` returns it.
        custom_objects: The user's classes, by name.

    >>> import kerata
    >>> schedules = kerata.optimizers.schedules
    >>> config = schedules.serialize(schedules.CosineDecay(0.1, 100))
    >>> schedules.deserialize(config).decay_steps
    100
    """
    return serialization.deserialize(config, custom_objects)
