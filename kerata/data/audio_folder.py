"""Sounds in folders as a data set: .wav files, decoded by the standard library."""

from __future__ import annotations

import os
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.data.folder import Source, datasets_of
from kerata.data.stages import UnreadableFile

SUFFIXES = (".wav",)


def audio_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: str | Sequence[int] | None = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
    format: str | None = None,
    on_error: str = "raise",
) -> Any:
    """Return the sounds below a folder as a data set of batches.

    The folder has one subfolder per class; files may lie deeper. Sounds end in .wav and are PCM
    of 8, 16, 24 or 32 bits.

    Args:
        directory: the folder.
        labels: "inferred" from the subfolders, `None` for no labels, or one integer per file in
            the order of the sorted paths.
        label_mode: what labels are: "int" (int32, `(batch,)`), "categorical" (one-hot float32,
            `(batch, classes)`), "binary" (float32 0 or 1, `(batch, 1)`), or `None`: none.
        class_names: the subfolders, in the order of their numbers; sorted by default. Others are
            left out.
        batch_size: sounds per batch; `None` for single sounds.
        sampling_rate: the samples per second that all files must have. Sounds are not resampled.
        output_sequence_length: how many samples of a sound are kept; shorter ones are filled up
            with zeros. By default, to the length of the longest of a batch.
        ragged: not supported: batches are arrays.
        shuffle: whether to shuffle all sounds anew in each pass. If not, they are sorted.
        seed: decides the order, and which files are held back for validation.
        validation_split: the share of files held back for validation, between 0 and 1.
        subset: "training" or "validation": the part to return; "both" for both, as a list.
        follow_links: whether to look into folders that are symbolic links.
        verbose: whether to print how many files were found.
        format: `None` for a `kerata.data.Dataset`, "tf" for a `tf.data.Dataset`, "grain" for a
            `grain.MapDataset`.
        on_error: what to do about a file that cannot be read: "raise", or "skip": leave it out,
            warn, and list it in `dataset.skipped_files`.

    Returns:
        A data set of `x`, or `(x, y)`: float32 `(batch, samples, channels)`, from -1 to 1.

    Raises:
        ValueError: for arguments that are wrong or contradict each other, an empty folder or,
            while it is read, for a file that is no such sound: the text names it.
        FileNotFoundError: when there is no such folder.

    >>> import kerata, os, tempfile, wave
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.mkdir(f"{folder}/beep")
    ...     with wave.open(f"{folder}/beep/1.wav", "wb") as file:
    ...         file.setparams((1, 2, 8000, 0, "NONE", ""))
    ...         file.writeframes(bytes(2 * 100))
    ...     data = kerata.utils.audio_dataset_from_directory(folder, verbose=False)
    ...     [x.shape for x, y in data]
    [(1, 100, 1)]
    """
    if ragged:
        raise ValueError(
            "ragged=True gives ragged tensors of TensorFlow, which kerata has not: leave it out to "
            "fill up each batch with zeros, or pass output_sequence_length=."
        )
    if output_sequence_length is not None and output_sequence_length < 1:
        raise ValueError(f"output_sequence_length={output_sequence_length}; expected at least 1.")

    def read(path: str) -> np.ndarray:
        sound = read_wav(path, sampling_rate)
        if output_sequence_length is None:
            return sound
        missing = max(output_sequence_length - len(sound), 0)
        return np.pad(sound[:output_sequence_length], ((0, missing), (0, 0)))

    source = Source(
        directory, labels, label_mode, class_names, shuffle, seed, validation_split, subset,
        follow_links, verbose, on_error, SUFFIXES, "sounds",
    )  # fmt: skip
    free_axes = 1 if output_sequence_length is None else 0
    return datasets_of(source, read, batch_size, format, free_axes)


def read_wav(path: str | os.PathLike[str], sampling_rate: int | None = None) -> np.ndarray:
    """Read a PCM .wav file.

    Args:
        path: the file.
        sampling_rate: the samples per second that it must have; `None` for any.

    Returns:
        float32 `(samples, channels)`, at least -1 and less than 1.

    Raises:
        UnreadableFile: if it is no PCM sound of 8 to 32 bits, or has another sampling rate.
    """
    try:
        with wave.open(os.fspath(path), "rb") as file:
            channels, width, rate, frames = file.getparams()[:4]
            data = file.readframes(frames)
    except (wave.Error, EOFError, ValueError) as error:
        reason = str(error) or "it ends too early"
        raise UnreadableFile(path, f"it is no PCM .wav file ({reason})") from error
    if sampling_rate is not None and rate != sampling_rate:
        raise UnreadableFile(
            path, f"it has {rate} samples per second, {sampling_rate} were expected: resample it"
        )
    if len(data) != frames * channels * width:
        raise UnreadableFile(path, f"it ends before its {frames} samples do")
    if not 1 <= width <= 4:
        raise UnreadableFile(path, f"its samples have {8 * width} bits; expected 8 to 32")
    return (_integers(data, width) / np.float32(2**31)).astype("float32").reshape(-1, channels)


def _integers(data: bytes, width: int) -> np.ndarray:
    """PCM samples of any width as if they had 32 bits: the highest bytes are theirs."""
    samples = np.frombuffer(data, "uint8").reshape(-1, width)
    wide = np.zeros((len(samples), 4), "uint8")
    # One byte is unsigned, with silence at 128; more are signed, lowest byte first.
    wide[:, 4 - width :] = samples ^ 0x80 if width == 1 else samples
    return wide.view("<i4")[:, 0].astype("float64")
