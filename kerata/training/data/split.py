"""Holding back validation data."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from kerata.core import tree
from kerata.core.errors import KerataWarning
from kerata.training.data.arrays import check_equal_lengths
from kerata.training.data.batches import as_it_is
from kerata.training.data.class_weight import class_indices
from kerata.training.data.convert import is_array_like, to_rows
from kerata.training.data.rows import Rows
from kerata.training.data.streams import source_of

#: A class of which a side should hold this many samples is surely not missing there by chance.
_EXPECTED = 5
#: which rows are held back
WAYS = ("tail", "random", "stratified")


def split(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    fraction: float = 0.2,
    allow_text: bool = False,
    way: str = "tail",
    read: Callable[[Any], Any] = as_it_is,
) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    """Hold back a `fraction` of the rows: the last ones, unshuffled, as Keras does, or others.

    Args:
        x: arrays, nested as the model takes them.
        y: targets, or `None`.
        sample_weight: weights, or `None`.
        fraction: share of the rows that is held back, between 0 and 1.
        allow_text: whether x may hold strings.
        way: `"tail"`; `"random"`; or `"stratified"`: at random, but the same share of each class
            of y. The same rows are chosen each time.
        read: makes arrays of the inputs, as the model takes them.

    Returns:
        `(x, y, sample_weight)` to train on and the same to validate with.

    Raises:
        ValueError: if the data are not in memory, a side would be empty, or y has no classes.

    Warns:
        KerataWarning: if a class of y is missing on one side, as in data sorted by class.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"`validation_split` is {fraction}; expected a number between 0 and 1.")
    if way not in WAYS:
        raise ValueError(f"`split` is {way!r}; expected one of {WAYS}.")
    if not is_array_like(x) and (not tree.is_nested(x) or source_of(x)):
        raise ValueError(
            f"`validation_split` needs arrays, but x is a {type(x).__name__}; pass "
            "`validation_data=` with a second one instead."
        )
    x = read(x)
    parts = (to_rows(x, "x", allow_text), to_rows(y, "y"), to_rows(sample_weight, "sample_weight"))
    check_equal_lengths(x, *parts)
    total = len(next(rows for rows in tree.flatten(parts) if rows is not None))
    at = math.floor(total * (1 - fraction))
    if at == 0 or at == total:
        raise ValueError(
            f"validation_split={fraction} of {total} samples leaves none to "
            f"{'train on' if at == 0 else 'validate with'}; use another fraction."
        )
    targets = [rows for rows in tree.flatten(parts[1]) if rows is not None]
    if way == "tail":
        for target in targets:
            _warn_of_missing_class(target, at)
        return _part(parts, 0, at), _part(parts, at, total)
    labels = _labels_to_stratify(targets) if way == "stratified" else np.zeros(total, np.int64)
    held_out = held_out_rows(labels, fraction)
    if not held_out.any():
        raise ValueError(
            f'split="stratified" found {len(np.unique(labels))} classes in {total} rows, too few '
            'of each to be divided: use split="random".'
        )
    return _chosen(parts, np.flatnonzero(~held_out)), _chosen(parts, np.flatnonzero(held_out))


def held_out_rows(labels: np.ndarray, fraction: float, seed: int = 0) -> np.ndarray:
    """Choose rows at random, the same share of each class.

    Of a class of two or more, at least one row is on each side; a class of one row stays in the
    larger part.

    Args:
        labels: the class of each row, shape (rows,).
        fraction: share of the rows that is chosen, between 0 and 1.
        seed: decides which.

    Returns:
        Which rows are chosen: bool (rows,).

    >>> chosen = held_out_rows(np.array([0] * 6 + [1] * 4), 0.5)
    >>> int(chosen[:6].sum()), int(chosen[6:].sum())
    (3, 2)
    """
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    exact = counts * fraction
    most = np.where(counts > 1, counts - 1, int(fraction > 0.5))
    wanted = np.clip(np.floor(exact), np.minimum(1, most), most).astype(np.int64)
    rest = round(len(labels) * fraction) - int(wanted.sum())
    for index in np.argsort(-(exact - np.floor(exact)), kind="stable")[: max(rest, 0)]:
        wanted[index] = min(wanted[index] + 1, most[index])
    mixed = np.random.default_rng(seed).permutation(len(labels))
    by_class = mixed[np.argsort(classes[mixed], kind="stable")]
    place_in_class = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen = np.zeros(len(labels), bool)
    chosen[by_class] = place_in_class < np.repeat(wanted, counts)
    return chosen


def _labels_to_stratify(targets: list[Rows]) -> np.ndarray:
    if len(targets) != 1:
        raise ValueError(
            f'split="stratified" needs one array of labels, y has {len(targets)}: use '
            'split="random".'
        )
    labels = _labels_of(targets[0])
    if labels is None:
        raise ValueError(
            'split="stratified" needs a y of classes, this one seems to be a quantity or several: '
            'use split="random".'
        )
    return labels


def _part(parts: Any, first: int, last: int) -> Any:
    cut = lambda rows: None if rows is None else rows.part(first, last)  # noqa: E731
    return tuple(tree.map_structure(cut, part) for part in parts)


def _chosen(parts: Any, indices: np.ndarray) -> Any:
    choose = lambda rows: None if rows is None else rows.chosen(indices)  # noqa: E731
    return tuple(tree.map_structure(choose, part) for part in parts)


def _labels_of(rows: Rows) -> np.ndarray | None:
    """Return the classes in targets, `None` where these are no classes, as in a regression."""
    if len(rows.shape) > 2 or (len(rows.shape) == 2 and rows.shape[-1] > 1000):
        return None
    y = rows.slice(0, len(rows))
    labels = class_indices(y)
    one_hot = y.ndim == 2 and y.shape[1] > 1
    if one_hot and not np.isin(y, (0, 1)).all() or not one_hot and (labels != y.ravel()).any():
        return None
    return labels


def _warn_of_missing_class(rows: Rows, at: int) -> None:
    """Warn if a class is on one side only although there are plenty of samples of it."""
    labels = _labels_of(rows)
    if labels is None:
        return
    classes, counts = np.unique(labels, return_counts=True)
    shares = {"training": at / len(labels), "validation": 1 - at / len(labels)}
    sides = {"training": labels[:at], "validation": labels[at:]}
    for side, share in shares.items():
        missing = classes[~np.isin(classes, sides[side]) & (counts * share >= _EXPECTED)]
        if len(missing):
            warnings.warn(
                "`validation_split` holds back the last rows without shuffling, and "
                f"{len(missing)} of the {len(classes)} classes in y (first: {missing[0]}) are "
                f"missing from the {side} part: the rows seem to be sorted. Let it choose the same "
                'share of each class: fit(..., validation_split=..., split="stratified").',
                KerataWarning,
                stacklevel=3,
            )
            return
