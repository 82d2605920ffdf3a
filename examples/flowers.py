"""Flowers: photos in a folder to a network that tells daisies from tulips.

A folder has one folder of photos for each of five kinds. They are decoded by several threads,
resized, shuffled and held back for validation by one call, which also leaves out the file that is
no picture, and says so. The augmentation layers are a part of the network: they turn, flip and
zoom in training only, on the device that trains. 60 epochs on 240 photos reach 50 to 60 %, where
guessing reaches 20 %.

    pip install 'kerata[data,plot]'
    KERATA_DATA_DIR=data python examples/flowers.py    # data/flowers/daisy/..., draws flowers.png
"""

import pathlib
import shutil
import tempfile

import numpy as np

import kerata as keras
from kerata import layers


def build(kinds: int, size: int) -> keras.Model:
    """Return the network, compiled."""
    model = keras.Sequential([keras.Input((size, size, 3)), layers.Rescaling(1 / 255)])
    for augmentation in (
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.2),
        layers.RandomContrast(0.2),
    ):
        model.add(augmentation)
    for filters in (32, 64, 128):
        model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.8))
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(kinds, activation="softmax"))
    model.compile(
        keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def draw(model: keras.Model, held_back: keras.data.Dataset, path: str) -> None:
    """Draw flowers that the network took for others."""
    pictures = np.concatenate([x for x, _ in held_back])
    labels = np.concatenate([y for _, y in held_back])
    guesses = model.predict(pictures, verbose=0).argmax(-1)
    wrong = np.flatnonzero(guesses != labels)[:12]
    keras.visualization.plot_image_gallery(
        pictures[wrong],
        y_true=labels[wrong],
        y_pred=guesses[wrong],
        label_map=dict(enumerate(held_back.class_names)),
        cols=4,
        path=path,
    )


def main(epochs: int = 60, size: int = 96) -> float:
    """Train, draw wrong guesses, and return the accuracy on photos that were held back."""
    keras.utils.set_random_seed(7)
    with tempfile.TemporaryDirectory() as copy:
        folder = pathlib.Path(copy) / "flowers"
        shutil.copytree(keras.datasets.flowers.folder(), folder)
        (folder / "roses" / "broken.jpg").write_bytes(b"half of a download")
        train, held_back = keras.utils.image_dataset_from_directory(
            folder, image_size=(size, size), validation_split=0.2, subset="both", seed=1,
            on_error="skip",
        )  # fmt: skip
        train, held_back = train.cache(), held_back.cache()
        model = build(len(held_back.class_names), size)
        model.fit(train, validation_data=held_back, epochs=epochs, verbose=2)
        print("left out:", *train.skipped_files, *held_back.skipped_files)
        draw(model, held_back, "flowers.png")
    _, accuracy = model.evaluate(held_back, verbose=0)
    print(f"accuracy on photos that were held back: {accuracy:.3f}")
    return accuracy


if __name__ == "__main__":
    main()
