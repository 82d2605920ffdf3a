"""PyTorch kernels of linear algebra."""

import itertools

import torch


def matmul(x1, x2):
    if x1.dtype == torch.int8:
        x1, x2 = x1.int(), x2.int()
    if _lacks_products(x1):
        return _integer_product(torch.matmul, x1, x2)
    return torch.matmul(x1, x2)


def affine(x, kernel, bias):
    if _lacks_products(x):
        return matmul(x, kernel) + bias
    if x.ndim == 2:
        return torch.addmm(bias, x, kernel)
    rows = torch.addmm(bias, x.reshape(-1, x.shape[-1]), kernel)
    return rows.view(*x.shape[:-1], kernel.shape[1])


def contract(operands, subscripts):
    if operands[0].dtype == torch.int8:
        operands = [x.int() for x in operands]
    if len(operands) > 1 and _lacks_products(operands[0]):
        return _integer_product(lambda *each: torch.einsum(subscripts, *each), *operands)
    return torch.einsum(subscripts, *operands)


def _lacks_products(x):
    """Tell whether torch has no matrix products for a tensor: on GPUs it has those of floats."""
    return x.is_cuda and not (x.is_floating_point() or x.is_complex())


def _integer_product(product, *operands):
    """Multiply integers by a function that multiplies floats, exactly.

    The integers are taken apart into digits so small that float64 holds sums of up to 2**21
    products of them. What the digits give is put together in 64 bit, and wraps around.
    """
    dtype = operands[0].dtype
    bits, digit = torch.iinfo(dtype).bits, 32 // len(operands)
    shifts = range(0, bits, digit)
    digits = [{n: (x.long() >> n & (1 << digit) - 1).double() for n in shifts} for x in operands]
    total = 0
    for chosen in itertools.product(shifts, repeat=len(operands)):
        if sum(chosen) < bits:  # what is beyond is cut off
            found = product(*(each[n] for each, n in zip(digits, chosen, strict=True)))
            total = total + (found.long() << sum(chosen))
    return total.to(dtype)


def cholesky(x, upper=False):
    return torch.linalg.cholesky(x, upper=upper)


def qr(x, mode="reduced"):
    q, r = torch.linalg.qr(x, mode)
    return q, r


def singular_vectors(x, full_matrices):
    left, values, right = torch.linalg.svd(x, full_matrices)
    return left, values, right


def singular_values(x):
    return torch.linalg.svdvals(x)


def eigh(x):
    values, vectors = torch.linalg.eigh(x)
    return values, vectors


def eig(x):
    values, vectors = torch.linalg.eig(x)
    return values, vectors


def lu_factor(x):
    lu, pivots = torch.linalg.lu_factor(x)
    # LAPACK counts rows from 1
    return lu, pivots - 1


def inv(x):
    return torch.linalg.inv(x)


def solve_matrix(a, b):
    return torch.linalg.solve(a, b)


def solve_triangular_matrix(a, b, lower):
    return torch.linalg.solve_triangular(a, b, upper=not lower)


def det(x):
    return torch.linalg.det(x)


def slogdet(x):
    sign, log = torch.linalg.slogdet(x)
    return sign, log
