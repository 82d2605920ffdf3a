"""Small tools for users: seeds, names, registered objects, progress bars."""

from __future__ import annotations

import gc
from typing import Any

import kerata
from kerata.core.config import disable_interactive_logging as disable_interactive_logging
from kerata.core.config import enable_interactive_logging as enable_interactive_logging
from kerata.core.config import is_interactive_logging_enabled as is_interactive_logging_enabled
from kerata.core.config import set_random_seed as set_random_seed
from kerata.core.dtypes import canonical
from kerata.core.names import reset as _reset_names
from kerata.core.registry import CustomObjectScope as CustomObjectScope
from kerata.core.registry import custom_object_scope as custom_object_scope
from kerata.core.registry import get_custom_objects as get_custom_objects
from kerata.core.registry import get_registered_name as get_registered_name
from kerata.core.registry import get_registered_object as get_registered_object
from kerata.core.registry import register_keras_serializable as register_keras_serializable
from kerata.core.serialization import deserialize as deserialize_keras_object  # noqa: F401
from kerata.core.serialization import serialize as serialize_keras_object  # noqa: F401
from kerata.core.symbolic import SymbolicTensor
from kerata.core.symbolic import get_source_inputs as get_source_inputs
from kerata.training.data import Batch
from kerata.training.data.py_dataset import PyDataset as PyDataset
from kerata.training.program import as_data
from kerata.training.program import unpack_x_y_sample_weight as unpack_x_y_sample_weight
from kerata.training.progress import Progbar as Progbar
from kerata.utils import legacy as legacy
from kerata.utils.config import Config as Config

Sequence = PyDataset


def version() -> str:
    """Return the version of kerata.

    >>> import kerata
    >>> kerata.version() == kerata.__version__
    True
    """
    return kerata.__version__


def clear_session(free_memory: bool = True) -> None:
    """Forget the automatic names given so far, so that new layers count from the start.

    Args:
        free_memory: whether to collect what nothing refers to any more, such as old models.
    """
    _reset_names()
    if free_memory:
        gc.collect()


def is_keras_tensor(x: Any) -> bool:
    """Tell whether a value is symbolic: what `Input` and layers called on it return.

    >>> import kerata
    >>> kerata.utils.is_keras_tensor(kerata.Input((2,))), kerata.utils.is_keras_tensor(1.0)
    (True, False)
    """
    return isinstance(x, SymbolicTensor)


def standardize_dtype(dtype: Any) -> str:
    """Return the name of a dtype given as a name, NumPy's, an engine's or a Python type.

    Args:
        dtype: the dtype; `None` for floatx.

    Raises:
        ValueError: if it is no known dtype.

    >>> import kerata
    >>> kerata.utils.standardize_dtype(int), kerata.utils.standardize_dtype(None)
    ('int32', 'float32')
    """
    return canonical(dtype)


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
