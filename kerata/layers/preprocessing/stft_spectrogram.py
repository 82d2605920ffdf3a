"""STFTSpectrogram: short-time Fourier transforms of waves, by convolutions that can be trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.core import config
from kerata.core.registry import register
from kerata.core.spec import shape_of
from kerata.core.variable import numpy_dtype
from kerata.initializers import Constant
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


@register("layers")
class STFTSpectrogram(Layer):
    """Turns waves into what their frames hold at each frequency.

    Args:
        mode: `"real"`, `"imag"`: parts of the transform, `"stft"`: both, one after the other
            along the frequencies; `"magnitude"`, `"log"`: its logarithm, `"angle"`: in radians;
            `"psd"`: power spectral density, with that of negative frequencies added.
        frame_length: samples per frame.
        frame_step: samples from one frame to the next; half a frame by default.
        fft_length: samples per Fourier transform; by default the next power of two.
        window: `None`, weights, or the name of a window that `scipy.signal.get_window` knows.
        periodic: whether the window is one of a periodic sequence, or symmetric.
        scaling: `"density"`: the window's squares add up to 1; `"spectrum"`: its weights do.
        padding: `"valid"`, or `"same"` to fill up with zeros at both ends.
        expand_dims: whether frequencies and channels have an axis each, or share one.
        data_format: `"channels_last"`: `(batch, samples, channels)`, or `"channels_first"`.

    Input: waves of 3 dimensions. Output: `(batch, frames, channels * frequencies)`, or
    `(batch, frames, frequencies, channels)` with `expand_dims`; with channels first
    `(batch, channels * frequencies, frames)` or `(batch, channels, frames, frequencies)`.

    Source: Heinzel, Ruediger and Schilling, "Spectrum and spectral density estimation by the
    Discrete Fourier transform" (2002).

    >>> import kerata
    >>> layer = kerata.layers.STFTSpectrogram(mode="magnitude", frame_length=16)
    >>> layer(kerata.ops.ones((2, 40, 1))).shape
    (2, 4, 9)
    """

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _check_choice("mode", mode, _MODES)
        _check_choice("padding", padding, ("valid", "same"))
        _check_choice("scaling", scaling, ("density", "spectrum", None))
        _check_lengths(frame_length, frame_step, fft_length)
        self.mode = mode
        self.frame_length = frame_length
        self.frame_step = frame_step
        self.fft_length = fft_length
        self.window = window
        self.periodic = periodic
        self.scaling = scaling
        self.padding = padding
        self.expand_dims = expand_dims
        self.data_format = data_format or config.image_data_format()
        self.input_spec = InputSpec(ndim=3)
        self.real_kernel: Any = None
        self.imag_kernel: Any = None

    def build(self, input_shape: tuple) -> None:
        """Make the kernels: the window times the waves of each frequency."""
        length = self.fft_length or 1 << (self.frame_length - 1).bit_length()
        phases = np.arange(self.frame_length)[:, None] * np.arange(length // 2 + 1) / length
        waves = self._window()[:, None] * np.exp(-2j * np.pi * phases)
        if self.mode != "imag":
            self.real_kernel = self._kernel(waves.real, "real_kernel")
        if self.mode != "real":
            self.imag_kernel = self._kernel(waves.imag, "imag_kernel")
        #: whether the last frequency is its own negative, as half the sampling rate is
        self._has_nyquist = length % 2 == 0

    def _kernel(self, values: np.ndarray, name: str) -> Any:
        values = values[:, None]
        return self.add_weight(values.shape, Constant(values), name=name)

    def _window(self) -> np.ndarray:
        """Return the scaled weights of a frame's samples."""
        if self.window is None:
            return np.ones(self.frame_length)
        if isinstance(self.window, str):
            weights = _named_window(self.window, self.frame_length, self.periodic)
        else:
            weights = np.asarray(self.window, np.float64)
            if weights.shape != (self.frame_length,):
                raise ValueError(
                    f"`window` has shape {weights.shape}; expected ({self.frame_length},), the "
                    "frame length."
                )
        if self.scaling == "density":
            return weights / np.sqrt(np.square(weights).sum())
        return weights / weights.sum() if self.scaling == "spectrum" else weights

    def call(self, inputs: Any) -> Any:
        """Return the spectrograms of waves."""
        waves = ops.cast(inputs, self.compute_dtype)
        if self.data_format == "channels_last":
            waves = ops.swapaxes(waves, 1, 2)
        channels, samples = shape_of(waves)[1:]
        waves = ops.reshape(waves, (-1, samples, 1))
        spectra = self._spectra(waves)
        frames, frequencies = shape_of(spectra)[1:]
        return self._arranged(ops.reshape(spectra, (-1, channels, frames, frequencies)))

    def _spectra(self, waves: Any) -> Any:
        """Return what the mode asks for, of shape `(signals, frames, frequencies)`."""
        if self.mode == "real":
            return self._convolved(waves, self.real_kernel)
        if self.mode == "imag":
            return self._convolved(waves, self.imag_kernel)
        real = self._convolved(waves, self.real_kernel)
        imaginary = self._convolved(waves, self.imag_kernel)
        if self.mode == "stft":
            return ops.concatenate([real, imaginary], axis=-1)
        if self.mode == "angle":
            return ops.arctan2(imaginary, real)
        power = ops.add(ops.square(real), ops.square(imaginary))
        if self.mode == "psd":
            return ops.multiply(power, self._sides(shape_of(power)[-1]))
        magnitude = ops.sqrt(ops.maximum(power, config.epsilon()))
        return magnitude if self.mode == "magnitude" else ops.log(magnitude)

    def _convolved(self, waves: Any, kernel: Any) -> Any:
        step = self.frame_step or self.frame_length // 2
        return ops.conv(waves, kernel, step, self.padding, data_format="channels_last")

    def _sides(self, frequencies: int) -> np.ndarray:
        """Return how many of a frequency and its negative there are: 2, 1 at the ends."""
        sides = np.full(frequencies, 2.0)
        sides[0] = 1.0
        if self._has_nyquist:
            sides[-1] = 1.0
        return sides.astype(numpy_dtype(self.compute_dtype))

    def _arranged(self, spectra: Any) -> Any:
        """Order the axes of spectra of shape `(batch, channels, frames, frequencies)`."""
        first = self.data_format == "channels_first"
        if self.expand_dims:
            return spectra if first else ops.transpose(spectra, (0, 2, 3, 1))
        channels, frames, frequencies = shape_of(spectra)[1:]
        if first:
            spectra = ops.swapaxes(spectra, 2, 3)
            return ops.reshape(spectra, (-1, channels * frequencies, frames))
        spectra = ops.swapaxes(spectra, 1, 2)
        return ops.reshape(spectra, (-1, frames, channels * frequencies))


def _check_choice(argument: str, value: Any, known: tuple) -> None:
    if value not in known:
        raise ValueError(
            f"STFTSpectrogram got {argument}={value!r}; expected one of "
            f"{', '.join(map(repr, known))}."
        )


def _check_lengths(frame_length: int, frame_step: int | None, fft_length: int | None) -> None:
    step = frame_length // 2 if frame_step is None else frame_step
    if not 1 <= step <= frame_length or frame_length > (fft_length or frame_length):
        raise ValueError(
            f"STFTSpectrogram got frame_length={frame_length}, frame_step={frame_step} and "
            f"fft_length={fft_length}; expected 1 <= frame_step <= frame_length <= fft_length."
        )


def _named_window(name: str, length: int, periodic: bool) -> np.ndarray:
    try:
        from scipy.signal import get_window
    except ImportError as error:
        raise ImportError("Windows by name need SciPy: pip install scipy") from error
    return get_window(name, length, fftbins=periodic)
