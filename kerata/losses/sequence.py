"""The CTC loss: label sequences whose alignment with the predictions is not known."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.losses.loss import Loss, Tensor, as_float, as_labels, known_size

_BLANK = 0
# Stands for the logarithm of 0, where a real one would give NaN gradients.
_IMPOSSIBLE = -1e30


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
    scores = _along_labels(ops.log_softmax(y_pred, axis=-1), y_true)
    lengths = ops.sum(ops.cast(ops.not_equal(y_true, _BLANK), "int32"), axis=1)
    return ops.negative(_log_likelihood(scores, _may_skip(y_true), lengths))


def _along_labels(log_probabilities: Tensor, labels: Tensor) -> Tensor:
    """Return the log-probability, at each time, of each label and of the blanks around it.

    Args:
        log_probabilities: shape (batch, time, classes).
        labels: shape (batch, labels).

    Returns:
        Shape (time, batch, 2 labels + 1): blank, first label, blank, second label, ..., blank.
    """
    shape = shape_of(log_probabilities)[:2] + (known_size(labels, 1),)
    index = ops.broadcast_to(ops.expand_dims(labels, 1), shape)
    of_labels = ops.take_along_axis(log_probabilities, index, axis=2)
    of_blank = log_probabilities[:, :, _BLANK : _BLANK + 1]
    pairs = ops.stack([ops.broadcast_to(of_blank, shape), of_labels], axis=3)
    pairs = ops.reshape(pairs, shape[:2] + (2 * shape[2],))
    return ops.transpose(ops.concatenate([pairs, of_blank], axis=2), (1, 0, 2))


def _may_skip(labels: Tensor) -> Tensor:
    """Return where the blank before a state may be left out: before a label unlike the last."""
    before = ops.pad(labels[:, :-1], ((0, 0), (1, 0)), constant_values=_BLANK)
    differs = ops.logical_and(ops.not_equal(labels, _BLANK), ops.not_equal(labels, before))
    pairs = ops.stack([ops.zeros_like(differs), differs], axis=2)
    states = ops.reshape(pairs, (known_size(labels, 0), 2 * known_size(labels, 1)))
    return ops.pad(states, ((0, 0), (0, 1)))


def _log_likelihood(scores: Tensor, may_skip: Tensor, lengths: Tensor) -> Tensor:
    """Return the log of the summed probability of all alignments: the forward algorithm.

    Args:
        scores: log-probability of each state, shape (time, batch, states).
        may_skip: whether a state may follow the last but one, shape (batch, states).
        lengths: how many labels there are, shape (batch,).
    """
    states = np.arange(known_size(scores, 2))

    def shifted(alpha: Tensor, by: int) -> Tensor:
        return ops.pad(alpha[:, :-by], ((0, 0), (by, 0)), constant_values=_IMPOSSIBLE)

    def advance(alpha: Tensor, score: Tensor) -> tuple[Tensor, None]:
        skipped = ops.where(may_skip, shifted(alpha, 2), _IMPOSSIBLE)
        ways = ops.stack([alpha, shifted(alpha, 1), skipped], axis=0)
        return ops.add(ops.logsumexp(ways, axis=0), score), None

    # Before the first step it is as if a blank had been seen.
    start = ops.where(states == 0, ops.zeros_like(scores[0]), _IMPOSSIBLE)
    alpha, _ = ops.scan(advance, start, scores)
    # An alignment ends in the last label or in the blank after it.
    past_end = ops.subtract(states, ops.expand_dims(ops.multiply(lengths, 2), 1))
    ends = ops.logical_and(ops.less_equal(past_end, 0), ops.greater_equal(past_end, -1))
    return ops.logsumexp(ops.where(ends, alpha, _IMPOSSIBLE), axis=1)


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
