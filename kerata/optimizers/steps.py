"""The small pure steps that optimizers are chained of, on lists of tensors.

Clipping, weight decay and averaging are the same for all optimizers; moving averages and the
correction of their bias are shared by most.
"""

from __future__ import annotations

from kerata.optimizers.multi import Scalar, Tensors


def clip_by_value(gradients: Tensors, limit: float) -> Tensors:
    """Cut each element to `[-limit, limit]`."""
    return gradients.maximum(-limit).minimum(limit)


def clip_by_norm(gradients: Tensors, limit: float) -> Tensors:
    """Shrink each gradient whose norm is above `limit` to that norm."""
    norms = gradients.square_sums().sqrt()
    return gradients * (limit / norms.maximum(limit))


def clip_by_global_norm(gradients: Tensors, limit: float) -> Tensors:
    """Shrink all gradients by one factor, if the norm of all together is above `limit`.

    A norm that is not finite makes every gradient NaN, so that it is noticed.

    Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural
    networks" (2013).
    """
    sums = gradients.square_sums()
    norm = sums.like([sum(sums.items[1:], sums.items[0])]).sqrt()
    factor = limit / norm.maximum(limit) + (norm - norm)
    return gradients * factor.items[0]


def decay(values: Tensors, amount: Scalar) -> Tensors:
    """Shrink weights by a part of themselves: weight decay apart from the gradient.

    Source: Loshchilov, Hutter, "Decoupled Weight Decay Regularization" (2019).
    """
    return values - values * amount


def moving_average(average: Tensors, values: Tensors, momentum: Scalar) -> Tensors:
    """Move an average towards the values: `momentum * average + (1 - momentum) * values`."""
    return average + (values - average) * (1.0 - momentum)
