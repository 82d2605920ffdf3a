"""function: compile a Python function that reads and assigns variables.

Engines that compile pure functions (JAX) get one: `(constant, state, tensors) -> (tensors,
state)`. Which variables a function touches is found while it is traced: reads of variables that
were not handed in are noted, and the trace is made again with them. Other engines run the
function as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from kerata.backend import select
from kerata.core import tree
from kerata.core.context import current, set_current
from kerata.core.errors import user_facing, value_is_missing
from kerata.core.primitive import convert
from kerata.core.scope import Scope
from kerata.core.variable import Variable


class _Touched(Exception):
    """A trace touched variables it was not given, or assigned ones given as constant."""


class StatefulProgram:
    """A stateful function turned into a compiled pure one.

    Args:
        function: takes one structure of tensors, reads and assigns variables, returns a
            structure of tensors and Python values.
        backend: an engine that compiles.
        state: variables that the function is known to assign.
        constant: variables that it is known to read.
        thoroughly: whether it is worth compiling for long, where the engine has a choice.

    Buffers of assigned variables are consumed by each call, so those that somebody else may
    hold are copied first.
    """

    def __init__(
        self,
        function: Callable,
        backend: Any,
        state: Sequence[Variable] = (),
        constant: Sequence[Variable] = (),
        thoroughly: bool = False,
    ):
        self._function = function
        self._backend = backend
        self.thoroughly = thoroughly
        self._state = {id(v): v for v in state}
        self._constant = {id(v): v for v in constant if id(v) not in self._state}
        self._result: Any = None
        self._loop: Any = None

    def __call__(self, batch: Any) -> Any:
        """Run once on one batch."""
        return self._attempt(
            lambda loop, constant, state: loop.one(constant, state, batch),
            lambda: self._line_by_line([batch])[0],
        )

    def many(self, batches: Any, n: int) -> Any:
        """Run `n` times on stacked batches; return the results stacked."""
        return self._attempt(
            lambda loop, constant, state: loop.run(constant, state, batches, n),
            lambda: self._stacked(self._line_by_line(_unstacked(batches, n))),
        )

    def flops(self, batch: Any) -> float:
        """Return an estimate of the floating-point operations of one run."""
        return self._traced(
            lambda loop, constant, state: loop.flops(constant, state, batch), donate=False
        )

    def _traced(self, use: Callable, donate: bool) -> Any:
        """Hand the loop and all values to `use`, again if tracing finds more variables."""
        while True:
            if self._loop is None:
                self._loop = self._backend.compile_loop(self._pure, self.thoroughly)
            try:
                state = self._donated() if donate else self._values(self._state)
                return use(self._loop, self._values(self._constant), state)
            except _Touched:
                self._loop = None
            except Exception as error:
                if self._backend.lacks_value(error):
                    raise value_is_missing(error) from None
                raise

    def _attempt(self, run: Callable, again: Callable) -> Any:
        """Run compiled; if somebody looks for NaN and there are some, run again line by line."""
        tensors, state = self._traced(run, donate=True)
        watch = current.numerics
        if watch is not None:
            before = self._values(self._state)
            if watch.is_spoilt(self._backend, tensors, before, state):
                return again()
        _write_back(self._backend, list(self._state.values()), state)
        return join_tensors(self._result, tensors)

    def _line_by_line(self, batches: Iterable) -> list:
        state = list(self._state.values())
        return current.numerics.repeat(self._function, self._backend, batches, state)

    def _stacked(self, results: list) -> Any:
        to_numpy = self._backend.to_numpy
        return tree.map_structure(
            lambda *leaves: np.stack([to_numpy(leaf) for leaf in leaves])
            if _is_array(self._backend, leaves[0])
            else leaves[0],
            *results,
        )

    def _values(self, variables: dict[int, Variable]) -> list:
        return [_read(variable) for variable in variables.values()]

    def _donated(self) -> list:
        """Return the state's tensors, copied where somebody else may hold them."""
        values = []
        for variable in self._state.values():
            value = _read(variable)
            kept = variable.escaped or current.numerics is not None
            if kept and not self._backend.is_traced(value):
                value = self._backend.copy_state(value)
            values.append(value)
        return values

    def _pure(self, constant: list, state: list, batch: Any) -> tuple[list, list]:
        """Run the function with all variables' values taken from the arguments."""
        values = dict(zip(self._constant.values(), constant, strict=True))
        values |= dict(zip(self._state.values(), state, strict=True))
        with set_current(scope=None), Scope(values) as scope:
            result = self._function(batch)
        self._learn(scope)
        self._result, tensors = split_tensors(self._backend, result)
        return tensors, [scope[variable] for variable in self._state.values()]

    def _learn(self, scope: Scope) -> None:
        """Take in variables that the trace touched unexpectedly, and ask for another trace."""
        found = False
        for key, variable in scope.assigned.items():
            if key not in self._state:
                self._state[key] = variable
                self._constant.pop(key, None)
                found = True
        for key, variable in scope.unknown.items():
            if key not in self._state and key not in self._constant:
                self._constant[key] = variable
                found = True
        if found:
            raise _Touched


def _unstacked(batches: Any, n: int) -> Iterator[Any]:
    for i in range(n):
        yield tree.map_structure(lambda leaf, i=i: None if leaf is None else leaf[i], batches)


def _read(variable: Variable) -> Any:
    active = current.scope
    return active.read(variable) if active is not None else variable.stored_value()


def _write_back(backend: Any, variables: list[Variable], values: list) -> None:
    active = current.scope
    if active is not None:
        for variable, value in zip(variables, values, strict=True):
            active.assign(variable, value)
        return
    old = [variable.stored_value() for variable in variables]
    new = backend.replace_states(old, values, [variable.trainable for variable in variables])
    for variable, value in zip(variables, new, strict=True):
        variable.store(value, escaped=False)


class _Static:
    """Where a result holds a Python value instead of a tensor."""

    __slots__ = ("value",)

    def __init__(self, value: Any):
        self.value = value


_TENSOR = object()


def split_tensors(backend: Any, result: Any) -> tuple[Any, list]:
    """Return the structure of a result, with its Python values, and its tensors."""
    leaves = tree.flatten(result)
    leaves = [leaf.value if isinstance(leaf, Variable) else leaf for leaf in leaves]
    tensors = [leaf for leaf in leaves if _is_array(backend, leaf)]
    places = [_TENSOR if _is_array(backend, leaf) else _Static(leaf) for leaf in leaves]
    return tree.pack(result, places), tensors


def _is_array(backend: Any, leaf: Any) -> bool:
    return select.engine_of(leaf) is backend or isinstance(leaf, (np.ndarray, np.generic))


def join_tensors(structure: Any, tensors: list) -> Any:
    """Put tensors back into the structure that `split_tensors` took them from."""
    each = iter(tensors)
    places = tree.flatten(structure)
    return tree.pack(structure, [next(each) if p is _TENSOR else p.value for p in places])


class Function:
    """What `kerata.function` returns: a callable that compiles on first use.

    Tensors and arrays among the arguments are passed in; other Python values are part of the
    program, so each new value compiles anew.
    """

    def __init__(self, function: Callable, jit_compile: bool | str = "auto"):
        functools.update_wrapper(self, function)
        self._function = function
        self._jit_compile = jit_compile
        self._programs: dict[Any, StatefulProgram] = {}

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    @user_facing
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the compiled function."""
        backend = select.default()
        compiles = backend.compiles and self._jit_compile and not current.line_by_line
        if not compiles or _is_observed(backend):
            args, kwargs = tree.map_structure(_tensor_of_array, (args, kwargs))
            return self._function(*args, **kwargs)
        leaves = tree.flatten((args, kwargs))
        places = [i for i, leaf in enumerate(leaves) if _is_array(backend, leaf)]
        passed = set(places)
        static = [None if i in passed else leaf for i, leaf in enumerate(leaves)]
        key = (backend.name, tree.describe((args, kwargs)), tuple(map(_key, static)))
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = self._compile(backend, args, kwargs, places, static)
        return program([leaves[i] for i in places])

    def _compile(
        self, backend: Any, args: tuple, kwargs: dict, places: list[int], static: list
    ) -> StatefulProgram:
        # Only the structure is kept, not the tensors of the first call.
        structure = tree.map_structure(lambda _: None, (args, kwargs))

        def run(tensors: list) -> Any:
            values = list(static)
            for place, tensor in zip(places, tensors, strict=True):
                values[place] = tensor
            inner_args, inner_kwargs = tree.pack(structure, values)
            return self._function(*inner_args, **inner_kwargs)

        return StatefulProgram(run, backend, thoroughly=self._jit_compile is True)


def _tensor_of_array(leaf: Any) -> Any:
    """Return what a compiled function would see: arrays have become tensors."""
    return convert(leaf) if isinstance(leaf, np.ndarray) else leaf


def _is_observed(backend: Any) -> bool:
    """Tell whether a trace or a tape around the call must see each operation for itself."""
    if current.scope is not None:
        return True
    recorded = current.recorder is not None and current.recorder.backend is backend
    return recorded or (bool(current.watching) and backend.gradients == "watched")


def _key(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return id(value)
    return (type(value), value)


def function(func: Callable | None = None, *, jit_compile: bool | str = "auto") -> Any:
    """Compile a function that computes with tensors and reads and assigns variables.

    On JAX the whole function becomes one XLA program, on TensorFlow a graph (with
    `jit_compile=True` an XLA program); PyTorch and NumPy run it as it is. Python side effects
    other than assignments to variables happen once, while it is traced.

    Args:
        func: the function; leave out to use `function(jit_compile=...)` as a decorator.
        jit_compile: `False` runs the Python function on every engine, `True` compiles it with
            XLA where that is a choice.

    >>> import kerata
    >>> count = kerata.Variable(0.0)
    >>> @kerata.function
    ... def add(x):
    ...     count.assign_add(1.0)
    ...     return x + count.value
    >>> float(add(kerata.ops.ones(()))), float(add(kerata.ops.ones(())))
    (2.0, 3.0)
    """
    if func is None:
        return functools.partial(Function, jit_compile=jit_compile)
    return Function(func, jit_compile)
