"""Handwritten digits with a convolutional network.

Two convolutions (32 and 64 kernels of 3x3), pooling, dropout, a dense layer of 128. Four
epochs reach about 99 % on digits that it has never seen.

    python examples/mnist_cnn.py                        # on the default backend
    KERATA_BACKEND=torch python examples/mnist_cnn.py   # the same on PyTorch
"""

import kerata as keras
from kerata import layers


def load() -> tuple:
    """Return the digits with values from 0 to 1 and an axis for the one colour channel."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    x_train = x_train[..., None].astype("float32") / 255
    x_test = x_test[..., None].astype("float32") / 255
    return x_train, y_train, x_test, y_test


def build() -> keras.Model:
    """Return the network, compiled."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(epochs: int = 4, pictures: int = 60_000) -> float:
    """Train on so many pictures and return the test accuracy."""
    keras.utils.set_random_seed(7)
    x_train, y_train, x_test, y_test = load()
    model = build()
    model.summary()
    model.fit(x_train[:pictures], y_train[:pictures], batch_size=128, epochs=epochs)

    _, accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)
    print(f"test accuracy: {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    main()
