"""Models of a user's classes, and those in two precisions, are exchanged with Keras."""

import functools
import warnings

import keras
import numpy as np
import pytest

import kerata

BOTH_WAYS = pytest.mark.parametrize("writes, reads", [(keras, kerata), (kerata, keras)])

X = np.random.default_rng(0).uniform(-1, 1, (16, 6)).astype("float32")
Y = np.tanh(X[:, :2] * 2)


@functools.cache
def classes(library):
    """The same classes of a user's, written for one of the libraries."""
    register = library.saving.register_keras_serializable("exchange")

    @register
    class Scale(library.layers.Layer):
        """A layer whose argument is another layer, and which has weights and state of its own."""

        def __init__(self, inner, start=1.0, **kwargs):
            super().__init__(**kwargs)
            self.inner, self.start = inner, start

        def build(self, input_shape):
            self.factor = self.add_weight(
                shape=(), initializer=library.initializers.Constant(self.start), name="factor"
            )
            self.calls = self.add_weight(
                shape=(), initializer="zeros", trainable=False, name="calls"
            )
            if not self.inner.built:  # Keras builds no layer again that a file has built
                self.inner.build(input_shape)
            self.built = True

        def call(self, inputs):
            return self.inner(inputs) * self.factor

        def get_config(self):
            config = {"inner": library.saving.serialize_keras_object(self.inner)}
            return {**super().get_config(), **config, "start": self.start}

        @classmethod
        def from_config(cls, config):
            inner = library.saving.deserialize_keras_object(config.pop("inner"))
            return cls(inner, **config)

    @register
    class Tower(library.Model):
        """A model with layers in attributes, in a list and in a dictionary, one used twice."""

        def __init__(self, width, depth=2, **kwargs):
            super().__init__(**kwargs)
            self.width, self.depth = width, depth
            dense = library.layers.Dense
            self.blocks = [Scale(dense(width, "tanh"), start=0.5) for _ in range(depth)]
            self.shared = dense(width, "relu")
            self.heads = {"b": dense(2), "a": dense(2)}

        def call(self, inputs):
            x = self.shared(library.ops.pad(inputs, [[0, 0], [0, self.width - 6]]))
            for block in self.blocks:
                x = self.shared(block(x))
            return self.heads["a"](x) + self.heads["b"](x)

        def get_config(self):
            return {**super().get_config(), "width": self.width, "depth": self.depth}

    @register
    def gap(y_true, y_pred):
        return library.ops.mean(library.ops.abs(y_true - y_pred), axis=-1)

    return Scale, Tower, gap


def tower(library):
    _, make, gap = classes(library)
    model = make(8)
    model.compile(library.optimizers.Adam(0.01), loss=gap, metrics=[gap, "mse"])
    return model


def siamese(library):
    """Inputs that go through the same layers, one of them the user's, and a nested model."""
    make, _, gap = classes(library)
    layers = library.layers
    one = library.Input((6,), name="one")
    encoder = library.Sequential(
        [library.Input((6,)), make(layers.Dense(5), name="scaled"), layers.BatchNormalization()],
        name="encoder",
    )
    left, right = encoder(one), encoder(layers.Rescaling(-1.0)(one))
    outputs = layers.Dense(2, name="out")(layers.concatenate([left, right]))
    model = library.Model(one, outputs)
    model.compile(library.optimizers.RMSprop(0.01, momentum=0.5), loss={"out": gap})
    return model


MODELS = {"tower": tower, "siamese": siamese}


def train(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"]


def predicted(model):
    return np.asarray(model.predict(X, verbose=0), "float32")


@BOTH_WAYS
@pytest.mark.parametrize("name", MODELS)
def test_registered_classes(name, writes, reads, tmp_path, quick_compilation):
    classes(reads)  # registers those of the reader
    model = MODELS[name](writes)
    train(model)
    model.save(tmp_path / "m.keras")
    other = reads.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(predicted(other), predicted(model), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(train(other), train(model), rtol=1e-4)
    np.testing.assert_allclose(predicted(other), predicted(model), rtol=1e-3, atol=1e-4)

    fresh = MODELS[name](reads)
    fresh(X)
    model.save_weights(tmp_path / "m.weights.h5")
    fresh.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(predicted(fresh), predicted(model), rtol=1e-5, atol=1e-6)


@BOTH_WAYS
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16", "float16"])
def test_precisions(policy, writes, reads, tmp_path, quick_compilation):
    layers = writes.layers
    model = writes.Sequential(
        [
            writes.Input((6,)),
            layers.Dense(8, "relu", dtype=policy),
            layers.LayerNormalization(dtype=policy),
            layers.Dense(2, dtype="float32"),
        ]
    )
    mixed = policy.startswith("mixed")
    if mixed:
        model.compile("adam", loss="mse")
        train(model)
    model.save(tmp_path / "m.keras")
    other = reads.saving.load_model(tmp_path / "m.keras")
    assert [layer.dtype_policy.name for layer in other.layers] == [
        layer.dtype_policy.name for layer in model.layers
    ]
    assert [str(w.dtype) for w in other.weights] == [str(w.dtype) for w in model.weights]
    for mine, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine.astype("float32"), theirs.astype("float32"))
    np.testing.assert_allclose(predicted(other), predicted(model), rtol=0.02, atol=0.02)
    if mixed:
        np.testing.assert_allclose(train(other), train(model), rtol=0.05)


@BOTH_WAYS
def test_the_scale_of_the_loss_goes_on(writes, reads, tmp_path, quick_compilation):
    model = writes.Sequential([writes.Input((6,)), writes.layers.Dense(2)])
    optimizer = writes.optimizers.LossScaleOptimizer(
        writes.optimizers.SGD(0.01), initial_scale=64.0, dynamic_growth_steps=3
    )
    model.compile(optimizer, loss="mse")
    train(model)  # four steps: the scale has doubled once, and one step has been counted since
    model.save(tmp_path / "m.keras")
    other = reads.saving.load_model(tmp_path / "m.keras").optimizer
    assert type(other).__name__ == "LossScaleOptimizer"
    assert float(np.asarray(other.dynamic_scale)) == 128.0
    assert int(np.asarray(other.step_counter)) == 1
    assert int(np.asarray(other.iterations)) == 4
