"""RandomErasing, MixUp and CutMix: where rectangles are, what is mixed, and labels with it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import scipy.stats

import kerata
from kerata.layers import CutMix, MixUp, RandomErasing
from tests.layers.driver import close, numpy_of
from tests.layers.test_image_layers import pixels

IMAGES = pixels(5, 10, 12, 3).astype("float32")
LABELS = np.eye(5, dtype="float32")
#: each image is one value, by which its pixels are found again
PLAIN = np.arange(5, dtype="float32").reshape(5, 1, 1, 1) * np.ones((1, 10, 12, 3), "float32")


def rectangle(mask):
    """Return top, bottom, left and right of the true values, which fill them."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    assert mask[top:bottom, left:right].all()
    return top, bottom, left, right


# -- RandomErasing ---------------------------------------------------------------------------


def test_erased_rectangles(backend):
    """Sides of sqrt(0.09) to sqrt(0.25) of the image, anywhere in it, the same in all channels."""
    images = np.ones((300, 20, 40, 2), "float32")
    layer = RandomErasing((1.0, 1.0), scale=(0.09, 0.25), fill_value=7.0, seed=1)
    found = numpy_of(layer(images)) == 7.0
    assert (found[..., 0] == found[..., 1]).all()
    top, bottom, left, right = np.array([rectangle(mask) for mask in found[..., 0]]).T
    assert ((bottom - top).min(), (bottom - top).max()) == (6, 10)
    assert ((right - left).min(), (right - left).max()) == (12, 20)
    assert (top.min(), bottom.max(), left.min(), right.max()) == (0, 20, 0, 40)
    assert abs((top + bottom).mean() / 2 - 10) < 1
    assert abs((left + right).mean() / 2 - 20) < 2


def test_share_of_erased_images_and_noise(backend):
    images = np.full((400, 8, 8, 1), -1.0, "float32")
    found = numpy_of(RandomErasing(0.6, scale=(0.2, 0.4), value_range=(0, 255), seed=1)(images))
    erased = (found != -1).any((1, 2, 3))
    assert abs(erased.mean() - 0.3) < 0.07
    noise = found[found != -1]
    assert noise.min() == 0 and noise.max() == 255 and len(np.unique(noise)) > 100
    normal = scipy.stats.norm
    mean = normal.pdf(0) - normal.pdf(1) + normal.sf(1)  # of normal numbers clipped to 0 and 1
    assert abs(noise.mean() / 255 - mean) < 0.03


def test_erasing_leaves_labels_and_masks(backend):
    data = {"images": IMAGES, "labels": LABELS, "segmentation_masks": IMAGES[..., :1]}
    result = RandomErasing((1.0, 1.0))(data)
    assert np.abs(numpy_of(result["images"]) - IMAGES).max() > 1
    close(result["labels"], LABELS)
    close(result["segmentation_masks"], IMAGES[..., :1])


# -- MixUp -----------------------------------------------------------------------------------


def test_given_weights_mix_as_in_keras(backend):
    weights = np.array([0.1, 0.5, 0.9, 1.0, 0.0], "float32")
    order = np.array([2, 0, 4, 1, 3])
    column = weights.reshape(5, 1, 1, 1)
    ours = {"mix_weight": kerata.ops.array(column), "permutation_order": kerata.ops.array(order)}
    theirs = {"mix_weight": keras.ops.array(weights), "permutation_order": keras.ops.array(order)}
    layer, oracle = MixUp(), keras.layers.MixUp()
    wanted = oracle.transform_images(keras.ops.array(IMAGES), theirs, training=True)
    close(layer.transform_images(kerata.ops.array(IMAGES), ours), np.asarray(wanted), 1e-4)
    wanted = oracle.transform_labels(keras.ops.array(LABELS), theirs, training=True)
    close(layer.transform_labels(kerata.ops.array(LABELS), ours), np.asarray(wanted))
    # Keras multiplies the classes of masks by the weights of images.
    masks = IMAGES[..., :1]
    wanted = column * masks + (1 - column) * masks[order]
    close(layer.transform_segmentation_masks(kerata.ops.array(masks), ours), wanted, 1e-4)


def test_weights_are_of_the_beta_distribution(backend):
    many = {"images": np.zeros((1500, 1, 1, 1), "float32")}
    drawn = MixUp(0.4, seed=1).get_random_transformation(many)
    weights = numpy_of(drawn["mix_weight"]).ravel()
    assert scipy.stats.kstest(weights, "beta", args=(0.4, 0.4)).pvalue > 1e-3
    order = numpy_of(drawn["permutation_order"])
    assert sorted(order) == list(range(1500)) and (order != np.arange(1500)).mean() > 0.9


@pytest.mark.parametrize("make", [lambda: MixUp(0.8, seed=5), lambda: CutMix((1.0, 1.0), seed=5)])
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_labels_say_how_much_of_each_image_is_there(make, dtype, backend):
    result = make()({"images": PLAIN, "labels": LABELS.astype(dtype)})
    labels, images = numpy_of(result["labels"]), numpy_of(result["images"])
    assert labels.dtype == np.float32
    close(labels.sum(1), np.ones(5), 1e-5)
    close(labels @ np.arange(5), images.mean((1, 2, 3)), 1e-4)
    assert ((labels > 0) & (labels < 1)).any()


def test_boxes_of_both_images(backend):
    boxes = {"boxes": np.arange(40.0).reshape(5, 2, 4), "labels": np.arange(10).reshape(5, 2)}
    layer = MixUp(bounding_box_format="xyxy", seed=2)
    order = {"permutation_order": kerata.ops.array([1, 0, 2, 4, 3])}
    found = layer.transform_bounding_boxes(boxes, order)
    assert numpy_of(found["labels"])[0].tolist() == [0, 1, 2, 3]
    close(numpy_of(found["boxes"])[3], np.concatenate([boxes["boxes"][3], boxes["boxes"][4]]))
    whole = layer({"images": IMAGES, "bounding_boxes": boxes})
    assert whole["bounding_boxes"]["boxes"].shape == (5, 4, 4)


# -- CutMix ----------------------------------------------------------------------------------


def test_cut_rectangles_and_masks(backend):
    layer = CutMix((1.0, 1.0), seed=4)
    drawn = layer.get_random_transformation({"images": PLAIN})
    patches = numpy_of(drawn["batch_masks"])[..., 0]
    order = numpy_of(drawn["permutation_order"])
    close(numpy_of(drawn["mix_weight"]).ravel(), 1 - patches.mean((1, 2)))
    wanted = np.where(patches[..., None], PLAIN[order], PLAIN)
    close(layer.transform_images(kerata.ops.array(PLAIN), drawn), wanted)
    for masks in (PLAIN[..., :1].astype("uint8"), PLAIN[..., 0].astype("uint8")):
        found = layer.transform_segmentation_masks(kerata.ops.array(masks), drawn)
        assert kerata.ops.dtype(found) == "uint8"
        close(found, wanted[..., :1].reshape(masks.shape))


def test_areas_are_of_the_beta_distribution(backend):
    many = {"images": np.zeros((1000, 40, 40, 1), "float32")}
    drawn = CutMix((1.0, 1.0), seed=1).get_random_transformation(many)
    areas = numpy_of(drawn["batch_masks"]).mean((1, 2, 3))
    assert scipy.stats.kstest(areas, "uniform").statistic < 0.06
    few = CutMix((0.1, 0.1), seed=1).get_random_transformation(many)
    assert (np.abs(numpy_of(few["mix_weight"]) - 0.5) > 0.45).mean() > 0.6
    nothing = CutMix((0.0, 0.0), seed=1).get_random_transformation(many)
    assert (np.abs(numpy_of(nothing["mix_weight"]) - 0.5) > 0.49).mean() > 0.9


# -- both ------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [MixUp, CutMix, lambda **o: RandomErasing((1.0, 1.0), **o)])
def test_everywhere(make, backend):
    first = numpy_of(make(seed=3, data_format="channels_first")(IMAGES.transpose(0, 3, 1, 2)))
    last = numpy_of(make(seed=3)(IMAGES))
    if make in (MixUp, CutMix):  # noise is not drawn in the same order
        close(first.transpose(0, 2, 3, 1), last, 1e-3)
    assert make()(IMAGES[0]).shape == IMAGES[0].shape
    assert make()(IMAGES[:0]).shape == (0, 10, 12, 3)
    close(make()(IMAGES, training=False), IMAGES)
    found = make(dtype="uint8", seed=3)(IMAGES.astype("uint8"))
    assert kerata.ops.dtype(found) == "uint8"
    assert np.abs(numpy_of(found).astype("float32") - last).max() <= 0.502


@pytest.mark.parametrize("make", [MixUp, CutMix, lambda: RandomErasing((1.0, 1.0))])
@pytest.mark.tensorflow
def test_in_a_pipeline_of_tensorflow(make):
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices({"images": IMAGES, "labels": LABELS})
    batches = list(dataset.batch(3).map(make()).as_numpy_iterator())
    assert [batch["images"].shape[0] for batch in batches] == [3, 2]
    assert [batch["labels"].shape[0] for batch in batches] == [3, 2]


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: MixUp(0.0), "`alpha` is 0.0; expected a positive number"),
        (lambda: CutMix(2.0), "`factor` is 2.0"),
        (lambda: RandomErasing(scale=(0.5, 2)), "shares of the image's area"),
        (lambda: MixUp()({"images": IMAGES, "labels": np.arange(5)}), "one_hot"),
    ],
)
def test_what_cannot_be(run, message):
    with pytest.raises(ValueError, match=message):
        run()
