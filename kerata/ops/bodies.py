"""What ops that take functions have in common: structures, specs, running a body as one unit.

A body is a Python function of tensors or of structures of them, such as the step of a scan.
Engines see flat lists of tensors; here these are made, and the structures filled again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from kerata.backend.interface import Backend
from kerata.core import tree
from kerata.core.context import current, set_current
from kerata.core.primitive import any_symbolic, backend_of, to_tensor
from kerata.core.scope import Scope
from kerata.core.spec import TensorSpec, spec_of
from kerata.core.symbolic import SymbolicTensor, record
from kerata.core.variable import Variable, assign_all
from kerata.ops import line_by_line

Structure = Any

# -- structures ------------------------------------------------------------------------------


def flat(structure: Structure) -> list:
    """Return the leaves that are tensors: all but `None`."""
    return [leaf for leaf in tree.flatten(structure) if leaf is not None]


def fill(structure: Structure, leaves: Sequence[Any]) -> Structure:
    """Put leaves into a structure where it does not hold `None`; the inverse of `flat`."""
    source = iter(leaves)
    places = [None if leaf is None else next(source) for leaf in tree.flatten(structure)]
    return tree.pack(structure, places)


def converted(structure: Structure, backend: Backend) -> list:
    """Return the leaves as tensors of one engine."""
    return [to_tensor(leaf, backend) for leaf in flat(structure)]


def tensors_of(*structures: Structure) -> list:
    """Return the engine that the structures' tensors belong to, and the leaves of each on it."""
    backend = backend_of(*flat(structures))
    return [backend, *(converted(structure, backend) for structure in structures)]


def unchanged(op: str, before: list, after: list) -> list:
    """Return `after`, whose specs must be those of `before`."""
    old, new = [spec_of(x) for x in before], [spec_of(x) for x in after]
    if len(old) != len(new) or not all(_fits(*pair) for pair in zip(old, new, strict=True)):
        raise ValueError(
            f"{op}: the results of the bodies must keep shape and dtype; expected "
            f"{_described(old)}, got {_described(new)}."
        )
    return after


def _fits(a: TensorSpec, b: TensorSpec) -> bool:
    if a.dtype != b.dtype or a.ndim != b.ndim:
        return False
    return all(m in (n, None) or n is None for m, n in zip(a.shape, b.shape, strict=True))


def _described(specs: list[TensorSpec]) -> str:
    return ", ".join(f"{spec.dtype}{list(spec.shape)}" for spec in specs) or "nothing"


class Layout:
    """The structure of what a body gave when it last ran."""

    def __init__(self) -> None:
        self.structure: Structure = None

    def leaves(self, structure: Structure, backend: Backend) -> list:
        """Note the structure and return its leaves."""
        self.structure = structure
        return converted(structure, backend)

    def fill(self, leaves: Sequence[Any]) -> Structure:
        """Return leaves in the noted structure."""
        return fill(self.structure, leaves)


# -- symbolic tensors ------------------------------------------------------------------------


def is_symbolic(*structures: Structure) -> bool:
    """Tell whether to find specs only: for symbolic tensors, and while a layer's are inferred.

    In the latter case all variables are symbolic, so a body may meet them in any place.
    """
    inferring = current.scope is not None and not isinstance(current.scope, Scope)
    return inferring or any_symbolic(tree.flatten(structures))


def placeholders(structure: Structure) -> list[SymbolicTensor]:
    """Return a symbolic tensor, which remembers no graph, for each tensor."""
    specs = [spec_of(leaf) for leaf in flat(structure)]
    return [SymbolicTensor(spec.shape, spec.dtype) for spec in specs]


def record_op(op: Callable, arguments: tuple, result: Structure) -> Structure:
    """Record an op whose results have the specs of the leaves in `result`."""

    @functools.wraps(op)
    def run(*args: Any) -> list:
        return flat(op(*args))

    return fill(result, record(run, arguments, {}, [spec_of(leaf) for leaf in flat(result)]))


# -- running ---------------------------------------------------------------------------------

Run = Callable[["Handed", list], tuple[list, list]]


def kernel_of(backend: Backend, name: str) -> Callable:
    """Return the engine's kernel, or Python's in steps that run line by line."""
    if current.line_by_line:
        return getattr(line_by_line, name)
    return backend.kernels[name]


class Handed:
    """The variables that bodies assign, whose values an engine's loop hands through."""

    def __init__(self, traced: bool):
        self.traced = traced
        self.variables: dict[int, Variable] = {}

    def values(self) -> list:
        """Return the present values."""
        with set_current(autocast=None):
            return [variable.value for variable in self.variables.values()]

    def run(self, values: list, function: Callable, *args: Any) -> tuple[Any, list]:
        """Call a body while the variables have these values; return the result and new values."""
        if not self.traced:
            return function(*args), values
        handed = list(self.variables.values())[: len(values)]
        with Scope(dict(zip(handed, values, strict=True))) as scope:
            result = function(*args)
        self.variables |= scope.assigned
        return result, [scope[variable] for variable in handed]


def execute(backend: Backend, run: Run, tensors: list) -> list:
    """Run `run(handed, tensors) -> (results, new values of the handed variables)`.

    Which variables the bodies assign is seen when they are traced; if that finds new ones,
    they are traced again with these handed through.
    """
    traced = backend.compiles and not current.line_by_line
    handed = Handed(traced)
    recorder = current.recorder
    records = traced and recorder is not None and recorder.backend is backend
    while True:
        known = len(handed.variables)
        if records:
            results, values = _run_recorded(recorder, functools.partial(run, handed), tensors)
        else:
            results, values = run(handed, tensors)
        if len(handed.variables) == known:
            assign_all(list(handed.variables.values()), values)
            return results


def _run_recorded(recorder: Any, run: Callable, tensors: list) -> Any:
    """Run an op as one unit of a tape: a function of its tensors and of what it captures."""
    closed, captured = recorder.close(run, tensors)
    return recorder.operation(closed, [captured, tensors], {})
