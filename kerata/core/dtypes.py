"""Dtypes by name, and the one promotion table that every backend obeys.

A dtype is always its name (`"float32"`). Python scalars are *weak*: they take part in
promotion as the pseudo dtypes `weak_bool`, `weak_int` and `weak_float` and never widen a
tensor of their own kind. The table is the lattice of JAX's type promotion semantics
(https://docs.jax.dev/en/latest/jep/9407-type-promotion.html).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from kerata.core import config

# Each dtype with the dtypes right above it in the lattice; promotion is the least upper bound.
_ABOVE = {
    "weak_bool": ("bool",),
    "bool": ("weak_int",),
    "weak_int": ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("weak_float",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("weak_float",),
    "weak_float": ("bfloat16", "float16", "float8_e4m3fn", "float8_e5m2"),
    "float8_e4m3fn": ("float32",),
    "float8_e5m2": ("float32",),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex64": ("complex128",),
    "complex128": (),
}
WEAK = {"weak_bool": "bool", "weak_int": "int32", "weak_float": None}
ALLOWED = tuple(name for name in _ABOVE if not name.startswith("weak_")) + ("string",)
FLOATS = frozenset(
    ("bfloat16", "float16", "float32", "float64", "float8_e4m3fn", "float8_e5m2")
)
COMPLEX = frozenset(("complex64", "complex128"))
INTEGERS = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_PYTHON = {bool: "bool", int: "int32", float: None, complex: "complex64", str: "string"}


def floatx() -> str:
    """Return the default float dtype, such as `"float32"`."""
    return config.floatx()


def is_float(dtype: str) -> bool:
    """Tell whether a dtype name is a real floating type."""
    return dtype in FLOATS


def is_integer(dtype: str) -> bool:
    """Tell whether a dtype name is a signed or unsigned integer type (bool is not)."""
    return dtype in INTEGERS


def is_inexact(dtype: str) -> bool:
    """Tell whether gradients can flow through a dtype: float or complex."""
    return dtype in FLOATS or dtype in COMPLEX


@cache
def _named(dtype: Any) -> str:
    if isinstance(dtype, str) and dtype in _ABOVE:
        return dtype
    if dtype in ("string", "str"):
        return "string"
    if dtype == "float":
        return floatx()
    if dtype == "int":
        return "int32"
    text = str(dtype)
    if text.startswith("torch."):
        return text.removeprefix("torch.")
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = getattr(dtype, "name", text)
    if name.startswith("str"):
        return "string"
    if name not in _ABOVE:
        raise ValueError(f"Unknown dtype {dtype!r}; expected one of {', '.join(ALLOWED)}.")
    return name


def canonical(dtype: Any) -> str:
    """Return the name of a dtype given as name, NumPy, torch or Python type; `None` is floatx.

    Raises:
        ValueError: if it names no known dtype.

    >>> canonical(np.float16), canonical("int8"), canonical(None)
    ('float16', 'int8', 'float32')
    """
    if dtype is None:
        return floatx()
    if isinstance(dtype, type) and dtype in _PYTHON:
        return _PYTHON[dtype] or floatx()
    if isinstance(dtype, np.dtype):  # NumPy says that dtype("float64") == "float"
        return _named(dtype.name)
    if isinstance(dtype, str) and dtype == "float":
        return floatx()
    return _named(dtype)


@cache
def _ancestors(dtype: str) -> frozenset[str]:
    found = {dtype}
    for above in _ABOVE[dtype]:
        found |= _ancestors(above)
    return frozenset(found)


@cache
def _least_upper_bound(dtypes: frozenset[str]) -> str:
    common = frozenset.intersection(*(_ancestors(dtype) for dtype in dtypes))
    for candidate in common:
        if common <= _ancestors(candidate):
            return candidate
    raise ValueError(f"Dtypes {sorted(dtypes)} have no common dtype; cast one with `ops.cast`.")


def promote(*dtypes: str) -> str:
    """Return the common dtype of several dtype names, weak ones included.

    Raises:
        ValueError: if the dtypes have no common one (a string and a number).

    >>> promote("int64", "float16"), promote("float32", "weak_float"), promote("weak_int")
    ('float16', 'float32', 'int32')
    """
    if len(dtypes) == 1 or all(dtype == dtypes[0] for dtype in dtypes):
        bound = dtypes[0]
    else:
        if "string" in dtypes:
            raise ValueError("Text cannot be combined with numbers: encode it first.")
        bound = _least_upper_bound(frozenset(dtypes))
    return strong(bound)


def result_type(*dtypes: Any) -> str:
    """Return the dtype of an operation on tensors of these dtypes; floatx for none.

    Args:
        dtypes: dtypes as `canonical` takes them; `int`, `float` and `bool` stand for Python
            numbers, which do not widen tensors of their kind.

    >>> result_type("int32", float), result_type("float16", int), result_type()
    ('float32', 'float16', 'float32')
    """
    weak = {bool: "weak_bool", int: "weak_int", float: "weak_float"}
    found = [weak[d] if isinstance(d, type) and d in weak else canonical(d) for d in dtypes]
    return promote(*found) if found else floatx()


def is_float_dtype(dtype: Any) -> bool:
    """Tell whether a dtype, however given, is a real floating type.

    Args:
        dtype: a name, or a dtype of any engine.

    >>> is_float_dtype(np.float16), is_float_dtype("int8")
    (True, False)
    """
    return is_float(canonical(dtype))


def is_int_dtype(dtype: Any) -> bool:
    """Tell whether a dtype, however given, is an integer type.

    Args:
        dtype: a name, or a dtype of any engine.

    >>> is_int_dtype("uint8"), is_int_dtype("bool")
    (True, False)
    """
    return is_integer(canonical(dtype))


def strong(dtype: str) -> str:
    """Return the dtype that a weak dtype has when it stands alone."""
    return (WEAK[dtype] or floatx()) if dtype in WEAK else dtype


def to_float(dtype: str) -> str:
    """Return `dtype` if gradients can flow through it, else floatx (for sin, mean, ...)."""
    return dtype if is_inexact(dtype) else floatx()
