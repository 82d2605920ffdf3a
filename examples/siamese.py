"""Do two pictures show the same digit? Twins with shared weights learn what "near" means.

Both pictures go through one encoder, which turns each into a point; the distance of the two points
says how different the digits are. The contrastive loss (Hadsell, Chopra and LeCun 2006,
"Dimensionality reduction by learning an invariant mapping") pulls points of the same digit
together and pushes others apart until they are at a distance of 1. About 98 of 100 pairs of digits
that the network has never seen are told right.

    python examples/siamese.py    # writes siamese.png
"""

import matplotlib.pyplot as plt
import numpy as np

import kerata as keras
from kerata import layers, ops

MARGIN = 1.0


class Distance(layers.Layer):
    """Returns the distance of two points: two tensors (batch, n) -> (batch, 1)."""

    def call(self, points):
        """Return the square root of the sum of squared differences."""
        left, right = points
        squared = ops.sum(ops.square(left - right), axis=-1, keepdims=True)
        return ops.sqrt(ops.maximum(squared, 1e-7))  # the square root has no slope at 0


def contrastive_loss(same, distance):
    """Return d^2 for the same digit, and the square of what lacks to the margin for others."""
    lacking = ops.maximum(MARGIN - distance, 0)
    return ops.mean(same * ops.square(distance) + (1 - same) * ops.square(lacking), axis=-1)


def accuracy(same, distance):
    """Return how often a pair nearer than half the margin is one of the same digit."""
    return ops.equal(same, ops.cast(distance < MARGIN / 2, same.dtype))


def build() -> keras.Model:
    """Return the network for pairs of pictures, compiled."""
    encoder = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 5, strides=2, activation="relu"),
            layers.Conv2D(64, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(64, activation="relu"),
            layers.Dense(16),
        ],
        name="encoder",
    )
    left, right = keras.Input((28, 28, 1), name="left"), keras.Input((28, 28, 1), name="right")
    distance = Distance()([encoder(left), encoder(right)])  # one encoder, called twice
    model = keras.Model([left, right], distance)
    model.compile("adam", contrastive_loss, metrics=[accuracy])
    return model


def pairs(pictures: np.ndarray, digits: np.ndarray, seed: int) -> tuple[list, np.ndarray]:
    """Return two pairs for each picture, one of the same digit, and 1 where it is the same."""
    random = np.random.default_rng(seed)
    with_digit = [np.flatnonzero(digits == digit) for digit in range(10)]
    others = (digits + random.integers(1, 10, len(digits))) % 10
    right = [random.choice(with_digit[digit]) for digit in np.concatenate([digits, others])]
    left = np.tile(np.arange(len(digits)), 2)
    same = np.repeat([1.0, 0.0], len(digits)).astype("float32")[:, None]
    order = random.permutation(len(left))
    return [pictures[left[order]], pictures[np.array(right)[order]]], same[order]


def load(part: tuple[np.ndarray, np.ndarray], count: int, seed: int) -> tuple[list, np.ndarray]:
    """Return pairs of the first pictures of a part of MNIST, values from 0 to 1."""
    pictures, digits = part[0][:count], part[1][:count].astype("int32")
    return pairs(pictures[..., None].astype("float32") / 255, digits, seed)


def draw(pair: list, same: np.ndarray, distances: np.ndarray, path: str) -> None:
    """Write pairs of pictures, one above the other, with their distances; errors in red."""
    figure, places = plt.subplots(2, len(same), figsize=(1.1 * len(same), 2.7))
    for column, (is_same, distance) in enumerate(zip(same[:, 0], distances[:, 0], strict=True)):
        for row in (0, 1):
            places[row, column].imshow(pair[row][column, ..., 0], cmap="gray_r")
            places[row, column].axis("off")
        right = (distance < MARGIN / 2) == bool(is_same)
        places[0, column].set_title(f"{distance:.2f}", color="black" if right else "red")
    figure.suptitle("Distances of pairs: below 0.5 is taken for the same digit")
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(epochs: int = 5, count: int = 20_000) -> float:
    """Train, draw some pairs, and return the share of test pairs that are told right."""
    keras.utils.set_random_seed(7)
    train, test = keras.datasets.mnist.load_data()
    x_train, y_train = load(train, count, seed=1)
    x_test, y_test = load(test, 10_000, seed=2)

    model = build()
    model.summary()
    model.fit(x_train, y_train, batch_size=128, epochs=epochs)

    _, share = model.evaluate(x_test, y_test, batch_size=500, verbose=0)
    print(f"test pairs told right: {share:.4f}")
    some = [pictures[:12] for pictures in x_test]
    draw(some, y_test[:12], model.predict(some, verbose=0), "siamese.png")
    return share


if __name__ == "__main__":
    main()
