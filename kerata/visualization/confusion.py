"""Confusion matrices: which class was taken for which."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerata.visualization.canvas import finish, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_counts(y_true: Any, y_pred: Any, classes: int) -> np.ndarray:
    """Return how often class i was taken for class j, an int array ``(classes, classes)``.

    >>> from kerata.visualization.confusion import confusion_counts
    >>> confusion_counts([0, 1, 1], [0, 1, 0], 2).tolist()
    [[1, 0], [1, 1]]
    """
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (np.asarray(y_true).ravel(), np.asarray(y_pred).ravel()), 1)
    return counts


def plot_confusion_matrix(
    y_true: Any,
    y_pred: Any,
    class_names: Sequence[str] | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Draw a confusion matrix: a row for each true class, a column for each predicted one.

    The colour is the share of the row; the number is the count.

    Args:
        y_true: true classes, integers ``(n,)``.
        y_pred: predicted classes, integers ``(n,)``.
        class_names: one name per class; the numbers by default.
        path: a file to write (png, pdf, svg); nothing is written by default.

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: when matplotlib is missing.

    >>> import kerata
    >>> figure = kerata.visualization.plot_confusion_matrix([0, 1, 1], [0, 1, 0], ["cat", "dog"])
    >>> figure.axes[0].get_xlabel()
    'predicted'
    """
    last = max(np.max(y_true, initial=0), np.max(y_pred, initial=0))
    names = list(class_names) if class_names is not None else [str(i) for i in range(last + 1)]
    counts = confusion_counts(y_true, y_pred, len(names))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(3.5, 0.55 * len(names) + 1.5)
    figure = new_figure(side + 0.8, side)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _write_counts(axes, counts, shares)
    axes.set_xticks(range(len(names)), names)
    if max(map(len, names)) > 3:
        axes.tick_params(axis="x", rotation=45)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="true")
    right = np.trace(counts) / max(counts.sum(), 1)
    axes.set_title(f"{counts.sum():,} predictions, {right:.2%} right")
    figure.colorbar(image, shrink=0.8, label="share of the true class")
    return finish(figure, path)


def _write_counts(axes: Any, counts: np.ndarray, shares: np.ndarray) -> None:
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        text = str(counts[row, column])
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
