"""`build` called by hand does what the first call does, as in Keras."""

import keras
import numpy as np
import pytest

import kerata
from kerata import layers

X = np.ones((2, 3), "float32")


def composite(library):
    class Composite(library.layers.Layer):
        def build(self, input_shape):
            self.inner = library.layers.Dense(4, name="inner")
            self.inner.build(input_shape)
            self.scale = self.add_weight(shape=(4,), initializer="ones", name="scale")
            super().build(input_shape)

        def call(self, inputs):
            return self.inner(inputs) * self.scale

    return Composite(name="composite")


def test_a_layer_is_built_once(backend):
    layer = layers.Dense(4, name="dense")
    layer.build((None, 3))
    assert layer.built and [w.path for w in layer.weights] == ["dense/kernel", "dense/bias"]
    kernel = layer.kernel
    layer(X)
    assert len(layer.weights) == 2 and layer.kernel is kernel
    assert layer.get_build_config() == {"input_shape": (None, 3)}


def test_variables_are_made_once(backend):
    layer = layers.BatchNormalization()
    layer.build((None, 3))
    before = layer.weights
    for shape in ((None, 3), (2, 3), (None, 7, 3)):
        layer.build(shape)
        assert [id(w) for w in layer.weights] == [id(w) for w in before]


def test_a_layer_that_two_others_build(backend):
    class Around(layers.Layer):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def build(self, input_shape):
            self.inner.build(input_shape)

        def call(self, inputs):
            return self.inner(inputs)

    dense = layers.Dense(4)
    first, second = Around(dense), Around(dense)
    assert first(X).shape == second(np.stack([X, X])).shape[1:] == (2, 4)
    assert len(dense.weights) == 2 and first.weights == second.weights


def test_a_layer_that_builds_another(backend):
    mine, theirs = composite(kerata), composite(keras)
    for layer in (mine, theirs):
        layer.build((None, 3))
        layer(X)
    names = [[w.path for w in layer.weights] for layer in (mine, theirs)]
    assert names[0] == names[1] and len(names[0]) == 3
    assert mine.inner.built


def test_a_build_that_fails_leaves_the_layer_unbuilt(backend):
    layer = layers.Dense(4)
    with pytest.raises(TypeError):
        layer.build(None)
    assert not layer.built
    layer(X)
    assert len(layer.weights) == 2


def test_models_with_a_build_of_their_own(backend):
    class Net(kerata.Model):
        def build(self, input_shape):
            self.dense = layers.Dense(2)
            self.dense.build(input_shape)

        def call(self, inputs):
            return self.dense(inputs)

    model = Net()
    model.build((None, 3))
    assert model.built and model(X).shape == (2, 2) and len(model.weights) == 2
