"""The data that a layer is adapted to, as NumPy arrays, one batch after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kerata.core.primitive import convert_to_numpy
from kerata.layers.preprocessing.text_arrays import as_array


def batches_of(data: Any, steps: int | None = None) -> Iterator[np.ndarray]:
    """Yield the batches of a source of data.

    Args:
        data: an array, a list, or a column of a data frame, which is one batch; or a source of
            batches: a generator, `PyDataset`, `tf.data.Dataset`, torch `DataLoader`, or a list
            of arrays.
        steps: how many batches to take of a source; all by default.

    Raises:
        ValueError: if the source gives tuples: there should be inputs alone.

    >>> [len(batch) for batch in batches_of([1, 2, 3])]
    [3]
    >>> [len(batch) for batch in batches_of(np.zeros(size) for size in (2, 1))]
    [2, 1]
    """
    if not _is_source(data):
        yield _array(data)
        return
    for index, item in enumerate(_items(data)):
        if steps is not None and index >= steps:
            return
        if isinstance(item, (tuple, dict)):
            raise ValueError(
                f"`adapt` needs batches of the layer's input alone, got a {type(item).__name__}: "
                "take the input out first, such as `(x for x, y in data)`."
            )
        yield _array(item)


def _is_source(data: Any) -> bool:
    """Tell whether data give batches, and are not one themselves."""
    if isinstance(data, (list, tuple)):
        return any(hasattr(item, "shape") and item.shape for item in data)
    if isinstance(data, (str, bytes)):
        return False
    return not hasattr(data, "shape") and not hasattr(data, "to_numpy")


def _items(data: Any) -> Iterator[Any]:
    if hasattr(data, "as_numpy_iterator"):
        return data.as_numpy_iterator()
    if hasattr(data, "__iter__"):
        return iter(data)
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return (data[index] for index in range(len(data)))
    raise ValueError(
        f"`adapt` got a {type(data).__name__}; expected an array, a list, a column of a data "
        "frame, or an iterable of batches."
    )


def _array(value: Any) -> np.ndarray:
    return np.asarray(convert_to_numpy(as_array(value)))
