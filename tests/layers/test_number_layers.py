"""Layers that learn from numbers, and spectrograms: against Keras, scikit-learn and SciPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler

import kerata
from kerata.layers import CategoryEncoding, Discretization, MelSpectrogram, Normalization
from kerata.layers import STFTSpectrogram as Spectrogram


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return (3 + 2 * np.random.default_rng(seed).normal(size=shape)).astype("float32")


def array(value) -> np.ndarray:
    return np.asarray(kerata.ops.convert_to_numpy(value))


# -- Normalization -------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [-1, 0, None, (1, 2), (-1, 1), 1])
@pytest.mark.parametrize("invert", [False, True])
def test_normalization_learns_what_keras_does(axis, invert, backend):
    x = data(4, 3, 5)
    kinds = Normalization, keras.layers.Normalization
    mine, theirs = (kind(axis=axis, invert=invert) for kind in kinds)
    mine.adapt(x)
    theirs.adapt(x)
    np.testing.assert_allclose(array(mine(x)), np.asarray(theirs(x)), rtol=2e-5, atol=1e-5)
    for own, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        assert own.shape == other.shape
        np.testing.assert_allclose(own, other, rtol=1e-5)


def test_axes_in_another_order_are_aligned(backend):
    x = data(4, 3, 5)
    layer = Normalization(axis=(-1, 1))
    layer.adapt(x)
    expected = (x - x.mean(0)) / x.std(0)
    np.testing.assert_allclose(array(layer(x)), expected, rtol=1e-4, atol=1e-5)


def test_normalization_is_the_standard_scaler_of_scikit_learn(backend):
    x = data(50, 3)
    layer = Normalization()
    layer.adapt(x)
    np.testing.assert_allclose(
        array(layer(x)), StandardScaler().fit_transform(x), rtol=1e-4, atol=1e-5
    )


@given(
    st.lists(st.integers(1, 7), min_size=1, max_size=5),
    st.floats(-1e4, 1e4, allow_subnormal=False),
)
@settings(max_examples=20, deadline=None)
def test_batches_of_any_size_give_the_exact_statistics(sizes, offset):
    x = data(sum(sizes), 2) + np.float32(offset)
    parts = np.split(x, np.cumsum(sizes)[:-1])
    with kerata.use_backend("numpy"):
        layer = Normalization()
        layer.adapt(part for part in parts)
    wide = x.astype("float64")
    np.testing.assert_allclose(layer.mean.numpy(), wide.mean(0), rtol=1e-6)
    np.testing.assert_allclose(layer.variance.numpy(), wide.var(0), rtol=1e-5, atol=1e-12)


def test_sources_of_batches():
    import pandas
    import torch

    x = data(10, 2)
    loader = torch.utils.data.DataLoader(torch.from_numpy(x), batch_size=4)

    class Batches(kerata.utils.PyDataset):
        def __len__(self):
            return 5

        def __getitem__(self, index):
            return x[2 * index : 2 * index + 2]

    for source in (x, x.tolist(), loader, Batches(), [x[:3], x[3:]], torch.from_numpy(x)):
        layer = Normalization()
        layer.adapt(source)
        np.testing.assert_allclose(layer.mean.numpy(), x.mean(0), rtol=1e-6)
    layer = Normalization(axis=None)
    layer.adapt(pandas.DataFrame({"a": x[:, 0]})["a"])
    np.testing.assert_allclose(layer.mean.numpy(), x[:, 0].mean(), rtol=1e-6)
    layer = Normalization()
    layer.adapt(loader, steps=1)
    np.testing.assert_allclose(layer.mean.numpy(), x[:4].mean(0), rtol=1e-6)


def test_adapting_again_starts_anew_and_reaches_a_compiled_model(training_backend):
    x = data(6, 2)
    layer = Normalization()
    layer.adapt(x)
    model = kerata.Sequential([kerata.Input((2,)), layer])
    np.testing.assert_allclose(model.predict(x, verbose=0), array(layer(x)), rtol=1e-5, atol=1e-6)
    layer.adapt(10 * x)
    expected = (x - 10 * x.mean(0)) / (10 * x.std(0))
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)


def test_normalization_is_saved_and_read_by_keras(tmp_path):
    x = data(6, 2)
    layer = Normalization(name="normal")
    layer.adapt(x)
    model = kerata.Sequential([kerata.Input((2,)), layer])
    model.save(tmp_path / "model.keras")
    again = kerata.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    theirs = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(theirs.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16"])
def test_low_precision_computes_with_full_statistics(dtype, backend):
    layer = Normalization(mean=1000.0, variance=1e6, dtype=dtype)
    output = layer(np.array([[0.0, 2000.0]], "float32"))
    assert kerata.ops.dtype(output) == layer.compute_dtype
    np.testing.assert_allclose(array(output).astype("float32"), [[-1.0, 1.0]], rtol=1e-2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normalization(mean=1.0), "together"),
        (lambda: Normalization(mean=[[1.0]], variance=[[1.0]]), "one number for each position"),
        (lambda: Normalization(mean=1.0, variance=1.0).adapt([[1.0]]), "was given its mean"),
        (lambda: Normalization().adapt(np.zeros((0, 2))), "empty"),
        (lambda: Normalization()(kerata.Input((None,))), "must be known"),
        (lambda: Normalization().adapt(iter([(data(2), data(2))])), "alone"),
        (lambda: Discretization(), "either"),
        (lambda: Discretization(num_bins=2)([1.0]), "adapt"),
        (lambda: Discretization(bin_boundaries=[2.0, 1.0]), "increasing"),
        (lambda: Discretization(bin_boundaries=[1.0]).adapt([1.0]), "num_bins"),
        (lambda: Discretization(num_bins=2, sparse=True), "dense"),
        (lambda: Discretization(num_bins=2, output_mode="tf_idf"), "expected one of"),
        (lambda: CategoryEncoding(), "number of categories"),
        (lambda: CategoryEncoding(3, output_mode="int"), "expected one of"),
        (lambda: CategoryEncoding(3)([[1]], count_weights=[[1.0]]), "'count' only"),
        (lambda: MelSpectrogram(min_freq=9000.0), "min_freq"),
        (lambda: Spectrogram(mode="x"), "mode"),
        (lambda: Spectrogram(frame_step=300), "frame_step"),
        (lambda: Spectrogram(fft_length=10), "fft_length"),
    ],
)
def test_errors_say_what_to_do(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# -- Discretization ------------------------------------------------------------------------


@pytest.mark.tensorflow  # Keras' own needs it
@pytest.mark.parametrize("bins", [1, 2, 3, 7])
def test_boundaries_are_those_of_keras_on_small_data(bins):
    x = data(9, 10)
    mine, theirs = Discretization(num_bins=bins), keras.layers.Discretization(num_bins=bins)
    mine.adapt(x)
    theirs.adapt(x)
    np.testing.assert_allclose(mine.bin_boundaries, theirs.bin_boundaries, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(array(mine(x)), np.asarray(theirs(x)))


def test_bins_are_those_of_scikit_learn(backend):
    x = np.random.default_rng(3).permutation(1000).astype("float32")[:, None]
    layer = Discretization(num_bins=5)
    layer.adapt(iter(np.split(x, 10)))
    reference = KBinsDiscretizer(
        5, encode="ordinal", strategy="quantile", quantile_method="averaged_inverted_cdf"
    ).fit_transform(x)
    assert np.bincount(array(layer(x))[:, 0]).tolist() in ([199, 200, 200, 200, 201], [200] * 5)
    assert (array(layer(x)) != reference).sum() <= 5  # values that are boundaries themselves


def test_discretization_survives_missing_and_infinite_values(backend):
    layer = Discretization(num_bins=2)
    layer.adapt([1.0, 2.0, np.nan, 3.0, 4.0])
    assert layer.bin_boundaries == [2.0]
    assert array(layer([np.nan, -np.inf, np.inf])).tolist() == [1, 0, 1]


def test_discretization_keeps_what_it_learned_in_its_configuration():
    layer = Discretization(num_bins=3, output_mode="one_hot")
    layer.adapt(data(20))
    copy = kerata.layers.deserialize(kerata.layers.serialize(layer))
    assert copy.bin_boundaries == layer.bin_boundaries
    assert (copy.output_dtype, Discretization(num_bins=2).output_dtype) == ("float32", "int32")
    np.testing.assert_array_equal(array(copy(data(5))), array(layer(data(5))))
    theirs = keras.layers.Discretization(num_bins=3, output_mode="one_hot", name=layer.name)
    assert set(theirs.get_config()) == set(layer.get_config())


# -- CategoryEncoding ----------------------------------------------------------------------


def test_weights_of_counts(backend):
    layer = CategoryEncoding(4, output_mode="count")
    counts = layer([[0, 2, 2], [1, 1, 3]], count_weights=[[0.5, 1.0, 2.0], [1.0, 1.0, 0.0]])
    assert array(counts).tolist() == [[0.5, 0, 3, 0], [0, 2, 0, 0]]


def test_rows_of_the_last_axis_are_encoded_whatever_the_rank(backend):
    x = np.random.default_rng(0).integers(0, 4, (2, 3, 5))
    expected = np.eye(4)[x]
    assert (array(CategoryEncoding(4, output_mode="count")(x)) == expected.sum(2)).all()
    assert (array(CategoryEncoding(4)(x)) == expected.max(2)).all()
    assert (array(CategoryEncoding(4, output_mode="one_hot")(x)) == expected).all()
    assert array(CategoryEncoding(4)(np.zeros((2, 0), "int32"))).tolist() == [[0.0] * 4] * 2


def test_values_outside_of_the_categories_count_nowhere(backend):
    for mode in ("multi_hot", "count", "one_hot"):
        layer = CategoryEncoding(3, output_mode=mode)
        assert array(layer(np.array([[-1], [3]]))).tolist() == [[0.0] * 3] * 2


# -- spectrograms --------------------------------------------------------------------------


def test_psd_is_that_of_scipy(backend):
    x = data(1, 200, 1)
    for length in (32, 25):
        layer = Spectrogram(mode="psd", frame_length=20, frame_step=10, fft_length=length)
        _, _, expected = scipy.signal.spectrogram(
            x[0, :, 0],
            window=scipy.signal.get_window("hann", 20, fftbins=False),
            noverlap=10,
            nfft=length,
            detrend=False,
        )
        np.testing.assert_allclose(array(layer(x))[0].T, expected, rtol=1e-3, atol=1e-4)


def test_a_window_of_your_own(backend):
    x, weights = data(1, 60, 1), np.hanning(16)
    own = Spectrogram(frame_length=16, window=weights)
    named = Spectrogram(frame_length=16, window="hann")
    np.testing.assert_allclose(array(own(x)), array(named(x)), rtol=1e-4, atol=1e-4)


def test_mel_bands_of_a_pure_tone(backend):
    """A tone of 1000 Hz is loudest in the band whose center is nearest on the mel scale."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(4000) / 8000).astype("float32")
    layer = MelSpectrogram(256, 128, sampling_rate=8000, num_mel_bins=20, max_freq=4000)

    def mel(frequency):
        return 2595 * np.log10(1 + frequency / 700)

    centers = np.linspace(mel(20), mel(4000), 22)[1:-1]
    levels = array(layer(tone))
    assert levels.shape == (20, 32)
    assert levels.mean(1).argmax() == np.abs(centers - mel(1000)).argmin()
    assert levels.max() - levels.min() <= 80.001


def test_mel_weights_are_those_of_keras(backend):
    for arguments in ((), (6, 33, 4000, 20.0, 1900.0)):
        mine = MelSpectrogram().linear_to_mel_weight_matrix(*arguments)
        theirs = keras.layers.MelSpectrogram().linear_to_mel_weight_matrix(*arguments)
        np.testing.assert_allclose(array(mine), np.asarray(theirs), atol=1e-5)


def test_the_range_of_a_spectrogram_does_not_depend_on_the_batch(backend):
    x = data(2, 200)
    x[1] *= 1e4
    layer = MelSpectrogram(32, 10, num_mel_bins=6, top_db=20.0)
    np.testing.assert_allclose(array(layer(x))[0], array(layer(x[:1]))[0], rtol=1e-5, atol=1e-4)


def test_spectrograms_of_unknown_length():
    assert MelSpectrogram(32, 10, num_mel_bins=6)(kerata.Input((None,))).shape == (None, 6, None)
    output = Spectrogram(frame_length=16)(kerata.Input((None, 2)))
    assert output.shape == (None, None, 18)


def test_spectrograms_can_be_trained(training_backend):
    x = data(4, 100, 1)
    model = kerata.Sequential([
        kerata.Input((100, 1)),
        Spectrogram(frame_length=16, mode="magnitude"),
        kerata.layers.GlobalAveragePooling1D(),
        kerata.layers.Dense(1),
    ])
    before = model.get_weights()[0]
    model.compile("sgd", "mse")
    model.fit(x, data(4, 1), verbose=0)
    assert (model.get_weights()[0] != before).any()
