"""Every optimizer, with every option, against Keras over 20 steps on the same gradients."""

import numpy as np
import pytest

import kerata
from tests.optimizers import cases


def compare(found, expected):
    for ours, theirs in zip(found[0], expected[0], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5)
    for ours, theirs in zip(found[1], expected[1], strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name, arguments", cases.CASES, ids=str)
def test_values_and_state_are_those_of_keras(backend, name, arguments):
    compare(cases.run(kerata, name, arguments), cases.expected(name, arguments))


@pytest.mark.parametrize("name, arguments", cases.CASES, ids=str)
def test_compiled_updates_are_those_of_keras(name, arguments):
    with kerata.use_backend("jax"):
        compare(cases.run_compiled(kerata, name, arguments), cases.expected(name, arguments))


@pytest.mark.parametrize("name", cases.OWN)
def test_paths_of_variables_are_those_of_keras(name):
    arguments = cases.OWN[name][-1]
    ours = cases.run(kerata, name, arguments)[2]
    theirs = cases.expected(name, arguments)[2]
    assert ours[:2] == theirs[:2]
    unnamed_in_keras = {"Nadam": 1, "Adafactor": 4}.get(name, 0)
    assert len(set(theirs) - set(ours)) <= unnamed_in_keras


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("name", cases.OWN)
def test_low_and_high_precision_variables_keep_their_dtype(backend, name, dtype):
    if dtype == "float64" and backend == "jax":
        pytest.skip("JAX has float64 only where it is switched on for the whole process")
    variable = kerata.Variable(np.ones((2, 3)), dtype=dtype)
    optimizer = getattr(kerata.optimizers, name)(0.01)
    for _ in range(2):
        optimizer.apply([kerata.ops.array(np.ones((2, 3), "float32"))], [variable])
    assert variable.numpy().dtype.name == dtype
    values = variable.numpy().astype("float64")
    assert np.isfinite(values).all() and (values <= 1).all()


def test_variables_of_several_dtypes_train_together(backend):
    variables = [kerata.Variable(np.ones(3), dtype=dtype) for dtype in ("float32", "float16")]
    optimizer = kerata.optimizers.Adam(0.1)
    optimizer.apply([kerata.ops.array(np.ones(3, "float32"))] * 2, variables)
    for variable in variables:
        np.testing.assert_allclose(variable.numpy().astype("float64"), 0.9, atol=2e-3)


def in_other_order(engine, array):
    """Return an equal tensor whose elements lie column by column in memory."""
    tensor = engine.from_numpy(np.ascontiguousarray(array.T)).T
    assert not tensor.is_contiguous()
    return tensor


@pytest.mark.parametrize("name", ["Adam", "SGD", "RMSprop", "Adagrad"])
def test_memory_order_of_weights_does_not_matter(name):
    """torch's own fused kernels read memory in order and are wrong for other layouts."""
    value, gradient = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    results = []
    for turned in (False, True):
        with kerata.use_backend("torch") as engine:
            variable = kerata.Variable(value)
            given = engine.from_numpy(gradient)
            if turned:
                variable.store(in_other_order(engine, value).requires_grad_())
                given = in_other_order(engine, gradient)
            optimizer = getattr(kerata.optimizers, name)(0.1)
            for _ in range(3):
                optimizer.apply([given], [variable])
            results.append(variable.numpy())
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)


def test_a_gradient_that_is_one_repeated_number():
    with kerata.use_backend("torch") as engine:
        variable = kerata.Variable(np.ones((4, 3), "float32"))
        gradient = engine.from_numpy(np.ones(1, "float32")).expand(4, 3)
        kerata.optimizers.Adam(0.1).apply([gradient], [variable])
        np.testing.assert_allclose(variable.numpy(), 0.9, rtol=1e-5)
