"""Paint a photo in the manner of another: the gradient goes to the picture, not to the weights.

Neural style transfer (Gatys, Ecker and Bethge 2015, "A neural algorithm of artistic style"). Two
photos are shown to a trained network. Of the first we keep what a middle layer sees and where: the
content. Of the second we keep how often features occur together, wherever that is: the Gram
matrices of several layers, the style. Then the picture itself is trained to have both.

    KERATA_DATA_DIR=data python examples/style_transfer.py    # writes style_transfer.png

Needs what `squeezenet.py`, beside this file, needs.
"""

import numpy as np
from squeezenet import load_photo, squeezenet

import kerata as keras
from kerata import ops

CONTENT_LAYER = "fire3"
STYLE_LAYERS = ["conv1", "fire2", "fire3", "fire4", "fire5", "fire6"]
CONTENT_WEIGHT, SMOOTHNESS_WEIGHT = 1.0, 3e-4


def gram(features: keras.KerasTensor) -> keras.KerasTensor:
    """Return how often channels are active together: (1, h, w, c) -> (c, c)."""
    rows = ops.reshape(features, (-1, features.shape[-1]))
    return ops.matmul(ops.transpose(rows), rows) / rows.shape[0]


def distance(actual: keras.KerasTensor, wanted: keras.KerasTensor) -> keras.KerasTensor:
    """Return the squared distance of two tensors, 1 if `actual` is all zeros."""
    return ops.sum(ops.square(actual - wanted)) / ops.sum(ops.square(wanted))


def roughness(picture: keras.KerasTensor) -> keras.KerasTensor:
    """Return how much neighbouring points differ."""
    down = picture[:, 1:] - picture[:, :-1]
    right = picture[:, :, 1:] - picture[:, :, :-1]
    return ops.mean(ops.square(down)) + ops.mean(ops.square(right))


def main(
    content: str = "castle", style: str = "macaw", size: int = 160, steps: int = 200
) -> float:
    """Paint, write `style_transfer.png`, and return the last style loss over the first."""
    network = squeezenet(size)
    outputs = [network.get_layer(name).output for name in [CONTENT_LAYER, *STYLE_LAYERS]]
    see = keras.Model(network.input, outputs)
    content_photo, style_photo = load_photo(content, size), load_photo(style, size)
    wanted_content = see(content_photo)[0]
    wanted_grams = [gram(features) for features in see(style_photo)[1:]]

    picture = keras.Variable(content_photo)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(8.0, steps))

    @keras.function
    def step():
        with keras.GradientTape() as tape:
            seen_content, *seen_styles = see(picture.value)
            content_loss = distance(seen_content, wanted_content)
            pairs = zip(seen_styles, wanted_grams, strict=True)
            style_loss = sum(distance(gram(seen), wanted) for seen, wanted in pairs)
            loss = style_loss + CONTENT_WEIGHT * content_loss
            loss += SMOOTHNESS_WEIGHT * roughness(picture.value)
        optimizer.apply([tape.gradient(loss, picture)], [picture])
        picture.assign(ops.clip(picture, 0, 255))
        return ops.stack([style_loss, content_loss])

    losses = []
    for number in range(steps):
        style_loss, content_loss = ops.convert_to_numpy(step())
        losses.append(float(style_loss))
        if number % 25 == 0 or number == steps - 1:
            print(f"step {number:3d}: style {style_loss:.4f}, content {content_loss:.4f}")
    pictures = np.concatenate([content_photo, style_photo, picture.numpy()])
    keras.visualization.plot_image_gallery(
        pictures, cols=3, scale=3, dpi=110, path="style_transfer.png"
    )
    return losses[-1] / losses[0]


if __name__ == "__main__":
    main()
