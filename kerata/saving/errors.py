"""The one error that reading a file raises."""

from __future__ import annotations

import os

_LONGEST = 1000


class LoadError(ValueError):
    """A file that cannot be loaded: which file, where in it, what was expected.

    Args:
        file: the file's path.
        place: where in the file, for example ``"config.json"`` or an array's path; may be "".
        problem: what was found and what was expected, with one thing to do.
    """

    def __init__(self, file: str | os.PathLike[str], place: str, problem: str) -> None:
        where = f"{os.fspath(file)}: {place}" if place else os.fspath(file)
        # A file may put anything into its names: control characters never reach the terminal.
        text = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in
                       f"{where}: {problem}")
        super().__init__(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
