"""Clothes that nobody has sewn: a variational autoencoder draws them from two numbers.

The encoder says where a picture lies on a plane, and how sure it is; the decoder draws the
picture of a point on that plane. Trained together, they make a map of fashion, from which new
pieces are drawn. Three pictures are written:

    fashion_vae_losses.png   how the losses fell
    fashion_vae.png          256 new pieces, from all over the map
    fashion_vae_map.png      where the test pictures lie on the map, coloured by class

    python examples/fashion_vae.py

Kingma and Welling: Auto-Encoding Variational Bayes (2013), arXiv:1312.6114.
"""

import statistics

import numpy as np

import kerata as keras
from kerata import layers, ops


class Sampling(layers.Layer):
    """Draws a point around a mean: mean + standard deviation * noise, so that gradients flow."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, inputs):
        """Return a point for each (mean, logarithm of the variance), shape (batch, 2)."""
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise


def make_encoder() -> keras.Model:
    """Return the model picture -> (mean, log variance, a point drawn from them)."""
    picture = keras.Input((28, 28, 1))
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(picture)
    x = layers.Conv2D(64, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    mean = layers.Dense(2, name="mean")(x)
    log_variance = layers.Dense(2, name="log_variance")(x)
    return keras.Model(picture, [mean, log_variance, Sampling()([mean, log_variance])])


def make_decoder() -> keras.Model:
    """Return the model point -> picture."""
    point = keras.Input((2,))
    x = layers.Dense(64, activation="relu")(point)
    x = layers.Reshape((7, 7, 64))(layers.Dense(7 * 7 * 64, activation="relu")(x))
    x = layers.Conv2DTranspose(64, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu")(x)
    picture = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x)
    return keras.Model(point, picture)


class VAE(keras.Model):
    """An encoder and a decoder, trained to redraw pictures and to fill the map evenly."""

    def __init__(self, encoder, decoder, kl_weight=1.0, **kwargs):
        super().__init__(**kwargs)
        self.encoder, self.decoder, self.kl_weight = encoder, decoder, kl_weight
        names = ("loss", "reconstruction_loss", "kl_loss")
        self.trackers = [keras.metrics.Mean(name=name) for name in names]

    @property
    def metrics(self):
        """What `fit` shows, and starts anew in each epoch."""
        return self.trackers

    def train_step(self, pictures):
        """Go one step down the slope of the loss of a batch."""
        with keras.GradientTape() as tape:
            losses = self.losses_of(pictures)
        variables = self.trainable_variables
        gradients = tape.gradient(losses[0], variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return self.track(losses)

    def test_step(self, pictures):
        """Report the losses of a batch."""
        return self.track(self.losses_of(pictures))

    def losses_of(self, pictures):
        """Return the total loss, and the two that it is made of."""
        mean, log_variance, point = self.encoder(pictures)
        redrawn = self.decoder(point)
        misses = keras.losses.binary_crossentropy(pictures, redrawn)
        reconstruction = ops.mean(ops.sum(misses, axis=(1, 2)))
        kl = -0.5 * (1 + log_variance - ops.square(mean) - ops.exp(log_variance))
        kl = ops.mean(ops.sum(kl, axis=1))
        return reconstruction + self.kl_weight * kl, reconstruction, kl

    def track(self, losses):
        """Add losses to their averages and return these by name."""
        for tracker, loss in zip(self.trackers, losses, strict=True):
            tracker.update_state(loss)
        return {tracker.name: tracker.result() for tracker in self.trackers}


def draw_map(points: np.ndarray, labels: np.ndarray, path: str) -> None:
    """Write a picture of where the classes lie."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 6.5), layout="constrained")
    for label, name in enumerate(keras.datasets.fashion_mnist.CLASSES):
        x, y = points[labels == label].T
        axes.scatter(x, y, s=5, alpha=0.6, linewidths=0, color=f"C{label}", label=name)
    axes.set(aspect="equal", xlabel="first number", ylabel="second number")
    legend = axes.legend(markerscale=4, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    for handle in legend.legend_handles:
        handle.set_alpha(1)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


def main(epochs: int = 10, pictures: int = 60_000, kl_weight: float = 1.0) -> float:
    """Train, draw, and return the loss of the test pictures."""
    keras.utils.set_random_seed(7)
    (x_train, _), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    x_train, x_test = (x[:pictures, ..., None].astype("float32") / 255 for x in (x_train, x_test))

    vae = VAE(make_encoder(), make_decoder(), kl_weight)
    vae.compile(keras.optimizers.Adam(0.001))
    history = vae.fit(x_train, epochs=epochs, batch_size=128)
    keras.visualization.plot_training_curves(history, "fashion_vae_losses.png")

    # As many points on each side of the map as the normal distribution has there.
    steps = [statistics.NormalDist().inv_cdf((i + 0.5) / 16) for i in range(16)]
    points = np.array([(x, y) for y in reversed(steps) for x in steps], "float32")
    clothes = vae.decoder.predict(points, verbose=0)
    keras.visualization.plot_mosaic(clothes, value_range=(0, 1), path="fashion_vae.png")
    mean, _, _ = vae.encoder.predict(x_test, verbose=0)
    draw_map(mean, y_test[: len(mean)], "fashion_vae_map.png")
    return vae.evaluate(x_test, verbose=0, return_dict=True)["loss"]


if __name__ == "__main__":
    main()
