"""Linear algebra: products, factorizations, solutions and norms.

`x`, `x1` and `x2` are anything tensor-like (tensor, variable, array, nested list). Matrices stand
in the last two dimensions, `(..., rows, columns)`; those before are batches. Factorizations and
solutions make floatx of integers.
"""

from __future__ import annotations

import builtins
import math
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core.dtypes import promote, to_float
from kerata.core.primitive import Tensor, Tensors, primitive
from kerata.core.rules import broadcast_shapes, canonical_axes
from kerata.core.spec import Shape, TensorSpec, dtype_of, ndim_of, shape_of
from kerata.ops.cast import cast, in_dtype
from kerata.ops.differentiation import jvp as jvp  # Keras has it here as well
from kerata.ops.elementwise import (
    abs,
    conj,
    divide,
    log,
    multiply,
    power,
    sqrt,
    square,
    subtract,
)
from kerata.ops.indexing import get_item
from kerata.ops.joining import stack
from kerata.ops.logic import greater, not_equal, where
from kerata.ops.reduce import Axis, max, min, sum
from kerata.ops.shape import diagonal, expand_dims, moveaxis, ravel, reshape, squeeze, swapaxes

_COMPLEX = {"float64": "complex128", "complex128": "complex128"}
_REAL = {"complex64": "float32", "complex128": "float64"}


# -- products ------------------------------------------------------------------------------


def _product_dtype(dtype: str) -> str:
    # products of int8, as quantized layers have them, are summed in 32 bit
    return "int32" if dtype == "int8" else dtype


@primitive
def matmul(x1: Tensor, x2: Tensor) -> Tensor:
    """Matrix product.

    Args:
        x1: tensor of shape `(..., n, k)` or `(k,)`.
        x2: tensor of shape `(..., k, m)` or `(k,)`.

    Returns:
        Tensor of shape `(..., n, m)`; a dimension that a vector does not have is left out. The
        dtype is the common one, int32 for int8.

    Raises:
        ValueError: if the inner sizes differ, or an argument is a scalar.

    >>> import kerata
    >>> kerata.ops.matmul([[1, 2], [3, 4]], [1, 1]).tolist()
    [3, 7]
    """
    if x1.ndim == 0 or x2.ndim == 0:
        raise ValueError(f"`matmul` got shapes {x1.shape} and {x2.shape}; use `ops.multiply`.")
    inner1, inner2 = x1.shape[-1], x2.shape[-2 if x2.ndim > 1 else 0]
    if inner1 != inner2 and None not in (inner1, inner2):
        raise ValueError(
            f"`matmul` got shapes {x1.shape} and {x2.shape}: the last dimension of the first "
            f"({inner1}) must be equal to the {'second to ' if x2.ndim > 1 else ''}last of the "
            f"second ({inner2}). Perhaps one must be transposed."
        )
    batch = broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    rows = x1.shape[-2:-1]
    columns = x2.shape[-1:] if x2.ndim > 1 else ()
    return TensorSpec((*batch, *rows, *columns), _product_dtype(x1.dtype))


@primitive
def affine(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Return `x @ kernel + bias`, a dense layer's product, in which engines fuse the sum.

    Args:
        x: tensor of shape `(..., n, k)`.
        kernel: tensor of shape `(k, m)`.
        bias: tensor of shape `(m,)`.

    Returns:
        Tensor of shape `(..., n, m)`.

    Raises:
        ValueError: if the sizes do not fit each other.

    >>> from kerata.ops.linalg import affine
    >>> affine([[1.0, 2.0]], [[1.0], [1.0]], [0.5]).tolist()
    [[3.5]]
    """
    product = matmul.primitive.rule(x, kernel)
    if kernel.ndim != 2 or bias.shape != kernel.shape[1:]:
        raise ValueError(
            f"`affine` got a kernel of shape {kernel.shape} and a bias of shape {bias.shape}; "
            "expected (k, m) and (m,)."
        )
    return product


@primitive
def contract(operands: Tensors, subscripts: str) -> Tensor:
    """Sum of products over named dimensions. See `einsum`."""
    terms, output = _terms(subscripts, [x.ndim for x in operands])
    sizes: dict[str, int | None] = {}
    batches = []
    for term, x in zip(terms, operands, strict=True):
        before, _, after = term.partition("...")
        end = x.ndim - len(after)
        batches.append(x.shape[len(before) : end])
        named = x.shape[: len(before)] + x.shape[end:]
        for letter, size in zip(before + after, named, strict=True):
            known = sizes.get(letter)
            if known not in (None, 1, size) and size not in (None, 1):
                raise ValueError(
                    f"`einsum` {subscripts!r} got shapes {[x.shape for x in operands]}: dimension "
                    f"{letter!r} is {known} in one and {size} in another."
                )
            sizes[letter] = size if known in (None, 1) else known
    before, dots, after = output.partition("...")
    batch = broadcast_shapes(*batches) if dots else ()
    shape = (*(sizes[name] for name in before), *batch, *(sizes[name] for name in after))
    return TensorSpec(shape, _product_dtype(operands[0].dtype))


def _terms(subscripts: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """Return the subscripts of each operand and of the result."""
    text = subscripts.replace(" ", "")
    inputs, arrow, output = text.partition("->")
    terms = inputs.split(",")
    if not arrow:
        letters = sorted(set(inputs) - set(",."))
        dots = "..." if "..." in inputs else ""
        output = dots + "".join(letter for letter in letters if inputs.count(letter) == 1)
    if len(terms) != len(ranks):
        raise ValueError(
            f"`einsum` {subscripts!r} names {len(terms)} operands, but got {len(ranks)}."
        )
    for term, rank in zip(terms, ranks, strict=True):
        named = len(term.replace("...", ""))
        if named > rank or ("..." not in term and named != rank):
            raise ValueError(
                f"`einsum` {subscripts!r}: {term!r} does not name the {rank} dimensions of its "
                "operand."
            )
    unknown = set(output) - set(inputs) - {"."}
    if unknown:
        raise ValueError(f"`einsum` {subscripts!r}: {sorted(unknown)} stand in the result only.")
    return terms, output


def einsum(subscripts: str, *operands: Tensor, **kwargs: Any) -> Tensor:
    """Sum of products over named dimensions (Einstein's convention).

    Args:
        subscripts: the dimensions of each operand and of the result, such as `"ij,jk->ik"`.
            What is missing in the result is summed over; `"..."` stands for further ones.
        operands: tensors; they take their common dtype.
        kwargs: kept for Keras' signature (`optimize`).

    Raises:
        ValueError: if the subscripts do not fit the shapes.

    >>> import kerata
    >>> kerata.ops.einsum("ij,j->i", [[1, 2], [3, 4]], [1, 1]).tolist()
    [3, 7]
    """
    return contract(list(operands), subscripts)


def _letters(*ranks: int) -> list[str]:
    """Return a different letter for each dimension of several tensors."""
    letters = iter(string.ascii_letters)
    return ["".join(next(letters) for _ in range(rank)) for rank in ranks]


def tensordot(x1: Tensor, x2: Tensor, axes: int | Sequence = 2) -> Tensor:
    """Sum of products over some dimensions of two tensors.

    Args:
        x1, x2: tensors.
        axes: how many: the last ones of `x1` and the first ones of `x2`; or a pair of axes (or
            of lists of axes) that are paired.

    Raises:
        ValueError: if the paired sizes differ.

    >>> import kerata
    >>> kerata.ops.tensordot([[1, 2], [3, 4]], [1, 1], axes=1).tolist()
    [3, 7]
    """
    rank1, rank2 = ndim_of(x1), ndim_of(x2)
    if isinstance(axes, int):
        axes = (tuple(range(rank1 - axes, rank1)), tuple(range(axes)))
    first, second = canonical_axes(axes[0], rank1), canonical_axes(axes[1], rank2)
    one, two = _letters(rank1, rank2)
    names = list(two)
    for axis1, axis2 in zip(first, second, strict=True):
        names[axis2] = one[axis1]
    kept1 = "".join(letter for axis, letter in enumerate(one) if axis not in first)
    kept2 = "".join(letter for axis, letter in enumerate(names) if axis not in second)
    return contract([x1, x2], f"{one},{''.join(names)}->{kept1}{kept2}")


def dot(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of products over the last dimension of `x1` and the second to last of `x2`.

    With a scalar it is the product; the last dimension of `x2` is used if it is a vector.

    >>> import kerata
    >>> kerata.ops.dot([1, 2], [3, 4]).tolist()
    11
    """
    rank1, rank2 = ndim_of(x1), ndim_of(x2)
    if rank1 == 0 or rank2 == 0:
        return multiply(x1, x2)
    if rank1 <= 2 and rank2 <= 2:
        return matmul(x1, x2)
    return tensordot(x1, x2, axes=((rank1 - 1,), (builtins.max(rank2 - 2, 0),)))


def vdot(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of products of all elements; those of `x1` are conjugated if complex.

    >>> import kerata
    >>> kerata.ops.vdot([[1, 2]], [[3], [4]]).tolist()
    11
    """
    return matmul(ravel(conj(x1)), ravel(x2))


def inner(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of products over the last dimensions; with a scalar, the product.

    >>> import kerata
    >>> kerata.ops.inner([[1, 2], [3, 4]], [1, 1]).tolist()
    [3, 7]
    """
    rank1, rank2 = ndim_of(x1), ndim_of(x2)
    if rank1 == 0 or rank2 == 0:
        return multiply(x1, x2)
    return tensordot(x1, x2, axes=((rank1 - 1,), (rank2 - 1,)))


def outer(x1: Tensor, x2: Tensor) -> Tensor:
    """Product of each element of `x1` with each of `x2`, both flattened.

    >>> import kerata
    >>> kerata.ops.outer([1, 2], [3, 4]).tolist()
    [[3, 4], [6, 8]]
    """
    return multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))


def kron(x1: Tensor, x2: Tensor) -> Tensor:
    """Kronecker product: each element of `x1` times the whole of `x2`.

    >>> import kerata
    >>> kerata.ops.kron([1, 10], [1, 2]).tolist()
    [1, 2, 10, 20]
    """
    ndim = builtins.max(ndim_of(x1), ndim_of(x2))
    shape1 = (1,) * (ndim - ndim_of(x1)) + tuple(shape_of(x1))
    shape2 = (1,) * (ndim - ndim_of(x2)) + tuple(shape_of(x2))
    spread1 = [size for each in shape1 for size in (each, 1)]
    spread2 = [size for each in shape2 for size in (1, each)]
    blocks = multiply(reshape(x1, spread1), reshape(x2, spread2))
    return reshape(blocks, tuple(a * b for a, b in zip(shape1, shape2, strict=True)))


def cross(
    x1: Tensor,
    x2: Tensor,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Tensor:
    """Cross product of vectors of 3 (or 2) elements.

    Args:
        x1, x2: tensors with vectors along one axis.
        axisa, axisb: the axis of the vectors in `x1` and in `x2`.
        axisc: the axis of the vectors in the result (there is none for two plane vectors).
        axis: sets all three.

    Raises:
        ValueError: if the vectors have neither 2 nor 3 elements.

    >>> import kerata
    >>> kerata.ops.cross([1, 0, 0], [0, 1, 0]).tolist()
    [0, 0, 1]
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(x1, axisa, -1), moveaxis(x2, axisb, -1)
    sizes = shape_of(a)[-1], shape_of(b)[-1]
    if not set(sizes) <= {2, 3}:
        raise ValueError(f"`cross` got vectors of sizes {sizes}; expected 2 or 3 elements.")
    a1, a2, a3 = _coordinates(a)
    b1, b2, b3 = _coordinates(b)
    third = subtract(multiply(a1, b2), multiply(a2, b1))
    if sizes == (2, 2):
        return third
    first = subtract(multiply(a2, b3), multiply(a3, b2))
    second = subtract(multiply(a3, b1), multiply(a1, b3))
    return stack([first, second, third], axis=axisc)


def _coordinates(x: Tensor) -> list[Tensor]:
    """Return the coordinates in the last dimension; the third of a plane vector is 0."""
    found = [get_item(x, (..., i)) for i in range(shape_of(x)[-1])]
    return found if len(found) == 3 else [*found, multiply(found[0], 0)]


def trace(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Sum of a diagonal; small integers are summed in 32 bit.

    Args:
        x: tensor of at least two dimensions.
        offset: 0 is the main diagonal, positive ones lie above it, negative ones below.
        axis1, axis2: the axes of the rows and of the columns.

    >>> import kerata
    >>> kerata.ops.trace([[1, 2], [3, 4]]).tolist()
    5
    """
    return sum(diagonal(x, offset, axis1, axis2), axis=-1)


# -- factorizations ------------------------------------------------------------------------


def _matrix(x: TensorSpec, name: str) -> tuple[Shape, int | None, int | None]:
    """Return batch shape, rows and columns of matrices."""
    if x.ndim < 2:
        raise ValueError(f"`{name}` got shape {x.shape}; expected matrices, (..., rows, columns).")
    return x.shape[:-2], x.shape[-2], x.shape[-1]


def _square(x: TensorSpec, name: str) -> tuple[Shape, int | None]:
    """Return batch shape and size of square matrices."""
    batch, rows, columns = _matrix(x, name)
    if rows != columns and None not in (rows, columns):
        raise ValueError(
            f"`{name}` got shape {x.shape}; expected square matrices, equal last dimensions."
        )
    return batch, columns if rows is None else rows


def _smaller(rows: int | None, columns: int | None) -> int | None:
    return None if rows is None or columns is None else rows if rows < columns else columns


@primitive(promote="float")
def cholesky(x: Tensor, upper: bool = False) -> Tensor:
    """Cholesky factor L of positive definite matrices, `x = L L^H`.

    Args:
        x: symmetric (Hermitian) positive definite matrices.
        upper: whether to return the upper triangular factor `L^H` instead.

    Raises:
        ValueError: if the matrices are not square.

    >>> import kerata
    >>> kerata.ops.cholesky([[4.0, 2.0], [2.0, 5.0]]).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    _square(x, "cholesky")
    return x


def cholesky_inverse(x: Tensor, upper: bool = False) -> Tensor:
    """Inverse of the positive definite matrices whose Cholesky factor is given.

    Args:
        x: Cholesky factors.
        upper: whether they are upper triangular.

    >>> import kerata
    >>> kerata.ops.cholesky_inverse([[2.0, 0.0], [0.0, 1.0]]).tolist()
    [[0.25, 0.0], [0.0, 1.0]]
    """
    lower = swapaxes(x, -1, -2) if upper else x
    inverse = solve_triangular(lower, _identity_like(lower), lower=True)
    return matmul(swapaxes(inverse, -1, -2), inverse)


def _identity_like(x: Tensor) -> Tensor:
    """Return identity matrices of the shape, dtype and backend of square matrices."""
    size = shape_of(x)[-1]
    return where(np.eye(size, dtype=bool), 1.0, multiply(x, 0.0))


@primitive(promote="float")
def qr(x: Tensor, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """QR factorization: `x = q r`, with orthonormal columns in q and upper triangular r.

    Args:
        x: matrices of shape `(..., n, m)`.
        mode: `"reduced"` for q of shape `(..., n, k)`, `k = min(n, m)`, or `"complete"` for
            `(..., n, n)`.

    Returns:
        Tuple (q, r).

    Raises:
        ValueError: if the mode is unknown.

    >>> import kerata
    >>> q, r = kerata.ops.qr(kerata.ops.ones((3, 2)))
    >>> q.shape, r.shape
    ((3, 2), (2, 2))
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"`qr` got mode {mode!r}; expected 'reduced' or 'complete'.")
    batch, rows, columns = _matrix(x, "qr")
    inner_size = rows if mode == "complete" else _smaller(rows, columns)
    return x.with_shape((*batch, rows, inner_size)), x.with_shape((*batch, inner_size, columns))


@primitive(promote="float")
def singular_vectors(x: Tensor, full_matrices: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Singular value decomposition with vectors. See `svd`."""
    batch, rows, columns = _matrix(x, "svd")
    count = _smaller(rows, columns)
    left, right = (rows, columns) if full_matrices else (count, count)
    return (
        x.with_shape((*batch, rows, left)),
        TensorSpec((*batch, count), _REAL.get(x.dtype, x.dtype)),
        x.with_shape((*batch, right, columns)),
    )


@primitive(promote="float")
def singular_values(x: Tensor) -> Tensor:
    """Singular values in falling order. See `svd`."""
    batch, rows, columns = _matrix(x, "svd")
    return TensorSpec((*batch, _smaller(rows, columns)), _REAL.get(x.dtype, x.dtype))


def svd(x: Tensor, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular value decomposition: `x = u diag(s) vh`.

    Args:
        x: matrices of shape `(..., n, m)`.
        full_matrices: whether u and vh are square; else they have `k = min(n, m)` columns and
            rows.
        compute_uv: whether u and vh are wanted at all.

    Returns:
        Tuple (u, s, vh) with s in falling order; only s without `compute_uv`.

    >>> import kerata
    >>> kerata.ops.svd([[3.0, 0.0], [0.0, 4.0]], compute_uv=False).tolist()
    [4.0, 3.0]
    """
    return singular_vectors(x, full_matrices) if compute_uv else singular_values(x)


@primitive(promote="float")
def eigh(x: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues, ascending, and eigenvectors (columns) of symmetric (Hermitian) matrices.

    Raises:
        ValueError: if the matrices are not square.

    >>> import kerata
    >>> values, vectors = kerata.ops.eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> values.tolist()
    [1.0, 2.0]
    """
    batch, size = _square(x, "eigh")
    return TensorSpec((*batch, size), _REAL.get(x.dtype, x.dtype)), x


@primitive(promote="float")
def eig(x: Tensor) -> tuple[Tensor, Tensor]:
    """Complex eigenvalues and eigenvectors (columns) of square matrices. On JAX: CPU only.

    Raises:
        ValueError: if the matrices are not square.

    >>> import kerata
    >>> values, vectors = kerata.ops.eig([[2.0, 0.0], [0.0, 1.0]])
    >>> values.shape, vectors.shape
    ((2,), (2, 2))
    """
    batch, size = _square(x, "eig")
    dtype = _COMPLEX.get(x.dtype, "complex64")
    return TensorSpec((*batch, size), dtype), x.with_dtype(dtype)


@primitive(promote="float")
def lu_factor(x: Tensor) -> tuple[Tensor, Tensor]:
    """LU factorization of square matrices with row exchanges, `P x = L U`.

    Returns:
        Tuple (lu, pivots): L (whose diagonal is 1) and U in one matrix; and, as int32, the row
        that was exchanged with row i in step i.

    Raises:
        ValueError: if the matrices are not square.

    >>> import kerata
    >>> lu, pivots = kerata.ops.lu_factor([[1.0, 2.0], [2.0, 2.0]])
    >>> lu.tolist(), pivots.tolist()
    ([[2.0, 2.0], [0.5, 1.0]], [1, 1])
    """
    batch, size = _square(x, "lu_factor")
    return x, TensorSpec((*batch, size), "int32")


# -- solutions -----------------------------------------------------------------------------


@primitive(promote="float")
def inv(x: Tensor) -> Tensor:
    """Inverse of square matrices.

    Raises:
        ValueError: if the matrices are not square.

    >>> import kerata
    >>> kerata.ops.inv([[2.0, 0.0], [0.0, 4.0]]).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    _square(x, "inv")
    return x


@primitive(promote="float")
def solve_matrix(a: Tensor, b: Tensor) -> Tensor:
    """Solution x of `a x = b` for matrices b. See `solve`."""
    batch, size = _square(a, "solve")
    return _solution(batch, size, b, "solve")


@primitive(promote="float")
def solve_triangular_matrix(a: Tensor, b: Tensor, lower: bool) -> Tensor:
    """Solution x of `a x = b` for triangular a and matrices b. See `solve_triangular`."""
    batch, size = _square(a, "solve_triangular")
    return _solution(batch, size, b, "solve_triangular")


def _solution(batch: Shape, size: int | None, b: TensorSpec, name: str) -> TensorSpec:
    batch_b, rows, columns = _matrix(b, name)
    if rows != size and None not in (rows, size):
        raise ValueError(
            f"`{name}` got {size} equations and a right side of shape {b.shape}; expected "
            f"{size} rows."
        )
    return b.with_shape((*broadcast_shapes(batch, batch_b), size, columns))


def _with_columns(solve: Any, a: Tensor, b: Tensor) -> Tensor:
    """Solve for b of one dimension less, vectors, as for matrices of one column."""
    if ndim_of(b) == ndim_of(a) - 1:
        return squeeze(solve(a, expand_dims(b, -1)), -1)
    return solve(a, b)


def solve(a: Tensor, b: Tensor) -> Tensor:
    """Solution x of the linear equations `a x = b`.

    Args:
        a: square matrices of shape `(..., n, n)`.
        b: right sides of shape `(..., n)` or `(..., n, m)`.

    Raises:
        ValueError: if the shapes do not fit.

    >>> import kerata
    >>> kerata.ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).tolist()
    [1.0, 0.5]
    """
    return _with_columns(solve_matrix, a, b)


def solve_triangular(a: Tensor, b: Tensor, lower: bool = False) -> Tensor:
    """Solution x of the linear equations `a x = b` with triangular a.

    Args:
        a: square matrices of shape `(..., n, n)`; the other triangle is not read.
        b: right sides of shape `(..., n)` or `(..., n, m)`.
        lower: whether the lower triangle is used, else the upper one.

    Raises:
        ValueError: if the shapes do not fit.

    >>> import kerata
    >>> kerata.ops.solve_triangular([[2.0, 1.0], [0.0, 4.0]], [3.0, 4.0]).tolist()
    [1.0, 1.0]
    """
    return _with_columns(lambda a, b: solve_triangular_matrix(a, b, lower), a, b)


def pinv(x: Tensor, rcond: float | None = None) -> Tensor:
    """Moore-Penrose pseudo-inverse of matrices.

    Args:
        x: matrices of shape `(..., n, m)`.
        rcond: singular values below `rcond` times the largest count as 0; by default
            `10 * max(n, m)` times the precision of the dtype.

    Returns:
        Matrices of shape `(..., m, n)`.

    >>> import kerata
    >>> kerata.ops.pinv([[2.0, 0.0], [0.0, 0.0]]).tolist()
    [[0.5, 0.0], [0.0, 0.0]]
    """
    left, values, right = svd(x, full_matrices=False)
    if rcond is None:
        rcond = 10.0 * _longer_side(x) * _precision(values)
    large = greater(values, multiply(max(values, axis=-1, keepdims=True), rcond))
    inverse = where(large, divide(1.0, where(large, values, 1.0)), 0.0)
    right = multiply(swapaxes(conj(right), -1, -2), expand_dims(inverse, -2))
    return matmul(right, swapaxes(conj(left), -1, -2))


def _longer_side(x: Tensor) -> int:
    rows, columns = shape_of(x)[-2:]
    if rows is None or columns is None:
        raise ValueError(f"The matrices, {shape_of(x)}, must have known sizes; give the tolerance.")
    return rows if rows > columns else columns


def _precision(x: Tensor) -> float:
    return float(np.finfo(dtype_of(x)).eps)


def lstsq(a: Tensor, b: Tensor, rcond: float | None = None) -> Tensor:
    """Least-squares solution x of `a x = b`, the shortest one if there are several.

    Args:
        a: matrix of shape `(n, m)`.
        b: right side of shape `(n,)` or `(n, k)`.
        rcond: singular values below `rcond` times the largest count as 0; by default
            `max(n, m)` times the precision of the dtype.

    Raises:
        ValueError: if the numbers of rows differ.

    >>> import kerata
    >>> kerata.ops.lstsq([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0]).tolist()
    [3.0, 2.0]
    """
    dtype = to_float(promote(dtype_of(a), dtype_of(b)))
    if rcond is None:
        rcond = _longer_side(a) * float(np.finfo(dtype).eps)
    return matmul(pinv(in_dtype(a, dtype), rcond), in_dtype(b, dtype))


# -- determinants, ranks and norms ---------------------------------------------------------


@primitive(promote="float")
def det(x: Tensor) -> Tensor:
    """Determinant of square matrices.

    Raises:
        ValueError: if the matrices are not square.

    >>> import kerata
    >>> kerata.ops.det([[2.0, 0.0], [0.0, 4.0]]).tolist()
    8.0
    """
    batch, _ = _square(x, "det")
    return x.with_shape(batch)


@primitive(promote="float")
def slogdet(x: Tensor) -> tuple[Tensor, Tensor]:
    """Sign of the determinant of square matrices, and the logarithm of its absolute value.

    Raises:
        ValueError: if the matrices are not square.

    >>> import kerata
    >>> sign, log = kerata.ops.slogdet([[0.0, 1.0], [1.0, 0.0]])
    >>> sign.tolist(), log.tolist()
    (-1.0, 0.0)
    """
    batch, _ = _square(x, "slogdet")
    return x.with_shape(batch), TensorSpec(batch, _REAL.get(x.dtype, x.dtype))


def logdet(x: Tensor) -> Tensor:
    """Logarithm of the determinant of positive definite matrices.

    It is twice the sum of the logarithms of the diagonal of the Cholesky factor.

    >>> import kerata
    >>> kerata.ops.logdet([[1.0, 0.0], [0.0, 1.0]]).tolist()
    0.0
    """
    return multiply(sum(log(diagonal(cholesky(x), 0, -2, -1)), axis=-1), 2.0)


def matrix_rank(x: Tensor, tol: float | None = None) -> Tensor:
    """Rank of matrices: how many singular values are not (nearly) 0, as int32.

    Args:
        x: matrices of shape `(..., n, m)`.
        tol: the limit; by default the largest singular value times `max(n, m)` times the
            precision of the dtype.

    >>> import kerata
    >>> kerata.ops.matrix_rank([[1.0, 1.0], [1.0, 1.0]]).tolist()
    1
    """
    values = svd(x, compute_uv=False)
    if tol is None:
        share = _longer_side(x) * _precision(values)
        limit = multiply(max(values, axis=-1, keepdims=True), share)
    else:
        limit = tol
    return sum(greater(values, limit), axis=-1)


def norm(
    x: Tensor, ord: int | float | str | None = None, axis: Axis = None, keepdims: bool = False
) -> Tensor:
    """Norm of vectors or matrices; float result.

    Args:
        x: tensor.
        ord: which norm. Of vectors: 2 (Euclidean, the default), `inf`, `-inf`, 0 (how many are
            not 0) or any p: `sum(|x|**p)**(1/p)`. Of matrices: `"fro"` (the default), `"nuc"`
            (sum of singular values), 2 and -2 (largest and smallest one), 1 and -1 (largest and
            smallest sum of a column), `inf` and `-inf` (of a row).
        axis: one dimension for vectors, two for matrices; by default all of `x`.
        keepdims: whether they stay, with size 1.

    Raises:
        ValueError: if there is no such norm.

    >>> import kerata
    >>> kerata.ops.norm([3.0, 4.0]).tolist()
    5.0
    """
    ndim = ndim_of(x)
    x = cast(x, to_float(dtype_of(x)))
    if axis is None and ord is None:
        return _euclidean(x, None, keepdims)
    axes = canonical_axes(axis, ndim)
    if len(axes) == 1:
        return _vector_norm(x, 2 if ord is None else ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, "fro" if ord is None else ord, axes[0], axes[1], keepdims)
    raise ValueError(f"`norm` got axis={axis} for shape {shape_of(x)}; expected one or two axes.")


def _euclidean(x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    return sqrt(sum(square(abs(x)), axis=axis, keepdims=keepdims))


def _vector_norm(x: Tensor, ord: Any, axis: int, keepdims: bool) -> Tensor:
    if isinstance(ord, str):
        raise ValueError(f"`norm` got ord={ord!r}, which is for matrices: give two axes.")
    size = abs(x)
    if ord == 2:
        return _euclidean(x, axis, keepdims)
    if ord == 0:
        return sum(cast(not_equal(x, 0), dtype_of(size)), axis=axis, keepdims=keepdims)
    if math.isinf(ord):
        return (max if ord > 0 else min)(size, axis=axis, keepdims=keepdims)
    return power(sum(power(size, float(ord)), axis=axis, keepdims=keepdims), 1.0 / ord)


def _matrix_norm(x: Tensor, ord: Any, row: int, column: int, keepdims: bool) -> Tensor:
    if ord == "fro":
        return _euclidean(x, (row, column), keepdims)
    if ord in ("nuc", 2, -2):
        values = svd(moveaxis(x, (row, column), (-2, -1)), compute_uv=False)
        found = {"nuc": sum, 2: max, -2: min}[ord](values, axis=-1)
    elif ord in (1, -1, math.inf, -math.inf):
        along, rest = (row, column) if ord in (1, -1) else (column, row)
        sums = sum(abs(x), axis=along, keepdims=True)
        found = squeeze((max if ord > 0 else min)(sums, axis=rest, keepdims=True), (row, column))
    else:
        raise ValueError(
            f"`norm` got ord={ord!r} for matrices; expected 'fro', 'nuc', 1, -1, 2, -2, inf or "
            "-inf."
        )
    return expand_dims(found, tuple(sorted((row, column)))) if keepdims else found


def cdist(x: Tensor, y: Tensor) -> Tensor:
    """Euclidean distance of each vector of `x` to each of `y`; float result.

    Args:
        x: vectors of shape `(..., n, d)`.
        y: vectors of shape `(..., m, d)`.

    Returns:
        Tensor of shape `(..., n, m)`.

    >>> import kerata
    >>> kerata.ops.cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 0.0]]).tolist()
    [[5.0, 0.0]]
    """
    difference = subtract(expand_dims(x, -2), expand_dims(y, -3))
    total = sum(square(cast(difference, to_float(dtype_of(difference)))), axis=-1)
    # the square root has no finite gradient at 0
    apart = greater(total, 0)
    return where(apart, sqrt(where(apart, total, 1.0)), 0.0)
