"""RandAugment and AugMix: the layers they choose, in order or mixed; labels, masks and boxes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kerata
from kerata.layers import AugMix, RandAugment
from tests.layers.driver import Row, as_json, close, numpy_of
from tests.layers.test_image_layers import pixels

IMAGES = pixels(2, 8, 9, 3).astype("float32")
MASKS = pixels(2, 8, 9, 1) // 64
BOXES = {"boxes": np.array([[[2.0, 1.0, 7.0, 6.0]]] * 2, "float32"), "labels": np.array([[3]] * 2)}
CONFIGURATIONS = [
    Row("RandAugment"),
    Row("RandAugment", {"num_ops": 3, "factor": [0.2, 0.6], "interpolation": "nearest", "seed": 1}),
    Row("AugMix"),
    Row("AugMix", {"num_chains": 2, "chain_depth": 1, "factor": 0.6, "alpha": 0.5,
                   "all_ops": False, "value_range": [0, 1]}),
]  # fmt: skip


@pytest.mark.parametrize("row", CONFIGURATIONS, ids=str)
def test_configuration_is_that_of_keras(row):
    theirs = as_json(keras.layers.serialize(row.keras_layer()))
    assert as_json(kerata.layers.serialize(row.layer())) == theirs
    again = kerata.layers.deserialize(theirs)
    assert as_json(kerata.layers.serialize(again)) == theirs


def chosen(transformation):
    return numpy_of(transformation["layer_idxes"]).tolist()


def test_the_chosen_layers_act_in_order_on_all_that_moves(backend):
    """Of the drawn layers, some move pixels: draw until two in a row do."""
    layer = RandAugment(num_ops=3, seed=2, bounding_box_format="xyxy")
    for _ in range(50):
        drawn = layer.get_random_transformation(IMAGES)
        if min(chosen(drawn)[:2]) <= 1 and max(chosen(drawn)[:2]) <= 2:
            break
    images, masks, boxes = kerata.ops.array(IMAGES), kerata.ops.array(MASKS), BOXES
    for place in chosen(drawn):
        step, numbers = layer.steps[place], drawn["transforms"][place]
        images = step.transform_images(images, numbers)
        masks = step.transform_segmentation_masks(masks, numbers)
        boxes = step.transform_bounding_boxes(boxes, numbers)
    close(layer.transform_images(kerata.ops.array(IMAGES), drawn), images, 1e-3)
    found = layer.transform_segmentation_masks(kerata.ops.array(MASKS), drawn)
    assert kerata.ops.dtype(found) == "uint8"
    close(found, masks)
    found = layer.transform_bounding_boxes(BOXES, drawn)
    close(found["boxes"], boxes["boxes"], 1e-3)
    assert np.abs(numpy_of(found["boxes"]) - BOXES["boxes"]).max() > 0.1


def test_each_layer_is_chosen_as_often_and_once(backend):
    layer = RandAugment(num_ops=2, seed=3)
    source = kerata.random.SeedGenerator(3)
    pairs = [numpy_of(layer._order(IMAGES, source, 2)).tolist() for _ in range(330)]
    counts = np.bincount(np.ravel(pairs), minlength=11)
    assert len(counts) == 11 and np.abs(counts - 60).max() < 30
    assert all(first != second for first, second in pairs)


def test_one_call_with_everything(backend):
    layer = RandAugment(num_ops=1, seed=4, bounding_box_format="xyxy")
    data = {"images": IMAGES, "labels": np.eye(2), "bounding_boxes": BOXES,
            "segmentation_masks": MASKS}  # fmt: skip
    result = layer(data)
    assert np.abs(numpy_of(result["images"]) - IMAGES).max() > 1
    close(result["labels"], np.eye(2))
    assert result["bounding_boxes"]["boxes"].shape == (2, 1, 4)
    assert result["segmentation_masks"].shape == MASKS.shape
    result = layer(data, training=False)
    close(result["images"], IMAGES)
    close(result["bounding_boxes"]["boxes"], BOXES["boxes"])


def test_augmix_is_the_mean_of_its_chains(backend):
    layer = AugMix(num_chains=2, chain_depth=2, seed=5)
    drawn = layer.get_random_transformation(IMAGES)
    weights = numpy_of(drawn["chain_mixing_weights"])
    close(weights.sum(1), np.ones(2), 1e-5)
    mixed = np.zeros_like(IMAGES)
    for chain in range(2):
        image = kerata.ops.array(IMAGES)
        for place in range(int(drawn["lengths"][chain])):
            number = int(drawn["layers"][chain][place])
            numbers = drawn["transforms"][number]
            if numbers is not None:
                numbers = {
                    key: value[chain] for key, value in numbers.items() if key != "size"
                }  # fmt: skip
            image = layer.steps[number].transformed(image, numbers)
        mixed += weights[:, chain, None, None, None] * numpy_of(image)
    kept = numpy_of(drawn["weight_sample"])
    found = layer.transform_images(kerata.ops.array(IMAGES), drawn)
    close(found, kept * IMAGES + (1 - kept) * mixed, 1e-2)


def test_augmix_weights_are_drawn_for_each_image(backend):
    many = np.zeros((1000, 2, 2, 3), "float32")
    drawn = AugMix(num_chains=2, alpha=0.2, seed=5).get_random_transformation(many)
    first = numpy_of(drawn["chain_mixing_weights"])[:, 0]
    assert abs(first.mean() - 0.5) < 0.05
    assert abs(first.var() - 0.25 / 1.4) < 0.02  # that of Beta(0.2, 0.2)
    assert 0.2 < (numpy_of(drawn["weight_sample"]) > 0.5).mean() < 0.8


def test_augmix_leaves_what_belongs_to_images(backend):
    layer = AugMix(num_chains=1, chain_depth=1, factor=0.5, seed=5, bounding_box_format="xyxy")
    result = layer({"images": IMAGES[0], "bounding_boxes": {k: v[0] for k, v in BOXES.items()},
                    "segmentation_masks": MASKS[0]})  # fmt: skip
    assert result["images"].shape == (8, 9, 3)
    close(result["bounding_boxes"]["boxes"], BOXES["boxes"][0])
    close(result["segmentation_masks"], MASKS[0])
    close(layer(IMAGES, training=False), IMAGES)


@pytest.mark.parametrize("make", [RandAugment, lambda: AugMix(num_chains=2, chain_depth=2)])
@pytest.mark.tensorflow
def test_shapes_and_pipelines_of_tensorflow(make):
    import tensorflow as tf

    layer = make()
    assert layer(kerata.Input((None, None, 3))).shape == (None, None, None, 3)
    dataset = tf.data.Dataset.from_tensor_slices(IMAGES.astype("uint8")).map(layer).batch(2)
    (batch,) = dataset.as_numpy_iterator()
    assert batch.shape == IMAGES.shape and batch.dtype == np.float32


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandAugment(num_ops=12), "at most 11"),
        (lambda: RandAugment(factor=1.5), "`factor` is 1.5"),
        (lambda: RandAugment(interpolation="cubic"), "`interpolation` is 'cubic'"),
        (lambda: AugMix(num_chains=0), "`num_chains` is 0"),
        (lambda: AugMix(chain_depth=8, all_ops=False), "at most 7"),
        (lambda: AugMix(alpha=0.0), "`alpha` is 0.0"),
    ],
)
def test_arguments_that_are_none(make, message):
    with pytest.raises(ValueError, match=message):
        make()
