"""Scopes: where variables are read and assigned while a pure function runs.

    with scope({variable: value}) as values:
        model(x)                      # reads `value`, assignments go to `values`

Outside of any scope a variable is its own storage. This is all there is to "stateless" calls.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from kerata.core.context import current


class Scope:
    """Values of variables that stand in for the variables' own.

    Reads and assignments of variables that the scope was not given go to the scope around
    it (in the end to the variables) and are noted: `unknown` holds them, by id.
    """

    def __init__(self, values: Mapping[Any, Any] | None = None):
        self._values = {id(variable): value for variable, value in (values or {}).items()}
        self.variables: dict[int, Any] = {id(variable): variable for variable in values or {}}
        self.outer: Scope | None = None
        self.unknown: dict[int, Any] = {}
        self.assigned: dict[int, Any] = {}

    def read(self, variable: Any) -> Any:
        """Return the variable's value here."""
        key = id(variable)
        if key in self._values:
            return self._values[key]
        self.unknown[key] = variable
        return self.outer.read(variable) if self.outer else variable.stored_value()

    def assign(self, variable: Any, value: Any) -> None:
        """Note a new value for the variable; its own stays as it is."""
        key = id(variable)
        if key not in self.variables:
            self.unknown[key] = variable
            self.variables[key] = variable
        self._values[key] = value
        self.assigned[key] = variable

    def __getitem__(self, variable: Any) -> Any:
        return self._values[id(variable)]

    def __contains__(self, variable: Any) -> bool:
        return id(variable) in self._values

    def __enter__(self) -> Scope:
        self.outer = current.scope
        current.scope = self
        return self

    def __exit__(self, *_: object) -> None:
        current.scope = self.outer


@contextlib.contextmanager
def scope(values: Mapping[Any, Any]) -> Iterator[Scope]:
    """Let the given values stand in for variables inside the block.

    >>> import kerata
    >>> v = kerata.Variable(1.0)
    >>> with scope({v: 5.0}) as values:
    ...     _ = v.assign(v.value + 1.0)
    >>> float(values[v]), float(v.numpy())
    (6.0, 1.0)
    """
    with Scope(values) as entered:
        yield entered
