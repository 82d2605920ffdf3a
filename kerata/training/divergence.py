"""A run whose loss is no longer a number: say where, and stop before more time is lost."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from kerata.core.errors import KerataWarning
from kerata.core.primitive import convert_to_numpy


def has_diverged(model: Any, logs: dict[str, Any], epoch: int) -> bool:
    """Tell whether a run is lost, with a warning that says what to do.

    It is lost when the loss is NaN or infinite and so are weights: no later step can mend them.

    Args:
        model: the model that is trained.
        logs: the metrics of the epoch.
        epoch: index of the epoch, from 0.
    """
    loss = logs.get("loss")
    if not isinstance(loss, float) or math.isfinite(loss):
        return False
    spoilt = next((v for v in model.trainable_variables if not _is_finite(v)), None)
    if spoilt is None:
        return False
    warnings.warn(
        f"Training stopped: the loss became {loss} in epoch {epoch + 1}, and "
        f"{spoilt.path!r} is the first weight that is no longer finite.{_advice(model.optimizer)} "
        "To find the op where it begins: `kerata.config.check_numerics()` before `fit`.",
        KerataWarning,
        stacklevel=2,
    )
    return True


def _is_finite(variable: Any) -> bool:
    return bool(np.isfinite(variable.numpy().astype("float32")).all())


def _advice(optimizer: Any) -> str:
    try:
        rate = float(convert_to_numpy(optimizer.learning_rate))
    except (AttributeError, TypeError):
        return " Lower the learning rate, or clip gradients (`clipnorm=1.0`)."
    return f" Try a learning rate <= {rate / 10:g} (it is {rate:g}), or `clipnorm=1.0`."
