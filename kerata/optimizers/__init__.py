"""Optimizers: from gradients to new weights.

>>> import kerata
>>> kerata.optimizers.get("adam").name.startswith("adam")
True
"""

from __future__ import annotations

from typing import Any

from kerata.core import registry, serialization
from kerata.optimizers import legacy, schedules
from kerata.optimizers.adadelta import Adadelta
from kerata.optimizers.adafactor import Adafactor
from kerata.optimizers.adagrad import Adagrad
from kerata.optimizers.adam import Adam, AdamW
from kerata.optimizers.adamax import Adamax
from kerata.optimizers.ftrl import Ftrl
from kerata.optimizers.lamb import Lamb
from kerata.optimizers.lion import Lion
from kerata.optimizers.loss_scale_optimizer import LossScaleOptimizer
from kerata.optimizers.multi_optimizer import MultiOptimizer, OptimizerMap
from kerata.optimizers.muon import Muon
from kerata.optimizers.nadam import Nadam
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.rmsprop import RMSprop
from kerata.optimizers.schedule_free_adam_w import ScheduleFreeAdamW
from kerata.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "legacy",
    "schedules",
    "serialize",
]


def get(identifier: Any) -> Optimizer | None:
    """Return the optimizer that is meant.

    Args:
        identifier: A name, a configuration, an optimizer, a class of optimizers, or `None`.

    Raises:
        ValueError: If the name is unknown, or the thing is not an optimizer.

    >>> import kerata
    >>> type(kerata.optimizers.get("rmsprop")).__name__
    'RMSprop'
    """
    if isinstance(identifier, str) and registry.lookup("optimizers", identifier.lower()):
        identifier = identifier.lower()
    optimizer = serialization.resolve("optimizers", identifier)
    if optimizer is not None and not hasattr(optimizer, "apply"):
        raise ValueError(
            f"Cannot train with a {type(optimizer).__name__}: expected the name of an optimizer "
            'such as "adam", or an instance of `kerata.optimizers.Optimizer`.'
        )
    return optimizer


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Return the configuration of an optimizer, as files hold it.

    Args:
        optimizer: an optimizer of this module, or one of your own.

    >>> import kerata
    >>> kerata.optimizers.serialize(kerata.optimizers.Lamb())["class_name"]
    'Lamb'
    """
    return serialization.serialize(optimizer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the optimizer that a configuration describes.

    Args:
        config: The configuration, as `serialize` returns it.
        custom_objects: The user's classes, by name.

    >>> import kerata
    >>> config = kerata.optimizers.serialize(kerata.optimizers.SGD(0.5))
    >>> kerata.optimizers.deserialize(config).get_config()["learning_rate"]
    0.5
    """
    return serialization.deserialize(config, custom_objects)
