"""Random numbers and dropout.

The primitives are pure functions of a key (`core/seeds.py`). The public functions, of
`kerata.random`, draw the key from a seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerata.backend import select
from kerata.core import dtypes
from kerata.core.config import floatx
from kerata.core.primitive import Tensor, primitive
from kerata.core.seeds import SeedGenerator, draw_key
from kerata.core.spec import Shape, TensorSpec, ndim_of, shape_of
from kerata.core.symbolic import SymbolicTensor
from kerata.ops.cast import in_dtype
from kerata.ops.elementwise import add, multiply, subtract

Seed = int | SeedGenerator | None


# -- primitives ------------------------------------------------------------------------------


@primitive(promote="keep")
def uniform_samples(key: Tensor, shape: Shape, dtype: str) -> Tensor:
    """Draw from the uniform distribution on [0, 1)."""
    return TensorSpec(shape, dtype)


@primitive(promote="keep")
def normal_samples(key: Tensor, shape: Shape, dtype: str) -> Tensor:
    """Draw from the normal distribution with mean 0 and standard deviation 1."""
    return TensorSpec(shape, dtype)


@primitive(promote="keep")
def truncated_normal_samples(key: Tensor, shape: Shape, dtype: str) -> Tensor:
    """Draw from the standard normal distribution restricted to [-2, 2]."""
    return TensorSpec(shape, dtype)


@primitive(promote="keep")
def integer_samples(key: Tensor, shape: Shape, minval: int, maxval: int, dtype: str) -> Tensor:
    """Draw integers from [minval, maxval)."""
    return TensorSpec(shape, dtype)


@primitive(promote="keep")
def categorical_samples(key: Tensor, logits: Tensor, num_samples: int, dtype: str) -> Tensor:
    """Draw class indices from the softmax of logits (batch, classes)."""
    return TensorSpec((logits.shape[0], num_samples), dtype)


@primitive(promote="keep")
def gamma_samples(key: Tensor, alpha: Tensor, shape: Shape, dtype: str) -> Tensor:
    """Draw from gamma distributions of scale 1; alpha broadcasts to the shape."""
    return TensorSpec(shape, dtype)


@primitive(promote="keep")
def beta_samples(key: Tensor, alpha: Tensor, beta: Tensor, shape: Shape, dtype: str) -> Tensor:
    """Draw from beta distributions; the parameters broadcast to the shape."""
    return TensorSpec(shape, dtype)


@primitive(promote="keep")
def binomial_samples(
    key: Tensor, counts: Tensor, probabilities: Tensor, shape: Shape, dtype: str
) -> Tensor:
    """Draw from binomial distributions; the parameters broadcast to the shape."""
    return TensorSpec(shape, dtype)


@primitive(promote="keep")
def permuted(key: Tensor, x: Tensor, axis: int) -> Tensor:
    """Permute the elements along an axis, independently of the other axes."""
    return x


@primitive(promote="keep")
def dropped_out(inputs: Tensor, key: Tensor, rate: float, noise_shape: Shape) -> Tensor:
    """Set a share of the inputs to 0 and multiply the rest by `1 / (1 - rate)`."""
    fits = len(noise_shape) <= inputs.ndim and all(
        noise in (1, size) or None in (noise, size)
        for noise, size in zip(noise_shape[::-1], inputs.shape[::-1], strict=False)
    )
    if not fits:
        raise ValueError(
            f"`dropout` got noise_shape {noise_shape} for inputs of shape {inputs.shape}; "
            "expected for each dimension its size, or 1 where all shall share one choice."
        )
    return inputs


# -- Keras' functions ------------------------------------------------------------------------


def uniform(
    shape: Sequence[int],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Numbers from a uniform distribution.

    Args:
        shape: shape of the result.
        minval: the least number.
        maxval: the bound above, exclusive.
        dtype: float dtype of the result, floatx by default.
        seed: integer, `SeedGenerator`, or None.

    Returns:
        Tensor of the given shape and dtype.

    Raises:
        ValueError: if `dtype` is no float dtype.

    >>> import kerata
    >>> x = kerata.random.uniform((1000,), 2.0, 3.0, seed=1)
    >>> bool(x.min() >= 2.0), bool(x.max() < 3.0)
    (True, True)
    """
    dtype = _float_dtype("uniform", dtype)
    samples = uniform_samples(*_key_and_shape(seed, shape), dtype)
    numbers = isinstance(minval, int | float) and isinstance(maxval, int | float)
    width = maxval - minval if numbers else subtract(maxval, minval)
    return _scaled(samples, width, minval, dtype)


def normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Numbers from a normal distribution.

    Args:
        shape: shape of the result.
        mean: mean of the distribution.
        stddev: its standard deviation.
        dtype: float dtype of the result, floatx by default.
        seed: integer, `SeedGenerator`, or None.

    Returns:
        Tensor of the given shape and dtype.

    Raises:
        ValueError: if `dtype` is no float dtype.

    >>> import kerata
    >>> kerata.random.normal((2, 3), seed=1).shape
    (2, 3)
    """
    dtype = _float_dtype("normal", dtype)
    samples = normal_samples(*_key_and_shape(seed, shape), dtype)
    return _scaled(samples, stddev, mean, dtype)


def truncated_normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Numbers from a normal distribution without its tails beyond two standard deviations.

    Args:
        shape: shape of the result.
        mean: mean of the distribution.
        stddev: standard deviation of the distribution before the tails are cut off.
        dtype: float dtype of the result, floatx by default.
        seed: integer, `SeedGenerator`, or None.

    Returns:
        Tensor of the given shape and dtype.

    Raises:
        ValueError: if `dtype` is no float dtype.

    >>> import kerata
    >>> x = kerata.random.truncated_normal((1000,), seed=1)
    >>> bool(abs(x).max() <= 2.0)
    True
    """
    dtype = _float_dtype("truncated_normal", dtype)
    samples = truncated_normal_samples(*_key_and_shape(seed, shape), dtype)
    return _scaled(samples, stddev, mean, dtype)


def randint(
    shape: Sequence[int], minval: int, maxval: int, dtype: Any = "int32", seed: Seed = None
) -> Tensor:
    """Whole numbers, all equally likely.

    Args:
        shape: shape of the result.
        minval: the least number.
        maxval: the bound above, exclusive.
        dtype: integer dtype of the result.
        seed: integer, `SeedGenerator`, or None.

    Returns:
        Tensor of the given shape and dtype.

    Raises:
        ValueError: if `dtype` is no integer dtype.

    >>> import kerata
    >>> sorted(set(kerata.random.randint((100,), 0, 3, seed=1).tolist()))
    [0, 1, 2]
    """
    dtype = dtypes.canonical(dtype)
    if not dtypes.is_integer(dtype):
        raise ValueError(f"`randint` got dtype {dtype!r}; expected an integer dtype, as 'int32'.")
    return integer_samples(*_key_and_shape(seed, shape), int(minval), int(maxval), dtype)


def categorical(
    logits: Tensor, num_samples: int, dtype: Any = "int32", seed: Seed = None
) -> Tensor:
    """Class indices, drawn with the probabilities `softmax(logits)`.

    Args:
        logits: tensor (batch, classes).
        num_samples: how many indices are drawn per row.
        dtype: integer dtype of the result.
        seed: integer, `SeedGenerator`, or None.

    Returns:
        Tensor (batch, num_samples).

    Raises:
        ValueError: if the logits have not two dimensions.

    >>> import kerata
    >>> kerata.random.categorical([[0.0, 1000.0]], 3, seed=1).tolist()
    [[1, 1, 1]]
    """
    if ndim_of(logits) != 2:
        raise ValueError(
            f"`categorical` got logits of shape {shape_of(logits)}; expected (batch, classes)."
        )
    key = draw_key(seed, logits)
    return categorical_samples(key, logits, num_samples, dtypes.canonical(dtype))


def gamma(shape: Sequence[int], alpha: float, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers from a gamma distribution of scale 1.

    Args:
        shape: shape of the result.
        alpha: shape parameter of the distribution, positive; a number, or a tensor that
            broadcasts to `shape`.
        dtype: float dtype of the result, floatx by default.
        seed: integer, `SeedGenerator`, or None.

    Returns:
        Tensor of the given shape and dtype.

    Raises:
        ValueError: if `dtype` is no float dtype.

    >>> import kerata
    >>> bool(kerata.random.gamma((100,), 2.0, seed=1).min() > 0)
    True
    """
    dtype = _float_dtype("gamma", dtype)
    key, sizes = _key_and_shape(seed, shape, alpha)
    return gamma_samples(key, in_dtype(alpha, dtype), sizes, dtype)


def beta(
    shape: Sequence[int], alpha: float, beta: float, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers from a beta distribution.

    Args:
        shape: shape of the result.
        alpha: first parameter, positive; a number, or a tensor that broadcasts to `shape`.
        beta: second parameter, likewise.
        dtype: float dtype of the result, floatx by default.
        seed: integer, `SeedGenerator`, or None.

    Returns:
        Tensor of the given shape and dtype, with values between 0 and 1.

    Raises:
        ValueError: if `dtype` is no float dtype.

    >>> import kerata
    >>> bool(kerata.random.beta((100,), 2.0, 3.0, seed=1).max() < 1)
    True
    """
    dtype = _float_dtype("beta", dtype)
    key, sizes = _key_and_shape(seed, shape, alpha, beta)
    return beta_samples(key, in_dtype(alpha, dtype), in_dtype(beta, dtype), sizes, dtype)


def binomial(
    shape: Sequence[int],
    counts: float,
    probabilities: float,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """How many of `counts` independent trials succeed.

    Args:
        shape: shape of the result.
        counts: number of trials; a number, or a tensor that broadcasts to `shape`.
        probabilities: probability of success of one trial, likewise.
        dtype: float dtype of the result, floatx by default.
        seed: integer, `SeedGenerator`, or None.

    Returns:
        Tensor of the given shape and dtype, with whole numbers.

    Raises:
        ValueError: if `dtype` is no float dtype.

    >>> import kerata
    >>> kerata.random.binomial((3,), 5.0, 1.0, seed=1).tolist()
    [5.0, 5.0, 5.0]
    """
    dtype = _float_dtype("binomial", dtype)
    key, sizes = _key_and_shape(seed, shape, counts, probabilities)
    parameters = in_dtype(counts, dtype), in_dtype(probabilities, dtype)
    return binomial_samples(key, *parameters, sizes, dtype)


def shuffle(x: Tensor, axis: int = 0, seed: Seed = None) -> Tensor:
    """Permute the elements along an axis, every line along that axis by itself.

    Args:
        x: tensor of any shape but ().
        axis: the axis along which elements change places.
        seed: integer, `SeedGenerator`, or None.

    Returns:
        Tensor of the shape of `x`.

    Raises:
        ValueError: if `x` has no such axis.

    >>> import kerata
    >>> sorted(kerata.random.shuffle([1, 2, 3], seed=1).tolist())
    [1, 2, 3]
    """
    ndim = ndim_of(x)
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"`shuffle` got axis {axis} for a tensor of shape {shape_of(x)}; expected an axis "
            f"from {-ndim} to {ndim - 1}."
        )
    return permuted(draw_key(seed, x), x, axis % ndim)


def dropout(
    inputs: Tensor, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Seed = None
) -> Tensor:
    """Set a random share of the inputs to 0 and scale up the rest, to keep the expected sum.

    Srivastava et al. (2014), "Dropout: A Simple Way to Prevent Neural Networks from
    Overfitting". What is kept is multiplied by `1 / (1 - rate)`. The same seed drops the same
    elements on every backend.

    Args:
        inputs: float tensor of any shape.
        rate: the share that is dropped, from 0 to 1.
        noise_shape: shape of the random choices, which broadcasts to that of `inputs`: with 1
            for a dimension, all along it are kept or dropped together. None stands for the
            size of the inputs.
        seed: integer, `SeedGenerator`, or None.

    Returns:
        Tensor of the shape and dtype of `inputs`.

    Raises:
        ValueError: if `rate` is not within 0 and 1, or `noise_shape` does not fit the inputs.

    >>> import kerata
    >>> y = kerata.random.dropout(kerata.ops.ones((2, 100)), 0.5, seed=1)
    >>> sorted(set(y[0].tolist()))
    [0.0, 2.0]
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"`dropout` got rate={rate}; expected a number from 0 to 1.")
    if rate == 0:
        return inputs
    sizes = shape_of(inputs)
    if noise_shape is not None:
        own = sizes[len(sizes) - len(noise_shape) :]
        sizes = tuple(
            size if noise is None else int(noise)
            for noise, size in zip(noise_shape, own, strict=True)
        )
    return dropped_out(inputs, draw_key(seed, inputs), float(rate), sizes)


def _float_dtype(name: str, dtype: Any) -> str:
    dtype = floatx() if dtype is None else dtypes.canonical(dtype)
    if not dtypes.is_float(dtype):
        raise ValueError(f"`{name}` got dtype {dtype!r}; expected a float dtype, as 'float32'.")
    return dtype


def _key_and_shape(seed: Seed, shape: Sequence[int], *tensors: Tensor) -> tuple[Tensor, Shape]:
    """Return a key and a shape of plain numbers; the key is symbolic if a size is unknown."""
    sizes = tuple(map(_size, shape))
    if any(size is None for size in sizes):
        return SymbolicTensor((2,), "uint32"), sizes
    return draw_key(seed, *tensors), sizes


def _size(size: Any) -> Any:
    """Return a size as a number; one that only a run will know stays a tensor, or `None`."""
    engine = select.engine_of(size)
    traced = engine is not None and engine.is_traced(size)
    return size if size is None or traced else int(size)


def _scaled(samples: Tensor, factor: Any, offset: Any, dtype: str) -> Tensor:
    """Return `samples * factor + offset`, in the dtype of the samples."""
    if type(factor) is not float or factor != 1.0:
        samples = multiply(samples, in_dtype(factor, dtype))
    if type(offset) is not float or offset != 0.0:
        samples = add(samples, in_dtype(offset, dtype))
    return samples
