"""run_eagerly=True: Python line by line on tensors with values, and the same training."""

import numpy as np
import pytest

import kerata
from kerata import layers, ops

RANDOM = np.random.default_rng(0)


def pair_of(make, loss="mse"):
    """Return two models with the same weights: one compiled, one that runs line by line."""
    pair = []
    for run_eagerly in (False, True):
        kerata.utils.clear_session(free_memory=False)
        kerata.utils.set_random_seed(3)
        model = make()
        optimizer = kerata.optimizers.SGD(0.1, momentum=0.9)
        model.compile(optimizer, loss, run_eagerly=run_eagerly)
        pair.append(model)
    return pair


def assert_same_training(make, x, y, loss="mse"):
    histories, weights = [], []
    for model in pair_of(make, loss):
        history = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history
        histories.append(history["loss"])
        weights.append(model.get_weights())
    np.testing.assert_allclose(*histories, rtol=1e-4)
    for compiled, eager in zip(*weights, strict=True):
        np.testing.assert_allclose(compiled, eager, rtol=1e-3, atol=1e-5)


# -- the same training -------------------------------------------------------------------------


def test_dense_layers(training_backend):
    def make():
        return kerata.Sequential(
            [kerata.Input((4,)), layers.Dense(8, activation="tanh"), layers.Dense(1)]
        )

    x = RANDOM.normal(size=(16, 4)).astype("float32")
    assert_same_training(make, x, x.sum(axis=1, keepdims=True))


def test_convolutions_with_state_and_randomness(training_backend):
    def make():
        return kerata.Sequential(
            [
                kerata.Input((6, 6, 2)),
                layers.Conv2D(4, 3),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.MaxPooling2D(),
                layers.Dropout(0.25),
                layers.Flatten(),
                layers.Dense(3, activation="softmax"),
            ]
        )

    x = RANDOM.normal(size=(16, 6, 6, 2)).astype("float32")
    assert_same_training(make, x, np.arange(16) % 3, "sparse_categorical_crossentropy")


def test_recurrent_layers(training_backend):
    class Cell(layers.Layer):
        state_size = 3

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], 3))

        def call(self, inputs, states):
            new = ops.tanh(inputs @ self.kernel.value + states[0])
            return new, [new]

    def make():
        return kerata.Sequential(
            [
                kerata.Input((5, 2)),
                layers.LSTM(4, return_sequences=True),
                layers.RNN(Cell()),
                layers.Dense(1),
            ]
        )

    x = RANDOM.normal(size=(16, 5, 2)).astype("float32")
    assert_same_training(make, x, x[:, -1, :1])


def test_loops_and_branches(training_backend):
    class Loops(layers.Layer):
        def build(self, input_shape):
            self.rate = self.add_weight(shape=(), initializer=kerata.initializers.Constant(0.5))
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x):
            def step(carry, row):
                self.calls.assign_add(1.0)
                return carry * self.rate + row, carry

            last, rows = ops.scan(step, x[0] * 0, x, reverse=True)
            x = ops.fori_loop(0, 3, lambda i, value: value * self.rate + last, rows)
            x = ops.cond(ops.sum(x) > 0, lambda: x * self.rate, lambda: -x)
            x = ops.vectorized_map(lambda row: row * self.rate, x)
            return ops.tanh(ops.associative_scan(lambda a, b: a + b, x * self.rate))

    def make():
        return kerata.Sequential([kerata.Input((2,)), Loops(), layers.Dense(1)])

    x = RANDOM.normal(size=(16, 2)).astype("float32")
    assert_same_training(make, x / 10, x[:, :1])


def test_code_of_the_engine_in_a_layer():
    jax = pytest.importorskip("jax")

    class Raw(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones")

        def call(self, x):
            scale = self.scale.value  # captured by the scan and by the compiled function below

            def step(carry, row):
                return carry + row * scale, carry

            _, rows = jax.lax.scan(step, x[0] * 0, x)
            return jax.jit(lambda rows: jax.numpy.where(rows > 0, rows * scale, scale))(rows)

    def make():
        return kerata.Sequential([kerata.Input((3,)), Raw(), layers.Dense(1)])

    with kerata.use_backend("jax"):
        x = RANDOM.normal(size=(16, 3)).astype("float32")
        assert_same_training(make, x / 10, x[:, :1])


# -- values ------------------------------------------------------------------------------------


class Curious(layers.Layer):
    """Looks at its tensors in every way that a person would."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        h = x * self.scale
        total = float(ops.sum(h))
        if total > 1e9:
            h = h * 0
        self.seen.append((total, ops.convert_to_numpy(h), str(h), f"{float(ops.sum(h)):.1f}"))
        return h


def curious_model():
    return kerata.Sequential([kerata.Input((2,)), Curious(), layers.Dense(1)])


def test_tensors_have_values_in_call(training_backend):
    model = curious_model()
    model.compile("sgd", "mse", run_eagerly=True)
    curious = model.layers[0]
    curious.seen.clear()  # the shapes of its output were found by zeros
    x = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    model.fit(x, x[:, :1], shuffle=False, verbose=0)
    total, values, text, formatted = curious.seen[0]
    assert total == 10.0 and formatted == "10.0"
    np.testing.assert_array_equal(values, x)
    assert "3." in text and "racer" not in text


def test_tensors_have_values_in_train_step(training_backend):
    seen = []

    class Model(kerata.Sequential):
        def train_step(self, data):
            x, y = data
            with kerata.GradientTape() as tape:
                loss = ops.mean(ops.square(self(x, training=True) - y))
            gradients = tape.gradient(loss, self.trainable_variables)
            seen.append((float(loss), [ops.convert_to_numpy(g) for g in gradients]))
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    model = Model([kerata.Input((2,)), layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", run_eagerly=True)
    x = np.ones((4, 2), "float32")
    model.fit(x, x[:, :1], verbose=0)
    loss, (kernel, bias) = seen[0]
    assert loss == 1.0
    np.testing.assert_allclose(kernel, [[-2.0], [-2.0]])
    np.testing.assert_allclose(bias, [-2.0])


def test_a_tape_without_a_step_shows_values_too(training_backend):
    layer = Curious()
    x = ops.ones((1, 2))
    with kerata.GradientTape() as tape:
        loss = ops.sum(layer(x))
    assert layer.seen[-1][0] == 2.0
    assert float(tape.gradient(loss, layer.scale)) == 2.0


def test_gradients_of_gradients_show_values(training_backend):
    layer = Curious()
    x = ops.ones((1, 2))
    layer(x)
    with kerata.GradientTape() as outer:
        with kerata.GradientTape() as inner:
            loss = ops.sum(layer(x) ** 3)
        slope = inner.gradient(loss, layer.scale)
    assert float(outer.gradient(slope, layer.scale)) == 12.0


def test_bodies_of_loops_see_values(training_backend):
    seen = []

    class Loop(layers.Layer):
        def call(self, x):
            def step(carry, row):
                seen.append(float(ops.sum(row)))
                return carry + row, carry

            return ops.scan(step, x[0] * 0, x)[1] if x.shape[0] else x

    model = kerata.Sequential([kerata.Input((2,)), Loop(), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    seen.clear()
    x = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    model.fit(x, x[:, :1], shuffle=False, verbose=0)
    assert seen == [3.0, 7.0]


def test_a_function_runs_line_by_line_inside_an_eager_step(training_backend):
    seen = []

    @kerata.function
    def double(x):
        seen.append(float(ops.sum(x)))
        return x * 2

    class Model(kerata.Sequential):
        def train_step(self, data):
            logs = super().train_step(data)
            return {**logs, "double": double(logs["loss"])}

    model = Model([kerata.Input((2,)), layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(np.ones((4, 2), "float32"), np.ones((4, 1), "float32"), verbose=0)
    assert seen == [1.0]


def test_jax_gradients_of_ones_own_are_left_alone():
    """Only what kerata differentiates is readable: elsewhere JAX keeps its rules."""
    jax = pytest.importorskip("jax")
    with kerata.use_backend("jax"), kerata.GradientTape():
        Curious()(ops.ones((1, 2)))
    with pytest.raises(TypeError, match="(?i)tracer"):
        jax.grad(lambda x: np.asarray(x).sum())(1.0)
