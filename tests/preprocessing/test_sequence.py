"""Windows of series and pairs of words: ours against Keras'."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.src.legacy.preprocessing import sequence as keras_sequence

import kerata
from kerata.preprocessing import sequence

SERIES = np.arange(60.0).reshape(30, 2)
TARGETS = np.arange(30) * 10


@settings(deadline=None)
@given(
    length=st.integers(1, 9), sampling_rate=st.integers(1, 4), stride=st.integers(1, 5),
    start=st.integers(0, 8), end=st.integers(18, 29), reverse=st.booleans(),
    batch_size=st.integers(1, 40),
)  # fmt: skip
def test_windows_are_those_of_keras(
    length, sampling_rate, stride, start, end, reverse, batch_size
):
    options = {"sampling_rate": sampling_rate, "stride": stride, "start_index": start}
    options |= {"end_index": end, "reverse": reverse, "batch_size": batch_size}
    ours = sequence.TimeseriesGenerator(SERIES, TARGETS, length, **options)
    theirs = keras_sequence.TimeseriesGenerator(SERIES, TARGETS, length, **options)
    expected = [theirs[index] for index in range(len(theirs))]
    expected = [(x, y) for x, y in expected if len(y)]  # Keras may end with an empty batch
    assert len(ours) == len(expected)
    for index, (x, y) in enumerate(expected):
        np.testing.assert_array_equal(ours[index][0], x)
        np.testing.assert_array_equal(ours[index][1], y)


def test_windows_are_drawn_by_the_seed():
    options = {"shuffle": True, "batch_size": 50, "seed": 3}
    first = sequence.TimeseriesGenerator(SERIES, TARGETS, 4, **options)
    second = sequence.TimeseriesGenerator(SERIES, TARGETS, 4, **options)
    x, y = first[0]
    np.testing.assert_array_equal(second[0][0], x)
    np.testing.assert_array_equal(x[:, -1, 0] * 5 + 10, y)  # the step before the target
    assert set(y) <= set(TARGETS[4:])
    first.on_epoch_end()
    assert not np.array_equal(first[0][1], y)


def test_a_model_learns_from_windows(training_backend):
    wave = np.sin(np.arange(200) / 5).astype("float32")
    data = sequence.TimeseriesGenerator(wave, wave, length=8, batch_size=16)
    model = kerata.Sequential([kerata.Input((8,)), kerata.layers.Dense(1)])
    model.compile(kerata.optimizers.Adam(0.03), "mse")
    model.fit(data, epochs=30, verbose=0)
    assert model.evaluate(data, verbose=0) < 1e-2


def test_windows_that_do_not_fit_are_told():
    with pytest.raises(ValueError, match="30 steps of time, `targets` 3"):
        sequence.TimeseriesGenerator(SERIES, TARGETS[:3], 2)
    with pytest.raises(ValueError, match="No window of 30 steps"):
        sequence.TimeseriesGenerator(SERIES, TARGETS, 30)
    with pytest.raises(IndexError, match="there are 1"):
        sequence.TimeseriesGenerator(SERIES, TARGETS, 3)[1]


def test_windows_as_text():
    ours = sequence.TimeseriesGenerator(SERIES, TARGETS, 3, stride=2)
    config = json.loads(ours.to_json())["config"]
    assert json.loads(config["targets"]) == TARGETS.tolist() and config["stride"] == 2


@pytest.mark.parametrize("factor", [1e-5, 1e-2, 3.0])
def test_the_sampling_table_is_that_of_keras(factor):
    expected = keras_sequence.make_sampling_table(50, factor)
    np.testing.assert_allclose(sequence.make_sampling_table(50, factor), expected)


WORDS = [3, 0, 1, 2, 1, 5, 0, 4]


@pytest.mark.parametrize("categorical", [False, True])
@pytest.mark.parametrize("window_size", [1, 2, 9])
def test_pairs_that_are_found_are_those_of_keras(window_size, categorical):
    options = {"window_size": window_size, "categorical": categorical, "shuffle": False}
    ours = sequence.skipgrams(WORDS, 6, negative_samples=0, **options)
    assert ours == keras_sequence.skipgrams(WORDS, 6, negative_samples=0, **options)


def test_pairs_that_are_drawn():
    pairs, labels = sequence.skipgrams(WORDS, 6, negative_samples=2.0, seed=1)
    assert len(labels) == len(pairs) == 3 * labels.count(1)
    near = {tuple(pair) for pair in sequence.skipgrams(WORDS, 6, negative_samples=0)[0]}
    assert {tuple(p) for p, label in zip(pairs, labels, strict=True) if label} == near
    assert {b for _, b in pairs} == {1, 2, 3, 4, 5}
    assert (pairs, labels) == sequence.skipgrams(WORDS, 6, negative_samples=2.0, seed=1)
    state = np.random.get_state()[1].tolist()
    sequence.skipgrams(WORDS, 6)
    assert np.random.get_state()[1].tolist() == state
    none, _ = sequence.skipgrams(WORDS, 6, sampling_table=np.zeros(6), seed=0)
    assert none == []
