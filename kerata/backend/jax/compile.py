"""Compilation of pure functions by XLA: options, the persistent cache, and the loop of steps.

The loop is one program with a dynamic trip count: `n` steps on `n` stacked batches in one
call, so that small models run at the engine's speed and not at Python's.
"""

from __future__ import annotations

import ctypes
import functools
import math
import os
import pathlib
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

# XLA:CPU's default lowering of convolutions is single-threaded; restricting its YNNPACK
# fusions to dots and reductions brings the multi-threaded Eigen kernels back (3x faster).
_FUSION = "LIBRARY_FUSION_TYPE_"
_CPU_OPTIONS = {
    "xla_cpu_experimental_ynn_fusion_type": f"{_FUSION}INDIVIDUAL_DOT,{_FUSION}REDUCE"
}


@functools.cache
def compiler_options() -> dict[str, str]:
    """Return the options for top-level programs, empty where this XLA does not know them."""
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: 0.0, compiler_options=_CPU_OPTIONS)()
    except Exception:  # another XLA version: any failure means "not these options"
        return {}
    return dict(_CPU_OPTIONS)


def compile_function(function: Callable, donate: tuple[int, ...] = ()) -> Callable:
    """Compile a top-level program."""
    return jax.jit(function, donate_argnums=donate, compiler_options=compiler_options())


@functools.cache
def keep_memory() -> None:
    """Tell glibc to keep freed memory: page faults cost 10-30 % of a training step on CPUs.

    Left alone where the user has set MALLOC_* or KERATA_KEEP_MEMORY=0.
    """
    chosen = any(name.startswith("MALLOC_") for name in os.environ)
    refused = chosen or os.environ.get("KERATA_KEEP_MEMORY") == "0"
    if refused or not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        max_mmap_chunks, trim_threshold = -4, -1
        mallopt(max_mmap_chunks, 0)
        mallopt(trim_threshold, -1)


@functools.cache
def enable_compilation_cache() -> None:
    """Keep compiled programs on disk, per user, unless the user has configured JAX's cache."""
    if jax.config.jax_compilation_cache_dir or os.environ.get("KERATA_COMPILATION_CACHE") == "0":
        return
    home = os.environ.get("KERATA_HOME") or pathlib.Path.home() / ".kerata"
    jax.config.update("jax_compilation_cache_dir", str(pathlib.Path(home) / "compiled"))
    # Small models too: a cross-validation or a search compiles the same ones again and again.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)


class Loop:
    """A pure step compiled to run `n` times over stacked batches in one call.

    The Python step is traced once for each signature; what is compiled replays that trace.

    Args:
        pure: `(constant, state, batch) -> (result, state)`; pytrees of arrays. The state keeps
            its structure, shapes and dtypes, and its buffers are consumed by each call.
    """

    def __init__(self, pure: Callable):
        self._pure = pure
        self._traces: dict[Any, _Trace] = {}
        self._run = compile_function(self._many, donate=(1,))
        self._one = compile_function(self._replay, donate=(1,))

    def _trace(self, *examples: Any) -> _Trace:
        leaves, structure = jax.tree.flatten(examples)
        key = (structure, tuple((leaf.shape, np.dtype(leaf.dtype)) for leaf in leaves))
        if key not in self._traces:
            specs = [jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in leaves]
            self._traces[key] = _Trace(self._pure, *jax.tree.unflatten(structure, specs))
        return self._traces[key]

    def _replay(self, constant: Any, state: Any, batch: Any) -> tuple[Any, Any]:
        return self._trace(constant, state, batch).replay(constant, state, batch)

    def _many(self, constant: Any, state: Any, batches: Any, n: Any) -> tuple[Any, Any]:
        length = jax.tree.leaves(batches)[0].shape[0]
        first = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), batches)
        trace = self._trace(constant, state, first)
        results = jax.tree.map(lambda s: jnp.zeros((length, *s.shape), s.dtype), trace.result)

        def body(carry: tuple) -> tuple:
            i, state, results = carry
            batch = jax.tree.map(
                lambda x: lax.dynamic_index_in_dim(x, i, keepdims=False), batches
            )
            result, state = trace.replay(constant, state, batch)
            results = jax.tree.map(
                lambda kept, new: lax.dynamic_update_index_in_dim(kept, new, i, 0), results, result
            )
            return i + 1, state, results

        start = (jnp.int32(0), state, results)
        _, state, results = lax.while_loop(lambda carry: carry[0] < n, body, start)
        return results, state

    def run(self, constant: Any, state: Any, batches: Any, n: int) -> tuple[Any, Any]:
        """Run `n` steps; `batches` are stacked along a first axis of length >= n."""
        return self._run(constant, state, batches, n)

    def one(self, constant: Any, state: Any, batch: Any) -> tuple[Any, Any]:
        """Run one step on one batch."""
        return self._one(constant, state, batch)

    def flops(self, constant: Any, state: Any, batch: Any) -> float:
        """Return the multiply-adds times two of one step's matrix products and convolutions."""
        return _flops(self._trace(constant, state, batch).jaxpr)


class _Trace:
    """A traced step: its jaxpr, what its result looks like, and a way to run it again."""

    def __init__(self, pure: Callable, *examples: Any):
        closed, (self.result, state) = jax.make_jaxpr(pure, return_shape=True)(*examples)
        self.jaxpr = closed.jaxpr
        self._constants = closed.consts
        self._structure = jax.tree.structure((self.result, state))

    def replay(self, *arguments: Any) -> Any:
        flat = jax.core.eval_jaxpr(self.jaxpr, self._constants, *jax.tree.leaves(arguments))
        return jax.tree.unflatten(self._structure, flat)


def _flops(jaxpr: Any) -> float:
    total = 0.0
    for equation in jaxpr.eqns:
        name, parameters = equation.primitive.name, equation.params
        if name == "dot_general":
            (contracting, _), _ = parameters["dimension_numbers"]
            sizes = (equation.invars[0].aval.shape[axis] for axis in contracting)
            total += 2.0 * math.prod(equation.outvars[0].aval.shape) * math.prod(sizes)
        elif name == "conv_general_dilated":
            kernel = equation.invars[1].aval.shape
            out_features = kernel[parameters["dimension_numbers"].rhs_spec[0]]
            per_output = math.prod(kernel) / out_features
            total += 2.0 * math.prod(equation.outvars[0].aval.shape) * per_output
        repeats = parameters.get("length", 1) if name == "scan" else 1
        for inner in _inner_jaxprs(parameters):
            total += repeats * _flops(inner)
    return total


def _inner_jaxprs(parameters: dict) -> list:
    found = []
    for value in parameters.values():
        for item in value if isinstance(value, (tuple, list)) else (value,):
            inner = getattr(item, "jaxpr", item)
            if hasattr(inner, "eqns"):
                found.append(inner)
    return found
