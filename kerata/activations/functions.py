"""The activation functions: each a formula over `kerata.ops`, known by its name."""

from __future__ import annotations

from typing import Any

from kerata import ops
from kerata.core.registry import register

Tensor = Any


@register("activations")
def linear(x: Tensor) -> Tensor:
    """Return the input as it is: `f(x) = x`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.linear(np.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    return x


@register("activations")
def relu(
    x: Tensor,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Tensor:
    """Rectified linear unit: `max(x, 0)`, with further settings.

    `f(x) = max_value` for `x >= max_value`, `x` for `threshold < x < max_value`, and
    `negative_slope * (x - threshold)` below the threshold.

    Args:
        x: A tensor of any shape, of a float dtype.
        negative_slope: The slope below the threshold.
        max_value: The largest value of the output; `None` for no limit.
        threshold: Where the line of slope one begins.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.relu(np.array([-3.0, 5.0, 20.0]), max_value=6.0).tolist()
    [0.0, 5.0, 6.0]
    """
    if threshold == 0.0 and max_value is None:
        return ops.leaky_relu(x, negative_slope) if negative_slope else ops.relu(x)
    below = negative_slope * (x - threshold) if negative_slope else ops.zeros_like(x)
    result = ops.where(ops.greater(x, threshold), x, below)
    return result if max_value is None else ops.minimum(result, max_value)


@register("activations")
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """Leaky ReLU: `x` for `x >= 0`, else `negative_slope * x`.

    Args:
        x: A tensor of any shape, of a float dtype.
        negative_slope: The slope below zero.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.leaky_relu(np.array([-10.0, 1.0])).tolist()
    [-2.0, 1.0]
    """
    return ops.leaky_relu(x, negative_slope)


@register("activations")
def relu6(x: Tensor) -> Tensor:
    """ReLU capped at six: `min(max(x, 0), 6)`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.relu6(np.array([-1.0, 3.0, 9.0])).tolist()
    [0.0, 3.0, 6.0]
    """
    return ops.relu6(x)


@register("activations")
def softmax(x: Tensor, axis: int | tuple[int, ...] = -1) -> Tensor:
    """Softmax: `exp(x) / sum(exp(x))` along an axis.

    Args:
        x: A tensor of any shape, of a float dtype.
        axis: The axis, or axes, whose values sum to one.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.softmax(np.array([[1.0, 1.0]])).tolist()
    [[0.5, 0.5]]
    """
    return ops.softmax(x, axis=axis)


@register("activations")
def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """Logarithm of the softmax: `x - log(sum(exp(x)))` along an axis.

    Args:
        x: A tensor of any shape, of a float dtype.
        axis: The axis whose exponentials sum to one.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.log_softmax(np.array([5.0])).tolist()
    [0.0]
    """
    return ops.log_softmax(x, axis=axis)


@register("activations")
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """Sparsemax: the point of the probability simplex that is nearest to `x`.

    Args:
        x: A tensor of any shape, of a float dtype.
        axis: The axis whose values sum to one.

    Source: Martins, Astudillo, "From Softmax to Sparsemax" (2016).

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.sparsemax(np.array([[0.0, 3.0]])).tolist()
    [[0.0, 1.0]]
    """
    return ops.sparsemax(x, axis=axis)


@register("activations")
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit: `x` for `x > 0`, else `alpha * (exp(x) - 1)`.

    Args:
        x: A tensor of any shape, of a float dtype.
        alpha: The size of the limit for very negative inputs.

    Source: Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by
    Exponential Linear Units" (2016).

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.elu(np.array([0.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return ops.elu(x, alpha=alpha)


@register("activations")
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Continuously differentiable ELU: `max(x, 0) + min(0, alpha * (exp(x / alpha) - 1))`.

    Args:
        x: A tensor of any shape, of a float dtype.
        alpha: The size of the limit for very negative inputs.

    Source: Barron, "Continuously Differentiable Exponential Linear Units" (2017).

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.celu(np.array([0.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return ops.celu(x, alpha=alpha)


@register("activations")
def selu(x: Tensor) -> Tensor:
    """Scaled ELU: `scale * elu(x, alpha)` with the constants that keep mean and variance.

    Args:
        x: A tensor of any shape, of a float dtype.

    Source: Klambauer et al., "Self-Normalizing Neural Networks" (2017).

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.selu(np.array([0.0])).tolist()
    [0.0]
    """
    return ops.selu(x)


@register("activations")
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """Gaussian error linear unit: `x * P(X <= x)` for a standard normal `X`.

    Args:
        x: A tensor of any shape, of a float dtype.
        approximate: Whether to use the approximation by tanh.

    Source: Hendrycks, Gimpel, "Gaussian Error Linear Units" (2016).

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.gelu(np.array([0.0])).tolist()
    [0.0]
    """
    return ops.gelu(x, approximate=approximate)


@register("activations")
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """Gated linear unit: `a * sigmoid(b)`, where `a` and `b` are the halves of `x`.

    Args:
        x: A tensor of any shape, of a float dtype.
        axis: The axis to halve; its size must be even.

    Source: Dauphin et al., "Language Modeling with Gated Convolutional Networks" (2017).

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.glu(np.array([4.0, 0.0])).tolist()
    [2.0]
    """
    return ops.glu(x, axis=axis)


@register("activations")
def sigmoid(x: Tensor) -> Tensor:
    """Sigmoid: `1 / (1 + exp(-x))`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.sigmoid(np.array([0.0])).tolist()
    [0.5]
    """
    return ops.sigmoid(x)


@register("activations")
def log_sigmoid(x: Tensor) -> Tensor:
    """Logarithm of the sigmoid: `-log(1 + exp(-x))`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> abs(kerata.activations.log_sigmoid(np.array([100.0]))).tolist()
    [0.0]
    """
    return ops.log_sigmoid(x)


@register("activations")
def hard_sigmoid(x: Tensor) -> Tensor:
    """Piecewise linear sigmoid: `relu6(x + 3) / 6`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.hard_sigmoid(np.array([-3.0, 0.0, 3.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return ops.hard_sigmoid(x)


@register("activations")
def sparse_sigmoid(x: Tensor) -> Tensor:
    """Piecewise linear sigmoid: `(x + 1) / 2` cut to `[0, 1]`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.sparse_sigmoid(np.array([-1.0, 0.0, 1.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return ops.sparse_sigmoid(x)


@register("activations", "swish")
def silu(x: Tensor) -> Tensor:
    """Sigmoid linear unit, also called swish: `x * sigmoid(x)`.

    Args:
        x: A tensor of any shape, of a float dtype.

    Source: Ramachandran, Zoph, Le, "Searching for Activation Functions" (2017).

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.silu(np.array([0.0])).tolist()
    [0.0]
    """
    return ops.silu(x)


@register("activations", "hard_swish")
def hard_silu(x: Tensor) -> Tensor:
    """Piecewise form of silu, also called hard swish: `x * relu6(x + 3) / 6`.

    Args:
        x: A tensor of any shape, of a float dtype.

    Source: Howard et al., "Searching for MobileNetV3" (2019).

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.hard_silu(np.array([-3.0, 0.0, 3.0])).tolist()
    [-0.0, 0.0, 3.0]
    """
    return ops.hard_silu(x)


@register("activations")
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent: `(exp(x) - exp(-x)) / (exp(x) + exp(-x))`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.tanh(np.array([0.0])).tolist()
    [0.0]
    """
    return ops.tanh(x)


@register("activations")
def hard_tanh(x: Tensor) -> Tensor:
    """`x` cut to `[-1, 1]`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.hard_tanh(np.array([-2.0, 0.5, 2.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    return ops.hard_tanh(x)


@register("activations")
def tanh_shrink(x: Tensor) -> Tensor:
    """What tanh takes away: `x - tanh(x)`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.tanh_shrink(np.array([0.0])).tolist()
    [0.0]
    """
    return ops.tanh_shrink(x)


@register("activations")
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """Moves values towards zero by `threshold`; values within it become zero.

    Args:
        x: A tensor of any shape, of a float dtype.
        threshold: The width of the zone that becomes zero, to each side.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.soft_shrink(np.array([-1.0, 0.2, 1.0])).tolist()
    [-0.5, 0.0, 0.5]
    """
    return ops.soft_shrink(x, threshold=threshold)


@register("activations")
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """Keeps values beyond `threshold`, to each side; the others become zero.

    Args:
        x: A tensor of any shape, of a float dtype.
        threshold: The width of the zone that becomes zero, to each side.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.hard_shrink(np.array([-1.0, 0.2, 1.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    return ops.hard_shrink(x, threshold=threshold)


@register("activations")
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """`x` for `x > threshold`, else `default_value`.

    Args:
        x: A tensor of any shape, of a float dtype.
        threshold: Where the values begin to pass.
        default_value: What the other values become.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.threshold(np.array([-1.0, 2.0]), 1.0, 0.0).tolist()
    [0.0, 2.0]
    """
    return ops.threshold(x, threshold, default_value)


@register("activations")
def softplus(x: Tensor) -> Tensor:
    """Smooth ReLU: `log(exp(x) + 1)`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.softplus(np.array([100.0])).tolist()
    [100.0]
    """
    return ops.softplus(x)


@register("activations")
def softsign(x: Tensor) -> Tensor:
    """Softsign: `x / (1 + |x|)`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.softsign(np.array([-1.0, 1.0])).tolist()
    [-0.5, 0.5]
    """
    return ops.softsign(x)


@register("activations")
def sparse_plus(x: Tensor) -> Tensor:
    """Piecewise quadratic softplus: `0`, then `(x + 1)**2 / 4` between -1 and 1, then `x`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.sparse_plus(np.array([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.25, 2.0]
    """
    return ops.sparse_plus(x)


@register("activations")
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """Algebraic softplus: `(x + sqrt(x**2 + b)) / 2`.

    Args:
        x: A tensor of any shape, of a float dtype.
        b: How smooth the bend at zero is.

    Source: Barron, "Squareplus: A Softplus-Like Algebraic Rectifier" (2021).

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.squareplus(np.array([0.0])).tolist()
    [1.0]
    """
    return ops.squareplus(x, b=b)


@register("activations")
def mish(x: Tensor) -> Tensor:
    """Mish: `x * tanh(softplus(x))`.

    Args:
        x: A tensor of any shape, of a float dtype.

    Source: Misra, "Mish: A Self Regularized Non-Monotonic Activation Function" (2019).

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.mish(np.array([0.0])).tolist()
    [0.0]
    """
    return x * ops.tanh(ops.softplus(x))


@register("activations")
def exponential(x: Tensor) -> Tensor:
    """Exponential: `exp(x)`.

    Args:
        x: A tensor of any shape, of a float dtype.

    >>> import kerata
    >>> import numpy as np
    >>> kerata.activations.exponential(np.array([0.0])).tolist()
    [1.0]
    """
    return ops.exp(x)
