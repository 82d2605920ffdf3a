"""Small tools for users: seeds, names, progress bars."""

from __future__ import annotations

import kerata
from kerata.core.config import set_random_seed as set_random_seed
from kerata.core.names import reset as _reset_names
from kerata.training.data.py_dataset import PyDataset as PyDataset
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
