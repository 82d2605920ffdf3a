"""A GAN that tells how well it is doing: Wasserstein distance with a gradient penalty.

A critic scores pictures, high for real ones, low for generated ones; the gap between both scores
is a distance, which falls while the generator learns. Scores must not change faster than
pictures do: where the slope of the score is not 1, the critic pays. That penalty is a gradient in
a loss, so its own gradient needs a tape inside a tape. `fashion_wgan_gp.png` shows 64 pieces.

    python examples/fashion_wgan_gp.py

Gulrajani and others: Improved Training of Wasserstein GANs (2017), arXiv:1704.00028.
"""

import numpy as np

import kerata as keras
from kerata import layers, ops

BATCH, NOISE = 64, 64
CRITIC_STEPS = 2
PENALTY = 10.0


def make_generator() -> keras.Model:
    """Return the model random numbers -> picture with values from -1 to 1."""
    return keras.Sequential(
        [
            keras.Input((NOISE,)),
            layers.Dense(7 * 7 * 64, activation="relu"),
            layers.Reshape((7, 7, 64)),
            layers.Conv2DTranspose(32, 4, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh"),
        ],
        name="generator",
    )


def make_critic() -> keras.Model:
    """Return the model picture -> score; no normalization, which would mix the pictures."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(64, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dense(1),
        ],
        name="critic",
    )


def gradient_penalty(critic, real, forged, mix):
    """Return how far the slope of the critic's score is from 1 between real and forged.

    Args:
        critic: the model that scores pictures.
        real, forged: pictures, shape (batch, 28, 28, 1).
        mix: how much of the real picture is taken, from 0 to 1, shape (batch, 1, 1, 1).
    """
    between = mix * real + (1 - mix) * forged
    with keras.GradientTape() as tape:
        tape.watch(between)
        score = critic(between, training=True)
    slope = tape.gradient(score, between)
    steepness = ops.sqrt(ops.sum(ops.square(slope), axis=(1, 2, 3)) + 1e-12)
    return ops.mean(ops.square(steepness - 1))


def unlikeness(real: np.ndarray, generated: np.ndarray) -> float:
    """Return how far the means and spreads of the points are from the real ones, on average."""
    means = np.abs(real.mean(axis=0) - generated.mean(axis=0))
    spreads = np.abs(real.std(axis=0) - generated.std(axis=0))
    return float(np.mean(means + spreads))


def main(epochs: int = 10, pictures: int = 60_000) -> float:
    """Train, draw, and return the unlikeness of 1,000 generated pictures."""
    keras.utils.set_random_seed(7)
    (x_train, _), _ = keras.datasets.fashion_mnist.load_data()
    x_train = x_train[:pictures, ..., None].astype("float32") / 127.5 - 1
    generator, critic = make_generator(), make_critic()
    generator_optimizer = keras.optimizers.Adam(5e-4, beta_1=0.5, beta_2=0.9)
    critic_optimizer = keras.optimizers.Adam(5e-4, beta_1=0.5, beta_2=0.9)
    distance = keras.metrics.Mean()
    seed = keras.random.SeedGenerator(7)

    def forge():
        return generator(keras.random.normal((BATCH, NOISE), seed=seed), training=True)

    @keras.function
    def critic_step(real):
        """Learn to score; the gap between the scores is the distance."""
        forged = forge()
        mix = keras.random.uniform((BATCH, 1, 1, 1), seed=seed)
        with keras.GradientTape() as tape:
            gap = ops.mean(critic(real, training=True)) - ops.mean(critic(forged, training=True))
            loss = PENALTY * gradient_penalty(critic, real, forged, mix) - gap
        variables = critic.trainable_variables
        gradients = tape.gradient(loss, variables)
        critic_optimizer.apply_gradients(zip(gradients, variables, strict=True))
        distance.update_state(gap)

    @keras.function
    def generator_step():
        """Learn to be given high scores."""
        with keras.GradientTape() as tape:
            loss = -ops.mean(critic(forge(), training=True))
        variables = generator.trainable_variables
        gradients = tape.gradient(loss, variables)
        generator_optimizer.apply_gradients(zip(gradients, variables, strict=True))

    order, noise = np.random.default_rng(7), np.random.default_rng(8).normal(size=(1000, NOISE))
    for epoch in range(1, epochs + 1):
        distance.reset_state()
        shuffled = x_train[order.permutation(len(x_train))]
        for step in range(len(shuffled) // BATCH):
            critic_step(shuffled[step * BATCH :][:BATCH])
            if step % CRITIC_STEPS == CRITIC_STEPS - 1:
                generator_step()
        clothes = generator.predict(noise.astype("float32"), verbose=0)
        judged = unlikeness(x_train, clothes)
        print(f"epoch {epoch}: distance {float(distance.result()):.3f}, unlikeness {judged:.3f}")
    keras.visualization.plot_mosaic(
        clothes[:64], value_range=(-1, 1), path="fashion_wgan_gp.png", magnification=3
    )
    return judged


if __name__ == "__main__":
    main()
