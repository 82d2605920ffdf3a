"""Class labels as one-hot vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.backend import select
from kerata.core.spec import shape_of


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Return labels as one-hot vectors.

    Args:
        x: integers from 0 to `num_classes - 1`: an array or list of any shape (a last axis of
            size 1 is dropped), or a tensor.
        num_classes: number of classes; by default the largest label plus one.

    Returns:
        float64 array with a last axis of `num_classes`; a float32 tensor for a tensor.

    Raises:
        ValueError: if labels of an array are not whole numbers, or outside of the classes.

    >>> import kerata
    >>> kerata.utils.to_categorical([0, 2, 1]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    if select.engine_of(x) is not None:
        return _of_tensor(x, num_classes)
    values = np.asarray(x)
    labels = values.astype(np.int64)
    if values.dtype.kind == "f" and (labels != values).any():
        raise ValueError("`to_categorical` takes whole numbers, got numbers between them.")
    if labels.shape[-1:] == (1,) and labels.ndim > 1:
        labels = labels[..., 0]
    if num_classes is None:
        if not labels.size:
            raise ValueError("Without labels, `to_categorical` needs `num_classes`.")
        num_classes = int(labels.max()) + 1
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
        raise ValueError(
            f"The labels run from {labels.min()} to {labels.max()}, but num_classes={num_classes} "
            f"allows 0 to {num_classes - 1}."
        )
    vectors = np.zeros((labels.size, num_classes))
    vectors[np.arange(labels.size), labels.ravel()] = 1.0
    return vectors.reshape(*labels.shape, num_classes)


def _of_tensor(x: Any, num_classes: int | None) -> Any:
    if len(shape_of(x)) > 1 and shape_of(x)[-1] == 1:
        x = ops.squeeze(x, -1)
    if num_classes is None:
        num_classes = int(ops.convert_to_numpy(ops.max(x))) + 1
    return ops.one_hot(ops.cast(x, "int32"), num_classes)
