"""Handwritten digits with two dense layers: the first network of most courses.

784 points -> 512 hidden units -> 10 digits; RMSprop, batches of 100, ten epochs. It reaches
about 98 % on digits that it has never seen.

    python examples/mnist_mlp.py                        # on the default backend
    KERATA_BACKEND=torch python examples/mnist_mlp.py   # the same on PyTorch
"""

import kerata as keras


def main(epochs: int = 10) -> float:
    """Train and return the test accuracy."""
    keras.utils.set_random_seed(7)
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    x_train = x_train.reshape(-1, 784).astype("float32") / 255
    x_test = x_test.reshape(-1, 784).astype("float32") / 255

    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.summary()
    model.compile(
        optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(x_train, y_train, batch_size=100, epochs=epochs)

    _, accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)
    print(f"test accuracy: {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    main()
