"""Losses of segmentations: how much of two regions overlaps."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.config import epsilon
from kerata.core.registry import register
from kerata.losses.loss import Loss, Tensor, pair

Axes = int | tuple[int, ...] | list[int] | None


@register("losses")
def dice(y_true: Any, y_pred: Any, axis: Axes = None) -> Tensor:
    """Return 1 minus twice the overlap of two regions, divided by the sum of their sizes.

    L. Dice, "Measures of the Amount of Ecologic Association Between Species", 1945.

    Args:
        y_true: membership from 0 to 1, any shape.
        y_pred: membership from 0 to 1, of the same shape.
        axis: the axes of a region; all of them by default.

    Returns:
        Values of the shape without these axes: one number by default.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> round(float(kerata.losses.dice([[1.0, 0.0]], [[1.0, 1.0]])), 4)
    0.3333
    """
    y_true, y_pred = pair("dice", y_true, y_pred)
    overlap = ops.sum(ops.multiply(y_true, y_pred), axis=_axes(axis))
    sizes = ops.sum(ops.add(y_true, y_pred), axis=_axes(axis))
    share = ops.divide(ops.multiply(overlap, 2.0), ops.add(sizes, epsilon()))
    return ops.subtract(1.0, share)


@register("losses")
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axes = None
) -> Tensor:
    """Return 1 minus the overlap of two regions over itself plus what only one of them has.

    With `alpha = beta = 0.5` it is the Dice loss. Salehi et al., "Tversky loss function for image
    segmentation using 3D fully convolutional deep networks", 2017.

    Args:
        y_true: membership from 0 to 1, any shape.
        y_pred: membership from 0 to 1, of the same shape.
        alpha: the weight of what is in the target only.
        beta: the weight of what is in the prediction only.
        axis: the axes of a region; all of them by default.

    Returns:
        Values of the shape without these axes: one number by default.

    Raises:
        ValueError: if the targets do not fit the predictions.

    >>> import kerata
    >>> round(float(kerata.losses.tversky([[1.0, 0.0]], [[1.0, 1.0]], beta=1.0)), 4)
    0.5
    """
    y_true, y_pred = pair("tversky", y_true, y_pred)
    overlap = ops.sum(ops.multiply(y_true, y_pred), axis=_axes(axis))
    missed = ops.subtract(ops.sum(y_true, axis=_axes(axis)), overlap)
    false = ops.subtract(ops.sum(y_pred, axis=_axes(axis)), overlap)
    only_one = ops.add(ops.multiply(missed, alpha), ops.multiply(false, beta))
    share = ops.divide(overlap, ops.add(ops.add(overlap, only_one), epsilon()))
    return ops.subtract(1.0, share)


def _axes(axis: Axes) -> int | tuple[int, ...] | None:
    return tuple(axis) if isinstance(axis, list) else axis


@register("losses")
class Dice(Loss):
    """The Dice loss of a segmentation: 1 minus twice the overlap over the sum of the sizes.

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        axis: the axes of a region; all of them by default.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.Dice()([[1.0, 0.0]], [[1.0, 1.0]])), 4)
    0.3333
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each region."""
        return dice(y_true, y_pred, self.axis)


@register("losses")
class Tversky(Loss):
    """The Tversky loss of a segmentation: a Dice loss that weighs the two kinds of error.

    Args:
        alpha: the weight of what is in the target only.
        beta: the weight of what is in the prediction only.
        reduction: see `Loss`.
        name: the name in logs.
        axis: the axes of a region; all of them by default.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.Tversky(beta=1.0)([[1.0, 0.0]], [[1.0, 1.0]])), 4)
    0.5
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.alpha = alpha
        self.beta = beta
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each region."""
        return tversky(y_true, y_pred, self.alpha, self.beta, self.axis)
