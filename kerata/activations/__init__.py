"""Activations: functions applied to the output of a layer, by name or as they are.

>>> import kerata
>>> kerata.activations.get("relu").__name__
'relu'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.activations.functions import (
    celu,
    elu,
    exponential,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    linear,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from kerata.core import registry, serialization

swish = silu
hard_swish = hard_silu

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]


def get(identifier: Any) -> Callable[..., Any]:
    """Return the activation that is meant; `None` means `linear`.

    Args:
        identifier: A name such as `"relu"`, a function, a layer, a configuration, or `None`.

    Raises:
        ValueError: If the name is unknown.

    >>> import kerata
    >>> kerata.activations.get(None).__name__
    'linear'
    """
    return linear if identifier is None else serialization.resolve("activations", identifier)


def serialize(activation: Callable[..., Any]) -> Any:
    """Return how files write an activation: a built-in by its name, others by configuration.

    Args:
        activation: a function of this module, or one of your own that is registered.

    >>> import kerata
    >>> kerata.activations.serialize(kerata.activations.relu)
    'relu'
    """
    name = getattr(activation, "__name__", None)
    if name is not None and registry.lookup("activations", name) is activation:
        return name
    return serialization.serialize(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the activation that a name or configuration describes.

    Args:
        config: What `serialize` returned.
        custom_objects: The user's functions, by name.

    Raises:
        ValueError: If the name is unknown.

    >>> import kerata
    >>> kerata.activations.deserialize("tanh").__name__
    'tanh'
    """
    with registry.custom_objects_in_scope(custom_objects):
        return get(config)
