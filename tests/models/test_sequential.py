"""Sequential and subclassed models: building, editing, freezing, copying."""

import json

import keras
import numpy as np
import pytest

import kerata
from kerata import layers, ops


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def mlp(*first):
    return kerata.Sequential([*first, layers.Dense(3, activation="relu"), layers.Dense(2)])


def test_with_an_input_it_is_built_at_once():
    model = mlp(kerata.Input((4,)))
    assert model.built and model.count_params() == 23
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 2))


def test_without_an_input_it_is_built_on_first_data(backend):
    model = mlp()
    assert not model.built and not model.weights
    with pytest.raises(ValueError, match="call it on data"):
        model.count_params()
    assert model(random(5, 4)).shape == (5, 2)
    assert model.count_params() == 23


def test_build_by_shape():
    model = mlp()
    model.build((None, 4))
    assert model.count_params() == 23 and model.output_shape == (None, 2)


def test_older_input_arguments():
    assert kerata.Sequential([layers.Dense(2, input_shape=(4,))]).built
    assert kerata.Sequential([layers.Dense(2, input_dim=4)]).count_params() == 10


def test_add_and_pop(backend):
    model = kerata.Sequential()
    model.add(kerata.Input((4,)))
    model.add(layers.Dense(3))
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2) and len(model.layers) == 2
    last = model.pop()
    assert last.units == 2 and model.output_shape == (None, 3)
    assert model.predict(random(2, 4), verbose=0).shape == (2, 3)
    for _ in model.layers:
        model.pop()
    with pytest.raises(IndexError, match="no layer"):
        model.pop()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (layers.Dense, "add an instance"),
        ("dense", "takes layers"),
        (keras.layers.Dense(1), "keras.*kerata.layers"),
    ],
)
def test_what_is_not_a_layer_is_refused(wrong, text):
    with pytest.raises(ValueError, match=text):
        kerata.Sequential([wrong])


def test_feature_model(backend):
    model = mlp(kerata.Input((4,)))
    features = kerata.Model(model.inputs, model.layers[0].output)
    expected = np.maximum(random(2, 4) @ model.get_weights()[0] + model.get_weights()[1], 0)
    found = features.predict(random(2, 4), verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("built", [True, False])
def test_configuration(built):
    model = mlp(kerata.Input((4,))) if built else mlp()
    config = json.loads(json.dumps(model.get_config()))
    copy = kerata.Sequential.from_config(config)
    assert copy.get_config() == model.get_config() and copy.built == built


class Classifier(kerata.Model):
    """Layers as attributes, in lists and in dicts."""

    def __init__(self, width=3, classes=2, **kwargs):
        super().__init__(**kwargs)
        self.width, self.classes = width, classes
        self.hidden = [layers.Dense(width, activation="relu") for _ in range(2)]
        self.heads = {"main": layers.Dense(classes)}

    def call(self, inputs, training=None):
        for layer in self.hidden:
            inputs = layer(inputs)
        return self.heads["main"](inputs)


def test_subclassed_model_finds_its_layers(backend):
    model = Classifier()
    assert model(random(5, 4)).shape == (5, 2)
    assert [layer.name for layer in model.layers] == ["dense", "dense_1", "dense_2"]
    assert len(model.weights) == 6 and model.count_params() == 15 + 12 + 8


def test_layers_added_to_a_list_later_are_found():
    model = Classifier()
    model.hidden.append(layers.Dense(5))
    model.build((None, 4))
    assert len(model.weights) == 8


def test_subclassed_configuration_is_recorded():
    model = Classifier(width=7)
    assert {"width": 7, "classes": 2}.items() <= model.get_config().items()
    assert Classifier.from_config(model.get_config()).width == 7


def test_subclass_with_a_graph():
    """A subclass that only overrides `train_step` is made from inputs and outputs."""

    class Custom(kerata.Model):
        def train_step(self, data):
            return {"loss": 1.0}

    inputs = kerata.Input((4,))
    model = Custom(inputs, layers.Dense(2)(inputs))
    assert isinstance(model, Custom) and model.output_shape == (None, 2)


def test_freezing(training_backend):
    model = mlp(kerata.Input((4,)))
    model.compile("sgd", "mse")
    model.layers[0].trainable = False
    assert len(model.trainable_variables) == 2 and len(model.non_trainable_variables) >= 2
    before = model.get_weights()
    model.fit(random(8, 4), random(8, 2), verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.allclose(before[2], after[2])
    model.trainable = True
    model.fit(random(8, 4), random(8, 2), verbose=0)
    assert not np.allclose(model.get_weights()[0], after[0])


def test_freezing_keeps_statistics_untrainable():
    model = kerata.Sequential([kerata.Input((4,)), layers.BatchNormalization()])
    model.trainable = False
    assert not model.trainable_weights
    model.trainable = True
    assert [w.name for w in model.trainable_weights] == ["gamma", "beta"]


def test_set_weights_changes_nothing_when_a_shape_is_wrong():
    model = mlp(kerata.Input((4,)))
    before = model.get_weights()
    wrong = [np.zeros_like(w) for w in before[:-1]] + [np.zeros(7)]
    with pytest.raises(ValueError, match=r"shape \(2,\).*shape \(7,\)"):
        model.set_weights(wrong)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_layer_without_call_is_explained():
    class Empty(kerata.layers.Layer):
        pass

    with pytest.raises(NotImplementedError, match="def call"):
        Empty()(random(1, 2))


def test_errors_name_the_layer(backend):
    class Wrong(kerata.layers.Layer):
        def call(self, inputs):
            return ops.matmul(inputs, inputs)

    with pytest.raises(ValueError) as info:
        kerata.Sequential([Wrong(name="wrong")])(random(2, 3))
    assert any("'sequential/wrong'" in note or "'wrong'" in note for note in info.value.__notes__)


def test_unknown_argument_lists_the_known_ones():
    with pytest.raises(ValueError, match="'unit'.*units"):
        layers.Dense(3, unit=4)


def test_activity_regularizer_and_add_loss(backend):
    layer = layers.Dense(2, activity_regularizer="l2", kernel_regularizer="l1", use_bias=False)
    output = ops.convert_to_numpy(layer(np.ones((2, 3), "float32")))
    kernel = layer.get_weights()[0]
    expected = [0.01 * np.sum(output**2) / 2, 0.01 * np.abs(kernel).sum()]
    found = [float(ops.convert_to_numpy(loss)) for loss in layer.losses]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_masks_reach_the_layers_behind(backend):
    seen = {}

    class Look(kerata.layers.Layer):
        supports_masking = True

        def call(self, inputs, mask=None):
            seen["mask"] = mask
            return inputs

    model = kerata.Sequential(
        [layers.Embedding(5, 2, mask_zero=True), layers.Dropout(0.1), layers.Dense(3), Look()]
    )
    model(np.array([[1, 2, 0]]))
    assert ops.convert_to_numpy(seen["mask"]).tolist() == [[True, True, False]]


def test_a_lost_mask_is_told():
    class Opaque(kerata.layers.Layer):
        def call(self, inputs):
            return ops.reshape(inputs, (-1, 6))

    model = kerata.Sequential([layers.Embedding(5, 2, mask_zero=True), Opaque(name="opaque")])
    with pytest.warns(UserWarning, match="opaque.*supports_masking"):
        model(np.array([[1, 2, 0]]))
