"""Normalization by mean and variance, by size, and the statistics themselves."""

from __future__ import annotations

from collections.abc import Sequence

from kerata.core import config
from kerata.core.primitive import Tensor, primitive
from kerata.core.spec import ndim_of, shape_of
from kerata.ops.elementwise import abs, divide, maximum, multiply, power, rsqrt, square
from kerata.ops.nn.placement import beside
from kerata.ops.reduce import max, sum
from kerata.ops.shape import reshape

Axes = tuple[int, ...]


# -- primitives ------------------------------------------------------------------------------


@primitive(promote="float")
def normalize_with_moments(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    offset: Tensor | None,
    scale: Tensor | None,
    epsilon: float,
) -> Tensor:
    """Return `(x - mean) / sqrt(variance + epsilon) * scale + offset`, broadcast to `x`."""
    return x


@primitive(promote="float")
def normalize_batch(
    x: Tensor, offset: Tensor | None, scale: Tensor | None, axis: int, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalize by the mean and variance of the batch itself, as in training, in one pass.

    Ioffe and Szegedy (2015), "Batch Normalization". Gradients flow through the first result,
    also by way of the statistics; the other two are for moving averages, without gradients on
    some engines.

    Args:
        x: tensor with features along `axis`.
        offset: tensor (features,) that is added, or None.
        scale: tensor (features,) that is multiplied with, or None.
        axis: the axis of features; the statistics are taken over all others.
        epsilon: added to the variance.

    Returns:
        (normalized tensor of the shape of `x`, mean (features,), variance (features,)).

    >>> import kerata
    >>> y, mean, variance = kerata.ops.nn.normalize_batch([[1.0], [3.0]], None, None, -1, 0.0)
    >>> y.tolist(), mean.tolist(), variance.tolist()
    ([[-1.0], [1.0]], [2.0], [1.0])
    """
    features = x.with_shape((x.shape[axis],))
    return x, features, features


@primitive(promote="float")
def normalize_features(
    x: Tensor, scale: Tensor | None, offset: Tensor | None, axes: Axes, epsilon: float
) -> Tensor:
    """Normalize by the mean and variance along axes; scale and offset broadcast to `x`."""
    return x


@primitive(promote="float")
def normalize_root_mean_square(
    x: Tensor, scale: Tensor | None, axes: Axes, epsilon: float
) -> Tensor:
    """Divide by the root mean square along axes; the scale broadcasts to `x`."""
    return x


@primitive(promote="float")
def mean_and_variance(x: Tensor, axes: Axes, keepdims: bool) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance along axes."""
    if keepdims:
        shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
    else:
        shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    return x.with_shape(shape), x.with_shape(shape)


# -- Keras' functions ------------------------------------------------------------------------


def batch_normalization(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    axis: int,
    offset: Tensor | None = None,
    scale: Tensor | None = None,
    epsilon: float = 1e-3,
) -> Tensor:
    """Normalize features by given statistics.

    `(x - mean) / sqrt(variance + epsilon) * scale + offset`, Ioffe and Szegedy (2015), "Batch
    Normalization".

    Args:
        x: tensor with features along `axis`.
        mean: tensor (features,).
        variance: tensor (features,).
        axis: the axis of features.
        offset: tensor (features,) that is added, or None.
        scale: tensor (features,) that is multiplied with, or None.
        epsilon: added to the variance.

    Returns:
        Tensor of the shape of `x`.

    Raises:
        ValueError: if `x` has no such axis, or a statistic does not fit it.

    >>> import kerata
    >>> kerata.ops.batch_normalization([[3.0], [5.0]], [4.0], [1.0], axis=-1, epsilon=0.0).tolist()
    [[-1.0], [1.0]]
    """
    (axis,) = _positive_axes("batch_normalization", x, axis)
    vectors = [
        None if v is None else _along("batch_normalization", v, x, (axis,))
        for v in (mean, variance, offset, scale)
    ]
    return normalize_with_moments(x, *vectors, float(epsilon))


def layer_normalization(
    x: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
) -> Tensor:
    """Normalize each example by its own mean and variance along some axes.

    `(x - mean) / sqrt(variance + epsilon) * gamma + beta`, Ba et al. (2016), "Layer
    Normalization".

    Args:
        x: tensor of any shape but ().
        gamma: tensor of the sizes of `x` along `axis` that is multiplied with, or None.
        beta: tensor of the same shape that is added, or None.
        axis: the axis, or several, along which the statistics are taken.
        epsilon: added to the variance; `config.epsilon()` by default.

    Returns:
        Tensor of the shape of `x`.

    Raises:
        ValueError: if `x` has no such axis, or `gamma` or `beta` does not fit it.

    >>> import kerata
    >>> kerata.ops.layer_normalization([[1.0, 3.0]], epsilon=0.0).tolist()
    [[-1.0, 1.0]]
    """
    name = "layer_normalization"
    axes = _positive_axes(name, x, axis)
    gamma, beta = (None if v is None else _along(name, v, x, axes) for v in (gamma, beta))
    return normalize_features(x, gamma, beta, axes, _epsilon(epsilon))


def rms_normalization(
    x: Tensor,
    scale: Tensor | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
) -> Tensor:
    """Divide by the root mean square along some axes.

    `x / sqrt(mean(x**2) + epsilon) * scale`, Zhang and Sennrich (2019), "Root Mean Square Layer
    Normalization".

    Args:
        x: tensor of any shape but ().
        scale: tensor that broadcasts to `x` and is multiplied with, or None.
        axis: the axis, or several, along which the mean is taken.
        epsilon: added to the mean; `config.epsilon()` by default.

    Returns:
        Tensor of the shape of `x`.

    Raises:
        ValueError: if `x` has no such axis.

    >>> import kerata
    >>> y = kerata.ops.rms_normalization([[1.0, 7.0]], epsilon=0.0)
    >>> [round(v, 4) for v in y[0].tolist()]
    [0.2, 1.4]
    """
    axes = _positive_axes("rms_normalization", x, axis)
    return normalize_root_mean_square(x, scale, axes, _epsilon(epsilon))


def moments(
    x: Tensor, axes: int | Sequence[int], keepdims: bool = False, synchronized: bool = False
) -> tuple[Tensor, Tensor]:
    """Mean and variance along some axes.

    Args:
        x: tensor of any shape.
        axes: the axes along which the statistics are taken.
        keepdims: whether these axes stay, with size 1.
        synchronized: kept for Keras' signature: a batch spread over devices is one tensor here,
            and its statistics are always those of the whole.

    Returns:
        (mean, variance), the variance being the mean squared distance from the mean.

    Raises:
        ValueError: if `x` has no such axis.

    >>> import kerata
    >>> mean, variance = kerata.ops.moments([[1.0, 3.0]], axes=[-1])
    >>> mean.tolist(), variance.tolist()
    ([2.0], [1.0])
    """
    return mean_and_variance(x, _positive_axes("moments", x, axes), bool(keepdims))


def normalize(
    x: Tensor,
    axis: int | Sequence[int] = -1,
    order: float = 2,
    epsilon: float | None = None,
) -> Tensor:
    """Divide by the norm along some axes, `x / max(norm(x), epsilon)`.

    Args:
        x: tensor of any shape but ().
        axis: the axis, or several, along which the norm is taken.
        order: the order p of the norm `sum(|x|**p)**(1 / p)`; 2 is the Euclidean one,
            `float("inf")` the largest absolute value.
        epsilon: the least divisor; `config.epsilon()` by default.

    Returns:
        Tensor of the shape of `x`.

    Raises:
        ValueError: if `x` has no such axis, or `order` is not positive.

    >>> import kerata
    >>> kerata.ops.normalize([[2.0, 6.0]], order=1).tolist()
    [[0.25, 0.75]]
    """
    if order <= 0:
        raise ValueError(f"`normalize` got order={order}; expected a positive number, such as 2.")
    axes = _positive_axes("normalize", x, axis)
    epsilon = _epsilon(epsilon)
    if order == 2:
        # the square is limited, not the root, whose gradient at 0 is infinite
        least = maximum(sum(square(x), axis=axes, keepdims=True), epsilon**2)
        return multiply(x, rsqrt(least))
    if order == float("inf"):
        norm = max(abs(x), axis=axes, keepdims=True)
    elif order == 1:
        norm = sum(abs(x), axis=axes, keepdims=True)
    else:
        norm = power(sum(power(abs(x), order), axis=axes, keepdims=True), 1.0 / order)
    return divide(x, maximum(norm, epsilon))


def _epsilon(epsilon: float | None) -> float:
    return config.epsilon() if epsilon is None else float(epsilon)


def _positive_axes(name: str, x: Tensor, axis: int | Sequence[int]) -> Axes:
    """Return axes counted from the front, in ascending order."""
    ndim = ndim_of(x)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    if not all(-ndim <= each < ndim for each in axes):
        raise ValueError(
            f"`{name}` got axis {axis} for a tensor of shape {shape_of(x)}; expected axes from "
            f"{-ndim} to {ndim - 1}."
        )
    return tuple(sorted(each % ndim for each in axes))


def _along(name: str, vector: Tensor, x: Tensor, axes: Axes) -> Tensor:
    """Return a tensor of the sizes along `axes` in the shape that broadcasts to `x`."""
    sizes = shape_of(x)
    expected = tuple(sizes[axis] for axis in axes)
    given = shape_of(vector)
    fits = len(given) == len(expected) and all(
        a == b for a, b in zip(given, expected, strict=True) if None not in (a, b)
    )
    if not fits:
        raise ValueError(
            f"`{name}` got a parameter or statistic of shape {given} for inputs of shape {sizes} "
            f"along axes {axes}; expected shape {expected}."
        )
    if axes == tuple(range(len(sizes) - len(axes), len(sizes))):
        return vector
    vector = beside(vector, x)
    return reshape(vector, [given[axes.index(i)] if i in axes else 1 for i in range(len(sizes))])
