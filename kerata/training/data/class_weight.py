"""Class weights: a weight per class turned into a weight per sample, for any source."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from kerata.core import tree
from kerata.core.errors import KerataWarning
from kerata.training.data.rows import ArrayRows, Rows, numpy_floatx


def class_indices(y: np.ndarray) -> np.ndarray:
    """Return the class of each target: labels as they are, one-hot rows by their largest entry.

    Args:
        y: shape (n,), (n, 1), or (n, ..., classes).

    >>> class_indices(np.array([[0, 1], [1, 0]])).tolist()
    [1, 0]
    """
    if y.ndim > 1:
        y = y.reshape(y.shape[:-1]) if y.shape[-1] == 1 else y.argmax(-1)
    return np.rint(y).astype(np.int64)


def balanced(y: np.ndarray) -> dict[int, float]:
    """Return weights that give every class the same total: n / (classes * count).

    The formula of scikit-learn's `class_weight="balanced"` (King and Zeng, 2001).

    >>> balanced(np.array([0, 0, 0, 1]))
    {0: 0.6666666666666666, 1: 2.0}
    """
    counts = ClassCounts()
    counts.add(y)
    return counts.balanced()


class ClassCounts:
    """How many targets of each class there are, counted batch by batch."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()

    def add(self, y: np.ndarray) -> None:
        """Count the targets of a batch."""
        labels, counts = np.unique(class_indices(y), return_counts=True)
        self.counts.update(dict(zip(labels.tolist(), counts.tolist(), strict=True)))

    def balanced(self) -> dict[int, float]:
        """Return weights that give every class the same total."""
        total, classes = self.counts.total(), len(self.counts)
        return {label: total / (classes * n) for label, n in sorted(self.counts.items())}


def is_balanced(class_weight: Any) -> bool:
    """Tell whether class weights, or those of an output, are to be found out."""
    if isinstance(class_weight, dict):
        return any(value == "balanced" for value in class_weight.values())
    if isinstance(class_weight, (list, tuple)):
        return "balanced" in class_weight
    return class_weight == "balanced"


def balanced_over(targets: Iterable[Any], class_weight: Any) -> Any:
    """Return class weights with tables in place of `"balanced"`, from one pass over the targets.

    Args:
        targets: the targets of each batch, nested alike.
        class_weight: `"balanced"`, or for several outputs a nesting of such and of tables.

    Raises:
        ValueError: if there are no targets.
    """
    counts: Any = None
    for y in targets:
        if y is None:
            raise ValueError("`class_weight` needs targets: pass data that yields (x, y).")
        if counts is None:
            counts = tree.map_structure(lambda _: ClassCounts(), y)
        for count, leaf in zip(tree.flatten(counts), tree.flatten(y), strict=True):
            count.add(leaf)
    if counts is None:
        raise ValueError('`class_weight="balanced"` found no batch to count classes in.')
    return _balanced_tables(counts, class_weight, ClassCounts.balanced)


def sample_weights(y: np.ndarray, class_weight: dict[int, float]) -> np.ndarray:
    """Return the weight of each sample; a class without an entry weighs 1.

    >>> sample_weights(np.array([0, 1, 1]), {1: 3.0}).tolist()
    [1.0, 3.0, 3.0]
    """
    labels = class_indices(y)
    table = np.ones(max(class_weight, default=0) + 1, numpy_floatx())
    for label, weight in class_weight.items():
        table[label] = weight
    known = (labels >= 0) & (labels < len(table))
    return np.where(known, table[np.where(known, labels, 0)], np.ones((), table.dtype))


def weighted(y: Any, weights: Any, class_weight: Any) -> Any:
    """Return the sample weights of a batch with class weights multiplied in.

    Args:
        y: targets, one array or nested.
        weights: sample weights of the same nesting, one array, or `None`.
        class_weight: `{class: weight}`, or for several outputs a nesting of such as `y`'s.

    Raises:
        ValueError: if there are no targets, or the nestings do not match.
    """
    if y is None:
        raise ValueError("`class_weight` needs targets: pass y, or data that yields (x, y).")
    if not tree.is_nested(y):
        own = sample_weights(y, checked(class_weight))
        return own if weights is None else own * np.reshape(weights, (-1,) + (1,) * (own.ndim - 1))
    if isinstance(y, dict):
        return {name: _of_output(name, y, weights, class_weight) for name in y}
    return [_of_output(i, y, weights, class_weight) for i in range(len(y))]


def _of_output(name: Any, y: Any, weights: Any, class_weight: Any) -> Any:
    own = weights[name] if tree.is_nested(weights) else weights
    if _is_weights(class_weight):
        raise ValueError(
            f"`class_weight` is one table of classes, but there are {len(y)} targets; expected a "
            "table for each, such as {'output': {0: 1.0, 1: 5.0}}."
        )
    listed = isinstance(class_weight, (list, tuple))
    table = class_weight[name] if listed else class_weight.get(name)
    if table is None:
        return np.ones(len(y[name]), numpy_floatx()) if own is None else own
    return weighted(y[name], own, table)


def _is_weights(value: Any) -> bool:
    return value == "balanced" or (
        isinstance(value, dict) and all(isinstance(key, (int, np.integer)) for key in value)
    )


def checked(class_weight: Any) -> dict[int, float]:
    """Return class weights as a plain dict.

    Raises:
        ValueError: if they are not `{class index: weight}`.
    """
    if not isinstance(class_weight, dict) or not all(
        isinstance(key, (int, np.integer)) and key >= 0 for key in class_weight
    ):
        raise ValueError(
            f"`class_weight` is {type(class_weight).__name__}; expected a dict from class index "
            'to weight, such as {0: 1.0, 1: 5.0}, or "balanced".'
        )
    return {int(label): float(weight) for label, weight in class_weight.items()}


def class_weighted_rows(y: Any, weights: Any, class_weight: Any) -> Any:
    """Return the sample weights of a data set in memory with class weights multiplied in."""
    targets = tree.map_structure(_whole, y)
    class_weight = _balanced_tables(targets, class_weight, balanced)
    result = weighted(targets, tree.map_structure(_whole, weights), class_weight)
    if not tree.is_nested(targets):
        _warn_of_missing(targets, class_weight)
    return tree.map_structure(ArrayRows, result)


def _whole(rows: Rows | None) -> Any:
    return None if rows is None else rows.slice(0, len(rows))


def _balanced_tables(y: Any, class_weight: Any, balance: Callable[[Any], dict]) -> Any:
    """Put what `balance` gives for a leaf of y in the place of each `"balanced"`."""
    if class_weight == "balanced":
        return tree.map_structure(lambda part: None if part is None else balance(part), y)
    if isinstance(class_weight, dict) and isinstance(y, dict):
        return {
            k: _balanced_tables(y[k], v, balance) if k in y else v for k, v in class_weight.items()
        }
    if isinstance(class_weight, (list, tuple)) and isinstance(y, (list, tuple)):
        pairs = zip(y, class_weight, strict=True)
        return [_balanced_tables(part, v, balance) for part, v in pairs]
    return class_weight


def _warn_of_missing(y: np.ndarray, class_weight: dict[int, float]) -> None:
    missing = sorted(set(np.unique(class_indices(y)).tolist()) - set(map(int, class_weight)))
    if missing:
        warnings.warn(
            f"`class_weight` has no entry for {len(missing)} of the classes in y "
            f"(first: {missing[0]}); they weigh 1.",
            KerataWarning,
            stacklevel=2,
        )
