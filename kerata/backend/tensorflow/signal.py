"""TensorFlow kernels of Fourier transforms."""

import tensorflow as tf

_TRANSFORMS = {
    (1, False): tf.signal.fft,
    (2, False): tf.signal.fft2d,
    (3, False): tf.signal.fft3d,
    (1, True): tf.signal.ifft,
    (2, True): tf.signal.ifft2d,
    (3, True): tf.signal.ifft3d,
}


def _wide(x):
    """Return half precision, of which there are no transforms, in float32."""
    return x if x.dtype is tf.float64 else tf.cast(x, tf.float32)


def _parts(z, dtype):
    return tf.cast(tf.math.real(z), dtype), tf.cast(tf.math.imag(z), dtype)


def fourier(real, imag, rank, inverse):
    z = _TRANSFORMS[rank, inverse](tf.complex(_wide(real), _wide(imag)))
    return _parts(z, real.dtype)


def real_fourier(x, length):
    # the gradient of TensorFlow's own cut is wrong
    return _parts(tf.signal.rfft(_wide(x[..., :length]), [length]), x.dtype)


def inverse_real_fourier(real, imag, length):
    z = tf.complex(_wide(real), _wide(imag))[..., : length // 2 + 1]
    return tf.cast(tf.signal.irfft(z, [length]), real.dtype)
