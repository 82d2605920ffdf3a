"""Pooling: Keras' functions against Keras, shapes, errors, ties."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import kerata
from kerata import ops
from kerata.backend.jax.gradient import forward_mode
from kerata.core.symbolic import SymbolicTensor

random = np.random.default_rng(0)


def normal(*shape):
    return random.normal(size=shape).astype("float32")


CALLS = [
    (normal(2, 7, 3), 2, {}),
    (normal(2, 7, 6, 3), (3, 2), {"strides": 2}),
    (normal(2, 7, 6, 3), 3, {"strides": (1, 2), "padding": "same"}),
    (normal(2, 3, 7, 6), 2, {"padding": "same", "data_format": "channels_first"}),
    (normal(2, 5, 4, 6, 3), 2, {"strides": 1}),
    (normal(1, 9, 9, 2), 9, {}),
]


@pytest.mark.parametrize("name", ["max_pool", "average_pool"])
@pytest.mark.parametrize("inputs, pool_size, settings", CALLS)
def test_value_and_shape_are_those_of_keras(name, inputs, pool_size, settings, backend):
    actual = getattr(ops, name)(inputs, pool_size, **settings)
    # without strides Keras 3.15.1 fails for a single pool size
    settings_of_keras = {"strides": pool_size, **settings}
    expected = np.asarray(getattr(keras.ops, name)(inputs, pool_size, **settings_of_keras))
    np.testing.assert_allclose(ops.convert_to_numpy(actual), expected, rtol=1e-5, atol=1e-6)
    symbolic = SymbolicTensor((None, *inputs.shape[1:]))
    assert getattr(ops, name)(symbolic, pool_size, **settings).shape == (None, *expected.shape[1:])


def test_integers(backend):
    x = np.arange(6, dtype="int32").reshape(1, 6, 1)
    largest = ops.convert_to_numpy(ops.max_pool(x, 4, padding="same"))
    assert largest.dtype == "int32" and largest.ravel().tolist() == [2, 5]
    means = ops.convert_to_numpy(ops.average_pool(x, 4, padding="same"))
    assert means.dtype == "float32" and means.ravel().tolist() == [1.0, 4.0]


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_gradient_of_equal_elements_goes_to_the_first(stride, training_backend):
    x = ops.convert_to_tensor(random.integers(0, 3, (2, 7, 7, 2)).astype("float32"))
    with kerata.GradientTape() as tape:
        tape.watch(x)
        y = ops.max_pool(x, 3, stride)
        weights = np.arange(np.prod(y.shape)).reshape(y.shape).astype("float32")
        total = ops.sum(ops.multiply(y, weights))
    gradient = ops.convert_to_numpy(tape.gradient(total, x))
    with forward_mode():
        plain = jax.jit(jax.grad(lambda x: jnp.sum(ops.max_pool(x, 3, stride) * weights)))
        expected = plain(jnp.asarray(ops.convert_to_numpy(x)))
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)


def test_second_gradient():
    x = jnp.asarray(normal(1, 6, 6, 2))

    def slope(x):
        return jnp.sum(jax.grad(lambda x: jnp.sum(ops.max_pool(x, 3, 2) ** 3))(x) ** 2)

    with forward_mode():
        expected = jax.jit(jax.grad(lambda x: slope(x)))(x)
    np.testing.assert_allclose(jax.jit(jax.grad(slope))(x), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: ops.max_pool(normal(2, 3), 2), "spatial"),
        (lambda: ops.max_pool(SymbolicTensor((2, 3, 1)), 4), "does not fit"),
        (lambda: ops.average_pool(normal(2, 3, 1), 0), ">= 1"),
        (lambda: ops.average_pool(normal(2, 3, 1), 2, padding="full"), "'valid' or 'same'"),
    ],
)
def test_errors_say_what_is_wrong(call, text):
    with pytest.raises(ValueError, match=text):
        call()
