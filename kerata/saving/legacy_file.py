"""Whole models in one HDF5 file, as Keras 1 and 2 wrote them, and Keras 3 still does (`model.h5`).

The configuration stands in attributes of the root, as JSON. The group `model_weights` has a group
per layer; attributes give the order of the layers and of the weights in each, `optimizer_weights`
those of the optimizer. Files of weights alone have the groups of the layers in their root.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from kerata.core.errors import KerataWarning
from kerata.core.serialization import resolve, serialize
from kerata.core.variable import Variable
from kerata.models.legacy_config import compile_arguments, modern
from kerata.saving import strict_json
from kerata.saving.arrays import MAX_OBJECTS, ArrayFile, StoredArray, write_array
from kerata.saving.errors import LoadError
from kerata.saving.model_config import model_config
from kerata.saving.weights import (
    Mismatch,
    Plan,
    carry_out,
    is_automatic,
    open_hdf5,
    plan_variables,
)

if TYPE_CHECKING:
    import h5py

#: endings of such files
SUFFIXES = (".h5", ".hdf5")
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MODEL, _OPTIMIZER, _TOP = "model_weights", "optimizer_weights", "top_level_model_weights"
_BY_TARGETS = ("accuracy", "acc", "crossentropy", "ce")
#: HDF5 keeps no more in the header of an object
_HEADER_BYTES = 64000

#: what optimizers of Keras 2 call their state, and what it is called today, in this order
_SLOTS = {
    "m": ("momentum",),
    "momentum": ("momentum",),
    "v": ("velocity", "norm"),
    "u": ("norm",),
    "vhat": ("velocity_hat",),
    "v_hat": ("velocity_hat",),
    "rms": ("velocity",),
    "velocity": ("velocity",),
    "mg": ("average_gradient",),
    "average_gradient": ("average_gradient",),
    "accumulator": ("accumulator",),
    "linear": ("linear",),
    "accum_grad": ("accumulated_grad",),
    "accum_var": ("accumulated_delta_var",),
    "accumulated_grad": ("accumulated_grad",),
    "accumulated_delta_var": ("accumulated_delta_var",),
}


def is_legacy(filepath: str | os.PathLike[str]) -> bool:
    """Tell whether a file is HDF5 and may hold a whole model."""
    if not os.path.isfile(filepath):
        return False
    with open(filepath, "rb") as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE


def has_layers(file: h5py.File) -> bool:
    """Tell whether an HDF5 file has weights by layers, as Keras 1 and 2 wrote them."""
    return _MODEL in file or any(name.startswith("layer_names") for name in file.attrs)


# -- reading ---------------------------------------------------------------------------------


def read_configs(file: h5py.File, label: Any) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the configuration of the model, and the arguments of `compile` if it has any.

    Raises:
        LoadError: when there is no configuration, or one that cannot be read.
    """
    config, training = raw_configs(file, label)
    if config is None:
        raise LoadError(
            label,
            "",
            "there is no configuration of a model in it. If it holds weights alone, build the "
            "model and call model.load_weights(file).",
        )
    try:
        arguments = None if training is None else compile_arguments(training)
        return modern(config), arguments
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise LoadError(label, "model_config", text) from error


def raw_configs(
    file: h5py.File, label: Any
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return what a file says of the model and of its training, word by word."""
    return _json(file, "model_config", label), _json(file, "training_config", label)


def _json(file: h5py.File, name: str, label: Any) -> dict[str, Any] | None:
    if name not in file.attrs:
        return None
    text = file.attrs[name]
    data = text.encode() if isinstance(text, str) else bytes(text)
    try:
        found = strict_json.parse(data)
    except ValueError as error:
        raise LoadError(label, name, str(error)) from error
    if found is not None and not isinstance(found, dict):
        raise LoadError(label, name, "an object was expected.")
    return found


def read_legacy_weights(
    file: h5py.File,
    label: Any,
    model: Any,
    *,
    skip_mismatch: bool = False,
    objects_to_skip: Iterable[Any] | None = None,
    by: str | None = None,
    with_optimizer: bool = False,
) -> None:
    """Set the variables of a model, layer by layer, from an open HDF5 file.

    Args:
        file: an open ``h5py.File``.
        label: the file's name for errors.
        model: a built model.
        skip_mismatch: whether to leave a layer as it is, with a warning, where shapes differ.
        objects_to_skip: layers that shall stay as they are.
        by: `"name"`: layers without a namesake on the other side are left out, with a warning;
            `"position"`: names do not matter.
        with_optimizer: whether to read the state of the optimizer as well.

    Raises:
        LoadError: when arrays are missing, superfluous or of another shape or kind (nothing is
            changed then), or damaged.
    """
    stored = LayerArrays(file, label)
    plan = Plan()
    skipped = {id(part) for part in objects_to_skip or ()}
    for name, layer in _pairs(stored, model, by):
        if id(layer) not in skipped:
            plan_variables(plan, weights_of(layer), _numbered(stored.weights(name)), name)
    top = _numbered(stored.weights(_TOP))
    if top:
        plan_variables(plan, _own(model), top, _TOP)
    if with_optimizer:
        _plan_optimizer(plan, model.optimizer, stored)
    carry_out(plan, label, skip_mismatch)


def _numbered(arrays: Iterable[StoredArray]) -> dict[str, StoredArray]:
    return {str(index): array for index, array in enumerate(arrays)}


def weights_of(layer: Any) -> list[Variable]:
    """The weights of a layer in the order of such files: those that are trained first."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _own(model: Any) -> list[Variable]:
    """The weights of a model that no layer of it has."""
    inside = {id(variable) for layer in model.layers for variable in layer.weights}
    return [variable for variable in weights_of(model) if id(variable) not in inside]


class LayerArrays:
    """The arrays of a file by layers, in the order that its attributes give.

    Args:
        file: an open ``h5py.File``.
        label: its name for errors.

    Attributes:
        label: likewise.
        layers: the names of the layers that have weights.
    """

    def __init__(self, file: h5py.File, label: Any):
        self._arrays = ArrayFile(file, label)
        self._file, self.label = file, label
        self._root = f"{_MODEL}/" if _MODEL in file else ""
        group = file[_MODEL] if _MODEL in file else file
        self.layers = [name for name in self._names(group, "layer_names") if self.weights(name)]

    def weights(self, layer: str) -> list[StoredArray]:
        """The arrays of a layer, none if the file does not have it."""
        return [array for _, array in self.named(f"{self._root}{layer}")]

    def of_optimizer(self) -> list[tuple[str, StoredArray]]:
        """The state of the optimizer with its names."""
        return self.named(_OPTIMIZER)

    def named(self, group: str) -> list[tuple[str, StoredArray]]:
        """The arrays of a group with their names, in their order."""
        if group not in self._file:
            return []
        found = []
        for name in self._names(self._file[group], "weight_names"):
            array = self._arrays.arrays.get(f"{group}/{name}")
            if array is None:
                raise LoadError(self.label, group, f"the array {name[:100]!r} is missing.")
            found.append((name, array))
        return found

    def _names(self, group: h5py.Group, attribute: str) -> list[str]:
        """A list of names, which long ones are in several attributes."""
        parts = [attribute] if attribute in group.attrs else []
        while f"{attribute}{len(parts)}" in group.attrs and attribute not in parts:
            parts.append(f"{attribute}{len(parts)}")
        names: list[str] = []
        for part in parts:
            listed = np.ravel(group.attrs[part])
            if len(names) + len(listed) > MAX_OBJECTS:
                raise LoadError(self.label, attribute, "too many names.")
            names += [n.decode() if isinstance(n, bytes) else str(n) for n in listed.tolist()]
        return names


def _pairs(stored: LayerArrays, model: Any, by: str | None) -> Iterator[tuple[str, Any]]:
    """Pair the layers of the file with those of the model."""
    layers = [layer for layer in model.layers if layer.weights]
    mine, theirs = [layer.name for layer in layers], stored.layers
    if by == "name":
        _tell_of_the_rest(stored, mine, theirs)
    if by == "name" or (by is None and sorted(mine) == sorted(theirs)):
        by_name = dict(zip(mine, layers, strict=True))
        return ((name, by_name[name]) for name in theirs if name in by_name)
    if len(mine) != len(theirs):
        raise LoadError(
            stored.label,
            "",
            f"The file has {len(theirs)} layers with weights ({_some(theirs)}), the model "
            f"{len(mine)} ({_some(mine)}). by_name=True loads those that have the same name.",
        )
    pairs = list(zip(theirs, layers, strict=True))
    differing = [
        (name, layer.name)
        for name, layer in pairs
        if name != layer.name
        and not (is_automatic(name, layer) or is_automatic(layer.name, layer))
    ]
    if differing and by is None:
        raise LoadError(
            stored.label,
            "",
            f"The file has layers {_some([a for a, _ in differing])} where the model has "
            f"{_some([b for _, b in differing])}. If these are the same layers under other names, "
            "pass by='position' to accept; by_name=True loads those that have the same name.",
        )
    return iter(pairs)


def _some(names: list[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "")


def _tell_of_the_rest(stored: LayerArrays, mine: list[str], theirs: list[str]) -> None:
    """Warn of the layers that have no namesake."""
    missing = [name for name in mine if name not in theirs]
    unused = [name for name in theirs if name not in mine]
    if missing or unused:
        warnings.warn(
            f"{os.fspath(stored.label)}: {len(set(mine) & set(theirs))} layers were found by name."
            + (f" Left as they are: {_some(missing)}." if missing else "")
            + (f" Not used: {_some(unused)}." if unused else ""),
            KerataWarning,
            stacklevel=5,
        )


# -- the optimizer -----------------------------------------------------------------------------


def _plan_optimizer(plan: Plan, optimizer: Any, stored: LayerArrays) -> None:
    """Pair the state of the optimizer; one that cannot be understood starts anew."""
    named = stored.of_optimizer()
    if not named:
        return
    trial = Plan()
    plan_variables(trial, optimizer.variables, _numbered(a for _, a in named), "optimizer")
    if trial.mismatches:
        trial = _by_slots(optimizer, named)
    if not trial.mismatches:
        plan.pairs += trial.pairs
        return
    warnings.warn(
        f"{os.fspath(stored.label)}: the state of the optimizer {type(optimizer).__name__} "
        f"({len(named)} arrays) is not in a form that is known; it starts anew.",
        KerataWarning,
        stacklevel=5,
    )


def _by_slots(optimizer: Any, named: list[tuple[str, StoredArray]]) -> Plan:
    """Pair the state by what it is: names are `Adam/dense/kernel/m:0` or `Adam/m/dense/kernel:0`,
    in the order of the weights."""
    plan = Plan()
    found: dict[str, list[StoredArray]] = {}
    for name, array in named:
        found.setdefault(_slot_of(name), []).append(array)
    if "iterations" not in found or "" in found:
        plan.mismatches.append(Mismatch("optimizer", "-", "-"))
        return plan
    iterations = {"0": found.pop("iterations")[0]}
    plan_variables(plan, [optimizer.iterations], iterations, "optimizer/iterations")
    found.pop("learning_rate", None)  # a part of the configuration
    for slot, arrays in found.items():
        variables = _variables_of(optimizer, slot)
        plan_variables(plan, variables, _numbered(arrays), f"optimizer/{slot}")
    return plan


def _slot_of(name: str) -> str:
    """What an array of an optimizer is; "" if the name does not say."""
    parts = re.sub(r":\d+$", "", name).split("/")
    if parts[-1] in ("iter", "iteration", "iterations"):
        return "iterations"
    if parts[-1].endswith("learning_rate"):
        return "learning_rate"
    known = [part for part in (parts[-1], *parts[1:2]) if part in _SLOTS]
    return known[0] if known else ""


def _variables_of(optimizer: Any, slot: str) -> list[Variable]:
    for ending in _SLOTS[slot]:
        found = [v for v in optimizer.variables if v.path.endswith(f"_{ending}")]
        if found:
            return found
    return []


# -- writing ---------------------------------------------------------------------------------


def write_legacy(file: BinaryIO, model: Any, keras_version: str) -> None:
    """Write a whole model: configuration, weights, and what it was compiled with."""
    config = model_config(model)
    compiled = config.pop("compile_config", None)
    with open_hdf5(file, "w") as root:
        root.attrs["keras_version"] = keras_version
        root.attrs["backend"] = model.backend.name
        root.attrs["model_config"] = json.dumps(config).encode()
        if compiled is not None:
            root.attrs["training_config"] = json.dumps(_training_config(compiled)).encode()
        group = root.create_group(_MODEL)
        group.attrs["keras_version"] = keras_version
        _write_names(group, "layer_names", [layer.name for layer in model.layers])
        for layer in model.layers:
            _write_group(group.create_group(layer.name), weights_of(layer))
        _write_group(group.create_group(_TOP), _own(model))
        optimizer = getattr(model, "optimizer", None)
        if compiled is not None and optimizer is not None and optimizer.built:
            _write_group(root.create_group(_OPTIMIZER), optimizer.variables)


def _training_config(compiled: dict[str, Any]) -> dict[str, Any]:
    return {
        "loss": _as_objects("losses", compiled.get("loss")),
        "loss_weights": compiled.get("loss_weights"),
        "metrics": _as_objects("metrics", compiled.get("metrics")),
        "weighted_metrics": _as_objects("metrics", compiled.get("weighted_metrics")),
        "optimizer_config": compiled.get("optimizer"),
    }


def _as_objects(kind: str, named: Any) -> Any:
    """Losses and metrics that were named, as configurations: Keras does not find the names of
    functions again. How "accuracy" is meant depends on the targets."""
    if isinstance(named, str) and named not in _BY_TARGETS:
        found = resolve(kind, named)
        if callable(found) and hasattr(found, "__name__"):  # a function: its class is of its name
            found = resolve(kind, "".join(word.capitalize() for word in found.__name__.split("_")))
        config = serialize(found)
        return {**config, "config": {**config["config"], "name": named}}
    if isinstance(named, list):
        return [_as_objects(kind, each) for each in named]
    if isinstance(named, dict) and "class_name" not in named:
        return {name: _as_objects(kind, each) for name, each in named.items()}
    return named


def _write_group(group: h5py.Group, variables: list[Variable]) -> None:
    names: list[str] = []
    for variable in variables:
        name = variable.path
        while name in names:
            name += "_"
        names.append(name)
        write_array(group, name, variable.borrowed())
    _write_names(group, "weight_names", names)


def _write_names(group: h5py.Group, attribute: str, names: list[str]) -> None:
    """Write a list of names, one that is too long for one attribute in several."""
    encoded = [name.encode() for name in names]
    longest = max(map(len, encoded), default=1)
    size = max(1, _HEADER_BYTES // longest)
    parts = [encoded[start : start + size] for start in range(0, len(encoded), size)] or [[]]
    for index, part in enumerate(parts):
        name = attribute if len(parts) == 1 else f"{attribute}{index}"
        group.attrs[name] = np.array(part, f"S{longest}")
