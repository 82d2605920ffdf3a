"""Measure and print the tables: `python -m benchmarks [--rounds 5] [--tasks tiny cnn]`.

Every contestant runs in a process of its own. In each round all of them are measured, one after
the other, in a random order, so that a busy machine slows all alike; medians are printed.
`--engines tensorflow` measures on TensorFlow, if the environment has it: after
`make test-tensorflow` that of the tests does.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import statistics
import subprocess
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.augmentation import augmenting_seconds
from benchmarks.files import file_seconds
from benchmarks.folder import loading_rates
from benchmarks.structure import building_seconds, first_step_seconds, prediction_microseconds
from benchmarks.tasks import TASKS, Task

ENGINES = ("jax", "torch", "tensorflow")
COMPILING = ("jax", "tensorflow")
BY_HAND = ("jax", "torch")

# ms per step, or seconds, of each contestant
Times = dict[str, float]


def rivals(engine: str) -> dict[str, str]:
    """Return the contestants that kerata meets on an engine, by what the table calls them."""
    by_hand = {f"{engine}: by hand": engine} if engine in BY_HAND else {}
    return {**by_hand, f"{engine}: Keras": f"keras-{engine}"}


def contestants_of(task: Task, engines: Sequence[str]) -> list[str]:
    """Return who takes part: Keras has no steps of one's own that run on every engine."""
    everybody = [c for e in engines for c in (f"kerata-{e}", *rivals(e).values())]
    return [c for c in everybody if not (task.own_step and c.startswith("keras-"))]


class Contestant:
    """A worker process.

    Args:
        name: such as `"kerata-jax"`.
        task: key of `TASKS`.
    """

    def __init__(self, name: str, task: str):
        self.name = name
        self.samples: list[float] = []
        command = [sys.executable, "-m", "benchmarks.worker", name, task]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )

    def wait(self) -> None:
        """Wait until it has prepared itself."""
        if self._answer() != "ready":
            command = " ".join(self._process.args)  # type: ignore[arg-type]
            raise RuntimeError(f"{self.name} failed; run it alone to see why: {command}")

    def measure(self) -> None:
        """Take the seconds of some epochs."""
        print("go", file=self._process.stdin, flush=True)
        self.samples += json.loads(self._answer())

    def _answer(self) -> str:
        return self._process.stdout.readline().strip()  # type: ignore[union-attr]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def milliseconds(self, steps: int) -> float:
        """Return the median time of a step."""
        return 1000 * statistics.median(self.samples) / steps


def measure(task: str, engines: Sequence[str], rounds: int) -> Times:
    """Return ms per step of all contestants in a task."""
    contestants = []
    for name in contestants_of(TASKS[task], engines):
        contestant = Contestant(name, task)
        contestant.wait()
        contestants.append(contestant)
    for _ in range(rounds):
        for contestant in random.sample(contestants, len(contestants)):
            contestant.measure()
    for contestant in contestants:
        contestant.close()
    return {c.name: c.milliseconds(TASKS[task].steps) for c in contestants}


def measure_first_steps(task: str, engines: Sequence[str], rounds: int = 3) -> Times:
    """Return the seconds until the first step of a task is done, of kerata and Keras."""
    names = [f"{library}-{engine}" for engine in engines for library in ("kerata", "keras")]
    samples: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in random.sample(names, len(names)):
            samples[name].append(first_step_seconds(name, task))
    return {name: statistics.median(seconds) for name, seconds in samples.items()}


def measure_augmentation(engine: str, rounds: int = 3) -> dict[str, tuple[float, float]]:
    """Return the seconds of augmenting photos in kerata and in Keras, for each way to do so."""
    samples: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        ours = augmenting_seconds(f"kerata-{engine}")
        theirs = augmenting_seconds(f"keras-{engine}")
        for way, seconds in ours.items():
            samples.setdefault(way, []).append((seconds, theirs[way]))
    return {
        way: (statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs))
        for way, pairs in samples.items()
    }


def table_of(title: str, results: dict[str, Times], engines: Sequence[str]) -> Table:
    """Return the times, and kerata's ratios to the loop by hand and to Keras."""
    table = Table(title=f"{title}; ratio: kerata / other")
    table.add_column("network")
    names = list(dict.fromkeys(name for times in results.values() for name in times))
    pairs = [
        (f"kerata-{engine}", column, rival)
        for engine in engines
        for column, rival in rivals(engine).items()
        if rival in names
    ]
    for heading in (*names, *(column for _, column, _ in pairs)):
        table.add_column(heading, justify="right")
    for task, times in results.items():
        cells = [f"{times[name]:.4g}" if name in times else "-" for name in names]
        ratios = [
            f"{times[ours] / times[rival]:.2f}" if rival in times else "-"
            for ours, _, rival in pairs
        ]
        table.add_row(TASKS[task].title, *cells, *ratios)
    return table


def installed(engines: Sequence[str], console: Console) -> list[str]:
    """Return the engines that can be measured here, and tell which cannot."""
    missing = [engine for engine in engines if importlib.util.find_spec(engine) is None]
    for engine in missing:
        console.print(f"{engine} is not installed here and is left out.")
    return [engine for engine in engines if engine not in missing]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", nargs="*", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--engines", nargs="*", default=["jax", "torch"], choices=ENGINES)
    options = parser.parse_args()
    console = Console(width=180)
    engines = installed(options.engines, console)

    steps, title = {}, "ms per training step (median)"
    for task in options.tasks:
        steps[task] = measure(task, engines, options.rounds)
        console.print(table_of(title, {task: steps[task]}, engines))
    console.print(table_of(title, steps, engines))

    compiling = [engine for engine in engines if engine in COMPILING]
    of_fit = [task for task in options.tasks if not TASKS[task].own_step]
    if compiling and of_fit:
        first = {task: measure_first_steps(task, compiling) for task in of_fit}
        title = "seconds from a definition to its first step (median)"
        console.print(table_of(title, first, compiling))
    for engine in compiling:
        for name in (f"kerata-{engine}", f"keras-{engine}"):
            console.print(f"{name}: 50-layer ResNet built in {building_seconds(name):.3f} s")
            microseconds = prediction_microseconds(name)
            console.print(f"{name}: predict(x[:1]) of the tiny network {microseconds:.0f} us")
    for engine in engines:
        for way, (ours, theirs) in measure_augmentation(engine).items():
            console.print(
                f"{engine}: augmentation, {way}: {1e3 * ours:.0f} ms for 64 photos, Keras "
                f"{1e3 * theirs:.0f} ms, ratio {ours / theirs:.2f}"
            )
    rates = loading_rates()
    console.print(
        "JPEG files of a folder, decoded and resized: "
        + ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items())
        + " pictures per second"
    )
    for act, taken in file_seconds().items():
        console.print(
            f"{act} a model of 100 MB: "
            + ", ".join(f"{name} {1e3 * seconds:.0f} ms" for name, seconds in taken.items())
        )


if __name__ == "__main__":
    main()
