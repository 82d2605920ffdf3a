"""The Circle loss: embeddings of one class near each other, those of others far away."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.core import masks
from kerata.core.registry import register
from kerata.core.spec import dtype_of, ndim_of, shape_of
from kerata.losses.loss import Loss, Tensor, as_float, as_labels, as_tensor, known_size

# Stands for minus infinity in a log-sum-exp, where a real one would give NaN gradients.
_NOTHING = -1e9


@register("losses")
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """Return the Circle loss of each embedding against reference embeddings.

    `log(1 + sum_n exp(gamma [s_n + m]+ (s_n - m)) sum_p exp(-gamma [1 + m - s_p]+ (s_p - 1 + m)))`,
    with `m` the margin and `s_p`, `s_n` the cosines to references of the same and of other
    classes. Sun et al., "Circle Loss: A Unified Perspective of Pair Similarity Optimization", 2020.

    Args:
        y_true: class numbers, shape (batch,) or (batch, 1).
        y_pred: embeddings of length 1, shape (batch, d).
        ref_labels: class numbers of the references; `y_true` by default.
        ref_embeddings: references of length 1, shape (references, d); `y_pred` by default.
        remove_diagonal: whether reference `i` is embedding `i` itself, to be left out.
        gamma: the scale of the similarities.
        margin: how far from 0 and 1 similarities may stay.

    Returns:
        Values of shape (batch,); 0 for a sample without references of its class or of others.
        Samples without references of their class count as masked.

    Raises:
        ValueError: if labels and embeddings do not fit.

    >>> import kerata
    >>> x = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    >>> loss = kerata.losses.circle([0, 0, 1], x, gamma=1.0)
    >>> [round(float(value), 3) for value in loss]
    [0.546, 0.546, 0.0]
    """
    y_pred = as_float(y_pred)
    labels = _labels_of(y_true, y_pred)
    references = y_pred if ref_embeddings is None else as_tensor(ref_embeddings, dtype_of(y_pred))
    ref_labels = labels if ref_labels is None else _labels_of(ref_labels, references)

    similarity = ops.matmul(y_pred, ops.transpose(references))
    same = ops.equal(ops.expand_dims(labels, 1), ops.expand_dims(ref_labels, 0))
    other = ops.logical_not(same)
    if remove_diagonal:
        itself = np.eye(known_size(similarity, 0), known_size(similarity, 1))
        same = ops.logical_and(same, itself == 0)

    # How far a similarity is from its optimum weighs it.
    pull = ops.relu(ops.subtract(1.0 + margin, similarity))
    push = ops.relu(ops.add(similarity, margin))
    near = ops.multiply(pull, ops.subtract(1.0 - margin, similarity))
    far = ops.multiply(push, ops.subtract(similarity, margin))
    values = ops.softplus(ops.add(_sum_exp(near, same, gamma), _sum_exp(far, other, gamma)))
    masks.attach(values, ops.any(same, axis=1))
    return values


def _labels_of(labels: Any, embeddings: Tensor) -> Tensor:
    """Return class numbers of shape (batch,) for embeddings of shape (batch, d)."""
    labels = as_labels(labels, like=embeddings)
    given, wanted = shape_of(labels), shape_of(embeddings)
    if len(wanted) != 2 or given not in (wanted[:1], (wanted[0], 1)):
        raise ValueError(
            f"circle: y has shape {given}, the embeddings have shape {wanted}; expected one "
            "class number for each embedding: shapes (batch,) and (batch, d)."
        )
    return ops.squeeze(labels, -1) if ndim_of(labels) == 2 else labels


def _sum_exp(values: Tensor, chosen: Tensor, gamma: float) -> Tensor:
    """Return the log-sum-exp over the chosen references."""
    return ops.logsumexp(ops.where(chosen, ops.multiply(values, gamma), _NOTHING), axis=1)


@register("losses")
class Circle(Loss):
    """The Circle loss of embeddings of length 1, given the class number of each.

    Args:
        gamma: the scale of the similarities.
        margin: how far from 0 and 1 similarities may stay.
        remove_diagonal: whether an embedding is not compared with itself.
        reduction: see `Loss`.
        name: the name in logs.
        dtype: see `Loss`.

    >>> import kerata
    >>> x = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    >>> round(float(kerata.losses.Circle(gamma=1.0)([0, 0, 1], x)), 3)
    0.546
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.gamma = gamma
        self.margin = margin
        self.remove_diagonal = remove_diagonal

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the loss of each embedding."""
        return circle(
            y_true,
            y_pred,
            remove_diagonal=self.remove_diagonal,
            gamma=self.gamma,
            margin=self.margin,
        )
