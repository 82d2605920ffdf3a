"""What all pictures share: figures without a window, and one way to write them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: colours that are told apart also by readers who do not see red and green (Okabe and Ito)
TRAINING, VALIDATION, RIGHT, WRONG = "#0072B2", "#D55E00", "#009E73", "#D55E00"


def new_figure(width: float, height: float, window: bool = False) -> Figure:
    """Return an empty figure of a size in inches that fits its contents.

    Args:
        width: width in inches.
        height: height in inches.
        window: whether it shall be shown in a window later.

    Raises:
        ImportError: when matplotlib is missing.
    """
    try:
        if window:
            import matplotlib.pyplot as plt

            return plt.figure(figsize=(width, height), layout="constrained")
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("Pictures need matplotlib: pip install 'kerata[plot]'") from error
    return Figure(figsize=(width, height), layout="constrained")


def finish(
    figure: Figure,
    path: str | os.PathLike[str] | None,
    dpi: float = 120,
    show: bool = False,
    **options: Any,
) -> Figure:
    """Write a figure to a file when a path is given, show it if asked, and return it."""
    if path is not None:
        from kerata.saving.atomic import write_file

        kind = os.path.splitext(os.fspath(path))[1].lstrip(".") or "png"
        write_file(path, lambda file: figure.savefig(file, format=kind, dpi=dpi, **options))
    if show:
        import matplotlib.pyplot as plt

        plt.show()
    return figure
