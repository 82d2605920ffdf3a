"""Pictures of a folder are the same with OpenCV and without, and damaged ones are found."""

import numpy as np
import pytest

import kerata
from kerata.data import opencv

PIL = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
pytest.importorskip("cv2", reason="OpenCV is not installed")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """One photo in the kinds of JPEG, and in others."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "a").mkdir()
    coarse = np.random.default_rng(0).integers(0, 256, (9, 12, 3), "uint8")
    photo = PIL.fromarray(coarse).resize((57, 43), PIL.Resampling.BICUBIC)
    turned = PIL.Exif()
    turned[0x0112] = 6  # orientation
    photo.save(folder / "a" / "plain.jpg")
    photo.save(folder / "a" / "turned.jpg", exif=turned)
    photo.save(folder / "a" / "progressive.jpg", progressive=True, quality=95, subsampling=0)
    photo.save(folder / "a" / "small.jpg", quality=5, optimize=True)
    photo.convert("CMYK").save(folder / "a" / "cmyk.jpg")
    photo.convert("L").save(folder / "a" / "grey.jpg")
    photo.save(folder / "a" / "png.png")
    photo.convert("P").save(folder / "a" / "moving.gif")
    (folder / "a" / "called.jpg").write_bytes((folder / "a" / "png.png").read_bytes())
    trailed = (folder / "a" / "plain.jpg").read_bytes() + b"\0 made by a camera"
    (folder / "a" / "trailed.jpg").write_bytes(trailed)
    return folder


def pixels(folder, **options):
    data = kerata.utils.image_dataset_from_directory(
        folder, shuffle=False, batch_size=100, label_mode=None, verbose=False, **options
    )
    return next(iter(data))


@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("size", [(20, 30), (43, 57), (90, 70)])
def test_the_same_points(photos, color_mode, size, monkeypatch):
    options = {"color_mode": color_mode, "image_size": size}
    fast = pixels(photos, **options)
    assert fast.shape[1:3] == size
    with monkeypatch.context() as without:
        without.setattr(opencv, "_imported", lambda: None)
        slow = pixels(photos, **options)
    np.testing.assert_allclose(fast, slow, atol=1e-4)


def test_what_opencv_decodes(photos):
    read = {p.name for p in (photos / "a").iterdir() if opencv.decoded(p, None) is not None}
    assert read == {"plain.jpg", "turned.jpg", "progressive.jpg", "small.jpg"}
    for name in read:
        expected = np.asarray(kerata.utils.load_img(photos / "a" / name))
        np.testing.assert_array_equal(opencv.decoded(photos / "a" / name, 57 * 43), expected)


def test_photos_that_are_too_large_are_left_to_pillow(photos, monkeypatch):
    assert opencv.decoded(photos / "a" / "plain.jpg", 57 * 43 - 1) is None
    monkeypatch.setattr(PIL, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ValueError, match="called.jpg cannot be read: .* exceeds limit"):
        pixels(photos, image_size=(8, 8))


@pytest.mark.parametrize("share", [0.01, 0.3, 0.99])
def test_damaged_photos_are_named(photos, tmp_path, share):
    sound = (photos / "a" / "plain.jpg").read_bytes()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "cut.jpg").write_bytes(sound[: int(share * len(sound))])
    with pytest.raises(ValueError, match="cut.jpg cannot be read"):
        pixels(tmp_path, image_size=(8, 8))
    (tmp_path / "a" / "cut.jpg").write_bytes(sound[:3] + sound[-30:])  # without its header
    with pytest.raises(ValueError, match="cut.jpg cannot be read"):
        pixels(tmp_path, image_size=(8, 8))


def test_forked_processes_do_not_wait_for_lost_threads(monkeypatch):
    monkeypatch.setattr(opencv, "is_forked", lambda: True)
    assert opencv.opencv() is None
