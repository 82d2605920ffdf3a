"""Small steps on torch are captured as a graph of kernels: the same training, and when not."""

from __future__ import annotations

import numpy as np
import pytest

import kerata
from kerata.training import program as programs
from tests.training.small_network import data, network, program_of


@pytest.fixture(autouse=True)
def on_torch():
    if not kerata.backend.select.load("torch").captures:
        pytest.skip("steps are captured on the CPU only")
    with kerata.use_backend("torch"):
        yield


def train(monkeypatch, model, captured, epochs=5, **compiled):
    """Train, captured or as Python; return the history and the train program."""
    monkeypatch.setattr(programs, "_MANY_STEPS", 1 if captured else 10**9)
    compiled = {"optimizer": "adam", "loss": "binary_crossentropy", "metrics": ["accuracy"]} | (
        compiled
    )
    model.compile(**compiled)
    history = model.fit(*data(), epochs=epochs, verbose=0).history
    return history, program_of(model)


def is_captured(program):
    return program._compiled is not None


@pytest.mark.parametrize(
    "optimizer",
    ["adam", "sgd", "rmsprop", "adagrad", "nadam", "lion"],
)
def test_capturing_changes_nothing(monkeypatch, optimizer):
    results = []
    for captured in (False, True):
        model = network(kerata.layers.BatchNormalization, lambda: kerata.layers.Dropout(0.3))
        history, program = train(monkeypatch, model, captured, optimizer=optimizer)
        assert is_captured(program) == captured
        results.append((history, model.get_weights()))
    (plain, plain_weights), (fast, fast_weights) = results
    for name, values in plain.items():
        np.testing.assert_allclose(fast[name], values, rtol=1e-4, err_msg=name)
    for a, b in zip(plain_weights, fast_weights, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"clipnorm": 0.1},
        {"global_clipnorm": 0.1},
        {"weight_decay": 0.01},
        {"use_ema": True, "ema_momentum": 0.9},
        {"gradient_accumulation_steps": 2},
        {"learning_rate": kerata.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)},
    ],
    ids=lambda options: next(iter(options)),
)
def test_what_surrounds_an_update_is_captured_too(monkeypatch, options):
    weights = []
    for captured in (False, True):
        model = network()
        optimizer = kerata.optimizers.Adam(**options)
        _, program = train(monkeypatch, model, captured, optimizer=optimizer)
        assert is_captured(program) == captured
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-5)


def test_parameters_stay_the_tensors_that_others_hold(monkeypatch):
    model = network()
    held = [variable.value for variable in model.trainable_variables]
    before = [tensor.detach().clone() for tensor in held]
    _, program = train(monkeypatch, model, captured=True)
    assert is_captured(program)
    for variable, tensor, old in zip(model.trainable_variables, held, before, strict=True):
        assert variable.value is tensor and tensor.requires_grad
        assert not np.array_equal(tensor.detach().numpy(), old.numpy())


def test_a_run_that_diverges_does_so_too(monkeypatch):
    model = network()
    for layer in model.layers:
        layer.set_weights([np.full(w.shape, np.nan) for w in layer.get_weights()])
    with pytest.warns(kerata.core.errors.KerataWarning, match="loss became nan"):
        history, program = train(monkeypatch, model, captured=True)
    assert is_captured(program) and np.isnan(history["loss"]).all()


def test_a_frozen_layer_stays_frozen(monkeypatch):
    model = network()
    train(monkeypatch, model, captured=True)
    model.layers[0].trainable = False
    frozen, free = model.layers[0].get_weights(), model.layers[1].get_weights()
    model.fit(*data(), epochs=2, verbose=0)
    for a, b in zip(frozen, model.layers[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(free[0], model.layers[1].get_weights()[0])


def test_hooks_see_every_step(monkeypatch):
    seen = []
    callback = kerata.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"]))
    )
    monkeypatch.setattr(programs, "_MANY_STEPS", 1)
    weights = []
    for callbacks in ([callback], []):  # one step at a time, and several
        model = network()
        model.compile("adam", "binary_crossentropy")
        model.fit(*data(), epochs=2, verbose=0, callbacks=callbacks)
        assert is_captured(program_of(model))
        weights.append(model.get_weights())
    assert [batch for batch, _ in seen] == [*range(5)] * 2
    assert len({loss for _, loss in seen}) == 10
    for alone, together in zip(*weights, strict=True):
        np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-7)


def test_the_users_code_runs_as_it_is(monkeypatch):
    calls = []

    def activation(x):
        calls.append(1)
        return kerata.ops.relu(x)

    model = network(activation=activation)
    calls.clear()
    _, program = train(monkeypatch, model, captured=True)
    assert not is_captured(program) and len(calls) >= 25


def test_long_and_few_steps_are_not_captured(monkeypatch):
    _, program = train(monkeypatch, network(lambda: kerata.layers.Dense(4000)), captured=True)
    assert not is_captured(program)
    model = network()
    model.compile("adam", "binary_crossentropy")
    monkeypatch.setattr(programs, "_MANY_STEPS", 1000)
    model.fit(*data(), epochs=2, verbose=0)
    assert not any(is_captured(p) for p in model._programs.values())


def test_run_eagerly_is_not_captured(monkeypatch):
    _, program = train(monkeypatch, network(), captured=True, run_eagerly=True)
    assert not is_captured(program)
