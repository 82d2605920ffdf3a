"""kerata.function: the same results as plain Python, with variables reached in any way."""

import logging

import numpy as np
import pytest

import kerata
from kerata import ops


def value(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


class CompiledPrograms(logging.Handler):
    """Collects the names of the programs that JAX says it compiles."""

    def __enter__(self):
        self.names = []
        logging.getLogger("jax").addHandler(self)
        return self

    def __exit__(self, *_):
        logging.getLogger("jax").removeHandler(self)

    def emit(self, record):
        if record.getMessage().startswith("Compiling"):
            self.names.append(record.getMessage().split()[1])


def test_reads_and_assigns_through_closures(backend):
    count, scale = kerata.Variable(0.0), kerata.Variable(2.0)

    @kerata.function
    def step(x):
        count.assign_add(1.0)
        return x * scale.value + count.value

    assert [float(value(step(ops.ones(())))) for _ in range(3)] == [3.0, 4.0, 5.0]
    assert float(count.numpy()) == 3.0
    scale.assign(10.0)
    assert float(value(step(ops.ones(())))) == 14.0


def test_values_that_somebody_keeps_outlive_the_buffers_of_the_state():
    with kerata.use_backend("jax"):
        start = np.zeros(3, "float32")
        total, other = kerata.Variable(start), kerata.Variable(1.0)

        @kerata.function
        def step(x):
            total.assign_add(x)
            return ops.sum(total.value)

        kept = [total.value]
        start[:] = 9.0
        for _ in range(2):
            step(np.ones(3, "float32"))
            kept.append(total.value)
            step(np.ones(3, "float32"))
            with kerata.StatelessScope([(other, ops.ones(()))]):
                kept.append(total.value)
        step(np.ones(3, "float32"))
    np.testing.assert_array_equal([value(x)[0] for x in kept], [0, 1, 2, 3, 4])
    assert total.numpy()[0] == 5.0


def test_first_values_are_put_and_not_compiled():
    import jax

    with kerata.use_backend("jax"):
        variables = [kerata.Variable(np.zeros(n, "float32")) for n in (1001, 1002, 1003)]

        @kerata.function
        def step():
            for variable in variables:
                variable.assign_add(ops.ones(variable.shape))

        with jax.log_compiles(), CompiledPrograms() as compiled:
            step()
    assert [name for name in compiled.names if "copy" in name or "stage" in name] == []
    assert compiled.names, "the step itself was compiled"


def test_python_arguments_are_part_of_the_program(backend):
    @kerata.function
    def power(x, exponent, negate=False):
        y = ops.power(x, exponent)
        return -y if negate else y

    x = ops.convert_to_tensor(np.float32(3.0))
    assert float(value(power(x, 2))) == 9.0
    assert float(value(power(x, 3))) == 27.0
    assert float(value(power(x, 2, negate=True))) == -9.0


def test_structures_and_static_results(backend):
    @kerata.function
    def split(pair):
        return {"sum": pair["a"] + pair["b"], "name": "pair", "parts": [pair["b"], None]}

    found = split({"a": ops.ones((2,)), "b": ops.ones((2,))})
    assert found["name"] == "pair" and found["parts"][1] is None
    np.testing.assert_array_equal(value(found["sum"]), [2, 2])


def test_new_shapes_are_traced_anew():
    traces = []
    with kerata.use_backend("jax"):

        @kerata.function
        def total(x):
            traces.append(x.shape)
            return ops.sum(x)

        for size in (2, 3, 2, 3):
            assert float(total(ops.ones((size,)))) == size
    assert len(traces) == 2


def test_two_models_and_two_optimizers_of_a_gan(training_backend):
    """All variables are reached through closures, and both optimizers make their slots."""
    kerata.utils.set_random_seed(1)
    generator = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(3)])
    critic = kerata.Sequential([kerata.Input((3,)), kerata.layers.Dense(1)])
    optimizers = kerata.optimizers.Adam(0.1), kerata.optimizers.SGD(0.1)

    def losses(noise, real):
        fake = generator(noise)
        return ops.mean(critic(fake)), ops.mean(critic(real)) - ops.mean(critic(fake))

    def step(noise, real):
        for model, optimizer, which in ((generator, optimizers[0], 0), (critic, optimizers[1], 1)):
            with kerata.GradientTape() as tape:
                loss = losses(noise, real)[which]
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    start = [*generator.get_weights(), *critic.get_weights()]
    noise, real = ops.ones((4, 2)), ops.ones((4, 3)) * 0.5
    compiled = kerata.function(step)
    for _ in range(3):
        last = compiled(noise, real)
    fast = [*generator.get_weights(), *critic.get_weights()]

    generator.set_weights(start[:2]), critic.set_weights(start[2:])
    optimizers = kerata.optimizers.Adam(0.1), kerata.optimizers.SGD(0.1)
    for _ in range(3):
        slow_last = step(noise, real)
    np.testing.assert_allclose(value(last), value(slow_last), rtol=1e-5)
    for a, b in zip(fast, [*generator.get_weights(), *critic.get_weights()], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_methods(backend):
    class Counter:
        def __init__(self):
            self.total = kerata.Variable(0.0)

        @kerata.function
        def add(self, x):
            self.total.assign_add(x)
            return self.total.value

    counter = Counter()
    counter.add(ops.ones(()))
    assert float(value(counter.add(ops.ones(())))) == 2.0


def test_errors_end_in_the_users_line(backend):
    @kerata.function
    def wrong(x):
        return ops.matmul(x, x)

    with pytest.raises(ValueError) as info:
        wrong(ops.ones((2, 3)))
    files = [entry.path for entry in info.traceback]
    assert not any("/jax/" in str(path) for path in files)
    assert str(files[-1]).endswith(("errors.py", "test_function.py"))
