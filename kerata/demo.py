"""The demo: a convolutional network learns handwritten digits, and what it learnt is drawn."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import kerata

_GALLERY = 25
#: size of the data -> passes over them, pictures per step
_SCHEDULES = {"large": (2, 128), "small": (15, 32)}


class Digits(NamedTuple):
    """Pictures in [0, 1] with a last axis of 1, and their labels."""

    source: str
    size: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def run(
    backend: str | None = None,
    output: str | os.PathLike[str] = "demo",
    epochs: int | None = None,
) -> float:
    """Train, evaluate, draw, save, load again.

    Args:
        backend: ``"jax"`` or ``"torch"``; the default backend if None.
        output: the folder to write into: ``curves.png``, ``confusion.png``, ``wrong.png``,
            ``digits.keras``.
        epochs: passes over the training data; by default what suits the data.

    Returns:
        The accuracy on the test pictures.

    Raises:
        RuntimeError: when the saved and loaded model predicts anything else.
    """
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    with kerata.use_backend(backend) if backend else contextlib.nullcontext():
        kerata.utils.set_random_seed(7)
        digits = load_digits()
        model = make_model(digits.x_train.shape[1:])
        print(f"{len(digits.x_train):,} {digits.source}, computed by {kerata.config.backend()}\n")
        model.summary()
        history = _train(model, digits, epochs)
        accuracy = _evaluate(model, digits)
        predictions = model.predict(digits.x_test, batch_size=512, verbose=0)
        draw(history, digits, predictions, folder)
        _check_file(model, digits, predictions, folder / "digits.keras")
    return accuracy


def load_digits() -> Digits:
    """Return MNIST if it is here or can be fetched, else the small digits of scikit-learn."""
    try:
        train, test = kerata.datasets.mnist.load_data()
        source, size = "handwritten digits of 28 by 28 points (MNIST)", "large"
    except OSError:
        train, test = kerata.datasets.digits.load_data()
        source, size = "handwritten digits of 8 by 8 points (MNIST is not here)", "small"
    return Digits(source, size, _scaled(train[0]), train[1], _scaled(test[0]), test[1])


def _scaled(pictures: np.ndarray) -> np.ndarray:
    return (pictures[..., None] / 255).astype("float32")


def make_model(input_shape: tuple[int, ...]) -> Any:
    """Return a small convolutional network for ten classes, compiled."""
    layers = kerata.layers
    model = kerata.Sequential(
        [
            layers.Input(input_shape),
            layers.Conv2D(24, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(48, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax"),
        ],
        name="digits",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _train(model: Any, digits: Digits, epochs: int | None) -> Any:
    usual, batch_size = _SCHEDULES[digits.size]
    epochs = epochs or usual
    start = time.perf_counter()
    history = model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=batch_size,
        epochs=epochs,
        validation_split=0.1,
    )
    print(f"\nTrained for {epochs} epochs in {time.perf_counter() - start:.1f} s.")
    return history


def _evaluate(model: Any, digits: Digits) -> float:
    _, accuracy = model.evaluate(digits.x_test, digits.y_test, batch_size=512, verbose=0)
    print(f"Test accuracy: {accuracy:.2%} of {len(digits.x_test):,} digits it has never seen.")
    return accuracy


def draw(history: Any, digits: Digits, predictions: np.ndarray, folder: Path) -> None:
    """Write the training curves, the confusion matrix and the surest wrong guesses as PNG.

    Args:
        history: what ``fit`` returned.
        digits: the data.
        predictions: probabilities ``(n, 10)`` for the test pictures.
        folder: where the files go.
    """
    draw = kerata.visualization
    guesses = predictions.argmax(axis=1)
    draw.plot_training_curves(history, folder / "curves.png")
    draw.plot_confusion_matrix(digits.y_test, guesses, path=folder / "confusion.png")
    wrong = np.flatnonzero(guesses != digits.y_test)
    surest = wrong[np.argsort(-predictions[wrong].max(axis=1))][:_GALLERY]
    written = ["curves.png", "confusion.png"]
    if len(surest):
        draw.plot_image_gallery(
            digits.x_test[surest],
            digits.y_test[surest],
            guesses[surest],
            label_map={i: str(i) for i in range(10)},
            value_range=(0, 1),
            path=folder / "wrong.png",
            transparent=False,
            dpi=100,
        )
        written.append("wrong.png")
    print(f"Drawn into {folder}: {', '.join(written)} ({len(wrong)} wrong guesses).")


def _check_file(model: Any, digits: Digits, predictions: np.ndarray, path: Path) -> None:
    """Save the model, load it, and compare what both predict."""
    model.save(path)
    again = kerata.saving.load_model(path).predict(digits.x_test, batch_size=512, verbose=0)
    if not np.array_equal(again, predictions):
        raise RuntimeError(f"The model loaded from {path} predicts other numbers.")
    print(f"Saved to {path} and loaded again: the predictions are the same.")
