"""Rematerialization: activations are computed again for gradients, in place of being kept.

It saves the memory of what happens inside of a layer at the price of a second forward pass.
Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016).

A call is made a pure function of the variables and inputs, which the engine may run twice: what
it assigns (moving statistics, seeds) is assigned once, from the first run, and the second one sees
what the first one saw.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from kerata.backend import select
from kerata.core import dtypes, masks, tree
from kerata.core.context import CallContext, current, set_current
from kerata.core.operation import Operation
from kerata.core.primitive import any_symbolic
from kerata.core.scope import Scope
from kerata.core.spec import dtype_of, shape_of
from kerata.core.symbolic import SymbolicTensor
from kerata.core.variable import Variable, assign_all, is_tensor_like
from kerata.layers.layer import Layer

_MODES = ("full", "activations", "larger_than", "list_of_layers")


class RematScope:
    """Layers that are made inside the `with` block are rematerialized when they train.

    Args:
        mode: `"full"` for all of them, `"activations"` for their activation functions alone,
            `"larger_than"` for those with large outputs, `"list_of_layers"` for some by name;
            `None` for none.
        output_size_threshold: more values than this, over all samples, are a large output.
        layer_names: the names of the layers.

    Raises:
        ValueError: if the mode is another.

    >>> import kerata
    >>> with kerata.RematScope("list_of_layers", layer_names=["wide"]):
    ...     layer = kerata.layers.Dense(1000, name="wide")
    """

    def __init__(
        self,
        mode: str | None = "full",
        output_size_threshold: int = 1024,
        layer_names: Sequence[str] | None = None,
    ):
        if mode is not None and mode not in _MODES:
            raise ValueError(
                f"`mode` is {mode!r}; expected one of {', '.join(map(repr, _MODES))}, or None."
            )
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = tuple(layer_names or ())

    def __enter__(self) -> RematScope:
        self._block = set_current(remat=self if self.mode else None)
        self._block.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._block.__exit__(*exception)

    def wants(self, operation: Layer | Operation, inputs: Sequence[Any]) -> bool:
        """Tell whether a call of a layer or operation is to be rematerialized as a whole."""
        if self.mode == "list_of_layers":
            return operation.name in self.layer_names
        if self.mode == "larger_than":
            with set_current(scope=None):
                outputs = operation.compute_output_spec(*tree.map_structure(_symbolic, inputs))
            sizes = (math.prod(output.shape) for output in tree.flatten(outputs))
            return sum(sizes) > self.output_size_threshold
        return self.mode == "full"


def remat(f: Callable) -> Callable:
    """Return a function that computes the same, and keeps nothing of it for the gradients.

    Args:
        f: a function of tensors, or a layer. It may be run twice.

    >>> import kerata
    >>> from kerata import ops
    >>> wave = kerata.remat(lambda x: ops.sum(ops.sin(ops.exp(x))))
    >>> x = kerata.Variable([0.0])
    >>> with kerata.GradientTape() as tape:
    ...     y = wave(x.value)
    >>> round(float(tape.gradient(y, x)[0]), 4)
    0.5403
    """
    layer = _Rematerialized(f)

    @functools.wraps(f, updated=())
    def computed(*args: Any, **kwargs: Any) -> Any:
        return layer(*args, **kwargs)

    return computed


def as_the_scope_says(
    operation: Layer | Operation, scope: RematScope | None, function: Callable, inputs: tuple
) -> Callable:
    """Return a function, rematerialized if the scope that an operation was made in wants it."""
    inside = current.call is not None and current.call.rematerialized
    if scope is None or inside or any_symbolic(tree.flatten(inputs)):
        return function
    return remat(function) if scope.wants(operation, inputs) else function


def _symbolic(leaf: Any) -> Any:
    return SymbolicTensor(shape_of(leaf), dtype_of(leaf)) if is_tensor_like(leaf) else leaf


class _Rematerialized(Layer):
    """A function as a layer, so that tapes and graphs know it."""

    def __init__(self, function: Callable):
        super().__init__(autocast=False)
        self.function = function
        self.supports_masking = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return rematerialized(self, self.function, args, kwargs)


def rematerialized(layer: Layer, function: Callable, args: tuple, kwargs: dict) -> Any:
    """Return `function(*args, **kwargs)`, a part of a call of `layer`, to be run again later."""
    engine = layer.backend
    leaves = tree.flatten((args, kwargs))
    if any_symbolic(leaves) or current.numerics is not None or engine.gradients is None:
        return function(*args, **kwargs)
    while True:
        run = _Run(layer, function, (args, kwargs), leaves)
        tensors = engine.remat(run.pure)(*run.primals)
        new = run.borrowed()
        if not new:
            return run.finish(tensors)
        # Variables that gradients must reach are handed in, whichever layer owns them.
        layer.borrowed_variables.update(new)


class _Run:
    """One rematerialized call: its pure form, and what is to be done with its results."""

    def __init__(self, layer: Layer, function: Callable, arguments: Any, leaves: list):
        engine = layer.backend
        self._function = function
        self._arguments = arguments
        self._leaves = leaves
        known = {id(v): v for v in layer.variables} | layer.borrowed_variables
        self._trained = [v for v in known.values() if _flows(v)]
        with set_current(autocast=None):
            self._fixed = {v: v.value for v in known.values() if not _flows(v)}
            values = [v.value for v in self._trained]
        self._places = [
            i
            for i, leaf in enumerate(leaves)
            if select.engine_of(leaf) is engine and dtypes.is_inexact(dtype_of(leaf))
        ]
        self.primals = [*values, *(leaves[i] for i in self._places)]
        outer = current.call
        self._outer = outer
        self._training = outer.training if outer is not None else None
        self._layers = list(outer.layers) if outer is not None else []
        self._context = {"autocast": current.autocast, "recorder": None, "watching": ()}
        self._engine = engine

    def pure(self, *primals: Any) -> tuple:
        """Compute, as a function of the trained variables and the float inputs alone."""
        count = len(self._trained)
        leaves = list(self._leaves)
        for place, primal in zip(self._places, primals[count:], strict=True):
            masks.attach(primal, masks.of(self._leaves[place]))
            leaves[place] = primal
        args, kwargs = tree.pack(self._arguments, leaves)
        call = CallContext(self._training)
        call.layers, call.rematerialized = list(self._layers), True
        given = {**dict(zip(self._trained, primals[:count], strict=True)), **self._fixed}
        with (
            select.use_backend(self._engine),
            set_current(call=call, **self._context),
            Scope(given) as scope,
        ):
            output = self._function(*args, **kwargs)
        self._output, self._losses = output, len(call.losses)
        self._assigned = list(scope.assigned.values())
        self._unknown = scope.unknown
        found = [masks.of(leaf) for leaf in tree.flatten(output)]
        self._masked = [mask is not None for mask in found]
        parts = [
            *tree.flatten(output),
            *call.losses,
            *(scope[variable] for variable in self._assigned),
            *(mask for mask in found if mask is not None),
        ]
        self._tensors = [select.engine_of(part) is self._engine for part in parts]
        self._others = [p for p, known in zip(parts, self._tensors, strict=True) if not known]
        return tuple(p for p, known in zip(parts, self._tensors, strict=True) if known)

    def borrowed(self) -> dict[int, Variable]:
        """Return the trained variables that were read without being handed in."""
        assigned = {id(v) for v in self._assigned}
        return {k: v for k, v in self._unknown.items() if _flows(v) and k not in assigned}

    def finish(self, tensors: Sequence[Any]) -> Any:
        """Assign variables, add losses, attach masks, and return the output."""
        given, others = iter(tensors), iter(self._others)
        parts = [next(given) if is_tensor else next(others) for is_tensor in self._tensors]
        count = len(self._masked)
        output = tree.pack(self._output, parts[:count])
        if self._outer is not None:
            self._outer.losses.extend(parts[count : count + self._losses])
        rest = parts[count + self._losses :]
        assign_all(self._assigned, rest[: len(self._assigned)])
        found = iter(rest[len(self._assigned) :])
        for leaf, masked in zip(tree.flatten(output), self._masked, strict=True):
            if masked:
                masks.attach(leaf, next(found))
        return output


def _flows(variable: Variable) -> bool:
    return variable.trainable and dtypes.is_inexact(variable.dtype)
