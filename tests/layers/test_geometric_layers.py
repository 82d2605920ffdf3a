"""Layers that move pixels: fixed movements against Keras, random ones by their statistics."""

from __future__ import annotations

import jax
import keras
import numpy as np
import pytest

import kerata
from tests.layers.driver import close, numpy_of

layers = kerata.layers


@pytest.fixture(autouse=True)
def quick_compilation():
    """Many small programs are compiled here and run once each."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


random = np.random.default_rng(3)
IMAGES = random.uniform(0, 255, (3, 11, 14, 3)).astype("float32")
MASKS = random.integers(0, 9, (3, 11, 14, 1)).astype("uint8")
CONSTANT = {"fill_mode": "constant", "fill_value": 7.0}

# layers whose movement is given, so that Keras and kerata must agree: name, arguments
FIXED = [
    ("RandomRotation", ((0.13, 0.13),), {}),
    ("RandomRotation", ((-0.2, -0.2),), {"interpolation": "nearest", **CONSTANT}),
    ("RandomTranslation", ((0.23, 0.23), (-0.17, -0.17)), {"fill_mode": "wrap"}),
    ("RandomTranslation", ((0.23, 0.23), (0.1, 0.1)), CONSTANT),
    ("RandomZoom", ((0.21, 0.21),), {"fill_mode": "nearest"}),
    ("RandomZoom", ((-0.31, -0.31), (0.17, 0.17)), {}),
    ("Resizing", (7, 9), {}),
    ("Resizing", (17, 5), {"interpolation": "bicubic", "antialias": True}),
    ("Resizing", (6, 6), {"crop_to_aspect_ratio": True, "interpolation": "nearest"}),
    ("Resizing", (6, 6), {"pad_to_aspect_ratio": True, "fill_value": 3.0}),
    ("CenterCrop", (4, 6), {}),
    ("CenterCrop", (5, 3), {}),
    ("CenterCrop", (15, 6), {}),
]
RANDOM = [
    ("RandomFlip", (), {}),
    ("RandomCrop", (5, 6), {}),
    ("RandomRotation", (0.3,), {}),
    ("RandomTranslation", (0.2, 0.3), {}),
    ("RandomZoom", (0.2,), {}),
    ("RandomShear", (0.3, 0.2), {}),
    ("RandomPerspective", ((1.0, 1.0),), {"scale": 0.5}),
    ("RandomElasticTransform", ((1.0, 1.0),), {}),
    ("RandomGaussianBlur", ((0.9, 1.0),), {}),
]
fixed = pytest.mark.parametrize("name, args, kwargs", FIXED)
every = pytest.mark.parametrize("name, args, kwargs", FIXED + RANDOM)


def first(images):
    return np.moveaxis(images, -1, 1).copy()


def make(name, args, kwargs, **more):
    return getattr(layers, name)(*args, **kwargs, **more)


@fixed
def test_images_and_masks_are_those_of_keras(name, args, kwargs, backend):
    data = {"images": IMAGES, "segmentation_masks": MASKS}
    wanted = getattr(keras.layers, name)(*args, **kwargs)(data, training=True)
    actual = make(name, args, kwargs)(data, training=True)
    # 255 times the accuracy of float32, of positions on the side of an image
    np.testing.assert_allclose(
        numpy_of(actual["images"]), np.asarray(wanted["images"]), rtol=1e-4, atol=5e-3
    )
    masks = numpy_of(actual["segmentation_masks"])
    assert masks.dtype == np.uint8
    if name != "CenterCrop" or masks.shape[1] < 11:  # Keras interpolates between classes there
        assert np.array_equal(masks, np.asarray(wanted["segmentation_masks"]))
    elsewhere = make(name, args, kwargs, data_format="channels_first")(first(IMAGES), training=True)
    close(elsewhere, first(numpy_of(actual["images"])), 1e-3)


@every
def test_configuration_and_shapes(name, args, kwargs):
    layer = (
        make(name, args, kwargs, seed=5) if name.startswith("Random") else make(name, args, kwargs)
    )
    own = getattr(keras.layers, name)(*args, **kwargs)
    wanted = own.get_config() | ({"seed": 5} if name.startswith("Random") else {})
    assert layer.get_config() == wanted | {"name": layer.name, "dtype": layer.get_config()["dtype"]}
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    shape = make(name, args, kwargs)(IMAGES, training=True).shape
    for sizes in ((11, 14), (None, None)):
        symbolic = layer(kerata.Input((*sizes, 3)))
        assert symbolic.dtype == "float32"
        assert symbolic.shape == (None, *(shape[1:] if shape[1] != 11 else (*sizes, 3)))


@pytest.mark.parametrize("name, args, kwargs", RANDOM)
def test_each_image_by_itself_only_in_training_and_repeatable(name, args, kwargs, backend):
    same = np.repeat(IMAGES[:1], 8, 0)
    layer = make(name, args, kwargs, seed=3)
    drawn = numpy_of(layer(same, training=True))
    assert len({image.tobytes() for image in drawn}) > (2 if name == "RandomFlip" else 3)
    close(make(name, args, kwargs, seed=3)(same, training=True), drawn, 1e-3)
    assert np.abs(numpy_of(layer(same, training=True)) - drawn).max() > 1
    if name == "RandomCrop":
        wanted = kerata.ops.image.resize(same, (5, 6), crop_to_aspect_ratio=True)
    else:
        wanted = same
    close(layer(same, training=False), wanted)


@pytest.mark.parametrize("name, args, kwargs", RANDOM)
def test_masks_follow_the_images(name, args, kwargs, backend):
    """A mask that holds one of the channels, whose pixels are read alike, stays equal to it."""
    settings = (
        {}
        if name in ("RandomFlip", "RandomCrop", "RandomGaussianBlur")
        else {"interpolation": "nearest"}
    )
    images = np.round(IMAGES)
    result = make(name, args, kwargs, **settings)(
        {"images": images, "segmentation_masks": images[..., 0]}, training=True
    )
    wanted = images[..., 0] if name == "RandomGaussianBlur" else result["images"][..., 0]
    close(result["segmentation_masks"], wanted)


@pytest.mark.parametrize(
    "name, args, kwargs",
    [row for row in FIXED if not row[0].startswith("Random") and "antialias" not in row[2]]
    + RANDOM,
)
@pytest.mark.tensorflow
def test_in_an_input_pipeline(name, args, kwargs):
    """In `Dataset.map` images of all sizes are taken, and what is fixed is what it is elsewhere."""
    import tensorflow as tf

    with kerata.use_backend("numpy"):  # compiles nothing
        layer = make(name, args, kwargs)
    images = [IMAGES[0], IMAGES[1, :9], IMAGES[2, :4, :5]]
    signature = tf.TensorSpec((None, None, 3))
    data = tf.data.Dataset.from_generator(lambda: iter(images), output_signature=signature)
    for image, changed in zip(images, data.map(lambda x: layer(x, training=True)), strict=True):
        if (name, args, kwargs) in FIXED:
            close(changed.numpy(), layer(image, training=True), 5e-3)
        else:
            assert changed.shape == ((5, 6, 3) if name == "RandomCrop" else image.shape)


@pytest.mark.parametrize("name, args, kwargs", RANDOM)
def test_in_a_model(name, args, kwargs, training_backend):
    """The layer trains in a compiled model, and its gradients reach what stands before it."""
    images = IMAGES[:, :8, :8] / 255
    model = kerata.Sequential(
        [
            kerata.Input((8, 8, 3)),
            layers.Dense(3),
            make(name, (4, 4) if name == "RandomCrop" else args, kwargs),
            layers.GlobalAveragePooling2D(),
        ]
    )
    model.compile("sgd", "mse")
    before = model.layers[0].kernel.numpy()
    model.fit(images, np.ones((3, 3)), epochs=1, verbose=0)
    assert np.isfinite(model.layers[0].kernel.numpy()).all()
    assert np.abs(model.layers[0].kernel.numpy() - before).max() > 0


# -- what is drawn -----------------------------------------------------------------------------


def ramp(count, height=32, width=48):
    """Return images whose channels are the row, the column, and 1."""
    rows, columns = np.mgrid[:height, :width].astype("float32")
    return np.repeat(np.stack([rows, columns, np.ones_like(rows)], -1)[None], count, 0)


def movements(layer, count=400):
    """Return for each image the matrix [[b0, b1, b2], [a0, a1, a2]] that its pixels obey."""
    images = ramp(count)
    moved = numpy_of(layer(images, training=True)).astype("float64")
    x, y = images[0, ..., 1].ravel(), images[0, ..., 0].ravel()
    found = []
    for image in moved.reshape(count, -1, 3):
        inside = image[:, 2] > 0.9999
        points = np.stack([x, y, np.ones_like(x)], 1)[inside]
        found.append(np.linalg.lstsq(points, image[inside, :2], rcond=None)[0].T)
    return np.array(found)


def uniform_between(numbers, low, high):
    """Check that numbers come from a uniform distribution, by their range and mean."""
    width = high - low
    assert low - 1e-3 <= numbers.min() < low + 0.03 * width
    assert high + 1e-3 >= numbers.max() > high - 0.03 * width
    assert numbers.mean() == pytest.approx((low + high) / 2, abs=0.06 * width)


@pytest.fixture(params=["jax"])
def engine(request):
    with kerata.use_backend(request.param):
        yield


def test_angles(engine):
    found = movements(layers.RandomRotation((-0.1, 0.2), fill_mode="constant"))
    uniform_between(np.arctan2(found[:, 0, 0], found[:, 0, 1]) / (2 * np.pi), -0.1, 0.2)
    # the centre stays
    close(found @ [23.5, 15.5, 1], np.tile([15.5, 23.5], (400, 1)), 1e-2)


def test_distances(engine):
    found = movements(layers.RandomTranslation((-0.1, 0.3), 0.2, fill_mode="constant"))
    uniform_between(-found[:, 0, 2] / 32, -0.1, 0.3)
    uniform_between(-found[:, 1, 2] / 48, -0.2, 0.2)


def test_zoom(engine):
    found = movements(layers.RandomZoom((-0.3, 0.1), fill_mode="constant"))
    uniform_between(found[:, 0, 1] - 1, -0.3, 0.1)
    close(found[:, 0, 1], found[:, 1, 0], 1e-3)
    found = movements(layers.RandomZoom(0.2, 0.3, fill_mode="constant"))
    uniform_between(found[:, 0, 1] - 1, -0.2, 0.2)
    uniform_between(found[:, 1, 0] - 1, -0.3, 0.3)
    close(found @ [23.5, 15.5, 1], np.tile([15.5, 23.5], (400, 1)), 1e-2)


def test_shear(engine):
    found = movements(layers.RandomShear((0.1, 0.3), (0.2, 0.4), fill_mode="constant"))
    uniform_between(np.abs(found[:, 1, 1]), 0.1, 0.3)
    uniform_between(np.abs(found[:, 0, 0]), 0.2, 0.4)
    assert np.array_equal(found[:, 1, 1] > 0, found[:, 0, 0] > 0)
    assert 0.4 < (found[:, 1, 1] > 0).mean() < 0.6


@pytest.mark.parametrize("mode", ["horizontal", "vertical", "horizontal_and_vertical"])
def test_half_are_mirrored(mode, engine):
    found = numpy_of(layers.RandomFlip(mode)(ramp(400), training=True))
    across, down = found[:, 0, 0, 1] > 0, found[:, 0, 0, 0] > 0
    assert (0.4 < across.mean() < 0.6) if "horizontal" in mode else not across.any()
    assert (0.4 < down.mean() < 0.6) if "vertical" in mode else not down.any()
    if mode == "horizontal_and_vertical":  # each direction by itself
        assert 0.4 < (across == down).mean() < 0.6


def test_places_of_windows(backend):
    images = ramp(200, 5, 6)
    found = numpy_of(layers.RandomCrop(3, 2)(images, training=True))
    assert set(found[:, 0, 0, 0]) == {0, 1, 2}
    assert set(found[:, 0, 0, 1]) == {0, 1, 2, 3, 4}
    close(found - found[:, :1, :1], np.repeat((ramp(1, 3, 2) * [1, 1, 0]), 200, 0))


def test_corners(engine):
    layer = layers.RandomPerspective((1.0, 1.0), scale=0.4)
    drawn = layer.get_random_transformation(ramp(400))["transforms"]
    back = np.linalg.inv(np.append(numpy_of(drawn), np.ones((400, 1)), 1).reshape(400, 3, 3))
    for corner in ((0, 0), (47, 0), (0, 31), (47, 31)):
        moved = back @ [*corner, 1]
        moved = moved[:, :2] / moved[:, 2:]
        uniform_between((moved[:, 0] - corner[0]) / 47, -0.2, 0.2)
        uniform_between((moved[:, 1] - corner[1]) / 31, -0.2, 0.2)
    images = ramp(400)
    some = numpy_of(layers.RandomPerspective(0.5)(images, training=True))
    assert (
        0.15 < np.mean([not np.array_equal(x, y) for x, y in zip(images, some, strict=True)]) < 0.35
    )


def test_elastic_strength(engine):
    images = ramp(64, 64, 96)
    layer = layers.RandomElasticTransform(
        (1.0, 1.0), (0.5, 0.5), fill_mode="mirror", value_range=(-99, 999)
    )
    field = (numpy_of(layer(images, training=True)) - images)[:, 16:-16, 16:-16, :2]
    assert field.std() == pytest.approx(0.05 * 96 / np.sqrt(4 * np.pi), rel=0.1)


def test_blur(engine):
    points = np.zeros((200, 7, 7, 1), "float32")
    points[:, 3, 3] = 100
    layer = layers.RandomGaussianBlur((1.0, 1.0), 7, (0.5, 1.0))
    found = numpy_of(layer(points, training=True))[..., 0]
    close(found.sum((1, 2)), np.full(200, 100.0), 1e-3)
    for sums in (found.sum(2), found.sum(1)):
        # neighbours of the middle weigh exp(-1 / (2 sigma^2)) of it
        uniform_between(np.sqrt(-0.5 / np.log(sums[:, 2] / sums[:, 3])), 0.5, 1.0)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: layers.RandomRotation(1.5), "`factor` is 1.5"),
        (lambda: layers.RandomRotation(0.1, fill_mode="edge"), "`fill_mode` is 'edge'"),
        (lambda: layers.RandomRotation(0.1, interpolation="bicubic"), "`interpolation`"),
        (lambda: layers.RandomTranslation(2.0, 0.1), "`height_factor` is 2.0"),
        (lambda: layers.RandomZoom((-1.0, 0.0)), "above -1"),
        (lambda: layers.RandomShear(-0.1), "`x_factor` is -0.1"),
        (lambda: layers.RandomFlip("up"), "`mode` is 'up'"),
        (lambda: layers.RandomPerspective(scale=2.0), "`scale` is 2.0"),
        (lambda: layers.RandomElasticTransform(scale=2.0), "`scale` is 2.0"),
        (lambda: layers.RandomGaussianBlur(kernel_size=4), "odd"),
        (lambda: layers.RandomCrop(0, 3), "`height` is 0"),
        (lambda: layers.CenterCrop(3, -1), "`width` is -1"),
        (lambda: layers.Resizing(3, 3, "area"), "`interpolation` is 'area'"),
        (
            lambda: layers.Resizing(3, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            "choose one",
        ),
    ],
)
def test_errors_say_what_is_wrong(call, text):
    with pytest.raises(ValueError, match=text):
        call()


# -- boxes -------------------------------------------------------------------------------------

BOXES = np.array([[[2.0, 1.0, 9.0, 6.0], [0.0, 0.0, 4.0, 3.0]]] * 3, "float32")
CLASSES = np.array([[4, 5]] * 3)


def painted(boxes, height=11, width=14):
    """Return for each box an image whose pixels are 1 inside of it."""
    y, x = np.mgrid[:height, :width] + 0.5
    left, top, right, bottom = np.moveaxis(boxes, -1, 0)[..., None, None]
    return ((x > left) & (x < right) & (y > top) & (y < bottom)).astype("float32")


@pytest.mark.parametrize(
    "name, args, kwargs",
    [
        ("RandomFlip", (), {}),
        ("RandomCrop", (6, 8), {}),
        ("RandomRotation", (0.1,), {}),
        ("RandomTranslation", (0.2, 0.3), {}),
        ("RandomZoom", (0.3,), {}),
        ("RandomShear", (0.3, 0.2), {}),
        ("RandomPerspective", ((1.0, 1.0),), {"scale": 0.2}),
        ("Resizing", (22, 7), {}),
        ("Resizing", (9, 9), {"crop_to_aspect_ratio": True}),
        ("Resizing", (9, 9), {"pad_to_aspect_ratio": True}),
        ("CenterCrop", (6, 6), {}),
        ("CenterCrop", (20, 20), {}),
    ],
)
def test_boxes_lie_around_what_they_held(name, args, kwargs, backend):
    """Boxes painted into images are where the moved boxes say, up to a pixel."""
    if name in ("RandomRotation", "RandomTranslation", "RandomZoom", "RandomShear"):
        kwargs = kwargs | {"fill_mode": "constant"}
    images = np.moveaxis(painted(BOXES), 1, -1)  # one channel for each box
    result = make(name, args, kwargs, bounding_box_format="xyxy")(
        {"images": images, "bounding_boxes": {"boxes": BOXES, "labels": CLASSES}}, training=True
    )
    boxes = numpy_of(result["bounding_boxes"]["boxes"])
    labels = numpy_of(result["bounding_boxes"]["labels"])
    for image, corners, classes in zip(numpy_of(result["images"]), boxes, labels, strict=True):
        for place in range(2):
            rows, columns = np.nonzero(image[..., place] > 0.5)
            if not len(rows):  # nothing is left, or less than half a pixel
                assert min(corners[place][2:] - corners[place][:2]) < 1
                continue
            assert classes[place] == CLASSES[0, place]
            found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert np.abs(corners[place] - found).max() < 1.6


def test_boxes_in_other_formats(backend):
    data = {"images": IMAGES, "bounding_boxes": {"boxes": BOXES, "labels": CLASSES}}
    wanted = numpy_of(
        layers.Resizing(22, 7, bounding_box_format="xyxy")(data)["bounding_boxes"]["boxes"]
    )
    close(wanted, BOXES * [0.5, 2, 0.5, 2])
    shares = BOXES / [14, 11, 14, 11]
    data["bounding_boxes"] = {"boxes": shares, "labels": CLASSES}
    moved = layers.Resizing(22, 7, bounding_box_format="rel_xyxy")(data)["bounding_boxes"]["boxes"]
    close(moved, shares)


@pytest.mark.tensorflow
def test_boxes_of_one_image_in_an_input_pipeline():
    import tensorflow as tf

    layer = layers.RandomTranslation((0.5, 0.5), (0.25, 0.25), bounding_box_format="xyxy")
    data = {"images": IMAGES[0], "bounding_boxes": {"boxes": BOXES[0], "labels": CLASSES[0]}}
    dataset = tf.data.Dataset.from_tensors(data).map(lambda x: layer(x, training=True))
    moved = next(iter(dataset))["bounding_boxes"]
    close(moved["boxes"].numpy(), np.minimum(BOXES[0] + [3.5, 5.5, 3.5, 5.5], [14, 11, 14, 11]))
    assert moved["labels"].numpy().tolist() == [4, 5]
