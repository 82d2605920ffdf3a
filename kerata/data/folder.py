"""Folders as data sets: which files there are, their labels, and the part for validation.

A folder has one subfolder per class. Files are found in all depths, in the order of their sorted
names; files directly in a folder come before those of its subfolders.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerata.core import config
from kerata.core.errors import KerataWarning
from kerata.core.threads import THREADS
from kerata.data.dataset import Dataset, check_format, deliver

_LABEL_MODES = ("int", "categorical", "binary", None)
_SUBSETS = ("training", "validation", "both")


class Source(NamedTuple):
    """What a user says about a folder; the arguments of `image_dataset_from_directory`."""

    directory: Any
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool
    verbose: bool
    on_error: str
    suffixes: tuple[str, ...]  # of the files, lower case, with the dot
    what: str  # of the files, for messages: "pictures"


class Files:
    """Samples that are read from files: `x`, or `(x, label)`."""

    def __init__(self, paths: Sequence[str], targets: np.ndarray | None, read: Callable):
        self.paths = paths
        self.targets = targets
        self.read = read

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Any:
        x = self.read(self.paths[index])
        return x if self.targets is None else (x, self.targets[index])


def datasets_of(
    source: Source,
    read: Callable[[str], Any],
    batch_size: int | None,
    format: str | None,
    free_axes: int = 0,
) -> Any:
    """Return the data set of a folder, or both its parts for `subset="both"`.

    Args:
        source: the folder and what is wanted of it.
        read: returns the sample in a file, or raises `UnreadableFile`.
        batch_size: samples per batch; `None` leaves them single.
        format: the form of the result, see `kerata.data.dataset.FORMATS`.
        free_axes: how many leading axes of the samples' arrays vary.

    Raises:
        ValueError: for arguments that are wrong or contradict each other, or an empty folder.
        FileNotFoundError: when there is no such folder.
    """
    _check(source)
    check_format(format)
    inferred = isinstance(source.labels, str) and source.label_mode is not None
    names = _class_names(source) if inferred else None
    paths, labels = _files(source, names)
    if labels is not None and names is None:
        names = _names_of_numbers(labels)
    if source.label_mode == "binary" and labels is not None:
        _check_two(names, labels)
    seed = config.next_seed() if source.seed is None else source.seed
    if source.shuffle:
        paths, labels = _shuffled(paths, labels, seed)
    if source.verbose:
        classes = "" if names is None else f" belonging to {len(names)} classes"
        print(f"Found {len(paths)} files{classes}.")
    targets = None if labels is None else _targets(labels, source.label_mode, len(names or ()))

    def dataset(name: str, part: slice) -> Any:
        files = Files(paths[part], None if targets is None else targets[part], read)
        # What validates keeps its order: predictions then belong to `file_paths` one by one.
        anew = source.shuffle and name != "validation"
        data = Dataset(files, anew, seed, THREADS, source.on_error == "skip", free_axes)
        return deliver(data, batch_size, format, files.paths, names)

    parts = _parts(source, len(paths))
    wanted = [name for name in parts if source.subset in (name, "both", None)]
    if labels is not None and not source.shuffle:
        _warn_of_missing_classes(labels, parts)
    for name in wanted:
        if source.verbose and name != "all":
            print(f"Using {len(paths[parts[name]])} files for {name}.")
    made = [dataset(name, parts[name]) for name in wanted]
    return made if source.subset == "both" else made[0]


# -- arguments -----------------------------------------------------------------------------------


def _check(source: Source) -> None:
    labels, split = source.labels, source.validation_split
    known = labels is None or isinstance(labels, (list, tuple, np.ndarray))
    if not known and not (isinstance(labels, str) and labels == "inferred"):
        raise ValueError(
            f"labels={labels!r}; expected 'inferred' (by subfolders), None, or a list with one "
            "integer per file, in the order of the sorted paths."
        )
    if source.label_mode not in _LABEL_MODES:
        raise ValueError(f"label_mode={source.label_mode!r}; expected one of {_LABEL_MODES}.")
    if source.class_names is not None and not isinstance(labels, str):
        raise ValueError("`class_names` names subfolders: it goes with labels='inferred' only.")
    if (split is None) != (source.subset is None):
        raise ValueError(
            f"validation_split={split} and subset={source.subset!r}: give both, or neither."
        )
    if split is not None and not 0 < split < 1:
        raise ValueError(f"validation_split={split}; expected a number between 0 and 1.")
    if source.subset is not None and source.subset not in _SUBSETS:
        raise ValueError(f"subset={source.subset!r}; expected one of {_SUBSETS}.")
    if split is not None and source.shuffle and source.seed is None and source.subset != "both":
        raise ValueError(
            "A shuffled folder is split the same way in both calls only with the same `seed`: "
            "pass seed=..., or subset='both' to get both parts at once."
        )
    if source.on_error not in ("raise", "skip"):
        raise ValueError(f"on_error={source.on_error!r}; expected 'raise' or 'skip'.")


def _class_names(source: Source) -> list[str]:
    """The names of the classes: subfolders, in sorted order or as the user orders them."""
    found = subfolders(source.directory)
    if source.class_names is None:
        return found
    wanted = list(source.class_names)
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise ValueError(
            f"class_names={wanted} names {unknown[0]!r}, which is no subfolder of "
            f"{os.fspath(source.directory)}; there are {found}."
        )
    return wanted


def _names_of_numbers(labels: list[int]) -> list[str]:
    """Names for classes that the user has numbered."""
    if min(labels) < 0:
        raise ValueError(f"`labels` has {min(labels)}; expected the numbers of classes, from 0 on.")
    return [str(number) for number in range(max(labels) + 1)]


def _check_two(names: list[str] | None, labels: list[int]) -> None:
    if names is not None and len(names) != 2:
        raise ValueError(
            f"label_mode='binary' is for two classes, but there are {len(names)}: {names}. Use "
            "label_mode='int', or class_names=[two of them]."
        )
    if not set(labels) <= {0, 1}:
        raise ValueError(
            f"label_mode='binary' needs labels 0 and 1, got {sorted(set(labels))[:10]}."
        )


# -- files and labels ----------------------------------------------------------------------------


def _files(source: Source, names: list[str] | None) -> tuple[list[str], list[int] | None]:
    if names is None:
        paths = list(files_below(source.directory, source.suffixes, source.follow_links))
        labels = None if source.labels is None or not source.label_mode else source.labels
        labels = None if isinstance(labels, str) else labels
    else:
        paths, labels = [], []
        for number, name in enumerate(names):
            folder = os.path.join(source.directory, name)
            found = list(files_below(folder, source.suffixes, source.follow_links))
            paths += found
            labels += [number] * len(found)
    if not paths:
        raise ValueError(
            f"There are no {source.what} in {os.fspath(source.directory)}; expected files "
            f"ending in {', '.join(source.suffixes)}"
            + (", in one subfolder per class." if names is not None else ".")
        )
    if labels is not None and len(labels) != len(paths):
        raise ValueError(
            f"`labels` has {len(labels)} entries, but {os.fspath(source.directory)} has "
            f"{len(paths)} files ending in {', '.join(source.suffixes)}."
        )
    return paths, None if labels is None else [int(label) for label in labels]


def subfolders(directory: Any) -> list[str]:
    """Return the names of the folders in a folder, sorted, without hidden ones."""
    with os.scandir(directory) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))


def files_below(folder: Any, suffixes: tuple[str, ...], follow_links: bool) -> Iterator[str]:
    """Yield the files below a folder that have one of the suffixes, in sorted order.

    Args:
        folder: where to look.
        suffixes: endings in lower case, with the dot.
        follow_links: whether to look into folders that are symbolic links.

    Raises:
        FileNotFoundError: when there is no such folder.
    """
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"There is no folder {os.fspath(folder)!r}.")
    seen = {os.path.realpath(folder)}
    for place, folders, files in os.walk(folder, followlinks=follow_links):
        folders.sort()
        if follow_links:  # a link may lead back to where we are
            folders[:] = [name for name in folders if _is_new(os.path.join(place, name), seen)]
        for name in sorted(files):
            if name.lower().endswith(suffixes):
                yield os.path.join(place, name)


def _is_new(folder: str, seen: set[str]) -> bool:
    real = os.path.realpath(folder)
    if real in seen:
        return False
    seen.add(real)
    return True


def _shuffled(
    paths: list[str], labels: list[int] | None, seed: int
) -> tuple[list[str], list[int] | None]:
    """Shuffle as Keras does, so that the same seed gives the same parts."""
    order = np.arange(len(paths))
    np.random.RandomState(seed).shuffle(order)
    shuffled = None if labels is None else [labels[i] for i in order]
    return [paths[i] for i in order], shuffled


def _targets(labels: list[int], mode: str | None, classes: int) -> np.ndarray:
    if mode == "int":
        return np.array(labels, "int32")
    if mode == "binary":
        return np.array(labels, "float32")[:, None]
    return np.eye(classes, dtype="float32")[labels]


# -- parts ---------------------------------------------------------------------------------------


def _parts(source: Source, total: int) -> dict[str, slice]:
    """The parts of the files by name; without a split, all of them."""
    if source.validation_split is None:
        return {"all": slice(None)}
    held_back = int(total * source.validation_split)
    if held_back == 0 or held_back == total:
        raise ValueError(
            f"validation_split={source.validation_split} of {total} files leaves none to "
            f"{'train' if held_back else 'validate'} with; use another fraction."
        )
    return {
        "training": slice(0, total - held_back),
        "validation": slice(total - held_back, total),
    }


def _warn_of_missing_classes(labels: list[int], parts: dict[str, slice]) -> None:
    for name, part in parts.items():
        missing = set(labels) - set(labels[part])
        if missing:
            warnings.warn(
                f"The files are split without being shuffled, sorted by class: {len(missing)} of "
                f"{len(set(labels))} classes are missing from the {name} part. Use shuffle=True "
                "and a seed.",
                KerataWarning,
                stacklevel=4,
            )
            return
