"""Derivatives as ops: functions that say what their gradient is, and `jvp` under Keras' path."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerata.backend import select
from kerata.core import differentiation, dtypes, tree
from kerata.core.primitive import Tensor, backend_of, to_tensor
from kerata.core.spec import dtype_of
from kerata.core.variable import Variable
from kerata.ops.bodies import Handed, Layout, execute, fill, is_symbolic, placeholders, record_op
from kerata.ops.creation import zeros_like

Structure = Any


def custom_gradient(f: Callable[..., tuple[Structure, Callable]]) -> Callable[..., Structure]:
    """Make a function whose gradient is what it says itself.

    Args:
        f: function of tensors, or structures of them, that returns `(output, gradient)`.
            `gradient(upstream)` gets the derivatives of what follows with respect to the output,
            in its structure, and returns those with respect to the arguments: one tensor, or a
            tuple with one for each tensor among the arguments (`None` for zeros). As in Keras on
            PyTorch, it may ask for `gradient(*args, upstream)` by a keyword `upstream`. Tensors
            that `f` uses without being given them count as constants. `f` may be run again when
            gradients are computed, so it should not assign variables.

    Returns:
        A function of the same arguments that returns the output alone.

    Raises:
        ValueError: when the gradient has another number of tensors than the arguments.

    >>> import kerata
    >>> from kerata import ops
    >>> @ops.custom_gradient
    ... def sign_with_slope(x):
    ...     return ops.sign(x), lambda upstream: upstream * ops.cast(ops.abs(x) < 1, x.dtype)
    >>> kerata.grad(lambda x: ops.sum(sign_with_slope(x)))(ops.array([-2.0, 0.5])).tolist()
    [0.0, 1.0]
    """

    @functools.wraps(f)
    def computed(*args: Any) -> Structure:
        if is_symbolic(args):
            output, _ = f(*fill(args, placeholders(args)))
            return record_op(computed, args, output)
        leaves = tree.flatten(args)
        backend = backend_of(*leaves)
        places = [i for i, leaf in enumerate(leaves) if _flows(leaf)]
        layout = Layout()

        def flat(*tensors: Tensor) -> tuple[list, Callable]:
            given = _with(args, places, tensors)
            output, gradient = f(*given)
            outputs = layout.leaves(output, backend)

            def pullback(cotangents: Sequence[Tensor]) -> list[Tensor]:
                found = _call_gradient(gradient, given, layout.fill(cotangents))
                return [
                    zeros_like(x) if found[i] is None else to_tensor(found[i], backend, dtype_of(x))
                    for i, x in zip(_kept(found, leaves, places), tensors, strict=True)
                ]

            return outputs, pullback

        def run(_: Handed, tensors: list) -> tuple[list, list]:
            return backend.with_gradient(flat, tensors), []

        return layout.fill(execute(backend, run, [to_tensor(leaves[i], backend) for i in places]))

    return computed


def _flows(leaf: Any) -> bool:
    """Tell whether gradients may flow through an argument: a tensor of floats."""
    tensor = isinstance(leaf, (np.ndarray, Variable)) or select.engine_of(leaf) is not None
    return tensor and dtypes.is_inexact(dtype_of(leaf))


def _with(args: tuple, places: Sequence[int], tensors: Sequence[Tensor]) -> tuple:
    """Return the arguments with tensors in some places."""
    leaves = tree.flatten(args)
    for place, tensor in zip(places, tensors, strict=True):
        leaves[place] = tensor
    return tree.pack(args, leaves)


def _call_gradient(gradient: Callable, args: tuple, upstream: Structure) -> list:
    """Return what the user's function makes of the derivatives that come from above."""
    wanted = inspect.signature(gradient).parameters.get("upstream")
    if wanted is not None and wanted.kind is wanted.KEYWORD_ONLY:
        found = gradient(*args, upstream=upstream)
    else:
        found = gradient(upstream)
    return tree.flatten(found)


def _kept(found: list, leaves: list, places: Sequence[int]) -> Sequence[int]:
    """Return where the gradients of floats stand among all that were returned."""
    if len(found) == len(places):
        return range(len(found))
    if len(found) == len(leaves):
        return places
    raise ValueError(
        f"custom_gradient: the gradient function returned {len(found)} tensors for "
        f"{len(leaves)} arguments; expected one for each."
    )


def jvp(
    fun: Callable, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple:
    """Compute a function, and the product of its derivative with a vector from the right.

    Args:
        fun: gives a float tensor or a structure of them; with `has_aux` a pair of that and
            anything else.
        primals: tuple or list of its arguments: float tensors, structures of them, variables.
        tangents: a direction for each primal, in the same structure and shapes.
        has_aux: whether `fun` returns a pair whose second part is only passed on.

    Returns:
        `(outputs, output_tangents)`, or `(outputs, output_tangents, aux)`.

    Raises:
        TypeError: if a primal or an output is not of a float dtype.
        ValueError: if the tangents do not fit the primals.
        RuntimeError: on an engine without gradients (NumPy).

    >>> import kerata
    >>> y, change = kerata.ops.jvp(lambda x: x**2.0, (3.0,), (1.0,))
    >>> float(y), float(change)
    (9.0, 6.0)
    """
    return differentiation.jvp(fun, primals, tangents, has_aux)
