"""Composed ops of shapes, creation and indexing against Keras, and unknown sizes."""

import numpy as np
import pytest

import kerata
from kerata import ops
from tests.conformance.cases import integers, normal
from tests.ops.keras_rows import Row

X, M, V, INT = normal(2, 3, 4), normal(3, 4), normal(4), integers(9, 2, 3)

ROWS = [
    Row("reshape", (X, (3, -1))),
    Row("reshape", (X, -1)),
    Row("ravel", (X,)),
    Row("moveaxis", (X, 0, -1)),
    Row("moveaxis", (X, (0, 2), (1, 0))),
    Row("swapaxes", (X, 0, -1)),
    Row("fliplr", (M,)),
    Row("flipud", (M,)),
    *(Row("rot90", (X,), {"k": k, "axes": (1, 2)}) for k in (-1, 0, 1, 2, 3)),
    Row("diagflat", (M[:2, :2], 1)),
    Row("hstack", ([M, M],)),
    Row("hstack", ([V, V],)),
    Row("vstack", ([V, V],)),
    Row("vstack", ([M, M],)),
    Row("dstack", ([V, V],)),
    Row("dstack", ([M, M],)),
    Row("append", (M, V)),
    Row("append", (M, M), {"axis": 1}),
    *(Row("meshgrid", (V, normal(3), normal(2)), {"indexing": how}) for how in ("xy", "ij")),
    Row("meshgrid", (V,)),
    *(Row("array_split", (normal(7, 2), n)) for n in (3, 7)),
    Row("hsplit", (M, 2)),
    Row("vsplit", (M, 3)),
    Row("dsplit", (X, [1, 2])),
    Row("split", (M, [1, 2])),
    Row("unstack", (M,), {"axis": -1}),
    Row("tile", (M, 2)),
    Row("repeat", (M, 2)),
    Row("repeat", (M, 3), {"axis": 1}),
    Row("repeat", (M, np.array([1, 0, 2])), {"axis": 0}),
    Row("pad", (M, 1)),
    Row("pad", (M, ((1, 2), (0, 3))), {"constant_values": 2.0}),
    *(Row("pad", (M, ((1, 2), (0, 3))), {"mode": mode}) for mode in ("reflect", "symmetric")),
    Row("vander", (V,)),
    Row("vander", (INT[0], 3), {"increasing": True}),
    Row("concatenate", ([INT, INT.astype("float16")],), {"axis": 1}),
    Row("stack", ([INT, INT.astype("int8")],)),
    Row("take", (M, INT)),
    Row("take", (M, INT % 3), {"axis": 0}),
    Row("take_along_axis", (M, integers(3, 1, 4)), {"axis": 0}),
    Row("slice", (X, (0, 1, 1), (2, -1, 2))),
    Row("slice", (X, np.array([1, 0, 2]), (1, 2, 2))),
    Row("slice_update", (X, (1, 0, 2), np.ones((1, 2, 1), "float32"))),
    Row("scatter", (np.array([[0, 1], [2, 0], [0, 1]], "int32"), V[:3], (3, 2))),
    *(Row("scatter_update", (M, np.array([[0, 1], [2, 0], [0, 1]], "int32"), V[:3]),
          {"reduction": how}) for how in ("add", "max", "min", "mul")),
    Row("scatter_update", (M, np.array([[1], [0]], "int32"), M[:2])),
    Row("get_item", (X, (slice(None), None, 0))),
    Row("get_item", (X, (..., slice(None, None, -2)))),
    Row("get_item", (X, (INT[0] % 2, slice(1, 3)))),
    Row("unravel_index", (INT, (3, 4))),
    Row("full", ((2, 3), 7)),
    Row("full", ((2, 3), 0.5), {"dtype": "float16"}),
    Row("full_like", (INT, 2.7)),
    Row("zeros", ((2,),)),
    Row("ones", (3,), {"dtype": "int8"}),
    Row("empty", ((2, 3),), {"dtype": "bool"}, any_values=True),
    Row("ones_like", (INT,)),
    Row("zeros_like", (INT,), {"dtype": "float32"}),
    Row("empty_like", (INT,), any_values=True),
    Row("arange", (5,)),
    Row("arange", (2.0, 5.0, 0.5)),
    Row("arange", (5, 0, -2)),
    Row("arange", (3,), {"dtype": "bfloat16"}),
    Row("linspace", (0, 10, 5)),
    Row("linspace", (0, 10, 5), {"endpoint": False, "retstep": True}),
    Row("linspace", (V, V + 2, 5), {"axis": -1}),
    Row("linspace", (np.float32(1), V, 3)),
    Row("linspace", (0, 10, 5), {"dtype": "int32"}),
    Row("linspace", (3.0, 9.0, 1)),
    Row("logspace", (0, 3, 4)),
    Row("logspace", (V, 2.0, 3), {"base": 2, "axis": 1}, atol=1e-4),
    Row("geomspace", (1.0, 100.0, 5), atol=1e-3),
    Row("geomspace", (-2.0, -32.0, 5), atol=1e-3),
    Row("eye", (3,)),
    Row("eye", (3, 5), {"k": -1, "dtype": "int32"}),
    Row("identity", (2,)),
    Row("tri", (3, 4, 1)),
    Row("tril", (X, 1)),
    Row("rearrange", (X, "a b c -> c (b a)")),
    Row("rearrange", (X, "a b (c d) -> (a c) b d"), {"c": 2}),
    Row("view", (V, "int32")),
    Row("copy", (V,)),
    Row("array", ([1, 2],)),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_agrees_with_keras(row, backend):
    row.check()


def symbolic(*shape, dtype="float32"):
    return kerata.KerasTensor(shape, dtype)


UNKNOWN = [
    (lambda x: ops.reshape(x, (-1, 2, 3)), (None, 2, 3)),
    (lambda x: ops.reshape(x, (None, 3, 2)), (None, 3, 2)),
    (lambda x: ops.reshape(x, (ops.shape(x)[0], -1)), (None, 6)),
    (lambda x: ops.reshape(x, (2, -1)), (2, None)),
    (lambda x: ops.concatenate([x, x], axis=0), (None, 6)),
    (lambda x: ops.concatenate([x, x], axis=1), (None, 12)),
    (lambda x: ops.split(x, 3, axis=1)[0], (None, 2)),
    (lambda x: ops.split(x, [2], axis=0)[0], (2, 6)),
    (lambda x: ops.stack([x, x], axis=1), (None, 2, 6)),
    (lambda x: ops.broadcast_to(x, (ops.shape(x)[0], 6)), (None, 6)),
    (lambda x: ops.zeros((ops.shape(x)[0], 2)), (None, 2)),
    (lambda x: ops.arange(ops.shape(x)[0]), (None,)),
    (lambda x: ops.tile(x, (1, 2)), (None, 12)),
    (lambda x: ops.repeat(x, 2), (None,)),
    (lambda x: x[:, 0], (None,)),
    (lambda x: x[0], (6,)),
    (lambda x: x[..., None, 2:4], (None, 1, 2)),
    (lambda x: ops.take(x, [[0, 1]], axis=1), (None, 1, 2)),
    (lambda x: ops.expand_dims(x, (0, -1)), (1, None, 6, 1)),
    (lambda x: ops.pad(x, ((1, 1), (0, 2))), (None, 8)),
    (lambda x: ops.vander(ops.sum(x, axis=0), 3), (6, 3)),
    (lambda x: ops.rearrange(x, "b (c d) -> c b d", c=2), (2, None, 3)),
]


@pytest.mark.parametrize(("call", "shape"), UNKNOWN)
def test_unknown_batch_size(call, shape):
    assert call(symbolic(None, 6)).shape == shape


REFUSALS = [
    (lambda: ops.reshape(M, (5, 2)), r"`reshape` cannot bring shape \(3, 4\) \(12 elements\)"),
    (lambda: ops.reshape(M, (-1, 5)), "`reshape` cannot bring"),
    (lambda: ops.squeeze(M, 0), "only dimensions of size 1"),
    (lambda: ops.transpose(M, (0, 0)), "expected each of the 2 dimensions once"),
    (lambda: ops.broadcast_to(M, (3, 5)), "`broadcast_to` cannot bring"),
    (lambda: ops.concatenate([M, V]), "`concatenate` got shapes"),
    (lambda: ops.concatenate([]), "`concatenate` got no tensors"),
    (lambda: ops.stack([M, V]), "`stack` got shapes"),
    (lambda: ops.split(M, 2), "use `ops.array_split`"),
    (lambda: ops.unstack(M, 5), "`unstack` got num=5"),
    (lambda: ops.repeat(M, [1, 2], axis=0), "`repeat` got 2 counts"),
    (lambda: ops.pad(M, ((1, 1),) * 3), "one pair"),
    (lambda: ops.pad(M, 1, mode="mirror"), "`pad` got mode 'mirror'"),
    (lambda: ops.pad(M, 1, mode="edge", constant_values=1.0), "takes no `constant_values`"),
    (lambda: ops.meshgrid(V, indexing="yx"), "expected 'xy' or 'ij'"),
    (lambda: ops.moveaxis(X, (0, 1), 0), "2 sources and 1 destinations"),
    (lambda: ops.rot90(M, axes=(0, -2)), "expected two different ones"),
    (lambda: ops.diag(X), "expected one or two dimensions"),
    (lambda: ops.diagonal(X, axis1=1, axis2=-2), "expected two different axes"),
    (lambda: ops.tril(V), "expected \\(..., rows, columns\\)"),
    (lambda: ops.get_item(M, (0, 0, 0)), "Too many indices"),
    (lambda: ops.get_item(M, 5), "Index 5 is out of range"),
    (lambda: ops.take(M, normal(2), axis=0), "got indices of dtype float32"),
    (lambda: ops.take_along_axis(M, INT[0], axis=0), "expected as many dimensions"),
    (lambda: ops.slice(M, (0, 0), (4, 1)), "reaches beyond"),
    (lambda: ops.slice(M, (0,), (4,)), "expected one start and one size per dimension"),
    (lambda: ops.slice_update(M, (0, 0), V), "expected as many dimensions"),
    (lambda: ops.scatter_update(M, INT, V), "expected a last dimension of 1 to 2"),
    (lambda: ops.scatter_update(M, INT, V, reduction="div"), "`reduction` is 'div'"),
    (lambda: ops.arange(0, 3, 0), "step 0"),
    (lambda: ops.view(normal(2, 3), "complex64"), "takes no whole number"),
    (lambda: ops.rearrange(M, "a b -> a"), "the same names"),
    (lambda: ops.rearrange(M, "a (b c) -> a b c"), "Give them as keywords"),
    (lambda: ops.rearrange(M, "a b c -> a b c"), "names 3 dimensions"),
    (lambda: ops.rearrange(M, "a b -> b a", a=5), "`rearrange`"),
]


@pytest.mark.parametrize(("call", "message"), REFUSALS)
def test_refusals_say_what_is_wrong(call, message, backend):
    with pytest.raises(ValueError, match=message):
        call()


def test_slice_at_a_computed_place(backend):
    start = ops.argmax(np.array([0, 5, 1], "int32"))
    block = ops.slice(M, [start, 0], (2, 2))
    np.testing.assert_array_equal(ops.convert_to_numpy(block), M[1:3, :2])
    changed = ops.slice_update(M, [start, 0], np.zeros((1, 4), "float32"))
    assert ops.convert_to_numpy(changed)[1].tolist() == [0.0] * 4


def test_unknown_indices_of_symbolic_keys():
    assert symbolic(None, 4)[symbolic(5, dtype="int32")].shape == (5, 4)
    assert symbolic(None, 4)[symbolic(None, dtype="bool")].shape == (None, 4)


@pytest.mark.parametrize("shape", [(), (3,), (0, 2, 1)])
def test_ndim_counts_dimensions(shape, backend):
    tensor = kerata.ops.zeros(shape)
    assert kerata.ops.ndim(tensor) == kerata.ops.ndim(np.zeros(shape)) == len(shape)
    assert kerata.ops.ndim(kerata.Input(shape)) == len(shape) + 1
