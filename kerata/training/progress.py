"""The display of a running `fit`, `evaluate` or `predict`.

On a terminal it is one line, redrawn in place about ten times a second; an epoch leaves its
last state behind. Where output is not a terminal (a file, CI), each epoch is one plain line
without control codes. Nothing is read from the device and nothing is formatted between two
drawings.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

from kerata.core import config

#: seconds between two drawings of the line on a terminal
INTERVAL = 0.1

#: seconds within which the updates of steps that were computed at once follow each other
_BURST = 1e-3

_CYAN, _GREEN, _DIM, _RESET = "\x1b[36m", "\x1b[32m", "\x1b[2m", "\x1b[0m"


class Terminal:
    """What the output can show: whether it redraws, its width, its colours and characters.

    Args:
        stream: text stream; the present `sys.stdout` by default.
    """

    def __init__(self, stream: TextIO | None = None):
        self.stream = sys.stdout if stream is None else stream
        terminal = getattr(self.stream, "isatty", lambda: False)()
        dumb = os.environ.get("TERM") == "dumb"
        self.redraws = terminal and not dumb and config.is_interactive_logging_enabled()
        self.colours = self.redraws and "NO_COLOR" not in os.environ and _understands_ansi()
        self.full, self.tip, self.empty = "━╸ " if self._prints("━╸") else "=> "
        self.dots = "…" if self._prints("…") else "..."

    def _prints(self, text: str) -> bool:
        try:
            text.encode(getattr(self.stream, "encoding", None) or "ascii")
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def width(self) -> int:
        """Return the number of columns that a line may have without being broken."""
        return shutil.get_terminal_size((100, 24)).columns - 1

    def paint(self, text: str, colour: str) -> str:
        """Return text in a colour, where there are colours."""
        return f"{colour}{text}{_RESET}" if self.colours and text else text

    def write(self, text: str) -> None:
        """Write at once; a closed or broken output never stops a training run."""
        try:
            self.stream.write(text)
            self.stream.flush()
        except (BrokenPipeError, ValueError):
            self.redraws = False


def _understands_ansi() -> bool:
    """Tell whether the terminal knows colour codes; old Windows consoles print them."""
    return os.name != "nt" or any(name in os.environ for name in ("WT_SESSION", "TERM", "ANSICON"))


def format_number(value: Any) -> str:
    """Return a metric in at most about nine characters.

    >>> format_number(0.123456), format_number(0.00001234), format_number(12), format_number(0.0)
    ('0.1235', '1.2340e-05', '12', '0.0000')
    """
    if isinstance(value, (str, int)):
        return str(value)
    value = float(value)
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4f}"
    return f"{value:.4e}"


def format_duration(seconds: float) -> str:
    """Return a duration as people write it.

    >>> format_duration(0.5), format_duration(12.3), format_duration(75), format_duration(4000)
    ('0.5s', '12s', '1:15', '1:06:40')
    """
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def format_step_time(seconds: float, unit: str = "step") -> str:
    """Return the time of one step.

    >>> format_step_time(0.0123), format_step_time(2.5), format_step_time(4.2e-5)
    ('12ms/step', '2.5s/step', '42us/step')
    """
    if seconds >= 1:
        return f"{seconds:.1f}s/{unit}"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms/{unit}"
    return f"{seconds * 1e6:.0f}us/{unit}"


Logs = Mapping[str, Any]


class Progress:
    """One line about one epoch (or one `evaluate` or `predict`).

    `update` is cheap to call after every step: it looks at the clock and, mostly, returns.

    Args:
        total: number of steps, `None` when unknown.
        title: what the line begins with, such as `"Epoch 3/10"`.
        verbose: 0: nothing, 1: a live line on a terminal, 2: one line at the end.
        terminal: where to draw; standard output by default.
        unit: what is counted.
        width: characters of the bar.
        interval: seconds between two drawings.

    >>> progress = Progress(total=2, title="Epoch 1/1", verbose=2)
    >>> progress.update(2, {"loss": 0.25})
    >>> "loss: 0.2500" in progress.summary({"loss": 0.25})
    True
    """

    def __init__(
        self,
        total: int | None = None,
        title: str = "",
        verbose: int = 1,
        terminal: Terminal | None = None,
        unit: str = "step",
        width: int = 20,
        interval: float = INTERVAL,
    ):
        self.total = total
        self.title = title
        self.terminal = terminal or Terminal()
        self.verbose = verbose
        self.unit = unit
        self.width = width
        self.interval = interval
        self.live = verbose == 1 and self.terminal.redraws
        self.step = 0
        self.started = time.monotonic()
        self._warm_up = 0.0  # time of the first update
        self._first: tuple[float, int] | None = None  # time and step when the warm-up was over
        self._latest = self.started  # time of the last update
        self._computed = False  # whether `_latest` is the time when all was computed
        self._next_drawing = 0.0 if self.live else float("inf")
        self._drawn = 0  # visible characters of the line on the screen

    def update(self, step: int, logs: Logs | Callable[[], Logs] | None = None) -> None:
        """Say that `step` steps are done.

        Args:
            step: steps done in all.
            logs: metrics by name, or a function that returns them, called only to draw.
        """
        self.step = step
        self._latest = now = time.monotonic()
        if self._first is None:
            self._warm_up = now
        if now <= self._warm_up + _BURST:
            self._first = (now, step)
        if now >= self._next_drawing:
            self._draw(now, _read(logs))
            self._next_drawing = now + self.interval

    def computed(self) -> None:
        """Say that all steps are computed: an engine may be behind the updates that told of them.

        Further calls change nothing, so that a validation in between is not counted.
        """
        if self._computed:
            return
        now = time.monotonic()
        if self._first and now - self._latest > self._latest - self._first[0]:
            self._first = None  # the updates ran far ahead: only the whole time means something
        self._latest, self._computed = now, True

    def finish(self, logs: Logs | Callable[[], Logs] | None = None) -> None:
        """Leave the last state of the line, with the final metrics."""
        if self.verbose == 0:
            return
        line = self.summary(_read(logs))
        if self.live:
            self._replace(line, painted=self._painted(line))
            self.terminal.write("\n")
        else:
            self.terminal.write(line + "\n")

    def clear(self) -> None:
        """Take the live line off the screen, so that something else can be printed."""
        if self._drawn:
            self.terminal.write("\r" + " " * self._drawn + "\r")
            self._drawn = 0
            self._next_drawing = 0.0

    def summary(self, logs: Logs | None = None) -> str:
        """Return the one line that says how it went."""
        elapsed = time.monotonic() - self.started
        parts = [self.title] if self.title else []
        if self.step:
            count = f"{self.step}/{self.total}" if self.total else f"{self.step}"
            each = format_step_time(self._seconds_per_step(), self.unit)
            parts += [count, format_duration(elapsed), each]
        parts += [f"{name}: {format_number(value)}" for name, value in (logs or {}).items()]
        return " - ".join(parts)

    def _seconds_per_step(self) -> float:
        """Return the time of a step; the first ones, which compile, are left out once as many
        others have been seen."""
        if self._first and self.step >= 2 * self._first[1]:
            return (self._latest - self._first[0]) / (self.step - self._first[1])
        return (self._latest - self.started) / max(self.step, 1)

    def _draw(self, now: float, logs: Logs) -> None:
        each = self._seconds_per_step()
        if self.total:
            left = format_duration(max(self.total - self.step, 0) * each)
            count = f"{self.step:{len(str(self.total))}d}/{self.total}"
            head, bar = f"{self.title} ".lstrip(), self._bar()
            tail = f" {count} - {left} left - {format_step_time(each, self.unit)}"
        else:
            head, bar = f"{self.title} {self.step}".strip(), ""
            tail = f" - {format_duration(now - self.started)} - {format_step_time(each, self.unit)}"
        metrics = "".join(f" - {name}: {format_number(value)}" for name, value in logs.items())
        line = self._fitted(head + bar + tail + metrics)
        done = line[len(head) : len(head) + len(bar)]
        painted = line[: len(head)] + self.terminal.paint(done, _CYAN)
        rest = line[len(head) + len(bar) :]
        cut = len(tail)
        self._replace(line, painted + self.terminal.paint(rest[:cut], _DIM) + rest[cut:])

    def _bar(self) -> str:
        terminal, share = self.terminal, min(self.step / max(self.total or 1, 1), 1.0)
        filled = int(share * self.width)
        tip = terminal.tip if filled < self.width else ""
        return (terminal.full * filled + tip).ljust(self.width, terminal.empty)

    def _fitted(self, line: str) -> str:
        """Cut a line to the screen: a line that wraps cannot be redrawn in place."""
        room = self.terminal.width()
        if len(line) <= room:
            return line
        return line[: room - len(self.terminal.dots)] + self.terminal.dots

    def _replace(self, line: str, painted: str) -> None:
        """Write over the live line, blanks over what the old one had more."""
        self.terminal.write("\r" + painted + " " * max(self._drawn - len(line), 0))
        self._drawn = len(line)

    def _painted(self, line: str) -> str:
        title, rest = line[: len(self.title)], line[len(self.title) :]
        return self.terminal.paint(title, _GREEN) + rest


def _read(logs: Logs | Callable[[], Logs] | None) -> Logs:
    return (logs() if callable(logs) else logs) or {}


class Progbar:
    """Displays a progress bar, for loops of your own.

    Args:
        target: number of steps expected, `None` if unknown.
        width: characters of the bar.
        verbose: 0: silent, 1: a live line (on a terminal), 2: one line at the end.
        interval: smallest number of seconds between two drawings.
        stateful_metrics: names of values to show as they are; all others are averaged over
            the steps.
        stateless_metrics: if given, the names to average; all others are shown as they are.
        unit_name: what a step is called.

    Raises:
        ValueError: if both lists of metrics are given.

    >>> bar = Progbar(target=4, verbose=0)
    >>> for step in range(4):
    ...     bar.update(step + 1, values=[("loss", step)])
    >>> bar.values()
    {'loss': 1.5}
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ):
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Give `stateful_metrics` or `stateless_metrics`, not both.")
        self.target = target
        self.verbose = verbose
        self.unit_name = unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._sums: dict[str, tuple[float, float]] = {}  # name -> (sum or value, steps)
        self._finished = False
        self._progress = Progress(
            target, "", verbose, unit=unit_name, width=width, interval=interval
        )

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Say that `current` steps are done.

        Args:
            current: steps done in all.
            values: pairs of a name and its value for the last step (or steps).
            finalize: whether this is the last update; by default, when `target` is reached.
        """
        steps = max(current - self._progress.step, 1)
        for name, value in values or ():
            self._keep(name, value, steps)
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._progress.update(current, self.values)
        if finalize and not self._finished:
            self._finished = True
            self._progress.finish(self.values)

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Say that `n` more steps are done."""
        self.update(self._progress.step + n, values)

    def values(self) -> dict[str, Any]:
        """Return what is shown: averages, and the last of stateful values."""
        return {
            name: total / steps if steps else total for name, (total, steps) in self._sums.items()
        }

    def _keep(self, name: str, value: Any, steps: int) -> None:
        if name in self.stateful_metrics or (
            self.stateless_metrics is not None and name not in self.stateless_metrics
        ):
            self._sums[name] = (value, 0)
        else:
            total, seen = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + float(value) * steps, seen + steps)
