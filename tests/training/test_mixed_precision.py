"""Training in mixed precision: the same losses, loss scaling by itself, updates left out."""

import keras
import numpy as np
import pytest

import kerata
from kerata import layers, optimizers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 6)).astype("float32")
Y = np.argmax(X @ RNG.normal(size=(6, 3)), axis=1)


def classifier(policy, library=kerata):
    model = library.Sequential(
        [
            library.Input((6,)),
            library.layers.Dense(16, "relu", dtype=policy),
            library.layers.BatchNormalization(dtype=policy),
            library.layers.Dense(3, dtype=policy),
            library.layers.Activation("softmax", dtype="float32"),
        ]
    )
    model.dtype_policy = policy
    return model


def losses(policy, **options):
    kerata.utils.set_random_seed(3)
    model = classifier(policy)
    model.compile(optimizers.Adam(0.02), "sparse_categorical_crossentropy", **options)
    history = model.fit(X, Y, batch_size=16, epochs=4, shuffle=False, verbose=0)
    return model, history.history["loss"]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_losses_are_those_of_float32(training_backend, policy):
    _, expected = losses("float32")
    model, found = losses(policy)
    assert expected[-1] < 0.7 * expected[0]
    tolerance = 0.01 if policy == "mixed_float16" else 0.05
    np.testing.assert_allclose(found, expected, rtol=tolerance)
    assert {v.dtype for v in model.trainable_variables} == {"float32"}
    assert model.layers[0].compute_dtype == policy.removeprefix("mixed_")
    scaled = isinstance(model.optimizer, optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")


def test_who_gets_a_scaled_loss_is_as_in_keras():
    for policy in ("float32", "float16", "mixed_bfloat16", "mixed_float16"):
        for scale in (True, False):
            kinds = []
            for library in (kerata, keras):
                model = classifier(policy, library)
                model.compile("sgd", "mse", auto_scale_loss=scale)
                kinds.append(type(model.optimizer).__name__)
            assert kinds[0] == kinds[1], (policy, scale)
    mine = optimizers.LossScaleOptimizer(optimizers.SGD())
    model = classifier("mixed_float16")
    model.compile(mine, "mse")
    assert model.optimizer is mine
    model.dtype_policy = kerata.dtype_policies.DTypePolicyMap("mixed_float16")
    model.compile("sgd", "mse")
    assert isinstance(model.optimizer, optimizers.LossScaleOptimizer)


def test_updates_with_infinite_gradients_are_left_out(training_backend):
    """At 2^15 the gradients of this loss overflow, until the scale has been halved enough."""
    model = kerata.Sequential(
        [kerata.Input((1,)), layers.Dense(1, kernel_initializer="ones", dtype="mixed_float16")]
    )
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(1e-3), dynamic_growth_steps=4)
    model.compile(optimizer, "mse")
    x = np.full((8, 1), 10.0, "float32")
    y = np.full((8, 1), 10.0 - 8.0, "float32")
    before = model.get_weights()
    model.fit(x, y, batch_size=8, epochs=1, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert float(optimizer.dynamic_scale.numpy()) == 2.0**14
    assert int(optimizer.iterations.numpy()) == 0
    model.fit(x, y, batch_size=8, epochs=11, verbose=0)
    assert int(optimizer.iterations.numpy()) > 4
    assert np.isfinite(model.get_weights()[0]).all() and model.get_weights()[0] != before[0]
    assert 2.0**7 <= float(optimizer.dynamic_scale.numpy()) < 2.0**14


def test_training_goes_on_after_saving(training_backend, tmp_path):
    kerata.config.set_dtype_policy("mixed_float16")
    try:
        inputs = kerata.Input((6,))
        model = kerata.Model(inputs, layers.Dense(3, "softmax")(inputs))
        model.compile("adam", "sparse_categorical_crossentropy")
    finally:
        kerata.config.set_dtype_policy(None)
    model.fit(X, Y, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    copy = kerata.saving.load_model(tmp_path / "model.keras")
    assert isinstance(copy.optimizer, optimizers.LossScaleOptimizer)
    for mine, theirs in zip(copy.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    for each in (model, copy):
        kerata.utils.set_random_seed(1)
        each.fit(X, Y, epochs=1, verbose=0)
    for mine, theirs in zip(copy.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)
    unscaled = classifier("mixed_float16")
    unscaled.compile("sgd", "mse", auto_scale_loss=False)
    unscaled.save(tmp_path / "unscaled.keras")
    assert type(kerata.saving.load_model(tmp_path / "unscaled.keras").optimizer) is optimizers.SGD
