"""Draws the pictures of the guides into a folder: `python docs/generate/pictures.py FOLDER`.

A small network learns the digits of scikit-learn, which are here without a network.
"""

from __future__ import annotations

import pathlib
import sys

import kerata
from kerata import layers, visualization


def main(folder: pathlib.Path) -> None:
    """Train, and draw how it went and what is confused with what."""
    kerata.utils.set_random_seed(7)
    (x_train, y_train), (x_test, y_test) = kerata.datasets.digits.load_data()
    model = kerata.Sequential(
        [
            kerata.Input((8, 8, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x_train[..., None], y_train, epochs=15, validation_split=0.2, verbose=0
    )
    guesses = model.predict(x_test[..., None], verbose=0).argmax(axis=1)
    visualization.plot_training_curves(history, path=folder / "curves.png")
    visualization.plot_confusion_matrix(y_test, guesses, path=folder / "confusion.png")
    visualization.plot_image_gallery(
        x_test[:14, ..., None],
        y_test[:14],
        guesses[:14],
        label_map={digit: str(digit) for digit in range(10)},
        cols=7,
        scale=1.4,
        path=folder / "guesses.png",
        transparent=False,
        dpi=100,
    )


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
