"""Checkpoint: runs that are killed again and again, and what is kept of a run."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import kerata
from kerata.callbacks import Checkpoint, Position
from kerata.callbacks.run_state import DamagedFile
from tests.callbacks.test_backup_and_restore import Bomb, Killed, Model, others, outcome

RUN = """
import sys, time
from pathlib import Path
import numpy as np
from kerata import callbacks
from tests.callbacks.test_backup_and_restore import Model, others, outcome

folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
np.random.seed(3)
slowly = callbacks.LambdaCallback(on_train_batch_end=lambda *_: time.sleep(seconds))
slowly.fusable = True
checkpoint = callbacks.Checkpoint(folder / "run", save_freq=2, monitor="loss", keep=2)
print("begun", flush=True)
model = Model()
history = model.fit([*others(folder), checkpoint, slowly], epochs=12)
print(outcome(model, history, folder))
"""


def run(folder, seconds=0.0):
    environment = dict(os.environ, PYTHONPATH=str(pathlib.Path(__file__).parents[2]))
    command = [sys.executable, "-c", RUN, str(folder), str(seconds)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    return process


def positions(folder):
    return {file.name for file in folder.glob("*.state")}


def test_a_run_killed_twenty_times_ends_as_if_it_had_not_been(tmp_path):
    (tmp_path / "whole").mkdir()
    np.random.seed(3)
    model = Model()
    history = model.fit(others(tmp_path / "whole"), epochs=12)
    expected = outcome(model, history, tmp_path / "whole")
    moments, seen = random.Random(0), set()
    for kill in range(20):
        victim = run(tmp_path, seconds=0.02)
        while kill % 2 and positions(tmp_path / "run") <= seen:
            time.sleep(0.001)  # every other run goes on until it has saved, however slow it is
        time.sleep(moments.uniform(0.0, 0.09))
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        assert victim.returncode == -signal.SIGKILL
        seen |= positions(tmp_path / "run")
    assert len(seen) >= 10  # the run has gone on in between
    printed = run(tmp_path).communicate()[0]
    assert printed == f"{expected}\n"
    assert not [name for name in os.listdir(tmp_path / "run") if name.endswith(".tmp")]


BOMBS = [{"steps": 9}, {"steps": 20}, {"epoch": 1}]


@pytest.mark.parametrize("bomb", BOMBS, ids=str)
@pytest.mark.parametrize("options", [{"save_freq": 3}, {"minutes": 0.0}, {}], ids=str)
def test_whatever_the_times_of_saving(tmp_path, options, bomb):
    (tmp_path / "whole").mkdir()
    np.random.seed(3)
    model = Model()
    expected = outcome(model, model.fit(others(tmp_path / "whole")), tmp_path / "whole")
    np.random.seed(3)
    with pytest.raises(Killed):
        Model().fit([*others(tmp_path), Checkpoint(tmp_path / "run", **options), Bomb(**bomb)])
    np.random.seed(99)
    model = Model()
    history = model.fit([*others(tmp_path), Checkpoint(tmp_path / "run", **options), Bomb()])
    assert outcome(model, history, tmp_path) == expected


def trained(folder, epochs=6, losses=(5.0, 3.0, 1.0, 2.0, 4.0, 6.0), **options):
    """Train a real network whose metrics are replaced by given ones; return it and all weights."""
    model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])
    model.compile("adam", "mse")
    weights = []

    class Told(kerata.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = losses[epoch]
            weights.append(self.model.get_weights())

    checkpoint = Checkpoint(folder, monitor="val_loss", **options)
    x = np.random.default_rng(0).normal(size=(16, 2))
    model.fit(
        x, x.sum(1), epochs=epochs, verbose=0, validation_data=(x, x.sum(1)),
        callbacks=[Told(), checkpoint],
    )  # fmt: skip
    return model, checkpoint, weights


@pytest.mark.parametrize("background", [True, False])
def test_the_last_and_the_best_are_kept(background, training_backend, tmp_path):
    model, checkpoint, weights = trained(tmp_path, keep=2, save_on_background=background)
    assert sorted(os.listdir(tmp_path)) == [f"0000000{i}.state" for i in (3, 5, 6)]
    assert checkpoint.best == str(tmp_path / "00000003.state")
    assert checkpoint.latest == str(tmp_path / "00000006.state")
    for path, expected in ((None, weights[2]), (checkpoint.latest, weights[5])):
        checkpoint.restore(path)
        for mine, other in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(mine, other)


def test_a_complete_run_is_not_repeated_and_a_longer_one_goes_on(tmp_path):
    _, _, first = trained(tmp_path, epochs=3)
    _, _, again = trained(tmp_path, epochs=3)
    _, checkpoint, longer = trained(tmp_path, epochs=5)
    assert (len(first), len(again), len(longer)) == (3, 0, 2)
    assert checkpoint.best.endswith("00000003.state")  # remembered from the first run


def test_a_damaged_checkpoint_is_passed_over(tmp_path):
    Model().fit([Checkpoint(tmp_path)])
    newest = tmp_path / "00000004.state"
    newest.write_bytes(newest.read_bytes()[:-5])
    (tmp_path / ".00000005.state.ab.tmp").write_bytes(b"half")
    checkpoint = Checkpoint(tmp_path)
    checkpoint.set_model(Model())
    assert checkpoint.resume([]) == Position(3, 0, 5)
    checkpoint.on_train_end()
    assert not (tmp_path / ".00000005.state.ab.tmp").exists()
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    with pytest.raises(DamagedFile, match="Delete the folder"):
        checkpoint.resume([])


def test_an_error_of_writing_is_raised(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kerata.callbacks.run_state._write_parts", full)
    with pytest.raises(OSError, match="No space left on device; the file was not written"):
        Model().fit([Checkpoint(tmp_path)])
    assert os.listdir(tmp_path) == []


def test_wrong_use(tmp_path):
    with pytest.raises(ValueError, match="`keep` is 0"):
        Checkpoint(tmp_path, keep=0)
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        Checkpoint(tmp_path / "none").restore()
    model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="loss"):
        model.fit(np.ones((4, 2)), np.ones(4), verbose=0, callbacks=[
            Checkpoint(tmp_path, monitor="los")
        ])  # fmt: skip
