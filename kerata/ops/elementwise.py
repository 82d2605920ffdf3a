"""Arithmetic and mathematical functions, element by element.

Every `x`, `x1` and `x2` is anything tensor-like (tensor, variable, array, list, number) of any
shape; two arguments are broadcast against each other. "Float result" means that integers and bool
become floatx first, so that `sqrt` of an int32 tensor is a float32 tensor.
"""

from __future__ import annotations

from kerata.core.dtypes import promote, to_float
from kerata.core.primitive import Tensor, primitive
from kerata.core.rules import broadcast
from kerata.core.spec import TensorSpec, spec_of, weak_dtype
from kerata.ops.cast import cast
from kerata.ops.logic import equal, where

_COMPLEX_PARTS = {"complex64": "float32", "complex128": "float64"}
_COMPLEX_OF = {"float64": "complex128"}


def _numeric(spec: TensorSpec, name: str) -> TensorSpec:
    """Refuse bool, for which the engines disagree or raise."""
    if spec.dtype == "bool":
        raise ValueError(
            f"`{name}` is not defined for bool tensors. Cast them with `ops.cast(x, 'int32')`, "
            "or use the `logical_*` functions."
        )
    return spec


# -- arithmetic ----------------------------------------------------------------------------


@primitive(elementwise=True)
def add(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum `x1 + x2` of two tensors.

    >>> import kerata
    >>> kerata.ops.add([1, 2], 10).tolist()
    [11, 12]
    """
    return broadcast(x1, x2)


@primitive(elementwise=True)
def subtract(x1: Tensor, x2: Tensor) -> Tensor:
    """Difference `x1 - x2` of two tensors.

    Raises:
        ValueError: for two bool tensors.

    >>> import kerata
    >>> kerata.ops.subtract([1, 2], [5, 5]).tolist()
    [-4, -3]
    """
    return _numeric(broadcast(x1, x2), "subtract")


@primitive(elementwise=True)
def multiply(x1: Tensor, x2: Tensor) -> Tensor:
    """Product `x1 * x2` of two tensors, element by element.

    >>> import kerata
    >>> kerata.ops.multiply([1, 2], [5, 6]).tolist()
    [5, 12]
    """
    return broadcast(x1, x2)


@primitive(promote="float", elementwise=True)
def divide(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient `x1 / x2`; float result.

    >>> import kerata
    >>> kerata.ops.divide([1, 2], 2).tolist()
    [0.5, 1.0]
    """
    return broadcast(x1, x2)


true_divide = divide


@primitive(elementwise=True)
def floor_divide(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient rounded down to a whole number, in the dtype of the arguments.

    >>> import kerata
    >>> kerata.ops.floor_divide([7, -7], 2).tolist()
    [3, -4]
    """
    return _numeric(broadcast(x1, x2), "floor_divide")


@primitive(elementwise=True)
def mod(x1: Tensor, x2: Tensor) -> Tensor:
    """Remainder of `floor_divide`; it has the sign of `x2`, as Python's `%`.

    >>> import kerata
    >>> kerata.ops.mod([7, -7], 3).tolist()
    [1, 2]
    """
    return _numeric(broadcast(x1, x2), "mod")


@primitive(elementwise=True)
def fmod(x1: Tensor, x2: Tensor) -> Tensor:
    """Remainder of the division rounded towards zero; it has the sign of `x1`, as C's `fmod`.

    >>> import kerata
    >>> kerata.ops.fmod([7, -7], 3).tolist()
    [1, -1]
    """
    return _numeric(broadcast(x1, x2), "fmod")


@primitive(elementwise=True)
def power(x1: Tensor, x2: Tensor) -> Tensor:
    """Power of `x1` to the exponent `x2`.

    >>> import kerata
    >>> kerata.ops.power([2.0, 3.0], 2).tolist()
    [4.0, 9.0]
    """
    return _numeric(broadcast(x1, x2), "power")


@primitive(elementwise=True)
def negative(x: Tensor) -> Tensor:
    """Numbers with the opposite sign, `-x`.

    >>> import kerata
    >>> kerata.ops.negative([1, -2]).tolist()
    [-1, 2]
    """
    return _numeric(x, "negative")


@primitive(elementwise=True)
def abs(x: Tensor) -> Tensor:
    """Absolute value; of complex numbers the (real) magnitude.

    >>> import kerata
    >>> kerata.ops.abs([1, -2]).tolist()
    [1, 2]
    """
    return x.with_dtype(_COMPLEX_PARTS.get(x.dtype, x.dtype))


absolute = abs


def fabs(x: Tensor) -> Tensor:
    """Absolute value; float result.

    >>> import kerata
    >>> kerata.ops.fabs([1, -2]).tolist()
    [1.0, 2.0]
    """
    return abs(cast(x, to_float(spec_of(x).dtype)))


@primitive(elementwise=True)
def sign(x: Tensor) -> Tensor:
    """Sign: -1, 0 or 1 (NaN for NaN).

    >>> import kerata
    >>> kerata.ops.sign([-3.0, 0.0, 7.0]).tolist()
    [-1.0, 0.0, 1.0]
    """
    return _numeric(x, "sign")


@primitive(elementwise=True)
def square(x: Tensor) -> Tensor:
    """Square `x * x`; of bool tensors as int32.

    >>> import kerata
    >>> kerata.ops.square([3, -4]).tolist()
    [9, 16]
    """
    return x.with_dtype("int32") if x.dtype == "bool" else x


@primitive(promote="float", elementwise=True)
def sqrt(x: Tensor) -> Tensor:
    """Square root; NaN for negative numbers; float result.

    >>> import kerata
    >>> kerata.ops.sqrt([4, 9]).tolist()
    [2.0, 3.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def rsqrt(x: Tensor) -> Tensor:
    """Reciprocal of the square root, `1 / sqrt(x)`; float result.

    >>> import kerata
    >>> kerata.ops.rsqrt([4.0, 16.0]).tolist()
    [0.5, 0.25]
    """
    return x


@primitive(promote="float", elementwise=True)
def cbrt(x: Tensor) -> Tensor:
    """Real cube root, also of negative numbers; float result.

    >>> import kerata
    >>> kerata.ops.round(kerata.ops.cbrt([8.0, -27.0])).tolist()
    [2.0, -3.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def reciprocal(x: Tensor) -> Tensor:
    """Reciprocal `1 / x`; float result.

    >>> import kerata
    >>> kerata.ops.reciprocal([2, 4]).tolist()
    [0.5, 0.25]
    """
    return x


@primitive(elementwise=True)
def maximum(x1: Tensor, x2: Tensor) -> Tensor:
    """Larger of two numbers; NaN if either is NaN.

    >>> import kerata
    >>> kerata.ops.maximum([1, 5], 3).tolist()
    [3, 5]
    """
    return broadcast(x1, x2)


@primitive(elementwise=True)
def minimum(x1: Tensor, x2: Tensor) -> Tensor:
    """Smaller of two numbers; NaN if either is NaN.

    >>> import kerata
    >>> kerata.ops.minimum([1, 5], 3).tolist()
    [1, 3]
    """
    return broadcast(x1, x2)


@primitive(elementwise=True)
def fmax(x1: Tensor, x2: Tensor) -> Tensor:
    """Larger of two numbers; a NaN is ignored unless both are NaN.

    >>> import kerata
    >>> kerata.ops.fmax([float("nan"), 5.0], 3.0).tolist()
    [3.0, 5.0]
    """
    return broadcast(x1, x2)


@primitive(elementwise=True)
def fmin(x1: Tensor, x2: Tensor) -> Tensor:
    """Smaller of two numbers; a NaN is ignored unless both are NaN.

    >>> import kerata
    >>> kerata.ops.fmin([float("nan"), 5.0], 3.0).tolist()
    [3.0, 3.0]
    """
    return broadcast(x1, x2)


@primitive(elementwise=True)
def clip(x: Tensor, x_min: Tensor, x_max: Tensor) -> Tensor:
    """Numbers brought into the interval from `x_min` to `x_max`.

    Args:
        x: tensor of any shape.
        x_min, x_max: bounds, numbers or tensors that can be broadcast against `x`. Where
            `x_min > x_max` the result is `x_max`.

    >>> import kerata
    >>> kerata.ops.clip([-5, 0, 5], -1, 1).tolist()
    [-1, 0, 1]
    """
    return broadcast(x, x_min, x_max)


def divide_no_nan(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient `x1 / x2`, and 0 wherever `x2` is 0; float result.

    >>> import kerata
    >>> kerata.ops.divide_no_nan([1.0, 2.0], [0.0, 4.0]).tolist()
    [0.0, 0.5]
    """
    by_zero = equal(x2, 0)
    # the division itself must not see the zero: its gradient there would be NaN
    quotient = divide(x1, where(by_zero, 1, x2))
    return where(by_zero, 0, quotient)


@primitive(promote="float", elementwise=True)
def hypot(x1: Tensor, x2: Tensor) -> Tensor:
    """Length of the hypotenuse, `sqrt(x1**2 + x2**2)`, without overflow; float result.

    >>> import kerata
    >>> kerata.ops.hypot(3.0, 4.0).tolist()
    5.0
    """
    return broadcast(x1, x2)


def ldexp(x1: Tensor, x2: Tensor) -> Tensor:
    """Number scaled by a power of two, `x1 * 2**x2`; float result.

    >>> import kerata
    >>> kerata.ops.ldexp([1.0, 3.0], [2, -1]).tolist()
    [4.0, 1.5]
    """
    dtype = to_float(promote(weak_dtype(x1) or spec_of(x1).dtype, "weak_float"))
    return multiply(cast(x1, dtype), exp2(cast(x2, dtype)))


@primitive(elementwise=True)
def gcd(x1: Tensor, x2: Tensor) -> Tensor:
    """Greatest common divisor of integers.

    >>> import kerata
    >>> kerata.ops.gcd([12, 18], 8).tolist()
    [4, 2]
    """
    return broadcast(x1, x2)


@primitive(elementwise=True)
def lcm(x1: Tensor, x2: Tensor) -> Tensor:
    """Least common multiple of integers.

    >>> import kerata
    >>> kerata.ops.lcm([4, 6], 10).tolist()
    [20, 30]
    """
    return broadcast(x1, x2)


@primitive(promote="float", elementwise=True)
def nextafter(x1: Tensor, x2: Tensor) -> Tensor:
    """Next representable number after `x1` towards `x2`; float result.

    >>> import kerata
    >>> kerata.ops.nextafter(1.0, 2.0).tolist()
    1.0000001192092896
    """
    return broadcast(x1, x2)


@primitive(promote="float", elementwise=True)
def heaviside(x1: Tensor, x2: Tensor) -> Tensor:
    """Step function: 0 where `x1 < 0`, `x2` where `x1 == 0`, 1 where `x1 > 0`; float result.

    >>> import kerata
    >>> kerata.ops.heaviside([-1.0, 0.0, 2.0], 0.5).tolist()
    [0.0, 0.5, 1.0]
    """
    return broadcast(x1, x2)


# -- rounding ------------------------------------------------------------------------------


@primitive(promote="float", elementwise=True)
def floor(x: Tensor) -> Tensor:
    """Largest whole number that is not above; float result.

    >>> import kerata
    >>> kerata.ops.floor([1.7, -1.2]).tolist()
    [1.0, -2.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def ceil(x: Tensor) -> Tensor:
    """Smallest whole number that is not below; float result.

    >>> import kerata
    >>> kerata.ops.ceil([1.2, -1.7]).tolist()
    [2.0, -1.0]
    """
    return x


@primitive(elementwise=True)
def trunc(x: Tensor) -> Tensor:
    """Whole part: the number rounded towards zero.

    >>> import kerata
    >>> kerata.ops.trunc([1.7, -1.7]).tolist()
    [1.0, -1.0]
    """
    return x


@primitive(elementwise=True)
def round(x: Tensor, decimals: int = 0) -> Tensor:
    """Number rounded to the nearest; halves go to the even neighbour.

    Args:
        x: numbers.
        decimals: digits that are kept after the point; negative ones count before it.

    >>> import kerata
    >>> kerata.ops.round([0.5, 1.5, -1.7]).tolist()
    [0.0, 2.0, -2.0]
    """
    return _numeric(x, "round")


# -- exponentials and logarithms -----------------------------------------------------------


@primitive(promote="float", elementwise=True)
def exp(x: Tensor) -> Tensor:
    """Exponential `e**x`; float result.

    >>> import kerata
    >>> kerata.ops.exp([0, float("-inf")]).tolist()
    [1.0, 0.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def exp2(x: Tensor) -> Tensor:
    """Power of two, `2**x`; float result.

    >>> import kerata
    >>> kerata.ops.exp2([0, 3]).tolist()
    [1.0, 8.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def expm1(x: Tensor) -> Tensor:
    """`e**x - 1`, exact for small `x`; float result.

    >>> import kerata
    >>> kerata.ops.expm1([0.0]).tolist()
    [0.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def log(x: Tensor) -> Tensor:
    """Natural logarithm; -inf for 0, NaN for negative numbers; float result.

    >>> import kerata
    >>> kerata.ops.log([1.0, 0.0]).tolist()
    [0.0, -inf]
    """
    return x


@primitive(promote="float", elementwise=True)
def log1p(x: Tensor) -> Tensor:
    """`log(1 + x)`, exact for small `x`; float result.

    >>> import kerata
    >>> kerata.ops.log1p([0.0, -1.0]).tolist()
    [0.0, -inf]
    """
    return x


@primitive(promote="float", elementwise=True)
def log2(x: Tensor) -> Tensor:
    """Logarithm to base 2; float result.

    >>> import kerata
    >>> kerata.ops.log2([1, 8]).tolist()
    [0.0, 3.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def log10(x: Tensor) -> Tensor:
    """Logarithm to base 10; float result.

    >>> import kerata
    >>> kerata.ops.round(kerata.ops.log10([1, 100])).tolist()
    [0.0, 2.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def logaddexp(x1: Tensor, x2: Tensor) -> Tensor:
    """`log(exp(x1) + exp(x2))` without overflow; float result.

    >>> import kerata
    >>> kerata.ops.logaddexp(1000.0, float("-inf")).tolist()
    1000.0
    """
    return broadcast(x1, x2)


@primitive(promote="float", elementwise=True)
def logaddexp2(x1: Tensor, x2: Tensor) -> Tensor:
    """`log2(2**x1 + 2**x2)` without overflow; float result.

    >>> import kerata
    >>> kerata.ops.logaddexp2(3.0, 3.0).tolist()
    4.0
    """
    return broadcast(x1, x2)


# -- trigonometric and hyperbolic functions ------------------------------------------------


@primitive(promote="float", elementwise=True)
def sin(x: Tensor) -> Tensor:
    """Sine of an angle in radians; float result.

    >>> import kerata
    >>> kerata.ops.sin([0.0]).tolist()
    [0.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def cos(x: Tensor) -> Tensor:
    """Cosine of an angle in radians; float result.

    >>> import kerata
    >>> kerata.ops.cos([0.0]).tolist()
    [1.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def tan(x: Tensor) -> Tensor:
    """Tangent of an angle in radians; float result.

    >>> import kerata
    >>> kerata.ops.tan([0.0]).tolist()
    [0.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def arcsin(x: Tensor) -> Tensor:
    """Angle in radians whose sine is `x`, from -pi/2 to pi/2; float result.

    >>> import kerata
    >>> kerata.ops.arcsin([0.0]).tolist()
    [0.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def arccos(x: Tensor) -> Tensor:
    """Angle in radians whose cosine is `x`, from 0 to pi; float result.

    >>> import kerata
    >>> kerata.ops.arccos([1.0]).tolist()
    [0.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def arctan(x: Tensor) -> Tensor:
    """Angle in radians whose tangent is `x`, from -pi/2 to pi/2; float result.

    >>> import kerata
    >>> kerata.ops.arctan([0.0]).tolist()
    [0.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def arctan2(x1: Tensor, x2: Tensor) -> Tensor:
    """Angle in radians of the point with height `x1` and width `x2`; float result.

    >>> import kerata
    >>> kerata.ops.arctan2(0.0, 1.0).tolist()
    0.0
    """
    return broadcast(x1, x2)


@primitive(promote="float", elementwise=True)
def sinh(x: Tensor) -> Tensor:
    """Hyperbolic sine; float result.

    >>> import kerata
    >>> kerata.ops.sinh([0.0]).tolist()
    [0.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def cosh(x: Tensor) -> Tensor:
    """Hyperbolic cosine; float result.

    >>> import kerata
    >>> kerata.ops.cosh([0.0]).tolist()
    [1.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent; float result.

    >>> import kerata
    >>> kerata.ops.tanh([0.0, float("inf")]).tolist()
    [0.0, 1.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def arcsinh(x: Tensor) -> Tensor:
    """Inverse of `sinh`; float result.

    >>> import kerata
    >>> kerata.ops.arcsinh([0.0]).tolist()
    [0.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def arccosh(x: Tensor) -> Tensor:
    """Inverse of `cosh`, for numbers from 1; float result.

    >>> import kerata
    >>> kerata.ops.arccosh([1.0]).tolist()
    [0.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def arctanh(x: Tensor) -> Tensor:
    """Inverse of `tanh`, for numbers from -1 to 1; float result.

    >>> import kerata
    >>> kerata.ops.arctanh([0.0]).tolist()
    [0.0]
    """
    return x


def deg2rad(x: Tensor) -> Tensor:
    """Angle in radians, given in degrees; float result.

    >>> import kerata
    >>> kerata.ops.deg2rad([0.0]).tolist()
    [0.0]
    """
    return multiply(x, 0.017453292519943295)


def rad2deg(x: Tensor) -> Tensor:
    """Angle in degrees, given in radians; float result.

    >>> import kerata
    >>> kerata.ops.rad2deg([0.0]).tolist()
    [0.0]
    """
    return multiply(x, 57.29577951308232)


@primitive(promote="float", elementwise=True)
def sinc(x: Tensor) -> Tensor:
    """Normalized sinc, `sin(pi x) / (pi x)`, and 1 at 0; float result.

    >>> import kerata
    >>> kerata.ops.sinc([0.0]).tolist()
    [1.0]
    """
    return x


# -- special functions ---------------------------------------------------------------------


@primitive(promote="float", elementwise=True)
def erf(x: Tensor) -> Tensor:
    """Error function (NIST DLMF 7.2.1); float result.

    >>> import kerata
    >>> kerata.ops.erf([0.0, float("inf")]).tolist()
    [0.0, 1.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def erfc(x: Tensor) -> Tensor:
    """Complementary error function, `1 - erf(x)` without cancellation; float result.

    >>> import kerata
    >>> kerata.ops.erfc([0.0]).tolist()
    [1.0]
    """
    return x


@primitive(promote="float", elementwise=True)
def erfinv(x: Tensor) -> Tensor:
    """Inverse of `erf`, for numbers from -1 to 1; float result.

    >>> import kerata
    >>> kerata.ops.erfinv([0.0, 1.0]).tolist()
    [0.0, inf]
    """
    return x


@primitive(promote="float", elementwise=True)
def i0(x: Tensor) -> Tensor:
    """Modified Bessel function of the first kind, order 0 (NIST DLMF 10.25.2); float result.

    >>> import kerata
    >>> kerata.ops.round(kerata.ops.i0([0.0]), 5).tolist()
    [1.0]
    """
    return x


# -- complex numbers -----------------------------------------------------------------------


@primitive(elementwise=True)
def real(x: Tensor) -> Tensor:
    """Real part; a real tensor is returned as it is.

    >>> import kerata
    >>> kerata.ops.real([1.0, 2.0]).tolist()
    [1.0, 2.0]
    """
    return x.with_dtype(_COMPLEX_PARTS.get(x.dtype, x.dtype))


@primitive(elementwise=True)
def imag(x: Tensor) -> Tensor:
    """Imaginary part; zeros for a real tensor.

    >>> import kerata
    >>> kerata.ops.imag([1.0, 2.0]).tolist()
    [0.0, 0.0]
    """
    return x.with_dtype(_COMPLEX_PARTS.get(x.dtype, x.dtype))


@primitive(elementwise=True)
def conj(x: Tensor) -> Tensor:
    """Complex conjugate; a real tensor is returned as it is.

    >>> import kerata
    >>> kerata.ops.conj([1.0, 2.0]).tolist()
    [1.0, 2.0]
    """
    return x


conjugate = conj


@primitive(promote="float", elementwise=True)
def angle(x: Tensor) -> Tensor:
    """Angle of a complex number in radians; 0 or pi for real numbers; float result.

    >>> import kerata
    >>> kerata.ops.angle([2.0]).tolist()
    [0.0]
    """
    return x.with_dtype(_COMPLEX_PARTS.get(x.dtype, x.dtype))


@primitive(promote="float")
def view_as_complex(x: Tensor) -> Tensor:
    """Complex numbers of pairs (real, imaginary) in the last dimension.

    Args:
        x: real tensor of shape `(..., 2)`.

    Returns:
        Complex tensor of shape `(...)`.

    Raises:
        ValueError: if the last dimension is not 2.

    >>> import kerata
    >>> kerata.ops.view_as_complex([[1.0, 2.0]]).tolist()
    [(1+2j)]
    """
    if x.ndim == 0 or x.shape[-1] not in (2, None):
        raise ValueError(
            f"`view_as_complex` got shape {x.shape}; expected a last dimension of 2 that holds "
            "real and imaginary part. Stack them with `ops.stack([real, imag], axis=-1)`."
        )
    return TensorSpec(x.shape[:-1], _COMPLEX_OF.get(x.dtype, "complex64"))


@primitive
def view_as_real(x: Tensor) -> Tensor:
    """Real and imaginary part of complex numbers, as a new last dimension of size 2.

    >>> import kerata
    >>> z = kerata.ops.view_as_complex([[1.0, 2.0]])
    >>> kerata.ops.view_as_real(z).tolist()
    [[1.0, 2.0]]
    """
    if x.dtype not in _COMPLEX_PARTS:
        raise ValueError(f"`view_as_real` got dtype {x.dtype}; expected complex64 or complex128.")
    return TensorSpec((*x.shape, 2), _COMPLEX_PARTS[x.dtype])


@primitive(elementwise=True)
def nan_to_num(
    x: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Numbers with NaN and infinities replaced.

    Args:
        x: numbers.
        nan: what stands in for NaN.
        posinf, neginf: what stands in for the infinities; by default the largest and the
            smallest finite number of the dtype.

    >>> import kerata
    >>> kerata.ops.nan_to_num([float("nan"), float("inf")], posinf=9.0).tolist()
    [0.0, 9.0]
    """
    return x
