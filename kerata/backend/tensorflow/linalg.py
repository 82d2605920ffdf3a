"""TensorFlow kernels of linear algebra."""

import math

import tensorflow as tf

from kerata.backend.tensorflow.constants import _vector
from kerata.backend.tensorflow.elementwise import add

_ops = tf.raw_ops

# TensorFlow multiplies no matrices of small or unsigned integers; overflow of 64 bit ones drops
# the same bits with and without sign
_PRODUCT_DTYPES = {
    tf.bool: tf.int32,
    tf.int8: tf.int32,
    tf.int16: tf.int32,
    tf.uint8: tf.int32,
    tf.uint16: tf.int32,
    tf.uint32: tf.int64,
    tf.uint64: tf.int64,
}


def matmul(x1, x2):
    if x1.dtype in _PRODUCT_DTYPES:
        return _of_integers(lambda xs: matmul(*xs), [x1, x2])
    shape1, shape2 = x1.shape, x2.shape
    rank1, rank2 = shape1.rank, shape2.rank
    if rank2 == 2 and rank1 == 2:
        return _ops.MatMul(a=x1, b=x2)
    if rank1 == 1 and rank2 >= 1:
        return tf.squeeze(matmul(x1[tf.newaxis], x2), -2 if rank2 > 1 else 0)
    if rank2 == 1:
        return tf.squeeze(matmul(x1, x2[:, tf.newaxis]), -1)
    if rank2 == 2 and shape1.is_fully_defined() and shape2.is_fully_defined():
        return _by_rows(lambda rows: _ops.MatMul(a=rows, b=x2), x1, shape2[-1])
    return _ops.BatchMatMulV2(x=x1, y=x2)


def _by_rows(multiply, x, columns):
    """Multiply all rows of a tensor by a matrix at once: the gradient is one product too."""
    *before, size = x.shape
    rows = _ops.Reshape(tensor=x, shape=_vector((math.prod(before), size)))
    return _ops.Reshape(tensor=multiply(rows), shape=_vector((*before, columns)))


def _of_integers(product, operands):
    """Multiply integers that TensorFlow multiplies not, as wider ones."""
    dtype = operands[0].dtype
    result = product([tf.cast(x, _PRODUCT_DTYPES[dtype]) for x in operands])
    return result if dtype is tf.int8 else tf.cast(result, dtype)


def affine(x, kernel, bias):
    def product_of_rows(rows):
        return _ops.BiasAdd(value=_ops.MatMul(a=rows, b=kernel), bias=bias)

    rank, columns = x.shape.rank, kernel.shape[-1]
    if x.dtype.is_floating and rank == 2:
        return product_of_rows(x)
    if x.dtype.is_floating and rank > 2 and columns and x.shape.is_fully_defined():
        return _by_rows(product_of_rows, x, columns)
    product = matmul(x, kernel)
    return add(product, tf.cast(bias, product.dtype))


def contract(operands, subscripts):
    if operands[0].dtype in _PRODUCT_DTYPES:
        return _of_integers(lambda xs: contract(xs, subscripts), operands)
    if any(1 in x.shape for x in operands):
        operands, subscripts = _without_ones(operands, subscripts)
    return tf.einsum(subscripts, *operands)


def _without_ones(operands, subscripts):
    """Drop named axes of size 1 whose name has another size elsewhere: TensorFlow refuses them."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    named = [_named_axes(term, x) for term, x in zip(terms, operands, strict=True)]
    long = {name for axes in named for name, (_, size) in axes.items() if size != 1}
    ones = [
        {name: axis for name, (axis, size) in axes.items() if size == 1 and name in long}
        for axes in named
    ]
    if not arrow:
        once = sorted(name for name in set(inputs) - set(",.") if inputs.count(name) == 1)
        output = "..." * ("..." in inputs) + "".join(once)
    operands = [
        tf.squeeze(x, list(axes.values())) if axes else x
        for x, axes in zip(operands, ones, strict=True)
    ]
    terms = [
        "".join(name for name in term if name not in axes)
        for term, axes in zip(terms, ones, strict=True)
    ]
    return operands, ",".join(terms) + "->" + output


def _named_axes(term, x):
    """Return axis and size of each name in the subscripts of an operand."""
    before, _, after = term.partition("...")
    axes = dict(zip(before, range(len(before)), strict=True))
    axes.update(zip(after, range(-len(after), 0), strict=True))
    return {name: (axis, x.shape[axis]) for name, axis in axes.items()}


def cholesky(x, upper=False):
    factor = tf.linalg.cholesky(x)
    return tf.linalg.adjoint(factor) if upper else factor


def qr(x, mode="reduced"):
    if mode not in ("reduced", "complete"):
        raise ValueError(f"no mode {mode!r}")
    q, r = tf.linalg.qr(x, full_matrices=mode == "complete")
    return q, r


def singular_vectors(x, full_matrices):
    values, left, right = tf.linalg.svd(x, full_matrices)
    return left, values, tf.linalg.adjoint(right)


def singular_values(x):
    return tf.linalg.svd(x, compute_uv=False)


def eigh(x):
    values, vectors = tf.linalg.eigh(x)
    return values, vectors


def eig(x):
    values, vectors = tf.linalg.eig(x)
    return values, vectors


def lu_factor(x):
    lu, rows = tf.linalg.lu(x)
    return lu, _exchanges(rows)


def _exchanges(rows):
    """Return which row was exchanged with row i in step i, given the order that came of it."""
    places = tf.range(tf.shape(rows)[-1])

    def exchange(i, order, exchanged):
        at_i, wanted = tf.equal(places, i), tf.gather(rows, [i], axis=-1)
        at_wanted = tf.equal(order, wanted)
        place = tf.argmax(tf.cast(at_wanted, tf.uint8), -1, tf.int32)[..., tf.newaxis]
        order = tf.where(at_i, wanted, tf.where(at_wanted, tf.gather(order, [i], axis=-1), order))
        return i + 1, order, tf.where(at_i, place, exchanged)

    start = tf.constant(0), tf.broadcast_to(places, tf.shape(rows)), rows
    return tf.while_loop(lambda i, *_: i < tf.size(places), exchange, start)[2]


def inv(x):
    return tf.linalg.inv(x)


def solve_matrix(a, b):
    batch = tf.broadcast_dynamic_shape(tf.shape(a)[:-2], tf.shape(b)[:-2])
    a = tf.broadcast_to(a, tf.concat([batch, tf.shape(a)[-2:]], 0))
    b = tf.broadcast_to(b, tf.concat([batch, tf.shape(b)[-2:]], 0))
    return tf.linalg.solve(a, b)


def solve_triangular_matrix(a, b, lower):
    return tf.linalg.triangular_solve(a, b, lower)


def det(x):
    return tf.linalg.det(x)


def slogdet(x):
    sign, log = tf.linalg.slogdet(x)
    return sign, log
