"""Variable: a named tensor that can be assigned, the only state there is.

The first value is made when first needed, by NumPy, so that building a model allocates nothing
and the same seed gives the same weights on every backend. Reads and assignments go through
the active scope (`core/scope.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerata.backend import select
from kerata.core import dtypes, names, tree
from kerata.core.context import current
from kerata.core.spec import Shape, TensorSpec, spec_of
from kerata.core.symbolic import SymbolicTensor, define_operators


class Variable:
    """A tensor with a name that keeps its value between calls.

    Args:
        initializer: the first value (array, tensor, number), or a callable
            `(shape, dtype) -> array`, called when the value is first needed.
        shape: tuple of ints; needed with a callable.
        dtype: dtype; by default that of the value, floatx for a callable or Python floats.
        trainable: whether training may change it.
        autocast: whether a float value is read in the compute dtype of the layer it is used in.
        aggregation: kept for Keras' signature: how replicas combine updates.
        synchronization: kept for Keras' signature.
        name: the last part of its path.
        layout: how the value is spread over devices (issue of distribution).

    Raises:
        ValueError: if a callable comes without a shape, or a shape has unknown dimensions.

    >>> import kerata
    >>> v = kerata.Variable([1.0, 2.0], name="v")
    >>> _ = v.assign_add([1.0, 1.0])
    >>> v.numpy().tolist(), v.shape, v.dtype
    ([2.0, 3.0], (2,), 'float32')
    """

    # NumPy arrays must leave operators with a variable to us.
    __array_ufunc__ = None

    #: The last part of its path, and the path.
    name: str = ""
    path: str = ""
    #: How replicas combine it; kept for Keras' signature.
    aggregation: str = "none"
    synchronization: str = "auto"
    #: What layers say of it: a penalty on its value, a projection after each update, and whether
    #: its gradient is its next value.
    regularizer: Any = None
    constraint: Any = None
    overwrite_with_gradient: bool = False

    def __init__(
        self,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        synchronization: str = "auto",
        name: str | None = None,
        layout: Any = None,
        **kwargs: Any,
    ):
        if kwargs:
            raise TypeError(f"Variable takes no argument {next(iter(kwargs))!r}.")
        self.backend = select.default()
        self.name = name or names.unique("variable")
        self.path = names.path(self.name)
        self.autocast = autocast
        self.aggregation = aggregation
        self.synchronization = synchronization
        self.layout = layout
        self._trainable = bool(trainable)
        self._initializer = initializer
        self._value: Any = None
        # Whether somebody outside may hold the stored tensor, which then must not be donated.
        self.escaped = True
        self.spec = self._first_spec(initializer, shape, dtype)

    def _first_spec(self, initializer: Any, shape: Any, dtype: Any) -> TensorSpec:
        if not callable(initializer):
            spec = spec_of(initializer)
            return spec if dtype is None else spec.with_dtype(dtypes.canonical(dtype))
        if shape is None:
            raise ValueError(
                f"Variable {self.path!r} has a callable initializer: pass `shape=` as well."
            )
        if any(size is None for size in shape):
            raise ValueError(
                f"Variable {self.path!r} needs a fully known shape, got {tuple(shape)}."
            )
        return TensorSpec(tuple(int(size) for size in shape), dtypes.canonical(dtype))

    # -- what it is ------------------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        """Shape, a tuple of ints."""
        return self.spec.shape

    @property
    def dtype(self) -> str:
        """Dtype name."""
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.spec.shape)

    @property
    def trainable(self) -> bool:
        """Whether training may change it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        if self._value is not None:
            self._value = self.backend.set_trainable(self._value, self._trainable)

    # -- reading ---------------------------------------------------------------------------

    @property
    def value(self) -> Any:
        """The present value: an engine tensor, or what the active scope holds instead."""
        active = current.scope
        if active is not None:
            value = active.read(self)
        else:
            value = self.stored_value()
            self.escaped = True
        recorder = current.recorder
        if recorder is not None and recorder.backend is self.backend:
            recorder.read(self, value)
        if current.watching and self.backend.gradients == "watched":
            for tape in current.watching:
                tape.watch_read(self, value)
        if current.autocast is not None and self.autocast:
            value = self._autocast(value)
        return value

    def _autocast(self, value: Any) -> Any:
        wanted = current.autocast
        if wanted is None or self.dtype == wanted or not dtypes.is_float(self.dtype):
            return value
        from kerata import ops

        return ops.cast(value, wanted)

    def stored_value(self) -> Any:
        """Return the variable's own value whatever scope is active, making it if needed."""
        if self._value is None:
            self._value = self.backend.make_state(self._first_value(), self._trainable)
            self._initializer = None
            self.escaped = False
        return self._value

    def _first_value(self) -> np.ndarray:
        first = self._initializer
        if callable(first):
            first = first(self.shape, dtype=self.dtype)
        engine = select.engine_of(first)
        array = engine.to_numpy(first) if engine is not None else np.asarray(first)
        if array.shape != self.shape:
            raise ValueError(
                f"The initializer of {self.path!r} gave shape {array.shape}, not {self.shape}."
            )
        return array.astype(numpy_dtype(self.dtype), copy=False)

    def store(self, value: Any, escaped: bool = True) -> None:
        """Set the variable's own tensor, of the right shape and dtype."""
        self._value = value
        self._initializer = None
        self.escaped = escaped

    def begin_with(self, value: np.ndarray) -> None:
        """Set what the first value will be, before it has been made; nobody else holds the array.

        Nothing is computed or moved to a device until the variable is used.
        """
        self._initializer = value

    def is_initialized(self) -> bool:
        """Tell whether the first value has been made."""
        return self._value is not None

    def numpy(self) -> np.ndarray:
        """Return a copy of the value as a NumPy array on the host."""
        return np.array(self.borrowed())

    def borrowed(self) -> np.ndarray:
        """Return the value as a NumPy array to be read at once: its memory may not be its own."""
        return np.asarray(self.backend.to_numpy(self._peek()))

    def _peek(self) -> Any:
        active = current.scope
        return active.read(self) if active is not None else self.stored_value()

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self.numpy(), dtype=dtype)

    # What engines ask when one of their functions is given a variable: without an answer they
    # would take the array, a constant for gradients.

    def __jax_array__(self) -> Any:
        return self.value

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        return self.value

    @classmethod
    def __torch_function__(
        cls, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        short = _OPERATORS_OF_TORCH.get(function.__name__)
        if short is not None and len(args) == 2 and not kwargs:
            left, right = args  # `tensor + variable` is our operation, as `variable + tensor` is
            if isinstance(right, Variable):
                return getattr(right, f"__r{short}__")(left)
        args, kwargs = tree.map_structure(_value_of, (args, kwargs or {}))
        return function(*args, **kwargs)

    def __float__(self) -> float:
        return float(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __bool__(self) -> bool:
        raise TypeError("A Variable has no truth value; use `bool(variable.numpy())`.")

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"

    __hash__ = object.__hash__

    # -- assigning -------------------------------------------------------------------------

    def assign(self, value: Any) -> Any:
        """Set the value; it is cast to the variable's dtype.

        Raises:
            ValueError: if the shape differs.
        """
        assign_all([self], [value])
        return value

    def assign_add(self, value: Any) -> Any:
        """Add to the value."""
        from kerata import ops

        return self.assign(ops.add(self.value, value))

    def assign_sub(self, value: Any) -> Any:
        """Subtract from the value."""
        from kerata import ops

        return self.assign(ops.subtract(self.value, value))


define_operators(Variable)

# Operators as torch calls them, and in Python's words.
_OPERATORS_OF_TORCH = {
    "add": "add", "sub": "sub", "mul": "mul", "div": "truediv", "__floordiv__": "floordiv",
    "remainder": "mod", "pow": "pow", "matmul": "matmul",
}  # fmt: skip


def _value_of(leaf: Any) -> Any:
    return leaf.value if isinstance(leaf, Variable) else leaf


def numpy_dtype(dtype: str) -> Any:
    """Return the NumPy dtype of a dtype name; bfloat16 and float8 come from ml_dtypes."""
    try:
        return np.dtype(dtype)
    except TypeError:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, dtype))


def is_tensor_like(value: Any) -> bool:
    """Tell whether a value is an engine tensor, an array, a symbolic tensor or a variable."""
    return (
        isinstance(value, (np.ndarray, np.generic, SymbolicTensor, Variable))
        or select.engine_of(value) is not None
    )


def assign_all(variables: Sequence[Variable], values: Sequence[Any]) -> None:
    """Assign many variables of one backend at once, faster than one by one.

    Raises:
        ValueError: if a value's shape is not its variable's.
        RuntimeError: if a value exists only while the engine traces a function of the user's.
    """
    if not variables:
        return
    backend = variables[0].backend
    ready = [as_state(*each) for each in zip(variables, values, strict=True)]
    if current.watching and backend.gradients == "watched":
        # What is read after this is watched in turn, and must not count twice.
        ready = [backend.stop_gradient(value) for value in ready]
    active = current.scope
    if active is not None:
        for variable, value in zip(variables, ready, strict=True):
            active.assign(variable, value)
        return
    if backend.compiles:
        _refuse_traced(backend, variables, ready)
    old = [variable.stored_value() for variable in variables]
    trainable = [variable.trainable for variable in variables]
    new = backend.replace_states(old, ready, trainable)
    for variable, value in zip(variables, new, strict=True):
        variable.store(value)


def _refuse_traced(backend: Any, variables: Sequence[Variable], values: Sequence[Any]) -> None:
    """Raise where a variable would keep a tensor that is gone when the trace ends."""
    for variable, value in zip(variables, values, strict=True):
        if backend.is_traced(value):
            raise RuntimeError(
                f"Variable {variable.path!r} is assigned inside a function that {backend.name} "
                "compiles, where its new value does not exist yet. Compile the function with "
                "`kerata.function`, or carry the state yourself by `layer.stateless_call(...)`."
            )


def as_state(variable: Variable, value: Any) -> Any:
    """Return a value as a tensor of the variable's backend, shape and dtype.

    Raises:
        ValueError: if the shape differs.
    """
    backend = variable.backend
    if select.engine_of_type(type(value)) is backend and (
        backend.dtype_name(value) == variable.dtype and tuple(value.shape) == variable.shape
    ):
        return value
    from kerata.core.primitive import convert_to_numpy, to_tensor

    if isinstance(value, Variable):
        value = value.value
    if isinstance(value, SymbolicTensor):
        return value
    if select.engine_of_type(type(value)) not in (None, variable.backend):
        value = convert_to_numpy(value)
    tensor = to_tensor(value, variable.backend, variable.dtype)
    if tuple(tensor.shape) != variable.shape:
        raise ValueError(
            f"Variable {variable.path!r} has shape {variable.shape}, the value assigned to it has "
            f"shape {tuple(tensor.shape)}."
        )
    return tensor
