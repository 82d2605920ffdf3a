"""Where each part of a model stands in a weights file: the path structure of Keras 3.

A part is a layer, a model or an optimizer; its own arrays lie in the group ``<path>/vars``. The
path is made of attribute names. Inside a list, tuple or dictionary a part is named by its class
in snake case, ``dense``, ``dense_1`` and so on in their order.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kerata.core.names import snake_case

#: attributes that hold parts again that stand elsewhere, or none
_NOT_WALKED = frozenset({"_constructor_call", "_nodes", "_losses", "_layers", "_graph_layers"})
#: attributes of models that are walked though the base class defines them
_OF_MODELS = ("layers", "optimizer")


def saved_parts(
    root: Any, names_in_file: Mapping[str, str] | None = None
) -> Iterator[tuple[str, Any]]:
    """Yield each part of a model once, with its path, the model itself first.

    Args:
        root: a model or layer.
        names_in_file: the layer name that each ``<path>/vars`` of a file carries. With it, the
            members of a list are matched by name if the names are the same; else by position.
    """
    yield from _visit(root, "", set(), names_in_file or {})


def _visit(
    part: Any, path: str, seen: set[int], names: Mapping[str, str]
) -> Iterator[tuple[str, Any]]:
    if id(part) in seen:
        return
    seen.add(id(part))
    yield path, part
    for attribute, value in _attributes(part):
        below = f"{path}/{attribute}" if path else attribute
        if _is_part(value):
            yield from _visit(value, below, seen, names)
        else:
            yield from _visit_members(value, below, seen, names)


def _visit_members(
    container: Any, path: str, seen: set[int], names: Mapping[str, str]
) -> Iterator[tuple[str, Any]]:
    for key, member in _keyed(_members(container), path, names):
        below = f"{path}/{key}"
        if _is_part(member):
            yield from _visit(member, below, seen, names)
        else:
            yield from _visit_members(member, below, seen, names)


def _members(container: Any) -> list[Any]:
    """The parts and containers in a list, tuple or dictionary; a set has no order to rely on."""
    if isinstance(container, dict):
        container = container.values()
    elif not isinstance(container, (list, tuple)):
        return []
    return [item for item in container if _is_part(item) or _members(item)]


def _keyed(
    members: list[Any], path: str, names: Mapping[str, str]
) -> Iterable[tuple[str, Any]]:
    """Pair the members with their keys: class names, numbered where they repeat."""
    counts: Counter[str] = Counter()
    keys = []
    for member in members:
        key = snake_case(type(member).__name__) if _is_part(member) else "container"
        keys.append(f"{key}_{counts[key]}" if counts[key] else key)
        counts[key] += 1
    by_name = {names.get(f"{path}/{key}/vars"): key for key in keys}
    own_names = [getattr(member, "name", None) for member in members]
    if len(by_name) == len(keys) and set(by_name) == set(own_names):
        keys = [by_name[name] for name in own_names]
    return zip(keys, members, strict=True)


def _attributes(part: Any) -> list[tuple[str, Any]]:
    """The attributes that may hold parts, in the order of their names, private ones last. Keras
    has other names for some, which their class knows."""
    cls: Any = type(part)
    names = (set(vars(part)) | _own_properties(cls)) - _NOT_WALKED
    if hasattr(part, "layers"):
        names.update(_OF_MODELS)
    found = []
    for name in sorted(names, key=lambda n: (n.startswith("_"), n)):
        value = _value(part, name)
        if _is_part(value) or isinstance(value, (list, tuple, dict)):
            found.append((getattr(cls, "_names_in_files", {}).get(name, name), value))
    return found


def _value(part: Any, name: str) -> Any:
    """The value of an attribute; a property that cannot be read in this state has none."""
    try:
        return getattr(part, name, None)
    except (ValueError, RuntimeError, TypeError):
        return None


@functools.cache
def _own_properties(cls: Any) -> frozenset[str]:
    """The properties that a class defines beyond those of the base classes of kerata."""
    roots = _roots()
    return frozenset(
        name
        for base in cls.__mro__
        if base not in roots
        for name, value in vars(base).items()
        if isinstance(value, (property, functools.cached_property))
    )


@functools.cache
def _roots() -> frozenset[type]:
    """The base classes whose properties are views of what other attributes hold."""
    from kerata.layers.layer import Layer
    from kerata.models import Functional, Model, Sequential
    from kerata.optimizers import Optimizer

    return frozenset(
        base for cls in (Layer, Model, Functional, Sequential, Optimizer) for base in cls.__mro__
    )


def _is_part(value: Any) -> bool:
    from kerata.layers.layer import Layer
    from kerata.optimizers import Optimizer

    return isinstance(value, (Layer, Optimizer))
