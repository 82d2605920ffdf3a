"""Pictures in files and as arrays, beside Keras: the same points."""

import io

import keras
import numpy as np
import pytest

import kerata

PIL = pytest.importorskip("PIL.Image", reason="Pillow is not installed")

ours, theirs = kerata.utils, keras.utils
our_resize = kerata.preprocessing.image.smart_resize
their_resize = keras.preprocessing.image.smart_resize


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """One picture in many modes of Pillow, by file name."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    colours = PIL.fromarray(random.integers(0, 256, (20, 30, 3), dtype="uint8"))
    made = {f"{mode}.png": colours.convert(mode) for mode in ("RGB", "L", "P", "LA", "RGBA", "1")}
    made["CMYK.jpg"] = colours.convert("CMYK")
    made["deep.png"] = PIL.fromarray(random.integers(0, 2**16, (20, 30), dtype="uint16"))
    for name, picture in made.items():
        picture.save(folder / name)
    return folder


NAMES = ("RGB.png", "L.png", "P.png", "LA.png", "RGBA.png", "1.png", "CMYK.jpg", "deep.png")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
def test_modes(pictures, name, color_mode):
    mine, its = (u.load_img(pictures / name, color_mode=color_mode) for u in (ours, theirs))
    assert mine.mode == its.mode and mine.size == its.size
    for data_format in ("channels_last", "channels_first"):
        a, b = (u.img_to_array(mine, data_format=data_format) for u in (ours, theirs))
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("size", [(7, 5), (10, 30), (31, 11), (40, 40), (20, 30)])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos", "box"])
@pytest.mark.parametrize("keep", [False, True])
def test_sizes(pictures, size, interpolation, keep):
    arguments = {"target_size": size, "interpolation": interpolation, "keep_aspect_ratio": keep}
    mine, its = (np.asarray(u.load_img(pictures / "RGB.png", **arguments)) for u in (ours, theirs))
    np.testing.assert_array_equal(mine, its)


def test_sources(pictures):
    data = io.BytesIO((pictures / "RGB.png").read_bytes())
    assert ours.load_img(data).size == ours.load_img(str(pictures / "RGB.png")).size == (30, 20)
    assert ours.load_img(pictures / "RGB.png", target_size=7).size == (7, 7)


@pytest.mark.parametrize(
    "arguments, kind, text",
    [
        ({"color_mode": "x"}, ValueError, "color_mode='x'"),
        ({"interpolation": "x", "target_size": (3, 3)}, ValueError, "interpolation='x'"),
        ({"target_size": (1, 2, 3)}, ValueError, r"target_size=\(1, 2, 3\)"),
        ({"target_size": (0, 2)}, ValueError, "two positive integers"),
        ({"path": 3}, TypeError, "path is a int"),
        ({"path": "nowhere.png"}, FileNotFoundError, "nowhere.png"),
    ],
)
def test_wrong_options(pictures, arguments, kind, text):
    with pytest.raises(kind, match=text):
        ours.load_img(**{"path": pictures / "RGB.png", **arguments})


def test_damaged_files_are_named(pictures, tmp_path):
    text, half = tmp_path / "text.png", tmp_path / "half.png"
    text.write_text("no picture")
    half.write_bytes((pictures / "RGB.png").read_bytes()[:400])
    for path, reason in ((text, "it is not a picture"), (half, "truncated")):
        with pytest.raises(ValueError, match=f"{path.name} cannot be read: .*{reason}"):
            ours.load_img(path)


def test_bombs_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    PIL.new("L", (300, 300)).save(path)
    monkeypatch.setattr(PIL, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ValueError, match="large.png cannot be read: .*decompression bomb"):
        ours.load_img(path)


# -- arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3), (1, 4, 5)])
@pytest.mark.parametrize("dtype", [None, "uint8", "float64"])
def test_arrays_of_arrays(shape, dtype):
    x = np.random.default_rng(0).integers(0, 256, shape)
    for data_format in ("channels_last", "channels_first"):
        a, b = (u.img_to_array(x, data_format=data_format, dtype=dtype) for u in (ours, theirs))
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(4, 5, 1), (4, 5, 3), (4, 5, 4), (3, 4, 5)])
@pytest.mark.parametrize("scale", [True, False])
def test_pictures_of_arrays(shape, scale):
    x = np.random.default_rng(0).uniform(0, 255, shape)
    data_format = "channels_first" if shape[0] == 3 else "channels_last"
    a, b = (u.array_to_img(x, data_format=data_format, scale=scale) for u in (ours, theirs))
    assert a.mode == b.mode
    np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_pictures_of_tensors(backend):
    x = kerata.ops.convert_to_tensor(np.array([[[0.0], [0.5], [1.0]]]))
    assert list(ours.array_to_img(x).tobytes()) == [0, 127, 255]


def test_values_outside_of_the_range():
    """Keras lets them wrap around: 300 becomes 44."""
    x = np.array([[[-5.0, 300.0, 12.7]]])
    assert np.asarray(ours.array_to_img(x, scale=False)).tolist() == [[[0, 255, 12]]]
    deep = ours.array_to_img(np.array([[[300.0], [2.0]]]), scale=False)
    assert deep.mode == "I" and np.asarray(deep).tolist() == [[300, 2]]
    assert np.asarray(ours.array_to_img(np.full((1, 1, 3), 7.0))).tolist() == [[[0, 0, 0]]]


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: ours.array_to_img(np.zeros((4, 5))), r"x\[..., None\]"),
        (lambda: ours.array_to_img(np.zeros((4, 5, 2))), "1, 3 or 4 channels, got 2"),
        (lambda: ours.array_to_img(np.full((1, 1, 3), np.nan)), "NaN"),
        (lambda: ours.array_to_img(np.zeros((4, 5, 3)), data_format="last"), "data_format='last'"),
        (lambda: ours.img_to_array(np.zeros((1, 2, 3, 4))), r"shape \(1, 2, 3, 4\)"),
        (lambda: our_resize(np.zeros((4, 5)), (2, 2)), r"shape \(4, 5\)"),
        (lambda: our_resize(np.zeros((4, 5, 3)), (2, 2, 2)), r"size=\(2, 2, 2\)"),
        (lambda: our_resize(np.zeros((4, 5, 3)), (2, 2), "x"), "interpolation='x'"),
    ],
)
def test_wrong_arrays(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_files_of_arrays(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (6, 7, 3))
    ours.save_img(tmp_path / "a.png", x, scale=False)
    np.testing.assert_array_equal(ours.img_to_array(ours.load_img(tmp_path / "a.png")), x)
    ours.save_img(tmp_path / "b", x, file_format="jpg", quality=5)
    assert PIL.open(tmp_path / "b").format == "JPEG"
    with pytest.warns(kerata.core.errors.KerataWarning, match="no transparency"):
        ours.save_img(tmp_path / "c.jpg", np.zeros((3, 3, 4)))
    assert PIL.open(tmp_path / "c.jpg").mode == "RGB"


# -- smart_resize --------------------------------------------------------------------------------


X = np.random.default_rng(0).uniform(0, 255, (2, 13, 19, 3)).astype("float32")


@pytest.mark.parametrize(
    "x, size, arguments",
    [
        (X, (9, 4), {}),
        (X[0], (4, 9), {}),
        (X[0].astype("uint8"), (4, 9), {}),
        (X[0].astype("uint8"), (20, 30), {"interpolation": "nearest"}),
        (X[0], (1, 40), {}),
        (X[0], (4, 9), {"interpolation": "lanczos3"}),
        (X[0], (40, 1), {"interpolation": "lanczos5"}),
        (X.transpose(0, 3, 1, 2), (9, 4), {"data_format": "channels_first"}),
    ],
)
def test_smart_resize(x, size, arguments):
    a, b = our_resize(x, size, **arguments), their_resize(x, size, **arguments)
    assert type(a) is np.ndarray and a.dtype == b.dtype
    np.testing.assert_allclose(a, b, atol=5e-4)


def test_smart_resize_of_tensors(backend):
    x = np.random.default_rng(0).uniform(0, 255, (8, 12, 3)).astype("float32")
    made = our_resize(kerata.ops.convert_to_tensor(x), (4, 5))
    assert kerata.ops.is_tensor(made)
    np.testing.assert_allclose(kerata.ops.convert_to_numpy(made), our_resize(x, (4, 5)), atol=1e-3)
    with pytest.raises(TypeError, match="unexpected argument 'foo'"):
        our_resize(x, (4, 5), foo=1)
    assert our_resize(x, (4, 5), backend_module=None).shape == (4, 5, 3)
