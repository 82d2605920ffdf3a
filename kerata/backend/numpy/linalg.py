"""NumPy kernels of linear algebra."""

import numpy as np

# what LAPACK does not know is computed in float32
_NARROW = ("float16", "bfloat16")


def _wide(x):
    return x.astype("float32") if x.dtype.name in _NARROW else x


def matmul(x1, x2):
    if x1.dtype == np.int8:
        return np.matmul(x1, x2, dtype="int32")
    return np.matmul(_wide(x1), _wide(x2)).astype(x1.dtype, copy=False)


def affine(x, kernel, bias):
    return matmul(x, kernel) + bias


def contract(operands, subscripts):
    dtype = operands[0].dtype
    if dtype == np.int8:
        return np.einsum(subscripts, *(x.astype("int32") for x in operands), optimize=True)
    result = np.einsum(subscripts, *(_wide(x) for x in operands), optimize=True)
    return result.astype(dtype, copy=False)


def cholesky(x, upper=False):
    return np.linalg.cholesky(_wide(x), upper=upper).astype(x.dtype)


def qr(x, mode="reduced"):
    if mode not in ("reduced", "complete"):
        raise ValueError(f"no mode {mode!r}")
    q, r = np.linalg.qr(_wide(x), mode)
    return q.astype(x.dtype), r.astype(x.dtype)


def singular_vectors(x, full_matrices):
    left, values, right = np.linalg.svd(x, full_matrices)
    return left, values, right


def singular_values(x):
    return np.linalg.svd(x, compute_uv=False)


def eigh(x):
    values, vectors = np.linalg.eigh(x)
    return values, vectors


def eig(x):
    values, vectors = np.linalg.eig(x)
    dtype = np.result_type(x.dtype, "complex64")
    return values.astype(dtype), vectors.astype(dtype)


def lu_factor(x):
    size = x.shape[-1]
    lu = np.array(x).reshape(-1, size, size)
    pivots = np.zeros((len(lu), size), "int32")
    for matrix, exchanged in zip(lu, pivots, strict=True):
        for i in range(size):
            pivot = i + np.argmax(np.abs(matrix[i:, i]))
            exchanged[i] = pivot
            matrix[[i, pivot]] = matrix[[pivot, i]]
            matrix[i + 1 :, i] /= matrix[i, i]
            matrix[i + 1 :, i + 1 :] -= np.outer(matrix[i + 1 :, i], matrix[i, i + 1 :])
    return lu.reshape(x.shape), pivots.reshape(x.shape[:-1])


def inv(x):
    return np.linalg.inv(x)


def solve_matrix(a, b):
    return np.linalg.solve(a, b)


def solve_triangular_matrix(a, b, lower):
    return np.linalg.solve(np.tril(a) if lower else np.triu(a), b)


def det(x):
    return np.linalg.det(x)


def slogdet(x):
    sign, log = np.linalg.slogdet(x)
    return sign, log
