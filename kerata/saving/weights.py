"""The numbers of a model in HDF5: written by path, checked as a whole before any is set."""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from kerata.core.errors import KerataWarning
from kerata.core.names import snake_case
from kerata.core.variable import Variable, assign_all
from kerata.saving.arrays import ArrayFile, ArrayReader, ArrayWriter, StoredArray
from kerata.saving.checksums import Piece
from kerata.saving.errors import LoadError
from kerata.saving.tree_paths import saved_parts
from kerata.saving.window import Window

if TYPE_CHECKING:
    import h5py

#: where the state lies that Keras does not save (seed generators): needed to go on exactly
_EXTRA = "kerata_state/vars"
_SHOWN_ROWS = 8


def open_hdf5(file: BinaryIO | Window | str | os.PathLike[str], mode: str) -> h5py.File:
    """Open an HDF5 file; h5py is imported only here."""
    import h5py

    return h5py.File(file, mode)


@contextlib.contextmanager
def readable_hdf5(
    file: BinaryIO | Window | str | os.PathLike[str],
    label: str | os.PathLike[str],
    place: str = "",
) -> Iterator[h5py.File]:
    """Open an HDF5 file to read it, inside a `with` block.

    Args:
        file: the file.
        label: its name for errors.
        place: where in that file it is, if it is a member of an archive.

    Raises:
        FileNotFoundError: when there is no such file.
        LoadError: when it is no HDF5 file.
    """
    try:
        opened = open_hdf5(file, "r")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LoadError(label, place, "not a readable HDF5 file.") from error
    with opened:
        yield opened


# --- writing ------------------------------------------------------------------------------


def write_weights(file: BinaryIO | Window, model: Any) -> list[Piece]:
    """Write all arrays of a model, and of its optimizer if it has one, as an HDF5 file.

    Returns:
        Where in the file they are, with their checksums.
    """
    written: list[Piece] = []
    with open_hdf5(file, "w") as root:
        for path, part in saved_parts(model):
            group = root.require_group(_vars(path))
            group.attrs["name"] = getattr(part, "name", "")
            _write_own(part, ArrayWriter(group, written))
        extra = _extra_state(model)
        if extra:
            writer = ArrayWriter(root.require_group(_EXTRA), written)
            for index, variable in enumerate(extra):
                writer[str(index)] = variable.borrowed()
    return written


def _write_own(part: Any, writer: ArrayWriter) -> None:
    if _is_optimizer(part) or _overrides(part, "save_own_variables"):
        part.save_own_variables(writer)
        return
    for index, variable in enumerate(_own_variables(part)):
        writer[str(index)] = variable.borrowed()


def _own_variables(layer: Any) -> list[Variable]:
    """A layer's own variables in the order of Keras' files: those made to be trained first."""

    def follows(variable: Variable) -> bool:
        return not (variable.trainable or getattr(variable, "_frozen_by_layer", False))

    return sorted(layer._own_variables, key=follows)


def _is_optimizer(part: Any) -> bool:
    from kerata.optimizers import Optimizer

    return isinstance(part, Optimizer)


def _overrides(part: Any, method: str) -> bool:
    """Whether a user's class, or a layer with LoRA, writes or reads its arrays in its own way."""
    from kerata.layers.layer import Layer

    return getattr(part, method).__func__ is not getattr(Layer, method)


def _vars(path: str) -> str:
    return f"{path}/vars" if path else "vars"


def _extra_state(model: Any) -> list[Variable]:
    """The state of seed generators: what is neither a weight nor of a metric."""
    known = {id(v) for v in [*model.weights, *getattr(model, "metrics_variables", ())]}
    return [v for v in model.variables if id(v) not in known]


# --- reading ------------------------------------------------------------------------------


class Mismatch(NamedTuple):
    """An array that does not fit: where, and what the file and the model have there."""

    path: str
    in_file: str
    in_model: str


class Plan:
    """What loading will do, made from the headers alone."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Variable, Any]] = []  # what has `path`, `dtype` and `read()`
        self.custom: list[tuple[Any, Mapping[str, StoredArray]]] = []
        self.mismatches: list[Mismatch] = []


def read_weights(
    arrays: ArrayFile,
    model: Any,
    *,
    skip_mismatch: bool = False,
    objects_to_skip: Iterable[Any] | None = None,
    by_name: bool = False,
    by: str | None = None,
) -> None:
    """Set the variables of a model, and of its optimizer, from an open HDF5 file.

    Args:
        arrays: what is in the file.
        model: a built model.
        skip_mismatch: whether to leave a layer as it is, with a warning, where shapes differ.
        objects_to_skip: layers that shall stay as they are.
        by_name: whether the layer names of file and model are known to mean the same.
        by: `"position"` accepts layers that were given other names than those in the file.

    Raises:
        LoadError: when arrays are missing, superfluous or of another shape or kind (nothing is
            changed then), or damaged.
    """
    if by != "position" and not by_name:
        _check_names(arrays, model)
    plan = _make_plan(arrays, model, objects_to_skip or (), by_name)
    carry_out(plan, arrays.label, skip_mismatch)


def carry_out(plan: Plan, label: str | os.PathLike[str], skip_mismatch: bool) -> None:
    """Set what a plan has paired, unless something does not fit.

    Raises:
        LoadError: with a table, if something does not fit and is not to be skipped.
    """
    if plan.mismatches:
        text = _table(plan.mismatches)
        if not skip_mismatch:
            raise LoadError(label, "", text)
        warnings.warn(f"{os.fspath(label)}: {text} They were skipped.", KerataWarning, stacklevel=4)
    _assign(plan, label)


def _check_names(arrays: ArrayFile, model: Any) -> None:
    """Refuse weights that stand, by position, under another name than the user's for a layer.

    Only names that somebody chose count: `dense_3` may well be `dense_7` in another process.
    """
    differing = []
    for path, part in saved_parts(model):
        stored = arrays.names.get(_vars(path))
        if path.startswith("optimizer") or not stored or stored == getattr(part, "name", stored):
            continue
        if not (is_automatic(stored, part) or is_automatic(part.name, part)):
            differing.append((stored, part.name))
    if differing:
        stored, mine = (", ".join(map(repr, names)) for names in zip(*differing, strict=True))
        raise LoadError(
            arrays.label,
            "",
            f"The file has layers {stored} where the model has {mine}. If these are the same "
            "layers under other names, pass by='position' to accept; else put the layers in the "
            "order of the file.",
        )


def is_automatic(name: str, part: Any) -> bool:
    """Tell whether nobody chose a name: it is made from the class, by Bidirectional too."""
    made = rf"((forward|backward)_)?{snake_case(type(part).__name__)}(_\d+)?"
    return re.fullmatch(made, name) is not None


def _make_plan(
    arrays: ArrayFile, model: Any, skipped: Iterable[Any], by_name: bool
) -> Plan:
    plan = Plan()
    without = {id(part) for part in skipped}
    for path, part in saved_parts(model, arrays.names if by_name else None):
        found = arrays.under(_vars(path))
        if id(part) in without:
            continue
        if _is_optimizer(part):
            _plan_optimizer(plan, part, found, path)
        elif _overrides(part, "load_own_variables"):
            plan.custom.append((part, found))
        else:
            plan_variables(plan, _own_variables(part), found, _vars(path))
    extra = arrays.under(_EXTRA)
    state = _extra_state(model)
    if len(extra) == len(state):
        plan_variables(plan, state, extra, _EXTRA)
    return plan


def _plan_optimizer(
    plan: Plan, optimizer: Any, found: Mapping[str, StoredArray], path: str
) -> None:
    """An optimizer of another kind starts anew: that is no reason to refuse the weights."""
    if not found:
        return
    trial = Plan()
    plan_variables(trial, optimizer.variables, found, _vars(path))
    if not trial.mismatches:
        plan.pairs += trial.pairs
    elif len(found) != _count_before_training(optimizer):
        warnings.warn(
            f"The file holds the state of another optimizer than {optimizer.name!r} "
            f"({len(found)} arrays, {len(optimizer.variables)} expected): it starts anew.",
            KerataWarning,
            stacklevel=5,
        )


def _count_before_training(optimizer: Any) -> int:
    """How many variables an optimizer has that has not trained yet: nothing to restore."""
    return len(type(optimizer).from_config(optimizer.get_config()).variables)


def plan_variables(
    plan: Plan, variables: Sequence[Variable], found: Mapping[str, StoredArray], path: str
) -> None:
    """Pair the variables of one part with its arrays, called "0", "1", ...; a part fits as a whole
    or not at all."""
    pairs, wrong = [], []
    for index in range(max(len(variables), len(found))):
        variable = variables[index] if index < len(variables) else None
        array = found.get(str(index))
        if variable is not None and array is not None and fits(variable, array):
            pairs.append((variable, array))
        else:
            wrong.append(Mismatch(f"{path}/{index}", shown(array), shown(variable)))
    if wrong:
        plan.mismatches += wrong
    else:
        plan.pairs += pairs


def fits(variable: Variable, array: Any) -> bool:
    """Tell whether a stored array may be the value of a variable, by its shape and dtype."""
    kinds = _kind(variable.dtype), _kind(array.dtype)
    # Keras writes a whole 0 where Adafactor has no rows or columns of a vector.
    alike = kinds[0] == kinds[1] or (kinds == ("float", "integer") and array.shape == ())
    return variable.shape == array.shape and alike


def _kind(dtype: str) -> str:
    return "integer" if "int" in dtype else "float" if "float" in dtype else dtype


def shown(thing: Any) -> str:
    """Return dtype and shape of a variable or a stored array, "-" for none."""
    return "-" if thing is None else f"{thing.dtype} {tuple(thing.shape)}"


def _table(rows: Sequence[Mismatch]) -> str:
    shown = [Mismatch("array", "in the file", "in the model"), *rows[:_SHOWN_ROWS]]
    widths = [max(len(row[column]) for row in shown) for column in range(3)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in shown]
    if len(rows) > _SHOWN_ROWS:
        lines.append(f"... and {len(rows) - _SHOWN_ROWS} more.")
    return (
        f"{len(rows)} arrays do not fit the model; skip_mismatch=True loads the others.\n"
        + "\n".join(lines)
        + "\n"
    )


def _assign(plan: Plan, label: str | os.PathLike[str]) -> None:
    """Read all numbers, then set them: a damaged file changes nothing."""
    values = [array.read() for _, array in plan.pairs]
    _warn_not_finite(plan, values, label)
    by_backend: dict[str, list[int]] = {}
    for index, (variable, _) in enumerate(plan.pairs):
        if variable.is_initialized():
            by_backend.setdefault(variable.backend.name, []).append(index)
        else:
            variable.begin_with(values[index])
    for indices in by_backend.values():
        assign_all([plan.pairs[i][0] for i in indices], [values[i] for i in indices])
    for part, arrays in plan.custom:
        part.load_own_variables(ArrayReader(arrays))


def _warn_not_finite(plan: Plan, values: list[np.ndarray], label: Any) -> None:
    bad = [
        array.path
        for (_, array), value in zip(plan.pairs, values, strict=True)
        if "float" in array.dtype and not np.isfinite(value.astype("float32", copy=False)).all()
    ]
    if bad:
        warnings.warn(
            f"{os.fspath(label)}: {len(bad)} arrays hold NaN or infinity, the first is {bad[0]!r}.",
            KerataWarning,
            stacklevel=5,
        )
