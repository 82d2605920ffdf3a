"""Compilation of pure functions by TensorFlow: `tf.function`, and XLA where that is faster.

A step is traced once for each signature. What runs is either that graph alone, or a loop over it
with a dynamic number of steps: `n` steps on `n` stacked batches in one call.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

# XLA for CPUs has slow convolutions; TensorFlow's own kernels are twice as fast there.
_SLOW_IN_XLA = ("Conv", "MaxPool", "AvgPool")


class Loop:
    """A pure step compiled to run once, or `n` times over stacked batches in one call.

    Args:
        pure: `(constant, state, batch) -> (result, state)`, structures of tensors. The state
            keeps its structure, shapes and dtypes.
    """

    def __init__(self, pure: Callable):
        self._pure = pure
        self._steps: dict[Any, _Step] = {}

    def _step(self, constant: Any, state: Any, batch: Any) -> _Step:
        """Return the step for arguments like these (tensors, arrays or specs), traced."""
        leaves = tf.nest.flatten((constant, state, batch))
        specs = [None if leaf is None else _spec(leaf) for leaf in leaves]
        structure = tf.nest.map_structure(lambda leaf: leaf is None, (constant, state, batch))
        key = (repr(structure), tuple(specs))
        if key not in self._steps:
            self._steps[key] = _Step(
                self._pure, *tf.nest.pack_sequence_as((constant, state, batch), specs)
            )
        return self._steps[key]

    def run(self, constant: Any, state: Any, batches: Any, n: int) -> tuple[Any, Any]:
        """Run `n` steps; `batches` are stacked along a first axis of length >= n."""
        first = tf.nest.map_structure(
            lambda x: None if x is None else tf.TensorSpec(x.shape[1:], x.dtype), batches
        )
        return self._step(constant, state, first).many(constant, state, batches, n)

    def one(self, constant: Any, state: Any, batch: Any) -> tuple[Any, Any]:
        """Run one step on one batch."""
        return self._step(constant, state, batch).once(constant, state, batch)

    def flops(self, constant: Any, state: Any, batch: Any) -> float:
        """Return the multiply-adds times two of one step's matrix products and convolutions."""
        return _flops(self._step(constant, state, batch).graph)


class _Step:
    """One step traced for one signature, and the programs made of its graph."""

    def __init__(self, pure: Callable, constant: list, state: list, batch: Any):
        self._signature = [spec for spec in tf.nest.flatten((constant, state, batch)) if spec]
        self._count = len(constant), len(state)
        arguments = (constant, state, batch)
        self._state_specs = state

        def flat(*tensors: tf.Tensor) -> tuple[list, list]:
            each = iter(tensors)
            leaves = [None if spec is None else next(each) for spec in tf.nest.flatten(arguments)]
            result, new_state = pure(*tf.nest.pack_sequence_as(arguments, leaves))
            self.result = result
            return tf.nest.flatten(result), new_state

        self.body = tf.function(flat, autograph=False).get_concrete_function(*self._signature)
        self.graph = self.body.graph
        self.result = tf.nest.map_structure(_spec, self.result)
        self._use_xla = not any(
            operation.type.startswith(_SLOW_IN_XLA) for operation in self.graph.get_operations()
        )
        self._programs: dict[Any, Callable] = {}

    def once(self, constant: list, state: list, batch: Any) -> tuple[Any, list]:
        """Run the step on one batch."""
        result, new_state = self._call("once", self.body, _tensors((constant, state, batch)))
        return tf.nest.pack_sequence_as(self.result, result), new_state

    def many(self, constant: list, state: list, batches: Any, n: int) -> tuple[Any, list]:
        """Run the step on the first `n` of stacked batches; return the results stacked."""
        tensors = [tf.constant(n), *_tensors((constant, state, batches))]
        result, new_state = self._call("many", self._many, tensors)
        return tf.nest.pack_sequence_as(self.result, result), new_state

    def _call(self, name: str, function: Callable, tensors: list) -> tuple[list, list]:
        """Run a program, by XLA unless it turns out to lack one of the operations."""
        if self._use_xla:
            try:
                return self._program(name, function, True)(*tensors)
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
                if "ompil" not in str(error):
                    raise
                self._use_xla = False
        return self._program(name, function, False)(*tensors)

    def _program(self, name: str, function: Callable, xla: bool) -> Callable:
        key = (name, xla)
        if key not in self._programs:
            self._programs[key] = tf.function(function, autograph=False, jit_compile=xla)
        return self._programs[key]

    def _many(self, n: tf.Tensor, *tensors: tf.Tensor) -> tuple[list, list]:
        constants, states = self._count
        constant, state = list(tensors[:constants]), list(tensors[constants : constants + states])
        batches = tensors[constants + states :]
        length = batches[0].shape[0]
        results = [
            tf.TensorArray(spec.dtype, length, element_shape=spec.shape)
            for spec in tf.nest.flatten(self.result)
        ]

        def body(i: tf.Tensor, state: list, results: list) -> tuple:
            result, state = self.body(*constant, *state, *(x[i] for x in batches))
            results = [kept.write(i, new) for kept, new in zip(results, result, strict=True)]
            return i + 1, list(state), results

        _, state, results = tf.while_loop(
            lambda i, *_: i < n, body, (tf.constant(0), state, results), parallel_iterations=1
        )
        return [kept.stack() for kept in results], state


def _spec(leaf: Any) -> tf.TensorSpec:
    return tf.TensorSpec(leaf.shape, leaf.dtype)


def _tensors(structure: Any) -> list:
    return [leaf for leaf in tf.nest.flatten(structure) if leaf is not None]


def _flops(graph: Any) -> float:
    total = 0.0
    for operation in graph.get_operations():
        shapes = [tensor.shape for tensor in operation.inputs]
        if operation.type in ("MatMul", "BatchMatMulV2", "BatchMatMulV3"):
            transposed = operation.get_attr(
                "transpose_a" if operation.type == "MatMul" else "adj_x"
            )
            total += 2.0 * _size(operation.outputs[0]) * (shapes[0][-2 if transposed else -1] or 1)
        elif operation.type in ("Conv2D", "Conv3D"):
            per_output = math.prod(shapes[1]) / (shapes[1][-1] or 1)
            total += 2.0 * _size(operation.outputs[0]) * per_output
        elif operation.type.startswith("Conv2DBackprop"):
            # The gradients of a convolution multiply as often as the convolution itself.
            gradient = operation.inputs[2]
            kernel = tf.get_static_value(operation.inputs[1]) if "Filter" in operation.type else None
            shape = shapes[1] if kernel is None else kernel
            total += 2.0 * _size(gradient) * math.prod(int(n) for n in shape[:-1])
    return total


def _size(tensor: Any) -> int:
    return math.prod(n or 1 for n in tensor.shape)
