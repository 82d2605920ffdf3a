"""What torch's kernels do on a GPU, shown on tensors of the CPU that say that they lie on one.

The first two tests need no pretending: torch's device "meta" is another device everywhere.
"""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
import torch

import kerata
from kerata import layers, ops
from kerata.backend.torch.gradient import Recording
from kerata.core import masks

random = np.random.default_rng(0)
X = random.normal(size=(2, 3, 4)).astype("float32")


@pytest.fixture
def as_on_gpu(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "is_cuda", True)


@pytest.fixture(autouse=True)
def on_torch():
    with kerata.use_backend("torch"):
        yield


def same(actual, expected):
    np.testing.assert_array_equal(ops.convert_to_numpy(actual), np.asarray(expected))


# -- several devices -----------------------------------------------------------------------


def test_tensors_of_the_cpu_follow_those_of_another_device():
    here, there = torch.ones(2, 3, requires_grad=True), torch.ones(2, 3, device="meta")
    for result in (
        ops.add(here, there),
        ops.subtract(there, here),
        ops.where(there > 0, here, 0.0),
        kerata.losses.mean_squared_error(here, there),
    ):
        assert result.device.type == "meta" and result.shape[0] == 2
    assert ops.add(here, there).requires_grad
    with pytest.raises(ValueError, match="do not broadcast"):
        ops.add(here, there[:, :2])  # moving does not hide what is wrong


def test_masks_follow():
    here, there = torch.ones(2, 3), torch.ones(2, 3, device="meta")
    masks.attach(here, torch.ones(2, dtype=torch.bool))
    assert masks.of(ops.add(here, there)) is masks.of(here)


# -- indices -------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("dtype", ["float32", "bool", "int32", "uint8"])
def test_what_is_taken_from_beyond_is_what_jax_takes(axis, dtype, as_on_gpu):
    x = X.astype(dtype) if dtype != "uint8" else abs(X).astype(dtype)
    index = np.array([[0, -1], [50, -50]], "int32")
    same(ops.take(torch.tensor(x), index, axis), jnp.take(jnp.asarray(x), index, axis))
    along = random.integers(-30, 30, (5,) if axis is None else x.shape).astype("int32")
    same(
        ops.take_along_axis(torch.tensor(x), along, axis),
        jnp.take_along_axis(jnp.asarray(x), along, axis),
    )


def test_rows_beyond_a_table_get_no_gradient(as_on_gpu):
    layer = layers.Embedding(3, 2)
    with kerata.GradientTape() as tape:
        rows = layer(np.array([1, 7]))
        total = ops.sum(rows[:1])
    assert np.isnan(ops.convert_to_numpy(rows)[1]).all()
    same(tape.gradient(total, layer.embeddings), [[0, 0], [1, 1], [0, 0]])


@pytest.mark.parametrize("reduction", [None, "add", "mul", "max", "min"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_what_is_written_beyond_is_dropped(reduction, depth, as_on_gpu):
    index = np.array([[0, 1, 2], [1, -1, 3], [1, 2, -9], [-8, 0, 0], [0, 5, 1]], "int32")
    index = index[[0, 1, 3]] if depth == 1 else index
    index = index[:, :depth]
    updates = random.normal(size=(len(index), *X.shape[depth:])).astype("float32")
    found = ops.scatter_update(X, index, updates, reduction)
    inside = ((index >= -np.array(X.shape[:depth])) & (index < X.shape[:depth])).all(-1)
    with kerata.use_backend("numpy"):
        expected = ops.scatter_update(X, index[inside], updates[inside], reduction)
    same(found, expected)


SUBSCRIPTS = [
    ([9, 0], [-1, 0]),
    ((..., [1, -9, 9]), (..., [1, 0, 3])),
    ((slice(None), None, [2, 5], 0), (slice(None), None, [2, 2], 0)),
    ((0, ..., [1, 99]), (0, ..., [1, 3])),
    (([1, 0], [7, 1], ...), ([1, 0], [2, 1], ...)),
    ((slice(None, None, -1), [4]), (slice(None, None, -1), [2])),
    ((X[..., 0] > 0, [9]), (X[..., 0] > 0, [3])),
    ((..., [True, False, True], [1, 9]), (..., [True, False, True], [1, 3])),
]


@pytest.mark.parametrize("key, stopped", SUBSCRIPTS, ids=range(len(SUBSCRIPTS)))
def test_subscripts_stop_at_the_end(key, stopped, as_on_gpu):
    def arrays(key):
        return tuple(np.array(k) if isinstance(k, list) else k for k in key)

    key, stopped = (arrays(k if isinstance(k, tuple) else (k,)) for k in (key, stopped))
    same(ops.get_item(torch.tensor(X), key), X[stopped])


def test_an_empty_axis_is_an_error(as_on_gpu):
    empty, index = torch.zeros(0, 3), torch.tensor([0])
    for call in (lambda: ops.take(empty, index, 0), lambda: ops.get_item(empty, index)):
        with pytest.raises(IndexError, match="empty"):
            call()


# -- integers ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
def test_products_of_integers_are_exact_and_wrap_around(dtype, as_on_gpu):
    limits = np.iinfo(dtype)
    a, b, c = (
        random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
        for shape in ((3, 4, 5), (3, 5, 2), (2,))
    )
    wide = "int32" if dtype == "int8" else dtype
    same(ops.matmul(a, b), np.matmul(a.astype(wide), b.astype(wide)))
    same(ops.einsum("bij,bjk->ik", a, b), np.einsum("bij,bjk->ik", a.astype(wide), b.astype(wide)))
    same(
        ops.einsum("bij,bjk,k->i", a, b, c),
        np.einsum("bij,bjk,k->i", *(x.astype(wide) for x in (a, b, c))),
    )


# -- recurrent layers ----------------------------------------------------------------------

RECURRENT = [
    pytest.param(name, bias, masked, id=f"{name}-{bias}-{masked}")
    for name, bias, masked in itertools.product(
        ("SimpleRNN", "LSTM", "GRU"), (True, False), (True, False)
    )
]


@pytest.mark.parametrize("name, bias, masked", RECURRENT)
def test_weights_in_one_piece_give_the_same(name, bias, masked, monkeypatch):
    layer = getattr(layers, name)(4, use_bias=bias, return_sequences=True)
    mask = np.array([[1, 0, 1], [0, 1, 1]], bool) if masked else None
    x = np.swapaxes(X, 1, 2)[:, :3]
    found = []
    for on_gpu in (False, True):
        with monkeypatch.context() as patch, kerata.GradientTape() as tape:
            if on_gpu:
                patch.setattr(torch.Tensor, "is_cuda", True)
            y = layer(x, mask=mask)
            total = ops.sum(ops.square(y))
        found.append([y, *tape.gradient(total, layer.trainable_variables)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_nested_tapes_take_the_loop(as_on_gpu, monkeypatch):
    def fused(*_):
        raise AssertionError("cuDNN has no second derivative")

    layer, x = layers.GRU(2), torch.tensor(np.swapaxes(X, 1, 2))
    layer(x)
    monkeypatch.setattr("kerata.backend.torch.rnn._fused", fused)
    with kerata.GradientTape(), kerata.GradientTape():
        layer(x)
    kerata.grad(lambda x: ops.sum(layer(x)))(x)
    with Recording(), pytest.raises(AssertionError, match="second"):
        layer(x)
