"""Loops, branches and maps: the same on every engine, compiled, taped and symbolic."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import kerata
from kerata import ops
from kerata.core.symbolic import SymbolicTensor

X = np.arange(1.0, 7.0, dtype="float32").reshape(3, 2)


def to_numpy(structure):
    return kerata.tree.map_structure(
        lambda leaf: None if leaf is None else ops.convert_to_numpy(leaf), structure
    )


def as_list(tensor) -> list:
    return ops.convert_to_numpy(tensor).tolist()


# -- values --------------------------------------------------------------------------------


def test_scan_carries_and_stacks(backend):
    carry, ys = to_numpy(ops.scan(lambda c, x: (c + x, c * x), ops.zeros((2,)), X))
    before = np.concatenate([np.zeros((1, 2)), X.cumsum(0)[:-1]])
    np.testing.assert_allclose(carry, X.sum(0))
    np.testing.assert_allclose(ys, before * X)


def test_scan_backwards_keeps_the_order_of_results(backend):
    _, ys = ops.scan(lambda c, x: (c + x, c + x), 0.0, X[:, 0], reverse=True)
    np.testing.assert_allclose(to_numpy(ys), X[::-1, 0].cumsum()[::-1])


def test_scan_of_structures(backend):
    def step(carry, x):
        return {"n": carry["n"] + 1, "none": None}, (x["a"] + x["b"], None)

    init = {"n": 0, "none": None}
    carry, (sums, nothing) = ops.scan(step, init, {"a": X, "b": 2 * X})
    assert (int(carry["n"]), carry["none"], nothing) == (3, None, None)
    np.testing.assert_allclose(to_numpy(sums), 3 * X)


def test_scan_without_inputs(backend):
    carry, ys = ops.scan(lambda c, _: (c * 2, None), 1, length=5)
    assert (int(carry), ys) == (32, None)


def test_while_loop(backend):
    i, total = ops.while_loop(lambda i, t: i < 5, lambda i, t: (i + 1, t + i), (0, 0))
    assert (int(i), int(total)) == (5, 10)
    assert int(ops.while_loop(lambda n: n < 100, lambda n: n * 3, 1, maximum_iterations=2)) == 9


def test_while_loop_keeps_the_kind_of_its_variables(backend):
    result = ops.while_loop(lambda a, b: a < 2, lambda a, b: [a + 1, b * 2], [0, X])
    assert isinstance(result, list)
    np.testing.assert_allclose(to_numpy(result[1]), 4 * X)


def test_fori_loop(backend):
    assert int(ops.fori_loop(2, 5, lambda i, n: n * i, 1)) == 24
    bound = ops.convert_to_tensor(5)
    assert int(ops.fori_loop(2, bound, lambda i, n: n + i, 0)) == 9


def test_map_and_vectorized_map(backend):
    for mapped in (ops.map, ops.vectorized_map):
        sums, doubled = mapped(lambda x: (ops.sum(x["a"]), x["b"] * 2), {"a": X, "b": X[:, 0]})
        np.testing.assert_allclose(to_numpy(sums), X.sum(1))
        np.testing.assert_allclose(to_numpy(doubled), 2 * X[:, 0])


def test_cond_and_switch(backend):
    for value, expected in ((True, [2.0]), (np.bool_(False), [3.0])):
        got = ops.cond(value, lambda: ops.array([2.0]), lambda: ops.array([3.0]))
        assert as_list(got) == expected
    assert as_list(ops.cond(ops.array(1) > 2, lambda: ops.ones(1), lambda: ops.zeros(1))) == [0.0]
    branches = [lambda x: x, lambda x: x * 10, lambda x: x * 100]
    picked = [as_list(ops.switch(i, branches, ops.array([1]))) for i in (-1, 0, 1, 2, 9)]
    assert picked == [[1], [1], [10], [100], [100]]


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scan_keeps_the_order_of_factors(axis, reverse, backend):
    """With products of affine maps `a x + b`, which do not commute."""
    a, b = 1 + X.T, X.T - 3

    def compose(first, second):
        return first[0] * second[0], second[0] * first[1] + second[1]

    got = to_numpy(ops.associative_scan(compose, (a, b), reverse=reverse, axis=axis))
    maps = [np.moveaxis(each, axis, 0) for each in (a, b)]
    order = range(len(maps[0]))
    so_far = None
    for i in reversed(order) if reverse else order:
        this = (maps[0][i], maps[1][i])
        so_far = this if so_far is None else compose(so_far, this)
        for mine, expected in zip(got, so_far, strict=True):
            np.testing.assert_allclose(np.moveaxis(mine, axis, 0)[i], expected, rtol=1e-6)


# -- variables -----------------------------------------------------------------------------


def test_bodies_may_assign_variables(backend):
    count = kerata.Variable(0.0)

    def step(carry, x):
        count.assign_add(1.0)
        return carry + count.value * x, None

    total, _ = ops.scan(step, 0.0, X[:, 0])
    assert float(count.numpy()) == 3.0
    assert as_list(total) == 1 * 1 + 2 * 3 + 3 * 5

    def note(i):
        count.assign(ops.add(ops.multiply(i, 10.0), 5.0))
        return i + 1

    ops.while_loop(lambda i: i < 2, note, 0)
    assert float(count.numpy()) == 15.0
    ops.fori_loop(0, 4, lambda i, n: (count.assign_sub(1.0), n)[1], 0)
    assert float(count.numpy()) == 11.0


def test_branches_may_assign_variables_in_compiled_functions(backend):
    a, b = kerata.Variable(0.0), kerata.Variable(0.0)

    @kerata.function
    def choose(flag, index):
        ops.cond(flag > 0, lambda: (a.assign_add(1.0), ops.ones(()))[1], lambda: ops.zeros(()))
        add_to = [lambda v=v: (v.assign_add(10.0), ops.ones(()))[1] for v in (a, b)]
        return ops.switch(index, add_to)

    for flag, index in ((1, 1), (0, 0), (1, 1)):
        choose(ops.convert_to_tensor(flag), ops.convert_to_tensor(index))
    assert (float(a.numpy()), float(b.numpy())) == (12.0, 20.0)


# -- gradients -----------------------------------------------------------------------------


def test_tape_sees_through_loops(training_backend):
    """Gradients reach inputs, variables and tensors that the body captures."""
    v = kerata.Variable(2.0)
    with kerata.GradientTape() as tape:
        x = ops.convert_to_tensor(X[:, 0])
        tape.watch(x)
        captured = ops.square(v)
        total, _ = ops.scan(lambda c, e: (c * captured + e * v.value, None), 0.0, x)
        total = ops.fori_loop(0, 2, lambda i, n: n * v.value, total)
    dv, dx = tape.gradient(total, [v, x])
    # total = v^2 (v^5 x0 + v^3 x1 + v x2)
    np.testing.assert_allclose(to_numpy(dx), [2.0**7, 2.0**5, 2.0**3], rtol=1e-5)
    slope = 7 * 2.0**6 * 1 + 5 * 2.0**4 * 3 + 3 * 2.0**2 * 5
    np.testing.assert_allclose(to_numpy(dv), slope, rtol=1e-5)


def test_tape_sees_through_compiled_branches(training_backend):
    v = kerata.Variable(3.0)

    @kerata.function
    def slope(flag):
        with kerata.GradientTape() as tape:
            square = ops.square(v)
            y = ops.cond(flag > 0, lambda: square * 2.0, lambda: v.value + square * 0.0)
        return tape.gradient(y, v)

    assert float(slope(ops.convert_to_tensor(1))) == 12.0
    assert float(slope(ops.convert_to_tensor(0))) == 1.0


def test_gradient_of_associative_scan(training_backend):
    x = ops.convert_to_tensor(X[:, 0])
    with kerata.GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(ops.associative_scan(lambda a, b: a * b, x))
    # 1 + 1*3 + 1*3*5
    np.testing.assert_allclose(to_numpy(tape.gradient(y, x)), [19.0, 6.0, 3.0], rtol=1e-6)


# -- symbolic ------------------------------------------------------------------------------


def test_symbolic_shapes():
    x, h = SymbolicTensor((None, 4, 3)), SymbolicTensor((4, 3))
    carry, ys = ops.scan(lambda c, e: (c + e, (ops.sum(e, -1), None)), h, x)
    assert (carry.shape, ys[0].shape, ys[1]) == ((4, 3), (None, 4), None)
    assert ops.map(lambda e: e[:, :2], x).shape == (None, 4, 2)
    assert ops.vectorized_map(lambda e: ops.sum(e), x).shape == (None,)
    assert ops.associative_scan(lambda a, b: a + b, x, axis=1).shape == (None, 4, 3)
    assert ops.fori_loop(0, 3, lambda i, e: e * 2, x).shape == (None, 4, 3)
    n, e = ops.while_loop(lambda n, e: n < 3, lambda n, e: (n + 1, e), (0, x))
    assert (n.shape, n.dtype, e.shape) == ((), "int32", (None, 4, 3))
    flag = SymbolicTensor((), "bool")
    assert ops.cond(flag, lambda: x * 2, lambda: x).shape == (None, 4, 3)
    assert ops.switch(SymbolicTensor((), "int32"), [ops.exp, ops.log], x).shape == (None, 4, 3)


def test_in_a_functional_model(backend):
    inputs = kerata.Input((3, 2))
    steps = ops.swapaxes(inputs, 0, 1)
    total, sums = ops.scan(lambda c, x: (c + x, c + x), ops.zeros_like(inputs[:, 0]), steps)
    model = kerata.Model(inputs, [total, sums])
    total, sums = model(X[None])
    np.testing.assert_allclose(to_numpy(total), X.sum(0)[None])
    np.testing.assert_allclose(to_numpy(sums)[:, 0], X.cumsum(0))


def test_in_a_layer(backend):
    class Halve(kerata.layers.Layer):
        def build(self, input_shape):
            self.limit = self.add_weight(shape=(), initializer="ones", name="limit")

        def call(self, x):
            return ops.while_loop(lambda y: ops.max(y) > self.limit, lambda y: y / 2, x)

    layer = Halve()
    assert layer(kerata.Input((2,))).shape == (None, 2)
    np.testing.assert_allclose(to_numpy(layer(X)), X / 8)


# -- compiled ------------------------------------------------------------------------------


def test_traced_once_in_jax():
    traced = []

    @jax.jit
    def run(n):
        return ops.while_loop(lambda i: i < n, lambda i: (traced.append(1), i + 1)[1], 0)

    with kerata.use_backend("jax"):
        assert int(run(50)) == 50
    assert len(traced) < 5


# -- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: ops.scan(lambda c, x: (c, x), 0.0, (X, X[:2])), r"different lengths: \[2, 3\]"),
        (lambda: ops.scan(lambda c, x: (c, x), 0.0, X, length=2), r"different lengths: \[2, 3\]"),
        (lambda: ops.scan(lambda c, x: (c, x), 0.0), "no steps; give `xs`"),
        (lambda: ops.scan(lambda c, x: (c, x), 0.0, X[:0]), "no steps"),
        (lambda: ops.scan(lambda c, x: (c, x), 0.0, 1.0), "no first axis"),
        (lambda: ops.scan(lambda c, x: (x, c), 0.0, X), r"float32\[\], got float32\[2\]"),
        (
            lambda: ops.while_loop(lambda i: i < 1, lambda i: ops.add(i, 0.5), 0),
            r"int32\[\], got float",
        ),
        (lambda: ops.fori_loop(0, 2, lambda i, x: x[:1], X), r"keep shape and dtype"),
        (lambda: ops.switch(0, []), "no branches"),
        (lambda: ops.vectorized_map(lambda x: x, X[:0]), "no elements"),
        (lambda: ops.associative_scan(lambda a, b: a, (X, X[:2])), r"sizes \[2, 3\] along axis 0"),
    ],
)
def test_errors_say_what_is_wrong(call, text, backend):
    with pytest.raises(ValueError, match=text):
        call()


def test_symbolic_branches_must_agree():
    flag, x = SymbolicTensor((), "bool"), SymbolicTensor((2,))
    with pytest.raises(ValueError, match="different structures"):
        ops.cond(flag, lambda: x, lambda: (x, x))
    with pytest.raises(ValueError, match=r"expected float32\[2\], got float32\[3\]"):
        ops.cond(flag, lambda: x, lambda: ops.zeros((3,)))
