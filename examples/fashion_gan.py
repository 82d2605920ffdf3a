"""Forgers and detectives: two networks play against each other until clothes come out.

The generator turns random numbers into pictures, the discriminator tells real pictures from
generated ones. Each has an optimizer of its own and a step of its own: a plain function that
`keras.function` compiles. `fashion_gan.png` shows 100 pieces that were never sewn.

    python examples/fashion_gan.py                        # on the default backend
    KERATA_BACKEND=torch python examples/fashion_gan.py   # the same on PyTorch

Goodfellow and others: Generative Adversarial Nets (2014), arXiv:1406.2661.
"""

import numpy as np

import kerata as keras
from kerata import layers, ops

BATCH, NOISE = 128, 64


def make_generator() -> keras.Model:
    """Return the model random numbers -> picture with values from -1 to 1."""
    return keras.Sequential(
        [
            keras.Input((NOISE,)),
            layers.Dense(256),
            layers.LeakyReLU(0.2),
            layers.BatchNormalization(momentum=0.8),
            layers.Dense(512),
            layers.LeakyReLU(0.2),
            layers.BatchNormalization(momentum=0.8),
            layers.Dense(784, activation="tanh"),
            layers.Reshape((28, 28, 1)),
        ],
        name="generator",
    )


def make_discriminator() -> keras.Model:
    """Return the model picture -> probability that it is real."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(512),
            layers.LeakyReLU(0.2),
            layers.Dropout(0.3),
            layers.Dense(256),
            layers.LeakyReLU(0.2),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="discriminator",
    )


def load(pictures: int) -> np.ndarray:
    """Return pictures of clothes with values from -1 to 1, shape (pictures, 28, 28, 1)."""
    (x_train, _), _ = keras.datasets.fashion_mnist.load_data()
    return x_train[:pictures, ..., None].astype("float32") / 127.5 - 1


def unlikeness(real: np.ndarray, generated: np.ndarray) -> float:
    """Return how far the means and spreads of the points are from the real ones, on average."""
    means = np.abs(real.mean(axis=0) - generated.mean(axis=0))
    spreads = np.abs(real.std(axis=0) - generated.std(axis=0))
    return float(np.mean(means + spreads))


def main(epochs: int = 30, pictures: int = 60_000) -> float:
    """Train, draw, and return the unlikeness of 1,000 generated pictures."""
    keras.utils.set_random_seed(7)
    x = load(pictures)
    generator, discriminator = make_generator(), make_discriminator()
    generator_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5)
    discriminator_optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5)
    cross_entropy = keras.losses.BinaryCrossentropy(label_smoothing=0.1)
    accuracy = keras.metrics.BinaryAccuracy()
    seed = keras.random.SeedGenerator(7)

    def forge(count):
        noise = keras.random.normal((count, NOISE), seed=seed)
        return generator(noise, training=True)

    @keras.function
    def discriminator_step(real):
        """Learn to tell real pictures from generated ones."""
        mixed = ops.concatenate([real, forge(BATCH)])
        truth = ops.concatenate([ops.ones((BATCH, 1)), ops.zeros((BATCH, 1))])
        with keras.GradientTape() as tape:
            guess = discriminator(mixed, training=True)
            loss = cross_entropy(truth, guess)
        variables = discriminator.trainable_variables
        gradients = tape.gradient(loss, variables)
        discriminator_optimizer.apply_gradients(zip(gradients, variables, strict=True))
        accuracy.update_state(truth, guess)
        return loss

    @keras.function
    def generator_step():
        """Learn to be taken for real."""
        with keras.GradientTape() as tape:
            guess = discriminator(forge(BATCH), training=True)
            loss = cross_entropy(ops.ones((BATCH, 1)), guess)
        variables = generator.trainable_variables
        gradients = tape.gradient(loss, variables)
        generator_optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    order, noise = np.random.default_rng(7), np.random.default_rng(8).normal(size=(1000, NOISE))
    for epoch in range(1, epochs + 1):
        accuracy.reset_state()
        shuffled = x[order.permutation(len(x))]
        for start in range(0, len(x) - BATCH + 1, BATCH):
            fooled = discriminator_step(shuffled[start : start + BATCH])
            forged = generator_step()
        clothes = generator.predict(noise.astype("float32"), verbose=0)
        judged = unlikeness(x, clothes)
        print(
            f"epoch {epoch}: discriminator {float(fooled):.3f}, generator {float(forged):.3f}, "
            f"right guesses {float(accuracy.result()):.1%}, unlikeness {judged:.3f}"
        )
    keras.visualization.plot_mosaic(
        clothes[:100], value_range=(-1, 1), path="fashion_gan.png", magnification=3
    )
    return judged


if __name__ == "__main__":
    main()
