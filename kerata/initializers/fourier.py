"""The filters of a short-time Fourier transform, as first values of a convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core.registry import register
from kerata.initializers.initializer import Initializer, concrete_shape, numpy_dtype


@register("initializers")
class STFT(Initializer):
    """Cosines or sines of rising frequency, under a window: a spectrogram by convolution.

    Channel f of F has the value `cos(2 pi f t / N)`, or `-sin(2 pi f t / N)`, with `N = 2 F - 2`.

    Args:
        side: `"real"` for the cosines, `"imag"` for the sines.
        window: The name of a window as in `scipy.signal.get_window`, or `None`.
        scaling: `"density"` divides the window by the root of the sum of its squares,
            `"spectrum"` by its sum; `None` leaves it as it is.
        periodic: Whether repetitions of the window add up evenly; it is symmetric otherwise.

    Raises:
        ValueError: If an argument is none of these, or the shape is not (length, 1, F).

    Source: Allen and Rabiner, "A unified approach to short-time Fourier analysis and synthesis"
    (1977).

    >>> import kerata
    >>> kerata.initializers.STFT("real", window=None)((2, 1, 2)).round(6).tolist()
    [[[1.0, 1.0]], [[1.0, -1.0]]]
    """

    def __init__(
        self,
        side: str = "real",
        window: Any = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:
        if side not in ("real", "imag"):
            raise ValueError(f"`side` is {side!r}; expected 'real' or 'imag'.")
        if scaling not in ("density", "spectrum", None):
            raise ValueError(f"`scaling` is {scaling!r}; expected 'density', 'spectrum' or None.")
        self.side = side
        self.window = window
        self.scaling = scaling
        self.periodic = periodic
        self._window(2)  # so that an unknown name is told at once

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> np.ndarray:
        """Return the first values of a variable of shape (length, 1, number of frequencies)."""
        shape = concrete_shape(shape, "STFT")
        if len(shape) != 3 or shape[1] != 1:
            raise ValueError(
                f"STFT makes filters of shape (length, 1, frequencies), but was asked for {shape}. "
                "Use it for a Conv1D of one channel."
            )
        length, _, frequencies = shape
        steps = np.outer(np.arange(length), np.arange(frequencies))
        angles = 2 * np.pi * steps / max(2 * frequencies - 2, 1)
        waves = np.cos(angles) if self.side == "real" else -np.sin(angles)
        return (waves * self._window(length)[:, None])[:, None].astype(numpy_dtype(dtype))

    def _window(self, length: int) -> np.ndarray:
        if self.window is None:
            return np.ones(length)
        from scipy.signal import get_window

        window = get_window(self.window, length, fftbins=self.periodic)
        if self.scaling == "density":
            return window / np.sqrt(np.sum(window**2))
        return window / np.sum(window) if self.scaling == "spectrum" else window
