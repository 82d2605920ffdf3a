"""Slots: what an optimizer remembers about each variable it trains."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from kerata.core.variable import Variable


@dataclasses.dataclass(frozen=True)
class Slot:
    """One memory that an optimizer keeps for every variable, such as a momentum.

    Attributes:
        name: The end of the names of its variables.
        initializer: Their first values.
        shape: From the shape of the trained variable to that of the memory.
        wanted: Whether a trained variable needs it.
    """

    name: str
    initializer: Any = "zeros"
    shape: Callable[[Any], tuple[Any, ...]] = tuple
    wanted: Callable[[Variable], bool] = lambda variable: True


class SlotTable:
    """The variables behind the slots, found by the slot's name and the trained variable."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[int, Variable]] = {}

    def put(self, name: str, trained: Variable, memory: Variable) -> None:
        """Note the memory that the slot of this name keeps for a trained variable."""
        self._rows.setdefault(name, {})[id(trained)] = memory

    def get(self, name: str, trained: Sequence[Variable]) -> list[Variable]:
        """Return the memories of a slot for these variables, in their order."""
        row = self._rows[name]
        return [row[id(variable)] for variable in trained]


@dataclasses.dataclass
class Plan:
    """What an update of one set of variables needs, found out once.

    Attributes:
        slots: The slots of the optimizer's rule: name -> one memory for each variable.
        decayed: For each variable, whether weight decay applies to it.
        uniform: Whether all variables have one dtype, as kernels for whole updates ask.
    """

    slots: dict[str, list[Variable]]
    decayed: list[bool]
    uniform: bool
