"""What users pass as data, turned into NumPy arrays, or refused with the reason.

Arrays, tensors of any engine, Python lists, data frames and sparse matrices are told apart by
what they can do, never by importing the library they come from. Messages give the argument,
its type, shape and dtype, and never print data.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata.core import dtypes
from kerata.layers.preprocessing.raw_columns import is_frame
from kerata.training.data.rows import ArrayRows, Rows, SparseRows, StoredRows

_NUMERIC_KINDS = "fiub"


def to_rows(structure: Any, where: str, allow_text: bool = False) -> Any:
    """Return a user's nested structure of in-memory data with `Rows` as its leaves.

    Args:
        structure: an array-like, or lists, tuples and dicts of them; `None` stays `None`.
        where: the argument it was given as, for messages: `"x"`, `"y"`.
        allow_text: whether strings are accepted, as models with text layers take them.

    Raises:
        ValueError: if a leaf holds text, objects or ragged rows, or has no rows at all.
        TypeError: if a leaf is not data.
    """
    if structure is None or isinstance(structure, Rows):
        return structure
    if isinstance(structure, dict):
        return {key: to_rows(v, f"{where}[{key!r}]", allow_text) for key, v in structure.items()}
    if isinstance(structure, (list, tuple)) and not is_number_list(structure):
        children = [to_rows(v, f"{where}[{i}]", allow_text) for i, v in enumerate(structure)]
        return _like(structure, children)
    rows = _leaf_rows(structure, where, allow_text)
    if not rows.shape:
        raise ValueError(
            f"`{where}` is a single number; expected rows: one entry per sample, as in "
            f"np.array([{where}])."
        )
    if not len(rows):
        raise ValueError(
            f"`{where}` has 0 rows (shape {rows.shape}): there is nothing to learn from. "
            "Check the filter or the file that it comes from."
        )
    return rows


def _leaf_rows(value: Any, where: str, allow_text: bool) -> Rows:
    if is_sparse(value):
        return SparseRows(value)
    if hasattr(value, "read_direct") and hasattr(value, "shape"):
        return StoredRows(value)
    return ArrayRows(to_numpy(value, where, allow_text))


def to_arrays(structure: Any, where: str, allow_text: bool = False) -> Any:
    """Return one batch of a stream with NumPy arrays as leaves, floats in floatx."""
    if structure is None:
        return None
    if isinstance(structure, np.ndarray) and structure.dtype.kind in _NUMERIC_KINDS:
        return ArrayRows(structure).array
    if isinstance(structure, dict):
        return {key: to_arrays(v, f"{where}[{key!r}]", allow_text) for key, v in structure.items()}
    if isinstance(structure, (list, tuple)) and not is_number_list(structure):
        children = [to_arrays(v, f"{where}[{i}]", allow_text) for i, v in enumerate(structure)]
        return _like(structure, children)
    return _leaf_rows(structure, where, allow_text).slice(0, None)  # type: ignore[arg-type]


def _like(structure: Any, children: list[Any]) -> Any:
    if hasattr(structure, "_fields"):
        return type(structure)(*children)
    return tuple(children) if isinstance(structure, tuple) else children


def is_number_list(value: Any) -> bool:
    """Tell whether a list is (nested) Python numbers or strings: one array, not several."""
    while isinstance(value, (list, tuple)):
        if not value:
            return True
        value = value[0]
    return isinstance(value, (int, float, str, bytes, np.generic)) or value is None


def is_sparse(value: Any) -> bool:
    """Tell whether a value is a SciPy sparse matrix or array."""
    return hasattr(value, "tocsr") and hasattr(value, "toarray")


def is_array_like(value: Any) -> bool:
    """Tell whether a value is one in-memory array of any library, or a list of numbers."""
    if isinstance(value, (list, tuple)):
        return is_number_list(value)
    has_shape = hasattr(value, "shape") and hasattr(value, "dtype")
    return isinstance(value, np.generic) or has_shape or is_frame(value) or is_sparse(value)


def to_numpy(value: Any, where: str, allow_text: bool = False) -> np.ndarray:
    """Return one array-like as a NumPy array of numbers (or text, if allowed).

    Args:
        value: array, tensor, list of numbers, data frame, series.
        where: the argument it was given as, for messages.
        allow_text: whether strings are accepted.

    Raises:
        ValueError: if it holds text, objects or ragged rows.
        TypeError: if it is not data.
    """
    if isinstance(value, np.ndarray):
        return _numeric(value, where, allow_text)
    if is_frame(value):
        return _frame(value, where)
    if hasattr(value, "to_numpy"):
        return _series(value, where, allow_text)
    if isinstance(value, (list, tuple)):
        return _numeric(_from_list(value, where), where, allow_text)
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        return _numeric(_from_torch(value), where, allow_text)
    if hasattr(value, "__array__") or isinstance(value, (int, float, np.generic)):
        return _numeric(np.asarray(value), where, allow_text)
    raise TypeError(
        f"`{where}` is of type {_type_name(value)}; expected an array, tensor, list of numbers, "
        "data frame, or lists and dicts of these. Convert it, as with np.asarray(...)."
    )


def _type_name(value: Any) -> str:
    module = type(value).__module__
    return type(value).__name__ if module == "builtins" else f"{module}.{type(value).__name__}"


def _from_torch(tensor: Any) -> np.ndarray:
    tensor = tensor.detach().cpu()
    if str(tensor.dtype) == "torch.bfloat16":
        tensor = tensor.float()
    return tensor.numpy()


def _from_list(value: Any, where: str) -> np.ndarray:
    try:
        # Text as objects: an array of the length of the longest text could be huge.
        return np.asarray(value, dtype=object if _begins_with_text(value) else None)
    except ValueError:
        raise ValueError(
            f"`{where}` is a list of {len(value)} entries whose lengths differ{_lengths(value)}; "
            "expected rows of one length. For sequences use "
            f"kerata.utils.pad_sequences({where})."
        ) from None


def _begins_with_text(value: Any) -> bool:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, (str, bytes))


def _lengths(value: Any) -> str:
    if not all(hasattr(row, "__len__") for row in value):
        return " in kind (numbers and lists)"
    for i, row in enumerate(value):
        if len(row) != len(value[0]):
            return f" (entry 0 has {len(value[0])}, entry {i} has {len(row)})"
    return ""


def _numeric(array: np.ndarray, where: str, allow_text: bool = False) -> np.ndarray:
    kind = array.dtype.kind
    if kind in _NUMERIC_KINDS or kind == "c" or dtypes.is_float(array.dtype.name):
        return array
    if kind == "O":
        return _from_objects(array, where, allow_text)
    if kind in "US" or kind == "T":
        return array if allow_text else _refuse_text(array, where)
    if kind in "mM":
        raise ValueError(
            f"`{where}` holds dates or times (dtype {array.dtype}); expected numbers: convert "
            f"them, for example {where}.astype('int64') or days since a first date."
        )
    raise TypeError(f"`{where}` has dtype {array.dtype}; expected float, integer or bool.")


def _from_objects(array: np.ndarray, where: str, allow_text: bool) -> np.ndarray:
    """Turn an object array of numbers (or of equal arrays) into a plain one."""
    flat = array.ravel()
    for i, item in enumerate(flat):
        if isinstance(item, (str, bytes)):
            return _text(array, where) if allow_text else _refuse_text(array.astype(str), where)
        if isinstance(item, (np.ndarray, list, tuple)):
            return _stacked(flat, where)
        if item is None:
            position = np.unravel_index(i, array.shape)
            raise ValueError(
                f"`{where}` is an object array with a missing value (None) at "
                f"{_place(position)}; expected numbers: drop or impute it."
            )
        if not isinstance(item, (int, float, np.generic)):
            position = np.unravel_index(i, array.shape)
            raise ValueError(
                f"`{where}` is an object array; its first entry that is not a number is a "
                f"{_type_name(item)} at {_place(position)}. Expected numbers: convert it."
            )
    return np.array(array.tolist()).reshape(array.shape)


def _text(array: np.ndarray, where: str) -> np.ndarray:
    """Return an object array of text as it is; another entry is refused."""
    for i, item in enumerate(array.ravel()):
        if not isinstance(item, (str, bytes)):
            place = _place(np.unravel_index(i, array.shape))
            missing = item is None or item != item
            raise ValueError(
                f"`{where}` holds text, but at {place} "
                + (f"a value is missing ({item})" if missing else f"a {_type_name(item)}")
                + "; expected text everywhere, as from column.fillna('') or column.astype(str)."
            )
    return array


def _stacked(items: np.ndarray, where: str) -> np.ndarray:
    shapes = {np.shape(item) for item in items}
    if len(shapes) > 1:
        raise ValueError(
            f"`{where}` is an object array of {len(items)} arrays with {len(shapes)} different "
            "shapes; expected one shape: pad or crop them first."
        )
    return _numeric(np.stack([np.asarray(item) for item in items]), where)


def _refuse_text(array: np.ndarray, where: str) -> Any:
    if where.startswith("y"):
        raise ValueError(
            f"`{where}` holds text labels ({len(np.unique(array))} classes found); expected "
            "numbers: encode them with kerata.layers.StringLookup, sklearn.preprocessing."
            f"LabelEncoder or np.unique({where}, return_inverse=True)[1]."
        )
    position = _first_text(array)
    if position is None:
        raise ValueError(
            f"`{where}` holds numbers written as text (dtype {array.dtype}): use "
            f"{where}.astype('float32')."
        )
    first = str(array[position])[:20]
    raise ValueError(
        f"`{where}` holds text: {_place(position)} is the first, {first!r}. Expected numbers: "
        "encode it, for example with kerata.layers.StringLookup or TextVectorization, or "
        "pandas.get_dummies."
    )


def _first_text(array: np.ndarray) -> tuple[int, ...] | None:
    """Return the position of the first entry that is not a number written as text."""
    for i, item in enumerate(array.ravel()):
        try:
            float(item)
        except ValueError:
            return tuple(int(k) for k in np.unravel_index(i, array.shape))
    return None


def _place(position: Any) -> str:
    names = ("row", "column") if len(position) <= 2 else ("row",)
    parts = [f"{name} {int(k)}" for name, k in zip(names, position, strict=False)]
    if len(position) > 2:
        parts.append(f"index {tuple(int(k) for k in position[1:])}")
    return ", ".join(parts)


def _frame(frame: Any, where: str) -> np.ndarray:
    """Return the columns of a data frame side by side; every column must be numeric."""
    types = frame.dtypes
    for name, dtype in zip(frame.columns, types, strict=True):
        text = str(dtype).lower()
        if not text.startswith(("int", "uint", "float", "bool", "double")):
            raise ValueError(
                f"Column `{name}` of `{where}` is {_column_kind(text)} (dtype {dtype}); expected "
                "numbers: encode it (pandas.get_dummies, kerata.layers.StringLookup) or drop it."
            )
    try:
        array = frame.to_numpy()
    except TypeError:
        array = np.asarray(frame)
    if array.dtype == object:  # nullable columns: missing values become NaN
        array = frame.to_numpy(dtype="float64", na_value=np.nan)
    return array


def _column_kind(dtype: str) -> str:
    if dtype.startswith(("object", "str", "utf8")):
        return "text"
    if dtype.startswith("cat") or dtype.startswith("enum"):
        return "categorical"
    return "a date or time" if "date" in dtype or "time" in dtype else "not numeric"


def _series(series: Any, where: str, allow_text: bool) -> np.ndarray:
    """Return a pandas or polars series as a column of shape (n, 1), as Keras does."""
    array = np.asarray(series.to_numpy())
    return _numeric(array, where, allow_text).reshape(len(array), -1)
