"""What an engine owes kerata: the contract that numpy, jax, torch and tensorflow fulfil.

An engine is a subclass of `Backend` in `backend/<engine>/engine.py` plus a table of kernels:
every function of the modules beside it is the kernel of the primitive of the same name.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

Tensor = Any

# Modules of an engine's package that hold machinery, not kernels.
_MACHINERY = {"engine", "compile", "gradient", "module", "operators", "placement", "values"}


class Kernels(dict):
    """Primitive name -> function of one engine; a missing kernel is explained."""

    def __init__(self, backend_name: str):
        super().__init__()
        self._backend_name = backend_name

    def __missing__(self, name: str) -> Callable:
        raise NotImplementedError(
            f"The {self._backend_name} backend has no kernel for `{name}`. "
            "Use another backend for it, e.g. `with kerata.use_backend('jax'):`."
        )


def collect_kernels(backend_name: str, package: ModuleType, engine: ModuleType) -> Kernels:
    """Gather the kernels of an engine's package: its functions and its `FROM_ENGINE` names."""
    kernels = Kernels(backend_name)
    for found in pkgutil.iter_modules(package.__path__):
        if found.name in _MACHINERY:
            continue
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        for name in getattr(module, "FROM_ENGINE", ()):
            kernels[name] = getattr(engine, name)
        for name, value in vars(module).items():
            if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__:
                kernels[name] = value
    return kernels


class Backend(ABC):
    """One engine."""

    name: ClassVar[str]
    tensor_types: tuple[type, ...]
    kernels: Kernels

    # Primitives whose kernels take Python scalars as they are, without making a tensor of them.
    native_scalars: frozenset[str] = frozenset()
    # The same, provided that their first argument is a tensor.
    native_later_scalars: frozenset[str] = frozenset()

    # The engine's own dtype objects that gradients can flow through.
    inexact_dtypes: frozenset = frozenset()

    # How gradients are found: "native" (the engine records by itself), "watched" (the engine's
    # own `tape()` records what is computed from the tensors it is told to watch), "functional"
    # (our tape records units and asks `vjp`), or None (the engine has no gradients).
    gradients: ClassVar[str | None] = None

    # True if compiled steps consume their state buffers, so that state must not be shared.
    donates: ClassVar[bool] = False

    def __reduce__(self) -> tuple:
        """An engine is one of its kind: copies of what refers to it refer to the same one."""
        from kerata.backend.select import load

        return load, (self.name,)

    # -- tensors ---------------------------------------------------------------------------

    @abstractmethod
    def from_numpy(self, array: np.ndarray) -> Tensor:
        """Return a new tensor that owns a copy of `array`."""

    @abstractmethod
    def view_numpy(self, array: np.ndarray) -> Tensor:
        """Return a tensor of `array` for reading, sharing memory where the engine can."""

    @abstractmethod
    def to_numpy(self, tensor: Tensor) -> np.ndarray:
        """Return the value on the host as a NumPy array."""

    @abstractmethod
    def dtype_name(self, tensor: Tensor) -> str:
        """Return the dtype of a tensor by name."""

    @abstractmethod
    def cast(self, tensor: Tensor, dtype: str) -> Tensor:
        """Return the tensor with another dtype."""

    @abstractmethod
    def scalar(self, value: float | int | bool, dtype: str) -> Tensor:
        """Return a tensor of shape () (or what the kernels take for one)."""

    @abstractmethod
    def stop_gradient(self, tensor: Tensor) -> Tensor:
        """Return the tensor as a constant for gradients."""

    def on_one_device(self, values: list) -> list | None:
        """Return the values with their tensors moved to one device; `None` if they are on one.

        Asked when a kernel has failed: moving is for a user's tensor that meets our variables.
        """
        return None

    def devices(self) -> dict[str, Any]:
        """Return the engine's devices by names such as `"cpu:0"` and `"gpu:1"`."""
        return {"cpu:0": None}

    def placing(self, device: Any) -> contextlib.AbstractContextManager:
        """Return a context in which new tensors are made on a device of the engine's."""
        return contextlib.nullcontext()

    def is_traced(self, tensor: Tensor) -> bool:
        """Tell whether the tensor stands for a value that is not there yet (in compilation)."""
        return False

    # -- state -----------------------------------------------------------------------------

    def make_state(self, array: np.ndarray, trainable: bool) -> Tensor:
        """Return the tensor that holds the first value of a variable."""
        return self.from_numpy(array)

    def replace_state(self, old: Tensor, new: Tensor, trainable: bool) -> Tensor:
        """Return the tensor that holds a variable's new value, given that of its old one."""
        return new

    def replace_states(self, old: list, new: list, trainable: list[bool]) -> list:
        """Replace many variables' values at once."""
        return [self.replace_state(*each) for each in zip(old, new, trainable, strict=True)]

    def set_trainable(self, tensor: Tensor, trainable: bool) -> Tensor:
        """Return the tensor of a variable that has been frozen or unfrozen."""
        return tensor

    def copy_state(self, tensor: Tensor) -> Tensor:
        """Return a copy that shares no memory with the tensor."""
        return self.from_numpy(self.to_numpy(tensor))

    # -- derivatives -----------------------------------------------------------------------

    def vjp(self, function: Callable, primals: Sequence[Tensor]) -> tuple[list, Callable, Any]:
        """Differentiate a pure function in reverse.

        Args:
            function: `(*primals) -> (outputs, other)`: a list of float tensors, and a structure
                of tensors that are not differentiated.
            primals: float tensors.

        Returns:
            `(outputs, pullback, other)`; `pullback(cotangents)` takes a list shaped like the
            outputs and returns the gradients of the primals. All can be differentiated again.
        """
        raise self.without_gradients()

    def jvp(
        self, function: Callable, primals: Sequence[Tensor], tangents: Sequence[Tensor]
    ) -> tuple[list, list, Any]:
        """Differentiate a pure function, as `vjp` takes it, along tangents of its primals.

        Returns:
            `(outputs, tangents of the outputs, other)`.
        """
        raise self.without_gradients()

    def with_gradient(self, function: Callable, tensors: Sequence[Tensor]) -> list:
        """Run a function that says itself what its gradient is.

        Args:
            function: `(*tensors) -> (outputs, pullback)`: a list of tensors, and a function
                from a list of cotangents of the outputs to a list of gradients of the tensors.
            tensors: float tensors.

        Returns:
            The outputs, whose gradients are what `pullback` gives.
        """
        return function(*tensors)[0]

    def remat(self, function: Callable) -> Callable:
        """Return a function of the same results that is run again to compute gradients.

        Args:
            function: from tensors to a tuple of tensors, of which floats have gradients. It has
                no effects, and depends on no other tensors that need gradients.
        """
        return function

    def without_gradients(self) -> RuntimeError:
        """Return the error for asking an engine for gradients that has none."""
        return RuntimeError(
            f"The {self.name} backend computes no gradients: it evaluates and predicts. "
            "Train with `kerata.config.set_backend('jax')` or 'torch'."
        )

    # -- running ---------------------------------------------------------------------------

    def inference(self) -> contextlib.AbstractContextManager:
        """Return a context in which no gradients are prepared."""
        return contextlib.nullcontext()

    def set_random_seed(self, seed: int) -> None:
        """Seed the engine's own generators, which users' raw code may draw from."""
        return None

    def prepare_training(self) -> None:
        """Set process-wide switches that make training faster, once, before the first fit."""
        return None

    def abstract_call(self, function: Callable, specs: list[tuple[tuple, str]]) -> Any:
        """Run `function` on tensors without values; return its outputs as (shape, dtype) pairs.

        Used for layers whose `call` goes around `kerata.ops`.
        """
        return self.call_on_zeros(function, specs)

    def call_on_zeros(self, function: Callable, specs: list[tuple[tuple, str]]) -> Any:
        """Run `function` on tensors of zeros, for what must look at values."""
        tensors = [self.from_numpy(np.zeros(shape, dtype)) for shape, dtype in specs]
        return function(*tensors)

    @property
    def operator_types(self) -> tuple[type, ...]:
        """The classes of tensors whose operators are Python methods, which can be watched."""
        return ()

    # -- calling Python ----------------------------------------------------------------------

    def call_on_host(
        self, function: Callable[..., np.ndarray], values: list, shape: tuple, dtype: str
    ) -> Tensor:
        """Call a function of NumPy arrays from inside a compiled program.

        Args:
            function: takes one array for each value, and returns one.
            values: tensors without values yet, or arrays.
            shape: shape of the result, `None` for sizes that are not known.
            dtype: dtype of the result.
        """
        raise TypeError(
            f"A compiled program of {self.name} cannot call Python. Compute this before: in the "
            "data pipeline, or in the first layers of the model."
        )

    # -- the engine's own models -----------------------------------------------------------

    def as_module(self, layer: Callable, variables: dict[tuple[str, ...], Any]) -> Any:
        """Return a layer as a module of PyTorch, on that engine.

        Args:
            layer: the layer.
            variables: its variables, by the names on the way to each.
        """
        raise TypeError(
            f"The layer computes on {self.name}, so it is no PyTorch module. Make it inside "
            "`with kerata.use_backend('torch'):`, or use `layer.functional()`."
        )

    # -- graphs that the engine builds by itself --------------------------------------------

    def builds_graph(self) -> bool:
        """Tell whether the engine notes what it is told, to run it later (in `tf.data`)."""
        return False

    def sizes(self, tensor: Tensor) -> tuple:
        """Return the shape of a tensor; sizes that only a run will know are scalar tensors."""
        return tuple(tensor.shape)

    def keys_in_graph(self, first: np.ndarray) -> Callable[[], Tensor]:
        """Return a source of random keys for such graphs: each run of one gets further keys.

        Args:
            first: the first key, a seed and a counter.
        """
        raise RuntimeError(f"The {self.name} backend builds no graphs.")

    # -- compiling -------------------------------------------------------------------------

    # True if `kerata.function` must hand state in and out because the engine compiles pure
    # functions; False if the engine runs the Python function as it is.
    compiles: ClassVar[bool] = False

    def lacks_value(self, error: Exception) -> bool:
        """Tell whether an error arose because compiled code asked a tensor for its value."""
        return False

    @property
    def captures(self) -> bool:
        """Whether `compile_loop` captures small steps, although the engine runs Python as it is."""
        return False
