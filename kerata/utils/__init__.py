"""Small tools for users: seeds, names, registered objects, progress bars."""

from __future__ import annotations

import gc
from typing import Any

import kerata
from kerata.core.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
    set_random_seed,
)
from kerata.core.dtypes import canonical
from kerata.core.names import reset as _reset_names
from kerata.core.registry import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from kerata.core.serialization import deserialize as deserialize_keras_object
from kerata.core.serialization import serialize as serialize_keras_object
from kerata.core.symbolic import SymbolicTensor, get_source_inputs
from kerata.data import (
    audio_dataset_from_directory,
    image_dataset_from_directory,
    split_dataset,
    text_dataset_from_directory,
    timeseries_dataset_from_array,
)
from kerata.data.image_files import array_to_img, img_to_array, load_img, save_img
from kerata.layers.preprocessing.feature_space import FeatureSpace
from kerata.training.data import Batch
from kerata.training.data.py_dataset import PyDataset
from kerata.training.program import as_data, unpack_x_y_sample_weight
from kerata.training.progress import Progbar
from kerata.utils import bounding_boxes, legacy
from kerata.utils.config import Config
from kerata.utils.files import get_file
from kerata.utils.labels import to_categorical
from kerata.utils.sequences import pad_sequences
from kerata.utils.vectors import normalize
from kerata.visualization.model_picture import model_to_dot, plot_model

Sequence = PyDataset

__all__ = [
    "Config",
    "CustomObjectScope",
    "FeatureSpace",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "audio_dataset_from_directory",
    "bounding_boxes",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "legacy",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
    "version",
]


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

    Args:
        x: anything.

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
