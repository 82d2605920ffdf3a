"""Files of Keras are read, and Keras reads ours: same paths, same numbers, same training."""

import h5py
import keras
import numpy as np
import pytest

import kerata


def images(n=4):
    return np.random.default_rng(0).normal(size=(n, 8, 8, 2)).astype("float32")


def rows(n=4):
    return np.random.default_rng(0).normal(size=(n, 5)).astype("float32")


def sequences(n=4):
    return np.random.default_rng(0).normal(size=(n, 4, 5)).astype("float32")


def convolutional(k):
    layers = k.layers
    return k.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.Conv2D(3, 3, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(3, activation="softmax", name="head"),
        ]
    )


def branched(k):
    layers = k.layers
    inputs = k.Input((5,), name="row")
    shared = layers.Dense(4, activation="tanh", name="shared")
    a = shared(inputs)
    b = layers.Dense(4, name="b")(inputs)
    c = shared(layers.Dense(5, name="c")(b))
    joined = layers.Concatenate()([layers.Add()([a, b]), c])
    outputs = [layers.Dense(3, name="first")(joined), layers.Dense(2, name="second")(c)]
    return k.Model(inputs, outputs)


def nested(k):
    layers = k.layers
    inner = k.Sequential([layers.Input((5,)), layers.Dense(3), layers.Dense(4)], name="inner")
    inputs = k.Input((5,))
    deep = k.Model(inputs, layers.Dense(2)(inner(inputs)), name="deep")
    return k.Sequential([layers.Input((5,)), deep, layers.Dense(3)])


MODELS = {"convolutional": (convolutional, images), "branched": (branched, rows),
          "nested": (nested, rows)}


def recurrent(k):
    layers = k.layers
    return k.Sequential(
        [
            layers.Input((4, 5)),
            layers.TimeDistributed(layers.Dense(4)),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.RNN([layers.GRUCell(2), layers.SimpleRNNCell(3)], return_sequences=True),
            layers.GRU(2),
        ]
    )


def attention(k):
    layers = k.layers
    inputs = k.Input((4, 5))
    x = layers.MultiHeadAttention(2, 3)(inputs, inputs)
    x = layers.LayerNormalization()(layers.Add()([x, inputs]))
    return k.Model(inputs, layers.GlobalAveragePooling1D()(x))


MODELS |= {"recurrent": (recurrent, sequences), "attention": (attention, sequences)}
NEEDED = {"recurrent": "TimeDistributed", "attention": "MultiHeadAttention"}

each_model = pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                name in NEEDED and not hasattr(kerata.layers, NEEDED[name]),
                reason=f"kerata.layers has no {NEEDED.get(name)}",
            ),
        )
        for name in MODELS
    ],
)


def outputs(model, data):
    """What a model of kerata or Keras computes, as a list of arrays."""
    found = model(data)
    flat = found if isinstance(found, list) else [found]
    return [kerata.ops.convert_to_numpy(x) if isinstance(model, kerata.Model) else np.asarray(x)
            for x in flat]


def stored(path):
    """The arrays of a weights file, by path, without what only kerata writes."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: found.update({name: item[()]})
            if isinstance(item, h5py.Dataset) and not name.startswith("kerata_state") else None
        )
    return found


@each_model
def test_keras_file_is_read(tmp_path, backend, name):
    make, data = MODELS[name]
    theirs = make(keras)
    theirs.save(tmp_path / "m.keras")
    ours = kerata.saving.load_model(tmp_path / "m.keras")
    for found, wanted in zip(outputs(ours, data()), outputs(theirs, data()), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@each_model
def test_keras_reads_our_file(tmp_path, name):
    make, data = MODELS[name]
    ours = make(kerata)
    ours.save(tmp_path / "m.keras")
    theirs = keras.saving.load_model(tmp_path / "m.keras")
    for found, wanted in zip(outputs(theirs, data()), outputs(ours, data()), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@each_model
def test_weights_have_the_same_paths(tmp_path, name):
    make, _ = MODELS[name]
    theirs, ours = make(keras), make(kerata)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    ours.save_weights(tmp_path / "ours.weights.h5")
    expected, found = stored(tmp_path / "theirs.weights.h5"), stored(tmp_path / "ours.weights.h5")
    assert sorted(found) == sorted(expected)
    for path, array in expected.items():
        np.testing.assert_array_equal(found[path], array, err_msg=path)
    theirs.load_weights(tmp_path / "ours.weights.h5")


OPTIMIZERS = {
    "sgd": lambda k: k.optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda k: k.optimizers.Adam(0.01),
    "adamw with averages": lambda k: k.optimizers.AdamW(0.01, use_ema=True),
    "scheduled": lambda k: k.optimizers.RMSprop(
        k.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    ),
}


def steps(model, count):
    x, y = images(), np.array([0, 1, 2, 1])
    for _ in range(count):
        model.train_on_batch(x, y)


def compiled(k, optimizer):
    layers = k.layers
    model = k.Sequential(
        [layers.Input((8, 8, 2)), layers.Conv2D(2, 3), layers.Flatten(),
         layers.Dense(3, activation="softmax")]
    )
    model.compile(
        OPTIMIZERS[optimizer](k), k.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"]
    )
    steps(model, 2)
    return model


def assert_close(ours, theirs):
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_begun_in_keras_goes_on(tmp_path, optimizer):
    theirs = compiled(keras, optimizer)
    theirs.save(tmp_path / "m.keras")
    ours = kerata.saving.load_model(tmp_path / "m.keras")
    states = zip(ours.optimizer.variables, theirs.optimizer.variables, strict=True)
    for a, b in states:
        np.testing.assert_array_equal(a.numpy(), np.asarray(b.value))
    steps(theirs, 2)
    steps(ours, 2)
    assert_close(ours, theirs)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_begun_here_goes_on_in_keras(tmp_path, optimizer):
    ours = compiled(kerata, optimizer)
    ours.save(tmp_path / "m.keras")
    theirs = keras.saving.load_model(tmp_path / "m.keras")
    assert int(theirs.optimizer.iterations) == 2
    steps(theirs, 2)
    steps(ours, 2)
    assert_close(ours, theirs)


def containers(k):
    """A layer with parts in every kind of attribute."""
    layers = k.layers

    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            shared = layers.Dense(1)
            self.zz, self.bb = shared, [shared, layers.Dense(2)]
            self.mixed = [{"q": layers.Dense(3)}, 3, (layers.Dense(4), layers.Dense(5))]
            self._private, self.Upper = layers.Dense(6), layers.Dense(7)
            self._viewed = layers.Dense(8)

        @property
        def view(self):
            return self._viewed

        def build(self, input_shape):
            parts = [*self.bb, self.mixed[0]["q"], *self.mixed[2], self._private, self.Upper,
                     self._viewed]
            for part in parts:
                part.build((None, 2))
            self.free = self.add_weight(shape=(9,), name="free")
            self.built = True

        def call(self, inputs):
            return inputs

    class Wrapper(k.Model):
        def __init__(self):
            super().__init__()
            self.early, self.late = Block(), Block()
            self.norm = layers.BatchNormalization()

        def call(self, inputs):
            return self.norm(self.late(self.early(inputs)))

    model = Wrapper()
    model(np.ones((1, 2), "float32"))
    return model


def test_containers_have_the_same_paths(tmp_path):
    theirs, ours = containers(keras), containers(kerata)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.save_weights(tmp_path / "ours.weights.h5")
    shapes = [
        {path: array.shape for path, array in stored(tmp_path / f"{who}.weights.h5").items()}
        for who in ("ours", "theirs")
    ]
    assert shapes[0] == shapes[1]
    theirs.load_weights(tmp_path / "ours.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")


def test_bfloat16_weights(tmp_path):
    def make(k):
        return k.Sequential([k.layers.Input((3,)), k.layers.Dense(2, dtype="bfloat16")])

    theirs = make(keras)
    theirs.save_weights(tmp_path / "t.weights.h5")
    ours = make(kerata)
    ours.load_weights(tmp_path / "t.weights.h5")
    ours.save_weights(tmp_path / "o.weights.h5")
    make(keras).load_weights(tmp_path / "o.weights.h5")
    np.testing.assert_array_equal(
        stored(tmp_path / "t.weights.h5")["layers/dense/vars/0"],
        stored(tmp_path / "o.weights.h5")["layers/dense/vars/0"],
    )
