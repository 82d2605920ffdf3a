"""check_numerics names the first op and layer that make NaN or infinity, and no others."""

import importlib

import numpy as np
import pytest

import kerata
from kerata import layers, ops
from kerata.core import numerics

X = np.linspace(-1, 1, 32, dtype="float32").reshape(8, 4)
Y = X.sum(axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def checked():
    with kerata.config.check_numerics():
        yield


@pytest.fixture(params=["compiled", "eager"])
def run_eagerly(request):
    return request.param == "eager"


def model_of(*tail, loss="mse", run_eagerly=False, **options):
    model = kerata.Sequential([kerata.Input((4,)), *tail], name="net")
    model.compile("sgd", loss, run_eagerly=run_eagerly, **options)
    return model


def fault(work):
    with pytest.raises(FloatingPointError) as info:
        work()
    return str(info.value)


class Logarithm(layers.Layer):
    def call(self, x):
        return ops.log(x)  # of numbers that may be 0


class Outer(layers.Layer):
    def __init__(self):
        super().__init__(name="outer")
        self.inner = Logarithm(name="inner")

    def call(self, x):
        return self.inner(ops.relu(x)) * 2


# -- where it begins ---------------------------------------------------------------------------


def test_an_op_names_itself_its_inputs_and_the_usual_cause(backend):
    text = fault(lambda: ops.log(ops.array([[2.0, 0.0, 1.0]])))
    assert "`log` made infinity in 1 of 3 values" in text
    assert "float32[1, 3] from 0 to 2" in text
    assert "ops.maximum" in text and "test_numerics.py" in text


def test_nan_counts_also_where_infinity_went_in(backend):
    infinite = ops.array([np.inf])
    assert "`subtract` made NaN" in fault(lambda: ops.subtract(infinite, infinite))


def test_nan_that_comes_in_is_not_made(backend):
    assert np.isnan(ops.convert_to_numpy(ops.exp(ops.array([np.nan, 1.0])))[0])


def test_a_layer_inside_a_layer_is_named(training_backend, run_eagerly):
    model = model_of(Outer(), layers.Dense(1), run_eagerly=run_eagerly)
    text = fault(lambda: model.fit(X, Y, verbose=0))
    assert "`log` made infinity" in text and "'net/outer/inner'" in text
    assert "in call" in text


def test_the_step_is_repeated_from_the_state_before_it(training_backend):
    """The fault comes in the third batch of a compiled chunk: two steps are kept."""
    model = model_of(layers.Dense(1), Logarithm(), run_eagerly=False)
    twin = model_of(layers.Dense(1), Logarithm(), run_eagerly=False)
    for each in (model, twin):
        each.layers[0].set_weights([np.ones((4, 1), "float32"), np.zeros(1, "float32")])
    good = np.ones((8, 4), "float32")
    data = np.concatenate([good, good, -good])
    targets = np.ones((24, 1), "float32")
    text = fault(lambda: model.fit(data, targets, batch_size=8, shuffle=False, verbose=0))
    assert "`log` made NaN in 8 of 8 values" in text
    twin.fit(good, targets[:8], batch_size=8, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 2
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_code_around_the_ops_is_blamed_on_its_layer(training_backend, run_eagerly):
    class Raw(layers.Layer):
        def call(self, x):
            return (x - x) / (x - x)  # operators of the engine's own tensors

    model = model_of(layers.Dense(1), Raw(name="raw"), run_eagerly=run_eagerly)
    text = fault(lambda: model.fit(X, Y, verbose=0))
    assert "`/` made NaN" in text and "'net/raw'" in text and "in call" in text


def test_code_of_the_engine_is_blamed_on_its_layer(training_backend, run_eagerly):
    modules = {"jax": "jax.numpy", "torch": "torch", "tensorflow": "tensorflow.math"}
    logarithm = importlib.import_module(modules[training_backend]).log

    class Raw(layers.Layer):
        def call(self, x):
            return x if isinstance(x, kerata.KerasTensor) else logarithm(-x * x - 1.0)

    model = model_of(layers.Dense(1), Raw(name="raw"), run_eagerly=run_eagerly)
    text = fault(lambda: model.fit(X, Y, verbose=0))
    assert "Layer 'net/raw' (Raw) made NaN" in text and "not made of `kerata.ops`" in text


def test_a_loss_function(training_backend, run_eagerly):
    def logarithmic(y_true, y_pred):
        return ops.mean(ops.log(y_pred - y_pred))

    model = model_of(layers.Dense(1), loss=logarithmic, run_eagerly=run_eagerly)
    text = fault(lambda: model.fit(X, Y, verbose=0))
    assert "`log` made infinity" in text and "in logarithmic" in text


def test_a_train_step(training_backend, run_eagerly):
    class Model(kerata.Sequential):
        def train_step(self, data):
            logs = super().train_step(data)
            return {**logs, "ratio": ops.divide(1.0, 0.0 * logs["loss"])}

    model = Model([kerata.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=run_eagerly)
    text = fault(lambda: model.fit(X, Y, verbose=0))
    assert "`divide` made infinity" in text and "in train_step" in text


def test_a_compiled_function(training_backend):
    total = kerata.Variable(1.0)

    @kerata.function
    def shrink(x):
        total.assign_sub(1.0)
        return ops.log(total.value) + x

    assert "`log` made infinity" in fault(lambda: shrink(ops.ones(())))
    assert float(total) == 0.0


def test_evaluate_and_predict(backend):
    model = kerata.Sequential([kerata.Input((4,)), Logarithm(name="inner")], name="net")
    assert "'net/inner'" in fault(lambda: model.predict(np.abs(X) * 0, verbose=0))


# -- gradients ---------------------------------------------------------------------------------


def test_only_the_gradient(training_backend, run_eagerly):
    class Norm(layers.Layer):
        def call(self, x):
            return ops.sqrt(ops.sum(x * x, axis=-1, keepdims=True))

    model = model_of(
        layers.Dense(4, kernel_initializer="zeros", name="first"), Norm(name="norm"),
        run_eagerly=run_eagerly,
    )  # fmt: skip
    text = fault(lambda: model.fit(X, Y, verbose=0))
    assert "The loss is finite, but its gradient is not for" in text
    assert "for 'net/first/kernel', 'net/first/bias'" in text
    assert "`sqrt` at 0" in text and "'net/norm'" in text and "test_numerics.py" in text


def test_a_tape_in_a_free_loop(training_backend):
    v = kerata.Variable([0.0, 4.0], name="v")
    with kerata.GradientTape() as tape:
        loss = ops.sum(ops.sqrt(v))
    assert "'v'" in fault(lambda: tape.gradient(loss, v))


def test_data_with_nan(training_backend):
    x = ops.array([np.nan])
    v = kerata.Variable([1.0])
    with kerata.GradientTape() as tape:
        loss = ops.sum(v * x)
    assert "it is in the data" in fault(lambda: tape.gradient(loss, v))


def test_scaled_losses_may_overflow(training_backend):
    v = kerata.Variable([1.0])
    optimizer = kerata.optimizers.LossScaleOptimizer(kerata.optimizers.SGD(0.1), 1e10)
    optimizer.build([v])
    with kerata.GradientTape() as tape:
        loss = optimizer.scale_loss(ops.sum(v * 1e-30) * 1e30)
    gradients = tape.gradient(loss, [v])
    assert np.isinf(ops.convert_to_numpy(gradients[0])).all()
    optimizer.apply(gradients, [v])
    assert v.numpy() == 1.0 and float(optimizer.dynamic_scale) == 5e9


def test_a_run_that_diverges_is_told_of_it(training_backend):
    model = model_of(layers.Dense(8), layers.Dense(1))
    model.optimizer.learning_rate = 1e20
    with kerata.config.check_numerics(False), pytest.warns(UserWarning, match="check_numerics"):
        model.fit(X, Y, epochs=9, batch_size=2, verbose=0)


# -- what is healthy ---------------------------------------------------------------------------


@pytest.fixture
def never_repeated(monkeypatch):
    """Fail if a compiled step is taken for one that went wrong."""

    def repeat(*_):
        raise AssertionError("the results were finite")

    monkeypatch.setattr(numerics.Watch, "repeat", repeat)


def trained(model, x, y):
    history = model.fit(x, y, epochs=2, batch_size=8, verbose=0, validation_data=(x, y))
    assert np.isfinite(history.history["loss"]).all()


def test_infinity_on_purpose(backend):
    x = ops.array([[1.0, 2.0], [3.0, 4.0]])
    masked = ops.where(ops.array([True, False]), x, -np.inf)
    assert np.isfinite(ops.convert_to_numpy(ops.softmax(masked))).all()
    ops.pad(x, 1, constant_values=-np.inf)
    ops.full((2,), np.inf)
    ops.max(x, axis=0, initial=-np.inf)
    ops.segment_max(x, ops.array([0, 2]), num_segments=3)
    ops.max_pool(ops.reshape(x, (1, 2, 2, 1)), 3, strides=1, padding="same")
    ops.logsumexp(masked, axis=-1)


def test_off_inside_a_block(backend):
    with kerata.config.check_numerics(False):
        assert np.isinf(ops.convert_to_numpy(ops.log(ops.zeros(2)))).all()
    fault(lambda: ops.log(ops.zeros(2)))


def test_a_network_of_pictures(training_backend, run_eagerly, never_repeated):
    model = kerata.Sequential(
        [
            kerata.Input((6, 6, 1)),
            layers.Conv2D(4, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(padding="same"),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"], run_eagerly=run_eagerly)
    trained(model, np.zeros((16, 6, 6, 1), "float32"), np.arange(16) % 3)


def test_masked_sequences(training_backend, run_eagerly, never_repeated):
    model = kerata.Sequential(
        [
            kerata.Input((5,), dtype="int32"),
            layers.Embedding(9, 4, mask_zero=True),
            layers.LSTM(4, return_sequences=True),
            layers.GRU(3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    metrics = ["accuracy", kerata.metrics.AUC(), kerata.metrics.Precision()]
    model.compile("rmsprop", "binary_crossentropy", metrics=metrics, run_eagerly=run_eagerly)
    trained(model, np.triu(np.ones((16, 5), "int32")), np.arange(16).reshape(16, 1) % 2)


def test_half_precision(training_backend, run_eagerly, never_repeated):
    model = kerata.Sequential(
        [kerata.Input((4,)), layers.Dense(8, "relu", dtype="mixed_bfloat16"), layers.Dense(1)]
    )
    model.compile("adam", "mse", run_eagerly=run_eagerly)
    trained(model, X, Y)


def test_masked_attention(training_backend):
    q = ops.array(np.ones((1, 3, 2, 4), "float32"))
    mask = ops.array(np.tril(np.ones((1, 2, 3, 3), bool)))
    v = kerata.Variable(1.0)
    with kerata.GradientTape() as tape:
        loss = ops.sum(ops.dot_product_attention(q * v, q, q, mask=mask))
    assert np.isfinite(ops.convert_to_numpy(tape.gradient(loss, v)))
