"""Configurations in the form of Keras 1 and 2: `{"class_name": ..., "config": ...}` or a name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from kerata.core import registry
from kerata.core.errors import closest
from kerata.core.serialization import deserialize


def serialize_keras_object(instance: Any) -> Any:
    """Return what older releases wrote for an object.

    Args:
        instance: an object with `get_config`, a function, or `None`.

    Returns:
        A dict of class name and configuration; the name of a function; `None` for `None`.

    Raises:
        ValueError: for anything else.

    >>> import kerata
    >>> kerata.utils.legacy.serialize_keras_object(kerata.regularizers.L2(0.5))
    {'class_name': 'L2', 'config': {'l2': 0.5}}
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        name = registry.get_registered_name(type(instance))
        return {"class_name": name, "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return registry.get_registered_name(instance)
    raise ValueError(
        f"Cannot serialize a {type(instance).__name__}: it has no get_config() and no name."
    )


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Return the object that an older configuration, or a name, stands for.

    Args:
        identifier: what `serialize_keras_object` returned.
        module_objects: classes and functions by name, searched last.
        custom_objects: the user's, searched first.
        printable_module_name: what is looked for, for error messages.

    Returns:
        For a configuration an instance; for a name the function, or an instance of the class.

    Raises:
        ValueError: for an unknown name.

    >>> import kerata
    >>> kerata.utils.legacy.deserialize_keras_object(
    ...     {"class_name": "L2", "config": {"l2": 0.5}}, {"L2": kerata.regularizers.L2}
    ... ).get_config()
    {'l2': 0.5}
    """
    if identifier is None:
        return None
    known = {**(module_objects or {}), **(custom_objects or {})}
    if isinstance(identifier, Mapping) and {"class_name", "config"} <= set(identifier):
        return deserialize(dict(identifier), known)
    if callable(identifier):
        return identifier
    if not isinstance(identifier, str):
        raise ValueError(
            f"Cannot make a {printable_module_name} from a {type(identifier).__name__}: expected a "
            "name, or a dict with class_name and config."
        )
    found = (custom_objects or {}).get(identifier)
    found = found or registry.get_registered_object(identifier, None, module_objects)
    if found is None:
        raise ValueError(
            f"Unknown {printable_module_name} {identifier!r}."
            f"{closest(identifier, list(known))} Give your own in `custom_objects`."
        )
    return found() if inspect.isclass(found) else found
