"""Signals: window functions, Fourier transforms and overlapping frames.

Complex numbers go in and out as pairs of tensors (real part, imaginary part), as in Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kerata.core import dtypes, tree
from kerata.core.primitive import Tensor, primitive
from kerata.core.spec import dtype_of, ndim_of, shape_of
from kerata.ops.cast import cast, convert_to_tensor, in_dtype
from kerata.ops.creation import ones_like
from kerata.ops.elementwise import multiply, square, true_divide
from kerata.ops.indexing import get_item, take
from kerata.ops.joining import pad
from kerata.ops.logic import greater, where
from kerata.ops.reduce import segment_sum
from kerata.ops.shape import moveaxis, reshape

# -- windows -------------------------------------------------------------------------------


def _window(values: np.ndarray) -> Tensor:
    return convert_to_tensor(values, dtypes.floatx())


def bartlett(x: int) -> Tensor:
    """Bartlett window, a triangle, of `x` points (Oppenheim and Schafer, 1999).

    Args:
        x: number of points.

    >>> import kerata
    >>> kerata.ops.bartlett(5).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return _window(np.bartlett(int(x)))


def blackman(x: int) -> Tensor:
    """Blackman window, of three cosine terms, of `x` points (Blackman and Tukey, 1958).

    Args:
        x: number of points.

    >>> import kerata
    >>> kerata.ops.blackman(3).shape
    (3,)
    """
    return _window(np.blackman(int(x)))


def hamming(x: int) -> Tensor:
    """Hamming window, a raised cosine, of `x` points (Blackman and Tukey, 1958).

    Args:
        x: number of points.

    >>> import kerata
    >>> kerata.ops.hamming(3).shape
    (3,)
    """
    return _window(np.hamming(int(x)))


def hanning(x: int) -> Tensor:
    """Hann window, a raised cosine that ends in 0, of `x` points (Blackman and Tukey, 1958).

    Args:
        x: number of points.

    >>> import kerata
    >>> kerata.ops.hanning(5).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return _window(np.hanning(int(x)))


def kaiser(x: int, beta: float) -> Tensor:
    """Kaiser window, of Bessel functions, of `x` points (Kaiser, 1966).

    Args:
        x: how many points.
        beta: shape: 0 is a rectangle, larger ones are narrower.

    >>> import kerata
    >>> kerata.ops.kaiser(3, 0.0).tolist()
    [1.0, 1.0, 1.0]
    """
    return _window(np.kaiser(int(x), float(beta)))


# -- Fourier transforms --------------------------------------------------------------------


@primitive(promote="float")
def fourier(real: Tensor, imag: Tensor, rank: int, inverse: bool) -> tuple[Tensor, Tensor]:
    """Discrete Fourier transform over the last `rank` dimensions. See `fft`."""
    if real.ndim < rank:
        raise ValueError(
            f"Fourier transform over {rank} dimensions got shape {real.shape}; add dimensions."
        )
    return real, imag


@primitive(promote="float")
def real_fourier(x: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Non-negative frequencies of the transform of real signals. See `rfft`."""
    half = x.with_shape((*x.shape[:-1], length // 2 + 1))
    return half, half


@primitive(promote="float")
def inverse_real_fourier(real: Tensor, imag: Tensor, length: int) -> Tensor:
    """Real signals of non-negative frequencies. See `irfft`."""
    return real.with_shape((*real.shape[:-1], length))


def _transformed(transform: Callable, *signals: Tensor, **options: Any) -> Any:
    """Apply a transform in single precision at least: engines have none in half."""
    dtype = dtype_of(signals[0])
    if dtype not in ("float16", "bfloat16"):
        return transform(*signals, **options)
    result = transform(*(cast(signal, "float32") for signal in signals), **options)
    return tree.map_structure(lambda part: cast(part, dtype), result)


def _pair(x: Any, name: str) -> tuple[Tensor, Tensor]:
    if not isinstance(x, tuple | list) or len(x) != 2:
        raise ValueError(f"`{name}` expects a pair of tensors (real part, imaginary part).")
    if shape_of(x[0]) != shape_of(x[1]):
        raise ValueError(
            f"`{name}` got a real part of shape {shape_of(x[0])} and an imaginary part of shape "
            f"{shape_of(x[1])}; expected equal shapes."
        )
    return x[0], x[1]


def fft(x: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Discrete Fourier transform over the last dimension: `sum_n x[n] exp(-2 pi i k n / N)`.

    Args:
        x: pair (real part, imaginary part) of tensors of one shape.

    Returns:
        Pair of tensors of the same shape.

    Raises:
        ValueError: if `x` is no such pair.

    >>> import kerata
    >>> real, imag = kerata.ops.fft(([1.0, 1.0], [0.0, 0.0]))
    >>> real.tolist()
    [2.0, 0.0]
    """
    return _transformed(fourier, *_pair(x, "fft"), rank=1, inverse=False)


def fft2(x: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Discrete Fourier transform over the last two dimensions. See `fft`.

    Args:
        x: real and imaginary parts, each `(..., rows, columns)`.

    >>> import kerata
    >>> real, imag = kerata.ops.fft2(([[1.0, 1.0]], [[0.0, 0.0]]))
    >>> real.tolist()
    [[2.0, 0.0]]
    """
    return _transformed(fourier, *_pair(x, "fft2"), rank=2, inverse=False)


def ifft2(x: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Inverse of `fft2`.

    Args:
        x: real and imaginary parts, each `(..., rows, columns)`.

    >>> import kerata
    >>> real, imag = kerata.ops.ifft2(([[2.0, 0.0]], [[0.0, 0.0]]))
    >>> real.tolist()
    [[1.0, 1.0]]
    """
    return _transformed(fourier, *_pair(x, "ifft2"), rank=2, inverse=True)


def rfft(x: Tensor, fft_length: int | None = None) -> tuple[Tensor, Tensor]:
    """Discrete Fourier transform of real signals over the last dimension.

    Args:
        x: real tensor.
        fft_length: to which length signals are cut or filled up with zeros; by default their
            own.

    Returns:
        Pair (real part, imaginary part) of the `fft_length // 2 + 1` non-negative frequencies.

    >>> import kerata
    >>> real, imag = kerata.ops.rfft([1.0, 1.0])
    >>> real.tolist()
    [2.0, 0.0]
    """
    length = shape_of(x)[-1] if fft_length is None else int(fft_length)
    return _transformed(real_fourier, x, length=length)


def irfft(x: tuple[Tensor, Tensor], fft_length: int | None = None) -> Tensor:
    """Inverse of `rfft`.

    Args:
        x: pair (real part, imaginary part) of non-negative frequencies.
        fft_length: length of the signals; by default twice the number of frequencies minus two.

    Returns:
        Real tensor.

    >>> import kerata
    >>> kerata.ops.irfft(([2.0, 0.0], [0.0, 0.0])).tolist()
    [1.0, 1.0]
    """
    real, imag = _pair(x, "irfft")
    length = 2 * (shape_of(real)[-1] - 1) if fft_length is None else int(fft_length)
    return _transformed(inverse_real_fourier, real, imag, length=length)


# -- frames --------------------------------------------------------------------------------


def extract_sequences(x: Tensor, sequence_length: int, sequence_stride: int) -> Tensor:
    """Cut signals into frames that may overlap.

    Args:
        x: signals of shape `(..., samples)`.
        sequence_length: samples per frame.
        sequence_stride: samples from one frame to the next.

    Returns:
        Tensor of shape `(..., frames, sequence_length)`; what is left at the end is dropped.

    >>> import kerata
    >>> kerata.ops.extract_sequences([1, 2, 3, 4, 5], 3, 2).tolist()
    [[1, 2, 3], [3, 4, 5]]
    """
    count = (shape_of(x)[-1] - sequence_length) // sequence_stride + 1
    starts = np.arange(max(count, 0), dtype="int32") * sequence_stride
    return take(x, starts[:, None] + np.arange(sequence_length, dtype="int32"), axis=-1)


def _stft_window(window: Any, length: int, fft_length: int, dtype: str) -> np.ndarray | Tensor:
    """Return a window of `length` points, filled up with zeros on both sides to `fft_length`."""
    before = (fft_length - length) // 2
    widths = (before, fft_length - length - before)
    if window is None:
        return in_dtype(np.ones(fft_length), dtype)
    if isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise ValueError(f"`window` is {window!r}; expected 'hann', 'hamming' or a tensor.")
        # one point short of the symmetric window: repetitions of it add up evenly
        points = (np.hanning if window == "hann" else np.hamming)(length + 1)[:-1]
        return in_dtype(np.pad(points, widths), dtype)
    if shape_of(window) != (length,):
        raise ValueError(
            f"`window` has shape {shape_of(window)}; expected ({length},), the sequence length."
        )
    return pad(cast(window, dtype), widths)


def _check_frames(length: int, stride: int, fft_length: int, name: str) -> None:
    if not 0 < length <= fft_length or stride < 1:
        raise ValueError(
            f"`{name}` got sequence_length={length}, sequence_stride={stride} and "
            f"fft_length={fft_length}; expected a length of at most fft_length and a stride >= 1."
        )


def stft(
    x: Tensor,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> tuple[Tensor, Tensor]:
    """Short-time Fourier transform: `rfft` of windowed frames.

    Args:
        x: real signals of shape `(..., samples)`.
        sequence_length: samples under the window.
        sequence_stride: samples from one frame to the next.
        fft_length: samples per frame, at least `sequence_length`.
        window: `"hann"`, `"hamming"`, a vector of `sequence_length` weights, or `None` for
            weights of 1 on whole frames.
        center: whether frames are centered on their samples: signals are extended by their
            mirror image at both ends.

    Returns:
        Pair (real part, imaginary part) of shape `(..., frames, fft_length // 2 + 1)`.

    Raises:
        ValueError: if the lengths do not fit or the window is unknown.

    >>> import kerata
    >>> real, imag = kerata.ops.stft(kerata.ops.ones((16,)), 4, 2, 4)
    >>> real.shape
    (9, 3)
    """
    _check_frames(sequence_length, sequence_stride, fft_length, "stft")
    x = cast(x, dtypes.to_float(dtype_of(x)))
    weights = _stft_window(window, sequence_length, fft_length, dtype_of(x))
    if center:
        width = fft_length // 2
        x = pad(x, ((0, 0),) * (ndim_of(x) - 1) + ((width, width),), mode="reflect")
    frames = extract_sequences(x, fft_length, sequence_stride)
    return rfft(multiply(frames, weights), fft_length)


def istft(
    x: tuple[Tensor, Tensor],
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Tensor:
    """Inverse of `stft`: windowed frames are added up and divided by the squared windows.

    Args:
        x: pair (real part, imaginary part) of shape `(..., frames, fft_length // 2 + 1)`.
        sequence_length, sequence_stride, fft_length, window, center: as they were in `stft`.
        length: how many samples to return; by default all that the frames cover.

    Returns:
        Real signals of shape `(..., samples)` (Griffin and Lim, 1984).

    Raises:
        ValueError: if the lengths do not fit or the window is unknown.

    >>> import kerata
    >>> frames = kerata.ops.stft(kerata.ops.ones((16,)), 4, 2, 4)
    >>> kerata.ops.round(kerata.ops.istft(frames, 4, 2, 4), 3).tolist()[:4]
    [1.0, 1.0, 1.0, 1.0]
    """
    _check_frames(sequence_length, sequence_stride, fft_length, "istft")
    frames = irfft(x, fft_length)
    weights = _stft_window(window, sequence_length, fft_length, dtype_of(frames))
    signal = _overlapped(multiply(frames, weights), sequence_stride)
    count = shape_of(frames)[-2]
    squares = _overlapped(multiply(ones_like(frames), square(weights)), sequence_stride)
    signal = true_divide(signal, where(greater(squares, 1e-10), squares, 1.0))
    start = fft_length // 2 if center else 0
    whole = fft_length + sequence_stride * (count - 1)
    end = start + length if length is not None else whole - start
    return get_item(signal, (..., slice(start, end)))


def _overlapped(frames: Tensor, stride: int) -> Tensor:
    """Add frames `(..., count, length)` up to signals, each `stride` samples after the last."""
    count, length = shape_of(frames)[-2:]
    samples = np.arange(count, dtype="int32")[:, None] * stride + np.arange(length, dtype="int32")
    total = length + stride * (count - 1)
    batch = shape_of(frames)[:-2]
    rows = moveaxis(reshape(frames, (*batch, count * length)), -1, 0)
    return moveaxis(segment_sum(rows, samples.reshape(-1), total), 0, -1)
