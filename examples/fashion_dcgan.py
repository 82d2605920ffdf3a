"""A convolutional GAN that is trained like any other model: `compile` and `fit`.

The model is two models. Its `compile` takes an optimizer for each, its `train_step` lets them
play one round, and everything else is what `fit` does anyway: shuffled batches, progress,
callbacks. A callback writes 64 pieces of clothing to `fashion_dcgan.png` after each epoch.

    python examples/fashion_dcgan.py

Radford, Metz, Chintala: Unsupervised representation learning with deep convolutional generative
adversarial networks (2015), arXiv:1511.06434.
"""

import numpy as np

import kerata as keras
from kerata import layers, ops

NOISE = 64


def make_generator() -> keras.Model:
    """Return the model random numbers -> picture with values from -1 to 1."""
    return keras.Sequential(
        [
            keras.Input((NOISE,)),
            layers.Dense(7 * 7 * 64, use_bias=False),
            layers.Reshape((7, 7, 64)),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.Conv2DTranspose(32, 4, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh"),
        ],
        name="generator",
    )


def make_discriminator() -> keras.Model:
    """Return the model picture -> logit of the probability that it is real."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(64, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(1),
        ],
        name="discriminator",
    )


class GAN(keras.Model):
    """A generator and a discriminator that learn from each other."""

    def __init__(self, generator, discriminator, **kwargs):
        super().__init__(**kwargs)
        self.generator, self.discriminator = generator, discriminator
        self.seed_generator = keras.random.SeedGenerator()
        self.generator_loss = keras.metrics.Mean(name="generator_loss")
        self.discriminator_loss = keras.metrics.Mean(name="discriminator_loss")

    def compile(self, generator_optimizer, discriminator_optimizer, loss):
        """Take an optimizer for each model, and the loss of both."""
        super().compile(optimizer=None)
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        self.cross_entropy = loss

    @property
    def metrics(self):
        """What `fit` shows, and starts anew in each epoch."""
        return [self.generator_loss, self.discriminator_loss]

    def train_step(self, real):
        """Play one round: each model improves on what the other did."""
        count = ops.shape(real)[0]
        noise = keras.random.normal((count, NOISE), seed=self.seed_generator)
        with keras.GradientTape() as forger, keras.GradientTape() as detective:
            forged = self.generator(noise, training=True)
            guess_real = self.discriminator(real, training=True)
            guess_forged = self.discriminator(forged, training=True)
            fooled = self.cross_entropy(ops.ones_like(guess_forged), guess_forged)
            caught = self.cross_entropy(ops.zeros_like(guess_forged), guess_forged)
            missed = self.cross_entropy(ops.ones_like(guess_real), guess_real)
            error = 0.5 * (caught + missed)
        self.improve(self.generator, self.generator_optimizer, forger, fooled)
        self.improve(self.discriminator, self.discriminator_optimizer, detective, error)
        self.generator_loss.update_state(fooled)
        self.discriminator_loss.update_state(error)
        return {metric.name: metric.result() for metric in self.metrics}

    def improve(self, model, optimizer, tape, loss):
        """Go one step down the slope of a model's loss."""
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))


class Exhibition(keras.callbacks.Callback):
    """Draws the same 64 random numbers as clothes after each epoch."""

    def __init__(self):
        super().__init__()
        self.noise = np.random.default_rng(7).normal(size=(64, NOISE)).astype("float32")

    def on_epoch_end(self, epoch, logs=None):
        """Write the picture."""
        clothes = self.model.generator.predict(self.noise, verbose=0)
        path = "fashion_dcgan.png"
        keras.visualization.plot_mosaic(clothes, value_range=(-1, 1), path=path, magnification=3)


def unlikeness(real: np.ndarray, generated: np.ndarray) -> float:
    """Return how far the means and spreads of the points are from the real ones, on average."""
    means = np.abs(real.mean(axis=0) - generated.mean(axis=0))
    spreads = np.abs(real.std(axis=0) - generated.std(axis=0))
    return float(np.mean(means + spreads))


def main(epochs: int = 15, pictures: int = 60_000) -> float:
    """Train, draw, and return the unlikeness of 1,000 generated pictures."""
    keras.utils.set_random_seed(7)
    (x_train, _), _ = keras.datasets.fashion_mnist.load_data()
    x_train = x_train[:pictures, ..., None].astype("float32") / 127.5 - 1

    gan = GAN(make_generator(), make_discriminator())
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        loss=keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
    )
    gan.fit(x_train, epochs=epochs, batch_size=128, callbacks=[Exhibition()])
    noise = np.random.default_rng(8).normal(size=(1000, NOISE)).astype("float32")
    return unlikeness(x_train, gan.generator.predict(noise, verbose=0))


if __name__ == "__main__":
    print(f"unlikeness: {main():.3f}")
