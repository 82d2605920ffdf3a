"""GradientTape: gradients of what was computed inside a `with` block, on every engine.

Engines with an autograd of their own ("native": torch) record by themselves; others ("watched":
TensorFlow) have a tape that is told which tensors to watch: the values of variables, as they are
read. For engines that differentiate pure functions ("functional": JAX) the tape records *units*:
the outermost layer call, and each op outside of layers. A unit is a pure function of the
variables and tensors it reads, so raw engine code inside a layer is differentiated too.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any

from kerata.backend import select
from kerata.backend.interface import Backend
from kerata.core import dtypes, masks, tree
from kerata.core.context import current, set_current
from kerata.core.primitive import backend_of
from kerata.core.scope import Scope
from kerata.core.variable import Variable, assign_all


class GradientTape:
    """Record computations inside a `with` block, for automatic differentiation.

    Trainable variables are watched by themselves, other tensors with `watch`. Tapes nest, for
    gradients of gradients.

    Args:
        persistent: whether `gradient` may be called more than once.
        watch_accessed_variables: whether trainable variables are watched by themselves.

    >>> import kerata
    >>> x = kerata.Variable(3.0)
    >>> with kerata.GradientTape() as tape:
    ...     y = kerata.ops.square(x)
    >>> float(tape.gradient(y, x))
    6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        self._persistent = persistent
        self._watch_variables = watch_accessed_variables
        self._entries: list[_Entry] = []
        self._tracked: dict[int, Any] = {}
        self._used = False
        self._native_watched: list[Any] = []
        # Of native engines: whether another tape may still ask about the same computation.
        self._shares_graph = False
        # Of watched engines: their own tapes by name, and the tensors read of each variable.
        self._engine_tapes: dict[str, Any] = {}
        self._reads: dict[int, list[Any]] = {}
        self._scope: Any = None  # the scope around the block
        self._exit = contextlib.ExitStack()

    # -- recording -------------------------------------------------------------------------

    def __enter__(self) -> GradientTape:
        if (self._entries or self._reads) and not self._persistent:
            self.reset()
        if current.numerics is not None:
            current.numerics.forget_suspects()
        self._scope = current.scope
        engines = {id(engine): engine for engine in (*select.loaded_backends(), select.default())}
        with contextlib.ExitStack() as stack:  # an engine may refuse: then all are left again
            for engine in engines.values():
                self._open(engine, stack)
            self._exit = stack.pop_all()
        return self

    def _open(self, engine: Any, stack: contextlib.ExitStack) -> None:
        """Record what an engine computes, until the stack is left."""
        if engine.gradients == "native":
            stack.enter_context(engine.recording())
            stack.enter_context(self._among_native_tapes())
        elif engine.gradients == "watched":
            self._engine_tapes[engine.name] = stack.enter_context(engine.tape(self._persistent))
            stack.enter_context(set_current(watching=(*current.watching, self)))
        elif engine.gradients == "functional":
            stack.enter_context(_recording(engine, self))

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def _among_native_tapes(self) -> Any:
        """Return a context in which this tape is open beside those that are open already."""
        others = current.native_tapes
        for tape in others:
            tape._shares_graph = True
        self._shares_graph = bool(others)
        return set_current(native_tapes=(*others, self))

    def watch(self, tensor: Any) -> None:
        """Also record what is computed from a tensor, variable or structure of them."""
        for leaf in tree.flatten(tensor):
            engine = backend_of(leaf)
            if engine.gradients == "native" and not isinstance(leaf, Variable):
                if not leaf.requires_grad:
                    leaf.requires_grad_()
                    self._native_watched.append(leaf)
            elif engine.gradients == "watched" and not isinstance(leaf, Variable):
                self._watch_tensor(engine, leaf)
            self._tracked[id(leaf)] = leaf

    def _watch_tensor(self, engine: Any, tensor: Any) -> None:
        if engine.name not in self._engine_tapes:
            raise RuntimeError("Call `watch` inside the tape's `with` block.")
        if dtypes.is_inexact(engine.dtype_name(tensor)):
            self._engine_tapes[engine.name].watch(tensor)

    def watch_read(self, variable: Variable, value: Any) -> None:
        """Watch the tensor that a variable of a watched engine has just been read as.

        A value that stands in for the variable's, in a scope inside of this tape's block, is
        computed from it or has nothing to do with it.
        """
        if not dtypes.is_inexact(variable.dtype) or not self.tracks(variable):
            return
        if self._is_replaced(variable):
            return
        known = self._reads.setdefault(id(variable), [])
        if not any(value is tensor for tensor in known):
            known.append(value)
            self._engine_tapes[variable.backend.name].watch(value)

    def _is_replaced(self, variable: Variable) -> bool:
        scope = current.scope
        while scope is not None and scope is not self._scope:
            if variable in scope:
                return True
            scope = scope.outer
        return False

    @contextlib.contextmanager
    def stop_recording(self) -> Any:
        """Do not record inside this block."""
        recorder = current.recorder
        engines = [e for e in select.loaded_backends() if e.gradients == "native"]
        with contextlib.ExitStack() as stack:
            for engine in engines:
                stack.enter_context(engine.inference())
            for tape in self._engine_tapes.values():
                stack.enter_context(tape.stop_recording())
            tapes = recorder.tapes if recorder else []
            kept = [tape for tape in tapes if tape is not self]
            if recorder:
                recorder.tapes = kept
            try:
                yield
            finally:
                if recorder:
                    recorder.tapes = tapes

    def reset(self) -> None:
        """Forget all that was recorded."""
        self._entries, self._tracked, self._used = [], {}, False
        self._reads = {}

    def watched_variables(self) -> tuple[Variable, ...]:
        """Return the variables that the tape has seen in use."""
        return tuple(v for v in self._tracked.values() if isinstance(v, Variable))

    def tracks(self, source: Any) -> bool:
        """Tell whether gradients with respect to a variable or tensor are wanted."""
        if id(source) in self._tracked:
            return True
        if isinstance(source, Variable) and source.trainable and self._watch_variables:
            self._tracked[id(source)] = source
            return True
        return False

    def append(self, entry: _Entry) -> None:
        """Record one unit."""
        self._entries.append(entry)
        for output in entry.outputs:
            self._tracked[id(output)] = output

    # -- gradients -------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """Return the gradients of a target (the sum of its elements) with respect to sources.

        Args:
            target: a tensor or a structure of tensors computed inside the block.
            sources: a variable, a watched tensor, or a structure of them.
            output_gradients: weights of the target's elements, shaped like `target`.
            unconnected_gradients: `"none"` gives `None` for sources that the target does not
                depend on, `"zero"` gives zeros.

        Returns:
            Tensors in the structure of `sources`.

        Raises:
            RuntimeError: if called twice on a tape that is not persistent, or on the NumPy
                backend, which has no gradients.
        """
        if self._used and not self._persistent:
            raise RuntimeError(
                "This GradientTape has given its gradients. Make it with "
                "`GradientTape(persistent=True)` to ask it more than once."
            )
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                f"`unconnected_gradients` is {unconnected_gradients!r}; expected 'none' or 'zero'."
            )
        self._used = True
        targets, leaves = tree.flatten(target), tree.flatten(sources)
        seeds = tree.flatten(output_gradients) if output_gradients is not None else None
        engine = backend_of(*targets)
        if engine.gradients is None:
            raise engine.without_gradients()
        ways = {
            "native": self._native, "watched": self._watched, "functional": self._functional
        }  # fmt: skip
        gradients = ways[engine.gradients](engine, targets, leaves, seeds)
        if current.numerics is not None:
            current.numerics.gradients(engine, targets, leaves, gradients)
        if not self._persistent:
            self._release()
        if unconnected_gradients == "zero":
            gradients = [
                _zeros_like(source) if found is None else found
                for source, found in zip(leaves, gradients, strict=True)
            ]
        return tree.pack(sources, gradients)

    def _release(self) -> None:
        for tensor in self._native_watched:
            if tensor.is_leaf:
                tensor.requires_grad_(False)
        self._entries, self._native_watched = [], []
        self._engine_tapes, self._reads = {}, {}

    def _native(self, engine: Any, targets: list, sources: list, seeds: list | None) -> list:
        tensors = [s.value if isinstance(s, Variable) else s for s in sources]
        outer = bool(current.native_tapes)
        total: list = [None] * len(sources)
        for index, target in enumerate(targets):
            found = engine.gradient(
                target.value if isinstance(target, Variable) else target,
                tensors,
                seeds[index] if seeds else None,
                retain=self._persistent or self._shares_graph or index + 1 < len(targets),
                create_graph=outer,
            )
            total = [_add(a, b) for a, b in zip(total, found, strict=True)]
        return total

    def _watched(self, engine: Any, targets: list, sources: list, seeds: list | None) -> list:
        tape = self._engine_tapes.get(engine.name)
        if tape is None:
            return [None] * len(sources)
        values = [t.value if isinstance(t, Variable) else t for t in targets]
        # A variable may have been read as several tensors, if it was assigned in between.
        read = [
            self._reads.get(id(source), []) if isinstance(source, Variable) else [source]
            for source in sources
        ]
        found = iter(tape.gradients(values, [tensor for each in read for tensor in each], seeds))
        return [functools.reduce(_add, [next(found) for _ in each], None) for each in read]

    def _functional(self, engine: Any, targets: list, sources: list, seeds: list | None) -> list:
        wanted = {id(source) for source in sources}
        cotangents: dict[int, Any] = {}
        passed: dict[int, Any] = {}
        for index, target in enumerate(targets):
            seed = seeds[index] if seeds else None
            if seed is None:
                value = target.value if isinstance(target, Variable) else target
                seed = _ops().ones_like(value)
            if self.tracks(target):
                cotangents[id(target)] = _add(cotangents.get(id(target)), seed)
        for entry in reversed(list(self._entries)):
            given = [cotangents.pop(id(output), None) for output in entry.outputs]
            if all(cotangent is None for cotangent in given):
                continue
            for output, cotangent in zip(entry.outputs, given, strict=True):
                if id(output) in wanted and cotangent is not None:
                    passed[id(output)] = cotangent
            for source, gradient in zip(entry.sources, entry.pull(engine, given), strict=True):
                if self.tracks(source):
                    cotangents[id(source)] = _add(cotangents.get(id(source)), gradient)
        return [cotangents.get(id(source), passed.get(id(source))) for source in sources]

    def jacobian(self, target: Any, sources: Any, unconnected_gradients: str = "none") -> Any:
        """Return the derivatives of each element of `target` with respect to `sources`.

        Needs a persistent tape.

        Returns:
            Tensors of shape `target.shape + source.shape`, in the structure of `sources`.
        """
        ops = _ops()
        size = ops.size(target)
        basis = ops.reshape(ops.eye(int(size), dtype=target.dtype), (int(size), *target.shape))
        rows = [
            tree.flatten(self.gradient(target, sources, basis[i], unconnected_gradients))
            for i in range(int(size))
        ]
        columns = [
            None if column[0] is None
            else ops.reshape(ops.stack(column), (*target.shape, *column[0].shape))
            for column in zip(*rows, strict=True)
        ]
        return tree.pack(sources, columns)


def _ops() -> Any:
    """Return the public ops, which stand above core and are looked up when called."""
    from kerata import ops

    return ops


def _add(a: Any, b: Any) -> Any:
    if a is None or b is None:
        return b if a is None else a
    return _ops().add(a, b)


def _zeros_like(source: Any) -> Any:
    return _ops().zeros_like(source)


class _Entry:
    """One recorded unit: a function of primals, where they came from, and its outputs."""

    __slots__ = ("function", "sources", "primals", "outputs", "pullback")

    def __init__(
        self, function: Callable, sources: list, primals: tuple, outputs: list, pullback: Callable
    ):
        self.function = function
        self.sources = sources
        self.primals = primals
        self.outputs = outputs
        self.pullback = pullback

    def pull(self, engine: Any, cotangents: list) -> Sequence[Any]:
        """Return the gradients of the primals, recorded in turn if other tapes are open."""
        zeros_like = _ops().zeros_like
        full = [
            zeros_like(output) if cotangent is None else cotangent
            for output, cotangent in zip(self.outputs, cotangents, strict=True)
        ]
        recorder = current.recorder
        if recorder is None or recorder.backend is not engine:
            return self.pullback(full)
        count = len(self.primals)

        def again(*values: Any) -> tuple[list, None]:
            _, pullback, _ = engine.vjp(self.function, values[:count])
            return list(pullback(list(values[count:]))), None

        return recorder.unit(again, [*self.sources, *full], (*self.primals, *full))[0]


class Recorder:
    """Runs units for the open tapes of one functional engine in one thread."""

    def __init__(self, backend: Backend):
        self.backend: Any = backend
        self.tapes: list[GradientTape] = []

    def unit(self, function: Callable, sources: list, primals: tuple) -> tuple[list, Any]:
        """Run `function(*primals) -> (float tensors, anything else)` and record it.

        Args:
            function: pure.
            sources: the variable or tensor that each primal is the value of.
            primals: float tensors.
        """
        # Every tape is asked, so that each notes the variables that it has seen.
        interested = [t for t in self.tapes if any([t.tracks(source) for source in sources])]
        with set_current(recorder=None):
            if not interested:
                return function(*primals)
            outputs, pullback, other = self.backend.vjp(function, primals)
        entry = _Entry(function, sources, primals, outputs, pullback)
        for tape in interested:
            tape.append(entry)
        return outputs, other

    def read(self, variable: Variable, value: Any) -> None:
        """Note that `value` is the variable's, so that gradients of the one reach the other."""
        if not dtypes.is_inexact(variable.dtype):
            return
        for tape in self.tapes:
            if tape.tracks(variable) and id(value) not in tape._tracked:
                tape.append(_Entry(_identity, [variable], (value,), [value], _pull_identity))

    def operation(self, kernel: Callable, arguments: list, kwargs: dict) -> Any:
        """Run one kernel as a unit."""
        leaves = tree.flatten((arguments, kwargs))
        flow = [i for i, leaf in enumerate(leaves) if self.backend.is_differentiable(leaf)]
        packed: dict[str, Any] = {}

        def pure(*primals: Any) -> tuple[list, list]:
            values = list(leaves)
            for position, primal in zip(flow, primals, strict=True):
                values[position] = primal
            args, kw = tree.pack((arguments, kwargs), values)
            return self._split(kernel(*args, **kw), packed)

        sources = [leaves[i] for i in flow]
        floats, others = self.unit(pure, sources, tuple(sources))
        return self._join(packed, floats, others)

    def close(self, function: Callable, tensors: list) -> tuple[Callable, list]:
        """Make what a function of tensors captures an input of it, so that it can be a unit.

        Returns:
            `(closed, captured)`: `closed(captured, tensors)` computes `function(tensors)`.
        """
        with set_current(recorder=None), Scope() as reads:
            closed, captured = self.backend.kernels["close"](function, tensors)
        with set_current(autocast=None):
            for variable in reads.unknown.values():
                self.read(variable, variable.value)
        return closed, captured

    def _split(self, result: Any, packed: dict) -> tuple[list, list]:
        """Divide a result into tensors that gradients flow through and all else."""
        leaves = tree.flatten(result)
        packed["structure"] = result
        packed["flows"] = [self.backend.is_differentiable(leaf) for leaf in leaves]
        packed["tensors"] = [self.backend.is_tensor(leaf) for leaf in leaves]
        packed["static"] = [x for x, t in zip(leaves, packed["tensors"], strict=True) if not t]
        flows = packed["flows"]
        floats = [leaf for leaf, flow in zip(leaves, flows, strict=True) if flow]
        tensors = packed["tensors"]
        others = [x for x, f, t in zip(leaves, flows, tensors, strict=True) if t and not f]
        return floats, others

    def _join(self, packed: dict, floats: list, others: list) -> Any:
        float_leaves, other_leaves, static = iter(floats), iter(others), iter(packed["static"])
        leaves = [
            next(float_leaves) if flow else next(other_leaves) if tensor else next(static)
            for flow, tensor in zip(packed["flows"], packed["tensors"], strict=True)
        ]
        return tree.pack(packed["structure"], leaves)

    # -- layers ----------------------------------------------------------------------------

    def layer(self, layer: Any, run: Callable, args: tuple, kwargs: dict) -> Any:
        """Run an outermost layer call as a unit of its variables and inputs.

        Variables that the call reaches but the layer does not own are found as they are read;
        the call is then traced again with them.
        """
        while True:
            variables = [v for v in layer.variables if _flows(v)]
            known = {id(v) for v in variables}
            variables += [v for v in layer.borrowed_variables.values() if id(v) not in known]
            try:
                return self._layer_unit(variables, run, args, kwargs)
            except _Borrowed as found:
                layer.borrowed_variables.update(found.variables)

    def _layer_unit(self, variables: list, run: Callable, args: tuple, kwargs: dict) -> Any:
        leaves = tree.flatten((args, kwargs))
        flow = [i for i, leaf in enumerate(leaves) if self.backend.is_differentiable(leaf)]
        count = len(variables)
        packed: dict[str, Any] = {}

        def pure(*primals: Any) -> tuple[list, Any]:
            values = list(leaves)
            for position, primal in zip(flow, primals[count:], strict=True):
                masks.attach(primal, masks.of(leaves[position]))
                values[position] = primal
            inner_args, inner_kwargs = tree.pack((args, kwargs), values)
            with Scope(dict(zip(variables, primals[:count], strict=True))) as scope:
                result = run(*inner_args, **inner_kwargs)
            _check_borrowed(scope)
            floats, others = self._split(result, packed)
            found = [masks.of(leaf) for leaf in tree.flatten(result)]
            packed["masked"] = [mask is not None for mask in found]
            packed["assigned"] = list(scope.assigned.values())
            assigned = [scope[v] for v in packed["assigned"]]
            return floats, (others, assigned, [mask for mask in found if mask is not None])

        with set_current(recorder=None):
            values = [variable.value for variable in variables]
        inputs = [leaves[i] for i in flow]
        floats, rest = self.unit(pure, [*variables, *inputs], (*values, *inputs))
        others, assigned, found_masks = rest
        result = self._join(packed, floats, others)
        each = iter(found_masks)
        for leaf, masked in zip(tree.flatten(result), packed["masked"], strict=True):
            if masked:
                masks.attach(leaf, next(each))
        assign_all(packed["assigned"], assigned)
        return result


class _Borrowed(Exception):
    """A layer call read trainable variables that its layer does not own."""

    def __init__(self, variables: dict[int, Variable]):
        super().__init__()
        self.variables = variables


def _check_borrowed(scope: Scope) -> None:
    found = {k: v for k, v in scope.unknown.items() if _flows(v) and k not in scope.assigned}
    if found:
        raise _Borrowed(found)


def _flows(variable: Variable) -> bool:
    return variable.trainable and dtypes.is_inexact(variable.dtype)


def _identity(value: Any) -> tuple[list, None]:
    return [value], None


def _pull_identity(cotangents: list) -> list:
    return cotangents


@contextlib.contextmanager
def _recording(engine: Any, tape: GradientTape) -> Any:
    """Let a tape record on a functional engine inside the block."""
    recorder = current.recorder
    if recorder is None or recorder.backend is not engine:
        recorder = Recorder(engine)
    engine.record_operators(lambda: current.recorder)
    recorder.tapes.append(tape)
    with set_current(recorder=recorder):
        try:
            yield
        finally:
            recorder.tapes.remove(tape)
