"""ImageDataGenerator: distortions and statistics against Keras and SciPy, and its iterators."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras.src.legacy.preprocessing import image as keras_image
from scipy import ndimage

import kerata
from kerata.core.errors import KerataWarning
from kerata.preprocessing.image import ImageDataGenerator

RNG = np.random.default_rng(0)
PICTURE = RNG.uniform(0, 255, (17, 17, 3)).astype("float32")
PICTURES = RNG.integers(0, 256, (11, 12, 15, 3)).astype("uint8")


def close(actual, expected, tolerance=2e-3):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=tolerance)


# -- distortions -----------------------------------------------------------------------------

DISTORTIONS = st.fixed_dictionaries(
    {
        "theta": st.floats(-180, 180, allow_subnormal=False),
        "tx": st.floats(-5, 5, allow_subnormal=False),
        "ty": st.floats(-5, 5, allow_subnormal=False),
        "shear": st.floats(-40, 40, allow_subnormal=False),
        "zx": st.floats(0.6, 1.5),
        "zy": st.floats(0.6, 1.5),
        "flip_horizontal": st.booleans(),
        "flip_vertical": st.booleans(),
        "channel_shift_intensity": st.one_of(st.none(), st.floats(-50, 50, allow_subnormal=False)),
    }
)


@given(DISTORTIONS)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_distortions_of_square_pictures_are_those_of_keras(backend, distortion):
    expected = keras_image.ImageDataGenerator().apply_transform(PICTURE, distortion)
    actual = ImageDataGenerator().apply_transform(PICTURE, distortion)
    close(actual, expected, 0.05)  # where a pixel is read moves by rounding, times a slope of 255


@pytest.mark.parametrize("fill_mode", ["nearest", "reflect", "constant", "wrap", "mirror"])
@pytest.mark.parametrize("order", [0, 1, 2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_pixels_are_read_as_by_scipy(backend, fill_mode, order, data_format):
    """An oblong picture is turned around its middle; what lies outside is filled."""
    picture, angle, zoom = RNG.uniform(0, 1, (9, 14, 2)).astype("float32"), 33.0, 1.3
    turn = np.deg2rad(angle)
    # rows and columns instead of x and y
    matrix = zoom * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    middle = np.array([4.0, 6.5])
    mode = {"constant": "grid-constant", "wrap": "grid-wrap"}.get(fill_mode, fill_mode)
    expected = np.stack(
        [
            ndimage.affine_transform(
                channel, matrix, middle - matrix @ middle, order=order, mode=mode, cval=0.3
            )
            for channel in np.moveaxis(picture, -1, 0)
        ]
    )
    generator = ImageDataGenerator(
        fill_mode=fill_mode, cval=0.3, interpolation_order=order, data_format=data_format
    )
    first = data_format == "channels_first"
    given = np.moveaxis(picture, -1, 0) if first else picture
    actual = generator.apply_transform(given, {"theta": angle, "zx": zoom, "zy": zoom})
    close(actual if first else np.moveaxis(actual, -1, 0), expected, 1e-4)


def test_a_half_turn_of_an_oblong_picture_is_both_flips():
    picture = PICTURES[0].astype("float32")
    generator = ImageDataGenerator()
    close(generator.apply_transform(picture, {"theta": 180.0}), picture[::-1, ::-1], 0.01)
    both = {"flip_horizontal": True, "flip_vertical": True}
    np.testing.assert_array_equal(generator.apply_transform(picture, both), picture[::-1, ::-1])


def test_width_is_shifted_along_columns_and_height_along_rows():
    """Keras has them the other way round."""
    picture = np.arange(20.0).reshape(4, 5, 1)
    wide = ImageDataGenerator(width_shift_range=[2], fill_mode="constant", cval=-1)
    moved = {wide.random_transform(picture, seed=seed).tobytes() for seed in range(9)}
    left = np.pad(picture[:, 2:], ((0, 0), (0, 2), (0, 0)), constant_values=-1)
    right = np.pad(picture[:, :-2], ((0, 0), (2, 0), (0, 0)), constant_values=-1)
    assert moved == {left.astype("float32").tobytes(), right.astype("float32").tobytes()}
    high = ImageDataGenerator(height_shift_range=[3])
    assert {high.get_random_transform((4, 5, 1), seed)["ty"] for seed in range(9)} == {-3.0, 3.0}


@pytest.mark.parametrize(
    "extent, allowed",
    [
        (0.25, lambda shift: abs(shift) <= 3 and shift % 1),  # a fraction of 12 columns
        (2.5, lambda shift: abs(shift) <= 2.5 and shift % 1),  # pixels
        (3, lambda shift: shift in (-2, -1, 0, 1, 2)),  # whole pixels below
        ([1, 4], lambda shift: abs(shift) in (1, 4)),
        ([0.25], lambda shift: abs(shift) == 3),
        (0, lambda shift: shift == 0),
        (1, lambda shift: shift == 0),
    ],
    ids=["fraction", "pixels", "whole", "list", "fractions", "none", "one"],
)
def test_meanings_of_shifts(extent, allowed):
    generator = ImageDataGenerator(width_shift_range=extent)
    shifts = [generator.get_random_transform((9, 12, 3), seed)["tx"] for seed in range(50)]
    assert all(map(allowed, shifts))
    assert len(set(shifts)) == 1 or (min(shifts) < 0 < max(shifts))


@given(st.integers(0, 2**32 - 1))
def test_what_is_drawn_keeps_its_range(seed):
    options = {"rotation_range": 30, "shear_range": 8, "zoom_range": (0.5, 0.9)}
    options |= {"channel_shift_range": 20, "brightness_range": (0.2, 0.7)}
    drawn = ImageDataGenerator(**options).get_random_transform((8, 8, 3), seed)
    assert abs(drawn["theta"]) <= 30 and abs(drawn["shear"]) <= 8
    assert 0.5 <= drawn["zx"] <= 0.9 and 0.5 <= drawn["zy"] <= 0.9
    assert abs(drawn["channel_shift_intensity"]) <= 20 and 0.2 <= drawn["brightness"] <= 0.7
    assert not drawn["flip_horizontal"] and drawn["tx"] == drawn["ty"] == 0


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0, 1.7])
@pytest.mark.parametrize("scale, first", [(255, 0), (100, 20), (2, -1), (600, 0)])
def test_brightness_is_that_of_keras(factor, scale, first):
    """Keras cuts numbers from 0 to 255 to whole ones, before and after it multiplies."""
    picture = RNG.uniform(first, first + scale, (6, 6, 3)).astype("float32")
    actual = ImageDataGenerator().apply_transform(picture, {"brightness": factor})
    expected = keras_image.ImageDataGenerator().apply_transform(picture, {"brightness": factor})
    step = 1 if first >= 0 and first + scale <= 255 else np.ptp(picture) / 255
    close(actual, expected, 1.01 * (factor + 1) * step)


def test_small_values_are_not_blackened():
    """Pictures from 0 to 1 survive a change of brightness; in Keras all becomes 0."""
    picture = np.full((2, 2, 1), 0.5, "float32")
    actual = ImageDataGenerator().apply_transform(picture, {"brightness": 0.5})
    np.testing.assert_array_equal(actual, picture / 2)


def test_inputs_are_left_as_they_are():
    picture = PICTURE.copy()
    generator = ImageDataGenerator(rescale=2, samplewise_center=True)
    generator.apply_transform(picture, {"brightness": 2.0, "channel_shift_intensity": 9.0})
    ImageDataGenerator(brightness_range=(2, 3)).fit(picture[None], augment=True)
    generator.standardize(picture)
    np.testing.assert_array_equal(picture, PICTURE)


# -- standardization -------------------------------------------------------------------------

def darker(picture):
    return picture - 100


STANDARDS = [
    {"rescale": 1 / 255},
    {"samplewise_center": True},
    {"samplewise_std_normalization": True},
    {"featurewise_center": True, "rescale": 0.5},
    {"featurewise_std_normalization": True},
    {"zca_whitening": True, "zca_epsilon": 0.1},
    {"preprocessing_function": darker, "rescale": 0.1},
    {"data_format": "channels_first", "featurewise_std_normalization": True},
]


@pytest.mark.filterwarnings("ignore:This ImageDataGenerator specifies")
@pytest.mark.parametrize("options", STANDARDS, ids=", ".join)
def test_statistics_and_standardization_are_those_of_keras(options):
    x = RNG.uniform(0, 255, (40, 4, 3, 3)).astype("float32")
    ours, theirs = ImageDataGenerator(**options), keras_image.ImageDataGenerator(**options)
    ours.fit(x)
    theirs.fit(x)
    for name in ("mean", "std"):
        if getattr(theirs, name) is not None:
            close(getattr(ours, name), getattr(theirs, name))
    expected = np.stack([theirs.standardize(each.copy()) for each in x])
    close(ours.standardize(x), expected, 5e-3)
    close(ours.standardize(x[3]), expected[3], 5e-3)


def test_whitened_pixels_are_uncorrelated():
    x = RNG.normal(size=(200, 3, 3, 1)) @ np.ones((1, 1))
    x = x + np.roll(x, 1, axis=1)
    generator = ImageDataGenerator(zca_whitening=True)
    generator.fit(x)
    white = generator.standardize(x).reshape(200, 9)
    close(white.T @ white / 200, np.eye(9))


def test_statistics_are_of_what_is_standardized():
    """Keras leaves the user's function out of them."""
    generator = ImageDataGenerator(featurewise_center=True, preprocessing_function=np.sqrt)
    generator.fit(PICTURES)
    close(generator.standardize(PICTURES).mean((0, 1, 2)), 0)


def test_statistics_of_distorted_pictures():
    generator = ImageDataGenerator(featurewise_center=True, zoom_range=(0.1, 0.2))
    generator.fit(PICTURES, augment=True, rounds=3, seed=0)
    first = generator.mean
    generator.fit(PICTURES, augment=True, rounds=3, seed=0)
    np.testing.assert_array_equal(generator.mean, first)
    assert abs(first - PICTURES.mean((0, 1, 2))).max() > 0.5


def test_missing_statistics_are_missed_once():
    generator = ImageDataGenerator(featurewise_center=True)
    with pytest.warns(KerataWarning, match=r"call `generator.fit\(x\)`"):
        np.testing.assert_array_equal(generator.standardize(PICTURES[0]), PICTURES[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        generator.standardize(PICTURES[0])
        generator.fit(PICTURES)
        assert generator.standardize(PICTURES).min() < 0


# -- batches of arrays -----------------------------------------------------------------------


def test_batches_have_what_belongs_together(backend):
    y, weights, other = np.arange(11), np.linspace(0, 1, 11), np.arange(11) * 2
    batches = ImageDataGenerator(rescale=0.5).flow(
        (PICTURES, other), y, batch_size=4, sample_weight=weights, seed=3
    )
    assert len(batches) == 3 and batches.n == 11
    seen = []
    for index in range(3):
        (x, more), labels, weight = batches[index]
        np.testing.assert_array_equal(x, PICTURES[labels] / 2)
        np.testing.assert_array_equal(more, other[labels])
        np.testing.assert_array_equal(weight, weights[labels])
        seen += labels.tolist()
    assert sorted(seen) == y.tolist() != seen
    assert x.dtype == np.float32 and len(x) == 3


def test_arrays_are_not_copied():
    batches = ImageDataGenerator().flow(PICTURES, batch_size=2)
    assert np.shares_memory(batches.x, PICTURES)
    x = next(batches)
    x /= 255  # batches may be changed
    assert PICTURES.max() == 255


def test_passes_differ_and_a_seed_repeats_them():
    def three_passes(seed):
        batches = ImageDataGenerator(rotation_range=40).flow(PICTURES, batch_size=4, seed=seed)
        passes = []
        for _ in range(3):
            passes.append([batches[index] for index in range(len(batches))])
            batches.on_epoch_end()
        return passes

    first, second = three_passes(5), three_passes(5)
    for a, b in zip(first, second, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)
    assert not np.array_equal(first[0][0], first[1][0])
    assert not np.array_equal(first[0][0], three_passes(6)[0][0])
    kerata.utils.set_random_seed(1)
    third = three_passes(None)
    kerata.utils.set_random_seed(1)
    np.testing.assert_array_equal(third[2][1], three_passes(None)[2][1])


def test_next_goes_on_without_end_as_by_index():
    options = {"batch_size": 4, "seed": 7}
    generator = ImageDataGenerator(shear_range=20)
    one, other = generator.flow(PICTURES, **options), generator.flow(PICTURES, **options)
    for _ in range(2):
        for index in range(3):
            np.testing.assert_array_equal(next(one), other[index])
        other.on_epoch_end()
    next(one)
    one.reset()
    np.testing.assert_array_equal(next(one), other[0])
    with pytest.raises(IndexError, match="there are 3"):
        other[3]


def test_pictures_and_masks_of_one_seed_are_distorted_alike():
    masks = (PICTURES[..., :1] > 128).astype("float32")
    shared = {"rotation_range": 25, "zoom_range": 0.2, "horizontal_flip": True}
    options = {"batch_size": 4, "seed": 2}
    pictures = ImageDataGenerator(**shared, brightness_range=(0.5, 1), channel_shift_range=9)
    x = pictures.flow(PICTURES, np.arange(11), **options)
    y = ImageDataGenerator(**shared).flow(masks, np.arange(11), **options)
    plain = ImageDataGenerator(**shared).flow(PICTURES, np.arange(11), **options)
    np.testing.assert_array_equal(next(x)[1], next(y)[1])
    first, mask = plain[1], y[1]
    np.testing.assert_array_equal(x[1][1], mask[1])
    # the same pixels are read: of a picture that is the mask, the same mask comes out
    again = ImageDataGenerator(**shared).flow(np.repeat(masks, 3, axis=-1), **options)
    np.testing.assert_allclose(again[1], np.repeat(mask[0], 3, axis=-1), atol=1e-6)
    assert first[0].shape == x[1][0].shape


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_do_not_depend_on_threads(backend, threads, monkeypatch):
    options = {"rotation_range": 30, "brightness_range": (0.5, 2), "samplewise_center": True}
    whole = ImageDataGenerator(**options).flow(PICTURES, batch_size=11, seed=1)[0]
    monkeypatch.setattr("kerata.preprocessing.image.generator.THREADS", threads)
    parts = ImageDataGenerator(**options).flow(PICTURES, batch_size=11, seed=1)[0]
    close(parts, whole)


def test_numbers_are_those_of_every_engine():
    options = {"rotation_range": 30, "zoom_range": 0.3, "shear_range": 10, "rescale": 1 / 255}
    batches = []
    for name in ("jax", "torch", "numpy"):
        with kerata.use_backend(name):
            batches.append(ImageDataGenerator(**options).flow(PICTURES, seed=1)[0])
    close(batches[1], batches[0], 1e-4)
    close(batches[2], batches[0], 1e-4)


def test_parts_for_training_and_validation():
    y = np.arange(11) % 2
    generator = ImageDataGenerator(validation_split=0.3)
    theirs = keras_image.ImageDataGenerator(validation_split=0.3)
    for subset in ("training", "validation"):
        ours = generator.flow(PICTURES, y, subset=subset, shuffle=False)
        expected = theirs.flow(PICTURES, y, subset=subset, shuffle=False)
        np.testing.assert_array_equal(ours[0][0], expected[0][0])
        np.testing.assert_array_equal(ours[0][1], expected[0][1])
    with pytest.raises(ValueError, match="ignore_class_split=True"):
        generator.flow(PICTURES, np.arange(11), subset="training")
    assert generator.flow(PICTURES, y + 0.1, subset="training", ignore_class_split=True).n == 8
    with pytest.raises(ValueError, match=r"validation_split=\.\.\."):
        ImageDataGenerator().flow(PICTURES, subset="validation")


def test_distorted_pictures_are_written(tmp_path):
    batches = ImageDataGenerator(rotation_range=20).flow(
        PICTURES, batch_size=4, save_to_dir=tmp_path, save_prefix="seen", save_format="jpeg"
    )
    batches[2]
    names = sorted(os.listdir(tmp_path))
    assert len(names) == 3 and all(n.startswith("seen_") and n.endswith(".jpeg") for n in names)
    assert kerata.utils.load_img(tmp_path / names[0]).size == (15, 12)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"fill_mode": "nearst"}, "Did you mean 'nearest'"),
        ({"zoom_range": (1, 2, 3)}, "expected two numbers"),
        ({"brightness_range": 0.5}, "expected two numbers"),
        ({"validation_split": 1.5}, "from 0 to 1"),
        ({"data_format": "channel_last"}, "Did you mean 'channels_last'"),
        ({"interpolation_order": 6}, "interpolation_order=6"),
    ],
    ids=str,
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        ImageDataGenerator(**options)


def test_arrays_are_checked():
    generator = ImageDataGenerator()
    with pytest.raises(ValueError, match=r"x\[\.\.\., None\]"):
        generator.flow(PICTURES[..., 0])
    with pytest.raises(ValueError, match="x has 11, y has 3"):
        generator.flow(PICTURES, np.zeros(3))
    with pytest.raises(ValueError, match="no batch"):
        generator.flow(PICTURES[:0])
    with pytest.raises(ValueError, match="subset='test'"):
        generator.flow(PICTURES, subset="test")
    with pytest.raises(ValueError, match="transform parameter='tetha'"):
        generator.apply_transform(PICTURE, {"tetha": 3})
    with pytest.warns(KerataWarning, match="has 15 channels"):
        ImageDataGenerator(data_format="channels_last").flow(np.zeros((2, 4, 4, 15)))


def test_a_model_learns_from_distorted_digits(training_backend):
    x = np.zeros((64, 10, 10, 1), "uint8")
    y = np.arange(64) % 2
    x[y == 0, 2:8, 4:6] = 255  # bars that stand, and others that lie
    x[y == 1, 4:6, 2:8] = 255
    generator = ImageDataGenerator(
        rotation_range=15, width_shift_range=0.1, rescale=1 / 255, validation_split=0.25
    )
    train = generator.flow(x, y, batch_size=8, subset="training", seed=0)
    validation = generator.flow(x, y, subset="validation", shuffle=False)
    model = kerata.Sequential(
        [kerata.Input((10, 10, 1)), kerata.layers.Flatten(), kerata.layers.Dense(1, "sigmoid")]
    )
    model.compile(kerata.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(train, epochs=8, validation_data=validation, verbose=0)
    assert history.history["val_accuracy"][-1] == 1.0
    assert model.evaluate(validation, verbose=0, return_dict=True)["accuracy"] == 1.0
    predicted = model.predict(validation, verbose=0)
    assert ((predicted[:, 0] > 0.5) == y[:16]).all()


IN_PROCESSES = """
import numpy as np
from kerata.preprocessing.image import ImageDataGenerator
from kerata.training.data.workers import by_processes

x = np.random.default_rng(0).integers(0, 256, (8, 9, 9, 1))
batches = ImageDataGenerator(rotation_range=20, rescale=1 / 255).flow(x, batch_size=4, seed=1)
here = [batches[0], batches[1]]  # the engine runs before processes are forked off
there = by_processes(batches, iter(range(2)), 2, 2)
print(max(abs(a - b).max() for a, b in zip(here, there)) < 1e-4)
"""


def test_processes_make_batches():
    command = [sys.executable, "-W", "ignore", "-c", IN_PROCESSES]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "True\n"


RACE = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from kerata.backend import select

sys.setswitchinterval(1e-5)
barrier = threading.Barrier(4)

def load(_):
    barrier.wait()
    return id(select.load("jax"))

with ThreadPoolExecutor(4) as pool:
    print(len(set(pool.map(load, range(4)))))
"""


def test_threads_that_load_an_engine_get_the_same_one():
    result = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True)
    assert result.stdout == "1\n"
