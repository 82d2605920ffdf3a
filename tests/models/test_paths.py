"""Where weights stand in a model: the paths are those of Keras."""

import keras
import numpy as np
import pytest

import kerata

X = np.ones((1, 2, 3), "float32")


def block(library):
    class Block(library.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = library.layers.Dense(1, name="dense")
            self.attention = library.layers.MultiHeadAttention(2, 2, name="attention")

        def call(self, inputs):
            return self.attention(self.dense(inputs), self.dense(inputs))

    return Block(name="block")


def with_input(library):
    return library.Sequential([library.Input((2, 3)), block(library)], name="m")


def without_input(library):
    model = library.Sequential([block(library)], name="m")
    model(X)
    return model


def built_by_shape(library):
    model = library.Sequential([library.layers.Dense(2, name="d")], name="m")
    model.build((None, 3))
    return model


def functional(library):
    inputs = library.Input((2, 3))
    hidden = library.Sequential([block(library)], name="inner")(inputs)
    return library.Model(inputs, library.layers.Dense(1, name="d")(hidden), name="m")


def subclass(library):
    class Net(library.Model):
        def __init__(self):
            super().__init__(name="m")
            self.block = block(library)

        def call(self, inputs):
            return self.block(inputs)

    model = Net()
    model(X)
    return model


@pytest.mark.parametrize(
    "make", [with_input, without_input, built_by_shape, functional, subclass]
)
def test_paths_are_those_of_keras(make):
    mine = [weight.path for weight in make(kerata).weights]
    assert mine == [weight.path for weight in make(keras).weights]


def test_paths_stay_the_same_in_files(tmp_path):
    model = kerata.Sequential([kerata.Input((3,)), kerata.layers.Dense(2, name="d")], name="m")
    model.save(tmp_path / "m.keras")
    copies = [
        kerata.saving.load_model(tmp_path / "m.keras"),
        kerata.Sequential.from_config(model.get_config()),
        kerata.models.clone_model(model),
    ]
    for copy in copies:
        assert [w.path for w in copy.weights] == ["m/d/kernel", "m/d/bias"]
