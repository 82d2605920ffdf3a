"""Functions that say what their gradient is: the same on every engine, and as in Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kerata
from kerata import ops

X = np.array([-1.0, 0.5, 3.0], "float32")
WEIGHTS = np.array([1.0, -0.05, -2.0], "float32")


@ops.custom_gradient
def log1pexp(x):
    e = ops.exp(x)
    return ops.log(1 + e), lambda upstream: ops.multiply(upstream, 1 - 1 / (1 + e))


@ops.custom_gradient
def as_on_torch(x):
    def gradient(*args, upstream):
        return upstream * (1 - 1 / (1 + ops.exp(args[0])))

    return ops.log(1 + ops.exp(x)), gradient


@ops.custom_gradient
def as_everywhere(x):
    e = ops.exp(x)

    def gradient(*args, upstream=None):
        if upstream is None:
            (upstream,) = args
        return upstream * (1 - 1 / (1 + e))

    return ops.log(1 + e), gradient


@ops.custom_gradient
def scaled_differently(x):
    """Its gradient is ten times what it should be, so that one sees whose it is."""
    return x * x, lambda upstream: upstream * 20.0 * x


def as_numpy(tensor):
    return ops.convert_to_numpy(tensor)


def sigmoid(x):
    return 1 / (1 + np.exp(-x.astype("float64")))


FORMS = [log1pexp, as_on_torch, as_everywhere]


@pytest.mark.parametrize("function", FORMS, ids=["tensorflow", "torch", "all"])
def test_values_are_those_of_the_function(function, backend):
    np.testing.assert_allclose(as_numpy(function(X)), np.log1p(np.exp(X)), rtol=1e-6)


@pytest.mark.parametrize("function", FORMS, ids=["tensorflow", "torch", "all"])
def test_every_way_to_gradients_takes_its_own(function, training_backend):
    found = [kerata.grad(lambda x: ops.sum(function(x)))(X)]
    x = kerata.Variable(X)
    for step in (function, kerata.function(function)):
        with kerata.GradientTape() as tape:
            total = ops.sum(step(x))
        found.append(tape.gradient(total, x))
    for gradient in found:
        np.testing.assert_allclose(as_numpy(gradient), sigmoid(X), rtol=1e-5)


def test_its_gradient_can_be_differentiated(training_backend):
    slope = sigmoid(X)
    second = kerata.grad(lambda x: ops.sum(kerata.grad(lambda x: ops.sum(log1pexp(x)))(x)))(X)
    np.testing.assert_allclose(as_numpy(second), slope * (1 - slope), rtol=1e-5)
    x = kerata.Variable(X)
    with kerata.GradientTape() as outer:
        with kerata.GradientTape() as inner:
            total = ops.sum(log1pexp(x))
        first = inner.gradient(total, x)
    np.testing.assert_allclose(as_numpy(outer.gradient(first, x)), as_numpy(second), rtol=1e-5)


def test_inside_a_layer_and_in_a_model(training_backend):
    class Ten(kerata.layers.Layer):
        def call(self, inputs):
            return scaled_differently(inputs)

    model = kerata.Sequential([kerata.Input((3,)), kerata.layers.Dense(3, use_bias=False), Ten()])
    assert model.output_shape == (None, 3)
    model.layers[0].set_weights([np.eye(3, dtype="float32")])
    with kerata.GradientTape() as tape:
        total = ops.sum(model(X[None]))
    gradient = tape.gradient(total, model.trainable_variables)[0]
    np.testing.assert_allclose(as_numpy(gradient), np.outer(X, 20 * X), rtol=1e-5)


def test_what_it_captures_is_constant(training_backend):
    factor = kerata.Variable(2.0)

    @ops.custom_gradient
    def scaled(x):
        return ops.multiply(x, factor), lambda upstream: upstream * 10.0 * factor.value

    x = kerata.Variable(3.0)
    with kerata.GradientTape() as tape:
        y = scaled(x)
    gradients = tape.gradient(y, [x, factor], unconnected_gradients="zero")
    assert [float(as_numpy(gradient)) for gradient in gradients] == [20.0, 0.0]


def test_in_a_symbolic_graph(training_backend):
    x = kerata.Input((3,))
    model = kerata.Model(x, scaled_differently(x))
    assert model.output_shape == (None, 3)
    np.testing.assert_allclose(as_numpy(model(X[None])), X[None] ** 2, rtol=1e-6)


def test_structures_and_arguments_that_are_no_floats(training_backend):
    @ops.custom_gradient
    def mixed(pair, index, power):
        def gradient(upstream):
            return upstream["a"] * 2.0, None, None, None

        return {"a": pair[0] * 3.0, "b": ops.add(pair[1] ** power, index)}, gradient

    def total(x, y):
        found = mixed((x, y), np.array([1, 2, 3]), 2)
        return ops.sum(found["a"]) + ops.sum(found["b"])

    assert float(total(X, X)) == pytest.approx(3 * X.sum() + (X**2).sum() + 6)
    first, second = kerata.grad(total, argnums=(0, 1))(X, X)
    assert as_numpy(first).tolist() == [2.0, 2.0, 2.0]
    assert as_numpy(second).tolist() == [0.0, 0.0, 0.0]


def test_many_at_once(training_backend):
    def slope(x):
        return kerata.grad(lambda x: ops.sum(scaled_differently(x)))(x)

    np.testing.assert_allclose(as_numpy(ops.vectorized_map(slope, X)), 20 * X, rtol=1e-6)


def test_another_number_of_gradients_is_an_error(training_backend):
    @ops.custom_gradient
    def wrong(x, y):
        return x + y, lambda upstream: (upstream, upstream, upstream)

    with pytest.raises(ValueError, match="returned 3 tensors for 2 arguments"):
        kerata.grad(lambda x: ops.sum(wrong(x, x)))(X)


def test_the_text_of_keras_example_gives_its_gradients(training_backend):
    import jax

    def example(library):
        @library.custom_gradient
        def clipped(x):
            def gradient(*args, upstream=None):
                if upstream is None:
                    (upstream,) = args
                return library.clip(upstream, -0.1, 0.1)

            return x * 1.0, gradient

        return lambda x: library.sum(library.multiply(clipped(x), WEIGHTS))

    expected = jax.grad(example(keras.ops))(X)
    np.testing.assert_allclose(as_numpy(kerata.grad(example(ops))(X)), expected, rtol=1e-6)


def test_jvp_is_that_of_keras(training_backend):
    def function(library):
        return lambda x: (library.sin(x) * x, library.sum(x))

    expected = keras.ops.jvp(function(keras.ops), (X,), (X,))
    actual = ops.jvp(function(ops), (X,), (X,))
    assert ops.linalg.jvp is ops.jvp
    pairs = zip(kerata.tree.flatten(actual), keras.tree.flatten(expected), strict=True)
    for mine, theirs in pairs:
        np.testing.assert_allclose(as_numpy(mine), theirs, rtol=1e-5)
