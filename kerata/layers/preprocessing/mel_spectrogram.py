"""MelSpectrogram: how loud a sound is over time, at pitches as the ear spaces them."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerata import ops
from kerata.core.registry import register
from kerata.core.spec import TensorSpec, spec_of
from kerata.core.variable import numpy_dtype
from kerata.layers.layer import Layer


@register("layers")
class MelSpectrogram(Layer):
    """Turns waves into spectrograms on the mel scale, in decibels by default.

    Args:
        fft_length: samples per Fourier transform.
        sequence_stride: samples from one frame to the next.
        sequence_length: samples under the window; `fft_length` by default.
        window: `"hann"`, `"hamming"`, a vector of weights, or `None`.
        sampling_rate: samples per second.
        num_mel_bins: number of bands.
        min_freq, max_freq: where the lowest band begins and the highest ends, in hertz; half the
            sampling rate by default.
        power_to_db: whether the result is in decibels.
        top_db: how far below the loudest value of a signal the result may reach.
        mag_exp: power of the magnitude: 1 for energy, 2 for power.
        min_power: what smaller values are raised to.
        ref_power: the power of 0 decibels.

    Input: `(samples,)` or `(batch, samples)`. Output: `(num_mel_bins, frames)` or
    `(batch, num_mel_bins, frames)`.

    Source: Davis and Mermelstein, "Comparison of Parametric Representations for Monosyllabic Word
    Recognition in Continuously Spoken Sentences" (1980); mel scale `1127 log(1 + f / 700)`.

    >>> import kerata
    >>> layer = kerata.layers.MelSpectrogram(fft_length=64, sequence_stride=32, num_mel_bins=8)
    >>> layer(kerata.ops.ones((2, 320))).shape
    (2, 8, 11)
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.fft_length = fft_length
        self.sequence_stride = sequence_stride
        self.sequence_length = sequence_length or fft_length
        self.window = window
        self.sampling_rate = sampling_rate
        self.num_mel_bins = num_mel_bins
        self.min_freq = min_freq
        self.max_freq = max_freq or int(sampling_rate / 2)
        self.power_to_db = power_to_db
        self.top_db = top_db
        self.mag_exp = mag_exp
        self.min_power = min_power
        self.ref_power = ref_power
        if not 0 <= min_freq < self.max_freq:
            raise ValueError(
                f"MelSpectrogram got min_freq={min_freq} and max_freq={self.max_freq}; expected "
                "0 <= min_freq < max_freq."
            )

    def call(self, inputs: Any) -> Any:
        """Return the spectrograms of waves."""
        waves = ops.cast(inputs, self.compute_dtype)
        real, imaginary = ops.stft(
            waves, self.sequence_length, self.sequence_stride, self.fft_length, self.window
        )
        magnitude = ops.sqrt(ops.add(ops.square(real), ops.square(imaginary)))
        bands = ops.matmul(ops.power(magnitude, self.mag_exp), self._band_weights())
        bands = ops.swapaxes(bands, -1, -2)
        return self._decibels(bands) if self.power_to_db else bands

    def compute_output_spec(self, inputs: Any) -> TensorSpec:
        """Return the spec of the spectrograms, also for waves of unknown length."""
        spec = spec_of(inputs)
        if spec.shape[-1] is not None:
            return super().compute_output_spec(inputs)
        return TensorSpec((*spec.shape[:-1], self.num_mel_bins, None), self.compute_dtype)

    def _band_weights(self) -> np.ndarray:
        frequencies = self.fft_length // 2 + 1
        weights = _triangles(
            self.num_mel_bins, frequencies, self.sampling_rate, self.min_freq, self.max_freq
        )
        return weights.astype(numpy_dtype(self.compute_dtype))

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins: int = 20,
        num_spectrogram_bins: int = 129,
        sampling_rate: float = 8000,
        lower_edge_hertz: float = 125.0,
        upper_edge_hertz: float = 3800.0,
        dtype: str = "float32",
    ) -> Any:
        """Return what each frequency counts for each band: triangles over the mel scale.

        Args:
            num_mel_bins: number of bands.
            num_spectrogram_bins: number of frequencies, from 0 to half the sampling rate.
            sampling_rate: samples per second.
            lower_edge_hertz, upper_edge_hertz: where the lowest band begins and the highest ends.
            dtype: dtype of the result.

        Returns:
            Tensor of shape `(num_spectrogram_bins, num_mel_bins)`.
        """
        weights = _triangles(
            num_mel_bins, num_spectrogram_bins, sampling_rate, lower_edge_hertz, upper_edge_hertz
        )
        return ops.convert_to_tensor(weights, dtype)

    def _decibels(self, power: Any) -> Any:
        def decibels(value: Any) -> Any:
            return ops.multiply(10.0, ops.log10(ops.maximum(value, self.min_power)))

        reference = 10.0 * np.log10(max(self.min_power, self.ref_power))
        level = ops.subtract(decibels(power), float(reference))
        loudest = ops.max(level, axis=(-2, -1), keepdims=True)
        return ops.maximum(level, ops.subtract(loudest, self.top_db))


def _triangles(
    bands: int, frequencies: int, sampling_rate: float, lowest: float, highest: float
) -> np.ndarray:
    mel = _mel(np.linspace(0, sampling_rate / 2, frequencies))[:, None]
    edges = np.linspace(_mel(lowest), _mel(highest), bands + 2)
    low, center, high = edges[:-2], edges[1:-1], edges[2:]
    weights = np.minimum((mel - low) / (center - low), (high - mel) / (high - center))
    weights[0] = 0  # the constant part is no sound
    return np.maximum(weights, 0)


def _mel(frequency: Any) -> Any:
    return 1127.0 * np.log1p(np.asarray(frequency) / 700.0)
