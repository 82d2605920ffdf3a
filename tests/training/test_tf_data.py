"""`tf.data` into `fit`, `evaluate` and `predict`, and models inside of `tf.data`."""

from __future__ import annotations

import numpy as np
import pytest

import kerata

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")


def arrays():
    random = np.random.default_rng(3)
    x = random.normal(size=(70, 4)).astype("float32")
    return x, (x @ np.array([[1.0], [-2.0], [0.5], [0.0]], "float32"))


def network():
    kerata.utils.set_random_seed(5)
    model = kerata.Sequential([kerata.Input((4,)), kerata.layers.Dense(1)])
    model.compile(kerata.optimizers.SGD(0.05), "mse", metrics=["mae"])
    return model


@pytest.fixture
def on_tensorflow():
    with kerata.use_backend("tensorflow"):
        yield


def test_the_same_training_as_on_arrays(training_backend):
    x, y = arrays()
    from_arrays, from_dataset = network(), network()
    expected = from_arrays.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0).history
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(16).prefetch(tf.data.AUTOTUNE)
    found = from_dataset.fit(dataset, epochs=3, validation_data=dataset, verbose=0).history
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-5)
    assert from_dataset.evaluate(dataset, verbose=0) == pytest.approx(
        from_arrays.evaluate(x, y, batch_size=16, verbose=0), rel=1e-5
    )
    np.testing.assert_allclose(
        from_dataset.predict(dataset, verbose=0), from_arrays.predict(x, verbose=0), rtol=1e-5
    )


def test_inputs_by_name_and_weights(training_backend):
    x, y = arrays()
    weights = np.linspace(0.1, 1.0, len(x)).astype("float32")
    left, right = kerata.Input((2,), name="left"), kerata.Input((2,), name="right")
    joined = kerata.layers.Concatenate()([left, right])
    kerata.utils.set_random_seed(5)
    model = kerata.Model({"left": left, "right": right}, kerata.layers.Dense(1)(joined))
    model.compile("sgd", "mse")
    named = {"right": x[:, 2:], "left": x[:, :2]}
    dataset = tf.data.Dataset.from_tensor_slices((named, y, weights)).batch(35)
    expected = model.evaluate(named, y, sample_weight=weights, batch_size=35, verbose=0)
    assert model.evaluate(dataset, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_endless_data_end_by_steps(training_backend):
    dataset = tf.data.Dataset.from_tensor_slices(arrays()).batch(10).repeat()
    model = network()
    history = model.fit(dataset, epochs=2, steps_per_epoch=5, verbose=0)
    assert len(history.history["loss"]) == 2


def test_a_model_inside_a_pipeline(on_tensorflow):
    """A model made on TensorFlow can be a step of `Dataset.map`, as features or labels."""
    x, _ = arrays()
    model = network()
    mapped = tf.data.Dataset.from_tensor_slices(x).batch(35).map(model)
    found = np.concatenate(list(mapped.as_numpy_iterator()))
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-5)
