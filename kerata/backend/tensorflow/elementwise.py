"""TensorFlow kernels, element by element: what eager training calls most.

`tf.raw_ops` are the operations themselves: called directly they take half the time of the
functions around them.
"""

import math

import tensorflow as tf

from kerata.backend.tensorflow.constants import _number

FROM_ENGINE = (
    "sqrt", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor",
    "equal", "not_equal", "stop_gradient",
)  # fmt: skip

_ops = tf.raw_ops
_UNSIGNED = frozenset((tf.bool, tf.uint8, tf.uint16, tf.uint32, tf.uint64))
_HALVES = frozenset((tf.bfloat16, tf.float16))
_BITS = {2: tf.int16, 4: tf.int32, 8: tf.int64}


# -- arithmetic ------------------------------------------------------------------------------


def add(x1, x2):
    if x1.dtype is tf.bool:
        return _ops.LogicalOr(x=x1, y=x2)
    return _ops.AddV2(x=x1, y=x2)


def subtract(x1, x2):
    return _ops.Sub(x=x1, y=x2)


def multiply(x1, x2):
    if x1.dtype is tf.bool:
        return _ops.LogicalAnd(x=x1, y=x2)
    return _ops.Mul(x=x1, y=x2)


def divide(x1, x2):
    return _ops.RealDiv(x=x1, y=x2)


def floor_divide(x1, x2):
    if x1.dtype.is_integer:
        return _ops.FloorDiv(x=x1, y=x2)
    # TensorFlow rounds the rounded quotient down: 1 / 0.1 is 10, but 0.1 fits only 9 times
    rest = fmod(x1, x2)
    whole = tf.round((x1 - rest) / x2)
    below = tf.not_equal(rest, 0) & tf.not_equal(rest < 0, x2 < 0)
    return tf.where(tf.equal(x2, 0), x1 / x2, tf.where(below, whole - 1, whole))


def mod(x1, x2):
    return _ops.FloorMod(x=x1, y=x2)


def fmod(x1, x2):
    if x1.dtype in _UNSIGNED:
        return mod(x1, x2)
    # TensorFlow's own has no gradient, and few dtypes
    size = mod(tf.where(x1 < 0, -x1, x1), tf.abs(x2))
    return tf.where(x1 < 0, -size, size)


def power(x1, x2):
    if x1.dtype in _UNSIGNED:
        # overflow drops the same bits in either
        return tf.cast(_ops.Pow(x=tf.cast(x1, tf.int64), y=tf.cast(x2, tf.int64)), x1.dtype)
    if not x1.dtype.is_integer:
        # x**0 is constant in x, but its gradient would be NaN at 0
        one = _ops.LogicalAnd(x=_ops.Equal(x=x1, y=0), y=_ops.Equal(x=x2, y=0))
        x1 = _ops.SelectV2(condition=one, t=_ops.StopGradient(input=x1), e=x1)
    return _ops.Pow(x=x1, y=x2)


def negative(x):
    return tf.zeros_like(x) - x if x.dtype in _UNSIGNED else _ops.Neg(x=x)


def abs(x):
    return x if x.dtype in _UNSIGNED else tf.abs(x)


def sign(x):
    return tf.minimum(x, _number(1, x.dtype)) if x.dtype in _UNSIGNED else _ops.Sign(x=x)


def square(x):
    return tf.cast(x, tf.int32) if x.dtype is tf.bool else _ops.Square(x=x)


def rsqrt(x):
    return tf.math.rsqrt(x)


def cbrt(x):
    return tf.sign(x) * tf.pow(tf.abs(x), _number(1.0 / 3.0, x.dtype))


def reciprocal(x):
    return tf.math.reciprocal(x)


def maximum(x1, x2):
    if x1.dtype is tf.bool:
        return _ops.LogicalOr(x=x1, y=x2)
    return _ops.Maximum(x=x1, y=x2)


def minimum(x1, x2):
    if x1.dtype is tf.bool:
        return _ops.LogicalAnd(x=x1, y=x2)
    return _ops.Minimum(x=x1, y=x2)


def fmax(x1, x2):
    return tf.where(isnan(x1), x2, tf.where(isnan(x2), x1, maximum(x1, x2)))


def fmin(x1, x2):
    return tf.where(isnan(x1), x2, tf.where(isnan(x2), x1, minimum(x1, x2)))


def clip(x, x_min, x_max):
    return minimum(maximum(x, x_min), x_max)


def hypot(x1, x2):
    largest = tf.stop_gradient(tf.maximum(tf.abs(x1), tf.abs(x2)))
    # 0 has no slope, and infinity is one even beside NaN
    special = tf.equal(largest, 0) | tf.math.is_inf(x1) | tf.math.is_inf(x2)
    scale = tf.where(special, tf.ones_like(largest), largest)
    squares = tf.square(x1 / scale) + tf.square(x2 / scale)
    length = scale * tf.sqrt(tf.where(special, tf.ones_like(squares), squares))
    limit = tf.where(tf.equal(largest, 0), largest, _number(math.inf, largest.dtype))
    return tf.where(special, limit, length)


def gcd(x1, x2):
    def step(a, b):
        divisor = tf.where(tf.equal(b, 0), tf.ones_like(b), b)
        return tf.where(tf.equal(b, 0), a, b), tf.where(tf.equal(b, 0), b, mod(a, divisor))

    shape = tf.broadcast_dynamic_shape(tf.shape(x1), tf.shape(x2))
    start = tf.broadcast_to(abs(x1), shape), tf.broadcast_to(abs(x2), shape)
    return tf.while_loop(lambda _, b: tf.reduce_any(tf.not_equal(b, 0)), step, start)[0]


def lcm(x1, x2):
    common = gcd(x1, x2)
    return abs(x1 // tf.maximum(common, tf.ones_like(common)) * x2)


def nextafter(x1, x2):
    # of equal sign, the bits of floats count up as their sizes do
    integer = _BITS[x1.dtype.size]
    x1, x2 = tf.broadcast_to(x1, tf.shape(x1 + x2)), tf.broadcast_to(x2, tf.shape(x1 + x2))
    bits = tf.bitcast(x1, integer)
    one = _number(1, integer)
    moved = tf.where(tf.equal(x2 > x1, x1 > 0), bits + one, bits - one)
    smallest = tf.where(x2 > 0, one, one + integer.min)
    moved = tf.bitcast(tf.where(tf.equal(x1, 0), smallest, moved), x1.dtype)
    moved = tf.where(tf.equal(x1, x2), x2, moved)
    return tf.where(tf.math.is_nan(x1) | tf.math.is_nan(x2), x1 + x2, moved)


def heaviside(x1, x2):
    step = tf.where(tf.math.is_nan(x1), x1, tf.cast(x1 > 0, x1.dtype))
    return tf.where(tf.equal(x1, 0), x2, step)


# -- rounding --------------------------------------------------------------------------------


def ceil(x):
    return tf.math.ceil(x)


def round(x, decimals=0):
    if x.dtype.is_integer:
        if decimals >= 0:
            return x
        scale = _number(10**-decimals, tf.float64)
        return tf.cast(_ops.Round(x=tf.cast(x, tf.float64) / scale) * scale, x.dtype)
    if decimals == 0:
        return _ops.Round(x=x)
    scale = _number(10 ** (decimals if decimals > 0 else -decimals), x.dtype)
    if decimals > 0:
        return _ops.Round(x=x * scale) / scale
    return _ops.Round(x=x / scale) * scale


def trunc(x):
    if not x.dtype.is_floating:
        return x
    return tf.where(x < 0, tf.math.ceil(x), tf.floor(x))


# -- exponentials, logarithms, angles, special functions ---------------------------------------


def exp2(x):
    return _ops.Pow(x=_number(2, x.dtype), y=x)


def expm1(x):
    return tf.math.expm1(x)


def log(x):
    return tf.math.log(x)


def log1p(x):
    return tf.math.log1p(x)


def log2(x):
    return tf.math.log(x) / _number(math.log(2.0), x.dtype)


def log10(x):
    return tf.math.log(x) / _number(math.log(10.0), x.dtype)


def logaddexp(x1, x2):
    return _log_of_sum(x1, x2, 1.0)


def logaddexp2(x1, x2):
    return _log_of_sum(x1, x2, math.log(2.0))


def _log_of_sum(x1, x2, unit):
    """Return the sum of two numbers given by their logarithms, which are multiples of `unit`."""
    first = x1 >= x2
    high, low = tf.where(first, x1, x2), tf.where(first, x2, x1)
    # equal infinities have no difference
    distance = tf.where(tf.math.is_inf(high) & tf.equal(high, low), tf.zeros_like(high), low - high)
    unit = _number(unit, x1.dtype)
    return high + tf.math.softplus(distance * unit) / unit


def arcsin(x):
    return tf.asin(x)


def arccos(x):
    return tf.acos(x)


def arctan(x):
    return tf.atan(x)


def arctan2(x1, x2):
    return tf.atan2(x1, x2)


def arcsinh(x):
    return tf.asinh(x)


def arccosh(x):
    return tf.acosh(x)


def arctanh(x):
    return tf.atanh(x)


def sinc(x):
    at_zero = tf.equal(x, 0)
    angle = tf.where(at_zero, tf.ones_like(x), x) * _number(math.pi, x.dtype)
    return tf.where(at_zero, tf.ones_like(x), tf.sin(angle) / angle)


def erf(x):
    return tf.math.erf(x)


def erfc(x):
    return tf.math.erfc(x)


def erfinv(x):
    return _wide(tf.math.erfinv, x)


def i0(x):
    return _wide(tf.math.bessel_i0, x)


def _wide(function, x):
    """Apply a function, in float32 to half precision."""
    return tf.cast(function(tf.cast(x, tf.float32)), x.dtype) if x.dtype in _HALVES else function(x)


# -- complex numbers -------------------------------------------------------------------------


def real(x):
    return tf.math.real(x) if x.dtype.is_complex else x


def imag(x):
    return tf.math.imag(x) if x.dtype.is_complex else tf.zeros_like(x)


def conj(x):
    return tf.math.conj(x) if x.dtype.is_complex else x


def angle(x):
    return tf.atan2(imag(x), real(x))


def view_as_complex(x):
    x = tf.cast(x, tf.float32) if x.dtype in _HALVES else x
    return tf.complex(x[..., 0], x[..., 1])


def view_as_real(x):
    return tf.stack([tf.math.real(x), tf.math.imag(x)], -1)


# -- comparisons and tests -------------------------------------------------------------------


def _orderable(x1, x2):
    """Return bool as bytes, which have an order."""
    if x1.dtype is tf.bool:
        return tf.cast(x1, tf.uint8), tf.cast(x2, tf.uint8)
    return x1, x2


def greater(x1, x2):
    x1, x2 = _orderable(x1, x2)
    return _ops.Greater(x=x1, y=x2)


def greater_equal(x1, x2):
    x1, x2 = _orderable(x1, x2)
    return _ops.GreaterEqual(x=x1, y=x2)


def less(x1, x2):
    x1, x2 = _orderable(x1, x2)
    return _ops.Less(x=x1, y=x2)


def less_equal(x1, x2):
    x1, x2 = _orderable(x1, x2)
    return _ops.LessEqual(x=x1, y=x2)


def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    limit = _number(atol, x2.dtype) + _number(rtol, x2.dtype) * tf.abs(x2)
    near = (tf.abs(x1 - x2) <= limit) & tf.math.is_finite(x2)
    found = near | tf.equal(x1, x2)
    return found | (tf.math.is_nan(x1) & tf.math.is_nan(x2)) if equal_nan else found


def _nowhere(x):
    return tf.zeros_like(x, tf.bool)


def isnan(x):
    if x.dtype.is_complex:
        return tf.math.is_nan(tf.math.real(x)) | tf.math.is_nan(tf.math.imag(x))
    return tf.math.is_nan(x) if x.dtype.is_floating else _nowhere(x)


def isinf(x):
    if x.dtype.is_complex:
        return tf.math.is_inf(tf.math.real(x)) | tf.math.is_inf(tf.math.imag(x))
    return tf.math.is_inf(x) if x.dtype.is_floating else _nowhere(x)


def isfinite(x):
    return tf.logical_not(isnan(x) | isinf(x))


def isposinf(x):
    return isinf(x) & (x > 0) if x.dtype.is_floating else _nowhere(x)


def isneginf(x):
    return isinf(x) & (x < 0) if x.dtype.is_floating else _nowhere(x)


def isreal(x):
    return tf.equal(imag(x), tf.zeros_like(imag(x)))


def signbit(x):
    if x.dtype in _UNSIGNED:
        return _nowhere(x)
    return (tf.bitcast(x, _BITS[x.dtype.size]) if x.dtype.is_floating else x) < 0


# -- logical and bitwise functions -------------------------------------------------------------


def _truth(x):
    return x if x.dtype is tf.bool else tf.not_equal(x, tf.zeros_like(x))


def logical_and(x1, x2):
    return tf.logical_and(_truth(x1), _truth(x2))


def logical_or(x1, x2):
    return tf.logical_or(_truth(x1), _truth(x2))


def logical_xor(x1, x2):
    return tf.not_equal(_truth(x1), _truth(x2))


def logical_not(x):
    return tf.logical_not(_truth(x))


def bitwise_and(x, y):
    return tf.logical_and(x, y) if x.dtype is tf.bool else tf.bitwise.bitwise_and(x, y)


def bitwise_or(x, y):
    return tf.logical_or(x, y) if x.dtype is tf.bool else tf.bitwise.bitwise_or(x, y)


def bitwise_xor(x, y):
    return tf.not_equal(x, y) if x.dtype is tf.bool else tf.bitwise.bitwise_xor(x, y)


def bitwise_not(x):
    return tf.logical_not(x) if x.dtype is tf.bool else tf.bitwise.invert(x)


def left_shift(x, y):
    return tf.bitwise.left_shift(x, y)


def right_shift(x, y):
    return tf.bitwise.right_shift(x, y)


# -- choices, dtypes, copies -------------------------------------------------------------------


def select_elements(condition, x1, x2):
    return _ops.SelectV2(condition=condition, t=x1, e=x2)


def nonzero(x):
    places = tf.cast(tf.where(_truth(x)), tf.int32)
    return tuple(tf.unstack(places, len(x.shape), axis=1))


def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    if x.dtype.is_complex:
        parts = (nan_to_num(part, nan, posinf, neginf) for part in (real(x), imag(x)))
        return tf.complex(*parts)
    if not x.dtype.is_floating:
        return x
    posinf = x.dtype.max if posinf is None else posinf
    neginf = x.dtype.min if neginf is None else neginf
    for found, value in ((isposinf(x), posinf), (isneginf(x), neginf), (isnan(x), nan)):
        x = tf.where(found, _number(value, x.dtype), x)
    return x


def astype(x, dtype):
    return _ops.Cast(x=x, DstT=tf.as_dtype(dtype))


def copy(x):
    return tf.identity(x)
