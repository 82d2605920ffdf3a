"""PyTorch kernels of Fourier transforms. MKL refuses to transform nothing: empty ones pass by."""

import torch


def _parts(z):
    return z.real, z.imag


def fourier(real, imag, rank, inverse):
    if not real.numel():
        return real, imag
    transform = torch.fft.ifftn if inverse else torch.fft.fftn
    return _parts(transform(torch.complex(real, imag), dim=tuple(range(-rank, 0))))


def real_fourier(x, length):
    if not x.numel():
        return (x.new_zeros((*x.shape[:-1], length // 2 + 1)),) * 2
    return _parts(torch.fft.rfft(x, length))


def inverse_real_fourier(real, imag, length):
    if not real.numel():
        return real.new_zeros((*real.shape[:-1], length))
    return torch.fft.irfft(torch.complex(real, imag), length)
