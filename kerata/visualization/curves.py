"""Training curves: how losses and metrics went from epoch to epoch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerata.visualization.canvas import TRAINING, VALIDATION, finish, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PREFIX = "val_"
_HIDDEN = ("learning_rate",)


def plot_training_curves(history: Any, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw each quantity of a training over the epochs, training and validation together.

    Args:
        history: what ``fit`` returned, or its ``history``: name -> one number per epoch.
        path: a file to write (png, pdf, svg); nothing is written by default.

    Returns:
        The matplotlib figure.

    Raises:
        ImportError: when matplotlib is missing.
        ValueError: when there is nothing to draw.

    >>> import kerata
    >>> figure = kerata.visualization.plot_training_curves({"loss": [2.0, 1.0], "val_loss": [2, 1]})
    >>> len(figure.axes)
    1
    """
    values: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    names = [n for n in values if not n.startswith(_PREFIX) and n not in _HIDDEN and values[n]]
    if not names:
        raise ValueError("The history holds no epochs: call fit() first.")
    figure = new_figure(4.2 * len(names), 3.2)
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _draw(axes, name, values[name], values.get(_PREFIX + name))
    return finish(figure, path)


def _draw(
    axes: Any, name: str, training: Sequence[float], validation: Sequence[float] | None
) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.plot(range(1, len(training) + 1), training, "o-", color=TRAINING, ms=3, label="training")
    if validation:
        epochs = range(1, len(validation) + 1)
        axes.plot(epochs, validation, "s--", color=VALIDATION, ms=3, label="validation")
        axes.legend(frameon=False)
    axes.set_xlabel("epoch")
    axes.set_title(name.replace("_", " "))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
