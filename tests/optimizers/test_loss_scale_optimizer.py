"""LossScaleOptimizer against Keras (whose stateless form is the one that works on JAX)."""

import functools

import keras
import numpy as np
import pytest

import kerata
from kerata import ops, optimizers

FACTORS = [1.0, 1.0, np.inf, 1.0, 1.0, 1.0, np.nan, np.nan, 1.0]
SETTINGS = [{}, {"gradient_accumulation_steps": 2}, {"clipnorm": 0.5}]


def make(library, arguments):
    variable = library.Variable([1.0, 2.0], name="w")
    inner = library.optimizers.SGD(0.1, momentum=0.9, **arguments)
    optimizer = library.optimizers.LossScaleOptimizer(
        inner, initial_scale=8.0, dynamic_growth_steps=2
    )
    return variable, optimizer


def stateless(library, arguments, compiled=lambda f: f):
    variable, optimizer = make(library, arguments)
    optimizer.build([variable])
    apply = compiled(optimizer.stateless_apply)
    own, trained = [v.value for v in optimizer.variables], [variable.value]
    history = []
    for factor in FACTORS:
        gradient = library.ops.array(np.array([8.0 * factor, 1.0], "float32"))
        trained, own = apply(own, [gradient], trained)
        history.append([np.asarray(x) for x in [*trained, *own]])
    return history


@functools.cache
def expected(position):
    return stateless(keras, SETTINGS[position])


def compare(history, expected_history):
    for ours, theirs in zip(history, expected_history, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("position", range(len(SETTINGS)))
def test_updates_are_those_of_keras(backend, position):
    variable, optimizer = make(kerata, SETTINGS[position])
    history = []
    for factor in FACTORS:
        optimizer.apply([ops.array(np.array([8.0 * factor, 1.0], "float32"))], [variable])
        history.append([v.numpy() for v in [variable, *optimizer.variables]])
    compare(history, expected(position))
    paths = [v.path for v in optimizer.variables]
    assert paths[2:4] == ["loss_scale_optimizer/step_counter", "loss_scale_optimizer/dynamic_scale"]


@pytest.mark.parametrize("position", range(len(SETTINGS)))
def test_compiled_updates_are_those_of_keras(position):
    import jax

    with kerata.use_backend("jax"):
        compare(stateless(kerata, SETTINGS[position], jax.jit), expected(position))


def test_losses_are_scaled():
    variable, optimizer = make(kerata, {"loss_scale_factor": 2.0})
    assert optimizer.scale_loss(3.0) == 48.0
    optimizer.build([variable])
    assert float(optimizer.scale_loss(3.0)) == 48.0
    optimizer.apply([ops.array([16.0, 0.0])], [variable])
    np.testing.assert_allclose(variable.numpy(), [0.9, 2.0], rtol=1e-6)


def test_the_rest_is_left_to_the_inner_optimizer():
    _, optimizer = make(kerata, {})
    optimizer.learning_rate = 0.5
    assert float(optimizer.inner_optimizer.learning_rate) == 0.5
    assert optimizer.iterations is optimizer.inner_optimizer.iterations
    averaging = optimizers.LossScaleOptimizer(optimizers.SGD(0.1, use_ema=True), 1.0)
    variable = kerata.Variable([1.0])
    for _ in range(2):
        averaging.apply([ops.array([1.0])], [variable])
    averaging.finalize_variable_values([variable])
    np.testing.assert_allclose(variable.numpy(), 0.99 * 0.9 + 0.01 * 0.8, rtol=1e-5)


def test_configuration_is_that_of_keras():
    config = optimizers.serialize(optimizers.LossScaleOptimizer(optimizers.SGD(name="a"), name="b"))
    theirs = keras.optimizers.serialize(
        keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(name="a"), name="b")
    )
    assert config == theirs
    again = optimizers.deserialize(config)
    assert again.get_config() == config["config"]


def test_a_variable_may_have_no_gradient(backend):
    first, second = kerata.Variable([1.0]), kerata.Variable([1.0])
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(0.1), 1.0)
    with pytest.warns(UserWarning, match="no gradient"):
        optimizer.apply([None, ops.array([1.0])], [first, second])
    assert first.numpy()[0] == 1.0 and second.numpy()[0] == pytest.approx(0.9)


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: optimizers.LossScaleOptimizer("sgd"), "inner_optimizer"),
        (lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0), "clipnorm"),
    ],
)
def test_wrong_arguments_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
