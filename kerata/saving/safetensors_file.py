"""Weights as a .safetensors file, which other libraries read: names and numbers, nothing else.

A weight is named by where its layer stands in the model, as in a ``.weights.h5`` file, and by its
own name: ``layers/dense_1/kernel``. The optimizer's state is not written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from kerata.core.variable import Variable, numpy_dtype
from kerata.saving.errors import LoadError
from kerata.saving.tree_paths import saved_parts
from kerata.saving.weights import Mismatch, Plan, carry_out, fits, shown

SUFFIX = ".safetensors"

#: dtypes as such files call them
_DTYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "F16": "float16",
    "BF16": "bfloat16", "U32": "uint32", "I32": "int32", "F32": "float32", "U64": "uint64",
    "I64": "int64", "F64": "float64", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
}  # fmt: skip


def _library() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "Files of safetensors need a package: pip install 'kerata[safetensors]'"
        ) from error
    return safetensors


def named_weights(model: Any) -> dict[str, Variable]:
    """Return the weights of a model by their names in a file."""
    weights = {id(variable) for variable in model.weights}
    found: dict[str, Variable] = {}
    for path, part in saved_parts(model):
        for variable in getattr(part, "_own_variables", ()):
            if id(variable) in weights:
                name = f"{path}/{variable.name}" if path else variable.name
                while name in found:
                    name += "_"
                found[name] = variable
    return found


def as_safetensors(model: Any) -> bytes:
    """Return what a .safetensors file of a model's weights holds."""
    arrays = {name: np.asarray(v.borrowed(), order="C") for name, v in named_weights(model).items()}
    return _library().numpy.save(arrays, metadata={"format": "kerata"})


class _Tensor(NamedTuple):
    """A tensor of a file."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    data: bytes

    def read(self) -> np.ndarray:
        """Return the numbers, to be kept."""
        return np.frombuffer(self.data, numpy_dtype(self.dtype)).reshape(self.shape).copy()


def read_safetensors(
    filepath: str | os.PathLike[str],
    model: Any,
    skip_mismatch: bool = False,
    objects_to_skip: Iterable[Any] | None = None,
) -> None:
    """Set the weights of a model from a .safetensors file, by their names.

    Args:
        filepath: the file.
        model: a built model.
        skip_mismatch: whether to leave weights as they are, with a warning, that do not fit.
        objects_to_skip: layers that shall stay as they are.

    Raises:
        ImportError: when the package is missing.
        FileNotFoundError: when there is no such file.
        LoadError: when it is no such file, or names or shapes are not those of the model: nothing
            is changed then.
    """
    library = _library()
    with open(filepath, "rb") as file:
        content = file.read()
    try:
        stored = {
            name: _Tensor(name, tuple(found["shape"]), _DTYPES[found["dtype"]], found["data"])
            for name, found in library.deserialize(content)
        }
    except (library.SafetensorError, KeyError, ValueError) as error:
        raise LoadError(filepath, "", f"not a sound .safetensors file ({error}).") from error
    left = {id(v) for layer in objects_to_skip or () for v in layer.weights}
    mine = named_weights(model)
    plan = Plan()
    for name in sorted({*mine, *stored}):
        variable, tensor = mine.get(name), stored.get(name)
        if id(variable) in left:
            continue
        if variable is not None and tensor is not None and fits(variable, tensor):
            plan.pairs.append((variable, tensor))
        else:
            plan.mismatches.append(Mismatch(name, shown(tensor), shown(variable)))
    carry_out(plan, filepath, skip_mismatch)
