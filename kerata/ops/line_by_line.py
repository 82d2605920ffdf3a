"""Control flow in steps that run line by line: Python loops, whose bodies see values.

The functions have the signatures of the kernels of `kerata.ops.control`. They compute with ops,
so that a tape records every step on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerata.ops.joining import concatenate, stack
from kerata.ops.shape import flip


def scan(
    step: Callable, carry: Any, xs: list, length: int, reverse: bool, unroll: int | bool
) -> tuple[Any, list]:
    """Carry a state along the first axis of tensors; return it and the stacked results."""
    results = []
    for t in reversed(range(length)) if reverse else range(length):
        carry, result = step(carry, [x[t] for x in xs])
        results.append(result)
    return carry, _stacked(results[::-1] if reverse else results)


def while_loop(
    condition: Callable, body: Callable, state: Any, maximum_iterations: int | None
) -> Any:
    """Repeat `state = body(state)` while the condition holds."""
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and bool(condition(state)):
        state = body(state)
        count += 1
    return state


def fori_loop(lower: Any, upper: Any, body: Callable, state: Any) -> Any:
    """Repeat `state = body(i, state)` for integers `i`."""
    for i in range(int(lower), int(upper)):
        state = body(i, state)
    return state


def vectorized_map(function: Callable, elements: list) -> list:
    """Apply a function to each element along the first axis."""
    return _stacked([function([x[i] for x in elements]) for i in range(elements[0].shape[0])])


def associative_scan(function: Callable, elements: list, reverse: bool, axis: int) -> list:
    """Combine each element with the one 1, 2, 4, ... places before it, until all are reached."""
    if reverse:
        elements = [flip(x, axis) for x in elements]
    distance, size = 1, elements[0].shape[axis]
    while distance < size:
        earlier = [_cut(x, 0, size - distance, axis) for x in elements]
        later = [_cut(x, distance, size, axis) for x in elements]
        combined = function(earlier, later)
        elements = [
            concatenate([_cut(x, 0, distance, axis), y], axis)
            for x, y in zip(elements, combined, strict=True)
        ]
        distance *= 2
    return [flip(x, axis) for x in elements] if reverse else elements


def _cut(x: Any, start: int, stop: int, axis: int) -> Any:
    return x[(slice(None),) * (axis % x.ndim) + (slice(start, stop),)]


def _stacked(results: list[list]) -> list:
    """Stack the results of all steps, leaf by leaf."""
    return [stack(leaves) for leaves in zip(*results, strict=True)]
