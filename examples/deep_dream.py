"""What does a network dream of? The photo is changed until a layer sees more of what it sees.

DeepDream (Mordvintsev, Olah and Tyka 2015, "Inceptionism: going deeper into neural networks").
The picture climbs: each step follows the gradient that makes a layer of a trained network more
active, so that whatever looks a little like an eye or a feather becomes one. It starts small and
grows in between ("octaves"), which gives patterns of all sizes.

    KERATA_DATA_DIR=data python examples/deep_dream.py    # writes deep_dream.png

Needs what `squeezenet.py`, beside this file, needs.
"""

import numpy as np
from squeezenet import load_photo, squeezenet

import kerata as keras
from kerata import ops

STEP_SIZE = 3.0


def eye(layer: str, size: int) -> keras.Model:
    """Return the part of the network up to a layer, for pictures of a size."""
    network = squeezenet(size)
    return keras.Model(network.input, network.get_layer(layer).output)


def activity(see: keras.Model, picture: keras.KerasTensor) -> keras.KerasTensor:
    """Return how active the last layer is: the mean square of its outputs."""
    return ops.mean(ops.square(see(picture)))


def climb(see: keras.Model, picture: np.ndarray, steps: int, seed: int) -> np.ndarray:
    """Return the picture after some steps towards more activity."""
    random = np.random.default_rng(seed)

    @keras.function
    def gradient(picture):
        with keras.GradientTape() as tape:
            tape.watch(picture)  # tapes watch variables by themselves, but this is a tensor
            active = activity(see, picture)
        return tape.gradient(active, picture)

    for _ in range(steps):
        # A few points aside each time: the strides of the network would leave a grid.
        shift = tuple(random.integers(-8, 9, 2))
        moved = np.roll(picture, shift, axis=(1, 2))
        uphill = ops.convert_to_numpy(gradient(ops.convert_to_tensor(moved)))
        moved = moved + STEP_SIZE * uphill / np.abs(uphill).mean()
        back = (-shift[0], -shift[1])
        picture = np.roll(moved, back, axis=(1, 2)).clip(0, 255)
    return picture


def main(
    photo: str = "castle", layer: str = "fire6", size: int = 224, octaves: int = 3, steps: int = 20
) -> float:
    """Dream, write `deep_dream.png`, and return how many times more active the layer became."""
    grow = keras.layers.UpSampling2D(2, interpolation="bilinear")
    details = 0.0
    for octave in reversed(range(octaves)):
        small = size // 2**octave
        see, plain = eye(layer, small), load_photo(photo, small)
        dream = climb(see, plain + details, steps, seed=octave)
        details = ops.convert_to_numpy(grow(dream - plain))  # what was dreamt goes on, larger
        ratio = float(activity(see, dream)) / float(activity(see, plain))
        print(f"{small:3d} x {small:3d}: layer {layer} is {ratio:.1f} times as active")

    keras.visualization.plot_image_gallery(
        np.concatenate([plain, dream]), cols=2, scale=4, dpi=110, path="deep_dream.png"
    )
    return ratio


if __name__ == "__main__":
    main()
