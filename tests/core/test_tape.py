"""GradientTape on every engine that has gradients, held against calculus."""

import importlib

import numpy as np
import pytest

import kerata
from kerata import ops


def number(tensor):
    return np.asarray(ops.convert_to_numpy(tensor), "float64")


def raw(backend):
    """Return the engine's own `sin`, around kerata.ops."""
    engine = {"jax": "jax.numpy", "torch": "torch", "tensorflow": "tensorflow"}[backend]
    return importlib.import_module(engine).sin


class RawSine(kerata.layers.Layer):
    """A layer whose `call` uses the engine directly."""

    def __init__(self, sine, **kwargs):
        super().__init__(**kwargs)
        self.sine = sine

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, inputs):
        return self.sine(inputs * self.scale)


def test_variable(training_backend):
    v = kerata.Variable([1.0, 2.0, 3.0])
    with kerata.GradientTape() as tape:
        y = ops.sum(ops.power(v, 3.0))
    np.testing.assert_allclose(number(tape.gradient(y, v)), [3, 12, 27], rtol=1e-6)


def test_a_variable_met_by_an_operator_of_a_tensor(training_backend):
    v = kerata.Variable(3.0)
    with kerata.GradientTape() as tape:
        y = ops.convert_to_tensor(2.0) * v  # the tensor's own operator is asked first
    assert float(tape.gradient(y, v)) == 2.0


def test_a_watched_number_is_no_other_number(training_backend):
    x = ops.convert_to_tensor(2.0)
    with kerata.GradientTape() as tape:
        tape.watch(x)
        y = ops.logaddexp(x, 2.0)
    assert float(tape.gradient(y, x)) == pytest.approx(0.5)


def test_operators_outside_of_layers_are_recorded(training_backend):
    v, w = kerata.Variable(3.0), kerata.Variable(2.0)
    with kerata.GradientTape() as tape:
        a = ops.square(v)
        total = a * w.value + 0.5 * a - a / 2.0
    by_v, by_w = tape.gradient(total, [v, w])
    assert (float(number(by_v)), float(number(by_w))) == (12.0, 9.0)


def test_sources_keep_their_structure(training_backend):
    v, w = kerata.Variable(3.0), kerata.Variable(2.0)
    with kerata.GradientTape() as tape:
        y = v * w
    gradients = tape.gradient(y, {"b": w, "a": [v]})
    assert float(number(gradients["b"])) == 3.0 and float(number(gradients["a"][0])) == 2.0


def test_watched_tensor_and_intermediate(training_backend):
    x = ops.convert_to_tensor(np.float32(3.0))
    with kerata.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = ops.square(x)
        z = ops.square(y)
    assert float(number(tape.gradient(z, x))) == 108.0
    assert float(number(tape.gradient(z, y))) == 18.0
    assert float(number(tape.gradient(y, x))) == 6.0


def test_unconnected(training_backend):
    v, other = kerata.Variable(1.0), kerata.Variable([1.0, 1.0])
    with kerata.GradientTape(persistent=True) as tape:
        y = ops.square(v)
    assert tape.gradient(y, other) is None
    zeros = tape.gradient(y, other, unconnected_gradients="zero")
    np.testing.assert_array_equal(number(zeros), [0.0, 0.0])


def test_frozen_variable_is_not_watched_unless_asked(training_backend):
    v = kerata.Variable(3.0, trainable=False)
    with kerata.GradientTape() as tape:
        y = ops.square(v)
    assert tape.gradient(y, v) is None


def test_stop_gradient(training_backend):
    v = kerata.Variable(3.0)
    with kerata.GradientTape() as tape:
        y = ops.square(v) * ops.stop_gradient(ops.square(v))
    assert float(number(tape.gradient(y, v))) == 54.0


def test_second_order(training_backend):
    v = kerata.Variable(2.0)
    with kerata.GradientTape() as outer:
        with kerata.GradientTape() as inner:
            y = ops.power(v, 4.0)
        first = inner.gradient(y, v)
    assert float(number(first)) == pytest.approx(32.0)
    assert float(number(outer.gradient(first, v))) == pytest.approx(48.0)


def test_second_order_through_a_layer(training_backend):
    """The penalty of WGAN-GP: the gradient of the norm of a gradient."""
    dense = kerata.layers.Dense(1, kernel_initializer="ones", activation="tanh")
    x = ops.convert_to_tensor(np.array([[0.1, 0.2]], "float32"))
    dense(x)
    with kerata.GradientTape() as outer:
        with kerata.GradientTape() as inner:
            inner.watch(x)
            y = ops.sum(dense(x))
        slope = inner.gradient(y, x)
        penalty = ops.sum(ops.square(slope))
    found = number(outer.gradient(penalty, dense.kernel))

    def value(kernel):
        t = np.tanh(np.array([[0.1, 0.2]]) @ kernel)
        return np.sum(((1 - t**2) @ kernel.T) ** 2)

    kernel, step = np.ones((2, 1)), 1e-5
    for i in range(2):
        shift = np.zeros((2, 1))
        shift[i] = step
        expected = (value(kernel + shift) - value(kernel - shift)) / (2 * step)
        assert found[i, 0] == pytest.approx(expected, rel=1e-3)


def test_layer_of_raw_engine_code(training_backend):
    layer = RawSine(raw(training_backend))
    x = ops.convert_to_tensor(np.array([[0.5, 1.0]], "float32"))
    with kerata.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = ops.sum(layer(x))
    cosine = np.cos([[0.5, 1.0]])
    np.testing.assert_allclose(number(tape.gradient(y, x)), cosine, rtol=1e-5)
    np.testing.assert_allclose(
        number(tape.gradient(y, layer.scale)), (cosine * [[0.5, 1.0]])[0], rtol=1e-5
    )


def test_layer_that_borrows_another_layers_weights(training_backend):
    lender = kerata.layers.Dense(2, use_bias=False, kernel_initializer="ones")
    lender(np.ones((1, 2), "float32"))

    class Borrower(kerata.layers.Layer):
        def call(self, inputs):
            return ops.matmul(inputs, ops.transpose(KERNEL.value))

    KERNEL = lender.kernel
    layer = Borrower()
    with kerata.GradientTape() as tape:
        y = ops.sum(layer(np.array([[1.0, 2.0]], "float32")))
    np.testing.assert_allclose(number(tape.gradient(y, KERNEL)), [[1, 2], [1, 2]])


def test_state_assigned_inside_a_recorded_layer(training_backend):
    layer = kerata.layers.BatchNormalization()
    x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    layer(x)
    with kerata.GradientTape() as tape:
        y = ops.sum(ops.square(layer(x, training=True)))
    assert tape.gradient(y, layer.gamma) is not None
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.01 * x.mean(0), rtol=1e-4, atol=1e-6)


def test_once_only_unless_persistent(training_backend):
    v = kerata.Variable(1.0)
    with kerata.GradientTape() as tape:
        y = ops.square(v)
    tape.gradient(y, v)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, v)


def test_two_tapes_over_one_computation(training_backend):
    """The two losses of a GAN share the generated pictures; each tape is asked once."""
    v, w = kerata.Variable(0.2), kerata.Variable(3.0)
    with kerata.GradientTape() as first, kerata.GradientTape() as second:
        product = ops.tanh(v * w) * w
        loss, other_loss = product * 2.0, -product
    slope = np.tanh(0.6) + 3.0 * 0.2 / np.cosh(0.6) ** 2
    found = number(second.gradient(other_loss, w))
    assert float(found) == pytest.approx(-slope, rel=1e-5)
    found = number(first.gradient(loss, v))
    assert float(found) == pytest.approx(2.0 * 9.0 / np.cosh(0.6) ** 2, rel=1e-5)


def test_a_loss_that_has_given_its_gradients_is_a_plain_value(training_backend, recwarn):
    v = kerata.Variable([1.0, 2.0])
    with kerata.GradientTape() as tape:
        loss = ops.sum(ops.square(v))
    tape.gradient(loss, v)
    assert float(loss) == 5.0 and number(loss) == 5.0 and not recwarn.list


def test_output_gradients(training_backend):
    v = kerata.Variable([1.0, 2.0])
    with kerata.GradientTape() as tape:
        y = ops.square(v)
    weights = ops.convert_to_tensor(np.array([10.0, 100.0], "float32"))
    np.testing.assert_allclose(number(tape.gradient(y, v, weights)), [20, 400])


def test_jacobian(training_backend):
    v = kerata.Variable([1.0, 2.0])
    with kerata.GradientTape(persistent=True) as tape:
        y = ops.square(v)
    np.testing.assert_allclose(number(tape.jacobian(y, v)), [[2, 0], [0, 4]])


def test_stop_recording(training_backend):
    v = kerata.Variable(3.0)
    with kerata.GradientTape() as tape:
        y = ops.square(v)
        with tape.stop_recording():
            constant = ops.square(v)
        z = y * constant
    assert float(number(tape.gradient(z, v))) == 54.0


def test_compiled(training_backend):
    """The same tape inside `kerata.function`, first and second order."""
    v = kerata.Variable(2.0)

    @kerata.function
    def both(scale):
        with kerata.GradientTape() as outer:
            with kerata.GradientTape() as inner:
                y = ops.power(v, 3.0) * scale
            first = inner.gradient(y, v)
        return first, outer.gradient(first, v)

    for _ in range(2):
        first, second = both(ops.convert_to_tensor(np.float32(2.0)))
        assert float(number(first)) == pytest.approx(24.0)
        assert float(number(second)) == pytest.approx(24.0)


def test_numpy_has_no_gradients():
    with kerata.use_backend("numpy"):
        v = kerata.Variable(1.0)
        with kerata.GradientTape() as tape:
            y = ops.square(v)
        with pytest.raises(RuntimeError, match="set_backend"):
            tape.gradient(y, v)


def test_two_backends_in_one_process():
    found = {}
    for name in ("jax", "torch"):
        with kerata.use_backend(name):
            found[name] = kerata.Variable(3.0)
    for name in ("torch", "jax"):
        v = found[name]
        with kerata.GradientTape() as tape:
            y = ops.square(v)
        assert float(number(tape.gradient(y, v))) == 6.0
        assert type(y).__module__.startswith(("jax", "torch")[name == "torch"])
