"""What may be named by a string or a file.

A built-in class or function is registered by a decorator where it is defined; from then on
``get("name")``, ``serialize`` and model files know it. User code registers with a package
name, so that it can never take the place of a built-in. Nothing here imports a module that a
file names: a kind's own package, from the table below, is all that is ever imported.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from kerata.core.names import snake_case

Thing = TypeVar("Thing")

#: kind -> the package whose import registers the built-ins of that kind
HOMES = {
    "layers": "kerata.layers",
    "models": "kerata.models",
    "losses": "kerata.losses",
    "metrics": "kerata.metrics",
    "optimizers": "kerata.optimizers",
    "schedules": "kerata.optimizers.schedules",
    "initializers": "kerata.initializers",
    "activations": "kerata.activations",
    "regularizers": "kerata.regularizers",
    "constraints": "kerata.constraints",
    "dtype_policies": "kerata.dtype_policies",
    "quantizers": "kerata.quantizers",
    "distillation": "kerata.distillation",
    "random": "kerata.random",
    "callbacks": "kerata.callbacks",
    "utils": "kerata.utils",
    "ops": "kerata.ops",
}

#: how Keras writes the module of a kind, where it is not ``keras.<kind>``
KERAS_MODULES = {"schedules": "keras.optimizers.schedules", "models": "keras"}

#: the classes that Keras writes under another module than the rest of their kind
KERAS_MODULE_OF_CLASS = {
    "Functional": "keras.src.models.functional",
    "DTypePolicy": "keras",
    "FloatDTypePolicy": "keras",
    **dict.fromkeys(
        ("Feature", "Cross", "TFDIdentity"), "keras.src.layers.preprocessing.feature_space"
    ),
}

# A name that a thing gives itself beats an alias, an alias beats a derived spelling.
OWN, ALIAS, DERIVED = 0, 1, 2


class _Entry(NamedTuple):
    thing: Any
    rank: int


_tables: dict[str, dict[str, _Entry]] = {kind: {} for kind in HOMES}
_kinds_of: dict[Any, tuple[str, ...]] = {}
_loaded: set[str] = set()

_custom_objects: dict[str, Any] = {}
_custom_names: dict[Any, str] = {}
_scoped_objects: ContextVar[Mapping[str, Any]] = ContextVar(
    "custom_objects", default=MappingProxyType({})
)


# --- built-ins --------------------------------------------------------------------------


def register(kind: str, *aliases: str, name: str | None = None) -> Callable[[Thing], Thing]:
    """Register a built-in class or function under its name and further names.

    Args:
        kind: what it is, a key of ``HOMES`` such as ``"layers"``.
        *aliases: further names that ``get`` accepts.
        name: the name that files use, when it is not ``__name__``.

    Returns:
        A decorator that returns the thing unchanged.

    Raises:
        ValueError: for an unknown kind, or when another thing has the name already.
    """
    if kind not in HOMES:
        raise ValueError(f"Unknown kind {kind!r}; one of {sorted(HOMES)} was expected.")

    def decorate(thing: Thing) -> Thing:
        own = name or thing.__name__  # type: ignore[attr-defined]
        _add(kind, own, thing, OWN)
        for alias in aliases:
            _add(kind, alias, thing, ALIAS)
        for spelling in (snake_case(own), own.lower()):
            _add(kind, spelling, thing, DERIVED)
        _kinds_of[thing] = (*_kinds_of.get(thing, ()), kind)
        return thing

    return decorate


def _add(kind: str, name: str, thing: Any, rank: int) -> None:
    table = _tables[kind]
    present = table.get(name)
    if present is None or rank < present.rank:
        table[name] = _Entry(thing, rank)
    elif rank == present.rank and _is_reload(present.thing, thing):
        table[name] = _Entry(thing, rank)
    elif rank == present.rank and rank != DERIVED:
        raise ValueError(
            f"{kind}: the name {name!r} is taken by {present.thing.__qualname__} "
            f"of {present.thing.__module__}. Give the new one another name."
        )


def _is_reload(old: Any, new: Any) -> bool:
    """Whether `new` is the same definition again, as after importlib.reload."""
    return (old.__module__, old.__qualname__) == (new.__module__, new.__qualname__)


def lookup(kind: str, name: str) -> Any | None:
    """Return the built-in of a kind by any of its names, or None.

    The kind's package is imported if the name is not known yet.
    """
    entry = _tables[kind].get(name)
    if entry is None and kind not in _loaded:
        _load(kind)
        entry = _tables[kind].get(name)
    return entry.thing if entry else None


def names(kind: str) -> list[str]:
    """Return the names that the built-ins of a kind give themselves, sorted."""
    _load(kind)
    return sorted(name for name, entry in _tables[kind].items() if entry.rank == OWN)


def all_names(kind: str) -> list[str]:
    """Return every name by which a built-in of this kind can be had, sorted."""
    _load(kind)
    return sorted(_tables[kind])


def _load(kind: str) -> None:
    """Import the package of a kind with all that it offers, once."""
    if kind in _loaded:
        return
    home = HOMES[kind]
    try:
        package = importlib.import_module(home)
    except ModuleNotFoundError as error:
        if not (error.name and home.startswith(error.name)):
            raise
        return
    for public in getattr(package, "__all__", ()):
        getattr(package, public, None)
    _loaded.add(kind)


def kind_of(thing: Any) -> str | None:
    """Return the kind that a built-in class or function is registered as, or None."""
    kinds = kinds_of(thing)
    return kinds[0] if kinds else None


def kinds_of(thing: Any) -> tuple[str, ...]:
    """Return all kinds that a built-in is registered as: a loss may also be a metric."""
    try:
        return _kinds_of.get(thing, ())
    except TypeError:  # an unhashable thing is no class and no function
        return ()


def own_name(thing: Any) -> str:
    """Return the name under which files know a built-in."""
    for kind in kinds_of(thing):
        for name, entry in _tables[kind].items():
            if entry.rank == OWN and entry.thing is thing:
                return name
    return thing.__name__


def keras_module(thing: Any) -> str | None:
    """Return the module that files give for a built-in, in Keras' spelling, or None."""
    kind = kind_of(thing)
    if kind is None:
        return None
    return KERAS_MODULE_OF_CLASS.get(
        own_name(thing), KERAS_MODULES.get(kind, f"keras.{kind}")
    )


def is_builtin_module(module: str) -> bool:
    """Whether a file's module name means kerata or Keras itself."""
    return module.partition(".")[0] in ("keras", "kerata")


def find_builtin(module: str, class_name: str) -> Any | None:
    """Return the built-in class that a file names by module and class, or None.

    Args:
        module: for example ``"keras.layers"``, ``"kerata.layers"`` or, for things that Keras
            writes with a private path, ``"keras.src.models.functional"``.
        class_name: for example ``"Dense"``. Only the class's own name is accepted.
    """
    for kind in _kinds_in(module):
        thing = lookup(kind, class_name)
        if thing is not None and _tables[kind][class_name].rank == OWN:
            return thing
    return None


def _kinds_in(module: str) -> list[str]:
    """The kinds to search for a module name; a top-level module may hold any kind."""
    parts = module.split(".")
    if parts[-1] in HOMES:
        return [parts[-1]]
    named = [part for part in parts[1:] if part in HOMES and parts[-1] != "feature_space"]
    return named or ["models", "dtype_policies", *(k for k in HOMES if k != "ops")]


# --- user code --------------------------------------------------------------------------


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Thing], Thing]:
    """Let model files name a class or function of yours.

    Args:
        package: your namespace, written before the name as in ``"mine>Scale"``.
        name: the name in files; the class or function name by default.

    Returns:
        A decorator that returns its argument unchanged.

    Raises:
        ValueError: when a class has no ``get_config``, or a name is not usable.

    >>> import kerata
    >>> @kerata.saving.register_keras_serializable("mine")
    ... def halve(x):
    ...     return x / 2
    >>> kerata.saving.get_registered_name(halve)
    'mine>halve'
    """

    def decorate(thing: Thing) -> Thing:
        local = name or thing.__name__  # type: ignore[attr-defined]
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueError(
                f"{thing.__name__} cannot be registered: it has no get_config() method. "
                "Add one that returns the constructor's arguments as a dict."
            )
        if ">" in local or ">" in package:
            raise ValueError(f"Package and name must not contain '>': {package!r}, {local!r}.")
        registered = f"{package}>{local}"
        _custom_objects[registered] = thing
        _custom_names[thing] = registered
        return thing

    return decorate


def get_custom_objects() -> dict[str, Any]:
    """Return the global dictionary of custom objects, name -> class or function.

    Entries put into it are found when a file or a string names them.

    >>> import kerata
    >>> isinstance(kerata.saving.get_custom_objects(), dict)
    True
    """
    return _custom_objects


def get_registered_name(obj: Any) -> str:
    """Return the name ``package>name`` of a registered class or function, else its own name.

    Args:
        obj: a class or function.

    >>> import kerata
    >>> kerata.saving.get_registered_name(len)
    'len'
    """
    return _custom_names.get(obj, getattr(obj, "__name__", type(obj).__name__))


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any | None:
    """Return the class or function registered under a name, or None.

    Args:
        name: the registered name, for example ``"mine>Scale"``.
        custom_objects: searched after the active scopes and the global dictionary.
        module_objects: searched last.

    >>> import kerata
    >>> kerata.saving.get_registered_object("nobody>Nothing") is None
    True
    """
    for table in (_scoped_objects.get(), _custom_objects, custom_objects, module_objects):
        if table and name in table:
            return table[name]
    return None


def scoped_object(*candidates: str | None) -> Any | None:
    """Return what the active custom-object scopes hold under one of the names, or None."""
    scoped = _scoped_objects.get()
    return next((scoped[name] for name in candidates if name and name in scoped), None)


@contextmanager
def custom_objects_in_scope(custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Make custom objects known inside a ``with`` block, in this thread or task only."""
    token = _scoped_objects.set({**_scoped_objects.get(), **(custom_objects or {})})
    try:
        yield
    finally:
        _scoped_objects.reset(token)


class CustomObjectScope:
    """Make custom classes and functions known by name inside a ``with`` block.

    Args:
        custom_objects: a dictionary, name -> class or function.

    >>> import kerata
    >>> def double(x):
    ...     return 2 * x
    >>> with kerata.saving.custom_object_scope({"double": double}):
    ...     kerata.saving.get_registered_object("double") is double
    True
    """

    def __init__(self, custom_objects: Mapping[str, Any]) -> None:
        self.custom_objects = custom_objects or {}

    def __enter__(self) -> CustomObjectScope:
        self._block = custom_objects_in_scope(self.custom_objects)
        self._block.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._block.__exit__(*exception)


custom_object_scope = CustomObjectScope
