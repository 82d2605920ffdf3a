"""vectorize against Keras, on every engine, and what it says of wrong arguments."""

import keras
import numpy as np
import pytest

import kerata
from kerata import ops

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(4, 3)).astype("float32"), RNG.normal(size=(3,)).astype("float32")
C = RNG.normal(size=(2, 1, 5, 3)).astype("float32")


def larger(library):
    return lambda x, y: library.ops.where(x > y, x, y)


def both(library):
    return lambda x, y: (x + y, x * y)


def matrix_vector(library):
    return lambda m, v: library.ops.matmul(m, library.ops.expand_dims(v, -1))[:, 0]


def outer(library):
    return lambda x, y: library.ops.outer(x, y)


@pytest.mark.parametrize(
    ("make", "options", "arguments"),
    [
        (larger, {}, (A, B)),
        (larger, {}, (2.0, 1.0)),
        (both, {}, (A, B)),
        (both, {}, (C, A[:1, None])),
        (matrix_vector, {"signature": "(m,n),(n)->(m)"}, (C, A)),
        (outer, {"signature": "(n),(m)->(n,m)"}, (A, B)),
        (lambda library: lambda x, n: x**n, {"excluded": {1}}, (A, 2)),
    ],
    ids=["scalars", "one call", "two results", "broadcast", "signature", "outer", "excluded"],
)
def test_values_are_those_of_keras(backend, make, options, arguments):
    mine = ops.vectorize(make(kerata), **options)(*arguments)
    theirs = keras.ops.vectorize(make(keras), **options)(*arguments)
    mine, theirs = kerata.tree.flatten(mine), keras.tree.flatten(theirs)
    for one, other in zip(mine, theirs, strict=True):
        found = ops.convert_to_numpy(one)
        assert found.shape == other.shape
        np.testing.assert_allclose(found, np.asarray(other), rtol=1e-5, atol=1e-6)


def test_unknown_batch_sizes(backend):
    x = kerata.Input((3,))
    total = ops.vectorize(lambda v: ops.sum(v), signature="(n)->()")
    model = kerata.Model(x, [total(x), ops.vectorize(lambda v: v * 2.0)(x)])
    sums, doubled = model(A)
    np.testing.assert_allclose(ops.convert_to_numpy(sums), A.sum(-1), rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(doubled), 2 * A, rtol=1e-6)


def test_gradients(training_backend):
    variable = kerata.Variable(A)
    with kerata.GradientTape() as tape:
        value = ops.sum(ops.vectorize(lambda x, y: ops.sin(x) * y)(variable.value, B))
    gradient = ops.convert_to_numpy(tape.gradient(value, variable))
    np.testing.assert_allclose(gradient, np.cos(A) * B, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.vectorize(len, signature="(n"), "`signature`"),
        (lambda: ops.vectorize(ops.dot, signature="(n),(n)->()")(A), "of 2 tensors, got 1"),
        (lambda: ops.vectorize(ops.dot, signature="(n),(n)->()")(A, 1.0), "not as many"),
        (lambda: ops.vectorize(ops.dot, signature="(n),(n)->()")(A, B[:2]), "'n'.*3.*and 2"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
