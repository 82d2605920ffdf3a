"""Rows of images; the oracles are formulas over dense weights, SciPy, and Keras."""

import keras
import numpy as np
import scipy.ndimage

from tests.conformance.cases import Case, integers, normal, uniform

X = normal(2, 5, 6, 3)
# no position lies where the interpolation has a kink, which finite differences would see
AWAY = (np.floor(uniform(-4, 9, 2, 4, 3)) + uniform(0.1, 0.4, 2, 4, 3)).astype("float32")
ROWS, COLUMNS = AWAY, AWAY[:, ::-1].copy()
# how SciPy calls the ways to fill
MODES = {
    "constant": "grid-constant", "nearest": "nearest", "wrap": "grid-wrap",
    "mirror": "mirror", "reflect": "reflect",
}  # fmt: skip


def read(inputs, coordinates, order, fill_mode, fill_value):
    """Sample each channel of each image by SciPy."""
    count = max(len(inputs), len(coordinates[0]))
    inputs = np.broadcast_to(inputs, (count, *inputs.shape[1:]))
    points = np.broadcast_to(np.stack(coordinates, 1), (count, *np.stack(coordinates, 1).shape[1:]))
    settings = {"order": order, "mode": MODES[fill_mode], "cval": fill_value}
    return np.stack(
        [
            np.stack(
                [
                    scipy.ndimage.map_coordinates(image[..., channel], at, **settings)
                    for channel in range(image.shape[-1])
                ],
                -1,
            )
            for image, at in zip(inputs, points, strict=True)
        ]
    )


def resized(images, size, interpolation, antialias):
    images = images.astype("float32") if images.dtype.kind == "f" else images
    return np.asarray(keras.ops.image.resize(images, size, interpolation, antialias=antialias))


CASES = [
    *(
        Case("resized", (X, size, interpolation, antialias), oracle=resized, atol=1e-5)
        for interpolation, antialias, size in (
            ("nearest", False, (7, 4)),
            ("bilinear", False, (8, 4)),
            ("bilinear", True, (2, 9)),
            ("bicubic", False, (3, 11)),
            ("bicubic", True, (2, 4)),
            ("lanczos3", True, (3, 7)),
            ("lanczos5", False, (8, 4)),
        )
    ),
    Case("resized", (integers(9, 2, 5, 6, 3), (3, 8), "nearest", False), oracle=resized),
    *(
        Case("sampled", (X, [ROWS, COLUMNS], order, mode, 0.5), oracle=read)
        for order in (0, 1)
        for mode in MODES
    ),
    # one image for all positions, one set of positions for all images; volumes; one pixel
    Case("sampled", (X[:1], [ROWS, COLUMNS], 1, "reflect", 0.0), oracle=read, batch=False),
    Case("sampled", (X, [ROWS[:1], COLUMNS[:1]], 1, "constant", 0.0), oracle=read, batch=False),
    Case("sampled", (normal(2, 3, 4, 5, 2), [ROWS, COLUMNS, ROWS], 1, "wrap", 0.0), oracle=read),
    Case("sampled", (normal(2, 3, 4, 5, 2), [ROWS, COLUMNS, ROWS], 0, "mirror", 0.0), oracle=read),
    Case("sampled", (normal(2, 7, 1), [ROWS], 1, "reflect", 0.0), oracle=read),
    *(
        Case("sampled", (normal(2, 1, 1, 2), [ROWS, COLUMNS], 1, mode, 0.0), oracle=read)
        for mode in MODES
    ),
    *(
        Case("sampled", (integers(99, 2, 5, 6, 3), [ROWS, COLUMNS], 0, mode, 7.0), oracle=read)
        for mode in MODES
    ),
]
