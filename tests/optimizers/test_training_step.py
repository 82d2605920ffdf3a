"""Optimizers inside a free training loop: eager, and compiled as one step."""

import numpy as np
import pytest

import kerata
from kerata import ops, optimizers

X = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
Y = X @ np.array([[1.0], [-2.0], [0.5]], "float32") + 0.25


def train(optimizer, steps, compiled):
    kernel = kerata.Variable(np.zeros((3, 1), "float32"), name="kernel")
    bias = kerata.Variable(np.zeros(1, "float32"), name="bias")

    def step(x, y):
        with kerata.GradientTape() as tape:
            loss = ops.mean(ops.square(ops.matmul(x, kernel) + bias - y))
        optimizer.apply(tape.gradient(loss, [kernel, bias]), [kernel, bias])
        return loss

    step = kerata.function(step) if compiled else step
    losses = [float(step(ops.array(X), ops.array(Y))) for _ in range(steps)]
    return losses, kernel.numpy(), bias.numpy()


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.SGD(0.2),
        lambda: optimizers.Adam(0.1, global_clipnorm=1.0),
        lambda: optimizers.Nadam(0.1, use_ema=True, ema_overwrite_frequency=5),
        lambda: optimizers.RMSprop(optimizers.schedules.CosineDecay(0.1, 60)),
        lambda: optimizers.Adam(0.2, gradient_accumulation_steps=2),
        lambda: optimizers.LossScaleOptimizer(optimizers.Adam(0.1)),
    ],
    ids=["SGD", "Adam", "Nadam", "RMSprop", "accumulation", "loss scale"],
)
def test_a_compiled_step_does_what_the_eager_one_does(training_backend, make):
    """The slots are made inside the step, when it is first traced."""
    eager = train(make(), 30, compiled=False)
    compiled = train(make(), 30, compiled=True)
    assert eager[0][-1] < 0.5 * eager[0][0]
    for one, other in zip(eager, compiled, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("name", ["Adam", "SGD", "Adamax", "Adagrad"])
def test_a_least_squares_fit_is_found(training_backend, name):
    losses, kernel, bias = train(getattr(optimizers, name)(0.3), 200, compiled=True)
    assert losses[-1] < 1e-2 * losses[0]
    np.testing.assert_allclose(kernel.ravel(), [1.0, -2.0, 0.5], atol=0.1)
    np.testing.assert_allclose(bias, [0.25], atol=0.1)
