"""Batches of distorted pictures from files: those of a folder, or those that a table lists."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerata.core import config
from kerata.core.errors import KerataWarning
from kerata.core.threads import side_by_side
from kerata.data.folder import files_below, subfolders
from kerata.data.image_files import COLOR_MODES, img_to_array, load_img, sizes_of
from kerata.layers.preprocessing.raw_columns import columns_of
from kerata.preprocessing.image.iterator import Iterator, Saving, one_of, part_of

if TYPE_CHECKING:
    from kerata.preprocessing.image.generator import ImageDataGenerator

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")

_CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}


class _FileIterator(Iterator):
    """Batches of pictures that are read from files by several threads.

    A subclass sets `class_mode`, `filepaths`, `labels` and `sample_weight`.
    """

    class_mode: str | None
    class_indices: dict[str, int]
    filepaths: list[str]
    labels: Any
    sample_weight: np.ndarray | None = None

    def _read_by(
        self,
        image_data_generator: ImageDataGenerator,
        target_size: Any,
        color_mode: str,
        data_format: str | None,
        interpolation: str,
        keep_aspect_ratio: bool,
        dtype: Any,
    ) -> None:
        """Note how pictures are read."""
        self.image_data_generator = image_data_generator
        self.target_size = sizes_of("target_size", target_size)
        self.color_mode = one_of("color_mode", color_mode, COLOR_MODES)
        self.data_format = data_format or config.image_data_format()
        self.interpolation = interpolation
        self.keep_aspect_ratio = keep_aspect_ratio
        self.dtype = dtype or config.floatx()
        channels = (_CHANNELS[color_mode],)
        first = self.data_format == "channels_first"
        self.image_shape = channels + self.target_size if first else self.target_size + channels

    @property
    def samples(self) -> int:
        """The number of pictures."""
        return len(self.filepaths)

    def batch(self, indices: np.ndarray, generator: np.random.Generator) -> Any:
        """Return `pictures`, `(pictures, y)` or `(pictures, y, sample_weight)`."""
        pictures = np.empty((len(indices), *self.image_shape), self.dtype)

        def read(place: int) -> None:
            pictures[place] = self._read(self.filepaths[indices[place]])

        side_by_side(read, range(len(indices)))
        pictures = self.image_data_generator.prepared(pictures, generator, self.batch_size)
        self._saving.write(pictures, indices, generator)
        if self.class_mode is None:
            return pictures
        y = self._targets(pictures, indices)
        if self.sample_weight is None:
            return pictures, y
        return pictures, y, self.sample_weight[indices]

    def _read(self, path: str) -> np.ndarray:
        picture = load_img(
            path, self.color_mode, self.target_size, self.interpolation, self.keep_aspect_ratio
        )
        return img_to_array(picture, self.data_format, self.dtype)

    def _targets(self, pictures: np.ndarray, indices: np.ndarray) -> Any:
        if self.class_mode == "input":
            return pictures.copy()
        if self.class_mode == "multi_output":
            return [output[indices] for output in self.labels]
        if self.class_mode == "raw":
            return self.labels[indices]
        if self.class_mode in ("binary", "sparse"):
            return np.array([self.labels[index] for index in indices], self.dtype)
        targets = np.zeros((len(indices), len(self.class_indices)), self.dtype)
        for row, index in zip(targets, indices, strict=True):
            row[self.labels[index]] = 1  # of one class, or of several
        return targets


class DirectoryIterator(_FileIterator):
    """Batches of distorted pictures from a folder, made by
    `ImageDataGenerator.flow_from_directory`.

    The folder has one subfolder per class; files may lie deeper. Pictures end in .png, .jpg,
    .jpeg, .bmp, .ppm, .tif or .tiff.

    Args:
        directory: the folder.
        image_data_generator: what distorts and standardizes.
        target_size: `(height, width)` in pixels to which the pictures are resized.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: the subfolders, in the order of their numbers; all by default, sorted.
        class_mode: what goes with the pictures: "categorical" (one-hot), "binary" or "sparse"
            (numbers, as floats), "input" (the pictures themselves), or `None`: nothing.
        batch_size: pictures per batch.
        shuffle: whether each pass has an order of its own.
        seed: decides the orders and the distortions.
        data_format: "channels_last" or "channels_first".
        save_to_dir: a folder to which the distorted pictures are written, to look at them.
        save_prefix: how their files' names begin.
        save_format: "png", "jpeg", ...
        follow_links: whether to look into folders that are symbolic links.
        subset: "training" or "validation", of what the generator's `validation_split` splits;
            each class is split on its own.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        keep_aspect_ratio: whether to cut off what is too much, instead of distorting.
        dtype: of the batches.

    `class_indices`, `classes`, `filenames`, `filepaths` and `samples` say what was found.

    Raises:
        ValueError: for an unknown option, a folder without pictures or, while it is read, for a
            file that is no picture: the text names it.
        FileNotFoundError: when there is no such folder.

    For an example see `ImageDataGenerator.flow_from_directory`.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        image_data_generator: ImageDataGenerator,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
    ):
        self._read_by(
            image_data_generator, target_size, color_mode, data_format, interpolation,
            keep_aspect_ratio, dtype,
        )  # fmt: skip
        self._saving = Saving(save_to_dir, save_prefix, save_format, self.data_format)
        self.class_mode = one_of(
            "class_mode", class_mode, ("categorical", "binary", "sparse", "input", None)
        )
        self.directory = directory
        names = list(classes) if classes else subfolders(directory)
        self.num_classes = len(names)
        self.class_indices = {name: number for number, name in enumerate(names)}
        self.filepaths, numbers = [], []
        for number, name in enumerate(names):
            found = list(files_below(os.path.join(directory, name), SUFFIXES, follow_links))
            found = found[part_of(len(found), subset, image_data_generator)]
            self.filepaths += found
            numbers += [number] * len(found)
        if not self.filepaths:
            raise ValueError(
                f"There are no pictures in {os.fspath(directory)}; expected files ending in "
                f"{', '.join(SUFFIXES)}, in one subfolder per class."
            )
        self.filenames = [os.path.relpath(path, directory) for path in self.filepaths]
        self.classes = self.labels = np.array(numbers, "int32")
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        super().__init__(self.samples, batch_size, shuffle, seed)


class DataFrameIterator(_FileIterator):
    """Batches of distorted pictures that a table lists, made by
    `ImageDataGenerator.flow_from_dataframe`.

    Args:
        dataframe: a data frame of pandas or polars, a dict of columns, or the path of a CSV file.
        directory: the folder to which the files' names are relative; none for whole paths.
        image_data_generator: what distorts and standardizes.
        x_col: the column of the files' names.
        y_col: the column of the targets, or a list of columns.
        weight_col: the column of the sample weights, or `None`.
        target_size: `(height, width)` in pixels to which the pictures are resized.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: the classes, in the order of their numbers, others being left out; all by
            default, sorted.
        class_mode: what goes with the pictures: "categorical" (one-hot; of several ones for
            entries that are lists), "binary" or "sparse" (numbers, as floats), "raw" (the column
            as it is), "multi_output" (a list of columns), "input" (the pictures themselves), or
            `None`: nothing.
        batch_size: pictures per batch.
        shuffle: whether each pass has an order of its own.
        seed: decides the orders and the distortions.
        data_format: "channels_last" or "channels_first".
        save_to_dir: a folder to which the distorted pictures are written, to look at them.
        save_prefix: how their files' names begin.
        save_format: "png", "jpeg", ...
        subset: "training" or "validation", of what the generator's `validation_split` splits.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        keep_aspect_ratio: whether to cut off what is too much, instead of distorting.
        dtype: of the batches.
        validate_filenames: whether to look for the files now: those that are missing, or are no
            pictures by their names, are left out with a warning.

    Raises:
        ValueError: for unknown options, columns or classes, or if no picture is left.
        TypeError: for a column of the wrong kind.

    For an example see `ImageDataGenerator.flow_from_dataframe`.
    """

    def __init__(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = "channels_last",
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = "float32",
        validate_filenames: bool = True,
    ):
        self._read_by(
            image_data_generator, target_size, color_mode, data_format, interpolation,
            keep_aspect_ratio, dtype,
        )  # fmt: skip
        self._saving = Saving(save_to_dir, save_prefix, save_format, self.data_format)
        self.class_mode = one_of(
            "class_mode",
            class_mode,
            ("categorical", "binary", "sparse", "raw", "multi_output", "input", None),
        )
        self.directory = directory or ""
        table = columns_of(dataframe)
        names = _column(table, x_col, "x_col").tolist()
        _check_kinds(names, x_col, (str,), "names of files")
        paths = [os.path.join(self.directory, name) for name in names]
        keep = np.ones(len(paths), bool)
        if validate_filenames:
            keep &= _that_are_there(paths, x_col)
        labelled = class_mode in ("categorical", "binary", "sparse")
        labels: list[Any] = []
        if labelled:
            labels = self._numbers(table, y_col, keep, classes)
            keep &= [label is not None for label in labels]
        elif classes:
            warnings.warn(
                f"`classes` has no effect with class_mode={class_mode!r}.",
                KerataWarning,
                stacklevel=3,
            )
        rows = np.flatnonzero(keep)
        rows = rows[part_of(len(rows), subset, image_data_generator)]
        if not len(rows):
            raise ValueError(
                f"None of the {len(names)} pictures is left: column {x_col!r} should hold names of "
                f"files in {os.fspath(self.directory) or 'the working directory'}, such as "
                f"{names[:1]}."
            )
        self.filenames = [names[row] for row in rows]
        self.filepaths = [paths[row] for row in rows]
        if labelled:
            self.classes = self.labels = [labels[row] for row in rows]
        elif class_mode == "multi_output":
            if not isinstance(y_col, (list, tuple)):
                raise TypeError(f"class_mode='multi_output' needs a list as y_col, got {y_col!r}.")
            self.labels = [_values(table, name, "y_col")[rows] for name in y_col]
        elif class_mode == "raw":
            self.labels = _raw(table, y_col)[rows]
        if weight_col is not None:
            self.sample_weight = _weights(table, weight_col)[rows]
        what = f" belonging to {len(self.class_indices)} classes" if labelled else ""
        print(f"Found {self.samples} images{what}.")
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _numbers(
        self, table: Any, y_col: Any, keep: np.ndarray, classes: Sequence[str] | None
    ) -> list[Any]:
        """Number the classes of the rows that are kept; return the number of each row's class."""
        labels = _column(table, y_col, "y_col").tolist()
        kinds = (str, list, tuple) if self.class_mode == "categorical" else (str,)
        _check_kinds(labels, y_col, kinds, "names of classes; for numbers use class_mode='raw'")
        kept = [label for label, stays in zip(labels, keep, strict=True) if stays]
        self.class_indices = _numbered(kept, classes)
        if self.class_mode == "binary" and len(self.class_indices) != 2:
            raise ValueError(
                f"class_mode='binary' is for two classes, but {y_col!r} has "
                f"{len(self.class_indices)}: {list(self.class_indices)[:10]}."
            )
        return [_number_of(label, self.class_indices) for label in labels]


def _column(table: Any, name: Any, argument: str) -> np.ndarray:
    if name not in table:
        raise ValueError(
            f"{argument}={name!r} is no column of the table; it has {list(table)[:20]}."
        )
    column = table[name]
    if isinstance(column, np.ndarray):
        return column
    array = np.empty(len(column), object)  # lists of classes stay lists
    array[:] = column
    return array


def _check_kinds(values: list[Any], column: str, kinds: tuple, what: str) -> None:
    for value in values:
        if not isinstance(value, kinds):
            raise TypeError(
                f"Column {column!r} has {value!r} of type {type(value).__name__}; it should hold "
                f"{what}."
            )


def _that_are_there(paths: list[str], column: str) -> np.ndarray:
    there = [path.lower().endswith(SUFFIXES) and os.path.isfile(path) for path in paths]
    lost = [path for path, found in zip(paths, there, strict=True) if not found]
    if lost:
        warnings.warn(
            f"Column {column!r} names {len(lost)} files that are missing or no pictures; they are "
            f"left out: {', '.join(lost[:5])}" + ("." if len(lost) <= 5 else ", ..."),
            KerataWarning,
            stacklevel=4,
        )
    return np.array(there, bool)


def _numbered(labels: list[Any], classes: Sequence[str] | None) -> dict[str, int]:
    """The numbers of the classes by name."""
    if not classes:
        each = (label if isinstance(label, (list, tuple)) else [label] for label in labels)
        classes = sorted({name for names in each for name in names})
    return {name: number for number, name in enumerate(dict.fromkeys(classes))}


def _number_of(label: Any, numbers: dict[str, int]) -> Any:
    """The number of a class, or a list of those of several; `None` if none is known."""
    if isinstance(label, (list, tuple)):
        return [numbers[name] for name in label if name in numbers] or None
    return numbers.get(label)


def _values(table: Any, name: Any, argument: str) -> np.ndarray:
    """A column in the dtype of its entries, which may be lists of numbers."""
    return np.array(_column(table, name, argument).tolist())


def _raw(table: Any, columns: Any) -> np.ndarray:
    if isinstance(columns, (list, tuple)):
        return np.stack([_values(table, name, "y_col") for name in columns], axis=1)
    return _values(table, columns, "y_col")


def _weights(table: Any, name: str) -> np.ndarray:
    weights = _values(table, name, "weight_col")
    if weights.dtype.kind not in "fiu":
        raise TypeError(f"weight_col={name!r} should hold numbers, such as 0.5.")
    return weights
