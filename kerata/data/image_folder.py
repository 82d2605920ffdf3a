"""Pictures in folders as a data set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.backend.select import use_backend
from kerata.core import config
from kerata.data.folder import Source, datasets_of
from kerata.data.image_files import (
    COLOR_MODES,
    load_img,
    read_resized,
    sizes_of,
    smart_resize,
)
from kerata.ops.image import resize

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: str | Sequence[int] | None = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: int | Sequence[int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str | None = None,
    verbose: bool = True,
    on_error: str = "raise",
) -> Any:
    """Return the pictures below a folder as a data set of batches.

    The folder has one subfolder per class; files may lie deeper. Pictures end in .bmp, .gif,
    .jpeg, .jpg or .png; of a moving picture the first one is taken. They are decoded by Pillow
    in several threads, JPEG files about twice as fast if OpenCV is there (`kerata[opencv]`).

    Args:
        directory: the folder.
        labels: "inferred" from the subfolders, `None` for no labels, or one integer per file in
            the order of the sorted paths.
        label_mode: what labels are: "int" (int32, `(batch,)`), "categorical" (one-hot float32,
            `(batch, classes)`), "binary" (float32 0 or 1, `(batch, 1)`), or `None`: none.
        class_names: the subfolders, in the order of their numbers; sorted by default. Others are
            left out.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: pictures per batch; `None` for single pictures.
        image_size: `(height, width)` in pixels.
        shuffle: whether to shuffle all pictures anew in each pass. If not, they are sorted.
        seed: decides the order, and which files are held back for validation.
        validation_split: the share of files held back for validation, between 0 and 1.
        subset: "training" or "validation": the part to return; "both" for both, as a list.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        follow_links: whether to look into folders that are symbolic links.
        crop_to_aspect_ratio: whether to cut off what is too much, instead of distorting.
        pad_to_aspect_ratio: whether to add black margins, instead of distorting.
        data_format: "channels_last" or "channels_first"; by default the configured one.
        format: `None` for a `kerata.data.Dataset`, "tf" for a `tf.data.Dataset`, "grain" for a
            `grain.MapDataset`.
        verbose: whether to print how many files were found.
        on_error: what to do about a file that cannot be read: "raise", or "skip": leave it out,
            warn, and list it in `dataset.skipped_files`.

    Returns:
        A data set of `x`, or `(x, y)`: float32 `(batch, height, width, channels)`, 0 to 255.
        Its `class_names` and `file_paths` say what it holds.

    Raises:
        ValueError: for arguments that are wrong or contradict each other, an empty folder or,
            while it is read, for a file that is no picture: the text names it.
        FileNotFoundError: when there is no such folder.
        ImportError: if Pillow is missing.

    >>> import kerata, os, tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat", "dog"):
    ...         os.mkdir(f"{folder}/{name}")
    ...         kerata.utils.save_img(f"{folder}/{name}/1.png", np.zeros((8, 9, 3)))
    ...     data = kerata.utils.image_dataset_from_directory(folder, image_size=(4, 4))
    ...     x, y = next(iter(data))
    Found 2 files belonging to 2 classes.
    >>> data.class_names, x.shape, sorted(y.tolist())
    (['cat', 'dog'], (2, 4, 4, 3), [0, 1])
    """
    if color_mode not in COLOR_MODES:
        raise ValueError(f"color_mode={color_mode!r}; expected one of {tuple(COLOR_MODES)}.")
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"interpolation={interpolation!r}; expected one of {INTERPOLATIONS}.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(
            "Proportions are kept by `crop_to_aspect_ratio` or by `pad_to_aspect_ratio`, not both."
        )
    sizes = sizes_of("image_size", image_size)
    first = (data_format or config.image_data_format()) == "channels_first"

    kept = crop_to_aspect_ratio or pad_to_aspect_ratio
    simple = interpolation == "bilinear" and color_mode != "grayscale" and not kept

    def read(path: str) -> np.ndarray:
        x = read_resized(path, color_mode, sizes) if simple else read_otherwise(path)
        return x.transpose(2, 0, 1) if first else x

    def read_otherwise(path: str) -> np.ndarray:
        picture = _eight_bits(load_img(path, color_mode))
        x = np.asarray(picture, "float32").reshape(*picture.shape[:2], -1)
        if crop_to_aspect_ratio:
            return smart_resize(x, sizes, interpolation)
        if x.shape[:2] == sizes:
            return x
        with use_backend("numpy"):
            return resize(
                x,
                sizes,
                interpolation,
                pad_to_aspect_ratio=pad_to_aspect_ratio,
                data_format="channels_last",
            )

    source = Source(
        directory, labels, label_mode, class_names, shuffle, seed, validation_split, subset,
        follow_links, verbose, on_error, SUFFIXES, "pictures",
    )  # fmt: skip
    return datasets_of(source, read, batch_size, format)


def _eight_bits(picture: Any) -> np.ndarray:
    """The points of a picture; grey ones of 16 bits are brought to the range of 8."""
    points = np.asarray(picture)
    return points if points.dtype == np.uint8 else points // 256
