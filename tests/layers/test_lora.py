"""LoRA: what Keras' layers do, and what it is for."""

import keras
import numpy as np
import pytest

import kerata

CASES = {
    "Dense": ({"units": 3}, (2, 4), None),
    "EinsumDense": (
        {"equation": "abc,cde->abde", "output_shape": (None, 3, 2), "bias_axes": "de"},
        (2, 5, 4),
        None,
    ),
    "Embedding": ({"input_dim": 6, "output_dim": 4}, (2, 5), 6),
}


def inputs(name):
    _, shape, integers = CASES[name]
    rng = np.random.default_rng(0)
    if integers:
        return rng.integers(0, integers, shape).astype("int32")
    return rng.normal(size=shape).astype("float32")


def built(library, name, **options):
    layer = getattr(library.layers, name)(**CASES[name][0], **options, name="layer")
    layer(inputs(name))
    return layer


def model_of(library, name, layer):
    x = inputs(name)
    given = library.Input(x.shape[1:], dtype=x.dtype.name)
    return library.Model(given, layer(given))


def filled(layer):
    rng = np.random.default_rng(3)
    for weight in layer.weights:
        weight.assign(rng.normal(size=tuple(weight.shape)).astype("float32"))
    return layer


def described(layer):
    return [(w.name, tuple(w.shape), w.trainable) for w in layer.weights]


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_weights_are_those_of_keras(backend, name):
    mine, theirs = built(kerata, name), built(keras, name)
    for layer in (mine, theirs):
        layer.enable_lora(2, lora_alpha=6.0)
    assert described(mine) == described(theirs)
    filled(mine), filled(theirs)
    x = inputs(name)
    np.testing.assert_allclose(
        kerata.ops.convert_to_numpy(mine(x)), np.asarray(theirs(x)), rtol=1e-4, atol=1e-5
    )
    configs = [each.get_config() for each in (mine, theirs)]
    assert [c["lora_rank"] for c in configs] == [2, 2]
    assert [c["lora_alpha"] for c in configs] == [6.0, 6.0]
    copy = type(mine).from_config(mine.get_config())
    copy(x)
    assert described(copy) == described(mine)


@pytest.mark.parametrize("name", CASES)
def test_nothing_changes_at_first(backend, name):
    layer = built(kerata, name)
    before = kerata.ops.convert_to_numpy(layer(inputs(name)))
    layer.enable_lora(2)
    np.testing.assert_array_equal(kerata.ops.convert_to_numpy(layer(inputs(name))), before)


@pytest.mark.parametrize("name", CASES)
def test_only_the_update_is_trained(training_backend, name):
    layer = built(kerata, name, dtype="mixed_bfloat16" if name == "Dense" else None)
    model = kerata.Sequential([layer])
    layer.enable_lora(2)
    filled(layer)
    matrix = layer.weights[0].numpy()
    model.compile("sgd", "mse")
    x = inputs(name)
    y = np.zeros(kerata.ops.shape(layer(x)), "float32")
    first = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=5, verbose=0)
    assert model.evaluate(x, y, verbose=0) < first
    np.testing.assert_array_equal(layer.weights[0].numpy(), matrix)
    assert not np.array_equal(getattr(layer, layer.adaptable), matrix)


@pytest.mark.parametrize("name", CASES)
def test_files_hold_the_sum(backend, name, tmp_path):
    layer = filled(_with_lora(built(kerata, name)))
    x = inputs(name)
    expected = kerata.ops.convert_to_numpy(layer(x))
    path = tmp_path / "m.weights.h5"
    model_of(kerata, name, layer).save_weights(path)
    for adapted in (True, False):
        other = built(kerata, name)
        if adapted:
            _with_lora(other)
        model_of(kerata, name, other).load_weights(path)
        found = kerata.ops.convert_to_numpy(other(x))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    theirs = built(keras, name)
    model_of(keras, name, theirs).load_weights(path)
    np.testing.assert_allclose(np.asarray(theirs(x)), expected, rtol=1e-4, atol=1e-5)
    layer = _with_lora(built(kerata, name))
    model_of(kerata, name, layer).load_weights(path)
    first, second = layer._update_factors()
    assert np.abs(first.numpy()).min() > 0 and not second.numpy().any()


def _with_lora(layer):
    layer.enable_lora(2)
    return layer


def test_regularizers_reach_the_update():
    losses = []
    for library in (kerata, keras):
        layer = library.layers.Dense(3, kernel_regularizer="l2", kernel_initializer="ones")
        layer.build((None, 4))
        layer.enable_lora(2, a_initializer="ones", b_initializer="ones")
        losses.append([float(loss) for loss in layer.losses])
    np.testing.assert_allclose(*losses)


def test_a_frozen_layer_stays_frozen():
    layer = kerata.layers.Dense(3)
    layer.build((None, 4))
    layer.trainable = False
    layer.enable_lora(2)
    assert not any(weight.trainable for weight in layer.weights)
    layer.trainable = True
    assert [w.name for w in layer.trainable_weights] == ["bias", "lora_kernel_a", "lora_kernel_b"]


def test_what_cannot_be_adapted_says_why():
    layer = kerata.layers.Dense(3)
    with pytest.raises(AttributeError, match="no `kernel` until it is built"):
        layer.kernel  # noqa: B018
    with pytest.raises(ValueError, match="no `kernel` yet"):
        layer.enable_lora(2)
    layer.build((None, 4))
    with pytest.raises(ValueError, match="rank"):
        layer.enable_lora(0)
    layer.enable_lora(2)
    with pytest.raises(ValueError, match="already"):
        layer.enable_lora(2)
    layer = kerata.layers.Embedding(3, 2, embeddings_constraint="non_neg", lora_rank=1)
    with pytest.raises(ValueError, match="embeddings_constraint"):
        layer.build()
