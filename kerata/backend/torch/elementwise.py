"""PyTorch kernels, element by element: what eager training calls most."""

import torch

FROM_ENGINE = (
    "negative", "sqrt", "rsqrt", "reciprocal", "exp", "exp2", "expm1",
    "log", "log1p", "log2", "log10", "erf", "erfc", "erfinv", "i0", "sinc",
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2",
    "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "hypot",
    "floor", "ceil",
    "isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal", "signbit", "isclose",
    "real",
    "add", "subtract", "multiply", "divide", "floor_divide", "fmod",
    "maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2",
    "heaviside", "nextafter", "gcd", "lcm",
    "not_equal", "greater", "greater_equal", "less", "less_equal",
    "logical_and", "logical_or", "logical_xor", "logical_not",
    "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not",
)  # fmt: skip


def abs(x):
    return x if x.dtype == torch.bool else torch.abs(x)


def square(x):
    return torch.square(x) if x.dtype != torch.bool else x.to(torch.int32)


def sign(x):
    # torch says 0 for NaN
    return torch.where(x.isnan(), x, torch.sign(x)) if x.is_floating_point() else torch.sign(x)


def cbrt(x):
    return torch.sign(x) * torch.pow(torch.abs(x), 1.0 / 3.0)


def round(x, decimals=0):
    if x.is_floating_point():
        return torch.round(x, decimals=decimals)
    if decimals >= 0:
        return x
    scale = 10**-decimals
    return (torch.round(x.double() / scale) * scale).to(x.dtype)


def trunc(x):
    return torch.trunc(x) if x.is_floating_point() else x


def imag(x):
    return torch.imag(x) if x.is_complex() else torch.zeros_like(x)


def angle(x):
    # on GPUs there is no kernel for bfloat16
    return torch.angle(x.float()).to(x.dtype) if x.dtype == torch.bfloat16 else torch.angle(x)


def conj(x):
    return torch.conj(x).resolve_conj()


def mod(x1, x2):
    return torch.remainder(x1, x2)


def power(x1, x2):
    return torch.pow(x1, x2)


def clip(x, x_min, x_max):
    return torch.clamp(x, x_min, x_max)


def equal(x1, x2):
    # torch.equal compares whole tensors; torch.eq compares elements
    return torch.eq(x1, x2)


def left_shift(x, y):
    return torch.bitwise_left_shift(x, y)


def right_shift(x, y):
    return torch.bitwise_right_shift(x, y)


def select_elements(condition, x1, x2):
    return torch.where(condition, x1, x2)


def astype(x, dtype):
    return x.to(getattr(torch, dtype))


def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    return torch.nan_to_num(x, nan, posinf, neginf)


def view_as_complex(x):
    return torch.complex(x[..., 0], x[..., 1])


def view_as_real(x):
    return torch.view_as_real(x)


def nonzero(x):
    return tuple(indices.to(torch.int32) for indices in torch.nonzero(x, as_tuple=True))


def copy(x):
    return x.clone()


def stop_gradient(variable):
    return variable.detach()
