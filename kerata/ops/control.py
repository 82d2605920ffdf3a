"""Control flow that depends on values: loops, branches, and functions mapped over tensors.

Bodies are Python functions of tensors, or of structures of them, and may read variables and
tensors around them. On torch and NumPy these ops are plain Python loops and branches. JAX
traces each body once; three things make a traced body behave like one that runs:

* variables that it assigns are handed through the loop and assigned when it ends;
* under a `GradientTape` the whole op is one unit, and what the bodies capture counts as input;
* a branch whose condition is known is taken in Python.

In steps that run line by line (`run_eagerly=True`) they are Python on every engine.

On symbolic tensors a body runs once, for the specs of its results.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from kerata.backend.interface import Backend
from kerata.core import tree
from kerata.core.primitive import backend_of, to_tensor
from kerata.core.rules import canonical_axis
from kerata.core.spec import ndim_of, shape_of, spec_of
from kerata.core.symbolic import SymbolicTensor
from kerata.core.variable import Variable
from kerata.ops.bodies import (
    Handed,
    Layout,
    Structure,
    converted,
    execute,
    fill,
    flat,
    is_symbolic,
    kernel_of,
    placeholders,
    record_op,
    tensors_of,
    unchanged,
)

# -- loops -----------------------------------------------------------------------------------


def scan(
    f: Callable[[Structure, Structure], tuple[Structure, Structure]],
    init: Structure,
    xs: Structure = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Structure, Structure]:
    """Walk along the first axis of tensors, carrying a state: `carry, y = f(carry, x)`.

    Args:
        f: function `(carry, x) -> (carry, y)`; the carry keeps its shapes and dtypes. `y` may be
            `None`.
        init: first carry, a tensor or a structure of tensors.
        xs: tensor or structure of tensors, all with the same first dimension; `None` if `f`
            needs no input.
        length: number of steps, needed without `xs`.
        reverse: walk from the last element to the first; the results stay in the order of `xs`.
        unroll: steps per iteration of a compiled loop.

    Returns:
        `(carry, ys)`: the last carry and all `y` stacked along a new first axis.

    Raises:
        ValueError: if the lengths differ or are not known, there are no steps, or the carry
            changes its shape or dtype.

    >>> import kerata
    >>> from kerata import ops
    >>> total, sums = ops.scan(lambda c, x: (c + x, c + x), 0, ops.array([1, 2, 3]))
    >>> int(total), sums.tolist()
    (6, [1, 3, 6])
    """
    steps = _steps(flat(xs), length)
    if is_symbolic(init, xs):
        once = _scan_once(f, init, xs, steps)
        return record_op(scan, (f, init, xs, length, reverse, unroll), once)
    if not steps:
        raise ValueError("scan: there are no steps; give `xs` with elements, or a `length`.")
    backend, first, items = tensors_of(init, xs)
    count, layout = len(first), Layout()

    def step(carry: list, x: list) -> tuple[list, list]:
        new, y = f(fill(init, carry), fill(xs, x))
        return unchanged("scan", carry, converted(new, backend)), layout.leaves(y, backend)

    def run(handed: Handed, tensors: list) -> tuple[list, list]:
        def stateful(state: tuple, x: list) -> tuple[tuple, list]:
            (carry, y), values = handed.run(state[1], step, state[0], x)
            return (carry, values), y

        state, kernel = (tensors[:count], handed.values()), kernel_of(backend, "scan")
        (carry, values), ys = kernel(stateful, state, tensors[count:], steps, reverse, unroll)
        return [*carry, *ys], values

    outputs = execute(backend, run, [*first, *items])
    return fill(init, outputs[:count]), layout.fill(outputs[count:])


def _steps(items: list, length: int | None) -> int | None:
    """Return the number of steps; `None` if it is not known yet or nothing tells it."""
    if any(ndim_of(x) == 0 for x in items):
        raise ValueError("A scalar has no first axis to walk along; expected rank 1 or more.")
    sizes = {shape_of(x)[0] for x in items} | {length}
    sizes.discard(None)
    if len(sizes) > 1:
        raise ValueError(
            f"The tensors to walk along have different lengths: {sorted(sizes)}. "  # type: ignore
            "Cut or pad them to one length."
        )
    return sizes.pop() if sizes else None


def _scan_once(f: Callable, init: Structure, xs: Structure, steps: int | None) -> tuple:
    """Return the specs of a scan's results by running its body once."""
    first = placeholders(init)
    items = [SymbolicTensor(spec_of(x).shape[1:], spec_of(x).dtype) for x in flat(xs)]
    carry, y = f(fill(init, first), fill(xs, items))
    unchanged("scan", first, flat(carry))
    return init, _stacked(y, steps)


def _stacked(structure: Structure, steps: int | None) -> Structure:
    specs = [spec_of(leaf) for leaf in flat(structure)]
    return fill(structure, [spec.with_shape((steps, *spec.shape)) for spec in specs])


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Structure],
    loop_vars: Structure,
    maximum_iterations: int | None = None,
) -> Structure:
    """Repeat `loop_vars = body(*loop_vars)` as long as `cond(*loop_vars)` is true.

    JAX differentiates it only in forward mode; use `fori_loop` or `scan` for training.

    Args:
        cond: function of the loop variables giving one bool.
        body: function of the loop variables giving them anew, with the same shapes and dtypes.
        loop_vars: tuple or list of tensors (or structures), or one tensor.
        maximum_iterations: stop after so many.

    Returns:
        The last loop variables, structured as given.

    Raises:
        ValueError: if a loop variable changes its shape or dtype.

    >>> import kerata
    >>> kerata.ops.while_loop(lambda n: n < 100, lambda n: n * 2, 3).tolist()
    192
    """
    several = isinstance(loop_vars, (tuple, list))

    def variables(leaves: list) -> Sequence[Any]:
        filled = fill(loop_vars, leaves)
        return filled if several else (filled,)

    if is_symbolic(loop_vars):
        first = placeholders(loop_vars)
        unchanged("while_loop", first, flat(body(*variables(first))))
        return record_op(while_loop, (cond, body, loop_vars, maximum_iterations), loop_vars)
    backend, first = tensors_of(loop_vars)

    def run(handed: Handed, tensors: list) -> tuple[list, list]:
        def go_on(state: tuple) -> Any:
            found, _ = handed.run(state[1], cond, *variables(state[0]))
            return to_tensor(found, backend, "bool")

        def step(state: tuple) -> tuple[list, list]:
            new, values = handed.run(state[1], body, *variables(state[0]))
            return unchanged("while_loop", state[0], converted(new, backend)), values

        state = (tensors, handed.values())
        return kernel_of(backend, "while_loop")(go_on, step, state, maximum_iterations)

    return fill(loop_vars, execute(backend, run, first))


def fori_loop(
    lower: int, upper: int, body_fun: Callable[[Any, Structure], Structure], init_val: Structure
) -> Structure:
    """Repeat `value = body_fun(i, value)` for `i` from `lower` to `upper - 1`.

    Args:
        lower, upper: integers, or scalar tensors (JAX then differentiates in forward mode only).
        body_fun: function `(i, value) -> value` that keeps shapes and dtypes.
        init_val: first value, a tensor or a structure of tensors.

    Returns:
        The last value.

    Raises:
        ValueError: if the value changes its shape or dtype.

    >>> import kerata
    >>> kerata.ops.fori_loop(1, 5, lambda i, product: product * i, 1).tolist()
    24
    """
    if is_symbolic(init_val, lower, upper):
        first = placeholders(init_val)
        unchanged("fori_loop", first, flat(body_fun(0, fill(init_val, first))))
        return record_op(fori_loop, (lower, upper, body_fun, init_val), init_val)
    backend, first = tensors_of(init_val)
    bounds = [b.value if isinstance(b, Variable) else b for b in (lower, upper)]

    def run(handed: Handed, tensors: list) -> tuple[list, list]:
        def step(i: Any, state: tuple) -> tuple[list, list]:
            new, values = handed.run(state[1], body_fun, i, fill(init_val, state[0]))
            return unchanged("fori_loop", state[0], converted(new, backend)), values

        return kernel_of(backend, "fori_loop")(*bounds, step, (tensors, handed.values()))

    return fill(init_val, execute(backend, run, first))


def map(f: Callable[[Structure], Structure], xs: Structure) -> Structure:
    """Apply a function to each element along the first axis, one after the other.

    Args:
        f: function of one element.
        xs: tensor or structure of tensors, all with the same first dimension.

    Returns:
        The results, stacked along a new first axis.

    Raises:
        ValueError: if the lengths differ or there are no elements.

    >>> import kerata
    >>> kerata.ops.map(lambda x: x * x, kerata.ops.array([1, 2, 3])).tolist()
    [1, 4, 9]
    """
    return scan(lambda carry, x: (carry, f(x)), (), xs)[1]


# -- branches --------------------------------------------------------------------------------


def cond(pred: Any, true_fn: Callable[[], Structure], false_fn: Callable[[], Structure]) -> Any:
    """Call one of two functions.

    Args:
        pred: one bool.
        true_fn, false_fn: functions without arguments that give results of the same structure,
            shapes and dtypes. In compiled steps both are traced and one runs.

    Returns:
        The result of `true_fn()` if `pred` is true, else of `false_fn()`.

    Raises:
        ValueError: if the results differ in structure, shape or dtype, where both are traced.

    >>> import kerata
    >>> x = kerata.ops.array([1.0, 3.0])
    >>> kerata.ops.cond(kerata.ops.sum(x) > 3, lambda: x / 2, lambda: x).tolist()
    [0.5, 1.5]
    """
    pred = pred.value if isinstance(pred, Variable) else pred
    if isinstance(pred, SymbolicTensor):
        result = _agreed("cond", [true_fn(), false_fn()])
        return record_op(cond, (pred, true_fn, false_fn), result)
    backend = backend_of(pred)
    if not backend.is_traced(pred):
        return true_fn() if bool(pred) else false_fn()
    return _choose("cond", backend, to_tensor(pred, backend, "int32"), [false_fn, true_fn])


def switch(index: Any, branches: Sequence[Callable[..., Structure]], *operands: Any) -> Any:
    """Call one of several functions.

    Args:
        index: integer; one outside of `0 .. len(branches) - 1` counts as the nearest of these.
        branches: functions of the operands that give results of the same structure, shapes and
            dtypes. In compiled steps all are traced and one runs.
        operands: passed to the function.

    Returns:
        The result of `branches[index](*operands)`.

    Raises:
        ValueError: if there are no branches, or the results differ in structure, shape or dtype
            where all are traced.

    >>> import kerata
    >>> kerata.ops.switch(1, [lambda x: x + 1, lambda x: x * 10], kerata.ops.array([1, 2])).tolist()
    [10, 20]
    """
    if not branches:
        raise ValueError("switch: there are no branches to choose from.")
    index = index.value if isinstance(index, Variable) else index
    if is_symbolic(index, operands):
        results = [branch(*operands) for branch in branches]
        return record_op(switch, (index, branches, *operands), _agreed("switch", results))
    backend = backend_of(index, *tree.flatten(operands))
    if not backend.is_traced(index):
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)
    bound = [lambda branch=branch: branch(*operands) for branch in branches]
    return _choose("switch", backend, index, bound)


def _choose(op: str, backend: Backend, choice: Any, branches: list[Callable]) -> Structure:
    """Let the engine choose a branch by a value that is not known yet."""
    layout = Layout()

    def run(handed: Handed, tensors: list) -> tuple[list, list]:
        before = handed.values()
        results: list[Structure] = []

        def traced(branch: Callable) -> tuple[list, list]:
            result, values = handed.run(before, branch)
            results.append(result)
            _agreed(op, [results[0], result])
            return layout.leaves(result, backend), values

        closed = [functools.partial(traced, branch) for branch in branches]
        return backend.kernels["switch"](tensors[0], closed)

    return layout.fill(execute(backend, run, [choice]))


def _agreed(op: str, results: list[Structure]) -> Structure:
    """Return the first of several results; raise if another differs in structure or specs."""
    for result in results[1:]:
        if tree.describe(result) != tree.describe(results[0]):
            raise ValueError(
                f"{op}: the branches give different structures, {tree.describe(results[0])} and "
                f"{tree.describe(result)}. Let all return the same."
            )
        unchanged(op, flat(results[0]), flat(result))
    return results[0]


# -- all elements at once --------------------------------------------------------------------


def vectorized_map(function: Callable[[Structure], Structure], elements: Structure) -> Structure:
    """Apply a function to each element along the first axis, to all at once where possible.

    Args:
        function: function of one element.
        elements: tensor or structure of tensors, all with the same first dimension.

    Returns:
        The results, stacked along a new first axis.

    Raises:
        ValueError: if the lengths differ or there are no elements.

    >>> import kerata
    >>> kerata.ops.vectorized_map(lambda x: x * x, kerata.ops.array([1, 2, 3])).tolist()
    [1, 4, 9]
    """
    steps = _steps(flat(elements), None)
    if is_symbolic(elements):
        _, results = _scan_once(lambda carry, x: (carry, function(x)), (), elements, steps)
        return record_op(vectorized_map, (function, elements), results)
    if not steps:
        raise ValueError("vectorized_map: there are no elements to apply the function to.")
    backend, items = tensors_of(elements)
    layout = Layout()

    def each(leaves: list) -> list:
        return layout.leaves(function(fill(elements, leaves)), backend)

    def run(handed: Handed, tensors: list) -> tuple[list, list]:
        return kernel_of(backend, "vectorized_map")(each, tensors), []

    return layout.fill(execute(backend, run, items))


def associative_scan(
    f: Callable[[Structure, Structure], Structure],
    elems: Structure,
    reverse: bool = False,
    axis: int = 0,
) -> Structure:
    """Combine all elements up to each, in a number of steps that grows like the logarithm.

    Args:
        f: associative function of two structures of tensors like `elems`, applied to many
            elements along `axis` at once.
        elems: tensor or structure of tensors, all with the same size along `axis`.
        reverse: combine from the last element on.
        axis: the axis to walk along.

    Returns:
        Structure like `elems`: at each place `f(... f(f(e_0, e_1), e_2) ..., e_i)`.

    Raises:
        ValueError: if the sizes along `axis` differ, or the axis does not exist.

    Source: Hillis and Steele, Data parallel algorithms, Communications of the ACM 29 (1986).

    >>> import kerata
    >>> kerata.ops.associative_scan(lambda a, b: a + b, kerata.ops.array([1, 2, 3])).tolist()
    [1, 3, 6]
    """
    found = {shape_of(x)[canonical_axis(axis, ndim_of(x))] for x in flat(elems)}
    sizes = [size for size in found if size is not None]
    if len(sizes) > 1:
        raise ValueError(
            f"associative_scan: the tensors have sizes {sorted(sizes)} along axis {axis}; "
            "expected one size."
        )
    if is_symbolic(elems):
        return record_op(associative_scan, (f, elems, reverse, axis), elems)
    backend, items = tensors_of(elems)

    def combine(a: list, b: list) -> list:
        return converted(f(fill(elems, a), fill(elems, b)), backend)

    def run(handed: Handed, tensors: list) -> tuple[list, list]:
        return list(kernel_of(backend, "associative_scan")(combine, tensors, reverse, axis)), []

    return fill(elems, execute(backend, run, items))
