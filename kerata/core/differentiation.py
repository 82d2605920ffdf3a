"""Derivatives of Python functions: `grad`, `value_and_grad`, `vjp`, `jvp`, `jacobian`, `hessian`.

A function of tensors, which may read and assign variables, is turned into a pure one: variables
among its arguments are inputs, and variables that it assigns are outputs. The engine
differentiates that (`Backend.vjp`, `Backend.jvp`), and the assignments are made afterwards.

All of them nest in any order, and work inside `kerata.function` and under an open
`GradientTape`. Which engine computes is told by the tensors among the arguments.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from kerata.core import dtypes, masks, tree
from kerata.core.context import current, set_current
from kerata.core.errors import user_facing
from kerata.core.function import join_tensors, split_tensors
from kerata.core.primitive import backend_of, convert, to_tensor
from kerata.core.scope import Scope
from kerata.core.spec import spec_of
from kerata.core.symbolic import SymbolicTensor
from kerata.core.variable import Variable, assign_all

Structure = Any


def value_and_grad(
    function: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable:
    """Return a function that computes what `function` does, and the gradient.

    Args:
        function: gives a scalar, or a pair of a scalar and anything else with `has_aux`. It may
            call layers and models and assign variables.
        argnums: positions of the arguments to differentiate with respect to. Each is a float
            tensor, array or number, or a structure of them. A `Variable` is differentiated with
            respect to its value, wherever the function reads it: the argument
            `model.trainable_variables` is enough to train a model.
        has_aux: whether `function` returns a pair whose second part is only passed on.

    Returns:
        A function of the same arguments that returns `(value, gradient)`, or
        `((value, aux), gradient)`. The gradient has the structure of the argument; for several
        `argnums` it is a tuple.

    Raises:
        TypeError: when called with an argument that is not of a float dtype.
        ValueError: when the function's result is no scalar.
        RuntimeError: on an engine without gradients (NumPy).

    >>> import kerata
    >>> value, gradient = kerata.value_and_grad(lambda x: x**3.0)(2.0)
    >>> float(value), float(gradient)
    (8.0, 12.0)
    """

    @user_facing
    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        from kerata import ops

        chosen = _ChosenArguments(function, argnums, args, kwargs)
        value, pullback, *aux = vjp(chosen.function, *chosen.values, has_aux=has_aux)
        _check_scalar(value)
        gradients = pullback(ops.ones_like(value))
        return (value, aux[0]) if has_aux else value, chosen.arrange(gradients)

    return differentiated


def grad(function: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable:
    """Return a function that computes the gradient of `function`.

    Args:
        function: as for `value_and_grad`.
        argnums: positions of the arguments to differentiate with respect to.
        has_aux: whether `function` returns a pair whose second part is only passed on.

    Returns:
        A function of the same arguments that returns the gradient, or `(gradient, aux)`.

    Raises:
        TypeError, ValueError, RuntimeError: as `value_and_grad`.

    >>> import kerata
    >>> third = kerata.grad(kerata.grad(kerata.grad(lambda x: x**4.0)))
    >>> float(third(2.0))
    48.0
    """
    both = value_and_grad(function, argnums, has_aux)

    @user_facing
    @functools.wraps(function)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


@user_facing
def vjp(function: Callable, *primals: Any, has_aux: bool = False) -> tuple:
    """Compute a function, and prepare products of its derivative with vectors from the left.

    Args:
        function: gives a float tensor or a structure of them; with `has_aux` a pair of that and
            anything else.
        primals: its arguments: float tensors, or structures of them, or variables.
        has_aux: whether `function` returns a pair whose second part is only passed on.

    Returns:
        `(outputs, pullback)`, or `(outputs, pullback, aux)`. `pullback(cotangents)` takes
        tensors in the structure of the outputs and returns a tuple with the gradient of
        `sum(outputs * cotangents)` with respect to each primal.

    Raises:
        TypeError: if a primal or an output is not of a float dtype.
        RuntimeError: on an engine without gradients (NumPy).

    >>> import kerata
    >>> y, pullback = kerata.vjp(lambda a, b: a * b, 3.0, 5.0)
    >>> [float(gradient) for gradient in pullback(10.0)]
    [50.0, 30.0]
    """
    call = _PureCall(function, primals, has_aux)
    outputs, pull, other = _differentiate_in_reverse(call)
    results, structure = call.finish(outputs, other), call.outputs

    def pullback(cotangents: Structure) -> tuple:
        return tree.pack(primals, pull(_fitting("cotangent", cotangents, structure, outputs)))

    return (results[0], pullback, *results[1:])


@user_facing
def jvp(
    function: Callable, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple:
    """Compute a function, and the product of its derivative with a vector from the right.

    Args:
        function: as for `vjp`.
        primals: tuple or list of its arguments: float tensors, structures of them, variables.
        tangents: a direction for each primal, in the same structure and shapes.
        has_aux: whether `function` returns a pair whose second part is only passed on.

    Returns:
        `(outputs, output_tangents)`, or `(outputs, output_tangents, aux)`.

    Raises:
        TypeError: if a primal or an output is not of a float dtype.
        ValueError: if the tangents do not fit the primals.
        RuntimeError: on an engine without gradients (NumPy).

    >>> import kerata
    >>> y, change = kerata.jvp(lambda x: x**2.0, (3.0,), (1.0,))
    >>> float(y), float(change)
    (9.0, 6.0)
    """
    primals = tuple(primals)
    call = _PureCall(function, primals, has_aux)
    directions = _fitting("tangent", tuple(tangents), primals, call.primals)
    count, engine = len(directions), call.backend

    def run(tensors: list) -> Any:
        return engine.jvp(call, tensors[:count], tensors[count:])

    recorder = current.recorder
    tensors = [*call.primals, *directions]
    if recorder is None or recorder.backend is not engine:
        outputs, changes, other = run(tensors)
    else:
        closed, captured = recorder.close(run, tensors)
        outputs, changes, other = recorder.operation(closed, [captured, tensors], {})
    results = call.finish(outputs, other)
    return (results[0], tree.pack(call.outputs, changes), *results[1:])


def jacobian(
    function: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable:
    """Return a function that computes the derivatives of all outputs by all inputs.

    It works in reverse: its cost grows with the number of output elements.

    Args:
        function: gives a float tensor or a structure of them; with `has_aux` a pair.
        argnums: positions of the arguments to differentiate with respect to.
        has_aux: whether `function` returns a pair whose second part is only passed on.

    Returns:
        A function of the same arguments that returns the jacobian, or `(jacobian, aux)`: in the
        structure of the outputs, at each place in the structure of the gradient, a tensor of
        shape `output.shape + argument.shape`.

    Raises:
        TypeError, RuntimeError: as `vjp`.

    >>> import kerata
    >>> kerata.jacobian(lambda x: x * x)(kerata.ops.array([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """

    @user_facing
    @functools.wraps(function)
    def derivatives(*args: Any, **kwargs: Any) -> Any:
        chosen = _ChosenArguments(function, argnums, args, kwargs)
        outputs, pullback, *aux = vjp(chosen.function, *chosen.values, has_aux=has_aux)
        count = len(tree.flatten(outputs))
        rows = [chosen.arrange(_rows(outputs, place, pullback)) for place in range(count)]
        found = tree.pack(tree.map_structure(lambda _: None, outputs), range(count))
        found = tree.map_structure(lambda place: rows[place], found)
        return (found, aux[0]) if has_aux else found

    return derivatives


def hessian(
    function: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable:
    """Return a function that computes the second derivatives of a scalar function.

    For a product of the hessian with one vector, which is much cheaper, use
    `jvp(grad(function), (x,), (vector,))`.

    Args:
        function: as for `value_and_grad`.
        argnums: positions of the arguments to differentiate with respect to.
        has_aux: whether `function` returns a pair whose second part is only passed on.

    Returns:
        A function of the same arguments that returns the hessian, or `(hessian, aux)`: in the
        structure of the gradient, at each place in the structure of the gradient again, a
        tensor of shape `argument.shape + argument.shape`.

    Raises:
        TypeError, ValueError, RuntimeError: as `value_and_grad`.

    >>> import kerata
    >>> kerata.hessian(lambda x: x[0] ** 2.0 * x[1])(kerata.ops.array([1.0, 3.0])).tolist()
    [[6.0, 2.0], [2.0, 0.0]]
    """
    return jacobian(grad(function, argnums, has_aux), argnums, has_aux)


def _rows(outputs: Structure, place: int, pullback: Callable) -> tuple:
    """Return the derivatives of all elements of one output by everything."""
    from kerata import ops

    leaves = tree.flatten(outputs)
    shape = tuple(leaves[place].shape)
    size = ops.size(leaves[place])
    zeros = [ops.zeros_like(leaf) for leaf in leaves]

    def row(direction: Any) -> tuple:
        return pullback(tree.pack(outputs, [*zeros[:place], direction, *zeros[place + 1 :]]))

    directions = ops.reshape(ops.eye(size, dtype=leaves[place].dtype), (size, *shape))
    return tree.map_structure(
        lambda stacked: ops.reshape(stacked, (*shape, *stacked.shape[1:])),
        ops.vectorized_map(row, directions),
    )


# -- calls as pure functions -----------------------------------------------------------------


class _PureCall:
    """One call of a function, as a pure function of the tensors that it is called on.

    Calling it with tensors in place of `primals` returns what `Backend.vjp` asks for: the
    outputs as a flat list, and a list of the other tensors: those of `aux`, and the new values of
    the variables that the function assigned.
    """

    def __init__(self, function: Callable, arguments: tuple, has_aux: bool):
        self._function = function
        self._arguments = arguments
        self._has_aux = has_aux
        self._leaves = tree.flatten(arguments)
        self.backend = backend_of(*self._leaves)
        if self.backend.gradients is None:
            raise self.backend.without_gradients()
        self.primals = [_as_primal(leaf, self.backend) for leaf in self._leaves]
        self.outputs: Structure = None
        self._aux: Structure = None
        self._assigned: list[Variable] = []

    def __call__(self, *tensors: Any) -> tuple[list, list]:
        """Run the function on tensors."""
        given = {}
        values = list(self._leaves)
        for place, (leaf, tensor) in enumerate(zip(self._leaves, tensors, strict=True)):
            if isinstance(leaf, Variable):
                given[leaf] = tensor
            else:
                masks.attach(tensor, masks.of(leaf))
                values[place] = tensor
        with Scope(given) as scope:
            result = self._function(*tree.pack(self._arguments, values))
            self.outputs, aux = _pair(result) if self._has_aux else (result, None)
            outputs = [_as_output(leaf, self.backend) for leaf in tree.flatten(self.outputs)]
            self._aux, other = split_tensors(self.backend, aux)
        for variable in scope.unknown.values():
            variable.escaped = True  # the pullback may hold its value
        self._assigned = list(scope.assigned.values())
        return outputs, [*other, *(scope[variable] for variable in self._assigned)]

    def finish(self, outputs: list, other: list) -> tuple:
        """Make the assignments; return the outputs in their structure, and `aux` if wanted."""
        count = len(other) - len(self._assigned)
        assign_all(self._assigned, other[count:])
        # What the tensors of the first run stood in is no longer needed, only its structure.
        self.outputs = tree.map_structure(lambda _: None, self.outputs)
        results = tree.pack(self.outputs, outputs)
        return (results, join_tensors(self._aux, other[:count])) if self._has_aux else (results,)


def _as_primal(leaf: Any, backend: Any) -> Any:
    """Return the tensor to differentiate with respect to."""
    if isinstance(leaf, SymbolicTensor):
        raise TypeError(
            "A symbolic tensor has no derivatives: it has no value. Compute them in the `call` of "
            "a layer, and call the layer on the symbolic tensor."
        )
    with set_current(autocast=None):
        tensor = to_tensor(convert(leaf), backend)
    if not dtypes.is_inexact(dtype := backend.dtype_name(tensor)):
        raise TypeError(
            f"Cannot differentiate with respect to {leaf!r}, which is of dtype {dtype}. Expected "
            "float tensors; leave other arguments out of `argnums`."
        )
    return tensor


def _as_output(leaf: Any, backend: Any) -> Any:
    if leaf is None:
        raise TypeError("The function to differentiate returned None; expected float tensors.")
    tensor = to_tensor(leaf, backend)
    if not dtypes.is_inexact(dtype := backend.dtype_name(tensor)):
        raise TypeError(
            f"An output of the function is of dtype {dtype}, which has no derivatives. Return it "
            "as the second part of a pair, with `has_aux=True`."
        )
    return tensor


def _pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise TypeError(
            "With `has_aux=True` the function must return a pair `(outputs, aux)`, got a "
            f"{type(result).__name__}."
        )
    return result[0], result[1]


def _check_scalar(value: Any) -> None:
    leaves = tree.flatten(value)
    if len(leaves) != 1 or leaves[0] is not value or tuple(value.shape):
        shapes = ", ".join(str(tuple(leaf.shape)) for leaf in leaves)
        raise ValueError(
            "The gradient is that of a scalar, but the function returned "
            f"{tree.describe(value)} of shape {shapes}. Reduce it, for example by "
            "`kerata.ops.mean`, return other results with `has_aux=True`, or use `kerata.jacobian`."
        )


def _fitting(what: str, given: Structure, structure: Structure, tensors: list) -> list:
    """Return vectors as tensors, one for each tensor of a structure, of its shape and dtype."""
    leaves = tree.flatten(given)
    if len(leaves) != len(tensors):
        raise ValueError(
            f"The {what}s have the structure {tree.describe(given)}; expected "
            f"{tree.describe(structure)}."
        )
    fitted = []
    for leaf, tensor in zip(leaves, tensors, strict=True):
        spec, wanted = spec_of(leaf), spec_of(tensor)
        if spec.shape != wanted.shape:
            raise ValueError(f"A {what} has shape {spec.shape}; expected {wanted.shape}.")
        fitted.append(to_tensor(leaf, backend_of(tensor), wanted.dtype))
    return fitted


class _ChosenArguments:
    """A function of some of its positional arguments, the others being fixed."""

    def __init__(
        self, function: Callable, argnums: int | Sequence[int], args: tuple, kwargs: dict
    ):
        self._single = isinstance(argnums, int)
        given = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        for place in given:
            if not -len(args) <= place < len(args):
                raise ValueError(
                    f"`argnums` names the argument {place}, but the function was called with "
                    f"{len(args)} positional arguments."
                )
        self._places = [place % len(args) for place in given]
        self._function, self._args, self._kwargs = function, args, kwargs
        self.values = [args[place] for place in self._places]

    def function(self, *values: Any) -> Any:
        """Call the function with values for the chosen arguments."""
        args = list(self._args)
        for place, value in zip(self._places, values, strict=True):
            args[place] = value
        return self._function(*args, **self._kwargs)

    def arrange(self, gradients: tuple) -> Any:
        """Return one gradient for one argument, a tuple for several."""
        return gradients[0] if self._single else gradients


def _differentiate_in_reverse(call: _PureCall) -> tuple[list, Callable, list]:
    """Return the outputs, the pullback and the other results of a call.

    Under open tapes of an engine whose tapes record units, the call is one unit, and so is each
    use of the pullback.
    """
    engine, primals = call.backend, call.primals
    if not _is_recorded(engine):
        return engine.vjp(call, primals)
    closed, captured = current.recorder.close(lambda tensors: call(*tensors), primals)
    outputs, other = current.recorder.operation(closed, [captured, primals], {})

    def pull_back(captured: list, primals: list, cotangents: list) -> list:
        _, pull, _ = engine.vjp(lambda *tensors: closed(captured, list(tensors)), primals)
        return list(pull(cotangents))

    def pull(cotangents: list) -> list:
        arguments = [captured, primals, cotangents]
        if not _is_recorded(engine):
            return pull_back(*arguments)
        return current.recorder.operation(pull_back, arguments, {})

    return outputs, pull, other


def _is_recorded(engine: Any) -> bool:
    recorder = current.recorder
    return recorder is not None and recorder.backend is engine
