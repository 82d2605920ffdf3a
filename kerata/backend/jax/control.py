"""Control flow on JAX: the `lax` forms, whose bodies are traced once.

Bodies take and give lists of tensors; `kerata.ops.control` packs and unpacks structures.
"""

import jax
from jax import lax
from jax.extend import core


def scan(step, carry, xs, length, reverse, unroll):
    return lax.scan(step, carry, xs, length=length, reverse=reverse, unroll=unroll)


def while_loop(condition, body, state, maximum_iterations):
    if maximum_iterations is None:
        return lax.while_loop(condition, body, state)
    _, state = lax.while_loop(
        lambda counted: (counted[0] < maximum_iterations) & condition(counted[1]),
        lambda counted: (counted[0] + 1, body(counted[1])),
        (0, state),
    )
    return state


def fori_loop(lower, upper, body, state):
    return lax.fori_loop(lower, upper, body, state)


def switch(index, branches):
    return lax.switch(index, branches)


def vectorized_map(function, elements):
    return jax.vmap(function)(elements)


def associative_scan(function, elements, reverse, axis):
    axis %= elements[0].ndim  # reversing takes no negative axis
    return lax.associative_scan(function, elements, reverse=reverse, axis=axis)


def close(function, tensors):
    """Return `run(captured, tensors)`, which is `function`, and the tensors it captures."""
    traced, shapes = jax.make_jaxpr(function, return_shape=True)(tensors)
    structure = jax.tree.structure(shapes)

    def run(captured, tensors):
        results = core.jaxpr_as_fun(core.ClosedJaxpr(traced.jaxpr, captured))(*tensors)
        return jax.tree.unflatten(structure, results)

    return run, list(traced.consts)
