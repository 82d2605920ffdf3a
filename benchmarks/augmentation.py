"""Times of augmenting a batch of photos: flipped, turned, zoomed and shifted at random.

    python -m benchmarks.augmentation keras-jax

prints the seconds of a batch as JSON: of the layers called one after the other on a tensor, on JAX
of all of them in one compiled function, as in a training step, and of an `ImageDataGenerator` with
all its distortions.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.structure import in_a_process

SHAPE = (64, 150, 150, 3)


def layers_of(keras: Any) -> list[Any]:
    """Return the layers, as a lesson on photos has them."""
    layers = keras.layers
    return [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.2),
        layers.RandomTranslation(0.1, 0.1),
    ]


def called(keras: Any) -> Callable[[Any], Any]:
    """Return a function that calls layer after layer."""
    layers = layers_of(keras)

    def augment(photos: Any) -> Any:
        for layer in layers:
            photos = layer(photos, training=True)
        return photos

    return augment


def compiled(keras: Any) -> Callable[[Any], Any]:
    """Return one compiled function of the layers, for JAX."""
    model = keras.Sequential([keras.Input(SHAPE[1:]), *layers_of(keras)])
    if keras.__name__ == "kerata":
        return keras.function(lambda photos: model(photos, training=True))
    import jax

    run = jax.jit(lambda state, photos: model.stateless_call([], state, photos, training=True))
    state = [variable.value for variable in model.non_trainable_variables]

    def augment(photos: Any) -> Any:
        nonlocal state
        result, state = run(state, photos)
        return result

    return augment


def generated(keras: Any) -> Callable[[], Any]:
    """Return a function that makes a batch by `ImageDataGenerator`."""
    folder = "" if keras.__name__ == "kerata" else ".src.legacy"
    module = importlib.import_module(f"{keras.__name__}{folder}.preprocessing.image")
    generator = module.ImageDataGenerator(
        rotation_range=20,
        width_shift_range=0.2,
        height_shift_range=0.2,
        shear_range=10,
        zoom_range=0.2,
        channel_shift_range=20,
        brightness_range=(0.5, 1.5),
        horizontal_flip=True,
        vertical_flip=True,
        rescale=1 / 255,
    )
    batches = generator.flow(photos().astype("uint8"), batch_size=SHAPE[0])
    return lambda: next(batches)


def photos() -> np.ndarray:
    """Return a batch of noise in the range of photos."""
    return np.random.default_rng(0).uniform(0, 255, SHAPE).astype("float32")


def seconds(augment: Callable[[], Any], most: int = 7) -> float:
    """Return the median seconds of a batch, its values waited for; of fewer batches if slow."""
    float(augment()[0, 0, 0, 0])
    found: list[float] = []
    while len(found) < most and sum(found) < 5.0:
        start = time.perf_counter()
        float(augment()[0, 0, 0, 0])
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def augmenting_seconds(contestant: str) -> dict[str, float]:
    """Return the seconds of a batch, by how the layers were run."""
    return in_a_process(__name__, contestant)


def main() -> None:
    """Measure the library and backend that the command line names."""
    library, backend = sys.argv[1].split("-")
    os.environ["KERAS_BACKEND"] = os.environ["KERATA_BACKEND"] = backend
    keras = importlib.import_module(library)
    batch = keras.ops.convert_to_tensor(photos())
    layers = called(keras)
    times = {"layers, called": seconds(lambda: layers(batch))}
    if backend == "jax":
        program = compiled(keras)
        times["layers, compiled"] = seconds(lambda: program(batch))
    times["ImageDataGenerator"] = seconds(generated(keras))
    print(json.dumps(times))


if __name__ == "__main__":
    main()
