"""Steps compiled by XLA on TensorFlow: the same numbers, and what XLA lacks runs without it."""

from __future__ import annotations

import numpy as np
import pytest

import kerata
from kerata import ops
from kerata.training import program as programs
from tests.training.small_network import data, network, program_of

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")


@pytest.fixture(autouse=True)
def on_tensorflow():
    with kerata.use_backend("tensorflow"):
        yield


def train(model, **compiled):
    """Return the history, and whether XLA compiled the step."""
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], **compiled)
    history = model.fit(*data(), epochs=3, verbose=0).history
    steps = program_of(model)._compiled._loop._steps.values()
    return history, {step._use_xla for step in steps}


def test_the_same_training(monkeypatch):
    extra = kerata.layers.BatchNormalization, lambda: kerata.layers.Dropout(0.3)
    plain, used = train(network(*extra))
    assert used == {False}
    fast, used = train(network(*extra), jit_compile=True)
    assert used == {True}
    for name, values in plain.items():
        np.testing.assert_allclose(fast[name], values, rtol=1e-4, err_msg=name)
    monkeypatch.setattr(programs, "_VERY_MANY_STEPS", 9)
    planned, used = train(network(*extra))
    assert used == {True} and planned == fast


def test_convolutions_are_left_to_the_engine():
    layers = kerata.layers
    extra = lambda: layers.Reshape((8, 1)), lambda: layers.Conv1D(2, 3), layers.Flatten
    _, used = train(network(*extra), jit_compile=True)
    assert used == {False}


class Volume(kerata.layers.Layer):
    """Multiplies by a determinant, of which XLA has no kernel."""

    def build(self, input_shape):
        self.box = self.add_weight(shape=(3, 3), initializer="identity", name="box")

    def call(self, inputs):
        return inputs * ops.det(self.box)


def test_what_xla_lacks_runs_without_it():
    plain, _ = train(network(Volume))
    fast, used = train(network(Volume), jit_compile=True)
    assert used == {False} and fast == plain


def test_functions():
    @kerata.function(jit_compile=True)
    def fast(x):
        return ops.sum(ops.square(x))

    assert float(fast(np.arange(4.0, dtype="float32"))) == 14.0
