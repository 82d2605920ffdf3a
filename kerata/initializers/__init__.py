"""Initializers: the first values of variables.

>>> import kerata
>>> kerata.initializers.get("zeros")((2,)).tolist()
[0.0, 0.0]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kerata.core import serialization
from kerata.initializers.constant import Constant, Identity, Ones, Zeros
from kerata.initializers.fourier import STFT
from kerata.initializers.initializer import Initializer
from kerata.initializers.random import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)

# Keras offers each class under its function-like name too.
constant = Constant
identity = IdentityInitializer = Identity
ones = Ones
zeros = Zeros
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
orthogonal = OrthogonalInitializer = Orthogonal
stft = STFTInitializer = STFT
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling

__all__ = [
    "STFT",
    "STFTInitializer",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]


def get(identifier: Any) -> Callable[..., Any] | None:
    """Return the initializer that is meant.

    Args:
        identifier: A name, a configuration, an initializer, a class of initializers, any
            callable `(shape, dtype)`, an array of first values, or `None`.

    Raises:
        ValueError: If the name is unknown.

    >>> import kerata
    >>> type(kerata.initializers.get("glorot_uniform")).__name__
    'GlorotUniform'
    """
    if isinstance(identifier, np.ndarray):
        return Constant(identifier)
    initializer = serialization.resolve("initializers", identifier)
    return initializer() if isinstance(initializer, type) else initializer


def serialize(initializer: Initializer) -> dict[str, Any]:
    """Return the configuration of an initializer, as files hold it.

    Args:
        initializer: an initializer of this module, or one of your own.

    >>> import kerata
    >>> kerata.initializers.serialize(kerata.initializers.Zeros())["class_name"]
    'Zeros'
    """
    return serialization.serialize(initializer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the initializer that a configuration describes.

    Args:
        config: The configuration, as `serialize` returns it.
        custom_objects: The user's classes, by name.

    >>> import kerata
    >>> config = kerata.initializers.serialize(kerata.initializers.Constant(2.0))
    >>> kerata.initializers.deserialize(config).value
    2.0
    """
    return serialization.deserialize(config, custom_objects)
