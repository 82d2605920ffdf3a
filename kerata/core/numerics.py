"""Where NaN and infinity come from: `kerata.config.check_numerics`.

While it is on, the results of every kernel, layer and gradient are looked at, and the first that
is not finite although all that went in was raises `FloatingPointError`. Infinity that is put in
on purpose (a mask of -inf, the first value of a maximum) counts as going in, not as an error.

Compiled steps cannot be looked into. Their results are looked at when they end; if those are not
finite, the step is repeated line by line from the state before it, which names the place.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from kerata.backend import operators, select
from kerata.backend.interface import Backend
from kerata.core import tree
from kerata.core.context import current, set_current
from kerata.core.errors import is_users, users_line
from kerata.core.primitive import convert_to_numpy
from kerata.core.variable import Variable

# Kernels whose results may be infinite for finite input: there is nothing to reduce, or the bits
# are given another meaning.
_INFINITE_ON_PURPOSE = frozenset(("segment_max", "segment_min", "bitcast"))

_LOGARITHM = "a logarithm of 0 or of a negative number; try `ops.log(ops.maximum(x, 1e-7))`"
_DIVISION = "a division by 0; try `ops.divide_no_nan(x1, x2)`, or add a small number below"
_OVERFLOW = "an exponential that overflows; subtract the maximum first, as softmax does, or clip"
_ROOT = "a root of a negative number; try `ops.sqrt(ops.maximum(x, 0))`"
_DOMAIN = "an argument outside of [-1, 1]; try `ops.clip(x, -1 + 1e-6, 1 - 1e-6)`"
_MASKED = "a row of which everything is masked; leave one entry, or use a large number for -inf"
_GROWTH = "weights or inputs that have grown too large; lower the learning rate, or clip gradients"
_POWER = "a power of 0 or of a negative number"
_CAUSES = {
    **dict.fromkeys("log log2 log10 log1p".split(), _LOGARITHM),
    **dict.fromkeys("divide reciprocal mod fmod floor_divide / % //".split(), _DIVISION),
    **dict.fromkeys("exp exp2 expm1 sinh cosh".split(), _OVERFLOW),
    **dict.fromkeys("sqrt rsqrt".split(), _ROOT),
    **dict.fromkeys("arcsin arccos arctanh".split(), _DOMAIN),
    **dict.fromkeys("softmax log_softmax scaled_dot_product_attention".split(), _MASKED),
    **dict.fromkeys("matmul affine contract convolution @".split(), _GROWTH),
    **dict.fromkeys("add multiply square + *".split(), _GROWTH),
    **dict.fromkeys(("power", "**"), _POWER),
    "astype": "a number that the smaller dtype cannot hold",
}

# Kernels with points where the value is finite and the derivative is not.
_SINGULAR: dict[str, tuple[str, Callable]] = {
    "sqrt": ("0", lambda x: x == 0),
    "cbrt": ("0", lambda x: x == 0),
    "power": ("0", lambda x, exponent: (x == 0) & (exponent < 1)),
    "**": ("0", lambda x, exponent: (x == 0) & (exponent < 1)),
    "arcsin": ("1 or -1", lambda x: np.abs(x) == 1),
    "arccos": ("1 or -1", lambda x: np.abs(x) == 1),
    "hypot": ("(0, 0)", lambda x1, x2: (x1 == 0) & (x2 == 0)),
    "arctan2": ("(0, 0)", lambda x1, x2: (x1 == 0) & (x2 == 0)),
}
_MOST_SUSPECTS = 3


class Checking:
    """Looking for NaN and infinity in this thread: from now on, or inside a `with` block."""

    def __init__(self, enabled: bool):
        self._before = current.numerics
        current.numerics = Watch() if enabled else None
        for backend in select.loaded_backends() if enabled else ():
            _watch_operators(backend)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        current.numerics = self._before


class Watch:
    """Looks at what kernels, layers, tapes and compiled steps give."""

    def __init__(self) -> None:
        self._suspects: list[str] = []
        self._scaled_loss: Any = None

    # -- kernels and layers ----------------------------------------------------------------

    def kernel(
        self, name: str, backend: Backend, arguments: list, kwargs: dict, result: Any
    ) -> None:
        """Look at the result of a kernel.

        Raises:
            FloatingPointError: if it has NaN or infinity that did not come in.
        """
        _watch_operators(backend)
        outputs = _values(backend, result)
        if _all_finite(outputs):
            if outputs and name in _SINGULAR:
                self._suspect(name, [convert_to_numpy(each) for each in arguments])
            return
        inputs = _numbers(backend, (arguments, kwargs))
        made = _made(inputs, outputs)
        if made is None or (name in _INFINITE_ON_PURPOSE and "infinity" in made):
            return
        cause = _CAUSES.get(name)
        raise FloatingPointError(
            f"`{name}` made {made}{_share(outputs)}.\n"
            f"  where: {_place()}\n"
            f"  inputs: {', '.join(_described(each) for each in inputs if each.dtype.kind != 'i')}"
            + (f"\n  usual cause: {cause}." if cause else "")
        )

    def operator(self, symbol: str, backend: Backend, arguments: list, result: Any) -> None:
        """Look at what an operator of two tensors gave, if it stands in the user's code.

        Raises:
            FloatingPointError: if it has NaN or infinity that did not come in.
        """
        if is_users(sys._getframe(3).f_code.co_filename):
            self.kernel(symbol, backend, arguments, {}, result)

    def layer(self, layer: Any, args: tuple, kwargs: dict, output: Any) -> None:
        """Look at the output of a layer, whose code may go around the ops.

        Raises:
            FloatingPointError: if it has NaN that was neither in the inputs nor in the weights.
        """
        backend = layer.backend
        outputs = _values(backend, output)
        inputs = _values(backend, (args, kwargs))
        if not _any_nan(outputs) or _any_nan(inputs):
            return
        spoilt = [v.path for v in layer.variables if _any_nan(_values(backend, v.value))]
        if spoilt:
            cause = f"NaN in its weight {spoilt[0]!r} already"
        else:
            cause = "code in its `call` that is not made of `kerata.ops`, which are looked at"
        raise FloatingPointError(
            f"Layer {layer.path!r} ({type(layer).__name__}) made NaN{_share(outputs)}.\n"
            f"  where: {_place()}\n"
            f"  inputs: {', '.join(map(_described, inputs))}\n"
            f"  cause: {cause}."
        )

    # -- gradients -------------------------------------------------------------------------

    def forget_suspects(self) -> None:
        """Begin a new recording: what was computed before takes no part in its gradients."""
        self._suspects = []

    def expect_overflow(self, scaled_loss: Any) -> None:
        """Let gradients of this loss be infinite: its optimizer adapts the scale to that."""
        self._scaled_loss = scaled_loss

    def gradients(self, backend: Backend, targets: list, sources: list, found: list) -> None:
        """Look at the gradients of targets with respect to sources.

        Raises:
            FloatingPointError: if one is not finite although the targets are, or if a target is
                not finite.
        """
        if any(target is self._scaled_loss for target in targets):
            return
        _check_targets(backend, targets, sources)
        spoilt = [
            _source_name(source)
            for source, gradient in zip(sources, found, strict=True)
            if not _all_finite(_values(backend, gradient))
        ]
        if not spoilt:
            return
        more = f" and {len(spoilt) - 3} more" if len(spoilt) > 3 else ""
        suspects = "".join(f"\n  suspect: {suspect}." for suspect in self._suspects)
        raise FloatingPointError(
            f"The loss is finite, but its gradient is not for {', '.join(spoilt[:3])}{more}.\n"
            f"  where: {_place()}"
            + (suspects or f"\n  usual cause: {_GROWTH}.")
        )

    def _suspect(self, name: str, values: list[np.ndarray]) -> None:
        """Note a kernel that was computed where its derivative is not finite."""
        point, is_singular = _SINGULAR[name]
        if len(self._suspects) < _MOST_SUSPECTS and np.any(is_singular(*values)):
            self._suspects.append(
                f"`{name}` at {point}, where its derivative is infinite, in {_place()}; "
                "keep away from that point, such as by `ops.maximum(x, 1e-7)`"
            )

    # -- compiled steps --------------------------------------------------------------------

    def is_spoilt(self, backend: Backend, results: list, before: list, after: list) -> bool:
        """Tell whether a compiled step gave results, or a state, that are not finite."""
        if any(backend.is_traced(each) for each in (*results, *after)):
            return False
        return not _all_finite(_values(backend, results)) or any(
            not _all_finite(_values(backend, new)) and _all_finite(_values(backend, old))
            for old, new in zip(before, after, strict=True)
        )

    def repeat(
        self, function: Callable, backend: Backend, batches: Iterable, state: list[Variable]
    ) -> list:
        """Run the steps of a compiled call again, line by line; return their results.

        Raises:
            FloatingPointError: names the place, or says that there is none: what is compiled
                rounds differently.
        """
        def tensor(leaf: Any) -> Any:
            return backend.view_numpy(leaf) if isinstance(leaf, np.ndarray) else leaf

        with set_current(line_by_line=True):
            results = [function(tree.map_structure(tensor, batch)) for batch in batches]
        after = [variable.value for variable in state]
        if _all_finite(_values(backend, [results, after])):
            raise FloatingPointError(
                "A compiled step gave NaN or infinity, but run line by line it gave finite numbers "
                "only. Compiled programs round differently: look for numbers near the limits of "
                "their dtype. The variables hold what the steps gave line by line."
            )
        return results


@functools.cache
def _watch_operators(backend: Any) -> None:
    """Look at the operators of an engine's tensors from now on, while somebody looks."""

    def look(symbol: str, arguments: list, result: Any) -> None:
        if current.numerics is not None:
            current.numerics.operator(symbol, backend, arguments, result)

    if backend.gradients == "functional":
        # The tape's own wrappers must lie below: what they call is no line of the user's.
        backend.record_operators(lambda: current.recorder)
    operators.watch(backend.operator_types, look)


# -- what is in a structure of tensors -----------------------------------------------------------


def _values(backend: Backend, structure: Any) -> list[np.ndarray]:
    """Return the float tensors of a structure whose values are known, on the host."""
    found = []
    for leaf in tree.flatten(structure):
        if isinstance(leaf, Variable):
            leaf = leaf.value
        if select.engine_of(leaf) is backend and not backend.is_traced(leaf):
            leaf = backend.to_numpy(leaf)
        if isinstance(leaf, (np.ndarray, np.generic)) and _is_inexact(leaf):
            found.append(np.asarray(leaf))
    return found


def _numbers(backend: Backend, structure: Any) -> list[np.ndarray]:
    """Return the float tensors of a structure and its Python numbers, in their order."""
    found = []
    for leaf in tree.flatten(structure):
        is_number = isinstance(leaf, (float, int)) and not isinstance(leaf, bool)
        found.extend([np.asarray(leaf)] if is_number else _values(backend, leaf))
    return found


def _is_inexact(array: Any) -> bool:
    return array.dtype.kind in "fc" or array.dtype.name.startswith(("bfloat", "float8"))


def _any_nan(values: list[np.ndarray]) -> bool:
    return any(np.isnan(value).any() for value in values)


def _all_finite(values: list[np.ndarray]) -> bool:
    return all(np.isfinite(value).all() for value in values)


def _made(inputs: list[np.ndarray], outputs: list[np.ndarray]) -> str | None:
    """Say what is in the outputs that was not in the inputs, if anything."""
    if _any_nan(outputs):
        return None if _any_nan(inputs) else "NaN"
    return "infinity" if _all_finite(inputs) else None


# -- messages ------------------------------------------------------------------------------------


def _share(outputs: list[np.ndarray]) -> str:
    """Return how many of the values are not finite, such as " in 3 of 128 values"."""
    spoilt = next(each for each in outputs if not np.isfinite(each).all())
    return f" in {int((~np.isfinite(spoilt)).sum())} of {spoilt.size} values"


def _place() -> str:
    """Return the layers that are being called, outermost first, and the user's line."""
    layers = current.call.layers if current.call is not None else []
    inside = f"layer {'/'.join(layer.name for layer in layers)!r}, " if layers else ""
    return inside + users_line()


def _described(value: np.ndarray) -> str:
    """Return dtype, shape and range, such as "float32[32, 4] from 0 to 3.2"."""
    spec = f"{value.dtype.name}{list(value.shape)}"
    if not value.size or value.dtype.kind == "c":
        return spec
    wide = value.astype("float64")
    if np.isnan(wide).any():
        return f"{spec} with NaN"
    return f"{spec} from {wide.min():.4g} to {wide.max():.4g}"


def _source_name(source: Any) -> str:
    if isinstance(source, Variable):
        return repr(source.path)
    return f"a watched tensor of shape {tuple(source.shape)}"


def _check_targets(backend: Backend, targets: list, sources: list) -> None:
    """Raise if a target is not finite: no kernel made it so, or it would have been named."""
    if _all_finite(_values(backend, targets)):
        return
    variables = [source for source in sources if isinstance(source, Variable)]
    spoilt = [v.path for v in variables if not _all_finite(_values(backend, v))]
    cause = (
        f"the weight {spoilt[0]!r} holds it already"
        if spoilt
        else "it is in the data, or comes from code that is not made of `kerata.ops`"
    )
    raise FloatingPointError(
        "The loss is NaN or infinite, but no op made it so out of finite numbers.\n"
        f"  where: {_place()}\n"
        f"  cause: {cause}."
    )
