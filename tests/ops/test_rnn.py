"""What the table of primitives does not tell of recurrences: padding, derivatives, errors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import kerata
from kerata import ops
from kerata.core.spec import TensorSpec
from kerata.core.symbolic import SymbolicTensor

GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3}
FEATURES, UNITS = 3, 2


def weights(name: str, dtype: str = "float32") -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    width = GATES[name] * UNITS
    shapes = [(FEATURES, width), (UNITS, width), (2, width) if name == "gru" else (width,)]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def states(name: str, batch: int, dtype: str = "float32") -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    count = 2 if name == "lstm" else 1
    return [rng.normal(size=(batch, UNITS)).astype(dtype) for _ in range(count)]


def run(name: str, inputs, mask=None, **options) -> list[np.ndarray]:
    arguments = [*states(name, len(inputs)), *weights(name)]
    results = getattr(ops, name)(inputs, *arguments, mask, **options)
    return [ops.convert_to_numpy(result) for result in results]


# -- padding -------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["numpy", "jax", "torch"])
@pytest.mark.parametrize("name", sorted(GATES))
@settings(max_examples=15, deadline=None)
@given(lengths=st.lists(st.integers(1, 6), min_size=3, max_size=3), seed=st.integers(0, 2**31))
def test_masked_steps_might_as_well_not_be_there(name, engine, lengths, seed):
    """A sequence with masked steps anywhere gives what its real steps give alone."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(3, 6, FEATURES)).astype("float32")
    mask = np.zeros((3, 6), bool)
    for row, length in zip(mask, lengths, strict=True):
        row[rng.permutation(6)[:length]] = True
    with kerata.use_backend(engine):
        outputs, *last = run(name, inputs, mask)
    with kerata.use_backend("numpy"):
        for i, real in enumerate(mask):
            alone = [*(s[i : i + 1] for s in states(name, 3)), *weights(name)]
            expected, *expected_last = getattr(ops, name)(inputs[i : i + 1, real], *alone)
            np.testing.assert_allclose(outputs[i][real], expected[0], rtol=1e-4, atol=1e-5)
            for mine, theirs in zip(last, expected_last, strict=True):
                np.testing.assert_allclose(mine[i], theirs[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted(GATES))
def test_masked_values_do_not_matter(name, backend):
    inputs = np.random.default_rng(0).normal(size=(2, 4, FEATURES)).astype("float32")
    mask = np.array([[1, 0, 1, 0], [0, 1, 1, 0]], bool)
    other = np.where(mask[..., None], inputs, 7.0).astype("float32")
    for a, b in zip(run(name, inputs, mask), run(name, other, mask), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


# -- derivatives ---------------------------------------------------------------------------


def plain_lstm(x, h, c, kernel, recurrent, bias, tanh, sigmoid):
    """The definition, for engines to differentiate as it stands."""
    total = 0.0
    for t in range(x.shape[1]):
        z = x[:, t] @ kernel + h @ recurrent + bias
        i, f, g, o = (z[:, n * UNITS : (n + 1) * UNITS] for n in range(4))
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
        total = total + (h**3).sum()
    return total + (c**2).sum()


def plain_gru(x, h, kernel, recurrent, bias, tanh, sigmoid):
    total = 0.0
    for t in range(x.shape[1]):
        a, b = x[:, t] @ kernel + bias[0], h @ recurrent + bias[1]
        z, r, n = (slice(k * UNITS, (k + 1) * UNITS) for k in range(3))
        gate = sigmoid(a[:, z] + b[:, z])
        h = gate * h + (1 - gate) * tanh(a[:, n] + sigmoid(a[:, r] + b[:, r]) * b[:, n])
        total = total + (h**3).sum()
    return total


def arguments(name: str) -> list[np.ndarray]:
    inputs = np.random.default_rng(3).normal(size=(2, 3, FEATURES))
    return [inputs, *states(name, 2, "float64"), *weights(name, "float64")]


def total(name: str, *args):
    outputs, *last = getattr(ops, name)(*args)
    result = (outputs**3).sum()
    return result + (last[1] ** 2).sum() if name == "lstm" else result


PLAIN = {"lstm": plain_lstm, "gru": plain_gru}


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_gradient_of_gradient_on_jax(name):
    with jax.enable_x64(True):
        args = [jnp.asarray(each) for each in arguments(name)]

        def penalty(function):
            def of(kernel):
                at = lambda x: function(x, *args[1:-3], kernel, *args[-2:])  # noqa: E731
                return (jax.grad(at)(args[0]) ** 2).sum()

            return jax.jit(jax.grad(of))(args[-3])

        mine = penalty(lambda *a: total(name, *a))
        expected = penalty(lambda *a: PLAIN[name](*a, jnp.tanh, jax.nn.sigmoid))
        np.testing.assert_allclose(mine, expected, rtol=1e-8)


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_forward_mode_on_jax(name):
    with jax.enable_x64(True):
        args = [jnp.asarray(each) for each in arguments(name)]
        _, mine = jax.jvp(lambda *a: total(name, *a), args, args)
        plain = lambda *a: PLAIN[name](*a, jnp.tanh, jax.nn.sigmoid)  # noqa: E731
        _, expected = jax.jvp(plain, args, args)
        np.testing.assert_allclose(mine, expected, rtol=1e-8)


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_gradient_of_gradient_on_torch(name):
    def penalty(function):
        args = [torch.tensor(each, requires_grad=True) for each in arguments(name)]
        (first,) = torch.autograd.grad(function(*args), args[0], create_graph=True)
        return torch.autograd.grad((first**2).sum(), args[-3])[0]

    mine = penalty(lambda *a: total(name, *a))
    expected = penalty(lambda *a: PLAIN[name](*a, torch.tanh, torch.sigmoid))
    torch.testing.assert_close(mine, expected)


def test_gradient_inside_a_compiled_loop_on_jax():
    """The tangent rule works in `while_loop`, where a step of training runs."""
    args = [jnp.asarray(each, "float32") for each in arguments("lstm")]

    def descend(kernel, count):
        slope = jax.grad(lambda k: total("lstm", *args[:3], k, *args[4:]))
        return jax.lax.fori_loop(0, count, lambda _, k: k - 0.01 * slope(k), kernel)

    expected = args[3]
    for _ in range(3):
        expected = descend(expected, 1)
    np.testing.assert_allclose(jax.jit(descend)(args[3], 3), expected, rtol=1e-4, atol=1e-6)


# -- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"inputs": (2, 3)}, r"expected \(batch, time, features\)"),
        ({"inputs": (2, 0, 3)}, "no time steps"),
        ({"kernel": (4, 8)}, r"`kernel` has shape \(4, 8\); expected \(3, 8\)"),
        ({"recurrent_kernel": (3, 8)}, r"`recurrent_kernel` has shape \(3, 8\); expected \(2, 8\)"),
        ({"bias": (2, 8)}, r"`bias` has shape \(2, 8\); expected \(8,\)"),
        ({"initial_h": (3, 2)}, r"initial state` has shape \(3, 2\); expected \(2, 2\)"),
        ({"mask": (2, 4)}, r"`mask` has shape \(2, 4\); expected \(2, 3\)"),
    ],
)
def test_wrong_shapes_are_explained(change, text, backend):
    shapes = {
        "inputs": (2, 3, 3), "initial_h": (2, 2), "initial_c": (2, 2), "kernel": (3, 8),
        "recurrent_kernel": (2, 8), "bias": (8,),
    } | change  # fmt: skip
    tensors = {
        name: np.zeros(shape, "bool" if name == "mask" else "float32")
        for name, shape in shapes.items()
    }
    with pytest.raises(ValueError, match=text):
        ops.lstm(**{name: SymbolicTensor(t.shape, t.dtype.name) for name, t in tensors.items()})


def test_unknown_activation_is_explained(backend):
    with pytest.raises(ValueError, match="unknown activation 'swish'; expected one of tanh"):
        run("gru", np.zeros((1, 2, FEATURES), "float32"), activation="swish")


def test_mask_must_be_bool():
    x, h = SymbolicTensor((2, 3, 3)), SymbolicTensor((2, 2))
    arguments = [SymbolicTensor((3, 2)), SymbolicTensor((2, 2)), None, SymbolicTensor((2, 3))]
    with pytest.raises(ValueError, match="mask has dtype float32; expected bool"):
        ops.simple_rnn(x, h, *arguments)


def test_symbolic_shapes():
    x, h = SymbolicTensor((None, None, 3)), SymbolicTensor((None, 2))
    results = ops.gru(x, h, SymbolicTensor((3, 6)), SymbolicTensor((2, 6)))
    assert [r.spec for r in results] == [TensorSpec((None, None, 2)), TensorSpec((None, 2))]
