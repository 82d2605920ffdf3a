"""The networks of examples/ and their own training steps, with kerata, as they stand there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import kerata as keras
from benchmarks.by_api import epoch_clock
from benchmarks.tasks import NOISE, TASKS, data, seconds_of
from examples import fashion_gan, fashion_vae, under_the_hood
from kerata import ops


def prepare(backend: str, name: str) -> Callable[[], list[float]]:
    """Return a function that trains some epochs and gives their seconds."""
    keras.config.set_backend(backend)
    task = TASKS[name]
    x, y = data(name)
    if name == "vae":
        return _vae(x, task.batch, task.epochs)
    epoch = _tape(x, y) if name == "tape" else _gan(x, task.batch)
    random = np.random.default_rng(0)

    def shuffled_epoch() -> None:
        epoch(random.permutation(len(x)).reshape(task.steps, task.batch))

    return lambda: seconds_of(shuffled_epoch, task.epochs)


def _tape(x: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], None]:
    network = under_the_hood.Network()
    optimizer = keras.optimizers.SGD(learning_rate=0.5)

    @keras.function
    def train_step(x: Any, y: Any) -> tuple:
        with keras.GradientTape() as tape:
            probabilities = network(x)
            loss = under_the_hood.cross_entropy(y, probabilities)
        gradients = tape.gradient(loss, network.variables)
        optimizer.apply_gradients(zip(gradients, network.variables, strict=True))
        return loss, under_the_hood.accuracy(y, probabilities)

    def epoch(order: np.ndarray) -> None:
        for rows in order:
            loss, accuracy = train_step(x[rows], y[rows])
        float(loss), float(accuracy)

    return epoch


def _vae(x: np.ndarray, batch: int, epochs: int) -> Callable[[], list[float]]:
    vae = fashion_vae.VAE(fashion_vae.make_encoder(), fashion_vae.make_decoder())
    vae.compile(keras.optimizers.Adam(0.001))

    def measure() -> list[float]:
        clock = epoch_clock(keras)
        vae.fit(x, batch_size=batch, epochs=epochs, verbose=0, callbacks=[clock])
        return clock.seconds

    return measure


def _gan(x: np.ndarray, batch: int) -> Callable[[np.ndarray], None]:
    generator, discriminator = fashion_gan.make_generator(), fashion_gan.make_discriminator()
    generator_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5)
    discriminator_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5)
    cross_entropy = keras.losses.BinaryCrossentropy(label_smoothing=0.1)
    accuracy = keras.metrics.BinaryAccuracy()
    seed = keras.random.SeedGenerator(7)

    def forge() -> Any:
        return generator(keras.random.normal((batch, NOISE), seed=seed), training=True)

    @keras.function
    def discriminator_step(real: Any) -> Any:
        mixed = ops.concatenate([real, forge()])
        truth = ops.concatenate([ops.ones((batch, 1)), ops.zeros((batch, 1))])
        with keras.GradientTape() as tape:
            guess = discriminator(mixed, training=True)
            loss = cross_entropy(truth, guess)
        variables = discriminator.trainable_variables
        gradients = tape.gradient(loss, variables)
        discriminator_optimizer.apply_gradients(zip(gradients, variables, strict=True))
        accuracy.update_state(truth, guess)
        return loss

    @keras.function
    def generator_step() -> Any:
        with keras.GradientTape() as tape:
            guess = discriminator(forge(), training=True)
            loss = cross_entropy(ops.ones((batch, 1)), guess)
        variables = generator.trainable_variables
        gradients = tape.gradient(loss, variables)
        generator_optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    def epoch(order: np.ndarray) -> None:
        accuracy.reset_state()
        for rows in order:
            fooled = discriminator_step(x[rows])
            forged = generator_step()
        float(fooled), float(forged), float(accuracy.result())

    return epoch
