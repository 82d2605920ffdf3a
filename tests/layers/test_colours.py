"""Layers of colours: exact results for given random numbers, and how the numbers are drawn."""

from __future__ import annotations

import functools

import keras
import numpy as np
import PIL.Image
import PIL.ImageEnhance
import PIL.ImageOps
import pytest

import kerata
from kerata.layers import (
    AutoContrast,
    ContrastLimitedAdaptiveHistogramEqualization,
    Equalization,
    RandomColorJitter,
    RandomContrast,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomPosterization,
    RandomSaturation,
    RandomSharpness,
    Solarization,
)
from tests.layers.driver import close, numpy_of
from tests.layers.test_image_layers import pixels

IMAGES = pixels(3, 6, 5, 3).astype("float32")
NO_PIXELS = np.zeros((2000, 1, 1, 3), "float32")

#: each colour layer with some arguments
LAYERS = {
    "AutoContrast": {},
    "ContrastLimitedAdaptiveHistogramEqualization": {"tile_grid_size": (2, 2)},
    "Equalization": {},
    "RandomBrightness": {"factor": 0.3},
    "RandomColorDegeneration": {"factor": (0.2, 1.0)},
    "RandomColorJitter": {
        "brightness_factor": 0.1, "contrast_factor": 0.3, "saturation_factor": (0.3, 0.7),
        "hue_factor": 0.4,
    },
    "RandomContrast": {"factor": 0.5},
    "RandomGrayscale": {"factor": 0.8},
    "RandomHue": {"factor": 0.5},
    "RandomInvert": {"factor": (0.8, 0.8)},
    "RandomPosterization": {"factor": 4},
    "RandomSaturation": {"factor": (0.1, 0.9)},
    "RandomSharpness": {"factor": 1.0},
    "Solarization": {"addition_factor": 0.3, "threshold_factor": 0.6},
}  # fmt: skip
RANDOM = [name for name in LAYERS if "Random" in name or name == "Solarization"]


def made(name, **options):
    """A layer of the list, random ones with the same numbers each time."""
    seed = {"seed": 3} if name in RANDOM else {}
    return getattr(kerata.layers, name)(**LAYERS[name], **seed, **options)


#: name, arguments, and the random numbers under which the result is that of Keras: one number
#: for each image, and for Keras in the shape that it draws them in
COLUMN, VECTOR = (3, 1, 1, 1), (3,)
GIVEN = [
    ("RandomBrightness", {"factor": 0.5}, {"rgb_delta": [-60.0, 0.0, 90.0]}, COLUMN),
    ("RandomContrast", {"factor": 0.5}, {"contrast_factor": [0.3, 1.0, 1.8]}, COLUMN),
    ("RandomHue", {"factor": 0.5}, {"factor": [-0.4, 0.1, 0.25]}, VECTOR),
    ("RandomSaturation", {"factor": 0.5}, {"factor": [0.0, 0.4, 1.0]}, VECTOR),
    ("RandomColorDegeneration", {"factor": 0.5}, {"factor": [0.0, 0.4, 1.0]}, COLUMN),
    ("RandomInvert", {}, {"apply_inversion": [True, False, True]}, VECTOR),
    ("RandomPosterization", {"factor": 5}, {"shift_factor": [0, 3, 7]}, VECTOR),
    ("Solarization", {}, {"additions": [0.0, 20.0, 50.0], "thresholds": [99.0, 0.0, 128.0]},
     COLUMN),
    ("AutoContrast", {}, {}, None),
    ("ContrastLimitedAdaptiveHistogramEqualization", {}, {}, None),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"clip_limit": 0.0, "tile_grid_size": (3, 2)},
     {}, None),
]  # fmt: skip
IDS = [f"{case[0]}-{i}" for i, case in enumerate(GIVEN)]


@functools.cache
def of_keras(number):
    name, kwargs, drawn, shape = GIVEN[number]
    drawn = {key: keras.ops.reshape(keras.ops.array(v), shape) for key, v in drawn.items()}
    layer = getattr(keras.layers, name)(**kwargs)
    if not drawn:
        return np.asarray(layer(IMAGES))
    drawn = {k: keras.ops.cast(v, "uint8") if "shift" in k else v for k, v in drawn.items()}
    return np.asarray(layer.transform_images(keras.ops.array(IMAGES), drawn, training=True))


@pytest.mark.parametrize("number", range(len(GIVEN)), ids=IDS)
def test_given_numbers_give_what_keras_gives(number, backend):
    name, kwargs, drawn, _ = GIVEN[number]
    drawn = {key: kerata.ops.reshape(kerata.ops.array(v), COLUMN) for key, v in drawn.items()}
    layer = getattr(kerata.layers, name)(**kwargs)
    close(layer.transform_images(kerata.ops.array(IMAGES), drawn), of_keras(number), 1e-3)


# -- any value range, data format, dtype -------------------------------------------------------


@pytest.mark.parametrize("name", LAYERS)
def test_data_formats_ranges_and_programs_agree(name, backend):
    """Channels first, values from -1 to 1, one operation after the other: the same picture."""
    expected = numpy_of(made(name)(IMAGES))
    assert np.abs(expected - IMAGES).max() > 1
    first = made(name, data_format="channels_first")(IMAGES.transpose(0, 3, 1, 2))
    close(numpy_of(first).transpose(0, 2, 3, 1), expected, 1e-3)
    with kerata.core.context.set_current(line_by_line=True):
        close(made(name)(IMAGES), expected, 1e-3)
    if name != "RandomGrayscale":
        ranged = made(name, value_range=(-1, 1))(IMAGES / 127.5 - 1)
        close((numpy_of(ranged) + 1) * 127.5, expected, 1e-2)


@pytest.mark.parametrize("dtype", ["uint8", "float16"])
@pytest.mark.parametrize("name", LAYERS)
def test_other_dtypes_are_rounded_results(name, dtype, backend):
    expected = numpy_of(made(name)(IMAGES)).astype("float64")
    found = made(name, dtype=dtype)(IMAGES.astype("uint8"))
    assert kerata.ops.dtype(found) == dtype
    tolerance = {"uint8": 0.502, "float16": 0.07}[dtype]
    assert np.abs(numpy_of(found).astype("float64") - expected).max() <= tolerance


@pytest.mark.parametrize("name", LAYERS)
def test_one_image_and_none(name, backend):
    layer = made(name)
    assert layer(IMAGES[0]).shape == (6, 5, 3)
    assert layer(IMAGES[:0]).shape == (0, 6, 5, 3)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.tensorflow
def test_in_a_pipeline_of_tensorflow(name):
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices(IMAGES).batch(2).map(made(name))
    batches = list(dataset.as_numpy_iterator())
    assert [batch.shape for batch in batches] == [(2, 6, 5, 3), (1, 6, 5, 3)]
    if name not in RANDOM:
        close(np.concatenate(batches), numpy_of(made(name)(IMAGES)), 1e-3)


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in RANDOM])
def test_what_is_not_random_is_done_in_inference_as_well(name, backend):
    close(made(name)(IMAGES, training=False), made(name)(IMAGES, training=True))


@pytest.mark.parametrize("name", RANDOM)
def test_what_is_random_is_done_in_training_only(name, backend):
    close(made(name)(IMAGES, training=False), IMAGES)


# -- results by definition -------------------------------------------------------------------


def test_sharpness_is_that_of_pillow(backend):
    """PIL's factor is twice ours; the border, which lacks neighbours, stays as it is."""
    image = pixels(9, 7, 3)
    for factor in (0.0, 0.3, 1.0):
        pil = PIL.ImageEnhance.Sharpness(PIL.Image.fromarray(image)).enhance(2 * factor)
        found = RandomSharpness((factor, factor))(image)
        assert np.abs(numpy_of(found) - np.asarray(pil, "float32")).max() <= 2  # PIL rounds twice
    small = pixels(2, 2, 3).astype("float32")
    close(RandomSharpness((0.0, 0.0))(small), small)


def test_inside_sharpness_is_that_of_keras(backend):
    ours = numpy_of(RandomSharpness((0.8, 0.8))(IMAGES))
    theirs = np.asarray(keras.layers.RandomSharpness((0.8, 0.8))(IMAGES))
    close(ours[:, 1:-1, 1:-1], theirs[:, 1:-1, 1:-1], 1e-3)


def test_solarization_and_posterization_are_those_of_pillow(backend):
    image = pixels(9, 7, 3)
    pil = PIL.Image.fromarray(image)
    found = Solarization(threshold_factor=(128 / 255, 128 / 255))(image)
    close(found, np.asarray(PIL.ImageOps.solarize(pil, 128), "float32"), 1e-4)
    found = RandomPosterization((3, 3))(image)
    close(found, np.asarray(PIL.ImageOps.posterize(pil, 3), "float32"))


def equalized(channel, bins=256):
    """Histogram equalization by definition, of one channel of bytes."""
    places = (channel.astype(int) * (bins - 1)) // 255
    ranks = np.bincount(places.ravel(), minlength=bins).cumsum()
    least = ranks[ranks > 0].min()
    return np.round((ranks - least) / (channel.size - least) * 255)[places]


@pytest.mark.parametrize("bins", [256, 40])
def test_each_image_has_histograms_of_its_own(bins, backend):
    found = numpy_of(Equalization(bins=bins)(IMAGES))
    for image, result in zip(IMAGES, found, strict=True):
        for channel in range(3):
            close(result[..., channel], equalized(image[..., channel], bins))
    close(found[0], np.asarray(keras.layers.Equalization(bins=bins)(IMAGES[0])))


def test_images_of_one_value_stay(backend):
    flat = np.full((2, 8, 8, 3), 77.0, "float32")
    close(Equalization()(flat), flat)
    close(AutoContrast()(flat), flat)
    assert np.isfinite(numpy_of(ContrastLimitedAdaptiveHistogramEqualization()(flat))).all()


def test_saturation_ends_at_pure_colours(backend):
    found = numpy_of(RandomSaturation((1.0, 1.0))(np.array([[[200.0, 100.0, 50.0]]], "float32")))
    close(found, [[[200.0, 200 / 3, 0.0]]], 1e-3)


def test_inverted_values_stay_in_their_range(backend):
    image = np.array([[[-1.0, 0.25, 1.0]]], "float32")
    close(RandomInvert((1.0, 1.0), value_range=(-1, 1))(image), -image)


def test_grey_images_and_one_channel(backend):
    red = np.array([[[100.0, 0.0, 0.0]]], "float32")
    close(RandomGrayscale(1.0)(red), [[[29.89, 29.89, 29.89]]], 1e-4)
    close(RandomGrayscale(1.0)(red[..., :1]), red[..., :1])
    assert RandomGrayscale(0.3, seed=3).get_config()["seed"] == 3
    theirs = keras.layers.RandomGrayscale.from_config(RandomGrayscale(0.3, seed=3).get_config())
    assert theirs.factor == 0.3 and theirs.seed == 3


def test_jitter_is_its_steps_in_order(backend):
    layer = RandomColorJitter(
        brightness_factor=(0.1, 0.1), saturation_factor=(0.3, 0.3), hue_factor=(0.0, 0.0)
    )
    brighter = kerata.layers.RandomBrightness((0.1, 0.1))(IMAGES)
    close(layer(IMAGES), RandomSaturation((0.3, 0.3))(brighter), 1e-3)


# -- how numbers are drawn -------------------------------------------------------------------


def drawn(layer, name):
    values = numpy_of(layer.get_random_transformation(NO_PIXELS)[name]).ravel()
    assert len(values) == len(NO_PIXELS)
    return values


def test_ranges_of_what_is_drawn(backend):
    contrast = drawn(RandomContrast((0.2, 0.4), seed=1), "contrast_factor")
    assert 0.8 <= contrast.min() < 0.81 and 1.39 < contrast.max() <= 1.4
    hue = drawn(RandomHue((0.2, 0.4), seed=1), "factor")
    assert 0.1 <= np.abs(hue).min() < 0.11 and 0.19 < np.abs(hue).max() <= 0.2
    assert abs((hue < 0).mean() - 0.5) < 0.05
    thresholds = drawn(Solarization(0.0, (0.2, 0.6), seed=1), "thresholds") / 255
    assert 0.2 <= thresholds.min() < 0.21 and 0.59 < thresholds.max() <= 0.6


def test_shares_of_what_is_chosen(backend):
    assert abs(drawn(RandomInvert((0.2, 0.4), seed=1), "apply_inversion").mean() - 0.3) < 0.04
    assert abs(drawn(RandomGrayscale(0.3, seed=1), "should_apply").mean() - 0.3) < 0.04
    lost, counts = np.unique(
        drawn(RandomPosterization((2, 4), seed=1), "shift_factor"), return_counts=True
    )
    assert lost.tolist() == [4, 5, 6]
    assert np.abs(counts / 2000 - 1 / 3).max() < 0.05


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomPosterization((2, 9)), "an integer from 1 to 8"),
        (lambda: RandomPosterization(2.5), "an integer from 1 to 8"),
        (lambda: RandomGrayscale(1.5), "between 0 and 1"),
        (lambda: Solarization(threshold_factor=2), "`threshold_factor` is 2"),
        (lambda: Equalization(bins=0), "`bins` is 0"),
        (lambda: RandomHue(0.5)(IMAGES[..., :1]), "expected three channels"),
        (lambda: RandomGrayscale(0.5)(IMAGES[..., :2]), "expected three channels"),
    ],
)
def test_arguments_that_are_none(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.tensorflow
def test_tiles_need_sizes():
    import tensorflow as tf

    layer = ContrastLimitedAdaptiveHistogramEqualization()
    assert layer(kerata.Input((None, None, 3))).shape == (None, None, None, 3)
    dataset = tf.data.Dataset.from_generator(
        lambda: iter(IMAGES), output_signature=tf.TensorSpec((None, None, 3))
    )
    with pytest.raises(ValueError, match="height and width must be known"):
        dataset.map(layer)
