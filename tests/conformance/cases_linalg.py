"""Rows of linear algebra. Factors are compared through what does not depend on signs."""

import numpy as np
import scipy.linalg

from tests.conformance.cases import Case, integers, normal

A, B = normal(2, 3, 3), normal(2, 3, 2)
TALL = normal(4, 2)
SQUARE = A + 3 * np.eye(3, dtype="float32")
SYMMETRIC = (A + A.transpose(0, 2, 1)) / 2
DEFINITE = SYMMETRIC + 5 * np.eye(3, dtype="float32")
INT8 = integers(9, 3, 4, low=-9).astype("int8")

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def contract(operands, subscripts):
    return np.einsum(subscripts, *operands)


def in_wide(function):
    """Return the function computed in int32, as products of int8 are."""
    return lambda *args: function(*(arg.astype("int32") for arg in args))


def triangular(a, b, lower):
    return np.stack(
        [scipy.linalg.solve_triangular(*pair, lower=lower) for pair in zip(a, b, strict=True)]
    )


def magnitudes(*parts):
    """The signs of factors and eigenvectors are free."""
    return [np.abs(part) for part in parts]


def eigenvalues(values, vectors):
    return [np.sort_complex(values)]


CASES = [
    *(Case("matmul", args) for args in (
        (normal(2, 3), normal(3, 4)), (A, B), (normal(5), normal(5)), (A, normal(3)),
        (normal(3), A), (normal(2, 1, 2, 3), A), (integers(5, 2, 3), integers(5, 3, 2)))),
    Case("matmul", (INT8, INT8.reshape(4, 3)), oracle=in_wide(np.matmul)),
    *(Case("affine", (x, normal(3, 4), normal(4)), batch=False,
           oracle=lambda x, kernel, bias: x @ kernel + bias)
      for x in (normal(2, 3), A, normal(2, 1, 2, 3), normal(0, 3), normal(3))),
    *(Case("contract", (operands, subscripts), oracle=contract) for operands, subscripts in (
        ([normal(2, 3), normal(3, 4)], "ij,jk->ik"),
        ([normal(2, 3), normal(3, 4)], "ij,jk"),
        ([integers(5, 2, 3), integers(5, 3, 2)], "ij,jk->ki"),
        ([A, normal(3, 4)], "...i,ij->...j"),
        ([A, B], "b...c,bcd->bd..."),
        ([A], "bii->bi"),
        ([A], "bij->b"),
        ([normal(2, 3), normal(2, 3), normal(3)], "ij,ij,j->"))),
    Case("cholesky", (DEFINITE,), **CLOSE, gradient=False, oracle=np.linalg.cholesky),
    Case("cholesky", (DEFINITE,), {"upper": True}, **CLOSE, gradient=False,
         oracle=lambda x, upper: np.linalg.cholesky(x).transpose(0, 2, 1)),
    Case("singular_values", (TALL,), **CLOSE, oracle=lambda x: np.linalg.svd(x, compute_uv=False)),
    *(Case("qr", (x,), mode, **CLOSE, view=magnitudes, oracle=np.linalg.qr, gradient=not mode)
      for x in (TALL, SQUARE) for mode in ({}, {"mode": "complete"})),
    *(Case("singular_vectors", (x, full), **CLOSE, view=magnitudes, oracle=np.linalg.svd,
           gradient=not full)
      for x, full in ((TALL, False), (A, False), (TALL.T, False), (SQUARE, True))),
    Case("eigh", (SYMMETRIC,), **CLOSE, view=magnitudes, oracle=np.linalg.eigh, gradient=False),
    Case("eig", (SYMMETRIC[0],), **CLOSE, view=eigenvalues, oracle=np.linalg.eig, gradient=False),
    Case("inv", (SQUARE,), **CLOSE, oracle=np.linalg.inv),
    Case("solve_matrix", (SQUARE, B), **CLOSE, oracle=np.linalg.solve),
    Case("solve_matrix", (SQUARE[0], TALL[:3]), **CLOSE, oracle=np.linalg.solve, batch=False),
    *(Case("solve_triangular_matrix", (SQUARE, B, lower), **CLOSE, oracle=triangular)
      for lower in (True, False)),
    Case("det", (SQUARE,), **CLOSE, oracle=np.linalg.det),
    Case("slogdet", (SQUARE,), **CLOSE, oracle=np.linalg.slogdet),
    Case("lu_factor", (SQUARE,), **CLOSE, gradient=False,
         oracle=lambda x: tuple(map(np.stack, zip(*map(scipy.linalg.lu_factor, x), strict=True)))),
]  # fmt: skip
