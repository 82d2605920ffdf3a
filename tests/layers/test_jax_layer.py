"""JaxLayer and FlaxLayer: functions and modules of JAX as layers, as in Keras on JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import kerata
from kerata import ops
from tests.layers.driver import as_json, close, numpy_of, random_weights

random = np.random.default_rng(1)
X = random.normal(size=(4, 5)).astype("float32")
Y = random.normal(size=(4, 3)).astype("float32")


@kerata.saving.register_keras_serializable("test")
@keras.saving.register_keras_serializable("test")
def dense(params, inputs):
    return inputs @ params["kernel"] + params["biases"][0]


@kerata.saving.register_keras_serializable("test")
@keras.saving.register_keras_serializable("test")
def dense_init(rng, inputs):
    kernel = jax.random.normal(rng, (inputs.shape[-1], 3))
    return {"kernel": kernel, "biases": [jnp.zeros(3)]}


def noisy(params, state, rng, inputs, training):
    outputs = inputs @ params["w"]
    if training:
        outputs = outputs * jax.random.bernoulli(rng, 0.5, outputs.shape)
    return outputs, {"calls": state["calls"] + 1}


def noisy_init(rng, inputs, training):
    return {"w": jnp.ones((inputs.shape[-1], 3))}, {"calls": jnp.zeros((), "int32")}


@pytest.fixture(autouse=True)
def on_jax():
    with kerata.use_backend("jax"):
        yield


def pair():
    theirs, mine = (
        library.layers.JaxLayer(dense, dense_init, name="layer") for library in (keras, kerata)
    )
    theirs(X)
    mine(X)
    values = random_weights(theirs)
    theirs.set_weights(values)
    mine.set_weights(values)
    return theirs, mine


@pytest.mark.tensorflow  # Keras' own needs it
def test_values_weights_and_configuration_are_those_of_keras():
    theirs, mine = pair()
    assert [(tuple(w.shape), w.trainable) for w in mine.weights] == [
        (tuple(w.shape), w.trainable) for w in theirs.weights
    ]
    close(mine(X), theirs(X))
    assert as_json(kerata.layers.serialize(mine)) == as_json(keras.layers.serialize(theirs))
    assert [w.name for w in mine.weights] == ["biases_0", "kernel"]


@pytest.mark.tensorflow  # Keras' own needs it
def test_trains_as_in_keras():
    theirs, mine = pair()
    weights = []
    for library, layer in ((keras, theirs), (kerata, mine)):
        model = library.Sequential([library.Input((5,)), layer])
        model.compile(library.optimizers.SGD(0.1), "mse")
        model.fit(X, Y, epochs=3, batch_size=2, shuffle=False, verbose=0)
        weights.append(layer.get_weights())
    for a, b in zip(*weights, strict=True):
        close(a, b)


def test_state_and_keys():
    layer = kerata.layers.JaxLayer(noisy, noisy_init, seed=3)
    first, second = (numpy_of(layer(X, training=True)) for _ in range(2))
    assert (first == 0).any() and not np.array_equal(first, second)
    again = kerata.layers.JaxLayer(noisy, noisy_init, seed=3)
    close(again(X, training=True), first)
    close(layer(X), X.sum(1, keepdims=True) * np.ones(3))
    assert int(layer.state["calls"].numpy()) == 3
    assert [v.trainable for v in layer.weights] == [True, False]


def test_state_changes_in_compiled_training():
    model = kerata.Sequential([kerata.Input((5,)), kerata.layers.JaxLayer(noisy, noisy_init)])
    assert model.output_shape == (None, 3)
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=2, batch_size=1, verbose=0)
    assert int(model.layers[0].state["calls"].numpy()) == 8
    assert not np.allclose(model.layers[0].params["w"].numpy(), 1)


def test_first_values_may_be_given():
    params = {"kernel": np.ones((5, 3), "float32"), "biases": [np.zeros(3, "float32")]}
    for init in (None, dense_init):
        layer = kerata.layers.JaxLayer(dense, init, params=params)
        close(layer(X), X.sum(1, keepdims=True) * np.ones(3))


@pytest.mark.tensorflow  # Keras' own needs it
@pytest.mark.parametrize("dtype", ["bfloat16", "mixed_bfloat16"])
def test_dtypes_are_those_of_keras(dtype):
    theirs, mine = (
        library.layers.JaxLayer(dense, dense_init, dtype=dtype) for library in (keras, kerata)
    )
    expected, actual = theirs(X), mine(X)
    assert kerata.ops.dtype(actual) == keras.backend.standardize_dtype(expected.dtype)
    assert [w.dtype for w in mine.weights] == [w.dtype for w in theirs.weights]


def test_structures_of_inputs_keep_their_dtypes():
    def lookup(params, inputs):
        return params["table"][inputs["words"]] * inputs["factor"][:, None]

    def init(rng, inputs):
        assert inputs["words"].dtype == "int32"
        return {"table": jnp.arange(12.0).reshape(4, 3)}

    layer = kerata.layers.JaxLayer(lookup, init)
    words, factor = np.array([1, 3], "int32"), np.array([1.0, 2.0], "float32")
    expected = np.arange(12.0).reshape(4, 3)[words] * factor[:, None]
    close(layer({"words": words, "factor": factor}), expected.astype("float32"))
    copy = kerata.layers.JaxLayer(lookup, init)
    copy.build_from_config(layer.get_build_config())
    assert copy.built


@pytest.mark.tensorflow  # Keras' own needs it
def test_saved_and_loaded(tmp_path):
    _, layer = pair()
    model = kerata.Sequential([kerata.Input((5,)), layer])
    model.save(tmp_path / "model.keras")
    close(kerata.saving.load_model(tmp_path / "model.keras")(X), layer(X))


def test_it_computes_on_jax_whatever_the_default():
    with kerata.use_backend("torch"):
        layer = kerata.layers.JaxLayer(dense, dense_init)
        assert isinstance(layer(X), jax.Array)
        with pytest.raises(TypeError, match="computes on jax"):
            layer(ops.ones((2, 5)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda layer: layer(dense), "nothing tells the first values"),
        (lambda layer: layer(noisy, params={"w": Y}), "takes 'state'"),
        (lambda layer: layer(lambda params, x: x, dense_init), "takes an argument 'x'"),
        (lambda layer: layer(lambda params: 1, dense_init), "takes no 'inputs'"),
        (lambda layer: layer(dense, lambda inputs: 1), "takes no 'rng'"),
        (
            lambda layer: layer(
                lambda state, inputs: (inputs, [1]), state={"a": np.zeros(1)}
            )(X),
            "structure",
        ),
    ],
)
def test_wrong_functions(make, message):
    with pytest.raises(ValueError, match=message):
        make(kerata.layers.JaxLayer)


# -- Flax ------------------------------------------------------------------------------------


@pytest.fixture
def module():
    linen = pytest.importorskip("flax.linen", reason="Flax is not installed")

    class Network(linen.Module):
        @linen.compact
        def __call__(self, inputs, training):
            x = linen.Dense(4)(inputs)
            x = linen.BatchNorm(use_running_average=not training)(x)
            x = linen.Dropout(0.5, deterministic=not training)(x)
            return linen.Dense(3)(x)

        def sequence(self, inputs):
            return inputs * 2.0

    return Network()


@pytest.mark.tensorflow  # Keras' own needs it
def test_flax_modules_are_those_of_keras(module):
    theirs, mine = (library.layers.FlaxLayer(module) for library in (keras, kerata))
    theirs(X)
    mine(X)
    assert [(tuple(w.shape), w.trainable) for w in mine.weights] == [
        (tuple(w.shape), w.trainable) for w in theirs.weights
    ]
    values = [np.abs(value) + 0.1 for value in random_weights(theirs)]
    theirs.set_weights(values)
    mine.set_weights(values)
    close(mine(X), theirs(X))
    theirs(X, training=True)
    mine(X, training=True)
    for a, b in zip(mine.non_trainable_weights, theirs.non_trainable_weights, strict=True):
        close(a.numpy(), b.numpy())


def test_flax_modules_train(module):
    model = kerata.Sequential([kerata.Input((5,)), kerata.layers.FlaxLayer(module)])
    assert model.output_shape == (None, 3)
    model.compile("adam", "mse")
    before = model.get_weights()
    model.fit(X, Y, epochs=2, batch_size=2, verbose=0)
    # The first bias stands before a batch normalization, which takes it away again.
    pairs = zip(before, model.get_weights(), strict=True)
    assert sum(not np.allclose(a, b) for a, b in pairs) >= 7


def test_flax_methods_and_given_variables(module):
    close(kerata.layers.FlaxLayer(module, method="sequence")(X), 2 * X)
    close(kerata.layers.FlaxLayer(module, method=type(module).sequence)(X), 2 * X)
    variables = module.init(jax.random.key(0), X, False)
    layer = kerata.layers.FlaxLayer(module, variables=variables)
    close(layer(X), module.apply(variables, X, False))
    with pytest.raises(TypeError, match="get_config"):
        kerata.layers.serialize(layer)
