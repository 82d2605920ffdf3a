"""Nested structures of tensors: tuples, named tuples, lists and dicts (in key order).

A leaf is anything else; `None` is a leaf. `structure` is such a container, or a leaf alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Structure = Any


def is_nested(structure: Structure) -> bool:
    """Tell whether a value is a container that is looked into.

    >>> is_nested([1]), is_nested("text")
    (True, False)
    """
    return isinstance(structure, (list, tuple, dict))


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


def flatten_with_path(structure: Structure) -> list[tuple[tuple, Any]]:
    """Return pairs of a path and a leaf, in the order of `flatten`.

    A path is the tuple of keys and indices that lead to the leaf.

    >>> flatten_with_path({"b": 1, "a": [2, (3,)]})
    [(('a', 0), 2), (('a', 1, 0), 3), (('b',), 1)]
    """
    if isinstance(structure, dict):
        steps: Any = [(key, structure[key]) for key in sorted(structure, key=_sort_key)]
    elif isinstance(structure, (list, tuple)):
        steps = enumerate(structure)
    else:
        return [((), structure)]
    return [
        ((step, *path), leaf) for step, child in steps for path, leaf in flatten_with_path(child)
    ]


def pack(structure: Structure, flat_sequence: Any) -> Structure:
    """Put leaves into the shape of a structure; the inverse of `flatten`.

    Args:
        flat_sequence: the leaves, in the order of `flatten`.

    Raises:
        ValueError: if the number of leaves differs.

    >>> pack({"b": 0, "a": [0]}, [1, 2])
    {'b': 2, 'a': [1]}
    """
    source = iter(flat_sequence)
    try:
        packed = _pack(structure, source)
    except StopIteration:
        raise ValueError(f"Too few leaves for the structure {describe(structure)}.") from None
    if next(source, _END) is not _END:
        raise ValueError(f"Too many leaves for the structure {describe(structure)}.")
    return packed


pack_sequence_as = pack

_END = object()


def _pack(structure: Structure, source: Any) -> Structure:
    if is_nested(structure):
        return _with_children(structure, [_pack(child, source) for child in _children(structure)])
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


def map_structure(
    func: Callable, *structures: Structure, none_is_leaf: bool = True
) -> Structure:
    """Apply a function to the corresponding leaves of one or more equal structures.

    Args:
        func: called with one leaf of each structure.
        structures: nested alike.
        none_is_leaf: whether `None` is handed to the function, or stays `None`.

    Raises:
        ValueError: if the structures differ.

    >>> map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)])
    [11, (22,)]
    >>> map_structure(str, [1, None], none_is_leaf=False)
    ['1', None]
    """
    if not none_is_leaf:
        return map_structure(
            lambda *leaves: None if leaves[0] is None else func(*leaves), *structures
        )
    if len(structures) == 1:
        return _map(func, structures[0])
    first = structures[0]
    if isinstance(first, dict):
        _check_alike(structures, dict)
        mapped = {k: map_structure(func, *(s[k] for s in structures)) for k in first}
        return mapped if type(first) is dict else type(first)(mapped)
    if isinstance(first, (list, tuple)):
        _check_alike(structures, (list, tuple))
        columns = zip(*structures, strict=True)
        return _rebuild(first, [map_structure(func, *column) for column in columns])
    return func(*structures)


def _map(func: Callable, structure: Structure) -> Structure:
    """Apply a function to the leaves of one structure: at each call of a compiled function."""
    kind = type(structure)
    if kind is tuple:
        return tuple([_map(func, child) for child in structure])
    if kind is list:
        return [_map(func, child) for child in structure]
    if isinstance(structure, dict):
        mapped = {key: _map(func, child) for key, child in structure.items()}
        return mapped if kind is dict else kind(mapped)
    if isinstance(structure, (list, tuple)):
        return _rebuild(structure, [_map(func, child) for child in structure])
    return func(structure)


def _check_alike(structures: tuple, kind: Any) -> None:
    first = structures[0]
    for other in structures[1:]:
        if not isinstance(other, kind) or len(other) != len(first):
            raise ValueError(f"Structures differ: {describe(first)} and {describe(other)}.")
        if isinstance(first, dict) and set(first) != set(other):
            raise ValueError(f"Keys differ: {sorted(first)} and {sorted(other)}.")


def map_shape_structure(func: Callable, structure: Structure) -> Structure:
    """Apply a function to the shapes in a structure: tuples or lists of sizes are the leaves.

    Args:
        func: called with each shape.

    >>> map_shape_structure(len, {"image": (None, 28, 28), "label": (None,)})
    {'image': 3, 'label': 1}
    """
    if _is_shape(structure) or not is_nested(structure):
        return func(structure)
    if isinstance(structure, dict):
        return {key: map_shape_structure(func, item) for key, item in structure.items()}
    return _rebuild(structure, [map_shape_structure(func, child) for child in structure])


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(n is None or isinstance(n, int) for n in value)


def map_structure_up_to(
    shallow_structure: Structure, func: Callable, *structures: Structure
) -> Structure:
    """Apply a function to what structures hold at the leaves of a shallower one.

    Args:
        shallow_structure: what is looked into.
        func: called with what each structure has at the place of a leaf.
        structures: nested like the shallow one, and perhaps deeper.

    Raises:
        ValueError: if a structure has no place for a leaf of the shallow one.

    >>> map_structure_up_to((1, 1), lambda a, b: (a, b), ([1, 2], 3), (4, [5]))
    (([1, 2], 4), (3, [5]))
    """
    places = [path for path, _ in flatten_with_path(shallow_structure)]
    for structure in structures:
        _check_reaches(shallow_structure, structure)
    return pack(
        shallow_structure, [func(*(_at(s, place) for s in structures)) for place in places]
    )


def _check_reaches(shallow: Structure, deep: Structure) -> None:
    """Raise ValueError unless `deep` is nested like `shallow`, as far as that goes."""
    if is_nested(shallow):
        _check_alike((shallow, deep), dict if isinstance(shallow, dict) else (list, tuple))
        for one, other in zip(_children(shallow), _children(deep), strict=True):
            _check_reaches(one, other)


def _at(structure: Structure, path: tuple) -> Any:
    for step in path:
        structure = structure[step]
    return structure


class MAP_TO_NONE:
    """What a function given to `traverse` returns to put `None` in a value's place."""


def traverse(func: Callable, structure: Structure, top_down: bool = True) -> Structure:
    """Visit containers and leaves; return a copy with what the function puts in their places.

    Args:
        func: called with each container and each leaf. What it returns replaces the value;
            `None` leaves it as it is (and, from the top down, goes on inside).
        structure: the structure.
        top_down: whether a container comes before what it holds, or after.

    >>> traverse(lambda v: v + 1 if isinstance(v, int) else None, [1, {"a": 2}])
    [2, {'a': 3}]
    >>> traverse(lambda v: MAP_TO_NONE if v == 1 else None, [1, 2])
    [None, 2]
    """
    if top_down:
        found = func(structure)
        if found is not None:
            return None if found is MAP_TO_NONE else found
    if is_nested(structure):
        children = [traverse(func, child, top_down) for child in _children(structure)]
        structure = _with_children(structure, children)
    found = None if top_down else func(structure)
    if found is None:
        return structure
    return None if found is MAP_TO_NONE else found


def _with_children(structure: Structure, children: list[Any]) -> Structure:
    """Return a container of the same kind with other children, given in the order of keys."""
    if not isinstance(structure, dict):
        return _rebuild(structure, children)
    by_key = dict(zip(sorted(structure, key=_sort_key), children, strict=True))
    ordered = {key: by_key[key] for key in structure}
    return ordered if type(structure) is dict else type(structure)(ordered)


def lists_to_tuples(structure: Structure) -> Structure:
    """Return the structure with a tuple in place of each list.

    >>> lists_to_tuples({"a": [1, [2]]})
    {'a': (1, (2,))}
    """
    to_tuple = lambda value: tuple(value) if isinstance(value, list) else None  # noqa: E731
    return traverse(to_tuple, structure, top_down=False)


def assert_same_structure(a: Structure, b: Structure, check_types: bool | None = None) -> None:
    """Raise ValueError unless two structures are nested alike.

    Args:
        a: a structure.
        b: another.
        check_types: kept for Keras' signature. A list and a tuple are alike.

    >>> assert_same_structure([1, 2], [3, 4])
    """
    map_structure(lambda *_: None, a, b)
    map_structure(lambda *_: None, b, a)


def assert_same_paths(a: Structure, b: Structure) -> None:
    """Raise ValueError unless two structures have their leaves under the same keys and indices.

    Args:
        a: a structure.
        b: another.

    >>> assert_same_paths([1, {"x": 2}], {0: 3, 1: {"x": 4}})
    """
    mine, other = ({path for path, _ in flatten_with_path(structure)} for structure in (a, b))
    if mine != other:
        raise ValueError(
            f"Structures have leaves at other places: {sorted(map(str, mine - other))} only in the "
            f"first, {sorted(map(str, other - mine))} only in the second."
        )


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
