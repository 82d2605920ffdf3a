"""Sequences of different lengths as one array."""

from __future__ import annotations

from typing import Any

import numpy as np


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Return sequences as one array, filled up or cut to a common length.

    Args:
        sequences: a list of sequences, whose entries are numbers, text, or arrays of one shape.
        maxlen: the common length; by default that of the longest.
        dtype: of the result; `object` for text.
        padding: whether the filling stands before (`"pre"`) or after (`"post"`) the entries.
        truncating: whether entries are cut from the start (`"pre"`) or the end (`"post"`).
        value: what to fill up with.

    Returns:
        Array of shape `(sequences, maxlen, *shape of an entry)`.

    Raises:
        ValueError: if an argument is none of these, or entries differ in shape.

    >>> import kerata
    >>> kerata.utils.pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2).tolist()
    [[0, 1], [2, 3], [5, 6]]
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f"`{name}` is {side!r}; expected 'pre' or 'post'.")
    _check_lengths(sequences)
    if isinstance(value, str) and np.dtype(dtype).kind not in "USO":
        raise ValueError(f"`value` is text, but `dtype` is {dtype}: use dtype=object.")
    length = max(map(len, sequences), default=0) if maxlen is None else maxlen
    shape = next((np.shape(each)[1:] for each in sequences if len(each)), ())
    padded = np.full((len(sequences), length, *shape), value, dtype=dtype)
    for index, sequence in enumerate(sequences):
        if not len(sequence) or not length:
            continue
        kept = np.asarray(sequence[-length:] if truncating == "pre" else sequence[:length])
        if kept.shape[1:] != shape:
            raise ValueError(
                f"The entries of sequence {index} have shape {kept.shape[1:]}, those before "
                f"{shape}; expected one shape."
            )
        start = length - len(kept) if padding == "pre" else 0
        padded[index, start : start + len(kept)] = kept
    return padded


def _check_lengths(sequences: Any) -> None:
    if not hasattr(sequences, "__len__"):
        raise ValueError(
            f"`sequences` is a {type(sequences).__name__}; expected a list of sequences."
        )
    for index, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(
                f"`sequences` has a {type(sequence).__name__} at {index}; expected sequences, such "
                "as [[1, 2], [3]]."
            )
