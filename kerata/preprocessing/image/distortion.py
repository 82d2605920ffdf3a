"""What random distortions do to pictures.

A distortion turns, shifts, shears, zooms and flips a picture, which together is one affine
transformation, computed for all pictures at once by a compiled program of the engine; then its
channels are shifted and its brightness is changed. Its parameters are Keras':
`theta` and `shear` in degrees, `tx` and `ty` in pixels, to the left and upwards, `zx` and `zy` as
the part of the width and height that is seen, `flip_horizontal`, `flip_vertical`,
`channel_shift_intensity` and `brightness`. Here each is an array with one number per picture.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from kerata.backend.select import use_backend
from kerata.core.device import device
from kerata.core.function import Function
from kerata.core.primitive import convert_to_numpy
from kerata.core.threads import is_forked
from kerata.ops.image import affine_transform

#: names of fill modes, and SciPy's for the same
FILL_MODES = {
    "constant": "grid-constant",
    "nearest": "nearest",
    "reflect": "reflect",
    "wrap": "grid-wrap",
    "mirror": "mirror",
}

#: what leaves a picture as it is
NO_CHANGE: dict[str, Any] = {
    "theta": 0.0, "tx": 0.0, "ty": 0.0, "shear": 0.0, "zx": 1.0, "zy": 1.0,
    "flip_horizontal": False, "flip_vertical": False,
    "channel_shift_intensity": None, "brightness": None,
}  # fmt: skip


class Sampling(NamedTuple):
    """How pixels are read: the order of the splines (0 to 5), what lies outside, and by which
    engine."""

    order: int
    fill_mode: str
    fill_value: float
    data_format: str
    backend: str


def distorted(
    pictures: np.ndarray,
    parameters: Mapping[str, Any],
    sampling: Sampling,
    rows: int = 0,
) -> np.ndarray:
    """Return a batch of distorted pictures.

    Args:
        pictures: floats `(n, height, width, channels)`, or with the channels before the sizes;
            they may be overwritten.
        parameters: the distortions: by name, `(n,)` each. `None` stands for no change.
        sampling: how pixels are read.
        rows: how many pictures the program is compiled for, if these are fewer: the last batch
            of a pass then needs no program of its own.
    """
    first = sampling.data_format == "channels_first"
    height, width = pictures.shape[2:] if first else pictures.shape[1:3]
    known = {**NO_CHANGE, **parameters}
    lines = _lines(known, height, width)
    if lines is not None:
        read = _along_splines if sampling.order > 1 else _along_lines
        pictures = read(pictures, lines, sampling, rows)
    if known["channel_shift_intensity"] is not None:
        _shift_channels(pictures, known["channel_shift_intensity"])
    if known["brightness"] is not None:
        _brighten(pictures, known["brightness"])
    return pictures


def _lines(parameters: Mapping[str, Any], height: int, width: int) -> np.ndarray | None:
    """The affine transformations `(n, 8)` from pixels to where they are read; `None` for all
    pictures as they are.

    From right to left: flip, zoom, shear, shift and turn around the middle of the picture.
    """
    angle, shear = np.deg2rad(parameters["theta"]), np.deg2rad(parameters["shear"])
    zero, one = np.zeros_like(angle), np.ones_like(angle)
    turn = _matrices([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = _matrices([[one, -np.sin(shear)], [zero, np.cos(shear)]])
    across = parameters["zx"] * np.where(parameters["flip_horizontal"], -1, 1)
    down = parameters["zy"] * np.where(parameters["flip_vertical"], -1, 1)
    linear = turn @ slant @ _matrices([[across, zero], [zero, down]])
    shift = np.stack(np.broadcast_arrays(parameters["tx"] + zero, parameters["ty"]), axis=-1)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    first = middle + (turn @ shift[..., None])[..., 0] - linear @ middle
    if np.array_equal(linear, np.broadcast_to(np.eye(2), linear.shape)) and not first.any():
        return None
    columns = [linear[:, 0], first[:, :1], linear[:, 1], first[:, 1:], np.zeros((len(first), 2))]
    return np.concatenate(columns, axis=1).astype("float32")


def _matrices(entries: list[list[Any]]) -> np.ndarray:
    """Matrices `(n, 2, 2)` of four arrays `(n,)`."""
    flat = np.stack(np.broadcast_arrays(*entries[0], *entries[1]), axis=-1)
    return flat.reshape(-1, 2, 2)


def _along_lines(
    pictures: np.ndarray, lines: np.ndarray, sampling: Sampling, rows: int
) -> np.ndarray:
    """Pictures read from the nearest pixels, or between pixels along straight lines."""
    count = len(pictures)
    if count < rows:
        pictures = np.resize(pictures, (rows, *pictures.shape[1:]))
        lines = np.resize(lines, (rows, lines.shape[1]))
    # an accelerator is left to the model
    with use_backend("numpy" if is_forked() else sampling.backend), device("cpu:0"):
        read = convert_to_numpy(_program(sampling)(pictures, lines))[:count]
    return read if read.flags.writeable else read.copy()


@functools.cache
def _program(sampling: Sampling) -> Function:
    order, fill_mode, fill_value, data_format, _ = sampling
    interpolation = ("nearest", "bilinear")[order]

    def distort(pictures: Any, lines: Any) -> Any:
        return affine_transform(pictures, lines, interpolation, fill_mode, fill_value, data_format)

    return Function(distort)


def _along_splines(
    pictures: np.ndarray, lines: np.ndarray, sampling: Sampling, rows: int
) -> np.ndarray:
    """Pictures read between pixels by splines of a higher order."""
    from scipy import ndimage

    first = sampling.data_format == "channels_first"
    precise = pictures.astype("float64" if pictures.dtype == np.float64 else "float32", copy=False)
    channels_first = precise if first else np.moveaxis(precise, -1, 1)
    result = np.empty_like(channels_first)
    for picture, target, line in zip(channels_first, result, lines, strict=True):
        a0, a1, a2, b0, b1, b2, *_ = line.astype("float64")
        for channel, read in zip(picture, target, strict=True):
            ndimage.affine_transform(
                channel, [[b1, b0], [a1, a0]], [b2, a2], output=read, order=sampling.order,
                mode=FILL_MODES[sampling.fill_mode], cval=sampling.fill_value,
            )  # fmt: skip
    result = result.astype(pictures.dtype, copy=False)
    return result if first else np.moveaxis(result, 1, -1)


# -- colours, picture by picture: one stays in the processor's cache from step to step -----------


def _shift_channels(pictures: np.ndarray, intensities: np.ndarray) -> None:
    """Add to each picture a number, within its range, in place."""
    for picture, intensity in zip(pictures, intensities, strict=True):
        low, high = picture.min(), picture.max()
        picture += picture.dtype.type(intensity)
        np.clip(picture, low, high, out=picture)


def _brighten(pictures: np.ndarray, factors: np.ndarray) -> None:
    """Multiply each picture by a factor, in place. Black is 0 and white 255; in a picture that
    goes beyond these, they are its least and its largest value."""
    for picture, factor in zip(pictures, factors, strict=True):
        low, high = picture.min(), picture.max()
        black, white = (low, high) if low < 0 or high > 255 else (low * 0, low * 0 + 255)
        picture *= picture.dtype.type(factor)
        picture += picture.dtype.type(black * (1 - factor))
        np.clip(picture, black, white, out=picture)
