"""Variables: lazy first values, assignment, scopes, and errors."""

import numpy as np
import pytest

import kerata
from kerata import ops
from kerata.core import masks
from kerata.core.scope import Scope, scope


def test_first_value_is_made_when_needed(backend):
    calls = []

    def initializer(shape, dtype):
        calls.append((shape, dtype))
        return np.ones(shape, dtype)

    v = kerata.Variable(initializer, shape=(2, 3))
    assert not calls and not v.is_initialized()
    assert v.numpy().tolist() == np.ones((2, 3)).tolist()
    assert calls == [((2, 3), "float32")]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "int8", "int32", "bool"])
def test_dtypes(backend, dtype):
    v = kerata.Variable([1, 0], dtype=dtype)
    assert v.dtype == dtype and str(v.numpy().dtype) == dtype


def test_assignment(backend):
    v = kerata.Variable([1.0, 2.0])
    v.assign([3.0, 4.0])
    v.assign_add([1.0, 1.0])
    v.assign_sub(np.array([0.5, 0.5]))
    np.testing.assert_array_equal(v.numpy(), [3.5, 4.5])
    with pytest.raises(ValueError, match=r"shape \(2,\).*shape \(3,\)"):
        v.assign([1.0, 2.0, 3.0])


def test_assignment_of_another_engines_tensor():
    import torch

    with kerata.use_backend("jax"):
        v = kerata.Variable([0.0, 0.0])
    v.assign(torch.tensor([1.0, 2.0]))
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])


def test_operators(backend):
    v = kerata.Variable([1.0, 2.0])
    for result, expected in (
        (v + 1, [2, 3]),
        (1 - v, [0, -1]),
        (v * v, [1, 4]),
        (np.array([2.0, 4.0], "float32") / v, [2, 2]),
        (-v, [-1, -2]),
        (v**2, [1, 4]),
        (v[1], 2),
        (v > 1.5, [False, True]),
    ):
        np.testing.assert_allclose(ops.convert_to_numpy(result), expected)


def test_scope_stands_in_for_values(backend):
    v = kerata.Variable(1.0)
    with scope({v: ops.convert_to_tensor(5.0)}) as values:
        v.assign(v + 1.0)
        assert float(v.numpy()) == 6.0
    assert float(ops.convert_to_numpy(values[v])) == 6.0
    assert float(v.numpy()) == 1.0


def test_scopes_nest_and_note_what_they_were_not_given(backend):
    v, w = kerata.Variable(1.0), kerata.Variable(2.0)
    with Scope({v: ops.convert_to_tensor(5.0)}) as outer:
        with Scope({}) as inner:
            assert float(ops.convert_to_numpy(v.value)) == 5.0
            w.assign(3.0)
    assert set(inner.unknown) == {id(v), id(w)} and list(inner.assigned) == [id(w)]
    assert not outer.unknown and float(w.numpy()) == 2.0


def test_a_read_tensor_survives_training():
    """Compiled steps consume their state; what the user has read must stay alive."""
    with kerata.use_backend("jax"):
        v = kerata.Variable([1.0])
        held = v.value

        @kerata.function
        def step():
            v.assign_add([1.0])

        step()
        held_later = v.value
        step()
        assert float(held[0]) == 1.0 and float(held_later[0]) == 2.0 and v.numpy()[0] == 3.0


def test_a_users_array_is_not_consumed():
    with kerata.use_backend("jax"):
        mine = ops.ones((3,))
        v = kerata.Variable(mine)

        @kerata.function
        def step():
            v.assign_add(ops.ones((3,)))

        step()
        step()
        np.testing.assert_array_equal(np.asarray(mine), [1, 1, 1])


@pytest.mark.parametrize("shape", [None, (None, 2)])
def test_callable_needs_a_known_shape(shape):
    with pytest.raises(ValueError, match="shape"):
        kerata.Variable(lambda shape, dtype: np.zeros(shape), shape=shape)


def test_same_seed_same_weights_on_every_backend():
    values = []
    for name in ("numpy", "jax", "torch"):
        kerata.utils.set_random_seed(3)
        with kerata.use_backend(name):
            model = kerata.Sequential(
                [kerata.Input((4,)), kerata.layers.Dense(8), kerata.layers.Dense(2)]
            )
            values.append(model.get_weights())
    for other in values[1:]:
        for a, b in zip(values[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_no_value_of_a_foreign_trace_is_kept(training_backend):
    """What the user's own `jax.jit` or `tf.function` computes is gone when the trace ends."""
    if training_backend == "torch":
        pytest.skip("torch computes at once")
    if training_backend == "jax":
        import jax

        compile_foreign = jax.jit
    else:
        import tensorflow as tf

        compile_foreign = tf.function
    variable = kerata.Variable(1.0)
    with pytest.raises(RuntimeError, match=r"kerata.function.*stateless_call"):
        compile_foreign(lambda x: variable.assign(x * 2.0))(kerata.ops.ones(()))
    assert float(variable.numpy()) == 1.0


def test_functions_of_torch_take_variables_as_their_values():
    import torch

    with kerata.use_backend("torch"):
        weights = kerata.Variable(np.array([[1.0, 2.0], [3.0, 4.0]], "float32"))
        x = torch.tensor([[1.0, 1.0]], device=weights.value.device)
        found = torch.nn.functional.linear(x, weights)
        assert found.tolist() == [[3.0, 7.0]]
        assert torch.stack([weights, weights]).shape == (2, 2, 2)
        with kerata.GradientTape() as tape:
            loss = torch.sum(torch.mul(x, weights))
        assert tape.gradient(loss, weights).tolist() == [[1.0, 1.0], [1.0, 1.0]]


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**", "@"])
def test_operators_of_tensors_and_variables_are_ops_on_either_side(backend, symbol):
    # TensorFlow's own operator comes first there, and takes no two dtypes.
    dtypes = ("float32", "float32") if backend == "tensorflow" else ("int32", "float16")
    tensor = ops.convert_to_tensor(np.array([[4, 9], [7, 3]], dtypes[0]))
    variable = kerata.Variable(np.array([[2.0, 3.0], [4.0, 0.5]], dtypes[1]))
    names = {"+": "add", "-": "subtract", "*": "multiply", "/": "true_divide",
             "//": "floor_divide", "%": "mod", "**": "power", "@": "matmul"}  # fmt: skip
    operation = getattr(ops, names[symbol])
    for left, right in ((tensor, variable), (variable, tensor)):
        found = eval(f"left {symbol} right", {"left": left, "right": right})
        expected = operation(left, right)
        found, expected = (np.asarray(ops.convert_to_numpy(x)) for x in (found, expected))
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_on_torch_masks_go_through_operators_of_tensors_and_variables():
    with kerata.use_backend("torch"):
        masked = kerata.layers.Masking()(np.array([[[1.0], [0.0]]], "float32"))
        assert masks.of(masked + kerata.Variable(1.0)) is masks.of(masked)


def test_in_a_symbolic_scope_variables_have_no_values():
    variable = kerata.Variable(np.ones((2, 3)), dtype="float32")
    with kerata.SymbolicScope():
        assert isinstance(variable.value, kerata.KerasTensor) and variable.value.shape == (2, 3)
        variable.assign(kerata.KerasTensor((2, 3), "float32"))
        with pytest.raises(ValueError, match="has shape"):
            variable.assign(kerata.KerasTensor((3,), "float32"))
    np.testing.assert_array_equal(variable.numpy(), 1.0)


def test_an_older_name_for_weights():
    layer = kerata.layers.Layer()
    weight = layer.add_variable((2,), "ones", trainable=False, regularizer="l2", name="w")
    assert layer.weights == [weight] and not weight.trainable and weight.name == "w"
    assert weight.regularizer is not None and weight.numpy().tolist() == [1.0, 1.0]
