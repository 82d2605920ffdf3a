"""Nested structures of tensors: tuples, named tuples, lists and dicts (in key order).

A leaf is anything else; `None` is a leaf.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Structure = Any


def is_nested(value: Any) -> bool:
    """Tell whether a value is a container that is looked into.

    >>> is_nested([1]), is_nested("text")
    (True, False)
    """
    return isinstance(value, (list, tuple, dict))


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value, key=_sort_key)]
    return list(value)


def _sort_key(key: Any) -> tuple[str, Any]:
    return (type(key).__name__, key)


def flatten(structure: Structure) -> list[Any]:
    """Return the leaves from left to right; dicts in the order of their sorted keys.

    >>> flatten({"b": 1, "a": [2, (3,)]})
    [2, 3, 1]
    """
    leaves: list[Any] = []
    _collect(structure, leaves)
    return leaves


def _collect(structure: Structure, leaves: list[Any]) -> None:
    if isinstance(structure, (list, tuple, dict)):
        for child in _children(structure):
            _collect(child, leaves)
    else:
        leaves.append(structure)


def pack(structure: Structure, leaves: Any) -> Structure:
    """Put leaves into the shape of a structure; the inverse of `flatten`.

    Raises:
        ValueError: if the number of leaves differs.

    >>> pack({"b": 0, "a": [0]}, [1, 2])
    {'b': 2, 'a': [1]}
    """
    source = iter(leaves)
    try:
        packed = _pack(structure, source)
    except StopIteration:
        raise ValueError(f"Too few leaves for the structure {describe(structure)}.") from None
    if next(source, _END) is not _END:
        raise ValueError(f"Too many leaves for the structure {describe(structure)}.")
    return packed


_END = object()


def _pack(structure: Structure, source: Any) -> Structure:
    if isinstance(structure, dict):
        packed = {key: _pack(structure[key], source) for key in sorted(structure, key=_sort_key)}
        ordered = {key: packed[key] for key in structure}
        return ordered if type(structure) is dict else type(structure)(ordered)
    if isinstance(structure, (list, tuple)):
        return _rebuild(structure, [_pack(child, source) for child in structure])
    return _next(source)


def _next(source: Any) -> Any:
    value = next(source, _END)
    if value is _END:
        raise StopIteration
    return value


def _rebuild(like: Any, children: list[Any]) -> Any:
    if hasattr(like, "_fields"):
        return type(like)(*children)
    return tuple(children) if isinstance(like, tuple) else children


def map_structure(function: Callable, *structures: Structure) -> Structure:
    """Apply a function to the corresponding leaves of one or more equal structures.

    Raises:
        ValueError: if the structures differ.

    >>> map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)])
    [11, (22,)]
    """
    first = structures[0]
    if isinstance(first, dict):
        _check_alike(structures, dict)
        mapped = {k: map_structure(function, *(s[k] for s in structures)) for k in first}
        return mapped if type(first) is dict else type(first)(mapped)
    if isinstance(first, (list, tuple)):
        _check_alike(structures, (list, tuple))
        columns = zip(*structures, strict=True)
        return _rebuild(first, [map_structure(function, *column) for column in columns])
    return function(*structures)


def _check_alike(structures: tuple, kind: Any) -> None:
    first = structures[0]
    for other in structures[1:]:
        if not isinstance(other, kind) or len(other) != len(first):
            raise ValueError(f"Structures differ: {describe(first)} and {describe(other)}.")
        if isinstance(first, dict) and set(first) != set(other):
            raise ValueError(f"Keys differ: {sorted(first)} and {sorted(other)}.")


def assert_same_structure(a: Structure, b: Structure) -> None:
    """Raise ValueError unless two structures are nested alike.

    >>> assert_same_structure([1, 2], [3, 4])
    """
    map_structure(lambda *_: None, a, b)
    map_structure(lambda *_: None, b, a)


def describe(structure: Structure) -> str:
    """Return a structure as text with a star for each leaf, as in error messages.

    >>> describe({"a": 1, "b": [2, 3]})
    "{'a': *, 'b': [*, *]}"
    """
    if isinstance(structure, dict):
        return "{" + ", ".join(f"{k!r}: {describe(v)}" for k, v in structure.items()) + "}"
    if isinstance(structure, (list, tuple)):
        inner = ", ".join(describe(child) for child in structure)
        if isinstance(structure, list):
            return f"[{inner}]"
        return f"({inner},)" if len(structure) == 1 else f"({inner})"
    return "*"
