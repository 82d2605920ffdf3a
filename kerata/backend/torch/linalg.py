"""PyTorch kernels of linear algebra."""

import torch


def matmul(x1, x2):
    if x1.dtype == torch.int8:
        return torch.matmul(x1.int(), x2.int())
    return torch.matmul(x1, x2)


def affine(x, kernel, bias):
    if x.ndim == 2:
        return torch.addmm(bias, x, kernel)
    rows = torch.addmm(bias, x.reshape(-1, x.shape[-1]), kernel)
    return rows.view(*x.shape[:-1], kernel.shape[1])


def contract(operands, subscripts):
    if operands[0].dtype == torch.int8:
        operands = [x.int() for x in operands]
    return torch.einsum(subscripts, *operands)


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
