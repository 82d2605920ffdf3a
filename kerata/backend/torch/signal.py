"""PyTorch kernels of Fourier transforms."""

import torch


def _parts(z):
    return z.real, z.imag


def fourier(real, imag, rank, inverse):
    transform = torch.fft.ifftn if inverse else torch.fft.fftn
    return _parts(transform(torch.complex(real, imag), dim=tuple(range(-rank, 0))))


def real_fourier(x, length):
    return _parts(torch.fft.rfft(x, length))


def inverse_real_fourier(real, imag, length):
    return torch.fft.irfft(torch.complex(real, imag), length)
