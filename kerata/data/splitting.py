"""A data set cut in two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from kerata.core import config, tree
from kerata.data.dataset import Dataset
from kerata.training.data.convert import is_array_like, to_numpy

#: what the parts are delivered as
_FORMS: dict[str | None, Callable] = {
    None: lambda part: part,
    "tensorflow": Dataset.as_tf_dataset,
    "torch": Dataset.as_torch_dataset,
}


class Part:
    """Some of the elements of a sequence."""

    def __init__(self, elements: Any, indices: Sequence[int]):
        self.elements = elements
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.elements[self.indices[index]]


class Rows:
    """The rows of nested arrays, one element per row."""

    def __init__(self, arrays: Any):
        self.arrays = arrays

    def __len__(self) -> int:
        return len(tree.flatten(self.arrays)[0])

    def __getitem__(self, index: int) -> Any:
        return tree.map_structure(lambda array: array[index], self.arrays)


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Cut a data set into a left part and a right part.

    Args:
        dataset: arrays, or a tuple, list or dict of arrays of one length, which are cut by rows;
            or a `kerata.data.Dataset`, a torch or Grain data set, a `tf.data.Dataset` or a list
            of elements, which are cut by elements: batches, if these are its elements. What
            cannot be read by index is read once, as a whole, into memory.
        left_size: the share of the left part as a float between 0 and 1, or its number of
            elements as an integer; by default what the right part leaves.
        right_size: the same for the right part, which is taken from the end.
        shuffle: whether to mix the elements before.
        seed: decides how.
        preferred_backend: "tensorflow" for two `tf.data.Dataset`, "torch" for two iterable data
            sets of torch; by default two `kerata.data.Dataset`.

    Returns:
        The left and the right part.

    Raises:
        ValueError: if sizes are missing, out of range or too large together, or a part is empty.
        TypeError: if a size is no number, or `dataset` no data.

    >>> import kerata, numpy as np
    >>> left, right = kerata.utils.split_dataset(np.arange(10), left_size=0.8)
    >>> list(right)
    [np.int64(8), np.int64(9)]
    """
    if preferred_backend not in _FORMS:
        raise ValueError(
            f"preferred_backend={preferred_backend!r}; expected one of {tuple(_FORMS)}."
        )
    elements = _by_index(dataset)
    total = len(elements)
    left, right = _sizes(left_size, right_size, total)
    order: Sequence[int] = range(total)
    if shuffle:
        generator = np.random.default_rng(config.next_seed() if seed is None else seed)
        order = generator.permutation(total).tolist()
    parts = [Dataset(Part(elements, part)) for part in (order[:left], order[total - right :])]
    for part in parts:
        part.class_names = getattr(dataset, "class_names", None)
    form = _FORMS[preferred_backend]
    return form(parts[0]), form(parts[1])


def _by_index(dataset: Any) -> Any:
    """Return data as something with `__len__` and `__getitem__`."""
    if is_array_like(dataset) or (
        isinstance(dataset, (tuple, list, dict)) and dataset and _are_arrays(dataset)
    ):
        arrays = tree.map_structure(lambda leaf: to_numpy(leaf, "dataset", True), dataset)
        if isinstance(arrays, list):
            arrays = tuple(arrays)
        lengths = sorted({len(array) for array in tree.flatten(arrays)})
        if len(lengths) > 1:
            raise ValueError(
                f"`dataset` has arrays of {lengths[0]} and of {lengths[1]} rows; expected equal "
                "numbers."
            )
        return Rows(arrays)
    if hasattr(dataset, "as_numpy_iterator"):
        return list(dataset.as_numpy_iterator())
    if isinstance(dataset, list) or (
        hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    ):
        return dataset
    if isinstance(dataset, Iterable) and not isinstance(dataset, (str, bytes, dict, tuple)):
        return list(dataset)
    raise TypeError(
        f"`dataset` is a {type(dataset).__name__}; expected arrays, a tuple, list or dict of "
        "arrays, or a data set."
    )


def _are_arrays(structure: Any) -> bool:
    return all(is_array_like(leaf) and np.ndim(leaf) > 0 for leaf in tree.flatten(structure))


def _sizes(left: Any, right: Any, total: int) -> tuple[int, int]:
    """Return the numbers of elements of both parts."""
    for name, size in (("left_size", left), ("right_size", right)):
        if size is not None and (isinstance(size, bool) or not isinstance(size, (int, float))):
            raise TypeError(f"`{name}` is {size!r}; expected an integer, a float or None.")
        fits = size is None or (0 < size < 1 if isinstance(size, float) else 0 < size < total)
        if not fits:
            raise ValueError(
                f"`{name}` is {size}; expected a share between 0 and 1 as a float, or a number of "
                f"elements from 1 to {total - 1} as an integer."
            )
    if left is None and right is None:
        raise ValueError("Neither `left_size` nor `right_size` is given: give at least one.")
    counts = [round(s * total) if isinstance(s, float) else s for s in (left, right)]
    left_count = total - counts[1] if counts[0] is None else counts[0]
    right_count = total - left_count if counts[1] is None else counts[1]
    if left_count + right_count > total:
        raise ValueError(
            f"left_size={left} and right_size={right} are more than the {total} elements that "
            "there are."
        )
    if not left_count or not right_count:
        raise ValueError(
            f"Of {total} elements {left_count} would go left and {right_count} right: a part "
            "would be empty. Use other sizes."
        )
    return left_count, right_count
