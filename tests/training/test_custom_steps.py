"""Steps that users write: each against the same computation in NumPy, compiled against eager.

The models are small enough to write their gradients down: predictions `x @ w + b`, loss the mean
of the squared errors.
"""

import keras
import numpy as np
import pytest

import kerata
from kerata import layers, ops

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]] + 0.3).astype("float32")
W, B = RNG.normal(size=(3, 1)).astype("float32"), np.array([0.1], "float32")
BATCH, EPOCHS, RATE = 8, 3, 0.1


def linear(cls, optimizer="sgd", **options):
    """Return a model of the class that computes `x @ W + B`, compiled."""
    inputs = kerata.Input((3,))
    model = cls(inputs, layers.Dense(1, name="dense")(inputs))
    model.set_weights([W, B])
    if optimizer == "sgd":
        optimizer = kerata.optimizers.SGD(RATE)
    model.compile(optimizer, **options)
    return model


def fit(model, x=X, y=Y, **options):
    options = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False, "verbose": 0, **options}
    return model.fit(x, y, **options).history


def slopes(w, b, x, y):
    """Return the loss and its gradients, in float64."""
    error = x @ w + b - y
    loss = np.mean(error**2)
    return loss, 2 * x.T @ error / len(x), 2 * error.mean(axis=0)


def descended(rule, batch=BATCH, epochs=EPOCHS):
    """Return the weights after training in float64, and the mean loss of each epoch.

    Args:
        rule: `(step, w's gradient, b's gradient)` -> what is taken from w and from b.
    """
    w, b, step, history = W.astype("float64"), B.astype("float64"), 0, []
    for _ in range(epochs):
        losses = []
        for start in range(0, len(X), batch):
            loss, dw, db = slopes(w, b, X[start : start + batch], Y[start : start + batch])
            change_w, change_b = rule(step, dw, db)
            w, b, step = w - change_w, b - change_b, step + 1
            losses.append(loss)
        history.append(np.mean(losses))
    return w, b, history


def assert_weights(model, w, b):
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(kernel, w, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(bias, b, rtol=1e-4, atol=1e-5)


def gradients_of(model, data):
    """Return the loss of a batch, and its gradients by kernel and bias."""
    x, y = data
    with kerata.GradientTape() as tape:
        loss = ops.mean(ops.square(model(x, training=True) - y))
    return loss, tape.gradient(loss, model.trainable_variables)


class Handmade(kerata.Model):
    """A step with its own loss and a tracker of its own."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.tracker = kerata.metrics.Mean(name="squares")

    @property
    def metrics(self):
        return [self.tracker]

    def train_step(self, data):
        loss, gradients = gradients_of(self, data)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.tracker.update_state(loss)
        return {"squares": self.tracker.result()}

    def test_step(self, data):
        x, y = data
        self.tracker.update_state(ops.square(self(x, training=False) - y))
        return {metric.name: metric.result() for metric in self.metrics}

    def predict_step(self, data):
        x, _, _ = kerata.utils.unpack_x_y_sample_weight(data)
        y = self(x, training=False)
        return {"value": y, "positive": ops.cast(y > 0, "int32")}


def plain(step, dw, db):
    return RATE * dw, RATE * db


@pytest.mark.parametrize("eager", [False, True])
def test_own_steps_and_tracker(training_backend, eager):
    model = linear(Handmade, run_eagerly=eager)
    history = fit(model, validation_data=(X[:10], Y[:10]))
    w, b, losses = descended(plain)
    assert_weights(model, w, b)
    assert set(history) == {"squares", "val_squares"}
    np.testing.assert_allclose(history["squares"], losses, rtol=1e-4)
    expected, _, _ = slopes(w, b, X[:10], Y[:10])
    assert history["val_squares"][-1] == pytest.approx(expected, rel=1e-3)
    assert model.evaluate(X[:10], Y[:10], verbose=0) == pytest.approx(expected, rel=1e-3)
    found = model.predict(X, batch_size=7, verbose=0)
    np.testing.assert_allclose(found["value"], X @ w + b, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(found["positive"], found["value"] > 0)
    assert found["positive"].dtype == np.int32


def test_single_batches_of_an_own_step(training_backend):
    model = linear(Handmade)
    found = [model.train_on_batch(X[:8], Y[:8]) for _ in range(3)]
    w, b, expected = W.astype("float64"), B.astype("float64"), []
    for _ in range(3):
        loss, dw, db = slopes(w, b, X[:8], Y[:8])
        w, b = w - RATE * dw, b - RATE * db
        expected.append(loss)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert set(model.test_on_batch(X, Y, return_dict=True)) == {"squares"}


class Noisy(Handmade):
    """Dropout, statistics, penalties and a loss of a layer, all in one step of its own."""

    def train_step(self, data):
        x, y = data
        with kerata.GradientTape() as tape:
            misses = ops.mean(ops.abs(self(x, training=True) - y))
            penalty = sum(self.losses)
            loss = misses + penalty
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.tracker.update_state(loss)
        return {"squares": self.tracker.result(), "misses": misses, "penalty": penalty, "one": 1}


class Small(layers.Layer):
    """Asks for small values, and tracks how large they are."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.size = kerata.metrics.Mean(name="size")

    def call(self, inputs):
        self.add_loss(0.1 * ops.mean(ops.square(inputs)))
        self.size.update_state(ops.abs(inputs))
        return inputs


def noisy(eager):
    kerata.utils.set_random_seed(3)
    inputs = kerata.Input((3,))
    x = layers.Dense(4, use_bias=False, kernel_regularizer="l2")(inputs)
    x = Small()(layers.Dropout(0.4)(layers.BatchNormalization()(x)))
    model = Noisy(inputs, layers.Dense(1)(x))
    model.compile(kerata.optimizers.Adam(0.02), run_eagerly=eager)
    return fit(model), model


def test_compiled_steps_equal_eager_ones(training_backend):
    (compiled, model), (eager, other) = noisy(False), noisy(True)
    assert set(compiled) == {"squares", "misses", "penalty", "one"}
    for name in compiled:
        np.testing.assert_allclose(compiled[name], eager[name], rtol=1e-4, err_msg=name)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_loss_and_metric_of_a_layer_reach_the_logs(training_backend):
    """What `add_loss` gave is minimized; a metric in a layer is shown, anew in each epoch."""
    inputs = kerata.Input((3,))
    model = kerata.Model(inputs, Small()(layers.Dense(1)(inputs)))
    model.set_weights([W, B])
    model.compile(kerata.optimizers.SGD(RATE), "mse")
    history = fit(model)
    w, b, expected = W.astype("float64"), B.astype("float64"), {"loss": [], "size": []}
    for _ in range(EPOCHS):
        losses, sizes = [], []
        for start in range(0, len(X), BATCH):
            x, y = X[start : start + BATCH], Y[start : start + BATCH]
            out = x @ w + b
            pull = 2 * (out - y) + 0.1 * 2 * out
            losses.append(np.mean((out - y) ** 2) + 0.1 * np.mean(out**2))
            sizes.append(np.mean(np.abs(out)))
            w, b = w - RATE * x.T @ pull / len(x), b - RATE * pull.mean(axis=0)
        expected["loss"].append(np.mean(losses))
        expected["size"].append(np.mean(sizes))
    assert_weights(model, w, b)
    assert set(history) == {"loss", "size"}
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-4, err_msg=name)
    assert set(model.evaluate(X, Y, verbose=0, return_dict=True)) == {"loss", "size"}


class Extended(kerata.Model):
    """The step as it is, and more in the logs; a loss made of two."""

    def train_step(self, data):
        logs = super().train_step(data)
        return {**logs, "rate": self.optimizer.learning_rate, "bias": self.weights[1][0]}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return loss + 0.01 * ops.sum(ops.square(self.trainable_variables[0]))


def test_steps_are_extended_by_super(training_backend):
    model = linear(Extended, loss="mse", metrics=["mae"])
    history = fit(model, sample_weight=np.ones(len(X), "float32"))
    w, b = W.astype("float64"), B.astype("float64")
    for _ in range(EPOCHS):
        for start in range(0, len(X), BATCH):
            _, dw, db = slopes(w, b, X[start : start + BATCH], Y[start : start + BATCH])
            w, b = w - RATE * (dw + 0.02 * w), b - RATE * db
    assert_weights(model, w, b)
    assert set(history) == {"loss", "mae", "rate", "bias"}
    assert history["rate"] == pytest.approx([RATE] * EPOCHS)
    assert history["bias"][-1] == pytest.approx(b[0], rel=1e-3)


class PerLayer(kerata.Model):
    """One optimizer per variable, handed to `compile`: kernel by momentum, bias by plain steps."""

    def compile(self, kernel_optimizer, bias_optimizer, **options):
        super().compile(optimizer=None, **options)
        self.kernel_optimizer, self.bias_optimizer = kernel_optimizer, bias_optimizer

    def train_step(self, data):
        loss, (dw, db) = gradients_of(self, data)
        kernel, bias = self.trainable_variables
        self.kernel_optimizer.apply_gradients([(dw, kernel)])
        self.bias_optimizer.apply([db], [bias])
        return {"loss": loss}


@pytest.mark.parametrize("eager", [False, True])
def test_several_optimizers(training_backend, eager):
    inputs = kerata.Input((3,))
    model = PerLayer(inputs, layers.Dense(1)(inputs))
    model.set_weights([W, B])
    momentum, steps = kerata.optimizers.SGD(0.02, momentum=0.9), kerata.optimizers.SGD(0.3)
    model.compile(momentum, steps, run_eagerly=eager)
    fit(model)
    speed = [0.0]

    def rule(step, dw, db):
        speed[0] = 0.9 * speed[0] + 0.02 * dw
        return speed[0], 0.3 * db

    assert_weights(model, *descended(rule)[:2])
    count = EPOCHS * len(X) // BATCH
    assert int(momentum.iterations.numpy()) == int(steps.iterations.numpy()) == count


class ScaledGradients(kerata.Model):
    """A learning rate per layer: gradients of the bias count ten times."""

    def train_step(self, data):
        loss, (dw, db) = gradients_of(self, data)
        self.optimizer.apply_gradients(zip([dw, 10 * db], self.trainable_variables, strict=True))
        return {"loss": loss}


def test_learning_rates_per_layer(training_backend):
    model = linear(ScaledGradients, kerata.optimizers.SGD(0.02))
    fit(model)
    assert_weights(model, *descended(lambda step, dw, db: (0.02 * dw, 0.2 * db))[:2])


class Clipped(kerata.Model):
    """Gradients whose common norm is at most a half."""

    def train_step(self, data):
        loss, gradients = gradients_of(self, data)
        norm = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in gradients))
        scale = ops.minimum(1.0, 0.5 / norm)
        gradients = [gradient * scale for gradient in gradients]
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss, "norm": norm}


def clipped_rule(step, dw, db):
    norm = np.sqrt(np.sum(dw**2) + np.sum(db**2))
    return RATE * dw * min(1, 0.5 / norm), RATE * db * min(1, 0.5 / norm)


@pytest.mark.parametrize("by", ["step", "optimizer"])
def test_clipping_of_gradients(training_backend, by):
    if by == "step":
        model = linear(Clipped)
    else:
        model = linear(Handmade, kerata.optimizers.SGD(RATE, global_clipnorm=0.5))
    fit(model)
    assert_weights(model, *descended(clipped_rule)[:2])


class Accumulating(kerata.Model):
    """Sums the gradients of three batches and then moves, by their mean."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.sums = [
            kerata.Variable(np.zeros(v.shape, "float32"), trainable=False)
            for v in self.trainable_variables
        ]
        self.seen = kerata.Variable(np.zeros((), "int32"), trainable=False)

    def set_weights(self, weights):
        for variable, value in zip(self.trainable_variables, weights, strict=True):
            variable.assign(value)

    def get_weights(self):
        return [variable.numpy() for variable in self.trainable_variables]

    def train_step(self, data):
        loss, gradients = gradients_of(self, data)
        self.seen.assign_add(1)
        for total, gradient in zip(self.sums, gradients, strict=True):
            total.assign_add(gradient)
        ops.cond(self.seen % 3 == 0, self.move, lambda: None)
        return {"loss": loss}

    def move(self):
        means = [total / 3.0 for total in self.sums]
        self.optimizer.apply_gradients(zip(means, self.trainable_variables, strict=True))
        for total in self.sums:
            total.assign(ops.zeros_like(total))


@pytest.mark.parametrize("by", ["step", "optimizer"])
def test_accumulation_of_gradients(training_backend, by):
    """Three batches of four, and then a step, are one batch of twelve."""
    if by == "step":
        model = linear(Accumulating)
    else:
        optimizer = kerata.optimizers.SGD(RATE, gradient_accumulation_steps=3)
        model = linear(Handmade, optimizer)
    fit(model, batch_size=4)
    assert_weights(model, *descended(plain, batch=12)[:2])


class Smooth(kerata.Model):
    """Predictions that change little with their inputs: a gradient in the loss."""

    def train_step(self, data):
        x, y = data
        with kerata.GradientTape() as tape:
            with kerata.GradientTape() as slope:
                slope.watch(x)
                predictions = self(x, training=True)
            steepness = ops.mean(ops.sum(ops.square(slope.gradient(predictions, x)), axis=1))
            loss = ops.mean(ops.square(predictions - y)) + 0.1 * steepness
        gradients = tape.gradient(loss, self.trainable_variables)
        pairs = zip(gradients, self.trainable_variables, strict=True)
        self.optimizer.apply_gradients(pair for pair in pairs if pair[0] is not None)
        return {"loss": loss, "steepness": steepness}


def test_gradient_penalty(training_backend):
    """The slope of `x @ w + b` is w, so the penalty pulls w by 0.2 w."""
    model = linear(Smooth)
    history = fit(model)
    w, b, before = W.astype("float64"), B.astype("float64"), None
    for _ in range(EPOCHS):
        for start in range(0, len(X), BATCH):
            _, dw, db = slopes(w, b, X[start : start + BATCH], Y[start : start + BATCH])
            before, w, b = w, w - RATE * (dw + 0.2 * w), b - RATE * db
    assert_weights(model, w, b)
    assert history["steepness"][-1] == pytest.approx(np.sum(before**2), rel=1e-4)


class OnlySteps(kerata.Model):
    """Two models and no `call`: a teacher is copied by a pupil."""

    def __init__(self, teacher, pupil):
        super().__init__()
        self.teacher, self.pupil = teacher, pupil
        self.distance = kerata.metrics.MeanSquaredError(name="distance")

    def train_step(self, x):
        lesson = self.teacher(x)
        with kerata.GradientTape() as tape:
            loss = ops.mean(ops.square(self.pupil(x, training=True) - lesson))
        variables = self.pupil.trainable_variables
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return {"loss": loss}

    def test_step(self, x):
        self.distance.update_state(self.teacher(x), self.pupil(x))
        return {"distance": self.distance.result()}


@pytest.mark.parametrize("built", [True, False])
def test_a_model_may_be_only_steps(training_backend, built):
    parts = [kerata.Sequential([layers.Dense(1)]) for _ in range(2)]
    model = OnlySteps(*parts)
    for part in parts if built else []:
        part.build((None, 3))
    model.compile(kerata.optimizers.SGD(RATE))
    before = None
    if built:
        before = parts[0].get_weights()
        parts[1].set_weights([W, B])
    losses = fit(model, y=None, epochs=20)["loss"]
    assert losses[-1] < 0.1 * losses[0]
    if before is not None:
        for a, b in zip(parts[0].get_weights(), before, strict=True):
            np.testing.assert_array_equal(a, b)
    teacher, pupil = (part.predict(X, verbose=0) for part in parts)
    expected = np.mean((teacher - pupil) ** 2)
    assert model.evaluate(X, verbose=0) == pytest.approx(expected, rel=1e-3, abs=1e-7)


def test_a_model_of_only_steps_cannot_be_called():
    model = OnlySteps(layers.Dense(1), layers.Dense(1))
    model.compile("sgd")
    with pytest.raises(NotImplementedError, match="defines no `call`"):
        model.predict(X, verbose=0)


class Frozen(Handmade):
    """Trains the bias alone, whatever is trainable."""

    def train_step(self, data):
        x, y = data
        _, bias = self.layers[-1].weights
        with kerata.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(bias)
            loss = ops.mean(ops.square(self(x, training=True) - y))
        self.optimizer.apply_gradients([(tape.gradient(loss, bias), bias)])
        return {"loss": loss}


def test_a_step_may_train_some_of_the_weights(training_backend):
    model = linear(Frozen)
    fit(model)
    assert_weights(model, *descended(lambda step, dw, db: (0.0, RATE * db))[:2])


def test_free_loop_equals_fit(training_backend):
    """The step as a function of one's own, compiled by `kerata.function`."""
    fitted = linear(Handmade)
    fit(fitted)
    model = linear(Handmade)
    average = kerata.metrics.Mean()

    @kerata.function
    def step(x, y):
        loss, gradients = gradients_of(model, (x, y))
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        average.update_state(loss)
        return loss

    for _ in range(EPOCHS):
        average.reset_state()
        for start in range(0, len(X), BATCH):
            step(X[start : start + BATCH], Y[start : start + BATCH])
    w, b, losses = descended(plain)
    assert_weights(model, w, b)
    assert float(average.result()) == pytest.approx(losses[-1], rel=1e-4)
    for a, b in zip(model.get_weights(), fitted.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("batch", [(1,), (1, 2), (1, 2, 3), ([1, 2],), ([1, 2], 3)])
def test_batches_are_packed_and_unpacked_as_in_keras(batch):
    packed = kerata.utils.pack_x_y_sample_weight(*batch)
    assert packed == keras.utils.pack_x_y_sample_weight(*batch)
    found = kerata.utils.unpack_x_y_sample_weight(packed)
    assert found == keras.utils.unpack_x_y_sample_weight(packed) == (*batch, None, None)[:3]
