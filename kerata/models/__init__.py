"""Models: Sequential, functional and subclassed, and copies of them."""

from __future__ import annotations

from kerata.models.cloning import clone_model
from kerata.models.model import Functional, Model
from kerata.models.sequential import Sequential

__all__ = [
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]


def __getattr__(name: str) -> object:
    # Saving stands above models; its public names here are looked up when used.
    if name in ("load_model", "save_model"):
        from kerata import saving

        return getattr(saving, name)
    raise AttributeError(f"module 'kerata.models' has no attribute {name!r}")


def model_from_json(json_string: str, custom_objects: dict[str, object] | None = None) -> Model:
    """Return a model with fresh weights from what `model.to_json()` gave, here or in any Keras.

    Args:
        json_string: the text.
        custom_objects: your own classes and functions, by the name that the text gives.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.Input((4,)), kerata.layers.Dense(2)])
    >>> kerata.models.model_from_json(model.to_json()).output_shape
    (None, 2)
    """
    import json

    from kerata.core.serialization import deserialize
    from kerata.models.legacy_config import modern

    return deserialize(modern(json.loads(json_string)), custom_objects)
