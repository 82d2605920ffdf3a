"""From class indices to vectors: one-hot, multi-hot, embedding."""

from __future__ import annotations

from typing import Any

from kerata.core import dtypes
from kerata.core.config import floatx
from kerata.core.primitive import Tensor, primitive
from kerata.core.spec import TensorSpec, dtype_of, ndim_of
from kerata.ops.cast import cast
from kerata.ops.reduce import max


@primitive(promote="keep")
def one_hot_encoding(x: Tensor, num_classes: int, axis: int, dtype: str) -> Tensor:
    """Return 1 where the index along the new axis is `x`, else 0; `axis` is negative."""
    position = x.ndim + 1 + axis
    shape = (*x.shape[:position], num_classes, *x.shape[position:])
    return TensorSpec(shape, dtype)


def one_hot(
    x: Tensor, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """Encode class indices as vectors of zeros with a single one.

    Args:
        x: integer tensor of any shape. An index outside `[0, num_classes)` gives zeros only.
        num_classes: length of the vectors.
        axis: where the new axis of the result stands.
        dtype: dtype of the result, floatx by default.
        sparse: must be False: there are no sparse tensors here.

    Returns:
        Tensor with one more axis than `x`, of size `num_classes`.

    Raises:
        ValueError: if `axis` is out of range or `sparse` is asked for.

    >>> import kerata
    >>> kerata.ops.one_hot([0, 2], 3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    _refuse_sparse("one_hot", sparse)
    ndim = ndim_of(x) + 1
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"`one_hot` got axis {axis} for a result of {ndim} dimensions; expected an axis from "
            f"{-ndim} to {ndim - 1}."
        )
    if not dtypes.is_integer(dtype_of(x)):
        x = cast(x, "int32")
    dtype = floatx() if dtype is None else dtypes.canonical(dtype)
    return one_hot_encoding(x, num_classes, axis % ndim - ndim, dtype)


def multi_hot(
    inputs: Tensor,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
) -> Tensor:
    """Encode sets of class indices as vectors with a one for each member.

    Args:
        inputs: integer tensor (members,) or (batch, members, ...).
        num_classes: length of the vectors.
        axis: where the axis of classes stands, counted before the members are joined.
        dtype: dtype of the result, floatx by default.
        sparse: must be False: there are no sparse tensors here.

    Returns:
        Tensor in which the axis of members is replaced by one of classes.

    Raises:
        ValueError: if `num_classes` is missing or `sparse` is asked for.

    >>> import kerata
    >>> kerata.ops.multi_hot([[0, 2], [1, 1]], 3).tolist()
    [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    _refuse_sparse("multi_hot", sparse)
    if num_classes is None:
        raise ValueError("`multi_hot` needs `num_classes`, the length of the vectors.")
    members = 1 if ndim_of(inputs) > 1 else 0
    return max(one_hot(inputs, num_classes, axis=axis, dtype=dtype), axis=members)


def _refuse_sparse(name: str, sparse: bool) -> None:
    if sparse:
        raise ValueError(f"`{name}` got sparse=True; sparse tensors do not exist. Leave it out.")


@primitive(promote="keep")
def embedding(table: Tensor, indices: Tensor) -> Tensor:
    """Rows of a table, chosen by index.

    Args:
        table: tensor (rows, features).
        indices: integer tensor of any shape, with values in `[0, rows)`. What another value
            gives is the engine's choice: an error, or NaN.

    Returns:
        Tensor (*shape of indices, features) of the dtype of the table.

    Raises:
        ValueError: if the table has not two dimensions, or the indices are no integers.

    >>> import kerata
    >>> kerata.ops.nn.embedding([[0.0, 0.5], [1.0, 1.5]], [1, 1, 0]).tolist()
    [[1.0, 1.5], [1.0, 1.5], [0.0, 0.5]]
    """
    if table.ndim != 2 or not dtypes.is_integer(indices.dtype):
        raise ValueError(
            f"`embedding` got a table of shape {table.shape} and indices of dtype "
            f"{indices.dtype}; expected a table (rows, features) and integer indices."
        )
    return table.with_shape((*indices.shape, table.shape[1]))
