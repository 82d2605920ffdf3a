"""The CTC loss: label sequences whose alignment with the predictions is not known."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.losses.loss import Loss, Tensor, as_float, as_labels, known_size

_BLANK = 0


@register("losses")
def ctc(y_true: Any, y_pred: Any) -> Tensor:
    """Return the negative log-likelihood of label sequences, over all their alignments.

    Class 0 is the blank; zeros at the end of a label sequence are padding. Graves et al.,
    "Connectionist Temporal Classification", 2006.

    Args:
        y_true: class numbers, shape (batch, labels).
        y_pred: scores before a softmax, shape (batch, time, classes).

    Returns:
        Values of shape (batch,).

    Raises:
        ValueError: if the shapes are not these.

    >>> import kerata
    >>> round(float(kerata.losses.ctc([[1]], [[[0.0, 0.0]]])[0]), 4)
    0.6931
    """
    y_pred = as_float(y_pred)
    y_true = as_labels(y_true, like=y_pred)
    labels, scores = shape_of(y_true), shape_of(y_pred)
    if len(labels) != 2 or len(scores) != 3 or labels[0] != scores[0]:
        raise ValueError(
            f"ctc: y has shape {labels}, the predictions have shape {scores}; expected "
            "(batch, labels) and (batch, time, classes)."
        )
    lengths = ops.sum(ops.cast(ops.not_equal(y_true, _BLANK), "int32"), axis=1)
    steps = ops.multiply(ops.ones_like(lengths), known_size(y_pred, 1))
    return ops.ctc_loss(y_true, y_pred, lengths, steps, mask_index=_BLANK)


@register("losses")
class CTC(Loss):
    """The CTC loss of label sequences, for predictions that are not aligned with them.

    Args:
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> round(float(kerata.losses.CTC()([[1]], [[[0.0, 0.0]]])), 4)
    0.6931
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "ctc",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each sequence."""
        return ctc(y_true, y_pred)
