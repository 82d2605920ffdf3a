"""Random numbers: distributions, seeds, and the pattern of dropout."""

import keras
import numpy as np
import pytest
import scipy.stats

import kerata
from kerata import ops, random
from kerata.core.symbolic import SymbolicTensor

N = 20000


def array(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


# name -> (draw, the distribution function of SciPy)
CONTINUOUS = {
    "uniform": (lambda seed: random.uniform((N,), 2.0, 5.0, seed=seed),
                scipy.stats.uniform(2, 3).cdf),
    "normal": (lambda seed: random.normal((N,), 1.0, 3.0, seed=seed), scipy.stats.norm(1, 3).cdf),
    "truncated_normal": (lambda seed: random.truncated_normal((N,), 1.0, 0.5, seed=seed),
                         scipy.stats.truncnorm(-2, 2, 1, 0.5).cdf),
    "gamma": (lambda seed: random.gamma((N,), 2.5, seed=seed), scipy.stats.gamma(2.5).cdf),
    "beta": (lambda seed: random.beta((N,), 2.0, 0.5, seed=seed), scipy.stats.beta(2, 0.5).cdf),
}  # fmt: skip

DISCRETE = {
    "randint": (lambda seed: random.randint((N,), -2, 3, seed=seed),
                dict.fromkeys(range(-2, 3), 0.2)),
    "binomial": (lambda seed: random.binomial((N,), 3.0, 0.3, seed=seed),
                 {k: scipy.stats.binom(3, 0.3).pmf(k) for k in range(4)}),
    "categorical": (lambda seed: random.categorical(np.log([[0.1, 0.6, 0.3]]), N, seed=seed)[0],
                    {0: 0.1, 1: 0.6, 2: 0.3}),
}  # fmt: skip

DRAWS = {name: draw for name, (draw, _) in {**CONTINUOUS, **DISCRETE}.items()}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_distribution(name, backend):
    draw, distribution = CONTINUOUS[name]
    assert scipy.stats.kstest(array(draw(11)), distribution).pvalue > 1e-3


@pytest.mark.parametrize("name", DISCRETE)
def test_discrete_distribution(name, backend):
    draw, shares = DISCRETE[name]
    values, counts = np.unique(array(draw(11)), return_counts=True)
    assert values.tolist() == list(shares)
    assert scipy.stats.chisquare(counts, N * np.array(list(shares.values()))).pvalue > 1e-3


@pytest.mark.parametrize("name", DRAWS)
def test_same_seed_same_numbers_other_seed_others(name, backend):
    first, again, other = (array(DRAWS[name](seed)) for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).mean() > 0.3


@pytest.mark.parametrize("name", DRAWS)
def test_generator_gives_a_repeatable_sequence(name, backend):
    sequences = []
    for _ in range(2):
        seed = random.SeedGenerator(5)
        sequences.append([array(DRAWS[name](seed)) for _ in range(2)])
    assert (sequences[0][0] == sequences[1][0]).all()
    assert (sequences[0][1] == sequences[1][1]).all()
    assert (sequences[0][0] != sequences[0][1]).mean() > 0.3


def test_process_seed_repeats_everything(backend):
    drawn = []
    for _ in range(2):
        kerata.utils.set_random_seed(99)
        drawn.append([array(random.normal((5,))), array(random.normal((5,)))])
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0][0] != drawn[0][1]).all()


def test_numbers_on_jax_are_those_of_keras():
    for name, args in (
        ("uniform", ((4,), -1.0, 2.0)),
        ("normal", ((4,), 1.0, 2.0)),
        ("truncated_normal", ((4,),)),
        ("randint", ((4,), 0, 10)),
        ("categorical", (np.zeros((2, 3), "float32"), 4)),
        ("shuffle", (np.arange(12).reshape(3, 4), 1)),
    ):
        with kerata.use_backend("jax"):
            ours = array(getattr(random, name)(*args, seed=7))
        theirs = np.asarray(getattr(keras.random, name)(*args, seed=7))
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_uniform_stays_below_its_bound(dtype, backend):
    x = array(random.uniform((N,), dtype=dtype, seed=1)).astype("float64")
    assert x.min() >= 0 and x.max() < 1


def test_parameters_broadcast(backend):
    x = array(random.gamma((2000, 2), np.array([1.0, 9.0]), seed=1))
    np.testing.assert_allclose(x.mean(0), [1, 9], rtol=0.1)
    x = array(random.binomial((2000, 2), np.array([4.0, 8.0]), 0.5, seed=1))
    np.testing.assert_allclose(x.mean(0), [2, 4], rtol=0.1)


@pytest.mark.parametrize("axis", [0, 1])
def test_shuffle_keeps_the_elements_of_each_line(axis, backend):
    x = np.arange(200).reshape(10, 20)
    y = array(random.shuffle(x, axis=axis, seed=1))
    assert (np.sort(y, axis) == x).all()
    assert (y != x).mean() > 0.5


# -- dropout -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_rate_and_scale(rate, backend):
    y = array(random.dropout(np.ones(10**6, "float32"), rate, seed=1))
    np.testing.assert_allclose((y == 0).mean(), rate, atol=2e-3)
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-6)


def test_dropout_is_the_same_on_all_backends(backend):
    patterns = []
    for name in ("numpy", backend):
        with kerata.use_backend(name):
            x = np.ones((50, 7), "float32")
            patterns.append(array(random.dropout(x, 0.3, seed=random.SeedGenerator(8))))
    np.testing.assert_array_equal(*patterns)


def correlation(a, b):
    """Return the correlation in standard deviations of what independent samples show."""
    return np.corrcoef(a, b)[0, 1] * np.sqrt(a.size)


def test_dropout_patterns_are_uncorrelated():
    """Neither neighbours nor the patterns of following keys or seeds say anything of each other."""
    with kerata.use_backend("numpy"):
        x = np.ones(2**18, "float32")
        generators = [random.SeedGenerator(seed) for seed in range(3)]
        patterns = [array(random.dropout(x, 0.5, seed=g)) for g in generators for _ in range(3)]
    shifts = [correlation(patterns[0][:-lag], patterns[0][lag:]) for lag in (1, 2, 7, 64, 1024)]
    pairs = [correlation(a, b) for i, a in enumerate(patterns) for b in patterns[:i]]
    assert np.abs(shifts).max() < 4.5 and np.abs(pairs).max() < 4.5
    assert 0.7 < np.std(pairs) < 1.4


def test_dropout_noise_shape(backend):
    x = np.ones((40, 5, 3), "float32")
    for noise_shape in ((40, 1, 3), (None, 1, None), (1, 3)):
        y = array(random.dropout(x, 0.5, noise_shape, seed=1))
        assert (y == y[:, :1]).all()
        assert set(np.unique(y)) == {0, 2}


def test_dropout_of_nothing_and_of_all(backend):
    x = np.ones((3, 2), "float32")
    assert (array(random.dropout(x, 0.0, seed=1)) == 1).all()
    assert (array(random.dropout(x, 1.0, seed=1)) == 0).all()


def test_dropout_gradient_is_its_mask(training_backend):
    x = ops.convert_to_tensor(np.full((100,), 3.0, "float32"))
    with kerata.GradientTape() as tape:
        tape.watch(x)
        y = random.dropout(x, 0.5, seed=1)
    gradient = array(tape.gradient(y, x))
    np.testing.assert_array_equal(gradient, array(y) / 3)


# -- seeds -------------------------------------------------------------------------------------


def test_state_counts_up(backend):
    seed = random.SeedGenerator(7)
    keys = [array(seed.next()).tolist() for _ in range(3)]
    assert keys == [[7, 0], [7, 1], [7, 2]]
    assert seed.state.numpy().tolist() == [7, 3]
    assert (seed.state.dtype, seed.state.trainable) == ("uint32", False)


def test_generator_inside_a_compiled_step(backend):
    seed = random.SeedGenerator(7)

    @kerata.function
    def step(x):
        return random.dropout(x, 0.5, seed=seed)

    x = ops.ones((200,))
    compiled = [array(step(x)) for _ in range(3)]
    assert seed.state.numpy().tolist() == [7, 3]
    fresh = random.SeedGenerator(7)
    for pattern in compiled:
        np.testing.assert_array_equal(pattern, array(random.dropout(x, 0.5, seed=fresh)))


def test_compiled_code_draws_the_numbers_of_eager_code(backend):
    def draw():
        names = ("uniform", "normal", "truncated_normal")
        return [getattr(random, name)((50,), seed=3) for name in names]

    for compiled, eager in zip(kerata.function(draw)(), draw(), strict=True):
        np.testing.assert_allclose(array(compiled), array(eager), rtol=1e-4, atol=1e-6)


def test_generator_from_its_configuration():
    seed = random.SeedGenerator(7)
    again = random.SeedGenerator.from_config(seed.get_config())
    assert (again.seed, again.name) == (7, seed.name)


def test_symbolic_inputs_draw_nothing():
    seed = random.SeedGenerator(7)
    assert random.dropout(SymbolicTensor((None, 3)), 0.5, seed=seed).shape == (None, 3)
    assert random.normal((None, 3), stddev=2.0, seed=seed).shape == (None, 3)
    assert seed.state.numpy().tolist() == [7, 0]


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: random.SeedGenerator(-1), "2\\*\\*32"),
        (lambda: random.SeedGenerator("a"), "integer"),
        (lambda: random.uniform((2,), seed=1.5), "integer"),
        (lambda: random.uniform((2,), seed=2**32), "2\\*\\*32"),
        (lambda: random.uniform((2,), dtype="int32"), "float dtype"),
        (lambda: random.randint((2,), 0, 3, dtype="float32"), "integer dtype"),
        (lambda: random.dropout(np.ones(3), 1.5), "from 0 to 1"),
        (lambda: random.dropout(SymbolicTensor((2, 3)), 0.5, (2, 2)), "noise_shape"),
        (lambda: random.shuffle(np.ones(3), axis=1), "axis 1"),
        (lambda: random.categorical(np.ones(3), 2), "batch, classes"),
    ],
)
def test_errors_say_what_is_wrong(call, text):
    with pytest.raises(ValueError, match=text):
        call()
