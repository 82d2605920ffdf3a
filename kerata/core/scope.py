"""Scopes: where variables are read and assigned while a pure function runs.

    with scope({variable: value}) as values:
        model(x)                      # reads `value`, assignments go to `values`

Outside of any scope a variable is its own storage. This is all there is to "stateless" calls.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerata.core.context import current
from kerata.core.spec import spec_of
from kerata.core.symbolic import SymbolicTensor


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
        if self.outer:
            return self.outer.read(variable)
        value = variable.stored_value()
        variable.escaped = True
        return value

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


class SymbolicScope:
    """A `with` block in which variables are symbolic tensors, and assignments go nowhere.

    Shapes of outputs are found in it.

    >>> import kerata
    >>> v = kerata.Variable([1.0, 2.0])
    >>> with kerata.SymbolicScope():
    ...     print(kerata.utils.is_keras_tensor(v.value), v.value.shape)
    True (2,)
    """

    def read(self, variable: Any) -> SymbolicTensor:
        """Return a symbolic tensor of the variable's shape and dtype."""
        return SymbolicTensor(variable.shape, variable.dtype)

    def assign(self, variable: Any, value: Any) -> None:
        """Check that a value could be assigned to the variable.

        Raises:
            ValueError: if it has another number of dimensions.
        """
        shape = spec_of(value).shape
        if len(shape) != len(variable.shape):
            raise ValueError(
                f"Variable {variable.path!r} has shape {variable.shape}, the value assigned to it "
                f"has shape {shape}."
            )

    def __enter__(self) -> SymbolicScope:
        self._outer = current.scope
        current.scope = self
        return self

    def __exit__(self, *_: object) -> None:
        current.scope = self._outer


class StatelessScope(Scope):
    """Keras' name for a scope: values given as pairs, read back with `get_current_value`.

    Args:
        state_mapping: pairs of a variable and the value that stands in for it.
        collect_losses: whether `losses` gets what layers that are called in the block add to the
            loss. Otherwise it stays on the layers.
        initialize_variables: kept for Keras' signature: first values are made when needed.

    >>> import kerata
    >>> v = kerata.Variable(1.0)
    >>> with kerata.StatelessScope([(v, kerata.ops.array(5.0))]) as stateless:
    ...     _ = v.assign_add(1.0)
    >>> float(stateless.get_current_value(v)), float(v.numpy())
    (6.0, 1.0)

    Attributes:
        losses: what `add_loss` was given, or what has been collected.
    """

    def __init__(
        self,
        state_mapping: Sequence[tuple[Any, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ):
        super().__init__(dict(state_mapping or ()))
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses: list[Any] = []

    def get_current_value(self, variable: Any) -> Any:
        """Return the value that stands in for a variable; `None` if there is none."""
        return self[variable] if variable in self else None

    def add_loss(self, loss: Any) -> None:
        """Add a scalar to `losses`."""
        self.losses.append(loss)

    def add_update(self, update: tuple[Any, Any]) -> None:
        """Let a value stand in for a variable, given as a pair."""
        self.assign(*update)
