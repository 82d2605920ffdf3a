"""The display: one line, redrawn in place on a terminal, plain anywhere else."""

import io
import re

import numpy as np
import pytest

import kerata
from kerata.callbacks import CallbackList
from kerata.training import progress as display
from kerata.training.progress import Progress, Terminal


class Screen(io.StringIO):
    """A stream that may claim to be a terminal, in an encoding."""

    def __init__(self, interactive=True, encoding="utf-8"):
        super().__init__()
        self.interactive, self._encoding = interactive, encoding

    @property
    def encoding(self):
        return self._encoding

    def isatty(self):
        return self.interactive

    def lines(self):
        """Return what a terminal would show: carriage returns applied, colours left out."""
        text = re.sub(r"\x1b\[\d+m", "", self.getvalue())
        shown = []
        for line in text.split("\n"):
            visible = ""
            for part in line.split("\r"):
                visible = part + visible[len(part) :]
            shown.append(visible.rstrip())
        return shown


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: now[0])
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return now


def run(screen, clock, steps=10, seconds=0.05, **options):
    bar = Progress(steps, "Epoch 1/3", terminal=Terminal(screen), **options)
    for step in range(1, steps + 1):
        clock[0] += seconds
        bar.update(step, {"loss": 1.0 / step})
    bar.finish({"loss": 0.1, "val_loss": 0.25})
    return bar


def test_a_terminal_shows_one_line_and_keeps_the_last(clock):
    screen = Screen()
    run(screen, clock)
    assert screen.lines() == [
        "Epoch 1/3 - 10/10 - 0.5s - 50ms/step - loss: 0.1000 - val_loss: 0.2500",
        "",
    ]
    assert "\x1b[36m" in screen.getvalue()


def test_the_line_says_how_far_and_how_long(clock):
    screen = Screen()
    bar = Progress(200, "Epoch 2/3", terminal=Terminal(screen))
    for step in (1, 50):
        clock[0] += 1.0
        bar.update(step, {"loss": 0.5})
    shown = screen.lines()[0]
    assert re.fullmatch(r"Epoch 2/3 ━━━━━╸ +  50/200 - 3.1s left - 20ms/step - loss: 0.5000", shown)


def test_the_first_step_which_compiles_does_not_count(clock):
    bar = Progress(10, verbose=0)
    for seconds in (30.0, 0.1, 0.1):
        clock[0] += seconds
        bar.update(bar.step + 1)
    assert bar._seconds_per_step() == pytest.approx(0.1)


@pytest.mark.parametrize(("bursts", "expected"), [(1, 0.02), (4, 0.01)])
def test_steps_reported_at_once_are_timed_together(bursts, expected, clock):
    bar = Progress(50 * bursts, verbose=0)
    for burst in range(bursts):
        clock[0] += 1.0 if burst == 0 else 0.5
        for _ in range(50):
            clock[0] += 1e-6
            bar.update(bar.step + 1)
    assert bar._seconds_per_step() == pytest.approx(expected, rel=1e-3)


def test_steps_that_an_engine_is_still_computing_are_timed_when_they_are_done(clock):
    bar = Progress(16, verbose=0)
    for step in (4, 8, 12, 16):  # started one after the other, computed behind
        clock[0] += 0.001
        bar.update(step)
    clock[0] = 8.0
    bar.computed()
    clock[0] = 20.0  # a validation
    bar.computed()
    assert bar._seconds_per_step() == pytest.approx(0.5)


def test_drawing_is_limited_to_ten_times_a_second(clock):
    screen, read = Screen(), []
    bar = Progress(10_000, terminal=Terminal(screen))
    for step in range(10_000):
        clock[0] += 1e-3
        bar.update(step + 1, lambda: read.append(1) or {"loss": 0.5})
    assert 90 <= len(read) == screen.getvalue().count("\r") <= 101


@pytest.mark.parametrize("screen", [Screen(interactive=False), Screen(True)])
def test_elsewhere_there_is_a_plain_line_per_epoch(screen, clock, monkeypatch):
    if screen.interactive:
        monkeypatch.setenv("TERM", "dumb")
    run(screen, clock)
    assert screen.getvalue() == (
        "Epoch 1/3 - 10/10 - 0.5s - 50ms/step - loss: 0.1000 - val_loss: 0.2500\n"
    )


def test_verbose_2_is_one_plain_line_and_0_is_nothing(clock):
    two, none = Screen(), Screen()
    run(two, clock, verbose=2)
    run(none, clock, verbose=0)
    assert two.getvalue().count("\r") == 0 and two.getvalue().count("\n") == 1
    assert none.getvalue() == ""


def test_no_color_is_respected(clock, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    screen = Screen()
    run(screen, clock)
    assert "\x1b" not in screen.getvalue() and "\r" in screen.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "unknown-encoding", None])
def test_terminals_without_the_characters_get_ascii(encoding, clock):
    screen = Screen(encoding=encoding)
    run(screen, clock)
    assert "=" in screen.getvalue()
    bar = screen.getvalue().replace("…", "")
    bar.encode("ascii")


def test_a_line_never_wraps(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    screen = Screen()
    bar = Progress(10, "Epoch 1/3", terminal=Terminal(screen))
    clock[0] = 1.0
    bar.update(1, {f"metric_{i}": 0.5 for i in range(20)})
    assert len(screen.lines()[0]) == 59 and screen.lines()[0].endswith("…")


def test_a_shorter_line_covers_the_longer_one(clock):
    screen = Screen()
    bar = Progress(10, terminal=Terminal(screen))
    clock[0] = 1.0
    bar.update(1, {"loss": 123456789.0, "accuracy": 0.5})
    clock[0] = 2.0
    bar.update(2, {"loss": 1.0})
    assert "accuracy" not in screen.lines()[0] and "e+08" not in screen.lines()[0]
    bar.clear()
    assert screen.lines() == [""]


def test_an_unknown_total_counts(clock):
    screen = Screen()
    bar = Progress(None, "Epoch 1/1", terminal=Terminal(screen))
    for _ in range(3):
        clock[0] += 1.0
        bar.update(bar.step + 1, {"loss": 0.5})
    assert screen.lines()[0] == "Epoch 1/1 3 - 3.0s - 1.0s/step - loss: 0.5000"


def test_a_broken_pipe_does_not_stop_training(clock):
    class Broken(Screen):
        def write(self, text):
            raise BrokenPipeError

    run(Broken(), clock)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5000"), (np.float32(0.25), "0.2500"), (1e-5, "1.0000e-05"), (3, "3"),
     (float("nan"), "nan"), (1234567.0, "1.2346e+06"), (-2.0, "-2.0000")],
)  # fmt: skip
def test_numbers_are_short(value, text):
    assert display.format_number(value) == text


# -- Progbar --------------------------------------------------------------


@pytest.mark.parametrize("stateful", [None, ["b"], ["a", "b"]])
def test_progbar_averages_as_keras_does(stateful, capsys):
    import keras

    # Of the last value alone, Keras shows that value; an average is what both document.
    ours = kerata.utils.Progbar(80, verbose=2, stateful_metrics=stateful)
    theirs = keras.utils.Progbar(80, verbose=2, stateful_metrics=stateful)
    for current, a, b in [(1, 2.0, 5.0), (3, 4.0, 6.0), (8, 1.0, 7.0)]:
        ours.update(current, [("a", a), ("b", b)])
        theirs.update(current, [("a", a), ("b", b)])
    expected = {name: total / steps for name, (total, steps) in theirs._values.items()}
    assert ours.values() == pytest.approx(expected)
    assert capsys.readouterr().out == ""


def test_progbar_takes_one_kind_of_list():
    with pytest.raises(ValueError, match="not both"):
        kerata.utils.Progbar(1, stateful_metrics=[], stateless_metrics=[])
    bar = kerata.utils.Progbar(4, verbose=0, stateless_metrics=["a"])
    bar.update(1, [("a", 1.0), ("b", 1.0)])
    bar.update(2, [("a", 2.0), ("b", 2.0)])
    assert bar.values() == {"a": 1.5, "b": 2.0}


def test_progbar_finishes_once(capsys):
    bar = kerata.utils.Progbar(3, unit_name="file")
    bar.add(1)
    bar.add(2, [("size", 2.0)])
    bar.update(3)
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "/file" in out and "size: 2.0000" in out
    bar = kerata.utils.Progbar(None)
    bar.update(5, finalize=True)
    assert capsys.readouterr().out.startswith("5 - ")


# -- ProgbarLogger --------------------------------------------------------------


def test_the_callback_shows_epochs_with_their_validation(capsys):
    run = CallbackList(None, add_progbar=True, epochs=12, steps=2, verbose=1)
    assert run.most_fused_steps is None
    run.on_train_begin()
    run.on_epoch_begin(0)
    run.on_train_batch_end(0, lambda: {"loss": 1.0})
    run.on_train_batch_end(1, lambda: {"loss": 0.5})
    run.on_test_begin()
    run.on_test_batch_end(0, {"loss": 3.0})
    run.on_test_end({"loss": 3.0})
    run.on_epoch_end(0, {"loss": 0.5, "val_loss": 3.0})
    run.on_train_end()
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.startswith("Epoch  1/12 - 2/2 - ") and out.endswith(
        "loss: 0.5000 - val_loss: 3.0000\n"
    )


def test_the_callback_shows_evaluate_and_predict(capsys):
    run = CallbackList(None, add_progbar=True, steps=1, verbose="auto")
    run.on_test_begin()
    run.on_test_batch_end(0, {"loss": 3.0})
    run.on_test_end({"loss": 3.0})
    run.on_predict_begin()
    run.on_predict_batch_end(0, {"outputs": np.zeros(1000)})
    run.on_predict_end()
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("1/1 - ") and first.endswith("loss: 3.0000")
    assert second.startswith("1/1 - ") and "output" not in second
