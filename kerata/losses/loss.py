"""What a loss is: one number for how far predictions are from their targets.

A loss computes a value for each sample in `call`; `Loss.__call__` then applies sample weights and
masks and reduces the values to a number.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from kerata import ops
from kerata.backend import select
from kerata.core import dtypes, masks, names, tree
from kerata.core.primitive import backend_of, convert, to_tensor
from kerata.core.registry import register
from kerata.core.serialization import Configurable
from kerata.core.spec import Shape, TensorSpec, dtype_of, ndim_of, shape_of, spec_of
from kerata.core.symbolic import SymbolicTensor
from kerata.losses.shapes import RULES, Target

Tensor = Any

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


@register("losses")
class Loss(Configurable):
    """Base class of losses.

    A subclass defines `call(y_true, y_pred)`, which returns the loss of each sample.

    Args:
        name: the name of the loss in logs; made from the class name by default.
        reduction: what becomes of the samples' values. `"sum_over_batch_size"` and `"mean"`:
            their mean; `"sum"`: their sum; `"mean_with_sample_weight"`: their weighted sum
            divided by the sum of the weights; `"none"` or `None`: they stay as they are.
        dtype: the dtype of the computation, floatx by default; of a dtype policy, its compute
            dtype.

    Raises:
        ValueError: if there is no such reduction.

    >>> import kerata
    >>> class Distance(kerata.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return kerata.ops.mean(kerata.ops.abs(y_true - y_pred), axis=-1)
    >>> float(Distance()([[1.0, 1.0]], [[0.0, 3.0]]))
    1.5
    """

    _shared_parameters: ClassVar[tuple[str, ...]] = ("name", "reduction")
    _parameter_attributes: ClassVar[dict[str, str]] = {}

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        self.name = name or names.automatic(type(self))
        self.reduction = checked_reduction(reduction)
        self._dtype = compute_dtype(dtype)

    @property
    def dtype(self) -> str:
        """The dtype that targets and predictions are cast to."""
        return self._dtype

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sample; defined by subclasses.

        Args:
            y_true: the targets.
            y_pred: the predictions.

        Raises:
            TypeError: if the subclass does not define it.
        """
        raise TypeError(
            f"The loss {type(self).__name__} does not define `call(self, y_true, y_pred)`. "
            "Define it and return one value per sample."
        )

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return the loss, reduced.

        Args:
            y_true: the targets: a tensor or array, or a structure of them.
            y_pred: the predictions. Where a mask is attached to them, or to the targets,
                masked values count as absent.
            sample_weight: a number, or an array of the shape of the samples' values or of its
                first dimensions, such as (batch,) or (batch, time).

        Raises:
            ValueError: if the shapes of targets, predictions and weights do not fit.
        """
        mask = both_masks(masks.of(y_pred), masks.of(y_true))
        y_true, y_pred = self._tensors(y_true, y_pred)
        if sample_weight is not None and not tree.is_nested(y_pred):
            # A vector is a batch of numbers here; its mean would leave nothing to weigh.
            y_true, y_pred = as_columns(y_true, y_pred)
        values = as_tensor(self.call(y_true, y_pred), self.dtype)
        mask = both_masks(mask, masks.of(values))
        return reduce_weighted(values, sample_weight, mask, self.reduction)

    def _tensors(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """Return targets and predictions as tensors of the loss's dtype, on one backend."""
        y_pred = _map_tensors(lambda x: as_tensor(x, self.dtype), y_pred)
        first = next(iter(tree.flatten(y_pred)), None)
        return _map_tensors(lambda x: as_tensor(x, self.dtype, like=first), y_true), y_pred

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain data; the dtype is not among them."""
        config = super().get_config()
        config.pop("dtype", None)
        return config

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def checked_reduction(reduction: str | None) -> str | None:
    """Return a known reduction.

    Raises:
        ValueError: if there is no such reduction.

    >>> checked_reduction("sum")
    'sum'
    """
    if reduction not in REDUCTIONS:
        raise ValueError(
            f"`reduction` is {reduction!r}; expected one of {', '.join(map(repr, REDUCTIONS))}."
        )
    return reduction


def compute_dtype(dtype: Any) -> str:
    """Return the dtype to compute in, given a dtype, a dtype policy or its name, or `None`.

    >>> compute_dtype(None), compute_dtype("mixed_bfloat16")
    ('float32', 'bfloat16')
    """
    dtype = getattr(dtype, "compute_dtype", dtype)
    if isinstance(dtype, str):
        dtype = dtype.removeprefix("mixed_")
    return dtypes.canonical(dtype)


# -- tensors -----------------------------------------------------------------------------------


def as_tensor(value: Any, dtype: str, like: Any = None) -> Tensor:
    """Return anything tensor-like as a tensor of a dtype.

    Args:
        value: a tensor (it stays on its backend), an array, a list or a number.
        dtype: a dtype name.
        like: a tensor on whose backend arrays and numbers are put.
    """
    if select.engine_of(value) is not None or isinstance(value, SymbolicTensor):
        # Through `ops`, so that gradients flow through the cast.
        return value if dtype_of(value) == dtype else ops.cast(value, dtype)
    return to_tensor(value, backend_of(value, like), dtype)


def as_labels(value: Any, like: Any) -> Tensor:
    """Return class numbers as a tensor of integers on the backend of `like`."""
    kind = dtype_of(value)
    return as_tensor(value, kind if dtypes.is_integer(kind) else "int32", like)


def as_float(value: Any) -> Tensor:
    """Return predictions as a float tensor: floats keep their dtype, the rest becomes floatx."""
    value = convert(value)
    return as_tensor(value, dtypes.to_float(dtype_of(value)))


def known_size(x: Any, axis: int) -> int:
    """Return the size of a dimension.

    Raises:
        ValueError: if it is not known while a model is being built.

    >>> known_size([[1.0, 2.0, 3.0]], -1)
    3
    """
    size = shape_of(x)[axis]
    if size is None:
        raise ValueError(
            f"The size of axis {axis} of a tensor of shape {shape_of(x)} must be known here. "
            "Give it in the `Input` of the model."
        )
    return size


def pair(name: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return targets and predictions as float tensors of one shape and dtype.

    Args:
        name: the name of the loss function, which says what targets it takes.
        y_true: the targets; a missing last axis of size 1 is added, one too many removed.
        y_pred: the predictions.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import numpy as np
    >>> y_true, y_pred = pair("mean_squared_error", np.zeros(4), np.zeros((4, 1)))
    >>> tuple(y_true.shape)
    (4, 1)
    """
    y_pred = as_float(y_pred)
    y_true = as_tensor(y_true, dtype_of(y_pred), like=y_pred)
    _check_once(name, shape_of(y_true), shape_of(y_pred), dtype_of(y_pred))
    extra = ndim_of(y_true) - ndim_of(y_pred)
    if extra < 0:
        return ops.expand_dims(y_true, -1), y_pred
    if extra > 0 and ndim_of(y_pred) == 1:
        return y_true, ops.expand_dims(y_pred, -1)
    return (ops.squeeze(y_true, -1) if extra else y_true), y_pred


@functools.lru_cache(maxsize=1024)
def _check_once(name: str, true_shape: Shape, pred_shape: Shape, dtype: str) -> None:
    """Hold two shapes against the rule of a loss, the first time that they are seen."""
    RULES[name](Target(TensorSpec(true_shape, dtype), TensorSpec(pred_shape, dtype), name))


def labels_and_scores(
    name: str, y_true: Any, y_pred: Any, axis: int = -1
) -> tuple[Tensor, Tensor]:
    """Return class numbers, and float predictions with one more axis: that of the classes.

    Raises:
        ValueError: if the labels do not fit the predictions.

    >>> labels, scores = labels_and_scores("sparse_categorical_accuracy", [[1]], [[0.2, 0.8]])
    >>> tuple(labels.shape), tuple(scores.shape)
    ((1,), (1, 2))
    """
    y_pred = as_float(y_pred)
    y_true = as_labels(y_true, like=y_pred)
    RULES[name](Target(spec_of(y_true), spec_of(y_pred), name, axis))
    if ndim_of(y_true) == ndim_of(y_pred):
        y_true = ops.squeeze(y_true, -1)
    return y_true, y_pred


def as_columns(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Return vectors of one number per sample as columns, shape (batch, 1); others unchanged."""
    if ndim_of(y_pred) != 1:
        return y_true, y_pred
    if ndim_of(y_true) == 1:
        y_true = ops.expand_dims(y_true, -1)
    return y_true, ops.expand_dims(y_pred, -1)


def _map_tensors(function: Callable[[Any], Tensor], value: Any) -> Any:
    """Apply a function to each tensor of a structure, in which lists of numbers are tensors."""
    if isinstance(value, dict):
        return {key: _map_tensors(function, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and not _holds_numbers(value):
        items = [_map_tensors(function, item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return function(value)


def _holds_numbers(value: Any) -> bool:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, (int, float, np.generic))


# -- weights -----------------------------------------------------------------------------------


def reduce_weighted(
    values: Tensor, sample_weight: Any, mask: Any, reduction: str | None
) -> Tensor:
    """Return values, weighted and masked, as a reduction says.

    Args:
        values: one value per sample, shape (batch, ...).
        sample_weight: see `weights_for`.
        mask: which values are there, or `None`. Means are taken over these only.
        reduction: one of `REDUCTIONS`.

    >>> float(reduce_weighted(ops.array([1.0, 3.0]), [1.0, 0.5], None, "sum"))
    2.5
    """
    weights = weights_for(values, sample_weight, mask)
    if weights is not None:
        values = ops.multiply(values, weights)
    if reduction in ("none", None) or ndim_of(values) == 0:
        return values
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and weights is not None:
        return ops.divide_no_nan(ops.sum(values), ops.sum(weights))
    mean = ops.mean(values)
    if mask is None:
        return mean
    return ops.divide_no_nan(mean, ops.mean(as_tensor(mask, dtype_of(values))))


def weights_for(values: Tensor, sample_weight: Any, mask: Any = None) -> Tensor | None:
    """Return the product of sample weights and a mask, ready to multiply values with.

    Args:
        values: one value per sample, shape (batch, ...).
        sample_weight: a number or an array whose shape is that of the first dimensions of
            `values`, where 1 stands for any size; or `None`.
        mask: a boolean array, its shape likewise; or `None`. One number for a whole batch has
            dealt with the mask already.

    Returns:
        A tensor of as many dimensions as `values` (or none, for a number); `None` if there is
        nothing to weigh with.

    Raises:
        ValueError: if the shapes do not fit.

    >>> tuple(weights_for(ops.ones((4, 3)), [1.0, 2.0, 0.0, 1.0]).shape)
    (4, 1)
    """
    given = {"sample_weight": sample_weight, "the mask": mask if ndim_of(values) else None}
    factors = [
        _aligned(as_tensor(factor, dtype_of(values), like=values), values, what)
        for what, factor in given.items()
        if factor is not None
    ]
    if not factors:
        return None
    return factors[0] if len(factors) == 1 else ops.multiply(*factors)


def _aligned(weights: Tensor, values: Tensor, what: str) -> Tensor:
    """Return weights with as many dimensions as the values, matched from the first on."""
    shape, wanted = shape_of(weights), shape_of(values)
    if len(shape) == len(wanted) + 1 and shape[-1] == 1:
        weights, shape = ops.squeeze(weights, -1), shape[:-1]
    fits = len(shape) <= len(wanted) and all(
        size in (1, other) or None in (size, other)
        for size, other in zip(shape, wanted, strict=False)
    )
    if not fits and not wanted:
        raise ValueError(
            f"{what} has shape {shape}, but there is one value for the whole batch. "
            "Return one value per sample, e.g. `ops.mean(x, axis=-1)` and not `ops.mean(x)`."
        )
    if not fits:
        raise ValueError(
            f"{what} has shape {shape}, but there are values of shape {wanted} to weigh: its "
            f"dimensions must be the first of theirs. Give one weight per sample: {wanted[:1]}."
        )
    if not shape or len(shape) == len(wanted):
        return weights
    return ops.reshape(weights, shape + (1,) * (len(wanted) - len(shape)))


def both_masks(first: Any, second: Any) -> Any:
    """Return the mask of what two masks both keep; `None` keeps everything."""
    if first is None or first is second:
        return second
    return first if second is None else ops.logical_and(first, second)
