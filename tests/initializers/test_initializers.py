"""Initializers: their statistics against theory, their configurations against Keras."""

import math

import keras
import ml_dtypes
import numpy as np
import pytest
from scipy import stats

import kerata
from kerata import initializers
from kerata.initializers.random import TRUNCATED_STDDEV, compute_fans

MATRIX = (200, 300)
WINDOW = (3, 3, 30, 60)
FANS = {MATRIX: (200, 300), WINDOW: (270, 540)}

# Name, and the variance by Keras' documentation, as a function of (fan_in, fan_out).
SCALED = [
    ("glorot_uniform", lambda i, o: 2 / (i + o), "uniform"),
    ("glorot_normal", lambda i, o: 2 / (i + o), "truncated"),
    ("lecun_uniform", lambda i, o: 1 / i, "uniform"),
    ("lecun_normal", lambda i, o: 1 / i, "truncated"),
    ("he_uniform", lambda i, o: 2 / i, "uniform"),
    ("he_normal", lambda i, o: 2 / i, "truncated"),
]


@pytest.mark.parametrize("shape", [MATRIX, WINDOW])
@pytest.mark.parametrize("name, variance, distribution", SCALED)
def test_scaled_initializers_have_the_variance_and_distribution_of_theory(
    name, variance, distribution, shape
):
    values = initializers.get(name)(shape)
    stddev = math.sqrt(variance(*FANS[shape]))
    if distribution == "uniform":
        limit = math.sqrt(3) * stddev
        theory = stats.uniform(-limit, 2 * limit)
    else:
        limit = 2 * stddev / TRUNCATED_STDDEV
        theory = stats.truncnorm(-2, 2, scale=stddev / TRUNCATED_STDDEV)
    assert values.dtype == np.float32 and values.shape == shape
    assert np.abs(values).max() <= limit * (1 + 1e-6)
    assert values.std() == pytest.approx(stddev, rel=0.02)
    assert stats.kstest(values.ravel()[:20000], theory.cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    "initializer, theory",
    [
        (initializers.RandomNormal(0.3, 0.1, seed=5), stats.norm(0.3, 0.1)),
        (initializers.RandomUniform(-1.0, 3.0, seed=5), stats.uniform(-1, 4)),
        (initializers.TruncatedNormal(0.3, 0.1, seed=5), stats.truncnorm(-2, 2, 0.3, 0.1)),
        (
            initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal", seed=5),
            stats.norm(0, math.sqrt(2 / 300)),
        ),
    ],
)
def test_plain_distributions(initializer, theory):
    values = initializer(MATRIX)
    assert stats.kstest(values.ravel()[:20000], theory.cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", ["glorot_uniform", "he_normal", "lecun_normal", "random_normal"])
def test_spread_equals_that_of_keras(name):
    ours = initializers.get(name)(WINDOW)
    theirs = np.asarray(keras.initializers.get(name)(WINDOW))
    assert ours.std() == pytest.approx(theirs.std(), rel=0.03)
    assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.05 + (name[0] == "r"))


@pytest.mark.parametrize("shape", [(7, 7), (4, 9), (9, 4), (3, 4, 5)])
def test_orthogonal(shape):
    q = initializers.Orthogonal(gain=2.0, seed=1)(shape).reshape(-1, shape[-1])
    gram = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-5)


def test_orthogonal_is_not_biased_in_sign():
    traces = [np.trace(initializers.Orthogonal(seed=s)((4, 4))) for s in range(300)]
    # Haar measure: the trace has mean 0 and variance 1.
    assert abs(np.mean(traces)) < 0.25 and np.var(traces) == pytest.approx(1, rel=0.3)


def test_constants():
    assert initializers.Zeros()((2, 3)).tolist() == [[0.0] * 3] * 2
    assert initializers.Ones()((2,), dtype="int32").dtype == np.int32
    assert initializers.Constant([1.0, 2.0])((3, 2)).tolist() == [[1.0, 2.0]] * 3
    np.testing.assert_array_equal(initializers.Identity(3.0)((2, 3)), 3 * np.eye(2, 3))
    array = np.arange(3.0)
    np.testing.assert_array_equal(initializers.get(array)((3,)), array)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", ["he_normal", "glorot_uniform", "orthogonal", "identity"])
def test_dtype_of_values(name, dtype):
    values = initializers.get(name)((4, 5), dtype=dtype)
    assert values.dtype == np.dtype(getattr(ml_dtypes, dtype, dtype))
    assert np.isfinite(values.astype("float64")).all()


def test_a_seed_repeats_and_no_seed_differs():
    seeded = initializers.GlorotUniform(seed=3)
    np.testing.assert_array_equal(seeded((5,)), seeded((5,)))
    np.testing.assert_array_equal(seeded((5,)), initializers.GlorotUniform(seed=3)((5,)))
    assert not np.array_equal(initializers.HeNormal()((5,)), initializers.HeNormal()((5,)))
    unseeded = initializers.RandomNormal()
    np.testing.assert_array_equal(unseeded((5,)), unseeded((5,)))


def test_the_process_seed_repeats_unseeded_initializers():
    kerata.utils.set_random_seed(7)
    first = initializers.HeNormal()((5,))
    kerata.utils.set_random_seed(7)
    np.testing.assert_array_equal(first, initializers.HeNormal()((5,)))


def test_values_do_not_depend_on_the_backend(backend):
    variable = kerata.Variable(initializers.GlorotUniform(seed=1), shape=(3, 4))
    np.testing.assert_array_equal(variable.numpy(), initializers.GlorotUniform(seed=1)((3, 4)))


@pytest.mark.parametrize(
    "axes, fans",
    [
        ({}, (30, 42)),
        ({"input_axes": (0,), "output_axes": (1, 2)}, (2, 15)),
        ({"input_axes": [-1], "output_axes": [0]}, (7, 2)),
        ({"input_axes": (0,)}, (30, 42)),
    ],
)
def test_fans(axes, fans):
    from keras.src.initializers.random_initializers import compute_fans as oracle

    assert compute_fans((2, 3, 5, 7), **axes) == fans == oracle((2, 3, 5, 7), **axes)


CLASSES = {
    "Constant": {"value": 2.0},
    "GlorotNormal": {"seed": 1},
    "GlorotUniform": {"seed": 1, "input_axes": [0], "output_axes": [1]},
    "HeNormal": {"seed": 1},
    "HeUniform": {},
    "LecunNormal": {},
    "LecunUniform": {},
    "Ones": {},
    "Orthogonal": {"gain": 2.0, "seed": 1},
    "RandomNormal": {"mean": 1.0, "stddev": 0.5, "seed": 1},
    "RandomUniform": {"minval": 1.0, "maxval": 2.0, "seed": 1},
    "TruncatedNormal": {"mean": 1.0, "stddev": 0.5, "seed": 1},
    "VarianceScaling": {"scale": 2.0, "mode": "fan_out", "distribution": "normal"},
    "Zeros": {},
}


@pytest.mark.parametrize("name", CLASSES)
def test_configuration_is_that_of_keras(name):
    ours = getattr(initializers, name)(**CLASSES[name])
    theirs = getattr(keras.initializers, name)(**CLASSES[name])
    config = initializers.serialize(ours)
    assert config == keras.initializers.serialize(theirs)
    again = initializers.deserialize(config)
    assert type(again) is type(ours) and again.get_config() == ours.get_config()
    if "seed" in CLASSES[name]:
        np.testing.assert_array_equal(again((3, 3)), ours((3, 3)))
    np.testing.assert_array_equal(ours.clone()((2, 2)).shape, (2, 2))


def test_identity_keeps_its_gain_in_its_configuration():
    assert initializers.deserialize(initializers.serialize(initializers.Identity(2.0))).gain == 2.0


def test_every_public_name_of_keras_is_there():
    wanted = {n for n in dir(keras.initializers) if not n.startswith("_")}
    missing = wanted - set(dir(initializers))
    assert not missing


@pytest.mark.parametrize(
    "alias", ["zeros", "zero", "one", "normal", "uniform", "orthogonal", "he_normal", "HeNormal"]
)
def test_names_mean_the_same_as_in_keras(alias):
    ours, theirs = initializers.get(alias), keras.initializers.get(alias)
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.get_config() == theirs.get_config()


def test_get_of_other_things():
    assert initializers.get(None) is None
    assert isinstance(initializers.get(initializers.Zeros), initializers.Zeros)
    function = lambda shape, dtype=None: np.ones(shape, dtype)  # noqa: E731
    assert initializers.get(function) is function


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: initializers.get("glorot_unifrom"), "glorot_uniform"),
        (lambda: initializers.VarianceScaling(scale=0.0), "above zero"),
        (lambda: initializers.VarianceScaling(mode="fan"), "fan_in"),
        (lambda: initializers.VarianceScaling(distribution="cauchy"), "truncated_normal"),
        (lambda: initializers.Identity()((3,)), "rank 1"),
        (lambda: initializers.Orthogonal()((3,)), "rank 1"),
        (lambda: initializers.Zeros()((None, 3)), "must be known"),
        (lambda: initializers.RandomUniform()((3,), dtype="int32"), "floating dtype"),
    ],
)
def test_errors_say_what_to_do(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_base_initializer_makes_nothing():
    with pytest.raises(TypeError, match="__call__"):
        initializers.Initializer()((2,))


@pytest.mark.parametrize("side", ["real", "imag"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"window": "hamming", "scaling": "spectrum"},
        {"periodic": True, "window": "blackman"},
        {"window": None},
        {"scaling": None},
    ],
)
def test_filters_of_the_fourier_transform_are_those_of_keras(side, options):
    mine = initializers.STFT(side, **options)
    theirs = keras.initializers.STFT(side, **options)
    np.testing.assert_allclose(mine((9, 1, 6)), np.asarray(theirs((9, 1, 6))), atol=2e-6)
    assert mine.get_config() == theirs.get_config()
    assert initializers.STFT.from_config(mine.get_config()).get_config() == mine.get_config()


def test_filters_compute_a_fourier_transform():
    signal = np.random.default_rng(0).normal(size=8)
    real, imag = (initializers.STFT(s, window=None)((8, 1, 5), "float64") for s in ("real", "imag"))
    found = signal @ real[:, 0] + 1j * (signal @ imag[:, 0])
    np.testing.assert_allclose(found, np.fft.rfft(signal), atol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: initializers.STFT("left"), "`side`"),
        (lambda: initializers.STFT(scaling="loud"), "`scaling`"),
        (lambda: initializers.STFT(window="nope"), "window"),
        (lambda: initializers.STFT()((4, 2, 3)), "one channel"),
    ],
)
def test_wrong_filters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
