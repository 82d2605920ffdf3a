"""Callbacks in real runs: against Keras, and killed by the system."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import kerata
from kerata import callbacks, layers

RNG = np.random.default_rng(0)
X = RNG.random((64, 4)).astype("float32")
Y = 3 * X.sum(1)


def noting(base, seen):
    """Return a callback that notes the first weight at every event."""

    class Noting(base):
        def note(self, *_):
            seen.append(float(np.ravel(self.model.get_weights()[0])[0]))

        def on_epoch_begin(self, epoch, logs=None):
            self.note()

        def on_epoch_end(self, epoch, logs=None):
            self.note()

        def on_test_begin(self, logs=None):
            self.note()

        def on_test_end(self, logs=None):
            self.note()

        def on_train_end(self, logs=None):
            self.note()

    return Noting()


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_averaged_weights_are_shown_when_keras_shows_them(training_backend, swap_on_epoch):
    import keras

    notes = []
    for library in (keras, kerata):
        seen = []
        dense = library.layers.Dense(1, kernel_initializer="ones")
        model = library.Sequential([library.Input((4,)), dense])
        model.compile(library.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "mse")
        swap = library.callbacks.SwapEMAWeights(swap_on_epoch)
        around = [noting(library.callbacks.Callback, seen) for _ in range(2)]
        model.fit(
            X, Y, batch_size=16, epochs=3, verbose=0, shuffle=False, validation_data=(X, Y),
            callbacks=[around[0], swap, around[1]],
        )  # fmt: skip
        seen.append(float(model.get_weights()[0][0, 0]))
        notes.append(seen)
    np.testing.assert_allclose(notes[1], notes[0], rtol=1e-4)
    assert len(set(np.round(notes[1], 4))) > 4


def test_swapping_needs_averages():
    model = kerata.Sequential([kerata.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="use_ema=True to SGD"):
        model.evaluate(X, Y, verbose=0, callbacks=[callbacks.SwapEMAWeights()])


@pytest.mark.parametrize("base", ["history", "schedule", "stop", "reduce"])
def test_runs_go_as_in_keras(training_backend, base):
    import keras

    def listed(library):
        made = library.callbacks
        return {
            "history": [],
            "schedule": [made.LearningRateScheduler(lambda epoch, rate: rate * 0.5)],
            "stop": [made.EarlyStopping("val_loss", patience=1, min_delta=2.0)],
            "reduce": [made.ReduceLROnPlateau("loss", patience=1, min_delta=5.0, factor=0.1)],
        }[base]

    results = []
    for library in (keras, kerata):
        dense = library.layers.Dense(1, kernel_initializer="ones")
        model = library.Sequential([library.Input((4,)), dense])
        model.compile(library.optimizers.SGD(0.02), "mse")
        history = model.fit(
            X, Y, batch_size=16, epochs=6, verbose=0, shuffle=False, validation_data=(X, Y),
            callbacks=listed(library),
        )  # fmt: skip
        results.append(history.history)
    assert results[0].keys() == results[1].keys()
    for name, values in results[0].items():
        np.testing.assert_allclose(results[1][name], values, rtol=1e-4, err_msg=name)


def test_checkpoints_can_be_loaded(tmp_path):
    model = kerata.Sequential([kerata.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    saved = callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    weights = callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[saved, weights])
    assert sorted(os.listdir(tmp_path)) == ["1.keras", "1.weights.h5", "2.keras", "2.weights.h5"]
    loaded = kerata.saving.load_model(tmp_path / "2.keras")
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
    model.load_weights(tmp_path / "1.weights.h5")
    first = kerata.saving.load_model(tmp_path / "1.keras")
    np.testing.assert_array_equal(first.get_weights()[0], model.get_weights()[0])


RUN = """
import hashlib, sys, time
import numpy as np
import kerata
from kerata import callbacks, layers

kerata.utils.set_random_seed(0)
x = np.random.default_rng(0).random((160, 4)).astype("float32")
model = kerata.Sequential(
    [kerata.Input((4,)), layers.Dense(8, "relu"), layers.Dropout(0.3), layers.Dense(1)]
)
model.compile("adam", "mse")
slowly = callbacks.LambdaCallback(on_train_batch_end=lambda *_: time.sleep(float(sys.argv[2])))
slowly.fusable = True
history = model.fit(
    x, 3 * x.sum(1), batch_size=8, epochs=8, verbose=0, validation_split=0.2,
    callbacks=[
        callbacks.BackupAndRestore(sys.argv[1], save_freq=5),
        callbacks.EarlyStopping(patience=9, restore_best_weights=True),
        callbacks.ReduceLROnPlateau("loss", patience=1),
        slowly,
    ],
)
weights = b"".join(np.asarray(w).tobytes() for w in model.get_weights())
print(hashlib.sha256(weights + repr(history.history).encode()).hexdigest(), history.epoch[-1])
"""


def run(folder, seconds_per_step=0.0):
    environment = dict(os.environ, PYTHONPATH=str(pathlib.Path(kerata.__file__).parents[1]))
    command = [sys.executable, "-c", RUN, str(folder), str(seconds_per_step)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What the run prints when nobody kills it."""
    return run(tmp_path_factory.mktemp("whole")).communicate()[0]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_is_killed_goes_on_bit_by_bit(tmp_path, expected, how):
    victim = run(tmp_path, seconds_per_step=0.1)
    state = tmp_path / "run0.state"
    while not state.exists():
        assert victim.poll() is None
        time.sleep(0.005)
    victim.send_signal(how)
    victim.communicate()
    assert victim.returncode == (-9 if how == signal.SIGKILL else 143)
    assert run(tmp_path).communicate()[0] == expected and expected.endswith(" 7\n")
    assert not state.exists()
