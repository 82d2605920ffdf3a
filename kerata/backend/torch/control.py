"""Control flow on PyTorch: Python's own, as autograd expects it.

Bodies take and give lists of tensors; `kerata.ops.control` packs and unpacks structures.
"""

import torch


def scan(step, carry, xs, length, reverse, unroll):
    steps = range(length - 1, -1, -1) if reverse else range(length)
    results = []
    for t in steps:
        carry, result = step(carry, [x[t] for x in xs])
        results.append(result)
    return carry, _stacked(results[::-1] if reverse else results)


def _stacked(results):
    """Stack the results of all steps, leaf by leaf."""
    return [None if leaf[0] is None else torch.stack(leaf) for leaf in zip(*results, strict=True)]


def while_loop(condition, body, state, maximum_iterations):
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and condition(state):
        state = body(state)
        count += 1
    return state


def fori_loop(lower, upper, body, state):
    for i in range(int(lower), int(upper)):
        state = body(i, state)
    return state


def vectorized_map(function, elements):
    return torch.vmap(function, randomness="different")(elements)


def associative_scan(function, elements, reverse, axis):
    if reverse:
        elements = [x.flip(axis) for x in elements]
    elements = _combined(function, [torch.movedim(x, axis, 0) for x in elements], axis)
    elements = [torch.movedim(x, 0, axis) for x in elements]
    return [x.flip(axis) for x in elements] if reverse else elements


def _combined(function, elements, axis):
    """Combine each element with the one 1, 2, 4, ... places before it, until all are reached."""
    distance = 1
    while distance < len(elements[0]):
        earlier = [torch.movedim(x[:-distance], 0, axis) for x in elements]
        later = [torch.movedim(x[distance:], 0, axis) for x in elements]
        combined = [torch.movedim(x, axis, 0) for x in function(earlier, later)]
        elements = [
            torch.cat([x[:distance], y]) for x, y in zip(elements, combined, strict=True)
        ]
        distance *= 2
    return elements
