"""Composed linear algebra against Keras, and refusals."""

import numpy as np
import pytest

import kerata
from kerata import ops
from tests.conformance.cases import integers, normal
from tests.ops.keras_rows import Row

A, B, V = normal(3, 3), normal(2, 3, 3), normal(3)
DEFINITE = (B @ B.transpose(0, 2, 1) + 3 * np.eye(3)).astype("float32")
INT = integers(5, 3, 3)
TALL = normal(4, 3)

_VECTOR_NORMS = (None, 0, 1, 2, 3, np.inf, -np.inf)
_MATRIX_NORMS = (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)

ROWS = [
    Row("matmul", (INT, INT)),
    Row("matmul", (INT.astype("int8"), INT.astype("int8"))),
    Row("matmul", (INT, A)),
    *(Row("dot", args) for args in ((A, A), (B, V), (V, V), (B, B), (A, 2.0))),
    Row("vdot", (A, A)),
    *(Row("inner", args) for args in ((A, V), (B, A), (V, V))),
    Row("outer", (A, V)),
    Row("kron", (A, V)),
    Row("kron", (INT, INT)),
    Row("tensordot", (B, A), {"axes": 2}),
    Row("tensordot", (B, A), {"axes": 1}),
    Row("tensordot", (B, A), {"axes": ([2, 1], [0, 1])}),
    Row("tensordot", (A, V), {"axes": 0}),
    Row("einsum", ("bij,jk->bik", B, INT)),
    Row("einsum", ("ii", A)),
    Row("cross", (A, V)),
    Row("cross", (normal(4, 2), normal(4, 2))),
    Row("cross", (normal(4, 2), normal(4, 3))),
    Row("cross", (normal(3, 4), normal(3, 4)), {"axis": 0}),
    Row("trace", (INT.astype("uint8"),)),
    Row("trace", (B,), {"offset": 1, "axis1": 1, "axis2": 2}),
    Row("solve", (DEFINITE, normal(2, 3, 2)), atol=1e-4),
    Row("solve", (DEFINITE[0], V), atol=1e-4),
    Row("solve_triangular", (DEFINITE[0], V), {"lower": True}, atol=1e-4),
    Row("cholesky", (DEFINITE,), {"upper": True}, atol=1e-4),
    Row("cholesky_inverse", (DEFINITE[0],), atol=1e-4),
    Row("cholesky_inverse", (DEFINITE[0],), {"upper": True}, atol=1e-4),
    Row("inv", (DEFINITE,), atol=1e-4),
    Row("det", (DEFINITE,), atol=1e-3),
    Row("logdet", (DEFINITE,), atol=1e-4),
    Row("svd", (TALL,), {"compute_uv": False}, atol=1e-4),
    Row("pinv", (TALL,), atol=1e-4),
    Row("pinv", (np.ones((2, 3), "float32"),), atol=1e-4),
    Row("lstsq", (TALL, normal(4)), atol=1e-4),
    Row("lstsq", (TALL, normal(4, 2)), atol=1e-4),
    Row("matrix_rank", (np.ones((3, 3), "float32"),)),
    Row("matrix_rank", (A,), {"tol": 100.0}),
    Row("cdist", (A, TALL), atol=1e-4),
    Row("lu_factor", (DEFINITE[0],), atol=1e-4),
    *(Row("norm", (A,), {"ord": ord, "axis": 1}) for ord in _VECTOR_NORMS),
    *(Row("norm", (A,), {"ord": ord, "keepdims": True}, atol=1e-4) for ord in _MATRIX_NORMS),
    Row("norm", (B,)),
    Row("norm", (B,), {"ord": "nuc", "axis": (0, 2)}, atol=1e-4),
    Row("norm", (INT,)),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_agrees_with_keras(row, backend):
    row.check()


FACTORS = [
    (lambda: ops.matmul(*ops.qr(TALL)), TALL),
    (lambda: ops.matmul(*ops.qr(TALL, mode="complete")), TALL),
    (lambda: _from_svd(*ops.svd(TALL, full_matrices=False)), TALL),
    (lambda: _from_eigh(*ops.eigh(DEFINITE)), DEFINITE),
]


def _from_svd(u, s, vh):
    return ops.matmul(u * s, vh)


def _from_eigh(values, vectors):
    return ops.matmul(vectors * ops.expand_dims(values, 1), ops.swapaxes(vectors, 1, 2))


@pytest.mark.parametrize(("product", "expected"), FACTORS)
def test_factors_multiply_to_the_matrix(product, expected, backend):
    np.testing.assert_allclose(ops.convert_to_numpy(product()), expected, atol=1e-4)


REFUSALS = [
    (lambda: ops.matmul(A, TALL), r"`matmul` got shapes \(3, 3\) and \(4, 3\)"),
    (lambda: ops.matmul(A, 2.0), "use `ops.multiply`"),
    (lambda: ops.einsum("ij,jk->ik", A, TALL), "dimension 'j' is 3 in one and 4 in another"),
    (lambda: ops.einsum("ij->i", A, A), "names 1 operands, but got 2"),
    (lambda: ops.einsum("ij->i", B), "does not name the 3 dimensions"),
    (lambda: ops.einsum("ij->ik", A), "stand in the result only"),
    (lambda: ops.cross(normal(4), normal(4)), "expected 2 or 3 elements"),
    (lambda: ops.inv(TALL), "`inv` got shape"),
    (lambda: ops.det(V), "expected matrices"),
    (lambda: ops.solve(A, TALL), "got 3 equations"),
    (lambda: ops.qr(A, mode="full"), "`qr` got mode 'full'"),
    (lambda: ops.norm(A, ord="fro", axis=0), "is for matrices"),
    (lambda: ops.norm(A, ord=3), "`norm` got ord=3 for matrices"),
    (lambda: ops.norm(B, ord=2), "expected one or two axes"),
]


@pytest.mark.parametrize(("call", "message"), REFUSALS)
def test_refusals_say_what_is_wrong(call, message, backend):
    with pytest.raises(ValueError, match=message):
        call()


def test_gradient_of_distances_at_zero(training_backend):
    x = kerata.Variable([[1.0, 2.0]])
    with kerata.GradientTape() as tape:
        total = ops.sum(ops.cdist(x, [[1.0, 2.0], [1.0, 3.0]]))
    np.testing.assert_allclose(ops.convert_to_numpy(tape.gradient(total, x)), [[0.0, -1.0]])
