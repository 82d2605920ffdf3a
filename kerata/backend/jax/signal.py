"""JAX kernels of Fourier transforms."""

import jax.numpy as jnp
from jax import lax


def _parts(z):
    return jnp.real(z), jnp.imag(z)


def fourier(real, imag, rank, inverse):
    transform = jnp.fft.ifftn if inverse else jnp.fft.fftn
    return _parts(transform(lax.complex(real, imag), axes=tuple(range(-rank, 0))))


def real_fourier(x, length):
    return _parts(jnp.fft.rfft(x, length))


def inverse_real_fourier(real, imag, length):
    return jnp.fft.irfft(lax.complex(real, imag), length)
