"""PathMap: one thing for each path, such as a policy per layer or an optimizer per variable."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any


class PathMap(MutableMapping):
    """A dictionary of paths, and regular expressions of whole paths, with a default.

    Subclasses say what the default is and which values are accepted.

    Args:
        argument: the name of the argument that `things` came as, for messages.
        things: path or regular expression -> thing.

    Raises:
        TypeError: if `things` is not a dictionary.
    """

    def __init__(self, argument: str, things: Any):
        if things is not None and not isinstance(things, dict):
            raise TypeError(
                f"`{argument}` must be a dict by path, not a {type(things).__name__}."
            )
        self._things: dict[str, Any] = {}
        self._found: dict[str, Any] = {}
        self.update(things or {})

    def _default(self) -> Any:
        """Return what paths have that no key matches."""
        raise NotImplementedError

    def _accepted(self, value: Any) -> Any:
        """Return a value as it is kept, or raise ValueError."""
        raise NotImplementedError

    def __getitem__(self, key: str) -> Any:
        """Return the thing of a path.

        Raises:
            ValueError: if several keys match the path.
        """
        if key in self._things:
            return self._things[key]
        if key not in self._found:
            matches = [pattern for pattern in self._things if re.fullmatch(pattern, key)]
            if len(matches) > 1:
                raise ValueError(
                    f"{key!r} matches several keys of the {type(self).__name__}: {matches}. Make "
                    "the expressions exclude each other."
                )
            if not matches:
                return self._default()
            self._found[key] = self._things[matches[0]]
        return self._found[key]

    def __setitem__(self, key: str, value: Any) -> None:
        """Add the thing of a path or a regular expression.

        Raises:
            ValueError: if the key is there already.
        """
        if key in self._things:
            raise ValueError(f"The {type(self).__name__} has {key!r} already; delete it first.")
        self._things[key] = self._accepted(value)
        self._found.clear()

    def __delitem__(self, key: str) -> None:
        del self._things[key]
        self._found.clear()

    def __contains__(self, key: object) -> bool:
        return key in self._things

    def __len__(self) -> int:
        return len(self._things)

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)
