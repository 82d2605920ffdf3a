"""Constraints: what weights must fulfil, restored after each update.

>>> import kerata
>>> kerata.constraints.get("max_norm").max_value
2
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.constraints.constraint import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from kerata.core import serialization

# Keras offers each class under its function-like name too.
max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]


def get(identifier: Any) -> Callable[[Any], Any] | None:
    """Return the constraint that is meant.

    Args:
        identifier: A name, a configuration, a constraint, a class of constraints, any
            callable from a weight to a weight, or `None`.

    Raises:
        ValueError: If the name is unknown.

    >>> import kerata
    >>> type(kerata.constraints.get("non_neg")).__name__
    'NonNeg'
    """
    constraint = serialization.resolve("constraints", identifier)
    return constraint() if isinstance(constraint, type) else constraint


def serialize(constraint: Constraint) -> dict[str, Any]:
    """Return the configuration of a constraint, as files hold it.

    Args:
        constraint: a constraint of this module, or one of your own.

    >>> import kerata
    >>> kerata.constraints.serialize(kerata.constraints.UnitNorm())["config"]
    {'axis': 0}
    """
    return serialization.serialize(constraint)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the constraint that a configuration describes.

    Args:
        config: The configuration, as `serialize` returns it.
        custom_objects: The user's classes, by name.

    >>> import kerata
    >>> config = kerata.constraints.serialize(kerata.constraints.MaxNorm(3))
    >>> kerata.constraints.deserialize(config).max_value
    3
    """
    return serialization.deserialize(config, custom_objects)
