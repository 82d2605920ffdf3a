"""Every primitive on every backend: value, shape, dtype, symbolic shape and gradient."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pathlib
import pkgutil

import jax
import numpy as np
import pytest

import kerata
import kerata.ops
from kerata.core import dtypes
from kerata.core.primitive import PRIMITIVES
from kerata.core.spec import TensorSpec, spec_of
from kerata.core.symbolic import SymbolicTensor
from kerata.core.variable import numpy_dtype
from tests.conformance.cases import Case, map_arrays, widened
from tests.conformance.gaps import NO_64_BIT, gap

for module in pkgutil.walk_packages(kerata.ops.__path__, "kerata.ops."):
    importlib.import_module(module.name)

_TABLES = sorted(pathlib.Path(__file__).parent.glob("cases_*.py"))
CASES = [
    case
    for table in _TABLES
    for case in importlib.import_module(f"tests.conformance.{table.stem}").CASES
]
every_case = pytest.mark.parametrize("case", CASES, ids=str)


pytestmark = pytest.mark.usefixtures("quick_compilation")


def op_of(case: Case):
    return PRIMITIVES[case.name].op


def leaves(result) -> list:
    return list(result) if isinstance(result, tuple | list) else [result]


def rule_of(case: Case, args: tuple) -> list[TensorSpec]:
    return leaves(PRIMITIVES[case.name].apply_rule(args, dict(case.kwargs)))


def assert_specs(results: list, specs: list[TensorSpec]) -> None:
    """Check shapes and dtypes; `None` in the rule's shape fits any size."""
    assert len(results) == len(specs)
    for result, spec in zip(results, specs, strict=True):
        shape = tuple(result.shape)
        assert len(shape) == spec.ndim
        assert all(known in (None, size) for known, size in zip(spec.shape, shape, strict=True))
        assert dtypes.canonical(result.dtype) == spec.dtype


@every_case
def test_value_and_spec(case, backend):
    results = leaves(op_of(case)(*case.args, **case.kwargs))
    assert_specs(results, rule_of(case, case.args))
    view = case.view or (lambda *parts: parts)
    actuals = view(*(kerata.ops.convert_to_numpy(result) for result in results))
    for actual, expected in zip(actuals, view(*leaves(case.expected())), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("case", [case for case in CASES if case.batch], ids=str)
def test_unknown_batch_size(case):
    """The rule gives the same shape when the first dimension of the tensors is not known."""

    def unknown(array):
        return SymbolicTensor((None, *array.shape[1:]) if array.ndim else (), array.dtype.name)

    known = rule_of(case, case.args)
    symbolic = [spec_of(x) for x in leaves(op_of(case)(*_symbolic(case, unknown), **case.kwargs))]
    assert [spec.dtype for spec in symbolic] == [spec.dtype for spec in known]
    for spec, full in zip(symbolic, known, strict=True):
        assert spec.ndim == full.ndim
        pairs = zip(spec.shape, full.shape, strict=True)
        assert all(a is None or a == b or b is None for a, b in pairs)


def _symbolic(case: Case, make) -> tuple:
    """Replace the tensors among the arguments of a case (and not its static arrays)."""
    declared = PRIMITIVES[case.name]
    return tuple(
        map_arrays(make, arg) if declared.parameters[place] in declared.tensor_names else arg
        for place, arg in enumerate(case.args)
    )


def is_float(array: np.ndarray) -> bool:
    return dtypes.is_float(dtypes.canonical(array.dtype))


def floats_of(args: tuple) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    map_arrays(lambda array: found.append(array) if is_float(array) else None, args)
    return found


def with_floats(args: tuple, values: list) -> tuple:
    """Return the arguments with their float arrays replaced, in order."""
    each = iter(values)
    return map_arrays(lambda array: next(each) if is_float(array) else array, args)


# How a function of a list of arrays is run when only specs are asked for.
RUN = {
    "numpy": lambda function, values: function(values),
    "torch": lambda function, values: function(values),
    "tensorflow": lambda function, values: function(values),
    "jax": jax.eval_shape,  # nothing is compiled
}


def assert_specs_in(case: Case, args: tuple, backend: str) -> None:
    """Check that the results for some arguments have the specs of the rule."""

    def function(values):
        return op_of(case)(*with_floats(args, values), **case.kwargs)

    run = RUN[backend] if case.traced else RUN["numpy"]
    assert_specs(leaves(run(function, floats_of(args))), rule_of(case, args))


@pytest.mark.parametrize("case", [case for case in CASES if case.half], ids=str)
def test_half_precision_dtype(case, backend):
    if reason := gap(case.name, backend, "bfloat16"):
        pytest.skip(reason)
    half = numpy_dtype("bfloat16")
    args = map_arrays(lambda array: array.astype(half) if is_float(array) else array, case.args)
    assert_specs_in(case, args, backend)


@every_case
def test_double_precision_dtype(case, backend):
    if reason := gap(case.name, backend, "float64"):
        pytest.skip(reason)
    with in_64_bit(backend):
        assert_specs_in(case, map_arrays(widened, case.args), backend)


def in_64_bit(backend: str) -> contextlib.AbstractContextManager:
    """Return a context in which the backend has 64-bit types."""
    return jax.enable_x64(True) if backend in NO_64_BIT else contextlib.nullcontext()


# -- gradients -----------------------------------------------------------------------------

STEP = 1e-6  # of the finite differences, in float64


def differentiable(case: Case) -> bool:
    specs = rule_of(case, case.args)
    return (
        case.gradient
        and case.traced
        and bool(floats_of(case.args))
        and any(is_float(s) for s in specs)
    )


def taped(function):
    """Return a function that gives value and gradients, found by a tape."""

    def differentiated(values):
        tensors = [kerata.ops.convert_to_tensor(value) for value in values]
        with kerata.GradientTape() as tape:
            tape.watch(tensors)
            total = function(tensors)
        return total, tape.gradient(total, tensors)

    return differentiated


DIFFERENTIATED = {
    "torch": taped,
    "tensorflow": taped,
    "jax": lambda function: jax.jit(jax.value_and_grad(function)),
}


def weighted_total(case: Case, values: list):
    """Return one number of all float results, in which each element counts differently."""
    total = 0.0
    for result in leaves(op_of(case)(*with_floats(case.args, values), **case.kwargs)):
        if is_float(result):
            weights = np.cos(np.arange(np.prod(result.shape, dtype=int))).reshape(result.shape)
            total = total + kerata.ops.sum(kerata.ops.multiply(result, weights))
    return total


@pytest.mark.parametrize("case", [case for case in CASES if differentiable(case)], ids=str)
def test_gradient(case, training_backend):
    """The slope along a random direction is that of central finite differences in float64."""
    if reason := gap(case.name, training_backend, "gradient"):
        pytest.skip(reason)
    with in_64_bit(training_backend):
        function = DIFFERENTIATED[training_backend](lambda values: weighted_total(case, values))
        values = [array.astype("float64") for array in floats_of(case.args)]
        random = np.random.default_rng(7)
        steps = [STEP * random.normal(size=value.shape) for value in values]
        _, gradients = function(values)
        ahead, _ = function([v + step for v, step in zip(values, steps, strict=True)])
        behind, _ = function([v - step for v, step in zip(values, steps, strict=True)])
        rise = sum(
            np.sum(kerata.ops.convert_to_numpy(gradient) * step)
            for gradient, step in zip(gradients, steps, strict=True)
            if gradient is not None
        )
        slope = rise / STEP
        expected = (float(ahead) - float(behind)) / (2 * STEP)
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-6)


# -- the tables themselves -----------------------------------------------------------------


def test_every_primitive_has_a_case():
    assert {name for name in PRIMITIVES} - {case.name for case in CASES} == set()


def test_every_primitive_has_a_kernel(backend):
    kernels = kerata.backend.select.default().kernels
    assert set(PRIMITIVES) - set(kernels) == set()


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_kernel_parameters_are_those_of_the_primitive(name, backend):
    kernel = kerata.backend.select.default().kernels[name]
    if not kernel.__module__.startswith("kerata."):
        # a function of the engine itself takes tensors by position, under names of its own
        static = set(PRIMITIVES[name].parameters) - PRIMITIVES[name].tensor_names
        assert static <= {"rtol", "atol", "equal_nan", "decimals", "shape"}
        return
    assert tuple(inspect.signature(kernel).parameters) == PRIMITIVES[name].parameters
