"""Measure and print the table: `python -m benchmarks [--rounds 5] [--tasks tiny cnn]`.

Every contestant runs in a process of its own. In each round all of them are measured, one after
the other, in a random order, so that a busy machine slows all alike; medians are printed.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys

from rich.console import Console
from rich.table import Table

from benchmarks.structure import building_seconds, prediction_microseconds
from benchmarks.tasks import TASKS

CONTESTANTS = ("kerata-jax", "jax", "keras-jax", "kerata-torch", "torch", "keras-torch")


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


def measure(task: str, rounds: int) -> dict[str, float]:
    """Return ms per step of all contestants in a task."""
    contestants = []
    for name in CONTESTANTS:
        contestant = Contestant(name, task)
        contestant.wait()
        contestants.append(contestant)
    for _ in range(rounds):
        for contestant in random.sample(contestants, len(contestants)):
            contestant.measure()
    for contestant in contestants:
        contestant.close()
    return {c.name: c.milliseconds(TASKS[task].steps) for c in contestants}


def table_of(results: dict[str, dict[str, float]]) -> Table:
    """Return ms per step, and kerata's ratios to the loop by hand and to Keras."""
    table = Table(title="ms per training step (median); ratio: kerata / other")
    table.add_column("network")
    for name in CONTESTANTS:
        table.add_column(name, justify="right")
    for engine in ("jax", "torch"):
        table.add_column(f"{engine}: by hand", justify="right")
        table.add_column(f"{engine}: Keras", justify="right")
    for task, times in results.items():
        ratios = [
            f"{times[f'kerata-{engine}'] / times[other]:.2f}"
            for engine in ("jax", "torch")
            for other in (engine, f"keras-{engine}")
        ]
        cells = [f"{times[name]:.4g}" for name in CONTESTANTS]
        table.add_row(TASKS[task].title, *cells, *ratios)
    return table


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", nargs="*", default=list(TASKS), choices=list(TASKS))
    options = parser.parse_args()
    console = Console(width=160)
    results = {}
    for task in options.tasks:
        results[task] = measure(task, options.rounds)
        console.print(table_of({task: results[task]}))
    console.print(table_of(results))
    for library in ("kerata-jax", "keras-jax"):
        console.print(f"{library}: 50-layer ResNet built in {building_seconds(library):.3f} s")
        microseconds = prediction_microseconds(library)
        console.print(f"{library}: predict(x[:1]) of the tiny network {microseconds:.0f} us")


if __name__ == "__main__":
    main()
