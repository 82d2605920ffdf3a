"""Regularizers: penalties that keep weights small, sparse or orthogonal.

>>> import kerata
>>> kerata.regularizers.get("l2").l2
0.01
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.core import serialization
from kerata.regularizers.regularizer import L1, L1L2, L2, OrthogonalRegularizer, Regularizer

# Keras offers each class under its function-like name too.
l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


def get(identifier: Any) -> Callable[[Any], Any] | None:
    """Return the regularizer that is meant.

    Args:
        identifier: A name, a configuration, a regularizer, a class of regularizers, any
            callable from a weight to a scalar, or `None`.

    Raises:
        ValueError: If the name is unknown.

    >>> import kerata
    >>> kerata.regularizers.get("l1").l1
    0.01
    """
    regularizer = serialization.resolve("regularizers", identifier)
    return regularizer() if isinstance(regularizer, type) else regularizer


def serialize(regularizer: Regularizer) -> dict[str, Any]:
    """Return the configuration of a regularizer, as files hold it.

    Args:
        regularizer: a regularizer of this module, or one of your own.

    >>> import kerata
    >>> kerata.regularizers.serialize(kerata.regularizers.L2(0.1))["config"]
    {'l2': 0.1}
    """
    return serialization.serialize(regularizer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the regularizer that a configuration describes.

    Args:
        config: The configuration, as `serialize` returns it.
        custom_objects: The user's classes, by name.

    >>> import kerata
    >>> config = kerata.regularizers.serialize(kerata.regularizers.L2(0.1))
    >>> kerata.regularizers.deserialize(config).l2
    0.1
    """
    return serialization.deserialize(config, custom_objects)
