"""Initializers that draw from a distribution.

The generator is Philox, which computes its n-th number from the key and n alone: fast, of
high quality, and the same on all machines.
Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (2011).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core import config, dtypes
from kerata.core.primitive import convert_to_numpy
from kerata.core.registry import register
from kerata.initializers.initializer import Initializer, concrete_shape, numpy_dtype

# The standard deviation that is left of a standard normal distribution cut at +-2.
TRUNCATED_STDDEV = 0.87962566103423978


class RandomInitializer(Initializer):
    """Base of the initializers that own a seed.

    An integer seed (or none, which draws one from the process' seeds) makes every call of the
    initializer give the same values; a `SeedGenerator` makes each call give others.
    """

    def __init__(self, seed: Any = None) -> None:
        self.seed = seed
        self._drawn_seed = config.next_seed() if seed is None else seed

    def generator(self) -> np.random.Generator:
        """Return the generator of the numbers of one call."""
        seed = self._drawn_seed
        if hasattr(seed, "next"):
            words = convert_to_numpy(seed.next()).astype(np.uint64).ravel()
            seed = int(words[0]) << 32 | int(words[-1])
        return np.random.Generator(np.random.Philox(key=int(seed) % 2**128))


@register("initializers", "normal")
class RandomNormal(RandomInitializer):
    """Draws from a normal distribution.

    Args:
        mean: The mean of the values.
        stddev: Their standard deviation.
        seed: An integer, a `SeedGenerator`, or `None` for a new seed.

    >>> import kerata
    >>> values = kerata.initializers.RandomNormal(stddev=0.1, seed=0)((100, 100))
    >>> round(float(values.std()), 2)
    0.1
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        """Return the first values of a variable of this shape and dtype."""
        shape = concrete_shape(shape, type(self).__name__)
        return _normal(self.generator(), shape, dtype, self.mean, self.stddev)


@register("initializers", "uniform")
class RandomUniform(RandomInitializer):
    """Draws from a uniform distribution over `[minval, maxval)`.

    Args:
        minval: The lower bound of the values.
        maxval: Their upper bound.
        seed: An integer, a `SeedGenerator`, or `None` for a new seed.

    >>> import kerata
    >>> values = kerata.initializers.RandomUniform(0.0, 1.0, seed=0)((100,))
    >>> bool((values >= 0).all() and (values < 1).all())
    True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        """Return the first values of a variable of this shape and dtype."""
        shape = concrete_shape(shape, type(self).__name__)
        return _uniform(self.generator(), shape, dtype, self.minval, self.maxval)


@register("initializers")
class TruncatedNormal(RandomInitializer):
    """Draws from a normal distribution cut at two standard deviations from the mean.

    Args:
        mean: The mean of the values.
        stddev: Their standard deviation before the cut.
        seed: An integer, a `SeedGenerator`, or `None` for a new seed.

    >>> import kerata
    >>> values = kerata.initializers.TruncatedNormal(stddev=1.0, seed=0)((1000,))
    >>> bool(abs(values).max() <= 2.0)
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        """Return the first values of a variable of this shape and dtype."""
        shape = concrete_shape(shape, type(self).__name__)
        return _truncated_normal(self.generator(), shape, dtype, self.mean, self.stddev)


@register("initializers")
class VarianceScaling(RandomInitializer):
    """Draws values whose variance is `scale / n`, so that signals keep their size.

    `n` is the number of inputs of a unit (`"fan_in"`), of its outputs (`"fan_out"`), or the
    mean of both (`"fan_avg"`). The uniform distribution reaches to `sqrt(3 * scale / n)`.

    Args:
        scale: The factor of the variance, above zero.
        mode: `"fan_in"`, `"fan_out"` or `"fan_avg"`.
        distribution: `"truncated_normal"`, `"untruncated_normal"` or `"uniform"`.
        seed: An integer, a `SeedGenerator`, or `None` for a new seed.
        input_axes: The axes of the weight that count as inputs; used with `output_axes`.
        output_axes: The axes of the weight that count as outputs.

    Raises:
        ValueError: If `scale`, `mode` or `distribution` is not one of these.

    Source: He, Zhang, Ren, Sun, "Delving Deep into Rectifiers" (2015); Glorot, Bengio,
    "Understanding the difficulty of training deep feedforward neural networks" (2010).

    >>> import kerata
    >>> init = kerata.initializers.VarianceScaling(2.0, "fan_in", "uniform", seed=0)
    >>> round(float(init((100, 500)).var()), 3)
    0.02
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        if scale <= 0:
            raise ValueError(f"VarianceScaling needs a `scale` above zero, but got {scale}.")
        distribution = distribution.lower()
        self.scale = scale
        self.mode = _one_of("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        # "normal" is the older name of the truncated distribution.
        distribution = "truncated_normal" if distribution == "normal" else distribution
        self.distribution = _one_of("distribution", distribution, tuple(_BY_STDDEV))
        self.input_axes = input_axes
        self.output_axes = output_axes

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        """Return the first values of a variable of this shape and dtype."""
        shape = concrete_shape(shape, type(self).__name__)
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        stddev = math.sqrt(self.scale / max(1.0, fans[self.mode]))
        return _BY_STDDEV[self.distribution](self.generator(), shape, dtype, stddev)


class _NamedVarianceScaling(VarianceScaling):
    """A variance scaling that has a name of its own: only seed and axes are left to choose."""

    fixed: tuple[float, str, str]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.fixed, seed, input_axes, output_axes)


@register("initializers")
class GlorotUniform(_NamedVarianceScaling):
    """Uniform within `sqrt(6 / (fan_in + fan_out))`, also called Xavier uniform.

    Args:
        seed: An integer, a `SeedGenerator`, or `None` for a new seed.
        input_axes: The axes of the weight that count as inputs; used with `output_axes`.
        output_axes: The axes of the weight that count as outputs.

    Source: Glorot, Bengio (2010).

    >>> import kerata
    >>> values = kerata.initializers.GlorotUniform(seed=0)((3, 3))
    >>> bool(abs(values).max() <= 1.0)
    True
    """

    fixed = (1.0, "fan_avg", "uniform")


@register("initializers")
class GlorotNormal(_NamedVarianceScaling):
    """Truncated normal of variance `2 / (fan_in + fan_out)`, also called Xavier normal.

    Args:
        seed: An integer, a `SeedGenerator`, or `None` for a new seed.
        input_axes: The axes of the weight that count as inputs; used with `output_axes`.
        output_axes: The axes of the weight that count as outputs.

    Source: Glorot, Bengio (2010).

    >>> import kerata
    >>> values = kerata.initializers.GlorotNormal(seed=0)((100, 100))
    >>> round(float(values.std()), 2)
    0.1
    """

    fixed = (1.0, "fan_avg", "truncated_normal")


@register("initializers")
class LecunNormal(_NamedVarianceScaling):
    """Truncated normal of variance `1 / fan_in`.

    Args:
        seed: An integer, a `SeedGenerator`, or `None` for a new seed.
        input_axes: The axes of the weight that count as inputs; used with `output_axes`.
        output_axes: The axes of the weight that count as outputs.

    Source: Klambauer et al., "Self-Normalizing Neural Networks" (2017).

    >>> import kerata
    >>> values = kerata.initializers.LecunNormal(seed=0)((100, 100))
    >>> round(float(values.std()), 2)
    0.1
    """

    fixed = (1.0, "fan_in", "truncated_normal")


@register("initializers")
class LecunUniform(_NamedVarianceScaling):
    """Uniform within `sqrt(3 / fan_in)`.

    Args:
        seed: An integer, a `SeedGenerator`, or `None` for a new seed.
        input_axes: The axes of the weight that count as inputs; used with `output_axes`.
        output_axes: The axes of the weight that count as outputs.

    Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp" (1998).

    >>> import kerata
    >>> values = kerata.initializers.LecunUniform(seed=0)((3, 3))
    >>> bool(abs(values).max() <= 1.0)
    True
    """

    fixed = (1.0, "fan_in", "uniform")


@register("initializers")
class HeNormal(_NamedVarianceScaling):
    """Truncated normal of variance `2 / fan_in`, for layers followed by a ReLU.

    Args:
        seed: An integer, a `SeedGenerator`, or `None` for a new seed.
        input_axes: The axes of the weight that count as inputs; used with `output_axes`.
        output_axes: The axes of the weight that count as outputs.

    Source: He, Zhang, Ren, Sun, "Delving Deep into Rectifiers" (2015).

    >>> import kerata
    >>> values = kerata.initializers.HeNormal(seed=0)((200, 100))
    >>> round(float(values.std()), 2)
    0.1
    """

    fixed = (2.0, "fan_in", "truncated_normal")


@register("initializers")
class HeUniform(_NamedVarianceScaling):
    """Uniform within `sqrt(6 / fan_in)`, for layers followed by a ReLU.

    Args:
        seed: An integer, a `SeedGenerator`, or `None` for a new seed.
        input_axes: The axes of the weight that count as inputs; used with `output_axes`.
        output_axes: The axes of the weight that count as outputs.

    Source: He, Zhang, Ren, Sun, "Delving Deep into Rectifiers" (2015).

    >>> import kerata
    >>> values = kerata.initializers.HeUniform(seed=0)((6, 3))
    >>> bool(abs(values).max() <= 1.0)
    True
    """

    fixed = (2.0, "fan_in", "uniform")


@register("initializers", "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times `gain`.

    A weight of more than two axes is made as the matrix `(product of the others, last axis)`.

    Args:
        gain: The factor of the matrix.
        seed: An integer, a `SeedGenerator`, or `None` for a new seed.

    Raises:
        ValueError: When called with a shape of fewer than two axes.

    Source: Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning
    in deep linear neural networks" (2014).

    >>> import kerata
    >>> q = kerata.initializers.Orthogonal(seed=0)((3, 3))
    >>> (q.T @ q).round(3).diagonal().tolist()
    [1.0, 1.0, 1.0]
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        """Return the first values of a variable of this shape and dtype."""
        shape = concrete_shape(shape, type(self).__name__)
        if len(shape) < 2:
            raise ValueError(
                f"Orthogonal makes matrices, but was asked for the shape {shape} of rank "
                f"{len(shape)}. Use it for a weight of two or more axes."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = _normal(self.generator(), (max(rows, columns), min(rows, columns)), dtype, 0.0, 1.0)
        q, r = np.linalg.qr(tall.astype(np.float64 if tall.itemsize == 8 else np.float32))
        # The signs make q uniformly distributed over all orthogonal matrices.
        q = q * np.where(np.diagonal(r) < 0, -1, 1).astype(q.dtype)
        q = q if rows >= columns else q.T
        return (self.gain * q).reshape(shape).astype(numpy_dtype(dtype))


def compute_fans(
    shape: Sequence[int],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[int, int]:
    """Return how many inputs and outputs a unit with a weight of this shape has.

    Without axes the last two axes are inputs and outputs, and the axes before them (the
    window of a convolution) multiply both.

    Args:
        shape: The shape of the weight.
        input_axes: The axes that count as inputs; used only together with `output_axes`.
        output_axes: The axes that count as outputs.

    >>> from kerata.initializers.random import compute_fans
    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    value = value.lower()
    if value not in allowed:
        raise ValueError(f"VarianceScaling needs `{name}` to be one of {allowed}, got {value!r}.")
    return value


def _drawing_dtype(dtype: Any) -> tuple[np.dtype, np.dtype]:
    """Return the dtype to draw in (float32 or float64) and the dtype of the result."""
    result = numpy_dtype(dtype)
    if not dtypes.is_float(result.name):
        raise ValueError(
            f"Random initial values need a floating dtype, but {result.name} was asked for. "
            "Use a float dtype, or another initializer such as `Zeros`."
        )
    return np.dtype(np.float64 if result == np.float64 else np.float32), result


def _normal(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, mean: float, stddev: float
) -> np.ndarray:
    drawn, result = _drawing_dtype(dtype)
    return _affine(rng.standard_normal(shape, drawn), stddev, mean).astype(result, copy=False)


def _uniform(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, low: float, high: float
) -> np.ndarray:
    drawn, result = _drawing_dtype(dtype)
    return _affine(rng.random(shape, drawn), high - low, low).astype(result, copy=False)


def _truncated_normal(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, mean: float, stddev: float
) -> np.ndarray:
    drawn, result = _drawing_dtype(dtype)
    values = rng.standard_normal(math.prod(shape), drawn)
    outside = np.flatnonzero(np.abs(values) > 2)
    while outside.size:
        again = rng.standard_normal(outside.size, drawn)
        values[outside] = again
        outside = outside[np.abs(again) > 2]
    return _affine(values.reshape(shape), stddev, mean).astype(result, copy=False)


def _affine(values: np.ndarray, factor: float, offset: float) -> np.ndarray:
    """Scale and shift in place: weights may be large."""
    values = np.asarray(values)
    values *= factor
    if offset:
        values += offset
    return values


# How to draw values of a given standard deviation and mean zero, by distribution.
_BY_STDDEV = {
    "truncated_normal": lambda rng, shape, dtype, stddev: _truncated_normal(
        rng, shape, dtype, 0.0, stddev / TRUNCATED_STDDEV
    ),
    "untruncated_normal": lambda rng, shape, dtype, stddev: _normal(rng, shape, dtype, 0.0, stddev),
    "uniform": lambda rng, shape, dtype, stddev: _uniform(
        rng, shape, dtype, -math.sqrt(3.0) * stddev, math.sqrt(3.0) * stddev
    ),
}
