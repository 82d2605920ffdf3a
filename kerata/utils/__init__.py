"""Small tools for users: seeds, names, progress bars."""

from __future__ import annotations

from typing import Any

import kerata
from kerata.core.config import set_random_seed as set_random_seed
from kerata.core.names import reset as _reset_names
from kerata.training.data import Batch
from kerata.training.data.py_dataset import PyDataset as PyDataset
from kerata.training.program import as_data
from kerata.training.program import unpack_x_y_sample_weight as unpack_x_y_sample_weight
from kerata.training.progress import Progbar as Progbar

Sequence = PyDataset


def version() -> str:
    """Return the version of kerata.

    >>> import kerata
    >>> kerata.version() == kerata.__version__
    True
    """
    return kerata.__version__


def clear_session() -> None:
    """Forget the automatic names given so far, so that new layers count from the start."""
    _reset_names()


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return one batch in the form in which `train_step` is given it.

    Args:
        x: inputs.
        y: targets.
        sample_weight: weights of the samples.

    Returns:
        `x` (a structure of inputs as `(x,)`), `(x, y)` or `(x, y, sample_weight)`.

    >>> import kerata
    >>> kerata.utils.pack_x_y_sample_weight(1, 2)
    (1, 2)
    """
    return as_data(Batch(x, y, sample_weight))
