"""What all layers of images have in common: what they take, dtypes, seeds, where they can run."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

import kerata
from kerata.layers import Pipeline, RandomBrightness, Rescaling
from tests.layers.driver import as_json, close, numpy_of


def pixels(*shape):
    """Random bytes, the same each time."""
    return np.random.default_rng(1).integers(0, 256, shape).astype("uint8")


IMAGES = pixels(4, 6, 5, 3)
BOXES = {"boxes": np.array([[[1.0, 1.0, 3.0, 4.0]]] * 4, "float32"), "labels": np.ones((4, 1))}


def amounts(before, after):
    """By how much RandomBrightness has changed each image, from pixels that were not clipped."""
    changes = []
    for x, y in zip(before.astype("float64"), numpy_of(after).astype("float64"), strict=True):
        inside = (y > 0) & (y < 255)
        changes.append(np.unique(np.round((y - x)[inside], 3)))
    return changes


def test_each_image_has_numbers_of_its_own(backend):
    changes = amounts(IMAGES, RandomBrightness(0.5, seed=1)(IMAGES))
    assert all(len(change) == 1 for change in changes)
    assert len(np.unique(np.concatenate(changes))) == 4


def test_each_call_draws_anew_and_a_seed_repeats_the_sequence(backend):
    first, second = RandomBrightness(0.5, seed=1), RandomBrightness(0.5, seed=1)
    one, two = numpy_of(first(IMAGES)), numpy_of(first(IMAGES))
    assert np.abs(one - two).max() > 1
    close(second(IMAGES), one)
    close(second(IMAGES), two)


def test_a_call_is_what_the_transforms_make_of_one_draw(backend):
    layer = RandomBrightness(0.5)
    transformation = layer.get_random_transformation(IMAGES, seed=5)
    close(layer.get_random_transformation({"images": IMAGES}, seed=5)["rgb_delta"],
          transformation["rgb_delta"])  # fmt: skip
    changed = layer.transform_images(kerata.ops.array(IMAGES), transformation)
    assert all(len(change) == 1 for change in amounts(IMAGES, changed))
    single = layer.transform_single_image(
        kerata.ops.array(IMAGES[0]), {"rgb_delta": transformation["rgb_delta"][:1]}
    )
    close(single, changed[0])


def test_inference_only_casts(backend):
    result = RandomBrightness(0.5)(IMAGES, training=False)
    assert kerata.ops.dtype(result) == "float32"
    close(result, IMAGES.astype("float32"))


@pytest.mark.parametrize("dtype", ["uint8", "float16", "bfloat16", "float32"])
@pytest.mark.parametrize("given", ["uint8", "float32"])
def test_results_are_in_the_compute_dtype(dtype, given, backend):
    layer = RandomBrightness((0.1, 0.1), dtype=dtype)
    result = layer(IMAGES.astype(given))
    assert kerata.ops.dtype(result) == dtype
    tolerance = {"bfloat16": 1.0, "float16": 0.1, "uint8": 0.5}.get(dtype, 1e-3)
    wanted = np.clip(IMAGES + 25.5, 0, 255)
    assert np.abs(numpy_of(result).astype("float64") - wanted).max() <= tolerance
    assert layer(kerata.Input((6, 5, 3), dtype=given)).dtype == dtype


def test_dictionaries(backend):
    layer = RandomBrightness(0.5, bounding_box_format="xyxy")
    given = {
        "images": IMAGES, "labels": np.arange(4), "bounding_boxes": BOXES,
        "segmentation_masks": IMAGES[..., :1], "names": np.ones(7),
    }  # fmt: skip
    result = layer(given)
    assert set(result) == set(given)
    assert all(len(change) == 1 for change in amounts(IMAGES, result["images"]))
    close(result["labels"], given["labels"])
    close(result["bounding_boxes"]["boxes"], BOXES["boxes"])
    close(result["segmentation_masks"], IMAGES[..., :1])
    assert result["names"].shape == (7,)


def test_one_image_and_what_belongs_to_it(backend):
    layer = RandomBrightness((0.1, 0.1), bounding_box_format="xyxy")
    wanted = numpy_of(layer(IMAGES))[0]
    close(layer(IMAGES[0]), wanted)
    given = {
        "images": IMAGES[0], "labels": np.int32(3),
        "bounding_boxes": {key: value[0] for key, value in BOXES.items()},
    }  # fmt: skip
    result = layer(given)
    close(result["images"], wanted)
    assert numpy_of(result["labels"]).tolist() == 3
    close(result["bounding_boxes"]["boxes"], BOXES["boxes"][0])


def test_shapes_without_values():
    layer = RandomBrightness(0.5)
    assert layer(kerata.Input((None, None, 3))).shape == (None, None, None, 3)
    result = layer({"images": kerata.Input((6, 5, 3)), "labels": kerata.Input((7,))})
    assert {key: value.shape for key, value in result.items()} == {
        "images": (None, 6, 5, 3), "labels": (None, 7),
    }  # fmt: skip
    assert layer.compute_output_shape((2, 6, 5, 3)) == (2, 6, 5, 3)


def test_empty_batch(backend):
    assert RandomBrightness(0.5)(IMAGES[:0]).shape == (0, 6, 5, 3)


def test_in_a_model(training_backend):
    """Images are changed while the model trains, not when it predicts."""
    model = kerata.Sequential(
        [kerata.Input((6, 5, 3)), RandomBrightness((0.5, 0.5), value_range=(0, 1))]
    )
    black = np.zeros((2, 6, 5, 3), "float32")
    close(model.predict(black, verbose=0), black)
    close(model(black, training=True), black + 0.5)


def test_a_call_is_one_program():
    """On an engine that compiles, Python runs through the layer once per shape."""
    calls = []

    class Counted(RandomBrightness):
        def transformed(self, images, transformation):
            calls.append(images.shape)
            return super().transformed(images, transformation)

    with kerata.use_backend("jax"):
        layer = Counted(0.5)
        layer(IMAGES)
        once = len(calls)
        results = [numpy_of(layer(IMAGES)) for _ in range(3)]
    assert len(calls) == once
    assert np.abs(results[0] - results[1]).max() > 0


def test_threads_take_turns(backend):
    """As many different draws as calls, and nothing that one thread has used up for another."""
    layer = RandomBrightness(0.5, value_range=(-1, 1), seed=1)
    black = np.zeros((1, 2, 2, 3), "float32")
    with ThreadPoolExecutor(4) as threads:
        means = list(threads.map(lambda _: numpy_of(layer(black)).mean(), range(60)))
    assert len(set(means)) == 60
    assert layer.variables[0].numpy().tolist() == [1, 60]


def test_copies_of_a_layer_that_has_run(backend):
    layer = RandomBrightness(0.5, seed=1)
    layer(IMAGES)
    copied = copy.deepcopy(layer)
    close(copied(IMAGES), layer(IMAGES))


@pytest.mark.parametrize("engine", ["numpy", "jax", "torch", "tensorflow"])
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.tensorflow
def test_in_an_input_pipeline(engine, batched):
    """In `Dataset.map` each layer computes on TensorFlow, and draws anew in each epoch."""
    import tensorflow as tf

    with kerata.use_backend(engine):
        layer = RandomBrightness(0.3, seed=1)
    dataset = tf.data.Dataset.from_tensor_slices(IMAGES)
    dataset = (dataset.batch(3) if batched else dataset).map(layer)
    epochs = [list(dataset.as_numpy_iterator()) for _ in range(2)]
    epochs = [np.concatenate(e) if batched else np.stack(e) for e in epochs]
    changes = [np.concatenate(amounts(IMAGES, epoch)) for epoch in epochs]
    assert len(np.unique(changes)) == 8
    assert np.abs(changes).max() <= 0.3 * 255
    for variable in layer.variables:  # the graph has left nothing of its own in the state
        assert variable.numpy().tolist() == [1, 0]


# -- pipelines of layers -----------------------------------------------------------------------


def test_layers_one_after_the_other(backend):
    first, second = RandomBrightness((0.1, 0.1)), RandomBrightness((-0.2, -0.2))
    data = {"images": IMAGES, "labels": np.arange(4)}
    pipeline = Pipeline([first, second])
    assert pipeline.layers == [first, second]
    found = pipeline(data)
    wanted = np.clip(np.clip(IMAGES + 25.5, 0, 255) - 51, 0, 255)
    close(found["images"], wanted, 1e-4)
    close(found["labels"], data["labels"])
    close(pipeline(IMAGES, training=False), IMAGES.astype("float32"))
    assert Pipeline([])(IMAGES).shape == IMAGES.shape


def test_pipelines_in_models_and_shapes(training_backend):
    pipeline = Pipeline([RandomBrightness((0.5, 0.5), value_range=(0, 1)), Rescaling(2.0)])
    model = kerata.Sequential([kerata.Input((6, 5, 3)), pipeline])
    assert model.output_shape == (None, 6, 5, 3)
    black = np.zeros((2, 6, 5, 3), "float32")
    close(model(black, training=True), black + 1.0)
    close(model.predict(black, verbose=0), black)
    assert [v.name for v in pipeline.variables] == ["seed_generator_state"]


def test_configuration_of_a_pipeline():
    layers = [Rescaling(0.5, name="half"), RandomBrightness((0.1, 0.2), seed=3, name="light")]
    mine = as_json(kerata.layers.serialize(Pipeline(layers, name="steps")))
    oracle = [keras.layers.Rescaling(0.5, name="half"),
              keras.layers.RandomBrightness((0.1, 0.2), seed=3, name="light")]  # fmt: skip
    theirs = as_json(keras.layers.serialize(keras.layers.Pipeline(oracle, name="steps")))
    assert mine == theirs
    again = kerata.layers.deserialize(theirs)
    assert as_json(kerata.layers.serialize(again)) == theirs


@pytest.mark.tensorflow
def test_a_pipeline_inside_a_pipeline_of_tensorflow():
    import tensorflow as tf

    pipeline = Pipeline([RandomBrightness((0.1, 0.1)), Rescaling(1 / 255)])
    dataset = tf.data.Dataset.from_tensor_slices(IMAGES).batch(4).map(pipeline)
    (batch,) = dataset.as_numpy_iterator()
    close(batch, np.clip(IMAGES + 25.5, 0, 255) / 255, 1e-5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((5, 3)), r"shape \(5, 3\); expected one image"),
        ({"labels": np.zeros(2)}, "no entry 'images', only 'labels'"),
        ({"images": IMAGES, "bounding_boxes": BOXES}, "bounding_box_format='xyxy'"),
    ],
    ids=["shape", "images", "format"],
)
def test_what_cannot_be_taken(data, message):
    with pytest.raises(ValueError, match=message):
        RandomBrightness(0.5)(data)


@pytest.mark.parametrize("factor", [1.5, -1.5, "much", (0.1,), True])
def test_factors_that_are_none(factor):
    with pytest.raises(ValueError, match="expected a number from -1.0 to 1.0, or two numbers"):
        RandomBrightness(factor)


@pytest.mark.parametrize("value_range", [1, (0,), (1, 1), "bytes"])
def test_value_ranges_that_are_none(value_range):
    with pytest.raises(ValueError, match="smallest and the largest value"):
        RandomBrightness(0.5, value_range=value_range)
