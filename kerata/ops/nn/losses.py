"""Cross-entropies between targets and predicted probabilities or logits."""

from __future__ import annotations

from kerata.core import config, dtypes
from kerata.core.primitive import Tensor, primitive
from kerata.core.rules import broadcast
from kerata.core.spec import TensorSpec, dtype_of, ndim_of, shape_of
from kerata.ops.cast import cast
from kerata.ops.elementwise import add, clip, divide, log, multiply, negative, subtract
from kerata.ops.nn.activations import log_sigmoid, log_softmax
from kerata.ops.nn.placement import beside
from kerata.ops.reduce import sum
from kerata.ops.shape import moveaxis, squeeze


@primitive(promote="keep")
def negative_log_likelihood(log_probabilities: Tensor, target: Tensor) -> Tensor:
    """Return minus the log probability (..., classes) of each target class (...)."""
    return TensorSpec(target.shape, log_probabilities.dtype)


@primitive
def two_class_entropy(target: Tensor, probabilities: Tensor) -> Tensor:
    """Return `-t * log(p) - (1 - t) * log(1 - p)` for probabilities p inside (0, 1)."""
    return broadcast(target, probabilities)


def categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """Cross-entropy of probabilities, `-sum(target * log(output))` along an axis.

    Args:
        target: tensor of true probabilities, such as one-hot vectors.
        output: tensor of the same shape: predicted probabilities (they are divided by their
            sum, and kept `config.epsilon()` away from 0 and 1) or logits.
        from_logits: whether `output` holds logits, to which softmax is applied.
        axis: the axis of classes.

    Returns:
        Tensor of the shape of `target` without `axis`.

    Raises:
        ValueError: if the shapes differ.

    >>> import kerata
    >>> loss = kerata.ops.categorical_crossentropy([[0.0, 1.0]], [[0.75, 0.25]])
    >>> round(float(loss[0]), 4)
    1.3863
    """
    _check_alike("categorical_crossentropy", target, output)
    target = cast(beside(target, output), dtypes.to_float(dtype_of(output)))
    logs = _log_probabilities(output, from_logits, axis)
    return negative(sum(multiply(target, logs), axis=axis))


def sparse_categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """Cross-entropy of class indices, `-log(output[target])` along an axis.

    Args:
        target: integer tensor of true classes, of the shape of `output` without `axis`, or with
            size 1 there. A class outside `[0, classes)` gives the loss 0.
        output: tensor of predicted probabilities (they are divided by their sum, and kept
            `config.epsilon()` away from 0 and 1) or logits.
        from_logits: whether `output` holds logits, to which softmax is applied.
        axis: the axis of classes.

    Returns:
        Tensor of the shape of `output` without `axis`.

    Raises:
        ValueError: if the shapes do not fit.

    >>> import kerata
    >>> loss = kerata.ops.sparse_categorical_crossentropy([1], [[0.75, 0.25]])
    >>> round(float(loss[0]), 4)
    1.3863
    """
    target = beside(target, output)
    if ndim_of(target) == ndim_of(output) and shape_of(target)[axis] == 1:
        target = squeeze(target, axis=axis)
    if not dtypes.is_integer(dtype_of(target)):
        target = cast(target, "int64")
    logs = _log_probabilities(output, from_logits, axis)
    if axis not in (-1, ndim_of(output) - 1):
        logs = moveaxis(logs, axis, -1)
    _check_classes(target, logs, output)
    return negative_log_likelihood(logs, target)


def binary_crossentropy(target: Tensor, output: Tensor, from_logits: bool = False) -> Tensor:
    """Cross-entropy of two classes, `-target * log(output) - (1 - target) * log(1 - output)`.

    Args:
        target: tensor of true probabilities.
        output: tensor of the same shape: predicted probabilities (they are kept
            `config.epsilon()` away from 0 and 1) or logits.
        from_logits: whether `output` holds logits, to which the sigmoid is applied.

    Returns:
        Tensor of the same shape.

    Raises:
        ValueError: if the shapes differ.

    >>> import kerata
    >>> [round(v, 4) for v in kerata.ops.binary_crossentropy([0.0, 1.0], [0.5, 0.25]).tolist()]
    [0.6931, 1.3863]
    """
    _check_alike("binary_crossentropy", target, output)
    target = cast(beside(target, output), dtypes.to_float(dtype_of(output)))
    if not from_logits:
        return two_class_entropy(target, _inside(output))
    yes, no = log_sigmoid(output), log_sigmoid(negative(output))
    weighted = add(multiply(target, yes), multiply(subtract(1.0, target), no))
    return negative(weighted)


def _log_probabilities(output: Tensor, from_logits: bool, axis: int) -> Tensor:
    if from_logits:
        return log_softmax(output, axis=axis)
    return log(_inside(divide(output, sum(output, axis=axis, keepdims=True))))


def _inside(probabilities: Tensor) -> Tensor:
    """Keep probabilities away from 0 and 1, where logarithms are infinite."""
    epsilon = config.epsilon()
    return clip(probabilities, epsilon, 1.0 - epsilon)


def _check_alike(name: str, target: Tensor, output: Tensor) -> None:
    shapes = shape_of(target), shape_of(output)
    if not _fit(*shapes):
        raise ValueError(
            f"`{name}` got a target of shape {shapes[0]} and an output of shape {shapes[1]}; "
            "expected the same shape. For class indices use `sparse_categorical_crossentropy`."
        )


def _check_classes(target: Tensor, logs: Tensor, output: Tensor) -> None:
    if not _fit(shape_of(target), shape_of(logs)[:-1]):
        raise ValueError(
            f"`sparse_categorical_crossentropy` got a target of shape {shape_of(target)} for an "
            f"output of shape {shape_of(output)}; expected the shape of the output without the "
            "axis of classes. For one-hot targets use `categorical_crossentropy`."
        )


def _fit(first: tuple, second: tuple) -> bool:
    return len(first) == len(second) and all(
        a == b for a, b in zip(first, second, strict=True) if None not in (a, b)
    )
