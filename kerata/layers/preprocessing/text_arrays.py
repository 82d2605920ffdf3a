"""Text as NumPy holds it: object arrays of bytes, whatever it was given as.

Layers that work on text look at bytes, as TensorFlow's string tensors do: lower case and
punctuation are those of ASCII, tokens are compared and hashed byte by byte.
"""

from __future__ import annotations

from typing import Any

import numpy as np

#: kinds of NumPy dtypes that hold text: unicode, bytes, StringDType, Python objects
_TEXT_KINDS = "USTO"


def is_text(value: Any) -> bool:
    """Tell whether a value is text, or an array or list of it.

    >>> is_text(["a", "b"]), is_text(np.array([1, 2]))
    (True, False)
    """
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    if isinstance(value, (str, bytes)):
        return True
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind is not None:
        return kind in _TEXT_KINDS and not _holds_numbers(value)
    return str(getattr(value, "dtype", "")).endswith("string'>")  # a tensor of TensorFlow


def _holds_numbers(array: Any) -> bool:
    """Tell whether an object array holds numbers, as columns of data frames may."""
    if array.dtype.kind != "O" or not hasattr(array, "flat") or not array.size:
        return False
    return isinstance(array.flat[0], (int, float, np.number))


def as_array(value: Any) -> Any:
    """Return lists, text and columns of data frames as NumPy arrays, tensors as they are.

    >>> as_array(["a", "b"]).shape
    (2,)
    """
    if isinstance(value, (str, bytes)) or (isinstance(value, (list, tuple)) and is_text(value)):
        return np.array(value, dtype=object)
    if isinstance(value, (list, tuple, int, float)):
        return np.asarray(value)
    if isinstance(value, np.ndarray) or not hasattr(value, "to_numpy"):
        return value
    return np.asarray(value.to_numpy())


def as_data(structure: Any) -> Any:
    """Return the inputs of a model with NumPy arrays in place of lists of text and columns.

    >>> as_data({"name": ["a", "b"]})["name"].shape
    (2,)
    """
    if isinstance(structure, dict):
        return {key: as_data(value) for key, value in structure.items()}
    if isinstance(structure, (list, tuple)) and not _is_one_array(structure):
        children = [as_data(value) for value in structure]
        if hasattr(structure, "_fields"):
            return type(structure)(*children)
        return tuple(children) if isinstance(structure, tuple) else children
    return as_array(structure)


def _is_one_array(values: Any) -> bool:
    """Tell whether a list is text or numbers, and not arrays."""
    while isinstance(values, (list, tuple)) and values:
        values = values[0]
    return isinstance(values, (str, bytes, int, float))


def encoded(value: Any, encoding: str = "utf-8") -> np.ndarray:
    """Return text as an object array of bytes.

    Args:
        value: text, a list, an array of strings or bytes, or a column of a data frame.
        encoding: how strings are written as bytes.

    Raises:
        ValueError: if an entry is no text; says which.

    >>> encoded(np.array(["a", "é"])).tolist()
    [b'a', b'\\xc3\\xa9']
    """
    array = np.asarray(as_array(value))
    items = array.ravel().tolist()
    found = np.empty(len(items), dtype=object)
    try:
        found[:] = [x if type(x) is bytes else x.encode(encoding) for x in items]
    except AttributeError:
        raise _not_text(items, array.shape) from None
    return found.reshape(array.shape)


def _not_text(items: list, shape: tuple) -> ValueError:
    at = next(i for i, x in enumerate(items) if not isinstance(x, (str, bytes)))
    place = tuple(int(k) for k in np.unravel_index(at, shape)) if shape else ()
    bad = items[at]
    if bad is None or bad != bad:
        return ValueError(
            f"Text was expected, but entry {place} is missing ({bad}): replace missing entries by "
            "a text of your own, as with `column.fillna('missing')`."
        )
    return ValueError(
        f"Text was expected, but entry {place} is of type {type(bad).__name__}: convert the data, "
        "as with `x.astype(str)`."
    )


def decoded(texts: np.ndarray, encoding: str = "utf-8") -> np.ndarray:
    """Return an object array of bytes as an array of strings.

    >>> decoded(encoded(["a", "é"])).tolist()
    ['a', 'é']
    """
    found = np.empty(texts.size, dtype=object)
    found[:] = [text.decode(encoding) for text in texts.ravel().tolist()]
    return found.reshape(texts.shape)
