"""Texts in folders as a data set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerata.data.folder import Source, datasets_of
from kerata.data.stages import UnreadableFile

SUFFIXES = (".txt",)


def text_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: str | Sequence[int] | None = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str | None = None,
    verbose: bool = True,
    on_error: str = "raise",
) -> Any:
    """Return the texts below a folder as a data set of batches.

    The folder has one subfolder per class; files may lie deeper. Texts end in .txt and are
    UTF-8.

    Args:
        directory: the folder.
        labels: "inferred" from the subfolders, `None` for no labels, or one integer per file in
            the order of the sorted paths.
        label_mode: what labels are: "int" (int32, `(batch,)`), "categorical" (one-hot float32,
            `(batch, classes)`), "binary" (float32 0 or 1, `(batch, 1)`), or `None`: none.
        class_names: the subfolders, in the order of their numbers; sorted by default. Others are
            left out.
        batch_size: texts per batch; `None` for single texts.
        max_length: how many characters of a text are kept; all by default.
        shuffle: whether to shuffle all texts anew in each pass. If not, they are sorted.
        seed: decides the order, and which files are held back for validation.
        validation_split: the share of files held back for validation, between 0 and 1.
        subset: "training" or "validation": the part to return; "both" for both, as a list.
        follow_links: whether to look into folders that are symbolic links.
        format: `None` for a `kerata.data.Dataset`, "tf" for a `tf.data.Dataset`, "grain" for a
            `grain.MapDataset`.
        verbose: whether to print how many files were found.
        on_error: what to do about a file that is not UTF-8: "raise", or "skip": leave it out,
            warn, and list it in `dataset.skipped_files`.

    Returns:
        A data set of `x`, or `(x, y)`: x is an array of texts `(batch,)`.

    Raises:
        ValueError: for arguments that are wrong or contradict each other, an empty folder or,
            while it is read, for a file that is no UTF-8: the text names it.
        FileNotFoundError: when there is no such folder.

    >>> import kerata, os, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("good", "poor"):
    ...         os.mkdir(f"{folder}/{name}")
    ...         _ = pathlib.Path(folder, name, "1.txt").write_text(f"a {name} film")
    ...     data = kerata.utils.text_dataset_from_directory(folder, shuffle=False, verbose=False)
    ...     x, y = next(iter(data))
    >>> x.tolist(), y.tolist()
    (['a good film', 'a poor film'], [0, 1])
    """

    def read(path: str) -> str:
        try:
            return Path(path).read_bytes().decode("utf-8")[:max_length]
        except UnicodeDecodeError as error:
            raise UnreadableFile(path, f"it is not UTF-8 text ({error.reason})") from error

    source = Source(
        directory, labels, label_mode, class_names, shuffle, seed, validation_split, subset,
        follow_links, verbose, on_error, SUFFIXES, "texts",
    )  # fmt: skip
    return datasets_of(source, read, batch_size, format)
