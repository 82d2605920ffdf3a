"""The JAX engine: tensors, state, gradients of pure functions, and compilation by XLA."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import kerata.backend.jax as package
from kerata.backend.interface import Backend, Tensor, collect_kernels
from kerata.backend.jax import compile as compilation
from kerata.backend.jax import operators, values
from kerata.backend.jax.control import close
from kerata.backend.jax.gradient import forward_mode

# What tracers raise when they are asked for a value.
_VALUE_IS_MISSING = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
    jax.errors.NonConcreteBooleanIndexError,
)


class JaxBackend(Backend):
    """Arrays on JAX's default device."""

    name = "jax"
    gradients = "functional"
    compiles = True
    donates = True
    # Tracers are arrays by `isinstance`, but not by `issubclass`.
    tensor_types = (jax.Array, jax.core.Tracer)
    inexact_dtypes = frozenset(
        np.dtype(name)
        for name in ("float16", "float32", "float64", "complex64", "complex128", jnp.bfloat16)
    )
    native_scalars = frozenset(("add", "subtract", "multiply", "true_divide", "divide"))

    def __init__(self) -> None:
        self.kernels = collect_kernels(self.name, package, jnp)

    def devices(self) -> dict[str, Any]:
        every = (*jax.devices("cpu"), *jax.devices())
        return {f"{device.platform}:{device.id}": device for device in every}

    def placing(self, device: Any) -> contextlib.AbstractContextManager:
        return jax.default_device(device)

    def from_numpy(self, array: np.ndarray) -> Tensor:
        with jax.ensure_compile_time_eval():
            return jnp.array(array, copy=True)

    def view_numpy(self, array: np.ndarray) -> Tensor:
        return jnp.asarray(array)

    def to_numpy(self, tensor: Tensor) -> np.ndarray:
        return np.asarray(tensor)

    def dtype_name(self, tensor: Tensor) -> str:
        return tensor.dtype.name

    def cast(self, tensor: Tensor, dtype: str) -> Tensor:
        narrowed = jax.dtypes.canonicalize_dtype(dtype)
        return tensor if tensor.dtype == narrowed else tensor.astype(narrowed)

    def scalar(self, value: float | int | bool, dtype: str) -> Tensor:
        # A NumPy scalar: strongly typed for JAX, and much cheaper to make than a device array.
        return np.asarray(value, jax.dtypes.canonicalize_dtype(dtype))

    def stop_gradient(self, tensor: Tensor) -> Tensor:
        stopped = jax.lax.stop_gradient(tensor)
        # Tapes know tensors by identity, so the constant must be another object.
        return self.copy_state(tensor) if stopped is tensor else stopped

    def is_traced(self, tensor: Tensor) -> bool:
        return isinstance(tensor, jax.core.Tracer) and not values.has_value(tensor)

    # States are put where they belong: a copy that JAX computes is compiled for each new shape.

    def make_state(self, array: np.ndarray, trainable: bool) -> Tensor:
        with jax.ensure_compile_time_eval():
            # What is put is read later, or never copied at all, so the array must be our own.
            return jax.device_put(np.array(array))

    def copy_state(self, tensor: Tensor) -> Tensor:
        if isinstance(tensor, jax.core.Tracer):
            return jnp.array(tensor, copy=True)
        return jax.device_put(tensor, may_alias=False)

    @property
    def operator_types(self) -> tuple[type, ...]:
        return operators.array_types()

    # -- gradients -------------------------------------------------------------------------

    def vjp(self, function: Callable, primals: Sequence[Tensor]) -> tuple[list, Callable, Any]:
        with values.readable():
            return jax.vjp(function, *primals, has_aux=True)

    def jvp(
        self, function: Callable, primals: Sequence[Tensor], tangents: Sequence[Tensor]
    ) -> tuple[list, list, Any]:
        with values.readable(), forward_mode():
            return jax.jvp(function, tuple(primals), tuple(tangents), has_aux=True)

    def with_gradient(self, function: Callable, tensors: Sequence[Tensor]) -> list:
        # What the function captures is handed in, since JAX refuses to differentiate around it.
        forward, used = close(lambda given: function(*given)[0], list(tensors))
        outputs = jax.eval_shape(forward, used, list(tensors))
        count = len(tensors)
        backward, used_later = close(
            lambda given: function(*given[:count])[1](given[count:]), [*tensors, *outputs]
        )

        @jax.custom_vjp
        def run(used: list, used_later: list, tensors: list) -> list:
            return forward(used, tensors)

        def pull(kept: tuple, cotangents: list) -> tuple:
            return None, None, backward(kept[0], [*kept[1], *cotangents])

        run.defvjp(lambda *given: (run(*given), given[1:]), pull)
        return run(used, used_later, list(tensors))

    def remat(self, function: Callable) -> Callable:
        return jax.checkpoint(function)

    def record_operators(self, recorder: Callable[[], Any]) -> None:
        """Let operators of arrays be recorded by the recorder that `recorder()` gives, if any."""
        operators.install(recorder)

    def is_differentiable(self, tensor: Any) -> bool:
        """Tell whether a leaf is a tensor that gradients can flow through."""
        return isinstance(tensor, (jax.Array, np.ndarray)) and jnp.issubdtype(
            tensor.dtype, jnp.inexact
        )

    def is_tensor(self, leaf: Any) -> bool:
        """Tell whether a leaf is an array, here or traced."""
        return isinstance(leaf, jax.Array)

    # -- running ---------------------------------------------------------------------------

    def prepare_training(self) -> None:
        compilation.keep_memory()
        compilation.enable_compilation_cache()

    def abstract_call(self, function: Callable, specs: list[tuple[tuple, str]]) -> Any:
        tensors = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in specs]
        return jax.eval_shape(function, *tensors)

    def lacks_value(self, error: Exception) -> bool:
        return isinstance(error, _VALUE_IS_MISSING)

    def call_on_host(
        self, function: Callable[..., np.ndarray], values: list, shape: tuple, dtype: str
    ) -> Tensor:
        if dtype == "string":
            raise TypeError(
                "JAX has no text: a layer that gives text cannot be part of a compiled program. "
                "Apply it to what the model gives: `layer(model.predict(x))`."
            )
        result = jax.ShapeDtypeStruct(shape, jax.dtypes.canonicalize_dtype(dtype))

        def run(*arrays: jax.Array) -> np.ndarray:
            return function(*map(np.asarray, arrays)).astype(result.dtype, copy=False)

        return jax.pure_callback(run, result, *values, vmap_method="sequential")

    def compile_loop(self, pure: Callable, thoroughly: bool) -> compilation.Loop:
        """Compile a pure step `(constant, state, batch) -> (result, state)` to run many times."""
        return compilation.Loop(pure)


def make_engine() -> JaxBackend:
    """Return the engine; called once."""
    return JaxBackend()
