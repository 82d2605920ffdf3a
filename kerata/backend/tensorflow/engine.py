"""The TensorFlow engine: tensors, gradients by TensorFlow's own tape, and compilation.

State is held in plain, immutable tensors: a compiled step takes them in and hands new ones out,
and outside of compiled steps a variable simply holds another tensor.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

import kerata.backend.tensorflow as package
from kerata.backend.interface import Backend, Tensor, collect_kernels
from kerata.backend.tensorflow import compile as compilation

# Parts of what TensorFlow says when a tensor of a graph is asked for its value.
_VALUE_IS_MISSING = (
    "'SymbolicTensor'", "symbolic `tf.Tensor`", "symbolic tf.Tensor", "has no value yet"
)  # fmt: skip


class TensorFlowBackend(Backend):
    """Tensors on TensorFlow's default device."""

    name = "tensorflow"
    gradients = "watched"
    compiles = True
    tensor_types = (tf.Tensor,)
    inexact_dtypes = frozenset(
        (tf.bfloat16, tf.float16, tf.float32, tf.float64, tf.complex64, tf.complex128)
    )
    native_later_scalars = frozenset(
        "add subtract multiply true_divide divide equal not_equal greater greater_equal less "
        "less_equal".split()
    )

    def __init__(self) -> None:
        self.kernels = collect_kernels(self.name, package, tf)

    def devices(self) -> dict[str, Any]:
        every = tf.config.list_logical_devices()
        return {device.name.removeprefix("/device:").lower(): device.name for device in every}

    def placing(self, device: Any) -> contextlib.AbstractContextManager:
        return tf.device(device)

    def from_numpy(self, array: np.ndarray) -> Tensor:
        # Variables may get their first value while a step is traced: it belongs outside of it.
        with tf.init_scope():
            return tf.constant(np.array(array))

    def view_numpy(self, array: np.ndarray) -> Tensor:
        return tf.convert_to_tensor(array)

    def to_numpy(self, tensor: Tensor) -> np.ndarray:
        if not isinstance(tensor, tf.Tensor):
            return np.asarray(tensor)
        if self.is_traced(tensor):
            raise TypeError(
                "A tensor inside a compiled function has no value yet. Compute with `kerata.ops` "
                "there, or run the function as Python, by `run_eagerly=True`."
            )
        return np.asarray(tensor.numpy())

    def dtype_name(self, tensor: Tensor) -> str:
        return tensor.dtype.name

    def cast(self, tensor: Tensor, dtype: str) -> Tensor:
        return tf.cast(tensor, dtype)

    def scalar(self, value: float | int | bool, dtype: str) -> Tensor:
        # TensorFlow makes no numbers of bool
        number = int(value) if isinstance(value, bool) and dtype != "bool" else value
        return tf.constant(number, dtype)

    def stop_gradient(self, tensor: Tensor) -> Tensor:
        return tf.stop_gradient(tensor)

    def is_traced(self, tensor: Tensor) -> bool:
        return tf.is_symbolic_tensor(tensor)

    def copy_state(self, tensor: Tensor) -> Tensor:
        return tensor  # tensors never change

    @property
    def operator_types(self) -> tuple[type, ...]:
        return (tf.Tensor,)

    # -- graphs that `tf.data` builds --------------------------------------------------------

    def builds_graph(self) -> bool:
        return not tf.executing_eagerly()

    def sizes(self, tensor: Tensor) -> tuple:
        if tensor.shape.is_fully_defined():
            return tuple(tensor.shape)
        computed = tf.unstack(tf.shape(tensor))
        return tuple(
            found if size is None else size
            for size, found in zip(tensor.shape, computed, strict=True)
        )

    def keys_in_graph(self, first: np.ndarray) -> Callable[[], Tensor]:
        # State of a graph that others run must be TensorFlow's own; it belongs outside of it.
        with tf.init_scope():
            key = tf.Variable(first.astype("int64"), trainable=False)

        def following() -> Tensor:
            present = tf.cast(key.read_value(), tf.uint32)
            with tf.control_dependencies([present]):
                key.assign_add([0, 1])
            return present

        return following

    # -- gradients -------------------------------------------------------------------------

    def tape(self, persistent: bool) -> Tape:
        """Return a tape of the engine, which records what is computed from watched tensors."""
        return Tape(persistent, watch_accessed_variables=False)

    def vjp(self, function: Callable, primals: Sequence[Tensor]) -> tuple[list, Callable, Any]:
        # Copies, so that one tensor in two places has two gradients.
        primals = [tf.identity(primal) for primal in primals]
        with Tape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(primals)
            outputs, other = function(*primals)

        def pullback(cotangents: list) -> list:
            return _or_zeros(tape.gradients(outputs, primals, cotangents), primals)

        return outputs, pullback, other

    def jvp(
        self, function: Callable, primals: Sequence[Tensor], tangents: Sequence[Tensor]
    ) -> tuple[list, list, Any]:
        # The pullback is linear, so its own pullback is the derivative along tangents. TensorFlow's
        # ForwardAccumulator knows no loops, and fails where it is nested with tapes.
        with Tape(persistent=False, watch_accessed_variables=False) as tape:
            outputs, pullback, other = self.vjp(function, primals)
            cotangents = [tf.zeros_like(output) for output in outputs]
            tape.watch(cotangents)
            gradients = pullback(cotangents)
        changes = _or_zeros(tape.gradients(gradients, cotangents, tangents), outputs)
        return outputs, changes, other

    def with_gradient(self, function: Callable, tensors: Sequence[Tensor]) -> list:
        def run(*tensors: Tensor) -> tuple[list, Callable]:
            outputs, pullback = function(*tensors)

            def pull(*cotangents: Tensor, variables: Sequence = ()) -> Any:
                gradients = pullback(list(cotangents))
                # Variables of TensorFlow that the function reads count as constants.
                return (gradients, [None] * len(variables)) if variables else gradients

            return outputs, pull

        return list(tf.custom_gradient(run)(*tensors))

    def remat(self, function: Callable) -> Callable:
        def run(*tensors: Tensor) -> tuple[tuple, Callable]:
            def pullback(*cotangents: Tensor) -> list:
                # Only when the cotangents are there, lest the results of the first run be kept.
                with tf.control_dependencies(cotangents):
                    again = [tf.identity(tensor) for tensor in tensors]
                with Tape(persistent=False, watch_accessed_variables=False) as tape:
                    tape.watch(again)
                    outputs = function(*again)
                floats = [i for i, x in enumerate(outputs) if x.dtype.is_floating]
                found = tape.gradients(
                    [outputs[i] for i in floats], again, [cotangents[i] for i in floats]
                )
                return _or_zeros(found, again)

            return function(*tensors), pullback

        return tf.custom_gradient(run)

    # -- running ---------------------------------------------------------------------------

    def set_random_seed(self, seed: int) -> None:
        tf.random.set_seed(seed)

    def abstract_call(self, function: Callable, specs: list[tuple[tuple, str]]) -> Any:
        tensors = [tf.TensorSpec(shape, dtype) for shape, dtype in specs]
        compiled = tf.function(function, autograph=False)
        return compiled.get_concrete_function(*tensors).structured_outputs

    def lacks_value(self, error: Exception) -> bool:
        asked = isinstance(error, (TypeError, NotImplementedError, AttributeError))
        return asked and any(part in str(error) for part in _VALUE_IS_MISSING)

    def call_on_host(
        self, function: Callable[..., np.ndarray], values: list, shape: tuple, dtype: str
    ) -> Tensor:
        def run(*arrays: np.ndarray) -> np.ndarray:
            result = function(*arrays)
            return result if dtype == "string" else result.astype(dtype, copy=False)

        result = tf.numpy_function(run, values, tf.as_dtype(dtype), stateful=False)
        result.set_shape(shape)
        return result

    def compile_loop(self, pure: Callable, thoroughly: bool) -> compilation.Loop:
        """Compile a pure step `(constant, state, batch) -> (result, state)` to run many times."""
        return compilation.Loop(pure, use_xla=thoroughly)


class Tape(tf.GradientTape):
    """TensorFlow's tape, with gradients that are always dense."""

    def gradients(
        self, targets: Sequence[Tensor], sources: Sequence[Tensor], seeds: Sequence | None
    ) -> list[Tensor | None]:
        """Return the gradients of the sum of targets; `None` for unconnected sources."""
        found = self.gradient(list(targets), list(sources), output_gradients=seeds)
        return [None if each is None else tf.convert_to_tensor(each) for each in found]


def _or_zeros(gradients: Sequence[Tensor | None], like: Sequence[Tensor]) -> list[Tensor]:
    """Return gradients, those of unconnected sources as zeros."""
    pairs = zip(gradients, like, strict=True)
    return [tf.zeros_like(x) if gradient is None else gradient for gradient, x in pairs]


def _keep_our_code_as_it_is() -> None:
    """Tell AutoGraph, which rewrites what `tf.data` and `tf.function` call, to leave kerata out.

    Its rules have no public door; without them it would rewrite all that a model calls.
    """
    with contextlib.suppress(ImportError, AttributeError):
        from tensorflow.python.autograph.core import config

        config.CONVERSION_RULES = (config.DoNotConvert("kerata"), *config.CONVERSION_RULES)


def make_engine() -> TensorFlowBackend:
    """Return the engine; called once."""
    _keep_our_code_as_it_is()
    return TensorFlowBackend()
