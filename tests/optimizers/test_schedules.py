"""Learning rate schedules against Keras."""

import functools
import inspect

import jax
import keras
import numpy as np
import pytest

import kerata
from kerata import ops
from kerata.optimizers import schedules

STEPS = (0, 1, 3, 5, 9, 10, 11, 12, 19, 20, 29, 30, 31, 55, 100)
CASES = [
    ("ExponentialDecay", {"decay_steps": 10, "decay_rate": 0.9}),
    ("ExponentialDecay", {"decay_steps": 10, "decay_rate": 0.9, "staircase": True}),
    ("InverseTimeDecay", {"decay_steps": 10, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    ("PolynomialDecay", {"decay_steps": 10}),
    ("PolynomialDecay", {"decay_steps": 10, "end_learning_rate": 0.01, "power": 2.0}),
    ("PolynomialDecay", {"decay_steps": 10, "power": 0.5, "cycle": True}),
    ("CosineDecay", {"decay_steps": 10}),
    ("CosineDecay", {"decay_steps": 10, "alpha": 0.2}),
    ("CosineDecay", {"decay_steps": 10, "alpha": 0.2, "warmup_target": 0.5, "warmup_steps": 5}),
    ("CosineDecayRestarts", {"first_decay_steps": 10}),
    ("CosineDecayRestarts", {"first_decay_steps": 10, "t_mul": 1.0, "m_mul": 0.5, "alpha": 0.1}),
    ("CosineDecayRestarts", {"first_decay_steps": 7, "t_mul": 1.5, "m_mul": 0.9, "alpha": 0.1}),
    ("PiecewiseConstantDecay", {"boundaries": [5, 10], "values": [1.0, 0.5, 0.1]}),
]


def make(library, name, arguments):
    start = {} if name == "PiecewiseConstantDecay" else {"initial_learning_rate": 0.3}
    return getattr(library, name)(**start, **arguments)


@functools.cache
def expected(position):
    """Return the rates of Keras for a case, compiled once for all backends."""
    theirs = make(keras.optimizers.schedules, *CASES[position])
    return np.asarray(jax.jit(jax.vmap(theirs))(np.array(STEPS)))


@pytest.mark.parametrize("position", range(len(CASES)))
def test_rates_are_those_of_keras(backend, position):
    ours = make(schedules, *CASES[position])
    for step, rate in zip(STEPS, expected(position), strict=True):
        assert float(ours(step)) == pytest.approx(rate, rel=2e-5, abs=1e-6)
        of_tensor = ours(ops.array(step, dtype="int32"))
        assert float(of_tensor) == pytest.approx(rate, rel=2e-5, abs=1e-6)


@pytest.mark.parametrize("position", range(len(CASES)))
def test_rates_in_a_compiled_step(position):
    with kerata.use_backend("jax"):
        rates = jax.jit(jax.vmap(make(schedules, *CASES[position])))(np.array(STEPS))
    np.testing.assert_allclose(rates, expected(position), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name, arguments", CASES, ids=str)
def test_configuration_is_that_of_keras(name, arguments):
    ours = schedules.serialize(make(schedules, name, arguments))
    theirs = make(keras.optimizers.schedules, name, arguments)
    assert ours == keras.optimizers.schedules.serialize(theirs)
    again = schedules.deserialize(ours)
    assert again.get_config() == ours["config"] and type(again).__name__ == name


def test_signatures_and_names_are_those_of_keras():
    theirs = {n for n in dir(keras.optimizers.schedules) if not n.startswith("_")}
    assert theirs <= set(schedules.__all__)
    for name in {case[0] for case in CASES}:
        ours = inspect.signature(getattr(schedules, name).__init__).parameters
        keras_class = getattr(keras.optimizers.schedules, name)
        expected = inspect.signature(keras_class.__init__).parameters
        assert [(n, p.default) for n, p in ours.items()] == [
            (n, p.default) for n, p in expected.items()
        ]


def test_a_schedule_of_the_user(backend):
    class Warmup(schedules.LearningRateSchedule):
        def __init__(self, peak):
            self.peak = peak

        def __call__(self, step):
            return self.peak * ops.minimum(ops.cast(step + 1, "float32") / 4.0, 1.0)

    variable = kerata.Variable(np.zeros(1, "float32"))
    optimizer = kerata.optimizers.SGD(Warmup(0.4))
    for _ in range(2):
        optimizer.apply([ops.array([1.0])], [variable])
    assert variable.numpy()[0] == pytest.approx(-0.3)
    assert Warmup(0.4).get_config() == {"peak": 0.4}


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.9), ValueError, "`decay_steps`"),
        (lambda: schedules.CosineDecay(0.1, -1), ValueError, "`decay_steps`"),
        (lambda: schedules.CosineDecayRestarts(0.1, 0), ValueError, "`first_decay_steps`"),
        (lambda: schedules.PiecewiseConstantDecay([1], [1.0]), ValueError, "one value more"),
        (lambda: schedules.LearningRateSchedule()(1), TypeError, "__call__"),
    ],
)
def test_errors_say_what_to_do(build, error, message):
    with pytest.raises(error, match=message):
        build()
