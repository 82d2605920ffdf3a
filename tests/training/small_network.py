"""A network that trains in no time, and its data, for tests of how steps are run."""

import numpy as np

import kerata

SAMPLES, FEATURES = 150, 6  # with batches of 32 the last one has 22 rows


def data():
    """Return inputs and targets, the same ones each time."""
    random = np.random.default_rng(5)
    x = random.normal(size=(SAMPLES, FEATURES)).astype("float32")
    return x, (x[:, :1] * x[:, 1:2] > 0).astype("float32")


def network(*extra, activation="relu"):
    """Return a fresh network, with the layers that `extra` make in its middle."""
    kerata.utils.clear_session(free_memory=False)
    kerata.utils.set_random_seed(3)
    layers = kerata.layers
    return kerata.Sequential(
        [kerata.Input((FEATURES,)), layers.Dense(8, activation=activation),
         *(make() for make in extra), layers.Dense(1, activation="sigmoid")]
    )  # fmt: skip


def program_of(model):
    """Return the program of the model's training step."""
    (program,) = (p for key, p in model._programs.items() if key[0] == "train")
    return program
