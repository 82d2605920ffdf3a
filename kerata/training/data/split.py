"""Holding back validation data."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from kerata.core import tree
from kerata.core.errors import KerataWarning
from kerata.training.data.arrays import check_equal_lengths
from kerata.training.data.class_weight import class_indices
from kerata.training.data.convert import is_array_like, to_rows
from kerata.training.data.rows import Rows
from kerata.training.data.streams import source_of

#: A class of which a side should hold this many samples is surely not missing there by chance.
_EXPECTED = 5


def split(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    fraction: float = 0.2,
    allow_text: bool = False,
) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    """Hold back the last `fraction` of the rows, unshuffled, as Keras does.

    Args:
        x: arrays, nested as the model takes them.
        y: targets, or `None`.
        sample_weight: weights, or `None`.
        fraction: share of the rows that is held back, between 0 and 1.
        allow_text: whether x may hold strings.

    Returns:
        `(x, y, sample_weight)` to train on and the same to validate with.

    Raises:
        ValueError: if the data are not in memory, or a side would be empty.

    Warns:
        KerataWarning: if a class of y is missing on one side, as in data sorted by class.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"`validation_split` is {fraction}; expected a number between 0 and 1.")
    if not is_array_like(x) and (not tree.is_nested(x) or source_of(x)):
        raise ValueError(
            f"`validation_split` needs arrays, but x is a {type(x).__name__}; pass "
            "`validation_data=` with a second one instead."
        )
    parts = (to_rows(x, "x", allow_text), to_rows(y, "y"), to_rows(sample_weight, "sample_weight"))
    check_equal_lengths(x, *parts)
    total = len(next(rows for rows in tree.flatten(parts) if rows is not None))
    at = math.floor(total * (1 - fraction))
    if at == 0 or at == total:
        raise ValueError(
            f"validation_split={fraction} of {total} samples leaves none to "
            f"{'train on' if at == 0 else 'validate with'}; use another fraction."
        )
    for target in tree.flatten(parts[1]):
        _warn_of_missing_class(target, at)
    return _part(parts, 0, at), _part(parts, at, total)


def _part(parts: Any, first: int, last: int) -> Any:
    cut = lambda rows: None if rows is None else rows.part(first, last)  # noqa: E731
    return tuple(tree.map_structure(cut, part) for part in parts)


def _warn_of_missing_class(rows: Rows | None, at: int) -> None:
    """Warn if a class is on one side only although there are plenty of samples of it."""
    if rows is None or len(rows.shape) > 2 or rows.shape[-1] > 1000 and len(rows.shape) == 2:
        return
    y = rows.slice(0, len(rows))
    labels = class_indices(y)
    one_hot = y.ndim == 2 and y.shape[1] > 1
    if one_hot and not np.isin(y, (0, 1)).all() or not one_hot and (labels != y.ravel()).any():
        return  # a regression
    classes, counts = np.unique(labels, return_counts=True)
    shares = {"training": at / len(labels), "validation": 1 - at / len(labels)}
    sides = {"training": labels[:at], "validation": labels[at:]}
    for side, share in shares.items():
        missing = classes[~np.isin(classes, sides[side]) & (counts * share >= _EXPECTED)]
        if len(missing):
            warnings.warn(
                "`validation_split` holds back the last rows without shuffling, and "
                f"{len(missing)} of the {len(classes)} classes in y (first: {missing[0]}) are "
                f"missing from the {side} part: the rows seem to be sorted. Shuffle x and y "
                "together before fit, "
                "or pass validation_data made with sklearn.model_selection.train_test_split("
                "x, y, stratify=y).",
                KerataWarning,
                stacklevel=3,
            )
            return
