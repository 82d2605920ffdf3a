"""Losses: how far predictions are from their targets, as classes and as functions.

A function returns one value per sample; a class also weighs and reduces these.

>>> import kerata
>>> kerata.losses.get("mse").__name__
'mean_squared_error'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.core import registry, serialization
from kerata.losses.crossentropy import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from kerata.losses.hinge import (
    CategoricalHinge,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    hinge,
    squared_hinge,
)
from kerata.losses.loss import Loss
from kerata.losses.overlap import Dice, Tversky, dice, tversky
from kerata.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from kerata.losses.sequence import CTC, ctc
from kerata.losses.similarity import Circle, circle

__all__ = [
    "CTC",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]


def get(identifier: Any) -> Callable[..., Any] | None:
    """Return the loss that is meant.

    Args:
        identifier: a name of a function (`"mse"`) or class (`"MeanSquaredError"`), a
            configuration, a loss, a class of losses, any callable `(y_true, y_pred)`, or `None`.

    Returns:
        A function for the name of a function, else an instance; `None` for `None`.

    Raises:
        ValueError: if the name is unknown.

    >>> import kerata
    >>> kerata.losses.get("CategoricalHinge").name
    'categorical_hinge'
    """
    return serialization.resolve("losses", identifier)


def serialize(loss: Callable[..., Any]) -> dict[str, Any]:
    """Return the configuration of a loss, as files hold it.

    Args:
        loss: a loss of this module, or one of your own.

    >>> import kerata
    >>> kerata.losses.serialize(kerata.losses.Huber(2.0))["config"]["delta"]
    2.0
    """
    return serialization.serialize(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the loss that a configuration or a name describes.

    Args:
        name: the configuration, as `serialize` returns it, or a name.
        custom_objects: the user's classes and functions, by name.

    Raises:
        ValueError: if the name is unknown.

    >>> import kerata
    >>> config = kerata.losses.serialize(kerata.losses.mean_squared_error)
    >>> kerata.losses.deserialize(config).__name__
    'mean_squared_error'
    """
    if isinstance(name, str):
        with registry.custom_objects_in_scope(custom_objects):
            return serialization.resolve("losses", name)
    return serialization.deserialize(name, custom_objects)
