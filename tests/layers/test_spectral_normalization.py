"""SpectralNormalization against Keras: values, weights, gradients, files, masks."""

from __future__ import annotations

import jax
import keras
import numpy as np
import pytest

import kerata
from kerata.core import masks
from tests.layers.driver import as_json, close, numpy_of, random_weights

random = np.random.default_rng(2)
VECTORS = random.normal(size=(4, 5)).astype("float32")
IMAGES = random.normal(size=(2, 5, 6, 3)).astype("float32")
WORDS = np.array([[1, 2, 0], [3, 3, 1]])

CASES = {
    "Dense": (lambda library: library.layers.Dense(3, name="inner"), VECTORS),
    "Conv2D": (lambda library: library.layers.Conv2D(4, 2, name="inner"), IMAGES),
    "Embedding": (lambda library: library.layers.Embedding(5, 3, name="inner"), WORDS),
}


def wrapped(library, name, iterations=1):
    return library.layers.SpectralNormalization(
        CASES[name][0](library), power_iterations=iterations, name="outer"
    )


def pair(name, iterations=1):
    """Return Keras' layer and kerata's with the same random weights."""
    theirs, mine = (wrapped(library, name, iterations) for library in (keras, kerata))
    inputs = CASES[name][1]
    theirs(inputs)
    mine(inputs)
    values = random_weights(theirs)
    theirs.set_weights(values)
    mine.set_weights(values)
    return theirs, mine, inputs


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("iterations", [1, 3])
def test_steps_are_those_of_keras(name, iterations, backend):
    theirs, mine, inputs = pair(name, iterations)
    assert [(w.path, tuple(w.shape), w.trainable) for w in mine.weights] == [
        (w.path, tuple(w.shape), w.trainable) for w in theirs.weights
    ]
    for training in (False, True, True, False):
        expected = theirs(inputs, training=training)
        if name == "Embedding":  # Keras casts the rows to the integers' dtype
            expected = theirs.layer(inputs)
        close(mine(inputs, training=training), expected)
        for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            close(a, b)


def test_the_largest_singular_value_becomes_1(backend):
    layer = wrapped(kerata, "Conv2D", iterations=60)
    layer(IMAGES, training=True)
    matrix = layer.layer.kernel.numpy().reshape(-1, 4)
    assert np.linalg.norm(matrix, 2) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("name", ["Dense", "Conv2D"])
def test_gradients_go_through_the_division_as_in_keras(name, training_backend):
    theirs, mine, inputs = pair(name)
    kernel, vector, bias = (w.numpy() for w in mine.weights)
    shape = theirs.compute_output_shape(inputs.shape)
    cotangent = random.normal(size=shape).astype("float32")

    def loss(kernel):
        outputs, _ = theirs.stateless_call([kernel, bias], [vector], inputs, training=True)
        return (outputs * cotangent).sum()

    expected = jax.grad(loss)(kernel)
    with kerata.GradientTape() as tape:
        total = kerata.ops.sum(mine(inputs, training=True) * kerata.ops.array(cotangent))
    close(tape.gradient(total, mine.kernel), expected, 1e-4)


def test_gradients_of_the_second_of_two_calls(training_backend):
    """In a model that calls the layer twice, it normalizes what it has normalized before."""
    layer = wrapped(kerata, "Dense", 50)
    layer(VECTORS, training=True)
    kernel = layer.kernel.numpy()
    left, _, right = np.linalg.svd(kernel)
    cotangent = random.normal(size=(4, 3)).astype("float32")
    slope = VECTORS.T @ cotangent
    expected = slope - np.outer(left[:, 0], right[0]) * (slope * kernel).sum()
    first, second = kerata.Input((5,)), kerata.Input((5,))
    model = kerata.Model([first, second], [layer(first), layer(second)])
    with kerata.GradientTape() as tape:
        outputs = model([IMAGES[0, :4, :5, 0], VECTORS], training=True)
        total = kerata.ops.sum(outputs[1] * kerata.ops.array(cotangent))
    close(tape.gradient(total, layer.kernel), expected, 1e-3)


def test_a_kernel_of_zeros_stays(backend):
    _, layer, inputs = pair("Dense")
    layer.kernel.assign(np.zeros((5, 3)))
    before = layer.vector_u.numpy()
    close(layer(inputs, training=True), np.broadcast_to(layer.layer.bias.numpy(), (4, 3)))
    close(layer.vector_u, before)


def test_in_a_model_that_is_trained(training_backend):
    model = kerata.Sequential([kerata.Input((5,)), wrapped(kerata, "Dense", 5)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(VECTORS, np.ones((4, 3), "float32"), epochs=2, batch_size=2, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.isfinite(new).all()
        assert not np.allclose(old, new)
    assert model.predict(VECTORS, verbose=0).shape == (4, 3)


def test_the_state_of_the_layer_inside_changes_as_well(backend):
    class Counting(kerata.layers.Dense):
        def build(self, input_shape):
            super().build(input_shape)
            self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, inputs):
            self.count.assign_add(1.0)
            return super().call(inputs)

    layer = kerata.layers.SpectralNormalization(Counting(2))
    for _ in range(2):
        layer(VECTORS, training=True)
    assert float(layer.layer.count.numpy()) == 2.0


def test_configuration_and_files_are_those_of_keras(tmp_path):
    theirs, mine, inputs = pair("Conv2D", 2)
    config = as_json(keras.layers.serialize(keras.layers.SpectralNormalization(
        keras.layers.Conv2D(4, 2, name="inner"), 2, name="outer"
    )))  # fmt: skip
    assert as_json(kerata.layers.serialize(wrapped(kerata, "Conv2D", 2))) == config
    copy = kerata.layers.deserialize(config)
    assert (copy.power_iterations, copy.layer.filters) == (2, 4)
    keras.Sequential([keras.Input((5, 6, 3)), theirs]).save(tmp_path / "theirs.keras")
    loaded = kerata.saving.load_model(tmp_path / "theirs.keras")
    close(loaded(inputs), theirs(inputs))
    kerata.Sequential([kerata.Input((5, 6, 3)), mine]).save(tmp_path / "mine.keras")
    close(keras.saving.load_model(tmp_path / "mine.keras")(inputs), numpy_of(mine(inputs)))


def test_masks_of_the_layer_inside(backend):
    layer = kerata.layers.SpectralNormalization(kerata.layers.Embedding(5, 3, mask_zero=True))
    assert (numpy_of(masks.of(layer(WORDS))) == (WORDS != 0)).all()


def test_wrong_arguments():
    with pytest.raises(ValueError, match="neither `kernel` nor `embeddings`"):
        kerata.layers.SpectralNormalization(kerata.layers.Flatten())(VECTORS)
    with pytest.raises(ValueError, match="power_iterations"):
        kerata.layers.SpectralNormalization(kerata.layers.Dense(2), power_iterations=0)
    with pytest.raises(TypeError, match="kerata layer"):
        kerata.layers.SpectralNormalization("Dense")


@pytest.mark.parametrize("dtype", ["float16", "mixed_bfloat16"])
def test_half_precision(dtype, backend):
    inner = kerata.layers.Dense(3, dtype=dtype)
    layer = kerata.layers.SpectralNormalization(inner, power_iterations=20, dtype=dtype)
    outputs = layer(VECTORS, training=True)
    assert kerata.ops.dtype(outputs) == dtype.removeprefix("mixed_")
    assert layer.kernel.dtype == ("float16" if dtype == "float16" else "float32")
    assert np.linalg.norm(layer.kernel.numpy().astype("float32"), 2) == pytest.approx(1, abs=0.02)
