"""Times that are not those of training steps: building a deep network, predicting one sample."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

_MEASURE = """
import json, os, statistics, sys, time
library, backend = sys.argv[1].split("-")
os.environ["KERAS_BACKEND"] = os.environ["KERATA_BACKEND"] = backend
import importlib, numpy as np
keras = importlib.import_module(library)
from benchmarks import by_api, structure
if sys.argv[2] == "build":
    keras.layers.Dense(1)(keras.Input((2,)))     # imports and first uses are not counted
    start = time.perf_counter()
    structure.resnet(keras)
    print(json.dumps(time.perf_counter() - start))
else:
    model = by_api.build(keras, "tiny")
    x = np.zeros((1, 16), "float32")
    samples = []
    for _ in range(300):
        start = time.perf_counter()
        model.predict(x, verbose=0)
        samples.append(time.perf_counter() - start)
    print(json.dumps(statistics.median(samples[50:])))
"""


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


def _in_a_process(library: str, what: str) -> float:
    command = [sys.executable, "-c", _MEASURE, library, what]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def building_seconds(library: str) -> float:
    """Return the seconds that a library needs to build a ResNet50-like model."""
    return _in_a_process(library, "build")


def prediction_microseconds(library: str) -> float:
    """Return the microseconds of `predict` on one sample of the tiny network."""
    return 1e6 * _in_a_process(library, "predict")
