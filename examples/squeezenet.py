"""What is on a photo? A network trained on a million photos knows 1,000 things.

SqueezeNet 1.1 (Iandola et al. 2016) has 1.2 million weights: fifty times fewer than AlexNet, and
as good. Its "fire" blocks squeeze the channels, then expand them with kernels of 1x1 and 3x3.
Here it is built layer by layer and gets its weights from a file. It names 18 of 20 photos right;
what it sees in between serves `style_transfer.py` and `deep_dream.py`.

    KERATA_DATA_DIR=data python examples/squeezenet.py    # data/weights/squeezenet_v1.1_full.h5
                                                          # data/imagenet_photos/*.jpg
"""

import json
import os
import pathlib

import h5py
import numpy as np
from PIL import Image

import kerata as keras
from kerata import layers, ops

DATA = pathlib.Path(os.environ.get("KERATA_DATA_DIR", "data"))
PHOTOS, WEIGHTS = DATA / "imagenet_photos", DATA / "weights"
MEAN_BLUE_GREEN_RED = np.array([104, 117, 123], "float32")


def load_photo(name: str, size: int) -> np.ndarray:
    """Return the middle square of a photo, shape (1, size, size, 3), values from 0 to 255."""
    [path] = PHOTOS.glob(f"*{name}*")
    photo = Image.open(path).convert("RGB")
    side = min(photo.size)
    left, top = (photo.width - side) // 2, (photo.height - side) // 2
    square = photo.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((size, size), Image.Resampling.LANCZOS), "float32")[None]


def convolution(inputs: keras.KerasTensor, name: str, filters: int, size: int, **options):
    """Return a convolution with ReLU of the inputs."""
    layer = layers.Conv2D(filters, size, activation="relu", name=name, **options)
    return layer(inputs)


def fire(inputs: keras.KerasTensor, name: str, squeezed: int, expanded: int) -> keras.KerasTensor:
    """Return a fire block of the inputs, with twice `expanded` channels."""
    squeeze = convolution(inputs, f"{name}_squeeze1x1", squeezed, 1)
    small = convolution(squeeze, f"{name}_expand1x1", expanded, 1)
    large = convolution(squeeze, f"{name}_expand3x3", expanded, 3, padding="same")
    return layers.Concatenate(name=name)([small, large])


def squeezenet(size: int = 227) -> keras.Model:
    """Return the trained network for pictures of shape (size, size, 3), values from 0 to 255."""
    pictures = keras.Input((size, size, 3))
    x = ops.flip(pictures, axis=-1) - MEAN_BLUE_GREEN_RED
    x = convolution(x, "conv1", 64, 3, strides=2)
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = fire(x, "fire2", 16, 64)
    x = fire(x, "fire3", 16, 64)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = fire(x, "fire4", 32, 128)
    x = fire(x, "fire5", 32, 128)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = fire(x, "fire6", 48, 192)
    x = fire(x, "fire7", 48, 192)
    x = fire(x, "fire8", 64, 256)
    x = fire(x, "fire9", 64, 256)
    x = convolution(x, "conv10", 1000, 1)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(pictures, layers.Softmax()(x))
    load_weights(model)
    model.trainable = False
    return model


def load_weights(model: keras.Model) -> None:
    """Give each convolution its kernel and bias from the file."""
    with h5py.File(WEIGHTS / "squeezenet_v1.1_full.h5") as file:
        for layer in model.layers:
            if layer.weights:
                group = file[layer.name.replace("_", "/")]
                layer.set_weights([group[name][()] for name in group.attrs["weight_names"]])


def main() -> float:
    """Name all photos and return the share that is named right."""
    model = squeezenet()
    model.summary()
    classes = json.loads((WEIGHTS / "imagenet_class_index.json").read_text())
    names = sorted(path.stem for path in PHOTOS.glob("*.jpg"))
    photos = np.concatenate([load_photo(name, 227) for name in names])
    right = 0
    for name, probabilities in zip(names, model.predict(photos, verbose=0), strict=True):
        best = probabilities.argsort()[::-1][:3]
        right += name.startswith(f"{best[0]:03d}_")
        guesses = [f"{classes[str(i)][1]} {probabilities[i]:.0%}" for i in best]
        print(f"{name:24s} {', '.join(guesses)}")
    print(f"{right} of {len(names)} photos are named right")
    return right / len(names)


if __name__ == "__main__":
    main()
