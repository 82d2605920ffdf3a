"""OrbaxCheckpoint, and what is loaded from its folders: by kerata and by Keras."""

import os

import keras
import numpy as np
import pytest

import kerata

pytest.importorskip("orbax.checkpoint", reason="orbax-checkpoint is not installed")

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def model_of(library):
    layers = library.layers
    library.utils.set_random_seed(3)
    # Keras does not find the values of its own Sequential models again.
    inputs = x = library.Input((3,))
    x = layers.Dense(4, "tanh", name="hidden")(x)
    x = layers.BatchNormalization(name="norm")(x)
    model = library.Model(inputs, layers.Dense(1, name="last")(x), name="net")
    model.compile(library.optimizers.Adam(0.05), "mse")
    return model


def train(model, epochs=2, **options):
    model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0, **options)


def steps(folder):
    return sorted(int(name) for name in os.listdir(folder) if name.isdigit())


def trained(library, folder, **options):
    model = model_of(library)
    train(model, callbacks=[library.callbacks.OrbaxCheckpoint(str(folder), **options)])
    return model


def same_predictions(ours, theirs, tolerance=1e-6):
    expected = np.asarray(theirs.predict(X, verbose=0))
    np.testing.assert_allclose(ours.predict(X, verbose=0), expected, rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize("background", [True, False])
def test_a_model_is_loaded_and_training_goes_on(background, training_backend, tmp_path):
    model = trained(kerata, tmp_path / "run", save_on_background=background)
    assert steps(tmp_path / "run") == [1]
    again = kerata.saving.load_model(tmp_path / "run")
    same_predictions(again, model)
    train(model)
    train(again)
    for mine, other in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_keras_reads_what_kerata_writes(training_backend, tmp_path):
    model = trained(kerata, tmp_path / "run")
    theirs = keras.saving.load_model(str(tmp_path / "run"))
    same_predictions(model, theirs)
    train(model)
    train(theirs)
    same_predictions(model, theirs, 1e-4)


def test_kerata_reads_what_keras_writes(training_backend, tmp_path):
    theirs = trained(keras, tmp_path / "run", max_to_keep=None)
    model = kerata.saving.load_model(tmp_path / "run")
    same_predictions(model, theirs)
    other = model_of(kerata)
    other.load_weights(tmp_path / "run" / "0")
    assert int(other.optimizer.iterations) == 3
    other.load_weights(tmp_path / "run")
    train(other)
    train(theirs)
    same_predictions(other, theirs, 1e-4)


def test_every_few_batches_and_again_into_the_same_folder(tmp_path):
    run = tmp_path / "run"
    model = model_of(kerata)
    often = kerata.callbacks.OrbaxCheckpoint(run, save_freq=3, max_to_keep=None)
    train(model, callbacks=[often])
    assert steps(run) == [3, 6]
    train(model, callbacks=[kerata.callbacks.OrbaxCheckpoint(run, max_to_keep=2)])
    assert steps(run) == [7, 8]


def test_values_are_those_of_the_moment(training_backend, tmp_path):
    model = trained(kerata, tmp_path / "run", max_to_keep=None, save_weights_only=True)
    fresh, first = model_of(kerata), model_of(kerata)
    train(first, epochs=1)
    fresh.load_weights(tmp_path / "run" / "0")
    for mine, other in zip(fresh.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6)
    fresh.load_weights(tmp_path / "run")
    same_predictions(fresh, model)
    with pytest.raises(kerata.saving.LoadError, match="only weights were saved"):
        kerata.saving.load_model(tmp_path / "run")


def test_only_the_best(tmp_path):
    checkpoint = kerata.callbacks.OrbaxCheckpoint(
        tmp_path / "run", monitor="loss", save_best_only=True, initial_value_threshold=1e-9
    )
    train(model_of(kerata), callbacks=[checkpoint])
    assert steps(tmp_path / "run") == []


def test_vocabularies_travel_too(tmp_path):
    layers = kerata.layers
    model = kerata.Sequential(
        [
            kerata.Input((1,), dtype="string"),
            layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot", name="words"),
            layers.Dense(1, name="last"),
        ],
        name="net",
    )
    model.compile("sgd", "mse")
    checkpoint = kerata.callbacks.OrbaxCheckpoint(tmp_path / "run")
    texts = np.array([["a"], ["b"], ["c"], ["a"]])
    model.fit(texts, np.ones((4, 1)), verbose=0, callbacks=[checkpoint])
    again = kerata.saving.load_model(tmp_path / "run")
    np.testing.assert_array_equal(
        again.predict(texts, verbose=0), model.predict(texts, verbose=0)
    )


def test_an_unfinished_step_is_passed_over(tmp_path):
    model = trained(kerata, tmp_path / "run")
    (tmp_path / "run" / "9").mkdir()
    same_predictions(kerata.saving.load_model(tmp_path / "run"), model)


def test_what_does_not_fit_or_is_damaged_is_named(tmp_path):
    trained(kerata, tmp_path / "run")
    inputs = kerata.Input((3,))
    wider = kerata.Model(inputs, kerata.layers.Dense(9, name="hidden")(inputs), name="net")
    with pytest.raises(kerata.saving.LoadError, match="hidden/kernel: file .3, 4., model .3, 9."):
        wider.load_weights(tmp_path / "run")
    with pytest.raises(ValueError, match="as a whole"):
        wider.load_weights(tmp_path / "run", skip_mismatch=True)
    (tmp_path / "run" / "1" / "_CHECKPOINT_METADATA").write_text("{")
    for part in ("pytree", "model_config"):
        for file in (tmp_path / "run" / "1" / part).iterdir():
            if file.is_file():
                file.write_bytes(b"nonsense")
    with pytest.raises(kerata.saving.LoadError):
        kerata.saving.load_model(tmp_path / "run")


def test_one_host():
    checkpoint = kerata.callbacks.OrbaxCheckpoint("unused")
    assert not checkpoint.is_multihost_enabled() and checkpoint.is_primary_host()
    with pytest.raises(ValueError, match="save_freq"):
        kerata.callbacks.OrbaxCheckpoint("unused", save_freq="batch")
