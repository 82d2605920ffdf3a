"""Compilation of pure functions by TensorFlow: `tf.function`, and XLA where that is faster.

A step is traced once for each signature. What runs is either that graph alone, or a loop over it
with a dynamic number of steps: `n` steps on `n` stacked batches in one call. XLA needs a second or
more to save a fraction of a millisecond per step, so it is for long runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

# XLA for CPUs has slow convolutions; TensorFlow's own kernels are twice as fast there.
_SLOW_IN_XLA = ("Conv", "DepthwiseConv", "MaxPool", "AvgPool")


class Loop:
    """A pure step compiled to run once, or `n` times over stacked batches in one call.

    Args:
        pure: `(constant, state, batch) -> (result, state)`: the first two and what it returns
            are lists of tensors, the batch is any structure of them. The state keeps its shapes
            and dtypes.
        use_xla: whether XLA compiles the graph, if it has what the graph needs and is fast at it.
    """

    def __init__(self, pure: Callable, use_xla: bool):
        self._pure = pure
        self._use_xla = use_xla
        self._steps: dict[Any, _Step] = {}

    def run(self, constant: list, state: list, batches: Any, n: int) -> tuple[list, list]:
        """Run `n` steps; `batches` are stacked along a first axis of length >= n."""
        step = self._step(constant, state, batches, stacked=1)
        return step.many(n, [*constant, *state, *_leaves(batches)])

    def one(self, constant: list, state: list, batch: Any) -> tuple[list, list]:
        """Run one step on one batch."""
        return self._step(constant, state, batch).once([*constant, *state, *_leaves(batch)])

    def flops(self, constant: list, state: list, batch: Any) -> float:
        """Return the multiply-adds times two of one step's matrix products and convolutions."""
        return _flops(self._step(constant, state, batch).graph)

    def _step(self, constant: list, state: list, batch: Any, stacked: int = 0) -> _Step:
        """Return the traced step for such a batch, whose first `stacked` axes count batches."""
        key = tuple((tuple(leaf.shape[stacked:]), leaf.dtype) for leaf in _leaves(batch))
        if key not in self._steps:
            specs = tf.nest.map_structure(
                lambda x: None if x is None else tf.TensorSpec(x.shape[stacked:], x.dtype), batch
            )
            self._steps[key] = _Step(self._pure, constant, state, specs, self._use_xla)
        return self._steps[key]


class _Step:
    """One step traced for one signature, and the programs made of its graph.

    Args:
        pure: as `Loop` takes it.
        constant: tensors.
        state: tensors.
        batch: a structure of specs.
        use_xla: as `Loop` takes it.
    """

    def __init__(self, pure: Callable, constant: list, state: list, batch: Any, use_xla: bool):
        self._constants, self._states = len(constant), len(state)

        def flat(*tensors: tf.Tensor) -> tuple[list, list]:
            each = iter(tensors[self._constants + self._states :])
            given = tf.nest.map_structure(lambda x: None if x is None else next(each), batch)
            return pure(*self._split(tensors), given)

        signature = [_spec(x) for x in (*constant, *state)] + _leaves(batch)
        self._body = tf.function(flat, autograph=False).get_concrete_function(*signature)
        self.graph = self._body.graph
        self._results = self._body.structured_outputs[0]
        self._use_xla = use_xla and not any(
            operation.type.startswith(_SLOW_IN_XLA) for operation in self.graph.get_operations()
        )
        self._programs: dict[Any, Callable] = {}

    def _split(self, tensors: Sequence) -> tuple[list, list]:
        """Return the constants and the state among the tensors of a call."""
        end = self._constants + self._states
        return list(tensors[: self._constants]), list(tensors[self._constants : end])

    def once(self, tensors: list) -> tuple[list, list]:
        """Run the step on one batch."""
        return self._call("once", self._body, tensors)

    def many(self, n: int, tensors: list) -> tuple[list, list]:
        """Run the step on the first `n` of stacked batches; return the results stacked."""
        return self._call("many", self._loop, [tf.constant(n), *tensors])

    def _call(self, name: str, function: Callable, tensors: list) -> tuple[list, list]:
        """Run a program, by XLA unless it turns out to lack one of the operations."""
        if self._use_xla:
            try:
                return self._program(name, function, True, tensors)(tensors)
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
                if not _is_of_compiler(error):
                    raise
                self._use_xla = False
        return self._program(name, function, False, tensors)(tensors)

    def _program(self, name: str, function: Callable, xla: bool, tensors: list) -> Callable:
        """Return a program of a list of tensors like these."""
        key = (name, xla, tensors[-1].shape[0] if name == "many" else None)
        if key not in self._programs:
            compiled = tf.function(function, autograph=False, jit_compile=xla)
            self._programs[key] = _direct(
                compiled.get_concrete_function(*[_spec(x) for x in tensors])
            )
        return self._programs[key]

    def _loop(self, n: tf.Tensor, *tensors: tf.Tensor) -> tuple[list, list]:
        constant, state = self._split(tensors)
        batches = tensors[self._constants + self._states :]
        length = batches[0].shape[0]
        results = [
            tf.TensorArray(spec.dtype, length, element_shape=spec.shape) for spec in self._results
        ]

        def body(i: tf.Tensor, state: list, results: list) -> tuple:
            result, state = self._body(*constant, *state, *(x[i] for x in batches))
            results = [kept.write(i, new) for kept, new in zip(results, result, strict=True)]
            return i + 1, list(state), results

        _, state, results = tf.while_loop(
            lambda i, *_: i < n, body, (tf.constant(0), state, results), parallel_iterations=1
        )
        return [kept.stack() for kept in results], state


def _direct(concrete: Any) -> Callable:
    """Return a call of a concrete function that does not look at its signature again.

    That takes most of the time of a short program: half a millisecond, each time.
    """
    inner = getattr(getattr(concrete, "inference_fn", None), "call_preflattened", None)
    if inner is None:
        return lambda tensors: concrete(*tensors)
    captured = concrete.captured_inputs
    return lambda tensors: inner([*map(tf.convert_to_tensor, tensors), *captured])


def _spec(leaf: Any) -> tf.TensorSpec:
    return tf.TensorSpec(leaf.shape, leaf.dtype)


def _leaves(structure: Any) -> list:
    return [leaf for leaf in tf.nest.flatten(structure) if leaf is not None]


def _is_of_compiler(error: tf.errors.OpError) -> bool:
    """Tell whether XLA lacks an operation, or needs a shape that is known only at run time."""
    return any(part in str(error) for part in ("unsupported operations", "compile-time constant"))


def _flops(graph: Any) -> float:
    total = 0.0
    for operation in graph.get_operations():
        if operation.type in ("MatMul", "BatchMatMulV2", "BatchMatMulV3"):
            name = "transpose_a" if operation.type == "MatMul" else "adj_x"
            inner = operation.inputs[0].shape[-2 if operation.get_attr(name) else -1]
            total += 2.0 * _size(operation.outputs[0]) * (inner or 1)
        elif operation.type in ("Conv2D", "Conv3D"):
            kernel = operation.inputs[1].shape
            # The two gradients of a convolution take as long again, each.
            per_output = _size(operation.inputs[1]) / (kernel[-1] or 1)
            total += 6.0 * _size(operation.outputs[0]) * per_output
    return total


def _size(tensor: Any) -> int:
    return math.prod(n or 1 for n in tensor.shape)
