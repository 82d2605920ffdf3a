"""The contestants that are told what to do in Keras' words: kerata and Keras itself."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from typing import Any

from benchmarks.tasks import LENGTH, TASKS, VOCABULARY, data


def prepare(library: str, backend: str, name: str) -> Callable[[], list[float]]:
    """Build and compile a network; return a function that gives the seconds of some epochs."""
    os.environ["KERAS_BACKEND"] = os.environ["KERATA_BACKEND"] = backend
    keras = importlib.import_module(library)
    task = TASKS[name]
    x, y = data(name)
    model = build(keras, name)
    clock = epoch_clock(keras)

    def measure() -> list[float]:
        model.fit(x, y, batch_size=task.batch, epochs=task.epochs, verbose=0, callbacks=[clock])
        return clock.seconds

    return measure


def build(keras: Any, name: str) -> Any:
    """Return a compiled network, made with `keras` (or kerata)."""
    layers = keras.layers
    stacks: dict[str, Callable[[], list]] = {
        "tiny": lambda: [
            keras.Input((16,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        "mlp": lambda: [
            keras.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        "cnn": lambda: [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ],
        "lstm": lambda: [
            keras.Input((LENGTH,), dtype="int32"),
            layers.Embedding(VOCABULARY, 128),
            layers.LSTM(128),
            layers.Dense(1, activation="sigmoid"),
        ],
    }
    model = keras.Sequential(stacks[name]())
    classes = name in ("mlp", "cnn")
    model.compile(
        "rmsprop" if name == "mlp" else "adam",
        "sparse_categorical_crossentropy" if classes else "binary_crossentropy",
        metrics=["accuracy"],
    )
    return model


def epoch_clock(keras: Any) -> Any:
    """Return a callback that notes the seconds of each epoch of a `fit`."""

    class Clock(keras.callbacks.Callback):
        """Takes the time of each epoch."""

        def on_train_begin(self, logs: Any = None) -> None:
            self.seconds: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seconds.append(time.perf_counter() - self.start)

    return Clock()
