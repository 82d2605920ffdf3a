"""Intersection over union of predicted and true regions, from a confusion matrix of classes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from kerata import ops
from kerata.core import dtypes
from kerata.core.errors import KerataWarning
from kerata.core.primitive import convert
from kerata.core.registry import register
from kerata.core.spec import dtype_of, shape_of
from kerata.losses.loss import as_float, as_labels, as_tensor, weights_for
from kerata.metrics.metric import Metric, Tensor, mask_of


class _ConfusionMatrix(Metric):
    """A metric that counts how often each class is predicted for each class."""

    def _set_up(
        self,
        num_classes: int,
        ignore_class: int | None,
        sparse_y_true: bool,
        sparse_y_pred: bool,
        axis: int,
    ) -> None:
        self.num_classes = num_classes
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_confusion_matrix = self.add_variable(
            (num_classes, num_classes), "zeros", name="total_confusion_matrix"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: class numbers, shape (batch, ...), or one-hot along `axis`.
            y_pred: class numbers, or probabilities along `axis`.
            sample_weight: a number, or an array of the shape of the first dimensions. State of
                an integer dtype (the default) holds whole weights only.

        Raises:
            ValueError: if the shapes do not fit.
        """
        mask = mask_of(y_true, y_pred)
        predicted = self._classes(y_pred, self.sparse_y_pred, None)
        true = self._classes(y_true, self.sparse_y_true, predicted)
        if shape_of(true) != shape_of(predicted):
            raise ValueError(
                f"{self.name}: y holds classes of shape {shape_of(true)}, the predictions classes "
                f"of shape {shape_of(predicted)}. They must be equal."
            )
        weights = self._weights(true, sample_weight, mask)
        if self.ignore_class is not None:
            counted = ops.not_equal(true, self.ignore_class)
            weights = ops.multiply(weights, ops.cast(counted, self.dtype))
            true = ops.where(counted, true, 0)
        cells = ops.reshape(ops.add(ops.multiply(true, self.num_classes), predicted), (-1,))
        counts = ops.segment_sum(
            ops.reshape(weights, (-1,)), cells, num_segments=self.num_classes**2
        )
        shape = (self.num_classes, self.num_classes)
        self.accumulate((self.total_confusion_matrix, ops.reshape(counts, shape)))

    def _classes(self, values: Any, sparse: bool, like: Any) -> Tensor:
        """Return class numbers, int32."""
        if sparse:
            return as_tensor(as_labels(values, like), "int32")
        return ops.argmax(as_float(values), axis=self.axis)

    def _weights(self, true: Tensor, sample_weight: Any, mask: Any) -> Tensor:
        """Return the weight of each value, in the dtype of the state."""
        ones = ops.cast(ops.ones_like(true), self.dtype)
        if sample_weight is not None and dtypes.is_integer(self.dtype):
            if dtypes.is_float(dtype_of(sample_weight)):
                warnings.warn(
                    f"{self.name} counts in {self.dtype}: fractions of sample weights are cut off. "
                    "To keep them, make the metric with dtype='float32'.",
                    KerataWarning,
                    stacklevel=3,
                )
        weights = weights_for(ones, sample_weight, mask)
        return ones if weights is None else ops.multiply(ones, weights)

    def _scores(self) -> tuple[Tensor, Tensor]:
        """Return the intersection over union of each class, and 1 for each class seen, else 0."""
        matrix = ops.cast(self.total_confusion_matrix, dtypes.to_float(self.dtype))
        both = ops.diagonal(matrix)
        either = ops.subtract(ops.add(ops.sum(matrix, axis=0), ops.sum(matrix, axis=1)), both)
        seen = ops.cast(ops.greater(either, 0.0), dtype_of(matrix))
        return ops.divide_no_nan(both, either), seen


@register("metrics")
class IoU(_ConfusionMatrix):
    """The mean intersection over union of some classes.

    For a class, `true positives / (true positives + false positives + false negatives)`;
    classes that were neither seen nor predicted do not count.

    Args:
        num_classes: how many classes there are.
        target_class_ids: the classes to average over.
        name: the name in logs.
        dtype: the dtype of the counts, `"int32"` by default.
        ignore_class: a class number whose values do not count.
        sparse_y_true: whether targets are class numbers; else one-hot.
        sparse_y_pred: whether predictions are class numbers; else probabilities.
        axis: the axis of the classes.

    Raises:
        ValueError: if a target class is not one of the classes.

    >>> import kerata
    >>> metric = kerata.metrics.IoU(num_classes=2, target_class_ids=[0])
    >>> round(float(metric([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype or "int32")
        self.target_class_ids = checked_classes(target_class_ids, num_classes)
        self._set_up(num_classes, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def result(self) -> Tensor:
        """Return the mean over the target classes; 0 if none was seen."""
        scores, seen = self._scores()
        chosen = [1.0 if c in self.target_class_ids else 0.0 for c in range(self.num_classes)]
        seen = ops.multiply(seen, chosen)
        return ops.divide_no_nan(ops.sum(ops.multiply(scores, seen)), ops.sum(seen))


@register("metrics")
class BinaryIoU(IoU):
    """The mean intersection over union of the classes 0 and 1, given probabilities.

    Args:
        target_class_ids: the classes to average over.
        threshold: what a prediction must reach to count as class 1.
        name: the name in logs.
        dtype: the dtype of the counts, `"int32"` by default.

    Raises:
        ValueError: if a target class is neither 0 nor 1.

    >>> import kerata
    >>> metric = kerata.metrics.BinaryIoU(threshold=0.3)
    >>> round(float(metric([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
    0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: 0 or 1, any shape.
            y_pred: probabilities, of the same shape.
            sample_weight: a number, or an array of the shape of the first dimensions.
        """
        answers = ops.cast(ops.greater_equal(convert(y_pred), self.threshold), "int32")
        super().update_state(y_true, answers, sample_weight)


@register("metrics")
class MeanIoU(IoU):
    """The mean intersection over union of all classes.

    Args:
        num_classes: how many classes there are.
        name: the name in logs.
        dtype: the dtype of the counts, `"int32"` by default.
        ignore_class: a class number whose values do not count.
        sparse_y_true: whether targets are class numbers; else one-hot.
        sparse_y_pred: whether predictions are class numbers; else probabilities.
        axis: the axis of the classes.

    >>> import kerata
    >>> metric = kerata.metrics.MeanIoU(num_classes=2)
    >>> round(float(metric([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            range(num_classes),
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_true=sparse_y_true,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )


@register("metrics")
class OneHotIoU(IoU):
    """The mean intersection over union of some classes, for one-hot targets.

    Args:
        num_classes: how many classes there are.
        target_class_ids: the classes to average over.
        name: the name in logs.
        dtype: the dtype of the counts, `"int32"` by default.
        ignore_class: a class number whose values do not count.
        sparse_y_pred: whether predictions are class numbers; else probabilities.
        axis: the axis of the classes.

    Raises:
        ValueError: if a target class is not one of the classes.

    >>> import kerata
    >>> metric = kerata.metrics.OneHotIoU(num_classes=2, target_class_ids=[0])
    >>> float(metric([[1, 0], [0, 1]], [[0.9, 0.1], [0.6, 0.4]]))
    0.5
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            target_class_ids,
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_true=False,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )


@register("metrics")
class OneHotMeanIoU(OneHotIoU):
    """The mean intersection over union of all classes, for one-hot targets.

    Args:
        num_classes: how many classes there are.
        name: the name in logs.
        dtype: the dtype of the counts, `"int32"` by default.
        ignore_class: a class number whose values do not count.
        sparse_y_pred: whether predictions are class numbers; else probabilities.
        axis: the axis of the classes.

    >>> import kerata
    >>> metric = kerata.metrics.OneHotMeanIoU(num_classes=2)
    >>> float(metric([[1, 0], [0, 1]], [[0.9, 0.1], [0.6, 0.4]]))
    0.25
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            range(num_classes),
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )


def checked_classes(target_class_ids: Sequence[int], num_classes: int) -> list[int]:
    """Return class numbers as a list.

    Raises:
        ValueError: if one is not from 0 to `num_classes - 1`.

    >>> checked_classes((0, 1), 2)
    [0, 1]
    """
    for number in target_class_ids:
        if not 0 <= number < num_classes:
            raise ValueError(
                f"`target_class_ids` holds {number}; with num_classes={num_classes} the classes "
                f"are 0 to {num_classes - 1}."
            )
    return [int(number) for number in target_class_ids]
