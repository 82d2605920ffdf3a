"""All state of a model as nested dicts by name, for libraries that save or shard such trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerata.core import tree
from kerata.core.errors import closest
from kerata.core.variable import Variable, assign_all
from kerata.layers.interop import Path, Tree, free, leaves, nested

_FORMATS: dict[str, Callable[[Variable], Any]] = {
    "backend_tensor": lambda variable: variable.backend.copy_state(variable.stored_value()),
    "numpy_array": lambda variable: variable.numpy(),
}


def state_tree(model: Any, value_format: str) -> Tree:
    """Return copies of the values of all variables of a model; see `Model.get_state_tree`."""
    if value_format not in _FORMATS:
        raise ValueError(
            f"`value_format` is {value_format!r}; expected one of "
            f"{', '.join(map(repr, _FORMATS))}."
        )
    return tree.map_structure(_FORMATS[value_format], variable_tree(model))


def variable_tree(model: Any) -> Tree:
    """Return the variables of a model themselves, as `state_tree` has their values."""
    return {group: nested(named) for group, named in _groups(model).items()}


def set_state_tree(model: Any, state_tree: Mapping[str, Any]) -> None:
    """Set variables of a model from nested dicts; see `Model.set_state_tree`."""
    groups = _groups(model)
    variables, values = [], []
    for group, inner in state_tree.items():
        if group not in groups:
            raise ValueError(
                f"The state of a model has no {group!r}; it has {', '.join(groups)}."
                f"{closest(group, groups)}"
            )
        for path, value in leaves(inner, ()):
            if path not in groups[group]:
                name, known = "/".join(path), ["/".join(each) for each in groups[group]]
                raise ValueError(f"`{group}` has no {name!r}.{closest(name, known)}")
            variables.append(groups[group][path])
            values.append(value)
    assign_all(variables, values)


def _groups(model: Any) -> dict[str, dict[Path, Variable]]:
    """Return what each part of the state consists of, by the names on the way to it."""
    metrics = model.metrics_variables
    measured = {id(variable) for variable in metrics}
    rest = [v for v in model.non_trainable_variables if id(v) not in measured]
    optimizer = model.optimizer
    return {
        "trainable_variables": _by_path(model.trainable_variables),
        "non_trainable_variables": _by_path(rest),
        "optimizer_variables": _by_path(optimizer.variables if optimizer is not None else []),
        "metrics_variables": _by_path(metrics),
    }


def _by_path(variables: list[Variable]) -> dict[Path, Variable]:
    named: dict[Path, Variable] = {}
    for variable in variables:
        named[free(tuple(variable.path.split("/")), set(named))] = variable
    return named
