"""What is measured: four small networks and the data that they are trained on, made up.

The data are random: only time is measured. Each contestant gets the same arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Task(NamedTuple):
    """One network to train.

    Attributes:
        title: what the table calls it.
        batch: samples per step.
        steps: steps per epoch.
        epochs: epochs per measurement; the median epoch counts.
    """

    title: str
    batch: int
    steps: int
    epochs: int


TASKS = {
    "tiny": Task("MLP 16-32-16-1, batch 32, Adam", 32, 1000, 5),
    "mlp": Task("MLP 784-512-10, batch 100, RMSprop", 100, 200, 3),
    "cnn": Task("CNN 32-64-pool-128, batch 32, Adam", 32, 40, 3),
    "lstm": Task("LSTM 20000x128-128, length 80, batch 32, Adam", 32, 40, 3),
}
VOCABULARY, LENGTH = 20_000, 80


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs and targets of a task."""
    task = TASKS[name]
    count = task.batch * task.steps
    random = np.random.default_rng(0)
    if name == "tiny":
        x = random.normal(size=(count, 16)).astype("float32")
        return x, (x[:, :1] > 0).astype("float32")
    if name == "mlp":
        x = random.random((count, 784), dtype="float32")
        return x, random.integers(0, 10, count).astype("int32")
    if name == "cnn":
        x = random.random((count, 28, 28, 1), dtype="float32")
        return x, random.integers(0, 10, count).astype("int32")
    x = random.integers(1, VOCABULARY, (count, LENGTH)).astype("int32")
    return x, random.integers(0, 2, (count, 1)).astype("float32")
