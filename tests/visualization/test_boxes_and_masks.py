"""Boxes and masks in pictures: every point is where, and of the colour, it is said to be."""

import keras
import numpy as np
import pytest
from PIL import Image

import kerata
from kerata.visualization import (
    draw_bounding_boxes,
    draw_segmentation_masks,
    plot_bounding_box_gallery,
    plot_segmentation_mask_gallery,
)

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (2, 6, 5, 3)).astype("float32")
MASKS = RNG.integers(-1, 3, (2, 6, 5, 1))
COLORS = {0: (10, 20, 30), 1: (200, 100, 0), 2: (0, 255, 0)}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"alpha": 0.3},
        {"color_mapping": COLORS},
        {"blend": False, "color_mapping": COLORS},
        {"ignore_index": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_masks_are_those_of_keras(backend, options, data_format):
    first = data_format == "channels_first"
    pictures, masks = (x.transpose(0, 3, 1, 2) if first else x for x in (PICTURES, MASKS))
    given = kerata.ops.convert_to_tensor(pictures), kerata.ops.convert_to_tensor(masks)
    found = draw_segmentation_masks(*given, num_classes=3, data_format=data_format, **options)
    expected = np.asarray(
        keras.visualization.draw_segmentation_masks(
            pictures, masks, num_classes=3, data_format=data_format, **options
        )
    )
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, atol=1 if found.dtype == np.uint8 else 1e-4)


def test_the_highest_class_has_a_colour_too():
    found = draw_segmentation_masks(PICTURES, np.full((2, 6, 5, 1), 2), alpha=1.0)
    assert len(np.unique(found.reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize(
    "pictures, masks, options, error, message",
    [
        (PICTURES[0], MASKS, {}, ValueError, "images has shape"),
        (PICTURES, MASKS[:, :5], {}, ValueError, "segmentation_masks has shape"),
        (PICTURES, MASKS.astype("float32"), {}, TypeError, "integers were expected"),
        (PICTURES, MASKS, {"color_mapping": {0: (1, 2, 3)}}, ValueError, r"classes \[1, 2\]"),
    ],
)
def test_masks_that_do_not_fit(pictures, masks, options, error, message):
    with pytest.raises(error, match=message):
        draw_segmentation_masks(pictures, masks, **options)


BOXES = {"boxes": np.array([[[10, 20, 40, 50], [0, 0, 5, 5]]], "float32"), "labels": [[3, -1]]}
BOXES["labels"] = np.array(BOXES["labels"])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("maximum", [255.0, 1.0])
def test_boxes_are_where_they_are_said_to_be(backend, data_format, maximum):
    pictures = np.full((1, 64, 48, 3), maximum, "float32")
    if data_format == "channels_first":
        pictures = pictures.transpose(0, 3, 1, 2)
    found = draw_bounding_boxes(
        kerata.ops.convert_to_tensor(pictures), BOXES, "xyxy", color=(255, 0, 0),
        data_format=data_format,
    )  # fmt: skip
    red = (found[0] == (255, 0, 0)).all(-1)
    expected = np.zeros((64, 48), bool)
    expected[20:51, 10:41] = True
    expected[22:49, 12:39] = False
    np.testing.assert_array_equal(red, expected)
    assert (found[0][~red] == 255).all() and found.dtype == np.uint8


@pytest.mark.parametrize("box_format", ["xyxy", "yxyx", "xywh", "center_xywh", "rel_xyxy"])
def test_formats_of_boxes(box_format):
    size = {"height": 64, "width": 48}
    given = kerata.utils.bounding_boxes.convert_format(BOXES["boxes"], "xyxy", box_format, **size)
    given = {**BOXES, "boxes": np.asarray(given)}
    pictures = np.zeros((1, 64, 48, 3))
    found = draw_bounding_boxes(pictures, given, box_format)
    np.testing.assert_array_equal(found, draw_bounding_boxes(pictures, BOXES, "xyxy"))


def test_names_are_written_where_there_is_room():
    boxes = {**BOXES, "boxes": np.array([[[20, 0, 47, 60], [0, 0, 5, 5]]])}
    boxes["confidences"] = np.array([[0.875, 0.0]])
    pictures = np.zeros((1, 64, 100, 3))
    plain = draw_bounding_boxes(pictures, boxes, "xyxy")
    named = draw_bounding_boxes(pictures, boxes, "xyxy", class_mapping={3: "daisy"})
    changed = (plain != named).any(-1)[0]
    assert changed.any() and changed[:30].sum() == changed.sum()  # inside, at the top
    assert not changed[:2].any() or not changed[:, :18].any()


def test_boxes_that_do_not_fit():
    with pytest.raises(TypeError, match="a dict was expected"):
        draw_bounding_boxes(PICTURES, [[1, 2, 3, 4]], "xyxy")
    with pytest.raises(ValueError, match="lacks 'labels'"):
        draw_bounding_boxes(PICTURES, {"boxes": np.zeros((2, 1, 4))}, "xyxy")
    with pytest.raises(ValueError, match="images has shape"):
        draw_bounding_boxes(PICTURES[0], BOXES, "xyxy")
    with pytest.raises(ValueError, match="either legend"):
        plot_bounding_box_gallery(PICTURES, "xyxy", legend=True, legend_handles=[1])


def test_galleries_are_written(tmp_path):
    pictures = np.repeat(PICTURES, 10, axis=1).repeat(10, axis=2)
    boxes = {"boxes": np.full((2, 1, 4), (5, 5, 40, 50)), "labels": np.zeros((2, 1), int)}
    figure = plot_bounding_box_gallery(
        pictures, "xyxy", y_true=boxes, y_pred=boxes, legend=True, class_mapping={0: "x"},
        path=tmp_path / "boxes.png",
    )  # fmt: skip
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["true", "predicted"]
    masks = MASKS.repeat(10, axis=1).repeat(10, axis=2)
    figure = plot_segmentation_mask_gallery(
        pictures / 255, 3, value_range=(0, 1), y_true=masks, y_pred=masks,
        path=tmp_path / "masks.png",
    )  # fmt: skip
    assert len(figure.axes) == 6
    shown = [axes.images[0].get_array() for axes in figure.axes]
    np.testing.assert_allclose(shown[0] * 255, pictures[0], atol=0.5)
    expected = draw_segmentation_masks(pictures, masks, 3)
    np.testing.assert_allclose(shown[4] * 255, expected[1], atol=1.5)
    for name in ("boxes", "masks"):
        with Image.open(tmp_path / f"{name}.png") as image:
            assert min(image.size) > 100
