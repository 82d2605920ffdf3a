"""Functional models: graphs of any shape, features, order of layers, errors, configurations."""

import json

import keras
import numpy as np
import pytest

import kerata
from kerata import layers, ops


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def two_branches(lib):
    """Two inputs, a shared layer, a merge, two outputs: the same text for both libraries."""
    a, b = lib.Input((4,), name="a"), lib.Input((4,), name="b")
    shared = lib.layers.Dense(3, activation="relu", name="shared")
    left, right = shared(a), shared(b)
    merged = lib.layers.Concatenate(name="merged")([left, right])
    skipped = lib.layers.Add(name="skipped")([left, right])
    first = lib.layers.Dense(1, name="first")(merged)
    second = lib.layers.Dense(2, name="second", activation="softmax")(skipped)
    return lib.Model([a, b], {"first": first, "second": second})


def test_several_inputs_and_outputs_equal_keras(backend):
    oracle, model = two_branches(keras), two_branches(kerata)
    assert [layer.name for layer in model.layers] == [layer.name for layer in oracle.layers]
    model.set_weights(oracle.get_weights())
    data = [random(5, 4), random(5, 4) + 1]
    expected = oracle.predict(data, verbose=0)
    for given in (data, {"b": data[1], "a": data[0]}):
        found = model.predict(given, verbose=0)
        for name in ("first", "second"):
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-6)


def resnet_block(lib):
    x = inputs = lib.Input((8, 8, 3))
    x = lib.layers.Conv2D(4, 3, padding="same", name="c1")(x)
    y = lib.layers.Conv2D(4, 3, padding="same", name="c2")(x)
    y = lib.layers.BatchNormalization(name="n")(y)
    x = lib.layers.Add(name="add")([x, y])
    z = lib.layers.Conv2D(4, 1, name="c3")(inputs)
    x = lib.layers.Add(name="add2")([z, x])
    x = lib.layers.GlobalAveragePooling2D(name="pool")(x)
    return lib.Model(inputs, lib.layers.Dense(2, name="d")(x))


@pytest.mark.parametrize("make", [two_branches, resnet_block])
def test_layers_and_weights_have_keras_order(make):
    oracle, model = make(keras), make(kerata)
    assert [layer.name for layer in model.layers][1:] == [layer.name for layer in oracle.layers][1:]
    assert [w.shape for w in model.weights] == [tuple(w.shape) for w in oracle.weights]


def test_features_of_an_inner_layer(backend):
    model = resnet_block(kerata)
    features = kerata.Model(model.inputs, model.get_layer("add").output)
    found = features.predict(random(2, 8, 8, 3), verbose=0)
    assert found.shape == (2, 8, 8, 4)
    model.get_layer("c1").set_weights([np.zeros((3, 3, 3, 4)), np.ones(4)])
    assert not np.allclose(features.predict(random(2, 8, 8, 3), verbose=0), found)


def test_model_from_an_inner_tensor_on(backend):
    model = resnet_block(kerata)
    head = kerata.Model(model.get_layer("pool").output, model.output)
    whole = model.predict(random(2, 8, 8, 3), verbose=0)
    body = kerata.Model(model.input, model.get_layer("pool").output)
    np.testing.assert_allclose(
        head.predict(body.predict(random(2, 8, 8, 3), verbose=0), verbose=0), whole, rtol=1e-5
    )


def test_model_used_as_a_layer(backend):
    inner = kerata.Sequential([kerata.Input((4,)), layers.Dense(3)], name="inner")
    inputs = kerata.Input((4,))
    outer = kerata.Model(inputs, layers.Dense(1)(inner(inputs)))
    assert outer.get_layer("inner") is inner and len(outer.weights) == 4
    assert outer.predict(random(2, 4), verbose=0).shape == (2, 1)
    eager = outer(random(2, 4))
    np.testing.assert_allclose(
        ops.convert_to_numpy(eager), outer.predict(random(2, 4), verbose=0), rtol=1e-5
    )


def test_ops_between_layers(backend):
    inputs = kerata.Input((4,))
    x = layers.Dense(3)(inputs)
    x = ops.concatenate([ops.relu(x) * 2.0, x[:, :1] + 1.0], axis=-1)
    model = kerata.Model(inputs, x)
    copy = kerata.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    data = random(3, 4)
    expected = data @ model.get_weights()[0] + model.get_weights()[1]
    expected = np.concatenate([np.maximum(expected, 0) * 2, expected[:, :1] + 1], -1)
    for each in (model, copy):
        np.testing.assert_allclose(each.predict(data, verbose=0), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", [two_branches, resnet_block])
def test_configuration_is_plain_and_rebuilds_the_model(make):
    model = make(kerata)
    config = json.loads(json.dumps(model.get_config()))
    copy = kerata.Model.from_config(config)
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]
    assert copy.get_config() == model.get_config()
    assert kerata.models.model_from_json(model.to_json()).get_config() == model.get_config()


def test_disconnected_input_is_named():
    a, b = kerata.Input((2,), name="a"), kerata.Input((2,), name="b")
    with pytest.raises(ValueError, match="'b'.*not among the model's inputs"):
        kerata.Model(a, layers.Add()([a, b]))


def test_repeated_names_are_refused():
    a = kerata.Input((2,))
    x = layers.Dense(2, name="same")(layers.Dense(2, name="same")(a))
    with pytest.raises(ValueError, match="'same'"):
        kerata.Model(a, x)


def test_get_layer():
    model = two_branches(kerata)
    assert model.get_layer(index=-1) is model.layers[-1]
    with pytest.raises(ValueError, match="No such layer: 'frist'.*'first'"):
        model.get_layer("frist")
    with pytest.raises(ValueError, match="either"):
        model.get_layer()


def test_missing_input_by_name(backend):
    with pytest.raises(ValueError, match="'a'"):
        two_branches(kerata)({"b": random(1, 4)})


def test_a_missing_channel_axis_is_added(backend):
    model = kerata.Sequential([kerata.Input((6, 6, 1)), layers.Flatten(), layers.Dense(2)])
    images = random(3, 6, 6)
    np.testing.assert_allclose(
        model.predict(images, verbose=0), model.predict(images[..., None], verbose=0), rtol=1e-6
    )


def test_wrong_input_shape_is_told(backend):
    model = kerata.Sequential([kerata.Input((8,)), layers.Dense(2)])
    with pytest.raises(ValueError, match=r"Input\(\(10,\)\)"):
        model(random(32, 10))
    with pytest.raises(ValueError, match=r"x\[None\]"):
        model(random(8))


@pytest.mark.parametrize(
    "name, today",
    [
        ("fit_generator", r"model.fit\(generator"),
        ("evaluate_generator", r"model.evaluate\(generator"),
        ("predict_generator", r"model.predict\(generator"),
        ("predict_classes", r"argmax\(-1\)"),
        ("predict_proba", r"model.predict\(x\)"),
    ],
)
def test_methods_of_old_say_what_to_call(name, today):
    model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])
    with pytest.raises(AttributeError, match=rf"no '{name}' any more: call {today}|{today}"):
        getattr(model, name)
    assert not hasattr(model, name)  # scikit-learn asks before it calls
    setattr(model, name, len)
    assert getattr(model, name) is len
