"""Handwritten digits under the hood: matrices, sigmoids and gradients, without a single layer.

784 points -> 128 -> 256 -> 10 digits. The network, its loss and its accuracy are a few lines
of mathematics; a tape finds the gradients and SGD follows them. 3,000 steps of 250 digits
reach more than 92 % on digits that it has never seen.

    python examples/under_the_hood.py                             # on the default backend
    KERATA_BACKEND=torch python examples/under_the_hood.py        # the same on PyTorch
    KERATA_BACKEND=tensorflow python examples/under_the_hood.py   # and on TensorFlow
"""

import numpy as np

import kerata as keras
from kerata import ops

SIZES = (784, 128, 256, 10)
BATCH = 250


class Network:
    """Weights and biases of each floor, and how they turn points into probabilities."""

    def __init__(self):
        draw = keras.initializers.GlorotUniform()
        floors = list(zip(SIZES[:-1], SIZES[1:], strict=True))
        self.weights = [keras.Variable(draw, shape=floor, name="weights") for floor in floors]
        self.biases = [keras.Variable(np.zeros(n, "float32"), name="bias") for _, n in floors]

    @property
    def variables(self):
        """What training changes."""
        return [*self.weights, *self.biases]

    def __call__(self, x):
        """Return the probabilities of the ten digits, shape (batch, 10)."""
        *hidden, last = zip(self.weights, self.biases, strict=True)
        for weights, bias in hidden:
            x = ops.sigmoid(ops.matmul(x, weights) + bias)
        weights, bias = last
        return ops.softmax(ops.matmul(x, weights) + bias)


def cross_entropy(digits, probabilities):
    """Return minus the mean logarithm of the probability given to the right digit."""
    right = ops.sum(ops.one_hot(digits, 10) * probabilities, axis=-1)
    return -ops.mean(ops.log(ops.clip(right, 1e-9, 1.0)))


def accuracy(digits, probabilities):
    """Return which part of the digits was recognized."""
    guesses = ops.argmax(probabilities, axis=-1)
    return ops.mean(ops.cast(ops.equal(guesses, ops.cast(digits, guesses.dtype)), "float32"))


def batches(x, y, steps):
    """Yield a batch for each step, from the shuffled digits, again and again."""
    random = np.random.default_rng(7)
    per_epoch = len(x) // BATCH
    for step in range(steps):
        if step % per_epoch == 0:
            order = random.permutation(len(x))
        rows = order[step % per_epoch * BATCH :][:BATCH]
        yield x[rows], y[rows]


def load():
    """Return the digits as rows of 784 values from 0 to 1."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    x_train, x_test = (x.reshape(-1, 784).astype("float32") / 255 for x in (x_train, x_test))
    return x_train, y_train.astype("int32"), x_test, y_test.astype("int32")


def main(steps: int = 3000) -> float:
    """Train and return the test accuracy."""
    keras.utils.set_random_seed(7)
    x_train, y_train, x_test, y_test = load()
    network = Network()
    optimizer = keras.optimizers.SGD(learning_rate=0.5)

    @keras.function
    def train_step(x, y):
        with keras.GradientTape() as tape:
            probabilities = network(x)
            loss = cross_entropy(y, probabilities)
        gradients = tape.gradient(loss, network.variables)
        optimizer.apply_gradients(zip(gradients, network.variables, strict=True))
        return loss, accuracy(y, probabilities)

    for step, (x, y) in enumerate(batches(x_train, y_train, steps), start=1):
        loss, right = train_step(x, y)
        if step % 500 == 0:
            print(f"step {step}: loss {float(loss):.4f}, accuracy {float(right):.3f}")

    result = float(accuracy(y_test, network(x_test)))
    print(f"test accuracy: {result:.4f}")
    return result


if __name__ == "__main__":
    main()
