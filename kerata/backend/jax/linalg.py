"""JAX kernels of linear algebra."""

import jax
import jax.numpy as jnp


def matmul(x1, x2):
    if x1.dtype == jnp.int8:
        return jnp.matmul(x1, x2, preferred_element_type="int32")
    return jnp.matmul(x1, x2)


def affine(x, kernel, bias):
    return matmul(x, kernel) + bias


def contract(operands, subscripts):
    wanted = "int32" if operands[0].dtype == jnp.int8 else None
    return jnp.einsum(subscripts, *operands, preferred_element_type=wanted)


def cholesky(x, upper=False):
    return jnp.linalg.cholesky(x, upper=upper)


def qr(x, mode="reduced"):
    if mode not in ("reduced", "complete"):
        raise ValueError(f"no mode {mode!r}")
    q, r = jnp.linalg.qr(x, mode)
    return q, r


def singular_vectors(x, full_matrices):
    left, values, right = jnp.linalg.svd(x, full_matrices)
    return left, values, right


def singular_values(x):
    return jnp.linalg.svd(x, compute_uv=False)


def eigh(x):
    values, vectors = jnp.linalg.eigh(x)
    return values, vectors


def eig(x):
    values, vectors = jnp.linalg.eig(x)
    return values, vectors


def lu_factor(x):
    return jax.scipy.linalg.lu_factor(x)


def inv(x):
    return jnp.linalg.inv(x)


def solve_matrix(a, b):
    return jnp.linalg.solve(a, b)


def solve_triangular_matrix(a, b, lower):
    batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = jnp.broadcast_to(a, batch + a.shape[-2:])
    b = jnp.broadcast_to(b, batch + b.shape[-2:])
    return jax.lax.linalg.triangular_solve(a, b, left_side=True, lower=lower)


def det(x):
    return jnp.linalg.det(x)


def slogdet(x):
    sign, log = jnp.linalg.slogdet(x)
    return sign, log
