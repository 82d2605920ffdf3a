"""What is measured: small networks and the data that they are trained on, made up.

The data are random: only time is measured. Each contestant gets the same arrays. The first four
networks are trained by the step of `fit`, the other three, those of examples/, by steps of their
own. Keras does not take part in these: there, such a step is another program on each backend.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Task(NamedTuple):
    """One network to train.

    Attributes:
        title: what the table calls it.
        batch: samples per step.
        steps: steps per epoch.
        epochs: epochs per measurement; the median epoch counts.
        own_step: whether it is trained by a step of its own.
    """

    title: str
    batch: int
    steps: int
    epochs: int
    own_step: bool = False


TASKS = {
    "tiny": Task("MLP 16-32-16-1, batch 32, Adam", 32, 1000, 5),
    "mlp": Task("MLP 784-512-10, batch 100, RMSprop", 100, 200, 3),
    "cnn": Task("CNN 32-64-pool-128, batch 32, Adam", 32, 40, 3),
    "lstm": Task("LSTM 20000x128-128, length 80, batch 32, Adam", 32, 40, 3),
    "tape": Task("own loop: MLP 784-128-256-10, batch 250, SGD", 250, 100, 3, True),
    "vae": Task("own train_step: VAE, batch 128, Adam", 128, 10, 3, True),
    "gan": Task("own two steps: GAN, batch 128, Adam", 128, 30, 3, True),
}
VOCABULARY, LENGTH = 20_000, 80
NOISE = 64  # numbers that the generator of the GAN makes a picture of


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs and targets of a task."""
    task = TASKS[name]
    count = task.batch * task.steps
    random = np.random.default_rng(0)
    if name == "tiny":
        x = random.normal(size=(count, 16)).astype("float32")
        return x, (x[:, :1] > 0).astype("float32")
    if name in ("mlp", "tape"):
        x = random.random((count, 784), dtype="float32")
        return x, random.integers(0, 10, count).astype("int32")
    if name in ("cnn", "vae", "gan"):
        x = random.random((count, 28, 28, 1), dtype="float32")
        return x, random.integers(0, 10, count).astype("int32")
    x = random.integers(1, VOCABULARY, (count, LENGTH)).astype("int32")
    return x, random.integers(0, 2, (count, 1)).astype("float32")


def seconds_of(epoch: Callable[[], object], epochs: int) -> list[float]:
    """Run some epochs and return the seconds of each."""
    seconds = []
    for _ in range(epochs):
        start = time.perf_counter()
        epoch()
        seconds.append(time.perf_counter() - start)
    return seconds
