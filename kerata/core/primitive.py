"""Primitives: the operations that engines implement, each declared once.

    @primitive(promote="float", elementwise=True)
    def exp(x: Tensor) -> Tensor:
        \"\"\"Docstring of the public op.\"\"\"
        return x

The body is the shape-and-dtype rule, over specs. Calling the op with symbolic tensors applies
the rule and records a node; with engine tensors it promotes dtypes by the common table and
calls the kernel of the engine that the tensors belong to.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from kerata.backend import select
from kerata.backend.interface import Backend
from kerata.core import dtypes, masks
from kerata.core.context import current
from kerata.core.spec import python_array, spec_of, weak_dtype
from kerata.core.symbolic import SymbolicTensor, record
from kerata.core.variable import Variable, numpy_dtype

Tensor = Any
Tensors = Sequence[Any]

PRIMITIVES: dict[str, Primitive] = {}


class Primitive:
    """One operation: its name, rule, and what happens to its tensor arguments."""

    def __init__(self, rule: Callable, promote: str, elementwise: bool):
        self.name = rule.__name__
        self.rule = rule
        self.promote = promote
        self.elementwise = elementwise
        parameters = list(inspect.signature(rule).parameters.values())
        self.parameters = tuple(p.name for p in parameters)
        annotations = [str(p.annotation) for p in parameters]
        # Positions of the arguments that are tensors, and of those that are lists of tensors.
        self.single = tuple(i for i, a in enumerate(annotations) if a.split(" ")[0] == "Tensor")
        self.many = tuple(i for i, a in enumerate(annotations) if a.split(" ")[0] == "Tensors")
        self.tensor_names = frozenset(self.parameters[i] for i in self.single + self.many)
        self.op: Callable = rule

    def __call__(self, args: tuple, kwargs: dict) -> Any:
        """Apply the operation to the arguments of a call."""
        if kwargs and not self.tensor_names.isdisjoint(kwargs):
            args, kwargs = self._tensors_first(args, kwargs)
        arguments = list(args)
        backend = self._engine_of_ready(arguments)
        values = arguments if backend is not None else self._take(arguments)
        try:
            if backend is None:
                backend, symbolic = _find_backend(values)
                if symbolic:
                    return self._record(args, kwargs, values)
                self._put(arguments, self._convert(backend, values))
            kernel = backend.kernels[self.name]
            recorder = current.recorder
            if recorder is None or recorder.backend is not backend:
                result = kernel(*arguments, **kwargs)
            else:
                result = recorder.operation(kernel, arguments, kwargs)
            if current.numerics is not None:
                current.numerics.kernel(self.name, backend, arguments, kwargs, result)
        except Exception as error:
            together = None if backend is None else backend.on_one_device(self._take(arguments))
            if together is None:
                self._explain(error, args, kwargs)
            moved = list(arguments)
            self._put(moved, together)
            result = self(tuple(moved), kwargs)
        if self.elementwise and masks.any_attached():
            masks.propagate(values, result)
        return result

    # -- arguments -------------------------------------------------------------------------

    def _engine_of_ready(self, arguments: list) -> Backend | None:
        """Return the engine if all tensors are its own and of one dtype: the hot path.

        Variables among the arguments are replaced by their values in any case.
        """
        if self.many:
            return None
        backend = dtype = None
        no_scalars = ready = True
        for i in self.single[: len(arguments)]:
            value = arguments[i]
            kind = type(value)
            if kind is Variable:
                value = arguments[i] = value.value
                kind = type(value)
            if value is None:
                continue
            engine = select.engine_of_type(kind)
            if engine is None:
                ready = ready and kind in (float, int)
                no_scalars = False
            elif backend is None:
                backend, dtype = engine, value.dtype
            elif engine is not backend or (value.dtype != dtype and self.promote != "keep"):
                ready = False
        if backend is None or not ready:
            return None
        if not no_scalars and not self._takes_scalars(backend, arguments):
            return None
        if no_scalars and self.promote != "float":
            return backend
        return backend if dtype in backend.inexact_dtypes else None

    def _takes_scalars(self, backend: Backend, arguments: list) -> bool:
        """Tell whether the engine takes the Python numbers among the arguments as they are."""
        if self.name in backend.native_scalars:
            return True
        first_is_tensor = select.engine_of(arguments[self.single[0]]) is not None
        return first_is_tensor and self.name in backend.native_later_scalars

    def _tensors_first(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Move tensors given by keyword to their positions, with what stands before them."""
        bound = inspect.signature(self.rule).bind(*args, **kwargs)
        bound.apply_defaults()
        count = 1 + max(self.single + self.many, default=-1)
        items = list(bound.arguments.items())
        return tuple(value for _, value in items[:count]), dict(items[count:])

    def _take(self, arguments: list) -> list:
        """Return the tensor values of the arguments, those of lists laid out flat."""
        count = len(arguments)
        values = [arguments[i] for i in self.single if i < count]
        for i in self.many:
            if i < count and arguments[i] is not None:
                values.extend(arguments[i])
        for index, value in enumerate(values):
            if isinstance(value, Variable):
                values[index] = value.value
        return values

    def _put(self, arguments: list, values: list) -> None:
        """Put values, in the order of `_take`, back into the arguments."""
        count, start = len(arguments), 0
        for i in self.single:
            if i < count:
                arguments[i] = values[start]
                start += 1
        for i in self.many:
            if i < count and arguments[i] is not None:
                size = len(arguments[i])
                arguments[i] = values[start : start + size]
                start += size

    def _convert(self, backend: Backend, values: list) -> list:
        """Make engine tensors of all values, of a common dtype if the primitive promotes."""
        if self.promote == "keep":
            return [None if value is None else to_tensor(value, backend) for value in values]
        if _alike(values) and (
            self.promote == "same" or dtypes.is_inexact(backend.dtype_name(values[0]))
        ):
            return values
        target = self._common_dtype(values)
        native = self.name in backend.native_scalars
        return [_promoted(value, target, backend, native) for value in values]

    def _common_dtype(self, values: list) -> str:
        found = [weak_dtype(value) or spec_of(value).dtype for value in values if value is not None]
        target = dtypes.promote(*found) if found else dtypes.floatx()
        return dtypes.to_float(target) if self.promote == "float" else target

    # -- specs -----------------------------------------------------------------------------

    def apply_rule(self, args: Sequence, kwargs: dict) -> Any:
        """Return the specs of the result, given tensors, specs or symbolic tensors."""
        arguments = list(args)
        values = self._take(arguments)
        specs: list = [None if value is None else spec_of(value) for value in values]
        if self.promote != "keep":
            target = self._common_dtype(values)
            specs = [None if spec is None else spec.with_dtype(target) for spec in specs]
        self._put(arguments, specs)
        return self.rule(*arguments, **kwargs)

    def _record(self, args: tuple, kwargs: dict, values: list) -> Any:
        # Variables are recorded as such: the graph reads them again each time it runs.
        result = record(self.op, args, kwargs, self.apply_rule(args, kwargs))
        if self.elementwise and masks.any_attached():
            masks.propagate(values, result)
        return result

    def _explain(self, error: Exception, args: tuple, kwargs: dict) -> NoReturn:
        """Raise what the rule says about these arguments; if it finds no fault, the error."""
        try:
            self.apply_rule(*self._tensors_first(args, kwargs))
        except (ValueError, TypeError) as explained:
            raise explained from None
        raise error


def _find_backend(values: list) -> tuple[Backend, bool]:
    """Return the engine that the tensors belong to, and whether any is symbolic."""
    backend = None
    for value in values:
        kind = type(value)
        if kind is SymbolicTensor:
            return select.default(), True
        if backend is None:
            backend = select.engine_of_type(kind)
    return backend or select.default(), False


def _alike(values: list) -> bool:
    """Tell whether all values are engine tensors (or None) of one dtype."""
    dtype = None
    for value in values:
        if value is None:
            continue
        if select.engine_of_type(type(value)) is None:
            return False
        if dtype is None:
            dtype = value.dtype
        elif value.dtype != dtype:
            return False
    return dtype is not None


def _promoted(value: Any, dtype: str, backend: Backend, native_scalars: bool) -> Any:
    if value is None:
        return None
    if weak_dtype(value) is not None:
        return value if native_scalars else backend.scalar(value, dtype)
    return to_tensor(value, backend, dtype)


def to_tensor(value: Any, backend: Backend, dtype: str | None = None) -> Any:
    """Return `value` as a tensor of an engine, cast to `dtype` if given.

    Raises:
        TypeError: if the value is a tensor of another engine.
    """
    if isinstance(value, Variable):
        value = value.value
    engine = select.engine_of_type(type(value))
    if engine is backend:
        return value if dtype is None else backend.cast(value, dtype)
    if engine is not None:
        raise TypeError(
            f"Got a {engine.name} tensor where the other tensors are {backend.name}'s. "
            "Convert one with `kerata.ops.convert_to_numpy(x)`."
        )
    weak = weak_dtype(value)
    if weak is not None:
        return backend.scalar(value, dtype or dtypes.strong(weak))
    array = value if isinstance(value, (np.ndarray, np.generic)) else _to_array(value)
    if dtype is not None and dtypes.canonical(array.dtype) != dtype:
        return backend.cast(backend.view_numpy(np.asarray(array)), dtype)
    return backend.view_numpy(np.asarray(array))


def _to_array(value: Any) -> np.ndarray:
    if isinstance(value, (list, tuple)):
        if any(select.engine_of(leaf) or isinstance(leaf, Variable) for leaf in value):
            return np.asarray([convert_to_numpy(leaf) for leaf in value])
        return python_array(value)
    if hasattr(value, "__array__") or np.isscalar(value):
        return np.asarray(value)
    raise TypeError(
        f"Cannot make a tensor of a {type(value).__name__}; expected an array, a list of numbers, "
        "a tensor or a Variable."
    )


def convert(value: Any, dtype: str | None = None) -> Any:
    """Return anything tensor-like as an engine tensor; a symbolic tensor stays symbolic.

    Engine tensors stay on their engine, everything else goes to the default backend.
    """
    if isinstance(value, Variable):
        value = value.value
    if isinstance(value, SymbolicTensor):
        if dtype is None or value.dtype == dtype:
            return value
        return PRIMITIVES["astype"].op(value, dtype)
    if dtype is not None:
        dtype = dtypes.canonical(dtype)
    backend = select.engine_of(value) or select.default()
    weak = weak_dtype(value)
    if weak is not None:
        # A tensor of its own: those that engines keep for numbers must never be watched.
        return backend.from_numpy(np.asarray(value, numpy_dtype(dtype or dtypes.strong(weak))))
    return to_tensor(value, backend, dtype)


def convert_to_numpy(value: Any) -> np.ndarray:
    """Return anything tensor-like as a NumPy array on the host."""
    if isinstance(value, Variable):
        return value.numpy()
    engine = select.engine_of(value)
    return engine.to_numpy(value) if engine is not None else np.asarray(value)


def backend_of(*values: Any) -> Backend:
    """Return the engine that the first engine tensor or variable belongs to, else the default."""
    for value in values:
        if isinstance(value, Variable):
            return value.backend
        engine = select.engine_of(value)
        if engine is not None:
            return engine
    return select.default()


def any_symbolic(values: Any) -> bool:
    """Tell whether any of the values is a symbolic tensor."""
    return any(isinstance(value, SymbolicTensor) for value in values)


def primitive(
    rule: Callable | None = None, *, promote: str = "same", elementwise: bool = False
) -> Callable:
    """Declare a primitive; the decorated body is its shape-and-dtype rule.

    Args:
        rule: function over specs; parameters annotated `Tensor` or `Tensors` are tensors.
        promote: `"same"` casts all tensors to their common dtype, `"float"` also makes integers
            floatx, `"keep"` leaves them.
        elementwise: whether masks pass through.

    Returns:
        The op, callable with tensors, symbolic tensors, variables, arrays and numbers.
    """
    if rule is None:
        return functools.partial(primitive, promote=promote, elementwise=elementwise)
    declared = Primitive(rule, promote, elementwise)

    @functools.wraps(rule)
    def op(*args: Any, **kwargs: Any) -> Any:
        return declared(args, kwargs)

    declared.op = op
    op.primitive = declared  # type: ignore[attr-defined]
    if declared.name in PRIMITIVES:
        raise ValueError(f"The primitive {declared.name!r} is declared twice.")
    PRIMITIVES[declared.name] = declared
    return op
