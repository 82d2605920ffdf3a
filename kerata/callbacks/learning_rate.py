"""Reading and setting the learning rate of a model's optimizer."""

from __future__ import annotations

from typing import Any

from kerata.core.primitive import convert_to_numpy


def get(model: Any, callback: str) -> float:
    """Return the present learning rate of a model.

    Raises:
        ValueError: if the model's optimizer has none.
    """
    optimizer: Any = getattr(model, "optimizer", None)
    if not hasattr(optimizer, "learning_rate"):
        raise ValueError(
            f"{callback} needs an optimizer with a learning rate: compile the model with one, "
            "such as model.compile('adam', ...)."
        )
    return float(convert_to_numpy(optimizer.learning_rate))


def set_to(model: Any, rate: float) -> None:
    """Set the learning rate of a model."""
    model.optimizer.learning_rate = rate
