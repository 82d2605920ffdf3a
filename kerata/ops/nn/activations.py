"""Activation functions of layers.

Element by element unless they take an `axis`; the shape is kept. `x` is any tensor-like of
any shape; integers become floatx first, except in `relu` and `hard_tanh`, which keep them.
"""

from __future__ import annotations

from kerata.core.primitive import Tensor, primitive
from kerata.core.spec import TensorSpec, ndim_of, shape_of
from kerata.ops.creation import arange
from kerata.ops.elementwise import (
    add,
    clip,
    divide,
    maximum,
    multiply,
    sqrt,
    square,
    subtract,
    tanh,
)
from kerata.ops.joining import split
from kerata.ops.logic import greater, where
from kerata.ops.reduce import cumsum, max, sum
from kerata.ops.shape import flip, reshape
from kerata.ops.sorting import sort

# -- rectified and exponential units ---------------------------------------------------------


@primitive(elementwise=True)
def relu(x: Tensor) -> Tensor:
    """Rectified linear unit, `max(x, 0)`. Its gradient at 0 is 0.

    >>> import kerata
    >>> kerata.ops.relu([-1.0, 0.0, 2.0]).tolist()
    [0.0, 0.0, 2.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def relu6(x: Tensor) -> Tensor:
    """Rectified linear unit limited to 6, `min(max(x, 0), 6)`.

    >>> import kerata
    >>> kerata.ops.relu6([-1.0, 2.0, 9.0]).tolist()
    [0.0, 2.0, 6.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """Rectified linear unit with a slope below 0: `x` if `x > 0`, else `negative_slope * x`.

    Args:
        negative_slope: the slope below 0.

    >>> import kerata
    >>> kerata.ops.leaky_relu([-1.0, 2.0], negative_slope=0.5).tolist()
    [-0.5, 2.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit: `x` if `x > 0`, else `alpha * (exp(x) - 1)`.

    Clevert et al. (2015), "Fast and Accurate Deep Network Learning by Exponential Linear
    Units".

    Args:
        alpha: far below 0 the result is `-alpha`.

    >>> import kerata
    >>> [round(v, 4) for v in kerata.ops.elu([-1.0, 2.0]).tolist()]
    [-0.6321, 2.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def selu(x: Tensor) -> Tensor:
    """Scaled exponential linear unit, `scale * elu(x, alpha)`.

    The constants alpha = 1.67326 and scale = 1.05070 keep mean 0 and variance 1 from layer to
    layer: Klambauer et al. (2017), "Self-Normalizing Neural Networks".

    >>> import kerata
    >>> [round(v, 4) for v in kerata.ops.selu([-1.0, 1.0]).tolist()]
    [-1.1113, 1.0507]
    """
    return x


@primitive(promote="float", elementwise=True)
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Continuously differentiable ELU: `max(x, 0) + min(0, alpha * (exp(x / alpha) - 1))`.

    Barron (2017), "Continuously Differentiable Exponential Linear Units".

    Args:
        alpha: far below 0 the result is `-alpha`.

    >>> import kerata
    >>> [round(v, 4) for v in kerata.ops.celu([-1.0, 2.0], alpha=2.0).tolist()]
    [-0.7869, 2.0]
    """
    return x


# -- gates and smooth units ------------------------------------------------------------------


@primitive(promote="float", elementwise=True)
def sigmoid(x: Tensor) -> Tensor:
    """Logistic function, `1 / (1 + exp(-x))`.

    >>> import kerata
    >>> kerata.ops.sigmoid([0.0]).tolist()
    [0.5]
    """
    return x


@primitive(promote="float", elementwise=True)
def log_sigmoid(x: Tensor) -> Tensor:
    """Logarithm of the logistic function, `-log(1 + exp(-x))`, without overflow.

    >>> import kerata
    >>> [round(v, 4) for v in kerata.ops.log_sigmoid([0.0, -100.0]).tolist()]
    [-0.6931, -100.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def silu(x: Tensor) -> Tensor:
    """Sigmoid linear unit, `x * sigmoid(x)`, also called swish.

    Ramachandran et al. (2017), "Searching for Activation Functions".

    >>> import kerata
    >>> [round(v, 4) for v in kerata.ops.silu([-1.0, 1.0]).tolist()]
    [-0.2689, 0.7311]
    """
    return x


swish = silu


@primitive(promote="float", elementwise=True)
def hard_sigmoid(x: Tensor) -> Tensor:
    """Straight-line approximation of the sigmoid, `min(max(x / 6 + 1/2, 0), 1)`.

    >>> import kerata
    >>> kerata.ops.hard_sigmoid([-4.0, 0.0, 4.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def hard_silu(x: Tensor) -> Tensor:
    """Approximation of `silu`, `x * hard_sigmoid(x)`, also called hard swish.

    Howard et al. (2019), "Searching for MobileNetV3".

    >>> import kerata
    >>> kerata.ops.hard_silu([0.0, 1.5, 4.0]).tolist()
    [0.0, 1.125, 4.0]
    """
    return x


hard_swish = hard_silu


@primitive(promote="float", elementwise=True)
def gelu(x: Tensor, approximate: bool = True) -> Tensor:
    """Gaussian error linear unit, `x * P(X <= x)` with a standard normal X.

    Hendrycks and Gimpel (2016), "Gaussian Error Linear Units".

    Args:
        x: tensor of any shape.
        approximate: whether `P` is taken as
            `(1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2` instead of exactly.

    >>> import kerata
    >>> [round(v, 4) for v in kerata.ops.gelu([-1.0, 1.0], approximate=False).tolist()]
    [-0.1587, 0.8413]
    """
    return x


@primitive(promote="float", elementwise=True)
def mish(x: Tensor) -> Tensor:
    """Self-regularized unit, `x * tanh(softplus(x))`.

    Misra (2019), "Mish: A Self Regularized Non-Monotonic Activation Function".

    >>> import kerata
    >>> [round(v, 4) for v in kerata.ops.nn.mish([-1.0, 1.0]).tolist()]
    [-0.3034, 0.8651]
    """
    return x


@primitive(promote="float", elementwise=True)
def softplus(x: Tensor) -> Tensor:
    """Smooth rectifier, `log(1 + exp(x))`, without overflow.

    >>> import kerata
    >>> [round(v, 4) for v in kerata.ops.softplus([0.0, 100.0]).tolist()]
    [0.6931, 100.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def softsign(x: Tensor) -> Tensor:
    """Sign that grows smoothly, `x / (1 + |x|)`.

    >>> import kerata
    >>> kerata.ops.softsign([-1.0, 3.0]).tolist()
    [-0.5, 0.75]
    """
    return x


def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """Smooth rectifier without exponentials, `(x + sqrt(x**2 + b)) / 2`.

    Barron (2021), "Squareplus: A Softplus-Like Algebraic Rectifier".

    Args:
        x: tensor of any shape.
        b: how smooth the bend at 0 is; 0 gives `relu`.

    >>> import kerata
    >>> kerata.ops.squareplus([0.0, 1.5]).tolist()
    [1.0, 2.0]
    """
    return divide(add(x, sqrt(add(square(x), b))), 2.0)


# -- shrinkage and thresholds ----------------------------------------------------------------


@primitive(promote="float", elementwise=True)
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """Soft threshold: moves `x` towards 0 by `threshold`, to 0 what is nearer than that.

    Args:
        threshold: how far values are moved towards 0.

    >>> import kerata
    >>> kerata.ops.soft_shrink([-1.0, 0.25, 2.0]).tolist()
    [-0.5, 0.0, 1.5]
    """
    return x


@primitive(promote="float", elementwise=True)
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """Hard threshold: `x` if `|x| > threshold`, else 0.

    Args:
        threshold: how far from 0 a value must be to be kept.

    >>> import kerata
    >>> kerata.ops.hard_shrink([-1.0, 0.25, 2.0]).tolist()
    [-1.0, 0.0, 2.0]
    """
    return x


@primitive(elementwise=True)
def hard_tanh(x: Tensor) -> Tensor:
    """Straight-line approximation of tanh, `min(max(x, -1), 1)`.

    >>> import kerata
    >>> kerata.ops.hard_tanh([-3.0, 0.5, 3.0]).tolist()
    [-1.0, 0.5, 1.0]
    """
    return x


def tanh_shrink(x: Tensor) -> Tensor:
    """What tanh takes away, `x - tanh(x)`.

    >>> import kerata
    >>> [round(v, 4) for v in kerata.ops.tanh_shrink([0.0, 2.0]).tolist()]
    [0.0, 1.036]
    """
    return subtract(x, tanh(x))


@primitive(promote="float", elementwise=True)
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """Keep what is above a threshold: `x` if `x > threshold`, else `default_value`.

    Args:
        threshold: the bound.
        default_value: what stands for values that do not exceed it.

    >>> import kerata
    >>> kerata.ops.threshold([0.5, 1.5, 2.5], 1.0, -1.0).tolist()
    [-1.0, 1.5, 2.5]
    """
    return x


# -- along an axis ---------------------------------------------------------------------------


@primitive(promote="float", elementwise=True)
def softmax(x: Tensor, axis: int | tuple[int, ...] = -1) -> Tensor:
    """Positive numbers that sum to 1 along an axis, `exp(x) / sum(exp(x))`, without overflow.

    Args:
        x: tensor of any shape but ().
        axis: the axis, or several, along which the result sums to 1.

    Raises:
        ValueError: if `x` has no such axis.

    >>> import kerata
    >>> kerata.ops.softmax([[3.0, 3.0], [0.0, 1000.0]]).tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """
    return _along_axes("softmax", x, axis)


@primitive(promote="float", elementwise=True)
def log_softmax(x: Tensor, axis: int | tuple[int, ...] = -1) -> Tensor:
    """Logarithm of `softmax`, `x - log(sum(exp(x)))`, without overflow.

    Args:
        x: tensor of any shape but ().
        axis: the axis, or several, along which the exponentials sum to 1.

    Raises:
        ValueError: if `x` has no such axis.

    >>> import kerata
    >>> kerata.ops.log_softmax([0.0, -1000.0]).tolist()
    [0.0, -1000.0]
    """
    return _along_axes("log_softmax", x, axis)


def _along_axes(name: str, x: TensorSpec, axis: int | tuple[int, ...]) -> TensorSpec:
    for each in (axis,) if isinstance(axis, int) else axis:
        if not -x.ndim <= each < x.ndim:
            raise ValueError(
                f"`{name}` got axis {each} for a tensor of shape {x.shape}; "
                f"expected an axis from {-x.ndim} to {x.ndim - 1}."
            )
    return x


def glu(x: Tensor, axis: int = -1) -> Tensor:
    """Gated linear unit: one half of `x` times the sigmoid of the other half.

    Dauphin et al. (2016), "Language Modeling with Gated Convolutional Networks".

    Args:
        x: tensor whose size along `axis` is even.
        axis: the axis that is halved.

    Returns:
        Tensor with half the size along `axis`.

    Raises:
        ValueError: if the size along `axis` is odd.

    >>> import kerata
    >>> kerata.ops.glu([2.0, 4.0, 0.0, 0.0]).tolist()
    [1.0, 2.0]
    """
    size = shape_of(x)[axis]
    if size is not None and size % 2:
        raise ValueError(
            f"`glu` halves axis {axis}, but its size is {size} in shape {shape_of(x)}; "
            "expected an even size."
        )
    values, gates = split(x, 2, axis=axis)
    return multiply(values, sigmoid(gates))


# -- sparse counterparts ---------------------------------------------------------------------


def sparse_plus(x: Tensor) -> Tensor:
    """Softplus that reaches its limits: 0 up to -1, `(x + 1)**2 / 4` up to 1, then `x`.

    >>> import kerata
    >>> kerata.ops.sparse_plus([-2.0, 0.0, 2.0]).tolist()
    [0.0, 0.25, 2.0]
    """
    inside = clip(x, -1.0, 1.0)
    return add(divide(square(add(inside, 1.0)), 4.0), maximum(subtract(x, 1.0), 0.0))


def sparse_sigmoid(x: Tensor) -> Tensor:
    """Sigmoid that reaches its limits, `min(max((x + 1) / 2, 0), 1)`.

    It is the derivative of `sparse_plus`.

    >>> import kerata
    >>> kerata.ops.sparse_sigmoid([-2.0, 0.0, 2.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return clip(divide(add(x, 1.0), 2.0), 0.0, 1.0)


def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """Softmax with exact zeros: the point of the probability simplex that is nearest to `x`.

    Martins and Astudillo (2016), "From Softmax to Sparsemax", algorithm 1: `max(x - tau, 0)`
    with the threshold tau for which the result sums to 1.

    Args:
        x: tensor of any shape but (); the size along `axis` must be known.
        axis: the axis along which the result sums to 1.

    >>> import kerata
    >>> kerata.ops.sparsemax([1.0, 0.5, -1.0]).tolist()
    [0.75, 0.25, 0.0]
    """
    axis = axis % ndim_of(x)
    size = shape_of(x)[axis]
    descending = flip(sort(x, axis=axis), axis=axis)
    counts = reshape(arange(1, size + 1, dtype="float32"), (size,) + (1,) * (ndim_of(x) - 1 - axis))
    surplus = subtract(cumsum(descending, axis=axis), 1.0)
    # The k largest are in the support while the k-th is above the threshold they would give.
    thresholds = divide(surplus, counts)
    supported = greater(descending, thresholds)
    support = max(where(supported, counts, 0.0), axis=axis, keepdims=True)
    total = sum(where(supported, descending, 0.0), axis=axis, keepdims=True)
    return maximum(subtract(x, divide(subtract(total, 1.0), support)), 0.0)
