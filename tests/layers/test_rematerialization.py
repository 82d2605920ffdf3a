"""Rematerialization changes memory and time, and no number: it is run twice to give the same."""

import contextlib

import numpy as np
import pytest

import kerata
from kerata import layers, ops

RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 6)).astype("float32")
Y = RNG.normal(size=(16, 2)).astype("float32")


class Block(layers.Layer):
    """Statistics, chance, a loss of its own, and layers inside."""

    calls = 0

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(6, "tanh", name="dense")
        self.normal = layers.BatchNormalization(name="normal")
        self.dropout = layers.Dropout(0.3, seed=5)

    def call(self, inputs, training=None):
        if not isinstance(inputs, kerata.KerasTensor):
            type(self).calls += 1
        hidden = self.dropout(self.normal(self.dense(inputs), training=training), training=training)
        self.add_loss(0.1 * ops.mean(ops.square(hidden)))
        return hidden


def network(scope):
    kerata.utils.clear_session(free_memory=False)
    kerata.utils.set_random_seed(3)
    with scope:
        return kerata.Sequential(
            [kerata.Input((6,)), Block(name="one"), Block(name="two"), layers.Dense(2, name="last")]
        )


def trained(scope, **options):
    model = network(scope)
    model.compile(kerata.optimizers.SGD(0.1), "mse", **options)
    history = model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    return [*history.history["loss"], *(v.numpy() for v in model.variables)]


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize(
    "scope",
    [
        kerata.RematScope(),
        kerata.RematScope("activations"),
        kerata.RematScope("larger_than", output_size_threshold=16),
        kerata.RematScope("list_of_layers", layer_names=["two"]),
    ],
    ids=lambda scope: scope.mode,
)
def test_training_gives_the_same(training_backend, scope, eager):
    expected = trained(contextlib.nullcontext(), run_eagerly=eager)
    found = trained(scope, run_eagerly=eager)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_the_block_runs_twice(training_backend):
    counts = []
    one_block = kerata.RematScope("list_of_layers", layer_names=["one"])
    for scope in (contextlib.nullcontext(), one_block):
        model = network(scope)
        Block.calls = 0
        with kerata.GradientTape() as tape:
            loss = ops.sum(model(X, training=True))
        tape.gradient(loss, model.trainable_variables)
        counts.append(Block.calls)
    if training_backend != "jax":  # which repeats what it has traced
        assert counts == [2, 3]


def test_jax_is_told_to_run_again():
    import jax

    with kerata.use_backend("jax"):
        wave = kerata.remat(lambda x: ops.sum(ops.sin(ops.exp(x))))
        assert "remat" in str(jax.make_jaxpr(jax.grad(wave))(ops.ones((3,))))


def test_a_function_with_variables_of_others(training_backend):
    dense = layers.Dense(3, kernel_initializer="ones")
    dense.build((None, 6))
    factor = kerata.Variable(2.0)
    plain = lambda x: ops.sum(ops.exp(dense(x) * 0.1) * factor.value)  # noqa: E731
    results = []
    for function in (plain, kerata.remat(plain)):
        variables = [*dense.trainable_variables, factor]
        with kerata.GradientTape() as tape:
            value = function(ops.array(X))
        results.append([value, *tape.gradient(value, variables)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(
            ops.convert_to_numpy(one), ops.convert_to_numpy(other), rtol=1e-5
        )


def test_structures_flags_and_symbols(training_backend):
    pair = kerata.remat(lambda a, scale=1.0: {"y": a * scale, "n": ops.argmax(a, axis=-1)})
    found = pair(ops.array(X), scale=3.0)
    np.testing.assert_allclose(ops.convert_to_numpy(found["y"]), 3 * X, rtol=1e-6)
    np.testing.assert_array_equal(ops.convert_to_numpy(found["n"]), X.argmax(-1))
    assert pair(kerata.Input((6,)))["n"].shape == (None,)


def test_derivatives_of_functions(training_backend):
    wave = kerata.remat(lambda x: ops.sum(ops.sin(ops.exp(x))))
    gradient = kerata.grad(wave)(ops.array([0.0, 0.5]))
    expected = np.cos(np.exp([0.0, 0.5])) * np.exp([0.0, 0.5])
    np.testing.assert_allclose(ops.convert_to_numpy(gradient), expected, rtol=1e-5)


def test_mixed_precision(training_backend):
    results = []
    for scope in (contextlib.nullcontext(), kerata.RematScope()):
        kerata.utils.set_random_seed(1)
        with scope:
            layer = layers.Dense(4, "gelu", dtype="mixed_bfloat16")
        with kerata.GradientTape() as tape:
            loss = ops.sum(ops.cast(layer(X), "float32"))
        gradients = tape.gradient(loss, layer.trainable_variables)
        assert [kerata.ops.dtype(g) for g in gradients] == ["float32", "float32"]
        results.append([ops.convert_to_numpy(g) for g in gradients])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-2)


def test_without_gradients_it_is_the_function_itself():
    with kerata.use_backend("numpy"):
        np.testing.assert_array_equal(kerata.remat(lambda x: x * 2.0)(X), 2 * X)


def test_scopes_end_and_are_checked():
    with kerata.RematScope(), kerata.RematScope(None):
        assert layers.Dense(1)._remat is None
    assert layers.Dense(1)._remat is None
    with pytest.raises(ValueError, match="'all'; expected one of 'full'"):
        kerata.RematScope("all")


class Wave(kerata.Operation):
    """An operation that counts how often it computes."""

    calls = 0

    def call(self, x, scale=1.0):
        if not isinstance(x, kerata.KerasTensor):
            type(self).calls += 1
        return ops.sum(ops.sin(ops.exp(x * scale)))


@pytest.mark.parametrize(
    "scope, again",
    [
        (kerata.RematScope(), True),
        (kerata.RematScope("activations"), False),
        (kerata.RematScope("larger_than", output_size_threshold=0), True),
        (kerata.RematScope("larger_than", output_size_threshold=1), False),
        (kerata.RematScope("list_of_layers", layer_names=["wave"]), True),
        (None, False),
    ],
)
def test_operations_are_run_again_as_the_scope_says(training_backend, scope, again):
    with scope or contextlib.nullcontext():
        wave = Wave(name="wave")
    x = kerata.Variable([0.0, 0.5])
    with kerata.GradientTape() as tape:
        y = wave(x.value, 1.0)
    Wave.calls = 0
    tape.gradient(y, x)
    assert Wave.calls == (1 if again and training_backend != "jax" else 0)
    gradient = kerata.grad(lambda x: wave(x, scale=2.0))(ops.array([0.0, 0.5]))
    expected = 2 * np.cos(np.exp([0.0, 1.0])) * np.exp([0.0, 1.0])
    np.testing.assert_allclose(ops.convert_to_numpy(gradient), expected, rtol=1e-5)


def test_a_method_of_a_layer_is_run_again_as_the_scope_says(training_backend):
    dense, x = layers.Dense(2), ops.array(X)
    assert dense.rematerialized_call(dense.call, x) == dense.call
    with kerata.RematScope("larger_than", output_size_threshold=16):
        dense = layers.Dense(2)
    dense.build((None, 6))
    assert dense.rematerialized_call(dense.call, x[:2]) == dense.call
    again = dense.rematerialized_call(dense.call, x)
    assert again != dense.call
    np.testing.assert_array_equal(
        ops.convert_to_numpy(again(x)), ops.convert_to_numpy(dense(x))
    )
    with kerata.GradientTape() as tape:
        y = ops.sum(again(x))
    (gradient,) = tape.gradient(y, [dense.kernel])
    np.testing.assert_allclose(
        ops.convert_to_numpy(gradient), np.tile(X.sum(0)[:, None], 2), rtol=1e-5, atol=1e-5
    )
