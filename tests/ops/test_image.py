"""Operations on images: against Keras, formulas and symbolic shapes; errors.

Values, dtypes and gradients of the primitives are in tests/conformance/cases_image.py.
"""

import jax
import keras
import numpy as np
import pytest
import scipy.ndimage

import kerata
from kerata.core.symbolic import SymbolicTensor
from kerata.ops import convert_to_numpy, image

random = np.random.default_rng(0)


def normal(*shape):
    return random.normal(size=shape).astype("float32")


def first(x):
    """Return images with their channels before the sizes."""
    return np.moveaxis(x, -1, -3).copy()


X, COLOURS, VOLUMES = (
    normal(2, 6, 9, 3),
    random.random((2, 4, 5, 3), "float32"),
    normal(2, 4, 5, 6, 2),
)
BYTES = random.integers(0, 256, (2, 6, 9, 3)).astype("uint8")
# transforms whose positions do not lie on halves, which rounding would send either way
TRANSFORMS = np.array(
    [[1.01, 0.13, 0.31, -0.12, 1, 0.2, 0, 0], [0.83, -0.31, 3.9, 0.21, 1.12, -2, 0, 0]], "float32"
)
CORNERS = np.array([[0, 0], [8, 0], [0, 5], [8, 5]], "float32")
MOVED = CORNERS + np.array([[0.3, -0.4], [0.9, 0.2], [-0.6, 0.7], [0.1, -0.8]], "float32")
FIRST = {"data_format": "channels_first"}
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")

CALLS = [
    *(("resize", (X, (4, 13)), {"interpolation": each}) for each in INTERPOLATIONS),
    *(
        ("resize", (X, (3, 4)), {"interpolation": each, "antialias": True})
        for each in INTERPOLATIONS
    ),
    ("resize", (first(X[0]), (7, 5)), FIRST),
    ("resize", (X, (3, 6)), {"crop_to_aspect_ratio": True}),
    ("resize", (X, (7, 2)), {"crop_to_aspect_ratio": True}),
    ("resize", (X, (4, 4)), {"pad_to_aspect_ratio": True, "fill_value": -1.0}),
    ("resize", (X, (3, 9)), {"pad_to_aspect_ratio": True}),
    *(
        ("affine_transform", (X, TRANSFORMS),
         {"interpolation": each, "fill_mode": mode, "fill_value": 0.7})
        for each, mode in zip(("nearest", "bilinear"), ("wrap", "reflect"), strict=True)
    ),
    ("affine_transform", (first(X[0]), TRANSFORMS[1]), FIRST),
    *(
        ("perspective_transform", (X, np.stack([CORNERS, CORNERS]), np.stack([MOVED, CORNERS])),
         {"interpolation": each, "fill_value": 0.3})
        for each in ("nearest", "bilinear")
    ),
    ("perspective_transform", (first(X[0]), CORNERS, MOVED), FIRST),
    *(
        ("map_coordinates", (X, random.uniform(-3, 12, (4, 5, 2)).astype("float32"), order),
         {"fill_mode": mode, "fill_value": 2.0})
        for order, mode in ((0, "mirror"), (1, "constant"), (1, "nearest"))
    ),
    ("map_coordinates", (X[0, :, :, 0], [[0.5, 2.25], [-0.5, 1]], 1), {}),
    *(
        ("scale_and_translate",
         (X, (2, 5, 14, 3), np.float32([0.7, 1.4]), np.float32([0.3, -1.2]), (1, 2), method),
         {"antialias": antialias})
        for method, antialias in (("linear", True), ("cubic", False), ("lanczos3", True))
    ),
    ("crop_images", (X, 1, 2, 1, 3), {}),
    ("crop_images", (first(X), 1, 2), {"target_height": 3, "target_width": 2, **FIRST}),
    ("crop_images", (X[0],),
     {"bottom_cropping": 1, "right_cropping": 2, "target_height": 3, "target_width": 2}),
    ("pad_images", (X, 1, 2, 1, 3), {}),
    ("pad_images", (first(X), 1, 2), {"target_height": 9, "target_width": 12, **FIRST}),
    ("pad_images", (X[0],),
     {"bottom_padding": 1, "right_padding": 2, "target_height": 10, "target_width": 12}),
    ("extract_patches", (X, 2), {}),
    ("extract_patches", (first(X), (2, 3), (1, 2)), {"padding": "same", **FIRST}),
    ("extract_patches", (X[0], 2, 1, 2), {}),
    ("extract_patches", (VOLUMES, (2, 2, 3)), {}),
    ("extract_patches_3d", (VOLUMES, 2, 1), {}),
    ("extract_patches_3d", (VOLUMES[0], 2), {"padding": "same"}),
    ("rgb_to_grayscale", (COLOURS,), {}),
    ("rgb_to_grayscale", (first(COLOURS[0]),), FIRST),
    ("rgb_to_hsv", (COLOURS,), {}),
    ("rgb_to_hsv", (first(COLOURS),), FIRST),
    ("hsv_to_rgb", (COLOURS,), {}),
    ("hsv_to_rgb", (first(COLOURS[0]),), FIRST),
    ("sobel_edges", (X,), {}),
    ("sobel_edges", (first(X),), FIRST),
    ("ssim", (X, X * 0.9), {"filter_size": 3}),
    ("ssim", (first(X[0]), first(X[0]) + 0.1), {"filter_size": 5, "max_val": 2.0, **FIRST}),
]  # fmt: skip
every_call = pytest.mark.parametrize("name, args, kwargs", CALLS)
# what Keras gives is wanted once for all backends
EXPECTED = {}


@pytest.fixture(autouse=True)
def quick_compilation():
    """Many small programs are compiled here and run once each."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def expected(name, args, kwargs):
    key = (name, id(args))
    if key not in EXPECTED:
        EXPECTED[key] = np.asarray(getattr(keras.ops.image, name)(*args, **kwargs))
    return EXPECTED[key]


@every_call
def test_value_is_that_of_keras(name, args, kwargs, backend):
    actual = convert_to_numpy(getattr(image, name)(*args, **kwargs))
    wanted = expected(name, args, kwargs)
    assert actual.dtype == wanted.dtype
    np.testing.assert_allclose(actual, wanted, rtol=1e-4, atol=3e-5)


@every_call
def test_symbolic_shape(name, args, kwargs):
    single = name == "map_coordinates" or args[0].ndim == (4 if name.endswith("3d") else 3)

    def unknown(x):
        shape = x.shape if single or x.ndim < 3 else (None, *x.shape[1:])
        return SymbolicTensor(shape, x.dtype.name)

    count = 2 if name == "ssim" else 1
    symbolic = getattr(image, name)(*map(unknown, args[:count]), *args[count:], **kwargs)
    shape = expected(name, args, kwargs).shape
    known = name in ("affine_transform", "perspective_transform", "scale_and_translate")
    assert symbolic.shape in (shape, shape if single else (None, *shape[1:]))
    assert known or single or symbolic.shape[0] is None


@pytest.mark.parametrize(
    "name, args, exact_up_to",
    [
        ("resize", (BYTES, (4, 13), "lanczos5"), 1),
        ("resize", (BYTES, (4, 13), "nearest"), 0),
        ("affine_transform", (BYTES, TRANSFORMS, "nearest"), 0),
        ("affine_transform", (BYTES, TRANSFORMS, "bilinear", "reflect"), 1),
    ],
)
def test_integers_stay_integers(name, args, exact_up_to, backend):
    actual = convert_to_numpy(getattr(image, name)(*args))
    assert actual.dtype == np.uint8
    wanted = np.asarray(getattr(keras.ops.image, name)(*args))
    # the exact middle between two integers is rounded either way
    assert np.abs(actual.astype(int) - wanted).max() <= exact_up_to


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(
    "name", ["resize", "affine_transform", "gaussian_blur", "sobel_edges", "ssim"]
)
def test_half_precision(name, dtype, backend):
    args = {"resize": ((4, 5),), "affine_transform": (TRANSFORMS,), "ssim": (X, 1.0, 3)}.get(
        name, ()
    )
    wide = convert_to_numpy(getattr(image, name)(X, *args))
    result = getattr(image, name)(kerata.ops.cast(X, dtype), *args)
    assert kerata.ops.dtype(result) == ("float32" if name == "ssim" else dtype)
    np.testing.assert_allclose(
        convert_to_numpy(kerata.ops.cast(result, "float32")), wide, rtol=0.05, atol=0.1
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda x: image.resize(x, (4, 4)),
        lambda x: image.resize(x, (4, 4), "bicubic"),
        lambda x: image.affine_transform(x, TRANSFORMS[0]),
        lambda x: image.gaussian_blur(x),
        lambda x: image.extract_patches(x, 2),
    ],
)
def test_empty_batch(call, backend):
    assert call(X[:0]).shape[0] == 0
    assert call(X[:0]).shape[1:] == call(X).shape[1:]


def test_perspective_of_an_affine_transform(backend):
    """The last two numbers of a transform count, on every backend."""
    transform = [1.0, 0.0, 0.2, 0.0, 1.0, 0.1, 0.05, 0.02]
    rows, columns = np.mgrid[:6, :9]
    depth = 0.05 * columns + 0.02 * rows + 1
    points = [(rows + 0.1) / depth, (columns + 0.2) / depth]
    wanted = scipy.ndimage.map_coordinates(X[0, :, :, 1], points, order=1, mode="grid-constant")
    actual = convert_to_numpy(image.affine_transform(X, transform))
    np.testing.assert_allclose(actual[0, :, :, 1], wanted, rtol=1e-4, atol=2e-5)


def test_transforms_without_perspective(backend):
    short = image.affine_transform(X, TRANSFORMS[:, :6])
    full = image.affine_transform(X, TRANSFORMS)
    np.testing.assert_allclose(convert_to_numpy(short), convert_to_numpy(full), atol=1e-5)


def test_gaussian_blur_is_that_of_scipy(backend):
    actual = convert_to_numpy(image.gaussian_blur(X, (5, 7), (1.0, 1.5)))
    wanted = scipy.ndimage.gaussian_filter(
        X, (1.0, 1.5), axes=(1, 2), mode="constant", radius=(2, 3)
    )
    np.testing.assert_allclose(actual, wanted, rtol=1e-4, atol=1e-5)


def test_elastic_transform(backend):
    """The field is smooth, as strong as asked for, another in each image, and repeatable."""
    rows, columns = np.mgrid[:64, :64].astype("float32")
    ramps = np.stack([np.stack([rows, columns], -1)] * 4)
    moved = convert_to_numpy(image.elastic_transform(ramps, 30.0, 3.0, fill_mode="mirror", seed=1))
    again = convert_to_numpy(image.elastic_transform(ramps, 30.0, 3.0, fill_mode="mirror", seed=1))
    assert np.array_equal(moved, again)
    field = (moved - ramps)[:, 16:-16, 16:-16]  # nothing comes from beyond the border there
    assert field.std() == pytest.approx(30 / np.sqrt(4 * np.pi), rel=0.15)
    assert np.abs(np.diff(field, axis=2)).mean() < field.std() / 2
    assert np.abs(field[0] - field[1]).mean() > field.std() / 2
    assert np.abs(field[..., 0] - field[..., 1]).mean() > field.std() / 2


def test_colours_there_and_back(backend):
    back = image.hsv_to_rgb(image.rgb_to_hsv(COLOURS))
    np.testing.assert_allclose(convert_to_numpy(back), COLOURS, atol=1e-5)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.tensorflow
def test_unknown_sizes_in_tf_data(interpolation):
    import tensorflow as tf

    images = [X[0], X[0, :4, :5]]
    data = tf.data.Dataset.from_generator(
        lambda: iter(images), output_signature=tf.TensorSpec((None, None, 3))
    ).map(lambda x: image.resize(x, (4, 7), interpolation, antialias=True))
    for x, resized in zip(images, data, strict=True):
        wanted = np.asarray(keras.ops.image.resize(x, (4, 7), interpolation, antialias=True))
        np.testing.assert_allclose(resized.numpy(), wanted, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: image.resize(X, (0, 3)), "at least 1"),
        (lambda: image.resize(X, (3, 3), "area"), "expected one of"),
        (lambda: image.resize(X, (3, 3), fill_mode="reflect"), "only 'constant'"),
        (lambda: image.resize(X[0, 0], (3, 3)), r"\(9, 3\); expected"),
        (
            lambda: image.resize(X, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            "not by both",
        ),
        (lambda: image.affine_transform(X, TRANSFORMS[:, :5]), r"\(8,\)"),
        (lambda: image.affine_transform(X, TRANSFORMS, "cubic"), "'nearest' or 'bilinear'"),
        (lambda: image.affine_transform(X, TRANSFORMS, fill_mode="edge"), "fill_mode='edge'"),
        (lambda: image.perspective_transform(X, CORNERS[:3], CORNERS), r"\(4, 2\)"),
        (lambda: image.map_coordinates(X, [[1.0]], 1), "4 dimensions"),
        (lambda: image.map_coordinates(X, X, 3), "0 or 1"),
        (lambda: image.scale_and_translate(X, (2, 3, 3, 3), [1.0], [0.0], (1,), "linear"), "along"),
        (lambda: image.scale_and_translate(X, X.shape, [1.0], [0.0], (1,), "box"), "method='box'"),
        (lambda: image.crop_images(X, 1, 1, 1), "left_cropping=1"),
        (lambda: image.crop_images(X, 4, 0, 2, 0), "images of size 6"),
        (lambda: image.pad_images(X, 1, 1, target_height=5, target_width=20), "larger images"),
        (lambda: image.extract_patches(X, 7), "does not fit"),
        (lambda: image.extract_patches(SymbolicTensor((None, None, None, 3)), 2), "known"),
        (lambda: image.gaussian_blur(X, (3, 3), (1.0, 0.0)), "positive"),
        (lambda: image.sobel_edges(X[0]), "sobel_edges"),
        (lambda: image.ssim(X, X[:1]), "equal shapes"),
        (lambda: image.ssim(X, X), "no window"),
        (lambda: image.rgb_to_hsv(BYTES), "uint8"),
        (lambda: image.rgb_to_grayscale(X[..., :2]), "three channels"),
    ],
)
def test_errors_say_what_is_wrong(call, text):
    with pytest.raises(ValueError, match=text):
        call()
