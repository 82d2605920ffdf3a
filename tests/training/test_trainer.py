"""compile, fit, evaluate, predict: results against Keras, fused steps, custom steps, all forms."""

import functools

import keras
import numpy as np
import pytest

import kerata
from kerata import layers, ops

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype("int32")


def classifier(lib, **options):
    model = lib.Sequential(
        [
            lib.Input((6,)),
            lib.layers.Dense(8, activation="relu"),
            lib.layers.Dense(2, activation="softmax"),
        ]
    )
    arguments = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    model.compile(**{"optimizer": "adam", **arguments, **options})
    return model


def same_weights(model, oracle):
    model.set_weights(oracle.get_weights())


# Options of compile, and arguments of fit beyond the data.
FORMS = {
    "plain": ({}, {}),
    "sample weights": (
        {"optimizer": "rmsprop", "weighted_metrics": ["accuracy"]},
        {"sample_weight": np.linspace(0, 2, 70).astype("float32")},
    ),
    "class weights": (
        {"metrics": ["accuracy", "sparse_top_k_categorical_accuracy"]},
        {"class_weight": {0: 1.0, 1: 3.0}},
    ),
}


def fitted(lib, form, start=None):
    """Return the weights before, the history and the weights after three epochs."""
    options, extra = FORMS[form]
    model = classifier(lib, **options)
    if start is not None:
        model.set_weights(start)
    start = model.get_weights()
    history = model.fit(
        X, Y, validation_data=(X[:20], Y[:20]), epochs=3, batch_size=16, shuffle=False, verbose=0,
        **extra,
    ).history  # fmt: skip
    return start, history, model.get_weights()


@functools.cache
def oracle_fit(form):
    return fitted(keras, form)


@pytest.mark.parametrize("form", FORMS)
def test_history_equals_keras(training_backend, form):
    start, expected, weights = oracle_fit(form)
    _, found, found_weights = fitted(kerata, form, start)
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=2e-4, atol=1e-5, err_msg=name)
    for a, b in zip(found_weights, weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_evaluate_and_predict_equal_keras(backend):
    oracle, model = classifier(keras), classifier(kerata)
    same_weights(model, oracle)
    np.testing.assert_allclose(
        model.evaluate(X, Y, batch_size=16, verbose=0),
        oracle.evaluate(X, Y, batch_size=16, verbose=0),
        rtol=1e-5,
    )
    found = model.predict(X, batch_size=16, verbose=0)
    np.testing.assert_allclose(found, oracle.predict(X, verbose=0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.predict(X[:3]), found[:3], rtol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(X), found, rtol=1e-5, atol=1e-6)
    logs = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(logs) == ["loss", "accuracy"]
    for predictions in (model.predict(X[:3]), model.predict_on_batch(X), found):
        predictions[0] = 0  # they are the caller's to change


class Recorder(kerata.callbacks.Callback):
    """Notes every batch hook; fusable, so that steps stay fused."""

    fusable = True

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(("begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(("end", batch, float(logs["loss"])))


def dropout_model():
    model = kerata.Sequential(
        [
            kerata.Input((6,)),
            layers.Dense(8, activation="relu"),
            layers.Dropout(0.3),
            layers.BatchNormalization(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(
        kerata.optimizers.Adam(kerata.optimizers.schedules.ExponentialDecay(0.01, 5, 0.9)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def run(steps_per_execution):
    kerata.utils.set_random_seed(11)
    model = dropout_model()
    model.steps_per_execution = steps_per_execution
    recorder = Recorder()
    history = model.fit(X, Y, batch_size=8, epochs=3, verbose=0, callbacks=[recorder]).history
    return model.get_weights(), history, recorder.calls


@pytest.mark.parametrize("fused", [None, 4, 64])
def test_fused_steps_are_bit_identical_to_single_ones(training_backend, fused):
    weights, history, calls = run(1)
    fused_weights, fused_history, fused_calls = run(fused)
    assert fused_history == history
    for a, b in zip(weights, fused_weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert [c for c in fused_calls if c[0] == "end"] == [c for c in calls if c[0] == "end"]
    assert len([c for c in calls if c[0] == "begin"]) == 27


def test_a_repeated_run_is_bit_identical(training_backend):
    (a, first, _), (b, second, _) = run(None), run(None)
    assert first == second
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


def test_last_validation_equals_evaluate(training_backend):
    model = classifier(kerata)
    history = model.fit(X, Y, validation_data=(X[:33], Y[:33]), verbose=0).history
    logs = model.evaluate(X[:33], Y[:33], verbose=0, return_dict=True)
    assert history["val_loss"][-1] == logs["loss"]
    assert history["val_accuracy"][-1] == logs["accuracy"]


def two_heads(lib, **options):
    a, b = lib.Input((6,), name="a"), lib.Input((6,), name="b")
    x = lib.layers.Concatenate()([a, b])
    number = lib.layers.Dense(1, name="number")(x)
    kind = lib.layers.Dense(2, activation="softmax", name="kind")(x)
    model = lib.Model({"a": a, "b": b}, [number, kind])
    model.compile("sgd", **options)
    return model


HEADS = {
    "lists": {
        "loss": ["mse", "sparse_categorical_crossentropy"],
        "loss_weights": [1.0, 0.5],
        "metrics": [["mae"], ["accuracy"]],
    },
    "dicts": {
        "loss": {"kind": "sparse_categorical_crossentropy", "number": "mse"},
        "loss_weights": {"kind": 0.5, "number": 1.0},
        "metrics": {"kind": ["accuracy"], "number": ["mae"]},
    },
}


NUMBER = X[:, :1] * 2


@functools.cache
def oracle_heads():
    oracle = two_heads(keras, **HEADS["dicts"])
    start = oracle.get_weights()
    y = {"number": NUMBER, "kind": Y}
    history = oracle.fit({"b": X, "a": -X}, y, epochs=2, shuffle=False, verbose=0).history
    return start, history


@pytest.mark.parametrize("form", HEADS)
@pytest.mark.parametrize("targets", ["list", "dict"])
def test_several_outputs_equal_keras(training_backend, form, targets):
    start, expected = oracle_heads()
    model = two_heads(kerata, **HEADS[form])
    model.set_weights(start)
    y = [NUMBER, Y] if targets == "list" else {"kind": Y, "number": NUMBER}
    found = model.fit({"b": X, "a": -X}, y, epochs=2, shuffle=False, verbose=0).history
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, err_msg=name)


def test_flat_metrics_apply_to_all_outputs(training_backend):
    model = two_heads(kerata, loss="mse", metrics=["mae"])
    y = [X[:, :1], X[:, :2]]
    history = model.fit({"a": X, "b": X}, y, verbose=0).history
    assert {"number_mae", "kind_mae", "number_loss", "kind_loss", "loss"} == set(history)


SOURCES = {
    "arrays": lambda: (X, Y),
    "lists": lambda: (X.tolist(), Y.tolist()),
    "float64": lambda: (X.astype("float64"), Y),
    "generator": lambda: ((X[i : i + 10], Y[i : i + 10]) for i in range(0, 70, 10)),
    "function": lambda: lambda: ((X[i : i + 10], Y[i : i + 10]) for i in range(0, 70, 10)),
}


@pytest.mark.parametrize("source", SOURCES)
def test_sources_of_data(training_backend, source):
    model = classifier(kerata)
    data = SOURCES[source]()
    given = data if isinstance(data, tuple) else (data,)
    loss = model.fit(*given, verbose=0).history["loss"]
    assert np.isfinite(loss).all()


def test_data_frames_and_loaders(training_backend):
    import pandas
    import torch

    model = classifier(kerata)
    frame = pandas.DataFrame(X, columns=list("abcdef"))
    model.fit(frame, pandas.Series(Y), verbose=0)
    assert model.predict(frame, verbose=0).shape == (70, 2)
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    model.fit(torch.utils.data.DataLoader(pairs, batch_size=20), verbose=0)


def test_steps_per_epoch_and_initial_epoch(training_backend):
    model = classifier(kerata)
    recorder = Recorder()
    history = model.fit(
        X, Y, batch_size=10, steps_per_epoch=3, initial_epoch=2, epochs=4, verbose=0,
        callbacks=[recorder],
    )  # fmt: skip
    assert history.epoch == [2, 3]
    assert len([c for c in recorder.calls if c[0] == "end"]) == 6


def test_single_batches(training_backend):
    oracle, model = classifier(keras), classifier(kerata)
    same_weights(model, oracle)
    for _ in range(3):
        expected = oracle.train_on_batch(X[:16], Y[:16])
        found = model.train_on_batch(X[:16], Y[:16])
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    found = model.test_on_batch(X[:16], Y[:16], return_dict=True)
    assert set(found) == {"loss", "accuracy"}


def test_eager_runs_python_and_gives_the_same(training_backend):
    values = []

    class Look(layers.Layer):
        def call(self, inputs):
            if self.look:
                values.append(float(ops.convert_to_numpy(ops.sum(inputs))))
            return inputs

    results = []
    for eager in (False, True):
        kerata.utils.set_random_seed(2)
        look = Look()
        look.look = False
        model = kerata.Sequential([kerata.Input((6,)), layers.Dense(4), look, layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eager)
        look.look = eager
        if not eager:
            results.append(model.fit(X, X[:, :1], verbose=0, shuffle=False).history["loss"])
        else:
            model.predict(X[:2], verbose=0)
            look.look = False
            results.append(model.fit(X, X[:, :1], verbose=0, shuffle=False).history["loss"])
    assert values and np.isfinite(values).all()
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5)


class Custom(kerata.Model):
    """A custom step with its own metric, as the guides of Keras have it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.tracker = kerata.metrics.Mean(name="my_loss")

    @property
    def metrics(self):
        return [self.tracker]

    def train_step(self, data):
        x, y = data
        with kerata.GradientTape() as tape:
            error = self(x, training=True) - y
            loss = ops.mean(ops.square(error)) + 0.1 * ops.mean(ops.abs(error))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.tracker.update_state(loss)
        return {"my_loss": self.tracker.result()}

    def test_step(self, data):
        x, y = data
        return {"error": ops.mean(ops.abs(self(x, training=False) - y))}


def test_custom_steps(training_backend):
    inputs = kerata.Input((6,))
    model = Custom(inputs, layers.Dense(1)(inputs))
    model.compile(kerata.optimizers.SGD(0.05))
    history = model.fit(X, X[:, :1], epochs=8, verbose=0, validation_data=(X, X[:, :1])).history
    assert set(history) == {"my_loss", "val_error"}
    assert history["my_loss"][-1] < 0.3 * history["my_loss"][0]


def test_custom_compute_loss(training_backend):
    class Scaled(kerata.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return 10.0 * super().compute_loss(x, y, y_pred, sample_weight, training)

    inputs = kerata.Input((6,))
    model = Scaled(inputs, layers.Dense(1, kernel_initializer="zeros")(inputs))
    model.compile("sgd", "mse")
    found = model.evaluate(X, X[:, :1], verbose=0)
    assert found == pytest.approx(10 * float(np.mean(X[:, 0] ** 2)), rel=1e-5)


def test_losses_of_layers_are_minimized(training_backend):
    class Penalty(layers.Layer):
        def call(self, inputs):
            self.add_loss(ops.mean(ops.square(inputs)))
            return inputs

    inputs = kerata.Input((6,))
    model = kerata.Model(inputs, Penalty()(layers.Dense(3)(inputs)))
    model.compile(kerata.optimizers.SGD(0.1))
    history = model.fit(X, epochs=10, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]


def test_nothing_to_minimize():
    with kerata.use_backend("jax"):
        inputs = kerata.Input((6,))
        model = kerata.Model(inputs, layers.Dense(1)(inputs))
        model.compile("sgd")
        with pytest.raises(ValueError, match="nothing to minimize"):
            model.fit(X, X[:, :1], verbose=0)


def test_early_stopping_and_stop_training(training_backend):
    class Stop(kerata.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    model = classifier(kerata)
    history = model.fit(X, Y, batch_size=10, epochs=3, verbose=0, callbacks=[Stop()])
    assert history.epoch == [0] and int(model.optimizer.iterations.numpy()) == 2


def test_subclass_without_graph_is_built_by_fit(training_backend):
    class Net(kerata.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = layers.Dense(4, activation="relu"), layers.Dense(2)

        def call(self, inputs, training=None):
            return self.b(self.a(inputs))

    model = Net()
    model.compile("adam", kerata.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, Y, verbose=0)
    assert model.predict(X, verbose=0).shape == (70, 2) and len(model.weights) == 4


def test_training_on_numpy_is_refused_with_a_way_out():
    with kerata.use_backend("numpy"):
        model = classifier(kerata)
        with pytest.raises(RuntimeError, match="set_backend"):
            model.fit(X, Y, verbose=0)


def test_models_of_two_backends_train_side_by_side():
    models = {}
    for name in ("jax", "torch"):
        with kerata.use_backend(name):
            kerata.utils.set_random_seed(3)
            models[name] = classifier(kerata)
    losses = {
        name: model.fit(X, Y, verbose=0, shuffle=False).history["loss"]
        for name, model in models.items()
    }
    np.testing.assert_allclose(losses["jax"], losses["torch"], rtol=1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_recompiling_starts_anew(training_backend, optimizer):
    model = classifier(kerata)
    model.fit(X, Y, verbose=0)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    assert set(model.fit(X, Y, verbose=0).history) == {"loss"}
