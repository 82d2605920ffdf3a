"""Checks of the arguments that layers take, each returning the one form that layers store.

Every function takes the value, the parameter's name, and raises a `ValueError` that names
both and what to write instead.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from kerata.core.config import data_format_or_default

#: What `get` of initializers, regularizers, constraints and activations understands.
Named = str | dict[str, Any] | Callable[..., Any] | None
#: The shape that `build` receives: `None` is a dimension that is not known yet.
Shape = tuple[int | None, ...]


def positive_integer(value: Any, name: str) -> int:
    """Return `value` as an int of at least 1."""
    number = _as_integer(value)
    if number is None or number < 1:
        raise ValueError(f"`{name}` is {value!r}; expected a positive integer, such as {name}=8.")
    return number


def integers(value: Any, length: int, name: str, minimum: int = 1) -> tuple[int, ...]:
    """Return `length` integers; one integer stands for the same in each dimension.

    >>> integers(3, 2, "kernel_size")
    (3, 3)
    """
    items = (value,) * length if _as_integer(value) is not None else value
    if isinstance(items, (list, tuple)) and len(items) == length:
        numbers = [_as_integer(item) for item in items]
        if all(number is not None and number >= minimum for number in numbers):
            return tuple(numbers)
    example = (max(minimum, 2),) * length
    raise ValueError(
        f"`{name}` is {value!r}; expected one integer or {length}, each at least {minimum}, "
        f"such as {name}={example if length > 1 else example[0]}."
    )


def integer_pairs(value: Any, length: int, name: str) -> tuple[tuple[int, int], ...]:
    """Return (before, after) for each of `length` dimensions.

    One integer stands for all sides, one integer per dimension for both of its sides.

    >>> integer_pairs((1, (0, 2)), 2, "padding")
    ((1, 1), (0, 2))
    """
    items = (value,) * length if _as_integer(value) is not None else value
    if isinstance(items, (list, tuple)) and len(items) == length:
        return tuple(integers(item, 2, name, minimum=0) for item in items)  # type: ignore[misc]
    raise ValueError(
        f"`{name}` is {value!r}; expected one integer, {length} integers or {length} pairs "
        f"(before, after), such as {name}={((1, 1),) * length}."
    )


def _as_integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def axes(value: Any, name: str = "axis") -> int | list[int]:
    """Return one axis as an int, several as a list of ints."""
    single = _as_integer(value)
    if single is not None:
        return single
    if isinstance(value, (list, tuple)) and value and None not in map(_as_integer, value):
        return [operator.index(axis) for axis in value]
    raise ValueError(f"`{name}` is {value!r}; expected an integer or a list of integers.")


def fraction(value: Any, name: str, one: bool = True) -> float:
    """Return `value`, a number between 0 and 1; exactly 1 only if `one`."""
    if _is_number(value) and 0 <= value <= 1 and (one or value < 1):
        return value
    limit = "between 0 and 1" if one else "of at least 0 and less than 1"
    raise ValueError(f"`{name}` is {value!r}; expected a number {limit}, such as {name}=0.5.")


def non_negative(value: Any, name: str) -> float:
    """Return `value` as a float of at least 0."""
    if _is_number(value) and value >= 0:
        return value
    raise ValueError(f"`{name}` is {value!r}; expected a number of at least 0.")


def interval(value: Any, name: str, low: float, high: float) -> tuple[float, float]:
    """Return the two numbers between which one is drawn, given these or one number.

    One number is the upper end; the lower one is `low`, or its negative if `low` is negative.
    It must be within `low` and `high`; two numbers may be any.

    >>> interval(0.2, "factor", -1, 1), interval(0.2, "factor", 0, 1), interval((3, 2), "f", 0, 1)
    ((-0.2, 0.2), (0, 0.2), (2, 3))
    """
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_number, value)):
        return min(value), max(value)
    if _is_number(value) and low <= value <= high:
        return (-abs(value), abs(value)) if low < 0 else (low, value)
    raise ValueError(
        f"`{name}` is {value!r}; expected a number from {low} to {high}, or two numbers between "
        f"which one is drawn, such as {name}=({low}, {high})."
    )


def value_range(value: Any) -> tuple[float, float]:
    """Return the smallest and the largest value that pixels have."""
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_number, value)):
        if value[0] != value[1]:
            return min(value), max(value)
    raise ValueError(
        f"`value_range` is {value!r}; expected the smallest and the largest value of the pixels, "
        "such as value_range=(0, 255)."
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def one_of(value: Any, allowed: Sequence[str], name: str) -> str:
    """Return the lower-case form of `value`, one of the allowed words."""
    word = value.lower() if isinstance(value, str) else value
    if word not in allowed:
        choices = ", ".join(repr(each) for each in allowed)
        raise ValueError(f"`{name}` is {value!r}; expected one of {choices}.")
    return word


def data_format(value: str | None) -> str:
    """Return "channels_last" or "channels_first"; `None` is the configured default."""
    return data_format_or_default(value)


def refuse_transformations(layer: str, **options: Any) -> None:
    """Raise if one of Keras' quantization options of a constructor is used."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(
                f"{layer}: `{name}` is not an option of the layer itself: quantization is a "
                f"transformation applied to a layer from outside. Leave `{name}` out."
            )
