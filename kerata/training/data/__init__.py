"""Data adapters: from whatever the user has to batches of NumPy arrays.

`as_batches` is the one door; what it returns is described in `batches.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from kerata.core import config, tree
from kerata.training.data.arrays import ArrayBatches
from kerata.training.data.batches import Batch, Batches, Chunk, Examples, as_it_is
from kerata.training.data.convert import is_array_like
from kerata.training.data.prepared import PreparedBatches
from kerata.training.data.py_dataset import PyDataset, PyDatasetBatches, is_py_dataset
from kerata.training.data.split import split
from kerata.training.data.streams import StreamBatches, source_of

__all__ = [
    "Batch",
    "Batches",
    "Chunk",
    "Examples",
    "PreparedBatches",
    "PyDataset",
    "as_batches",
    "is_array_like",
    "split",
    "unpack_validation_data",
]


def as_batches(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool | str = False,
    class_weight: Any = None,
    seed: int | None = None,
    *,
    allow_text: bool = False,
    steps_name: str = "steps_per_epoch",
    read: Callable[[Any], Any] = as_it_is,
) -> Batches:
    """Return any kind of data as `Batches`.

    Args:
        x: arrays (NumPy, torch, JAX, data frames, sparse matrices, lists of numbers), nested in
            lists, tuples and dicts; or a `PyDataset`, generator, function that makes
            generators, list of `(x, y)` batches, torch `DataLoader`, `tf.data.Dataset`, or any
            other iterable of batches.
        y: targets, for arrays; a stream yields them itself.
        sample_weight: one weight per sample (or per step of a sequence), for arrays.
        batch_size: rows per batch of arrays; 32 by default. Streams decide for themselves.
        steps: batches per epoch, instead of a whole pass.
        shuffle: for arrays: shuffle the rows anew in each pass; `"batch"` shuffles whole
            batches. For a `PyDataset`: shuffle the order of the batches.
        class_weight: `{class: weight}`, `"balanced"` (for which data that are not in memory are
            read once before), or such per output.
        seed: decides, with the index of the pass, the order; by default the process's next.
        allow_text: whether strings are accepted.
        steps_name: the name of `steps` in messages.
        read: makes arrays of the inputs, as the model takes them.

    Raises:
        ValueError: if arrays differ in length, are empty, or hold no numbers.
        TypeError: if `x` is not data.

    >>> import numpy as np
    >>> batches = as_batches(np.zeros((70, 3)), np.zeros(70), batch_size=32)
    >>> batches.num_batches, [len(batch.x) for batch in batches.epoch(0)]
    (3, [32, 32, 6])
    """
    _check_steps(steps, steps_name)
    if isinstance(x, Batches):
        return x
    seed = config.next_seed() if seed is None else seed
    make = functools.partial(
        _batches_of, x, y, sample_weight, batch_size, shuffle=shuffle, class_weight=class_weight,
        seed=seed, allow_text=allow_text, steps_name=steps_name, read=read,
    )  # fmt: skip
    batches = make(steps)
    limit = config.max_steps_per_epoch()
    if limit is not None and (batches.num_batches is None or batches.num_batches > limit):
        return make(limit)
    return batches


def _batches_of(
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    shuffle: bool | str,
    class_weight: Any,
    seed: int,
    allow_text: bool,
    steps_name: str,
    read: Callable[[Any], Any],
) -> Batches:
    if is_py_dataset(x):
        _refuse_separate(x, y, sample_weight)
        return PyDatasetBatches(x, steps, shuffle, class_weight, seed, allow_text, read)
    source = None if is_array_like(x) or (tree.is_nested(x) and y is not None) else source_of(x)
    if source is not None:
        _refuse_separate(x, y, sample_weight)
        return StreamBatches(source, steps, class_weight, allow_text, steps_name, read)
    if hasattr(x, "__getitem__") and hasattr(x, "__len__") and not tree.is_nested(x):
        _refuse_unbatched(x)
    return ArrayBatches(
        x, y, sample_weight, batch_size, steps, shuffle, class_weight, seed, allow_text, read
    )


def _check_steps(steps: Any, name: str) -> None:
    if steps is not None and (not hasattr(steps, "__index__") or steps < 1):
        raise ValueError(f"`{name}` is {steps!r}; expected an integer >= 1, or None for all.")


def _refuse_separate(x: Any, y: Any, sample_weight: Any) -> None:
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(
                f"`{name}` is given beside x, which is a {type(x).__name__}: it must yield "
                f"(x, y) or (x, y, sample_weight) itself. Leave out `{name}`."
            )


def _refuse_unbatched(x: Any) -> None:
    if not is_array_like(x) and type(x).__module__ != "builtins":
        raise TypeError(
            f"x is a {type(x).__name__}, which gives single samples; expected batches: use "
            "torch.utils.data.DataLoader(x, batch_size=32), or subclass kerata.utils.PyDataset."
        )


def unpack_validation_data(data: Any) -> tuple[Any, Any, Any]:
    """Return `validation_data` as `(x, y, sample_weight)`; a source of batches stands as x.

    Raises:
        ValueError: if it is a single array, or a tuple of another length than 2 or 3.
    """
    if isinstance(data, (tuple, list)) and not (isinstance(data, list) and source_of(data)):
        if 2 <= len(data) <= 3:
            return (*data, None)[:3]
        raise ValueError(
            f"`validation_data` is a {type(data).__name__} of {len(data)} entries; expected "
            "(x, y) or (x, y, sample_weight)."
        )
    if is_array_like(data) or isinstance(data, dict):
        raise ValueError(
            f"`validation_data` is a {type(data).__name__} without targets; expected (x, y) or "
            "(x, y, sample_weight): pass validation_data=(x_val, y_val)."
        )
    return data, None, None
