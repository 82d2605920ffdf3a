"""NumPy kernels of Fourier transforms."""

import numpy as np


def _parts(z, dtype):
    return z.real.astype(dtype), z.imag.astype(dtype)


def fourier(real, imag, rank, inverse):
    transform = np.fft.ifftn if inverse else np.fft.fftn
    return _parts(transform(real + 1j * imag, axes=tuple(range(-rank, 0))), real.dtype)


def real_fourier(x, length):
    return _parts(np.fft.rfft(x, length), x.dtype)


def inverse_real_fourier(real, imag, length):
    return np.fft.irfft(real + 1j * imag, length).astype(real.dtype)
