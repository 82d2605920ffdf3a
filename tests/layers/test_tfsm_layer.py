"""TFSMLayer: a SavedModel of TensorFlow as a layer that is called, trained and refused in files."""

from __future__ import annotations

import numpy as np
import pytest

import kerata
from tests.layers.driver import close, numpy_of

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

random = np.random.default_rng(1)
X = random.normal(size=(8, 5)).astype("float32")
Y = random.normal(size=(8, 3)).astype("float32")
W = random.normal(size=(5, 3)).astype("float32")


class Artifact(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(W, name="w")
        self.counter = tf.Variable(2.0, trainable=False, name="counter")

    @tf.function(input_signature=[tf.TensorSpec((None, 5))])
    def serve(self, x):
        return x @ self.w

    @tf.function(input_signature=[tf.TensorSpec((None, 5))])
    def train(self, x):
        return self.counter * (x @ self.w)

    @tf.function(input_signature=[{"a": tf.TensorSpec((None, 5)), "b": tf.TensorSpec((None, 3))}])
    def two(self, inputs):
        return {"y": inputs["a"] @ self.w + inputs["b"]}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = tmp_path_factory.mktemp("artifact")
    artifact = Artifact()
    tf.saved_model.save(artifact, str(found), signatures={"serving_default": artifact.serve})
    return found


@pytest.fixture(params=["tensorflow"])
def on_tensorflow(request):
    with kerata.use_backend(request.param):
        yield


def test_endpoints(path, on_tensorflow):
    close(kerata.layers.TFSMLayer(path)(X), X @ W)
    layer = kerata.layers.TFSMLayer(path, call_training_endpoint="train")
    assert [(w.name, w.trainable) for w in layer.weights] == [("w", True), ("counter", False)]
    close(layer(X), X @ W)
    close(layer(X, training=True), 2 * X @ W)
    signature = kerata.layers.TFSMLayer(path, call_endpoint="serving_default")
    close(signature(X)["output_0"], X @ W)
    close(kerata.layers.TFSMLayer(path, "two")({"a": X, "b": Y})["y"], X @ W + Y)


def test_gradients_reach_weights_and_inputs(path, on_tensorflow):
    layer = kerata.layers.TFSMLayer(path, "two")
    factor = kerata.Variable(1.0)

    def total():
        outputs = layer({"a": kerata.ops.multiply(X, factor), "b": Y})["y"]
        return kerata.ops.sum(outputs * kerata.ops.array(Y))

    for compute in (total, kerata.function(total)):
        with kerata.GradientTape() as tape:
            value = compute()
        gradients = tape.gradient(value, [layer.weights[0], factor])
        close(gradients[0], X.T @ Y, 1e-4)
        close(gradients[1], np.sum((X @ W) * Y), 1e-4)


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_is_trained_on(path, run_eagerly, on_tensorflow):
    model = kerata.Sequential([kerata.Input((5,)), kerata.layers.TFSMLayer(path)])
    assert model.output_shape == (None, 3)
    model.compile(kerata.optimizers.SGD(0.1), "mse", run_eagerly=run_eagerly)
    model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    expected = W.astype("float64")
    for start in (0, 4, 0, 4):
        x, y = X[start : start + 4], Y[start : start + 4]
        expected = expected - 0.1 * x.T @ (2 * (x @ expected - y) / y.size)
    close(model.layers[0].weights[0].numpy(), expected.astype("float32"), 1e-4)
    close(model.predict(X, verbose=0), (X @ expected).astype("float32"), 1e-4)


def test_frozen(path, on_tensorflow):
    layer = kerata.layers.TFSMLayer(path, trainable=False)
    assert not layer.trainable_weights
    assert len(layer.weights) == 1


def test_weights_are_saved_but_files_run_no_programs(path, tmp_path, on_tensorflow):
    layers = [kerata.layers.TFSMLayer(path, name="artifact") for _ in range(2)]
    models = [kerata.Sequential([kerata.Input((5,)), layer]) for layer in layers]
    layers[0].weights[0].assign(W * 2)
    models[0].save_weights(tmp_path / "model.weights.h5")
    models[1].load_weights(tmp_path / "model.weights.h5")
    close(models[1](X), numpy_of(models[0](X)))
    models[0].save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="is a program"):
        kerata.saving.load_model(tmp_path / "model.keras")


def test_wrong_arguments(path, on_tensorflow):
    with pytest.raises(ValueError, match="serving_default"):
        kerata.layers.TFSMLayer(path, "best")
    with pytest.raises(OSError, match="nowhere"):
        kerata.layers.TFSMLayer("/nowhere")
    with kerata.use_backend("torch"), pytest.raises(TypeError, match="computes on tensorflow"):
        kerata.layers.TFSMLayer(path)(kerata.ops.ones((1, 5)))
