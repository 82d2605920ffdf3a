"""An interrupted run goes on as if nothing had happened; here with a model made of NumPy."""

import os
import signal

import numpy as np
import pytest

from kerata import callbacks
from kerata.callbacks import BackupAndRestore, CallbackList, Position
from kerata.callbacks.run_state import DamagedFile
from kerata.training.data import as_batches


class Cell:
    """A variable."""

    def __init__(self, path, value):
        self.path, self.value = path, np.asarray(value)

    @property
    def shape(self):
        return self.value.shape

    def numpy(self):
        return self.value

    def __array__(self, dtype=None, copy=None):
        return self.value

    def assign(self, value):
        assert np.shape(value) == self.shape
        self.value = np.array(value)


class Optimizer:
    def __init__(self):
        self.rate, self.momentum = Cell("rate", 0.1), Cell("momentum", np.zeros(3))

    @property
    def variables(self):
        return [self.rate, self.momentum]

    @property
    def learning_rate(self):
        return self.rate

    @learning_rate.setter
    def learning_rate(self, value):
        self.rate.assign(value)


class Model:
    """Learns the mean of its data by momentum, with a loop like the trainer's."""

    stop_training = False
    history = None

    def __init__(self):
        self.kernel, self.seen = Cell("kernel", np.zeros(3)), Cell("seen", 0.0)
        self.optimizer = Optimizer()

    @property
    def variables(self):
        return [self.kernel]

    @property
    def metrics_variables(self):
        return [self.seen]

    def get_weights(self):
        return [self.kernel.value.copy()]

    def set_weights(self, weights):
        self.kernel.assign(weights[0])

    def step(self, batch):
        gradient = self.kernel.value - batch.x.mean(0) + np.random.normal(size=3) * 0.01
        momentum = 0.9 * self.optimizer.momentum.value + gradient
        self.optimizer.momentum.assign(momentum)
        self.kernel.assign(self.kernel.value - self.optimizer.rate.value * momentum)
        self.seen.assign(self.seen.value + np.abs(gradient).sum())

    def fit(self, listed, epochs=4, fused=3, seed=5, initial=0):
        batches = as_batches(DATA, batch_size=4, shuffle=True, seed=seed)
        run = CallbackList(listed, True, False, self, epochs=epochs, seed=seed)
        self.stop_training, start = False, 0
        try:
            run.on_train_begin()
            if run.position:
                initial, start, batches.seed = run.position
            fused = min(fused, run.most_fused_steps or fused)
            for epoch in range(initial, epochs):
                run.on_epoch_begin(epoch)
                if not start:
                    self.seen.assign(0.0)
                for chunk in batches.chunks(epoch, fused, start):
                    for i in range(chunk.steps):
                        self.step(chunk.batch._replace(x=chunk.batch.x[i]))
                    for i in range(chunk.steps):
                        last = i == chunk.steps - 1
                        run.on_train_batch_end(start, {"loss": float(self.seen.value)}, last)
                        start += 1
                start = 0
                run.on_epoch_end(epoch, {"loss": float(self.seen.value)})
                if self.stop_training:
                    break
        finally:
            run.on_train_end()
        return self.history


DATA = np.random.default_rng(0).normal(size=(30, 3))


class Killed(BaseException):
    """Stands for SIGKILL."""


class Bomb(callbacks.Callback):
    """Kills the run after a number of steps, or at an epoch's end."""

    def __init__(self, steps=None, epoch=None):
        super().__init__()
        self.left, self.epoch = steps, epoch

    fusable = True

    def on_train_batch_end(self, batch, logs=None):
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise Killed

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Killed


def others(folder):
    return [
        callbacks.ReduceLROnPlateau("loss", patience=0, factor=0.5),
        callbacks.EarlyStopping("loss", patience=9, restore_best_weights=True),
        callbacks.CSVLogger(folder / "log.csv"),
    ]


def outcome(model, history, folder):
    return (
        model.kernel.value.tolist(),
        model.optimizer.momentum.value.tolist(),
        history.history,
        history.epoch,
        (folder / "log.csv").read_text(),
    )


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What the run gives when nobody interrupts it."""
    folder = tmp_path_factory.mktemp("whole")
    np.random.seed(3)
    model = Model()
    return outcome(model, model.fit(others(folder)), folder)


BOMBS = [{"steps": n} for n in (1, 2, 7, 8, 9, 15, 24, 31, 32)] + [{"epoch": e} for e in range(4)]


@pytest.mark.parametrize("bomb", BOMBS, ids=str)
@pytest.mark.parametrize(
    ("save_freq", "double"), [("epoch", False), (1, False), (3, True), (5, False)]
)
def test_a_killed_run_ends_as_if_it_had_not_been(tmp_path, expected, bomb, save_freq, double):
    def backup():
        return BackupAndRestore(tmp_path / "backup", save_freq, double_checkpoint=double)

    np.random.seed(3)
    with pytest.raises(Killed):
        Model().fit([*others(tmp_path), backup(), Bomb(**bomb)])
    saved = os.path.isdir(tmp_path / "backup")
    np.random.seed(3 if not saved else 99)
    model = Model()
    if saved:
        model.kernel.assign(np.ones(3))  # a resumed run does not depend on its first values
    history = model.fit([*others(tmp_path), backup(), Bomb()], seed=5 if not saved else 77)
    assert outcome(model, history, tmp_path) == expected
    assert not saved or not os.listdir(tmp_path / "backup")


def test_a_complete_run_deletes_its_backup_unless_told(tmp_path):
    Model().fit([BackupAndRestore(tmp_path, delete_checkpoint=False)])
    assert os.listdir(tmp_path) == ["run0.state"]
    backup = BackupAndRestore(tmp_path)
    history = Model().fit([backup])
    assert history.epoch == [0, 1, 2, 3]  # nothing was left to do
    assert os.listdir(tmp_path) == []


def test_fit_within_an_except_block_is_a_complete_run_too(tmp_path):
    try:
        raise KeyError
    except KeyError:
        Model().fit([BackupAndRestore(tmp_path)])
    assert os.listdir(tmp_path) == []


def test_a_run_stopped_early_does_not_go_on(tmp_path):
    stop = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: setattr(stop.model, "stop_training", epoch == 1)
    )
    Model().fit([stop, BackupAndRestore(tmp_path, delete_checkpoint=False)])
    assert Model().fit([BackupAndRestore(tmp_path)]).epoch == []


def test_of_two_files_the_complete_one_counts(tmp_path):
    backup = BackupAndRestore(tmp_path, double_checkpoint=True, delete_checkpoint=False)
    Model().fit([backup])
    newest = max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:-5])
    resumed = BackupAndRestore(tmp_path, double_checkpoint=True, delete_checkpoint=False)
    resumed.set_model(Model())
    assert resumed.resume([]) == Position(3, 0, 5)
    resumed.on_train_end()
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    with pytest.raises(DamagedFile, match="Delete the folder"):
        resumed.resume([])


def test_a_backup_of_another_model_is_refused(tmp_path):
    Model().fit([BackupAndRestore(tmp_path, delete_checkpoint=False)])
    other = Model()
    other.kernel = Cell("kernel", np.zeros(4))
    with pytest.raises(ValueError) as caught:
        other.fit([BackupAndRestore(tmp_path)])
    message = str(caught.value)
    assert "another model" in message and "'kernel'" in message and len(message) <= 600
    assert other.kernel.value.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("save_freq", ["epoch", 100])
def test_sigterm_saves_and_ends_with_143(tmp_path, expected, save_freq):
    class Sender(callbacks.Callback):
        fusable, steps = True, 0

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1
            if self.steps == 11:
                os.kill(os.getpid(), signal.SIGTERM)

    np.random.seed(3)
    backup = BackupAndRestore(tmp_path / "backup", save_freq)
    with pytest.raises(SystemExit) as caught:
        Model().fit([*others(tmp_path), backup, Sender()])
    assert caught.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    model = Model()
    history = model.fit([*others(tmp_path), BackupAndRestore(tmp_path / "backup"), Bomb()])
    assert outcome(model, history, tmp_path) == expected


def test_a_handler_of_the_programs_own_is_left_alone(tmp_path):
    old = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        mine = signal.getsignal(signal.SIGTERM)
        seen = []
        spy = callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: seen.append(signal.getsignal(signal.SIGTERM))
        )
        Model().fit([BackupAndRestore(tmp_path), spy])
        assert seen == [mine] * 4
    finally:
        signal.signal(signal.SIGTERM, old)


@pytest.mark.parametrize(
    ("arguments", "fact"), [(("",), "backup_dir"), (("a", "batch"), "save_freq"), (("a", 0), "0")]
)
def test_arguments_are_checked(arguments, fact):
    with pytest.raises(ValueError, match=fact):
        BackupAndRestore(*arguments)
