"""Saving and loading. A file is data and never a program."""

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
from kerata.saving.errors import LoadError
from kerata.saving.model_file import load_model, load_weights, save_model, save_weights

__all__ = [
    "CustomObjectScope",
    "LoadError",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
