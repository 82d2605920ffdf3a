"""Rows of Fourier transforms."""

import numpy as np

from tests.conformance.cases import Case, normal

REAL, IMAG = normal(2, 4, 5), normal(2, 4, 5)[::-1].copy()


def parts(z):
    return z.real, z.imag


def fourier(real, imag, rank, inverse):
    transform = np.fft.ifftn if inverse else np.fft.fftn
    return parts(transform(real + 1j * imag, axes=range(-rank, 0)))


CASES = [
    *(
        Case("fourier", (REAL, IMAG, rank, inverse), oracle=fourier, half=False)
        for rank in (1, 2)
        for inverse in (False, True)
    ),
    *(
        Case("real_fourier", (REAL, n), oracle=lambda x, n: parts(np.fft.rfft(x, n)), half=False)
        for n in (5, 8, 3)
    ),
    *(
        Case(
            "inverse_real_fourier",
            (REAL, IMAG, n),
            oracle=lambda real, imag, n: np.fft.irfft(real + 1j * imag, n),
            half=False,
        )
        for n in (8, 9)
    ),
]
