"""Times of what happens once: building a deep network, the first step, predicting one sample.

    python -m benchmarks.structure kerata-jax first cnn

Each is taken in a fresh process and printed in seconds.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

from benchmarks import by_api
from benchmarks.tasks import TASKS, data


def resnet(keras: Any) -> Any:
    """Return a residual network of 50 layers with weights, like ResNet50, not compiled."""
    layers = keras.layers

    def unit(x: Any, filters: int, kernel: int, strides: int = 1, activation: bool = True) -> Any:
        x = layers.Conv2D(filters, kernel, strides=strides, padding="same")(x)
        x = layers.BatchNormalization()(x)
        return layers.Activation("relu")(x) if activation else x

    inputs = keras.Input((224, 224, 3))
    x = unit(inputs, 64, 7, 2)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for stage, blocks in enumerate((3, 4, 6, 3)):
        filters = 64 * 2**stage
        for block in range(blocks):
            strides = 2 if block == 0 and stage else 1
            shortcut = unit(x, 4 * filters, 1, strides, False) if block == 0 else x
            x = unit(unit(x, filters, 1, strides), filters, 3)
            x = layers.Add()([unit(x, 4 * filters, 1, activation=False), shortcut])
            x = layers.Activation("relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(1000, activation="softmax")(x))


def _build(keras: Any) -> float:
    keras.layers.Dense(1)(keras.Input((2,)))  # imports and first uses are not counted
    start = time.perf_counter()
    resnet(keras)
    return time.perf_counter() - start


def _predict(keras: Any) -> float:
    model = by_api.build(keras, "tiny")
    x = np.zeros((1, 16), "float32")
    samples = []
    for _ in range(300):
        start = time.perf_counter()
        model.predict(x, verbose=0)
        samples.append(time.perf_counter() - start)
    return statistics.median(samples[50:])


def _first(keras: Any, name: str) -> float:
    """Return the seconds from the model's definition until the first step's loss is known.

    The definition counts because weights get their first values there in Keras, and in the first
    step in kerata.
    """

    class Watch(keras.callbacks.Callback):
        """Takes the time when the first step is done."""

        seconds: float | None = None

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            float(logs["loss"])
            self.seconds = self.seconds or time.perf_counter() - start

    x, y = (array[: 2 * TASKS[name].batch] for array in data(name))
    watch = Watch()
    keras.ops.add(np.float32(1), np.float32(1))  # the engine wakes up here
    start = time.perf_counter()
    model = by_api.build(keras, name)
    model.fit(x, y, batch_size=TASKS[name].batch, verbose=0, callbacks=[watch])
    assert watch.seconds is not None
    return watch.seconds


def in_a_process(module: str, contestant: str, *what: str) -> Any:
    """Return what a module of benchmarks, run in a process of its own, prints as JSON."""
    command = [sys.executable, "-m", module, contestant, *what]
    # Nothing that was compiled before may be found.
    environment = {**os.environ, "KERATA_COMPILATION_CACHE": "0"}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout.strip().splitlines()[-1])


def building_seconds(contestant: str) -> float:
    """Return the seconds that a library needs to build a ResNet50-like model."""
    return in_a_process(__name__, contestant, "build")


def prediction_microseconds(contestant: str) -> float:
    """Return the microseconds of `predict` on one sample of the tiny network."""
    return 1e6 * in_a_process(__name__, contestant, "predict")


def first_step_seconds(contestant: str, task: str) -> float:
    """Return the seconds from a model's definition to its first step: mostly compilation."""
    return in_a_process(__name__, contestant, "first", task)


def main() -> None:
    """Take one time, as the command line asks."""
    library, backend = sys.argv[1].split("-")
    os.environ["KERAS_BACKEND"] = os.environ["KERATA_BACKEND"] = backend
    measures = {"build": _build, "predict": _predict, "first": _first}
    print(json.dumps(measures[sys.argv[2]](importlib.import_module(library), *sys.argv[3:])))


if __name__ == "__main__":
    main()
