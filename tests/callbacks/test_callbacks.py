"""Callbacks decide and write as Keras' do, on recorded logs and a model that only notes."""

import math

import numpy as np
import pytest

import kerata
from kerata import callbacks
from kerata.callbacks import Callback, CallbackList
from kerata.callbacks.monitor import direction
from kerata.core.errors import KerataWarning


class FakeOptimizer:
    learning_rate = 0.1


class FakeModel:
    """Has weights, a learning rate, and a memory of what was saved."""

    stop_training = False
    metrics = ()

    def __init__(self):
        self.optimizer = FakeOptimizer()
        self.weights = [np.zeros(1)]
        self.saved = []
        self.history = None

    def get_weights(self):
        return [w.copy() for w in self.weights]

    def set_weights(self, weights):
        self.weights = [w.copy() for w in weights]

    def save(self, path, overwrite=True):
        self.saved.append(path)

    def save_weights(self, path, overwrite=True):
        self.saved.append(path)


def play(callback, name, values, adapter=None):
    """Give a callback the values of a metric epoch by epoch; return what happened."""
    model = adapter or FakeModel()
    callback.set_model(model)
    callback.set_params({"epochs": len(values)})
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        model.weights = [np.full(1, epoch + 1.0)]
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {name: value})
        rates.append(float(np.asarray(model.optimizer.learning_rate)))
        if model.stop_training:
            break
    callback.on_train_end()
    return {"epochs": epoch + 1, "weights": float(model.weights[0][0]), "rates": rates}


SEQUENCES = {
    "falling": [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
    "rising": [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
    "valley": [1.0, 0.5, 0.4, 0.6, 0.7, 0.8, 0.9],
    "plateau": [1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    "slow": [1.0, 0.995, 0.99, 0.985, 0.98, 0.975, 0.97],
    "noisy": [0.9, 1.1, 0.8, 1.0, 0.7, 1.2, 1.3, 0.6, 1.0, 1.0],
    "nan": [1.0, 0.5, math.nan, 0.4, math.nan, math.nan],
    "all nan": [math.nan] * 5,
}
STOPPING = [
    {},
    {"patience": 2},
    {"patience": 2, "restore_best_weights": True},
    {"patience": 1, "min_delta": 0.05, "restore_best_weights": True},
    {"patience": 3, "baseline": 0.55, "restore_best_weights": True},
    {"patience": 1, "start_from_epoch": 3},
    {"patience": 2, "mode": "max", "restore_best_weights": True},
    {"patience": 100, "restore_best_weights": True},
]
REDUCING = [
    {"patience": 1},
    {"patience": 0, "factor": 0.5},
    {"patience": 2, "cooldown": 2, "factor": 0.5},
    {"patience": 1, "min_delta": 0.05},
    {"patience": 1, "min_lr": 0.03},
    {"patience": 2, "mode": "max"},
]


@pytest.mark.parametrize("options", STOPPING, ids=str)
@pytest.mark.parametrize("sequence", SEQUENCES)
def test_early_stopping_decides_as_keras(sequence, options):
    import keras

    values = SEQUENCES[sequence]
    ours = play(callbacks.EarlyStopping(monitor="loss", **options), "loss", values)
    theirs = play(keras.callbacks.EarlyStopping(monitor="loss", **options), "loss", values)
    assert ours == theirs


@pytest.mark.filterwarnings("ignore:.*not finite")
@pytest.mark.parametrize("options", REDUCING, ids=str)
@pytest.mark.parametrize("sequence", SEQUENCES)
def test_reduce_lr_on_plateau_decides_as_keras(sequence, options):
    import keras

    class KerasModel(FakeModel):
        def __init__(self):
            super().__init__()
            self.optimizer = keras.optimizers.SGD(0.1)

    values = SEQUENCES[sequence]
    theirs = keras.callbacks.ReduceLROnPlateau(monitor="loss", **options)
    expected = play(theirs, "loss", values, KerasModel())["rates"]
    found = play(callbacks.ReduceLROnPlateau(monitor="loss", **options), "loss", values)["rates"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_best_weights_are_restored_when_all_epochs_ran():
    stop = callbacks.EarlyStopping("loss", patience=10, restore_best_weights=True)
    assert play(stop, "loss", SEQUENCES["valley"]) == {
        "epochs": 7,
        "weights": 3,
        "rates": [0.1] * 7,
    }
    assert (stop.best, stop.best_epoch, stop.stopped_epoch) == (0.4, 2, 0)


def test_early_stopping_tells(capsys):
    play(callbacks.EarlyStopping("loss", verbose=1), "loss", SEQUENCES["rising"])
    assert capsys.readouterr().out == "Epoch 2: early stopping\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("loss", "min"), ("val_loss", "min"), ("head_loss", "min"), ("mae", "min"), ("acc", "max"),
     ("val_sparse_categorical_accuracy", "max"), ("auc", "max"), ("auc_1", "max"),
     ("mean_absolute_error", "min"), ("kl_divergence", "min"), ("precision_2", "max"),
     ("recall", "max"), ("f1_score", "max"), ("top_k_categorical_accuracy", "max"),
     ("root_mean_squared_error", "min"), ("cosine_similarity", "max"), ("mean_io_u", None),
     ("speed", None)],
)  # fmt: skip
def test_the_better_direction_is_told_from_the_name(name, expected):
    if expected is not None:
        assert direction(name) == expected
        return
    with pytest.raises(ValueError, match="mode='max'"):
        direction(name)
    assert direction(name, "max") == "max"


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="'min', 'max' or 'auto'"):
        callbacks.EarlyStopping(mode="lower")


# -- monitors ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "watching",
    [
        lambda monitor: callbacks.EarlyStopping(monitor),
        lambda monitor: callbacks.ReduceLROnPlateau(monitor),
        lambda monitor: callbacks.ModelCheckpoint("m.keras", monitor, save_best_only=True),
    ],
)
def test_a_mistyped_monitor_is_an_error_before_the_first_epoch(watching):
    names = ["loss", "accuracy", "val_loss", "val_accuracy"]
    with pytest.raises(ValueError) as caught:
        CallbackList([watching("val_acuracy")]).check_monitors(names)
    assert "Did you mean 'val_accuracy'?" in str(caught.value)
    with pytest.raises(ValueError, match="no validation: pass validation_data"):
        CallbackList([watching("val_loss")]).check_monitors(names[:2])
    CallbackList([watching("val_accuracy")]).check_monitors(names)
    CallbackList([watching("learning_rate")]).check_monitors(names)


def test_a_checkpoint_of_every_epoch_needs_no_monitor():
    CallbackList([callbacks.ModelCheckpoint("m.keras")]).check_monitors(["loss"])


def test_a_callback_of_the_users_may_add_what_is_monitored():
    class Adding(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["f1"] = 0.5

    stop = callbacks.EarlyStopping("f1", mode="max")
    run = CallbackList([Adding(), stop], model=FakeModel())
    run.check_monitors(["loss"])
    run.on_epoch_end(0, {"loss": 1.0})
    assert stop.best == 0.5
    with pytest.raises(ValueError, match="'f1'"):
        CallbackList([stop, Adding()]).check_monitors(["loss"])


def test_a_missing_metric_is_an_error_and_a_missing_validation_a_warning():
    stop = callbacks.EarlyStopping("val_acc")
    stop.set_model(FakeModel())
    with pytest.raises(ValueError, match="Did you mean 'val_accuracy'"):
        stop.on_epoch_end(0, {"val_accuracy": 0.5})
    with pytest.warns(KerataWarning, match="no validation"):
        stop.on_epoch_end(0, {"accuracy": 0.5})
    stop.monitor_is_known = True  # validation_freq=2: nothing to say in the other epochs
    stop.on_epoch_end(0, {"accuracy": 0.5})


# -- CallbackList --------------------------------------------------------------------------


class Noting(Callback):
    """Notes every hook that is called."""

    def __init__(self, fusable=False):
        super().__init__()
        self.fusable = fusable
        self.calls = []


def _noting(name):
    def hook(self, *arguments, logs=None):
        self.calls.append((name, *arguments))

    return hook


for _name in [name for name in vars(Callback) if name.startswith("on_")]:
    setattr(Noting, _name, _noting(_name))


def test_every_hook_arrives():
    note = Noting()
    run = CallbackList(note)
    for name in [name for name in vars(Callback) if name.startswith("on_")]:
        if hasattr(run, name):
            getattr(run, name)(
                *([] if name.endswith(("n_begin", "n_end", "t_begin", "t_end")) else [0])
            )
    called = {call[0] for call in note.calls}
    missing = {name for name in vars(Callback) if name.startswith("on_")} - called
    assert missing == {
        "on_batch_begin",
        "on_batch_end",
    }  # called by the defaults, which it overrides
    assert ("on_train_steps_end", 1) in note.calls and ("on_epoch_complete", 0) in note.calls


def test_older_batch_hooks_are_called():
    class Old(Callback):
        seen = ()

        def on_batch_end(self, batch, logs=None):
            self.seen += ((batch, logs["loss"]),)

    old = Old()
    run = CallbackList([old])
    assert run.needs_batch_hooks and run.has_batch_hooks()
    run.on_train_batch_end(3, {"loss": 1.0})
    assert old.seen == ((3, 1.0),)


@pytest.mark.parametrize(
    ("given", "most"),
    [
        ([], None),
        ([Callback()], None),
        ([callbacks.EarlyStopping()], None),
        ([callbacks.TerminateOnNaN(), callbacks.ProgbarLogger()], None),
        ([callbacks.ModelCheckpoint("a.keras")], None),
        ([callbacks.ModelCheckpoint("a.keras", save_freq=10)], 10),
        ([callbacks.BackupAndRestore("a", save_freq=7), callbacks.TerminateOnNaN()], 7),
        ([callbacks.LambdaCallback(on_epoch_end=print)], None),
        ([callbacks.LambdaCallback(on_train_batch_end=print)], 1),
        ([Noting(fusable=True)], None),
        ([Noting()], 1),
    ],
)
def test_how_many_steps_may_be_fused(given, most):
    run = CallbackList(given, add_history=True)
    assert run.most_fused_steps == most
    assert run.needs_batch_hooks == (most == 1)


def test_only_the_last_of_fused_steps_is_synced():
    note = Noting(fusable=True)
    run = CallbackList(note)
    for step in range(3):
        run.on_train_batch_end(step, {}, synced=step == 2)
    assert [call[0] for call in note.calls] == ["on_train_batch_end"] * 3 + ["on_train_steps_end"]
    assert note.calls[-1] == ("on_train_steps_end", 3)


def test_lazy_logs_are_read_once_and_only_if_wanted():
    reads = []
    logs = lambda: reads.append(1) or {"loss": 1.0}  # noqa: E731
    CallbackList([callbacks.ProgbarLogger(), callbacks.History()]).on_train_batch_end(0, logs)
    assert reads == []
    CallbackList([callbacks.TerminateOnNaN(), Noting()]).on_train_batch_end(0, logs)
    assert reads == [1]


def test_history_and_progress_are_added_once():
    mine = callbacks.History()
    run = CallbackList([mine], add_history=True, add_progbar=True, model=FakeModel(), verbose=0)
    assert [type(callback).__name__ for callback in run] == ["History", "ProgbarLogger"]
    assert run.history is mine is run.callbacks[0].model.history


@pytest.mark.parametrize(
    ("given", "fact"), [(callbacks.History, "History()"), (print, "LambdaCallback"), (["x"], "str")]
)
def test_what_is_no_callback_is_refused(given, fact):
    with pytest.raises(TypeError) as caught:
        CallbackList(given)
    assert fact in str(caught.value)


def test_callbacks_work_without_calling_super():
    class Careless(Callback):
        def __init__(self):
            self.seen = []

        def on_epoch_end(self, epoch, logs=None):
            self.seen.append((self.model, self.params["epochs"]))

    careless = Careless()
    model = FakeModel()
    CallbackList([careless], model=model, epochs=3).on_epoch_end(0, {})
    assert careless.seen == [(model, 3)]


def test_callbacks_written_for_keras_are_accepted():
    import keras

    class Theirs(keras.callbacks.Callback):
        seen = ()

        def on_epoch_end(self, epoch, logs=None):
            self.seen += (epoch,)

    theirs = Theirs()
    run = CallbackList([theirs], model=FakeModel(), epochs=1)
    run.on_train_begin()
    run.on_epoch_end(0, {"loss": 1.0})
    assert theirs.seen == (0,)


# -- the others ----------------------------------------------------------------------------


def test_history_records():
    history = callbacks.History()
    history.on_train_begin()
    for epoch in range(2):
        history.on_epoch_end(epoch, {"loss": 1.0 - epoch})
    assert history.epoch == [0, 1] and history.history == {"loss": [1.0, 0.0]}


@pytest.mark.parametrize(
    "schedule", [lambda epoch: 0.1 / (epoch + 1), lambda epoch, rate: 0.1 / (epoch + 1)]
)
def test_learning_rate_scheduler(schedule, capsys):
    scheduler = callbacks.LearningRateScheduler(schedule, verbose=1)
    assert play(scheduler, "loss", [1.0, 1.0])["rates"] == pytest.approx([0.1, 0.05])
    logs = {}
    scheduler.on_epoch_end(1, logs)
    assert logs == {"learning_rate": pytest.approx(0.05)}
    assert (
        "Epoch 2: LearningRateScheduler sets the learning rate to 0.05." in capsys.readouterr().out
    )


def test_a_schedule_without_return_is_told():
    with pytest.raises(TypeError, match="NoneType.*return"):
        play(callbacks.LearningRateScheduler(lambda epoch: None), "loss", [1.0])


def test_a_rate_needs_an_optimizer():
    scheduler = callbacks.LearningRateScheduler(lambda epoch: 0.1)
    scheduler.set_model(object())
    with pytest.raises(ValueError, match="LearningRateScheduler needs an optimizer"):
        scheduler.on_epoch_begin(0)


CSV_EPOCHS = [
    {"loss": 1.0, "acc": 0.5},
    {"loss": 0.5, "acc": 0.75, "val_loss": 2.0, "val_acc": 0.25},
    {"loss": 0.25},
]


@pytest.mark.parametrize("epochs", [CSV_EPOCHS, CSV_EPOCHS[1:2] * 2, []])
@pytest.mark.parametrize("separator", [",", ";"])
def test_csv_logger_writes_what_keras_writes(tmp_path, epochs, separator):
    import keras

    for module in (keras.callbacks, callbacks):
        log = module.CSVLogger(str(tmp_path / module.__name__), separator=separator)
        log.set_model(FakeModel())
        log.on_train_begin()
        for epoch, logs in enumerate(epochs):
            log.on_epoch_end(epoch, dict(logs))
        if epochs:
            log.on_train_end()
    ours = tmp_path / callbacks.__name__
    theirs = (tmp_path / keras.callbacks.__name__).read_text()
    assert (ours.read_text() if ours.exists() else "") == theirs


def test_csv_logger_appends(tmp_path):
    for append in (False, True, False):
        log = callbacks.CSVLogger(tmp_path / "log.csv", append=append)
        log.on_train_begin()
        log.on_epoch_end(0, {"val_loss": 1.0})
        log.on_train_end()
        lines = 1 + 1 + append
        assert len((tmp_path / "log.csv").read_text().splitlines()) == lines


def test_csv_logger_of_a_resumed_run_drops_what_does_not_count(tmp_path):
    log = callbacks.CSVLogger(tmp_path / "log.csv")
    log.on_train_begin()
    log.on_epoch_end(0, {"val_loss": 1.0})
    state = log.get_state()
    log.on_epoch_end(1, {"val_loss": 2.0})  # after the last save, then the run is killed
    resumed = callbacks.CSVLogger(tmp_path / "log.csv")
    resumed.on_train_begin()
    resumed.set_state(state)
    resumed.on_epoch_end(1, {"val_loss": 3.0})
    resumed.on_train_end()
    assert (tmp_path / "log.csv").read_text() == "epoch,val_loss\n0,1.0\n1,3.0\n"


def test_lambda_callback_takes_any_hook():
    seen = []
    made = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(epoch),
        on_test_end=lambda logs: seen.append("test"),
    )
    run = CallbackList([made])
    run.on_epoch_end(2)
    run.on_test_end()
    assert seen == [2, "test"]
    with pytest.raises(TypeError, match="on_epoch_end"):
        callbacks.LambdaCallback(on_epoch_ends=print)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_terminate_on_nan_says_where(loss, capsys):
    stop = callbacks.TerminateOnNaN()
    stop.set_model(FakeModel())
    stop.on_train_begin()
    stop.on_epoch_begin(2)
    stop.on_batch_end(0, {"loss": 1.0})
    assert not stop.model.stop_training
    stop.on_train_batch_end(4, {"loss": loss})
    stop.on_train_batch_end(5, {"loss": loss})
    assert stop.model.stop_training
    out = capsys.readouterr().out
    assert "epoch 3, step 5" in out and out.count("\n") == 1
    with pytest.raises(RuntimeError, match="epoch 1, step 1"):
        callbacks.TerminateOnNaN(raise_error=True).on_batch_end(0, {"loss": loss})


# -- ModelCheckpoint -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sequence", "expected"),
    [
        ({}, "valley", [1, 2, 3, 4, 5, 6, 7]),
        ({"save_best_only": True, "monitor": "loss"}, "valley", [1, 2, 3]),
        ({"save_best_only": True, "monitor": "loss", "mode": "max"}, "noisy", [1, 2, 6, 7]),
        ({"save_best_only": True, "monitor": "loss", "initial_value_threshold": 0.5}, "valley", [3]),  # noqa: E501
    ],
)  # fmt: skip
def test_checkpoints_save_as_keras(options, sequence, expected, tmp_path):
    import keras

    values = SEQUENCES[sequence]
    for module in (callbacks, keras.callbacks):
        model = FakeModel()
        play(
            module.ModelCheckpoint(str(tmp_path / "{epoch}.keras"), **options),
            "loss",
            values,
            model,
        )
        assert [int(path.split("/")[-1][:-6]) for path in model.saved] == expected


@pytest.mark.parametrize("steps_at_once", [1, 2])
def test_checkpoints_by_batch(steps_at_once, tmp_path):
    checkpoint = callbacks.ModelCheckpoint(
        tmp_path / "{epoch}-{batch}-{loss:.1f}.weights.h5", save_weights_only=True, save_freq=2
    )
    model = FakeModel()
    run = CallbackList([checkpoint], model=model)
    run.on_train_begin()
    for epoch in range(2):
        run.on_epoch_begin(epoch)
        for step in range(5):
            synced = step % steps_at_once == steps_at_once - 1 or step == 4
            run.on_train_batch_end(step, lambda s=step: {"loss": s / 10}, synced=synced)
        run.on_epoch_end(epoch, {"loss": 9.0})
    names = [path.split("/")[-1] for path in model.saved]
    assert names[:2] == ["1-2-0.1.weights.h5", "1-4-0.3.weights.h5"]
    # the fifth batch of epoch 1 and the first of epoch 2 make the next two
    assert names[2] == ("2-1-0.0.weights.h5" if steps_at_once == 1 else "2-2-0.1.weights.h5")


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [(("a.weights.h5",), ".keras"), (("a.keras", "loss", 0, False, True), ".weights.h5"),
     (("a.keras", "loss", 0, False, False, "auto", "batch"), "save_freq")],
)  # fmt: skip
def test_checkpoint_arguments_are_checked(arguments, fact):
    with pytest.raises(ValueError, match=fact):
        callbacks.ModelCheckpoint(*arguments)


def test_a_file_name_with_an_unknown_metric_is_told(tmp_path):
    checkpoint = callbacks.ModelCheckpoint(tmp_path / "{f1}.keras")
    with pytest.raises(KeyError, match="asks for 'f1'; known are epoch, loss"):
        checkpoint.path(0, None, {"loss": 1.0})


def test_a_missing_folder_is_made(tmp_path):
    play(callbacks.ModelCheckpoint(tmp_path / "deep" / "m.keras"), "loss", [1.0])
    assert (tmp_path / "deep").is_dir()


# -- RemoteMonitor -------------------------------------------------------------------------


@pytest.fixture
def server():
    """A server that keeps what is posted to it."""
    import http.server
    import threading

    posts = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posts.append((self.path, self.headers["Content-Type"], self.headers["X-Run"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            """Nothing is printed."""

    running = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}", posts
    running.shutdown()
    running.server_close()


def test_remote_monitor_posts_the_metrics(server):
    import json
    import urllib.parse

    root, posts = server
    logs = {"loss": np.float32(0.5)}
    callbacks.RemoteMonitor(root, headers={"X-Run": "7"}).on_epoch_end(1, logs)
    callbacks.RemoteMonitor(root, path="/json", send_as_json=True).on_epoch_end(1, logs)
    (path, kind, run, form), (json_path, json_kind, _, body) = posts
    assert (path, kind, run) == ("/publish/epoch/end/", "application/x-www-form-urlencoded", "7")
    assert json.loads(urllib.parse.parse_qs(form.decode())["data"][0]) == {"epoch": 1, "loss": 0.5}
    assert (json_path, json_kind) == ("/json", "application/json")
    assert json.loads(body) == {"epoch": 1, "loss": 0.5}


def test_a_server_that_is_away_costs_a_warning(server):
    with pytest.warns(KerataWarning, match="could not reach"):
        callbacks.RemoteMonitor("http://127.0.0.1:9").on_epoch_end(0, {"loss": 1.0})
    with pytest.raises(ValueError, match="http"):
        callbacks.RemoteMonitor("file:///etc")


def test_public_names_have_kerass_parameters():
    import inspect

    import keras

    for name in callbacks.__all__:
        theirs = getattr(keras.callbacks, name, None)
        if theirs is not None and name != "CallbackList":
            ours = list(inspect.signature(getattr(callbacks, name)).parameters.values())
            expected = list(inspect.signature(theirs).parameters.values())
            assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in expected], (
                name
            )
    assert kerata.callbacks is callbacks


def test_what_callbacks_say_of_themselves():
    stop = callbacks.EarlyStopping("loss")
    assert stop.get_monitor_value({"loss": 0.5}) == 0.5
    model = object()
    assert callbacks.CallbackList([stop], model=model).model is model
