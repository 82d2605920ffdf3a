"""Rows of arithmetic, mathematical functions, comparisons and choices."""

import numpy as np
import scipy.special

from tests.conformance.cases import Case, bools, integers, normal, positive, uniform

X, Y = normal(2, 3), normal(1, 3) + 2.0
INT, COUNT = integers(20, 2, 3, low=-10), integers(5, 3, low=1)
UNIT = uniform(-0.9, 0.9, 2, 3)
SPECIAL = np.array([[1.0, np.nan, np.inf], [-np.inf, 0.0, -0.0]], "float32")

_UNARY = {
    "negative": X, "abs": X, "square": X, "sqrt": positive(2, 3), "reciprocal": positive(2, 3),
    "exp": X, "exp2": X, "expm1": X, "log": positive(2, 3), "log1p": positive(2, 3),
    "log2": positive(2, 3), "log10": positive(2, 3), "cbrt": positive(2, 3),
    "sin": X, "cos": X, "tan": UNIT, "arcsin": UNIT, "arccos": UNIT, "arctan": X,
    "sinh": X, "cosh": X, "tanh": X, "arcsinh": X, "arccosh": positive(2, 3) + 1.0,
    "arctanh": UNIT, "sinc": X, "conj": X, "real": X,
}  # fmt: skip
_STEPS = ("sign", "floor", "ceil", "trunc")
_TESTS = ("isnan", "isinf", "isposinf", "isneginf", "isfinite", "isreal", "signbit", "logical_not")
_BINARY = (
    "add", "subtract", "multiply", "divide", "maximum", "minimum", "fmax", "fmin", "arctan2",
    "hypot", "logaddexp", "logaddexp2", "fmod", "mod",
)  # fmt: skip
_COMPARISONS = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
_BITWISE = ("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift")

CASES = [
    *(Case(name, (x,)) for name, x in _UNARY.items()),
    *(Case(name, (X,), gradient=False) for name in _STEPS),
    *(Case(name, (SPECIAL,), gradient=False) for name in _TESTS),
    *(Case(name, (X, Y)) for name in _BINARY),
    *(Case(name, (INT, COUNT)) for name in ("add", "multiply", "maximum", "floor_divide", "mod")),
    *(Case(name, (INT, INT.T.reshape(2, 3))) for name in _COMPARISONS),
    *(Case(name, (INT + 10, COUNT)) for name in _BITWISE),
    *(Case(name, (bools(2, 3), bools(3))) for name in ("bitwise_and", "bitwise_or", "add")),
    *(Case(name, (INT, bools(3))) for name in ("logical_and", "logical_or", "logical_xor")),
    Case("bitwise_not", (INT,)),
    Case("bitwise_not", (bools(3),)),
    Case("abs", (INT,)),
    Case("abs", (bools(3),)),
    Case("sign", (INT,)),
    Case("negative", (INT,)),
    Case("square", (bools(3),), oracle=lambda x: x.astype(int)),
    Case("sqrt", (COUNT,)),
    Case("exp", (bools(3),), oracle=lambda x: np.exp(x.astype(float))),
    Case("floor", (INT,)),
    Case("trunc", (INT,)),
    Case("angle", (X,), gradient=False),
    Case("imag", (X,), gradient=False),
    Case("view_as_complex", (normal(3, 2),), oracle=lambda x: x[:, 0] + 1j * x[:, 1],
         gradient=False, half=False),
    Case("view_as_real", (np.array([1 + 2j, 3 - 1j], "complex64"),),
         oracle=lambda x: np.stack([x.real, x.imag], -1), gradient=False, half=False),
    Case("rsqrt", (positive(2, 3),), oracle=lambda x: 1 / np.sqrt(x)),
    Case("floor_divide", (X, Y), gradient=False),
    Case("power", (positive(2, 3), X)),
    Case("power", (COUNT, COUNT)),
    Case("gcd", (INT, COUNT)),
    Case("lcm", (INT, COUNT)),
    Case("heaviside", (SPECIAL[1], X[0]), gradient=False),
    Case("nextafter", (X, Y), gradient=False, rtol=1e-9,
         oracle=lambda a, b: np.nextafter(a.astype("float32"), b.astype("float32"))),
    Case("clip", (X, np.float32(-0.5).reshape(()), np.float32(0.5).reshape(()))),
    Case("clip", (INT, COUNT - 5, COUNT)),
    Case("round", (X,), gradient=False),
    Case("round", (X,), {"decimals": 2}, gradient=False),
    Case("round", (INT,), {"decimals": -1}),
    Case("erf", (X,), oracle=scipy.special.erf),
    Case("erfc", (X,), oracle=scipy.special.erfc),
    Case("erfinv", (UNIT,), oracle=scipy.special.erfinv),
    Case("i0", (X,), oracle=scipy.special.i0),
    Case("nan_to_num", (SPECIAL,), {"posinf": 3.0, "neginf": -3.0}, gradient=False),
    Case("isclose", (X, X * 1.00001), {"rtol": 1e-4}, gradient=False),
    Case("isclose", (SPECIAL, SPECIAL), {"equal_nan": True}, gradient=False),
    Case("select_elements", (bools(2, 3), X, Y), oracle=np.where),
    Case("nonzero", (INT,), traced=False),
    Case("astype", (X, "int32"), oracle=lambda x, dtype: x.astype(dtype), gradient=False),
    Case("astype", (X, "bfloat16"), oracle=lambda x, dtype: x, gradient=False, rtol=1e-2),
    Case("astype", (INT, "float32"), oracle=lambda x, dtype: x.astype(dtype)),
    Case("astype", (X, "bool"), oracle=lambda x, dtype: x.astype(dtype), gradient=False),
    Case("bitcast", (INT, "float32"), oracle=lambda x, dtype: x.view(dtype)),
    Case("bitcast", (INT, "uint8"), oracle=lambda x, dtype: x.view(dtype)),
    Case("copy", (X,)),
    Case("stop_gradient", (X,), oracle=lambda x: x, gradient=False),
]  # fmt: skip
