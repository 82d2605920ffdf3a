"""Rows of creation, shapes, joining, indexing and sorting."""

import numpy as np

from tests.conformance.cases import Case, bools, integers, normal

X, Y, INT = normal(2, 3, 4), normal(2, 1, 4), integers(9, 2, 3)
MATRIX, VECTOR = normal(3, 4), normal(5)
SORTED = np.array([1.0, 2.0, 2.0, 5.0], "float32")


def filled(shape, value, dtype):
    return np.full(shape, value, dtype)


def sequence(start, step, length, dtype):
    return (start + step * np.arange(length)).astype(dtype)


def subscript(x, indices, key):
    each = iter(indices)
    return x[tuple(next(each) if part == "tensor" else part for part in key)]


def block(inputs, start_indices, shape):
    return inputs[tuple(slice(a, a + n) for a, n in zip(start_indices, shape, strict=True))]


def with_block(inputs, start_indices, updates):
    result = inputs.copy()
    block(result, start_indices, updates.shape)[...] = updates
    return result


def scattered(inputs, indices, updates, reduction):
    result = inputs.copy()
    ufunc = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}
    for place in np.ndindex(indices.shape[:-1]):
        where = tuple(indices[place])
        if reduction is None:
            result[where] = updates[place]
        else:
            result[where] = ufunc[reduction](result[where], updates[place])
    return result


def top_k(x, k, sorted=True):
    order = np.argsort(-x, axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(x, order, -1), order


def stable_order(x, axis):
    return np.argsort(x, axis, kind="stable")


def padded(x, widths, mode, value):
    return np.pad(x, widths, mode, **({"constant_values": value} if mode == "constant" else {}))


def distinct(x, axis, size, fill_value):
    return np.unique(x, True, True, True, axis=axis)


def subscripts(x, *keys):
    """Cases of subscripts; arrays in a key are index tensors."""
    for key in keys:
        indices = [part for part in key if isinstance(part, np.ndarray)]
        static = tuple("tensor" if isinstance(part, np.ndarray) else part for part in key)
        batch = not any(isinstance(part, int) or part is None for part in key[:1])
        traced = all(index.dtype != bool for index in indices)
        yield Case("item", (x, indices, static), oracle=subscript, batch=batch, traced=traced)


ROWS = np.array([0, 2, -1], "int32")

CASES = [
    Case("filled", ((2, 3), 7, "int32"), oracle=filled),
    Case("filled", ((2,), 0.5, "float32"), oracle=filled),
    Case("filled", ((), True, "bool"), oracle=filled),
    Case("positions_along", (X, 2), oracle=lambda x, axis: np.arange(4)),
    Case("filled_like", (X, 2, "float32"), oracle=lambda x, v, dtype: np.full_like(x, v),
         gradient=False),
    Case("filled_like", (INT, 1.5, "float32", (3,)),
         oracle=lambda x, v, dtype, shape: np.full(shape, v)),
    Case("sequence", (0, 1, 5, "int32"), oracle=sequence),
    Case("sequence", (5, -2, 3, "float32"), oracle=sequence),
    Case("sequence", (0.5, 0.25, 4, "float32"), oracle=sequence),
    Case("sequence", (3, 2, 0, "int32"), oracle=sequence),
    Case("with_shape", (X, (-1, 6)), oracle=np.reshape),
    Case("with_shape", (X, (4, 6)), oracle=np.reshape, batch=False),
    Case("with_shape", (X, (-1,)), oracle=np.reshape),
    Case("expand_dims", (X, 0)),
    Case("expand_dims", (X, (-1, 1))),
    Case("squeeze", (Y,)),
    Case("squeeze", (Y, 1)),
    Case("squeeze", (normal(2, 1, 1), (1, -1))),
    Case("broadcast_to", (Y, (2, 3, 4))),
    Case("broadcast_to", (VECTOR, (2, 5))),
    Case("transpose", (X,)),
    Case("transpose", (X, (1, -1, 0))),
    Case("flip", (X,)),
    Case("flip", (X, 1)),
    Case("flip", (X, (0, -1))),
    Case("flip", (X, ())),
    Case("roll", (X, 1)),
    Case("roll", (X, -1, 2)),
    Case("roll", (X, (1, 2), (0, 1))),
    *(Case(name, (x, k)) for name in ("tril", "triu") for x in (X, INT) for k in (0, 1, -1)),
    *(Case("diagonal", (X, *rest)) for rest in ((), (1,), (-1, 1, 2), (0, 2, 0))),
    *(Case("diag", (x, k)) for x in (MATRIX, VECTOR) for k in (0, 2, -1)),
    Case("concatenate", ([MATRIX, normal(2, 4)],)),
    Case("concatenate", ([MATRIX, normal(3, 2), normal(3, 1)],), {"axis": -1}),
    Case("stack", ([MATRIX, MATRIX + 1],)),
    Case("stack", ([MATRIX, MATRIX + 1],), {"axis": -1}),
    Case("split", (MATRIX, 2, 1)),
    Case("split", (MATRIX, (1, 3), -1)),
    Case("split", (MATRIX, [1, -1]), batch=False),
    Case("unstack", (MATRIX,), oracle=list, batch=False),
    Case("unstack", (MATRIX,), {"axis": 1}, oracle=lambda x, axis: list(x.T)),
    Case("tile", (MATRIX, 2)),
    Case("tile", (MATRIX, (2, 1, 3))),
    Case("repeated", (MATRIX, 2, 1), oracle=np.repeat),
    Case("repeated", (MATRIX, (1, 0, 2), 0), oracle=np.repeat),
    Case("padded", (MATRIX, ((1, 2), (0, 1)), "constant", 1.5), oracle=padded),
    *(Case("padded", (MATRIX, ((1, 2), (0, 1)), mode, 0), oracle=padded)
      for mode in ("reflect", "symmetric", "edge", "wrap")),
    *subscripts(
        X,
        (slice(None), 1),
        (..., -1),
        (slice(1, None), slice(None), slice(None, None, 2)),
        (slice(None), slice(None, None, -1)),
        (slice(None), slice(2, 0, -1), slice(None, 1, -2)),
        (None, slice(None), ..., None),
        (slice(None), ROWS),
        (ROWS % 2, ROWS),
        (slice(None), ROWS, slice(0, 2)),
        (ROWS % 2, slice(None), ROWS),
        (slice(None), 0, ROWS),
        (0, slice(None), ROWS),
        (slice(None), ROWS.reshape(3, 1), ROWS),
        (bools(2, 3),),
        (),
    ),
    Case("slice_at", (X, np.array([0, 1, 2], "int32"), (2, 2, 1)), oracle=block),
    Case("with_slice_at", (X, np.array([1, 0, 2], "int32"), normal(1, 2, 2)), oracle=with_block),
    *(Case("take", (X, INT % 2, *axis)) for axis in ((), (0,), (-1,))),
    Case("take", (X, np.array(-1, "int32"), 1)),
    Case("take", (MATRIX, ROWS, 0)),
    Case("take", (X[0, 0], np.array(1, "int32"))),
    Case("take_along_axis", (X, integers(3, 2, 2, 4), 1)),
    Case("take_along_axis", (X, integers(3, 1, 2, 4, low=-3), 1), batch=False),
    Case("take_along_axis", (X, integers(9, 5)), oracle=lambda x, i: x.ravel()[i]),
    # JAX has no gradient of a product of updates
    *(Case("scattered", (MATRIX, np.array([[0, 1], [2, 3], [0, 0]], "int32"), normal(3), how),
           oracle=scattered, gradient=how != "mul") for how in (None, "add", "mul", "max", "min")),
    *(Case("scattered", (MATRIX, np.array([[2], [0]], "int32"), normal(2, 4), how),
           oracle=scattered, gradient=how != "mul") for how in (None, "add", "mul", "max", "min")),
    *(Case("sort", (X, axis)) for axis in (-1, 0, None)),
    *(Case("argsort", (x, axis), oracle=stable_order) for x in (X, INT) for axis in (-1, 0, None)),
    Case("top_k", (X, 2), oracle=top_k),
    *(Case("searchsorted", (SORTED, INT.astype("float32")), {"side": side})
      for side in ("left", "right")),
    Case("distinct", (INT, None, None, None), oracle=distinct, traced=False),
    Case("distinct", (INT % 2, 0, None, None), oracle=distinct, traced=False),
]  # fmt: skip
