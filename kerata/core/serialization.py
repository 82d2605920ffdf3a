"""From objects to plain data and back, in the layout of Keras 3.

``serialize`` turns an object into dictionaries, lists, strings and numbers that JSON can
hold; ``deserialize`` builds it again. A file can only name what the registry knows or what the
caller passes in ``custom_objects``: nothing is imported and no code is read from a file.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

import numpy as np

from kerata.backend import select
from kerata.core import dtypes, registry
from kerata.core.errors import closest
from kerata.core.symbolic import SymbolicTensor
from kerata.core.variable import numpy_dtype

#: how deep a configuration may be nested, and how many values it may hold
MAX_DEPTH = 128
MAX_VALUES = 1_000_000

_PLAIN = (str, bool, int, float, type(None))
_FUNCTION_TYPES = (types.FunctionType, types.BuiltinFunctionType, np.ufunc, functools.partial)
#: where a function that a file names without its kind is searched, in this order
_FUNCTION_KINDS = ("activations", "losses", "metrics", "initializers", "ops")
#: the packages whose classes the registry holds
_OURS = "kerata."


class Configurable:
    """Base of everything that can be written to a file by its constructor's arguments.

    ``get_config`` is derived from the ``__init__`` signature, so a class is configurable by
    storing each argument in an attribute of the same name.

    >>> import kerata
    >>> from kerata.core.serialization import Configurable
    >>> class Scale(Configurable):
    ...     def __init__(self, factor=2.0):
    ...         self.factor = factor
    >>> Scale(3.0).get_config()
    {'factor': 3.0}
    >>> Scale.from_config({"factor": 4.0}).factor
    4.0
    """

    #: parameters of the root class that every configuration has, though they reach the
    #: root through ``**kwargs``
    _shared_parameters: ClassVar[tuple[str, ...]] = ("name", "trainable", "dtype")
    #: parameter -> the attribute that holds it, where the names differ
    _parameter_attributes: ClassVar[Mapping[str, str]] = {"dtype": "dtype_policy"}

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Remember the arguments, from which `get_config` is derived."""
        instance = super().__new__(cls)
        object.__setattr__(instance, "_constructor_call", (args, kwargs))
        return instance

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain data, by parameter name."""
        given = _given_arguments(self)
        cls: Any = type(self)
        return {
            name: config_value(_argument(self, name, owner, given))
            for name, owner in _parameters(cls).items()
            if name in given or owner.always
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return a new instance built from what ``get_config`` returned."""
        return cls(**{name: _deserialize(value, False) for name, value in config.items()})


class _Owner:
    """The class that declares a parameter, and whether each configuration shows it."""

    def __init__(self, cls: type, default: Any, always: bool) -> None:
        self.ours = cls.__module__.startswith(_OURS)
        self.default = default
        self.always = always


@functools.cache
def _parameters(cls: Any) -> dict[str, _Owner]:
    """The named parameters of a constructor, those it passes on by ``**kwargs`` first.

    A parameter that only a base class names is shown when it was given or is shared by the
    whole family: otherwise the subclass sets it itself and would not accept it again.
    """
    groups: list[dict[str, _Owner]] = []
    for base in cls.__mro__:
        if base is object or "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(base.__init__).parameters.values())[1:]  # type: ignore
        groups.append({
            p.name: _Owner(base, p.default, not groups or p.name in cls._shared_parameters)  # type: ignore
            for p in parameters
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY, p.POSITIONAL_ONLY)
        })
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    merged: dict[str, _Owner] = {}
    for group in reversed(groups):
        merged |= group
    return merged


def _given_arguments(instance: Configurable) -> dict[str, Any]:
    """The arguments of the constructor call, by parameter name."""
    args, kwargs = getattr(instance, "_constructor_call", ((), {}))
    signature = inspect.signature(type(instance).__init__)
    try:
        bound = signature.bind_partial(instance, *args, **kwargs).arguments
    except TypeError:  # __new__ was called without the constructor, as copy and pickle do
        return {}
    given = dict(list(bound.items())[1:])
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            given |= given.pop(parameter.name, {})
    return given


def _argument(instance: Any, name: str, owner: _Owner, given: dict[str, Any]) -> Any:
    """The value of one parameter.

    Our own classes keep the normalized argument in the attribute of that name. In user code
    that attribute may be something else (a layer made from a rate), so what was given wins.
    """
    if not owner.ours and name in given:
        return given[name]
    absent = object()
    attribute = type(instance)._parameter_attributes.get(name, name)
    value = getattr(instance, attribute, absent)
    if value is absent:
        value = getattr(instance, name, absent)
    if value is not absent and (owner.ours or not callable(value) or value is owner.default):
        return value
    return given.get(name, None if owner.default is inspect.Parameter.empty else owner.default)


def config_value(value: Any) -> Any:
    """Return one configuration value as Keras writes it, or unchanged if it is not known.

    Objects become dictionaries, built-in functions their names, NumPy scalars Python numbers.
    """
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.dtype):
        return value.name
    if type(value) in (list, tuple):
        return type(value)(config_value(item) for item in value)
    if type(value) is dict:
        return {key: config_value(item) for key, item in value.items()}
    if not inspect.isclass(value):
        if registry.kind_of(value):
            return registry.own_name(value)
        if hasattr(value, "get_config"):
            return serialize(value)
    return value


# --- serialize ----------------------------------------------------------------------------

_met: ContextVar[dict[str, Any] | None] = ContextVar("met", default=None)


@contextmanager
def custom_objects_met() -> Iterator[dict[str, Any]]:
    """Collect the user's classes and functions that are serialized in a `with` block, by name."""
    token = _met.set({})
    try:
        yield _met.get()  # type: ignore[misc]
    finally:
        _met.reset(token)


def _registered_name(thing: Any) -> str:
    """The name under which a file knows a class or function of the user's."""
    name = registry.get_registered_name(thing)
    met = _met.get()
    if met is not None:
        met[name] = thing
    return name


def serialize(obj: Any) -> Any:
    """Return plain data from which ``deserialize`` builds an equal object.

    Args:
        obj: an object with ``get_config``, a named function, an array or tensor, or a
            list, tuple or dictionary of such.

    Returns:
        For an object ``{"module", "class_name", "config", "registered_name"}``, with
        ``"build_config"`` and ``"compile_config"`` where it has them.

    Raises:
        TypeError: when something in it cannot be written, naming its place.

    >>> import kerata
    >>> kerata.saving.serialize_keras_object(kerata.regularizers.L2(0.5))["config"]
    {'l2': 0.5}
    """
    return _serialize(obj, "", 0)


def _serialize(obj: Any, path: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"Cannot serialize {_shown(path)}: nested deeper than {MAX_DEPTH}.")
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, (list, tuple)):
        items = [_serialize(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(obj)]
        return tuple(items) if isinstance(obj, tuple) else items
    if isinstance(obj, dict):
        return {k: _serialize(v, f"{path}.{k}", depth + 1) for k, v in obj.items()}
    wrapped = _wrapped_value(obj)
    if wrapped is not None:
        return wrapped
    if isinstance(obj, np.dtype):
        return obj.name
    if _is_function(obj):
        return _serialize_function(obj, path)
    if not inspect.isclass(obj) and hasattr(obj, "get_config"):
        return _serialize_instance(obj, path, depth)
    raise TypeError(
        f"Cannot serialize {_shown(path)}: a {type(obj).__name__} has no get_config() method. "
        "Add get_config() to its class, returning the constructor's arguments."
    )


def _shown(path: str) -> str:
    return f"the value at {path.lstrip('.')!r}" if path else "the object"


def _wrapped_value(obj: Any) -> dict[str, Any] | None:
    """The tagged dictionary for a value that JSON has no form for, else None."""
    if isinstance(obj, np.ndarray):
        return _tagged("__numpy__", value=_entries(obj), dtype=obj.dtype.name)
    if isinstance(obj, bytes):
        return _tagged("__bytes__", value=obj.decode("utf-8"))
    if obj is Ellipsis:
        return _tagged("__ellipsis__")
    if isinstance(obj, slice):
        return _tagged("__slice__", start=obj.start, stop=obj.stop, step=obj.step)
    if isinstance(obj, SymbolicTensor):
        return _tagged("__keras_tensor__", shape=list(obj.shape), dtype=obj.dtype)
    engine = select.engine_of(obj)
    if engine is not None:
        array = engine.to_numpy(obj)
        return _tagged("__tensor__", value=_entries(array), dtype=array.dtype.name)
    return None


def _entries(array: np.ndarray) -> Any:
    """The entries as lists; spelled where one is NaN, for which JSON has no number."""
    spelled = array.dtype.kind == "f" and bool(np.isnan(array).any())
    return array.astype(str).tolist() if spelled else array.tolist()


def _tagged(tag: str, **config: Any) -> dict[str, Any]:
    return {"class_name": tag, "config": config}


def _is_function(obj: Any) -> bool:
    known = registry.kind_of(obj) is not None and not inspect.isclass(obj)
    return known or isinstance(obj, (*_FUNCTION_TYPES, types.MethodType))


def _serialize_function(function: Any, path: str) -> dict[str, Any]:
    name = getattr(function, "__name__", None)
    if name is None or name == "<lambda>":
        raise TypeError(
            f"Cannot serialize {_shown(path)}: a lambda has no name that a file could give. "
            "Write it as a named function under @register_keras_serializable()."
        )
    known = registry.kind_of(function) is not None
    return {
        "module": "builtins",
        "class_name": "function",
        "config": registry.own_name(function) if known else _registered_name(function),
        "registered_name": "function",
    }


def _serialize_instance(obj: Any, path: str, depth: int) -> dict[str, Any]:
    cls = type(obj)
    module = registry.keras_module(cls)
    name = registry.own_name(cls) if module else cls.__name__
    config = obj.get_config()
    if not isinstance(config, Mapping):
        raise TypeError(f"{name}.get_config() must return a dict, not {type(config).__name__}.")
    inner = {k: _serialize(v, f"{path}.{k}", depth + 1) for k, v in config.items()}
    return {
        "module": module or cls.__module__,
        "class_name": name,
        "config": inner,
        "registered_name": None if module else _registered_name(cls),
        **_state_configs(obj, depth),
    }


def _state_configs(obj: Any, depth: int) -> dict[str, Any]:
    """What a built layer or compiled model adds to its configuration."""
    found = {}
    for key in ("build_config", "compile_config"):
        getter = getattr(obj, f"get_{key}", None)
        value = getter() if getter else None
        if value is not None:
            found[key] = _serialize(value, key, depth + 1)
    return found


# --- deserialize --------------------------------------------------------------------------


def deserialize(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,
) -> Any:
    """Build the object that ``serialize`` described.

    Args:
        config: what ``serialize`` returned, of kerata or of Keras 3.
        custom_objects: your own classes and functions, by the name that the data gives.
        safe_mode: accepted for Keras' signature. There is nothing to switch off: code inside
            a configuration (Keras' ``__lambda__``) is never read, whatever its value.

    Returns:
        The object; plain values, lists and dictionaries come back as they are.

    Raises:
        ValueError: for a name that is neither built in nor passed, for code in the data, and
            for data nested too deep or too large.

    >>> import kerata
    >>> config = kerata.saving.serialize_keras_object(kerata.regularizers.L2(0.5))
    >>> kerata.saving.deserialize_keras_object(config).get_config()
    {'l2': 0.5}
    """
    _check_bounds(config)
    with registry.custom_objects_in_scope(custom_objects):
        return _deserialize(config)


def _check_bounds(config: Any) -> None:
    """Raise ValueError for data that is nested too deep or too large to be a configuration."""
    level, count = [config], 0
    for _ in range(MAX_DEPTH + 1):
        level = [
            item
            for value in level
            if isinstance(value, (dict, list, tuple))
            for item in (value.values() if isinstance(value, dict) else value)
        ]
        count += len(level)
        if count > MAX_VALUES:
            raise ValueError(f"The configuration holds more than {MAX_VALUES} values.")
        if not level:
            return
    raise ValueError(f"The configuration is nested deeper than {MAX_DEPTH}.")


def _deserialize(config: Any, named: bool = True) -> Any:
    """Build what a configuration describes.

    `named` says whether a mere string may stand for a custom object: among the arguments of a
    constructor it may not, for the name of a layer could be that of an object.
    """
    if isinstance(config, str):
        passed = registry.scoped_object(config) if named else None
        return config if passed is None else passed
    if isinstance(config, (list, tuple)):
        return type(config)(_deserialize(item, named) for item in config)
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value, named) for key, value in config.items()}
    class_name = config["class_name"]
    if not isinstance(class_name, str):
        raise ValueError(f"A class_name must be a string, not {type(class_name).__name__}.")
    if class_name.startswith("__") and class_name.endswith("__"):
        return _unwrapped_value(class_name, config["config"])
    if class_name == "function":
        return find_function(config["config"])
    return _build(_find_class(config), config)


def _unwrapped_value(tag: str, config: Any) -> Any:
    """The value behind one of the tags that ``_wrapped_value`` and Keras write."""
    reader = _TAG_READERS.get(tag)
    if tag == "__lambda__":
        raise ValueError(
            "The file holds a Python lambda as bytecode, which is never run. Define the function "
            "by name under @kerata.saving.register_keras_serializable() and save the model again."
        )
    if reader is None:
        raise ValueError(f"Unknown value {tag!r}; expected one of {sorted(_TAG_READERS)}.")
    try:
        return reader(config)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"A value tagged {tag!r} is malformed: {type(error).__name__}.") from error


def _read_array(config: dict[str, Any]) -> np.ndarray:
    return np.array(config["value"], numpy_dtype(dtypes.canonical(config["dtype"])))


def _read_tensor(config: dict[str, Any]) -> Any:
    return select.default().from_numpy(_read_array(config))


def _read_symbolic(config: dict[str, Any]) -> Any:
    return SymbolicTensor(tuple(config["shape"]), config["dtype"])


_TAG_READERS: dict[str, Callable[[Any], Any]] = {
    "__numpy__": _read_array,
    "__tensor__": _read_tensor,
    "__keras_tensor__": _read_symbolic,
    "__tuple__": lambda config: tuple(_deserialize(item) for item in _items(config)),
    "__bytes__": lambda config: config["value"].encode("utf-8"),
    "__ellipsis__": lambda config: Ellipsis,
    "__slice__": lambda c: slice(*(_deserialize(c[k]) for k in ("start", "stop", "step"))),
}


def _items(config: Any) -> list[Any]:
    """The items of a tagged tuple, which stand in "value" or are the config itself."""
    return config["value"] if isinstance(config, dict) else config


def find_function(name: Any) -> Callable[..., Any]:
    """Return the function of a name: passed by the caller, registered, or built in.

    Raises:
        ValueError: when there is none, with the nearest name and the line to add.
    """
    if not isinstance(name, str):
        raise ValueError(f"A function is named by a string, not by {type(name).__name__}.")
    found = registry.get_registered_object(name)
    if found is not None:
        return found
    for kind in _FUNCTION_KINDS:
        found = registry.lookup(kind, name)
        if found is not None and not inspect.isclass(found):
            return found
    known = [n for kind in _FUNCTION_KINDS for n in registry.names(kind)]
    raise ValueError(_unknown("function", name, known))


def _find_class(config: dict[str, Any]) -> Any:
    """The class that a configuration names; a file cannot replace a built-in by its own."""
    module, class_name = config.get("module"), config["class_name"]
    registered_name = config.get("registered_name")
    if isinstance(module, str) and registry.is_builtin_module(module):
        found = registry.scoped_object(class_name) or registry.find_builtin(module, class_name)
        found = found or registry.get_custom_objects().get(class_name)
    else:
        found = _custom_class(registered_name) or _custom_class(class_name)
    if found is None and module is None:  # what older releases wrote has no module
        found = next(filter(None, (registry.lookup(k, class_name) for k in registry.HOMES)), None)
    if found is None:
        raise ValueError(_unknown("class", registered_name or class_name, _names_in(module)))
    return found


def _custom_class(name: Any) -> Any:
    return registry.get_registered_object(name) if isinstance(name, str) else None


def _names_in(module: Any) -> list[str]:
    """The names that a file could have meant, if its module is one of ours."""
    if not isinstance(module, str) or not registry.is_builtin_module(module):
        return []
    kind = module.rpartition(".")[2]
    return registry.names(kind) if kind in registry.HOMES else []


def _unknown(what: str, name: str, known: list[str]) -> str:
    short = name.rpartition(">")[2]
    return (
        f"Unknown {what} {name[:100]!r}: it is not built in and not registered."
        f"{closest(name, known)} If it is "
        f"yours, pass custom_objects={{{short[:100]!r}: <the {what}>}} or define it under "
        f"@kerata.saving.register_keras_serializable()."
    )


def _build(cls: Any, config: dict[str, Any]) -> Any:
    """The instance of a class with the configuration and state that the data gives."""
    if not inspect.isclass(cls) or not hasattr(cls, "from_config"):
        raise ValueError(
            f"{config['class_name']!r} names something that has no from_config() method: "
            "a configurable class was expected."
        )
    inner = config["config"]
    if not isinstance(inner, dict):
        raise ValueError(f"The config of {config['class_name']} must be a dict.")
    try:
        instance = cls.from_config(dict(inner))
    except TypeError as error:
        raise ValueError(
            f"{cls.__name__} could not be built from its configuration: {error}. Its from_config() "
            "must accept the keys that get_config() returns."
        ) from error
    build_config = config.get("build_config")
    if build_config and hasattr(instance, "build_from_config"):
        instance.build_from_config(_deserialize(build_config))
    compile_config = config.get("compile_config")
    if compile_config and hasattr(instance, "compile_from_config"):
        instance.compile_from_config(compile_config)
    return instance


def renewed(obj: Any, **changes: Any) -> Any:
    """Return a new object of the configuration of another, but for changes of its arguments.

    >>> import kerata
    >>> from kerata.core.serialization import renewed
    >>> renewed(kerata.optimizers.SGD(0.5), momentum=0.9).get_config()["learning_rate"]
    0.5
    """
    with custom_objects_met() as met:
        config = serialize(obj)
    return deserialize({**config, "config": {**config["config"], **changes}}, met)


# --- get ----------------------------------------------------------------------------------


def resolve(kind: str, identifier: Any) -> Any:
    """Return what an argument such as ``activation="relu"`` means.

    Args:
        kind: for example ``"losses"``.
        identifier: None; a name; a configuration; or the thing itself.

    Returns:
        None for None; a function or an instance otherwise. A named class is instantiated
        with its defaults.

    Raises:
        ValueError: for an unknown name (with the nearest one) or an unusable type.

    >>> import kerata
    >>> from kerata.core.serialization import resolve
    >>> resolve("activations", "relu").__name__
    'relu'
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        found = registry.get_registered_object(identifier) or registry.lookup(kind, identifier)
        if found is None:
            raise ValueError(
                f"Unknown name {identifier!r} in {kind}."
                f"{closest(identifier, registry.all_names(kind))} For one of your own, pass the "
                "object itself or name it in a custom_object_scope."
            )
        return found() if inspect.isclass(found) else found
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if inspect.isclass(identifier):
        return identifier()
    if callable(identifier) or hasattr(identifier, "get_config"):
        return identifier
    raise ValueError(
        f"Cannot make one of {kind} from a {type(identifier).__name__}: expected a name, a "
        "configuration dict, a callable or an instance."
    )
