"""Dataset: passes, order, stages, and what models and other libraries make of it."""

import gc
import threading
import types

import numpy as np
import pytest

import kerata
from kerata.data import Dataset


def squares(count=10, **options):
    return Dataset([(np.float32([i]), np.float32(i * i)) for i in range(count)], **options)


def values(data):
    return [float(x[0]) for x, _ in data]


# -- order ---------------------------------------------------------------------------------------


def test_passes_are_shuffled_anew_and_can_be_repeated():
    data = squares(shuffle=True, seed=5)
    first, second = values(data), values(data)
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert values(data.epoch(0)) == first and values(data.epoch(1)) == second
    assert values(squares(shuffle=True, seed=5)) == first
    assert values(squares(shuffle=True, seed=6)) != first


def test_order_comes_from_the_seed_of_the_process():
    orders = []
    for _ in range(2):
        kerata.utils.set_random_seed(3)
        orders.append(values(squares(shuffle=True)))
    assert orders[0] == orders[1] != list(range(10))


def test_threads_keep_the_order():
    seen = set()

    def slow(x, y):
        seen.add(threading.current_thread().name)
        return x, y

    data = squares(50, threads=3).map(slow, num_parallel_calls=4).prefetch(2)
    assert values(data) == list(range(50))
    assert threading.current_thread().name not in seen


@pytest.mark.parametrize("size", [1, 4, 10, 100])
def test_buffers_mix(size):
    data = squares(10).shuffle(size, seed=1)
    first, second = values(data), values(data)
    assert sorted(first) == list(range(10)) and len(data) == 10
    # An element cannot come before the buffer has reached it.
    assert all(x <= place + size - 1 for place, x in enumerate(first))
    assert (first == second) == (size == 1)
    fixed = squares(10).shuffle(size, seed=1, reshuffle_each_iteration=False)
    assert values(fixed) == values(fixed)


def test_shuffles_evenly():
    places = np.zeros((4, 4))
    data = Dataset(range(4)).shuffle(4, seed=0)
    for turn in range(800):
        places[np.arange(4), list(data.epoch(turn))] += 1
    assert abs(places / 800 - 0.25).max() < 0.07  # 4.5 standard deviations


# -- stages --------------------------------------------------------------------------------------


def test_stages_and_lengths():
    data = squares(10)
    cases = {
        "batch": (data.batch(4), 3),
        "whole batches": (data.batch(4, drop_remainder=True), 2),
        "take": (data.take(3), 3),
        "take more": (data.take(30), 10),
        "take all": (data.take(-1), 10),
        "skip": (data.skip(3), 7),
        "skip more": (data.skip(30), 0),
        "both": (data.skip(2).take(3), 3),
        "batches": (data.batch(3).skip(1).take(2).prefetch(), 2),
        "cache": (data.cache(), 10),
    }
    for name, (stage, length) in cases.items():
        assert len(stage) == length == len(list(stage)), name
    assert values(data.skip(2).take(3)) == [2, 3, 4]


def test_batches_are_stacked_by_structure():
    samples = [{"a": np.ones((2, 3)) * i, "b": (i, f"text {i}")} for i in range(3)]
    batch = next(iter(Dataset(samples).batch(3)))
    assert batch["a"].shape == (3, 2, 3)
    assert batch["b"][0].tolist() == [0, 1, 2]
    assert batch["b"][1].tolist() == ["text 0", "text 1", "text 2"]


def test_shapes_that_differ():
    samples = [np.zeros(2), np.zeros(3)]
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\), cannot be stacked"):
        list(Dataset(samples).batch(2))
    padded = next(iter(Dataset(samples, free_axes=1).batch(2)))
    assert padded.shape == (2, 3)
    with pytest.raises(ValueError, match="cannot be stacked"):
        list(Dataset([np.zeros(2), np.zeros((2, 2))], free_axes=1).batch(2))


def test_cache_reads_once():
    read = []
    data = Dataset(range(4)).map(lambda x: read.append(x) or x).cache()
    list(data.take(2))  # not a whole pass: nothing is kept
    assert [list(data), list(data)] == [[0, 1, 2, 3]] * 2
    assert read == [0, 1, 0, 1, 2, 3]


def test_maps_give_arrays(backend):
    data = squares(2).map(lambda x, y: {"x": kerata.ops.multiply(x, 2.0), "y": y})
    found = list(data)
    assert type(found[1]["x"]) is np.ndarray and found[1]["x"].tolist() == [2.0]


def test_stopping_early_ends_the_threads():
    before = threading.active_count()
    data = squares(200, threads=4).map(lambda x, y: (x, y), -1).batch(2).prefetch(3)
    for _ in data:
        break
    next(iter(data.take(1)))
    gc.collect()
    assert threading.active_count() <= before


def test_errors_of_functions_arrive():
    def broken(x, y):
        raise RuntimeError("mine")

    for calls in (None, 2):
        with pytest.raises(RuntimeError, match="mine"):
            list(squares().map(broken, calls).batch(2).prefetch())


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda data: data.batch(0), "`batch_size` is 0; expected at least 1"),
        (lambda data: data.shuffle(0), "`buffer_size` is 0; expected at least 1"),
        (lambda data: data.take(-2), "`count` is -2; expected at least -1"),
        (lambda data: data.skip(-1), "`count` is -1; expected at least 0"),
        (lambda data: data.prefetch(-2), "`buffer_size` is -2"),
    ],
)
def test_numbers_out_of_range(call, text):
    with pytest.raises(ValueError, match=text):
        call(squares())


# -- models --------------------------------------------------------------------------------------


def model():
    model = kerata.Sequential(
        [kerata.Input((1,)), kerata.layers.Dense(1, kernel_initializer="zeros")]
    )
    model.compile("sgd", "mse")
    return model


def test_models_take_them(training_backend):
    data = squares(10).batch(4)
    arrays = np.arange(10, dtype="float32")[:, None], np.arange(10, dtype="float32") ** 2
    mine, other = model(), model()
    history = mine.fit(data, epochs=2, validation_data=data, verbose=0)
    expected = other.fit(*arrays, batch_size=4, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], expected.history["loss"], rtol=1e-5)
    np.testing.assert_allclose(
        mine.evaluate(data, verbose=0), other.evaluate(*arrays, batch_size=4, verbose=0), rtol=1e-5
    )
    np.testing.assert_allclose(
        mine.predict(data, verbose=0), other.predict(arrays[0], verbose=0), rtol=1e-5
    )


def test_resumed_training_sees_the_same_order():
    """Epoch 2 of a run that begins there is epoch 2 of the whole run."""
    orders = {0: [], 2: []}
    for start, order in orders.items():

        def noted(x, y, order=order):
            order.append(float(x[0]))
            return x, y

        data = squares(10, shuffle=True, seed=9).map(noted).batch(5)
        model().fit(data, initial_epoch=start, epochs=3, verbose=0)
    assert orders[0][20:] == orders[2][-10:]


def test_layers_are_adapted(backend):
    texts = Dataset(["red", "blue", "red"]).batch(2)
    layer = kerata.layers.TextVectorization()
    layer.adapt(texts)
    assert layer.get_vocabulary() == ["", "[UNK]", "red", "blue"]
    scale = kerata.layers.Normalization()
    scale.adapt(squares(10).map(lambda x, y: x).batch(3))
    np.testing.assert_allclose(np.ravel(scale.mean), [4.5], rtol=1e-6)


# -- other libraries -----------------------------------------------------------------------------


def test_torch_loaders():
    torch = pytest.importorskip("torch")
    loader = torch.utils.data.DataLoader(squares(7).batch(2).as_torch_dataset(), batch_size=None)
    batches = list(loader)
    assert len(batches) == len(loader) == 4
    assert isinstance(batches[0][0], torch.Tensor)
    assert [float(x) for batch in batches for x in batch[0].ravel()] == list(range(7))


def test_workers_of_torch_loaders_share_the_elements(monkeypatch):
    torch = pytest.importorskip("torch")
    seen = []
    for number in range(3):
        worker = types.SimpleNamespace(id=number, num_workers=3)
        monkeypatch.setattr(torch.utils.data, "get_worker_info", lambda worker=worker: worker)
        seen.append(values(squares(7).as_torch_dataset()))
    assert seen == [[0, 3, 6], [1, 4], [2, 5]]


def test_grain_takes_samples():
    grain = pytest.importorskip("grain")
    series = np.arange(20.0)
    arguments = {"data": series, "targets": series[3:], "sequence_length": 3, "batch_size": 4}
    made = kerata.utils.timeseries_dataset_from_array(**arguments, format="grain")
    ours = kerata.utils.timeseries_dataset_from_array(**arguments)
    assert isinstance(made, grain.MapDataset) and len(made) == len(ours)
    for theirs, mine in zip(made, ours, strict=True):
        np.testing.assert_array_equal(theirs[0], mine[0])
        np.testing.assert_array_equal(theirs[1], mine[1])
    mixed = kerata.utils.timeseries_dataset_from_array(
        **{**arguments, "batch_size": None}, format="grain", shuffle=True, seed=1
    )
    starts = [int(x[0]) for x, _ in mixed]
    assert sorted(starts) == list(range(17)) != starts


@pytest.fixture
def on_tensorflow():
    with kerata.use_backend("tensorflow"):
        yield


@pytest.mark.tensorflow
def test_tensorflow_takes_them(on_tensorflow, tmp_path):
    import tensorflow as tf

    data = squares(5).map(lambda x, y: (x, (y, "text"))).batch(2)
    made = data.as_tf_dataset()
    assert made.element_spec[0] == tf.TensorSpec((None, 1), tf.float32)
    assert made.element_spec[1][1] == tf.TensorSpec((None,), tf.string)
    assert int(made.cardinality()) == 3
    for theirs, mine in zip(made.as_numpy_iterator(), data, strict=True):
        np.testing.assert_array_equal(theirs[0], mine[0])
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.txt").write_text("hello")
    texts = kerata.utils.text_dataset_from_directory(tmp_path, format="tf", verbose=False)
    assert texts.class_names == ["a"] and isinstance(texts, tf.data.Dataset)
    assert next(texts.as_numpy_iterator())[0].tolist() == [b"hello"]
    left, right = kerata.utils.split_dataset(
        tf.data.Dataset.range(6).batch(2), left_size=2, preferred_backend="tensorflow"
    )
    assert [b.tolist() for b in right.as_numpy_iterator()] == [[4, 5]]
    assert int(left.cardinality()) == 2


# -- splits --------------------------------------------------------------------------------------


def test_splits_of_data_sets():
    data = squares(10).batch(3)
    left, right = kerata.utils.split_dataset(data, left_size=3)
    assert [len(x) for x, _ in left] == [3, 3, 3] and [len(x) for x, _ in right] == [1]
    torch = pytest.importorskip("torch")
    pairs = torch.utils.data.TensorDataset(torch.arange(5), torch.arange(5) * 2)
    left, right = kerata.utils.split_dataset(pairs, right_size=2)
    assert [int(a) for a, _ in left] == [0, 1, 2] and [int(b) for _, b in right] == [6, 8]
    halves = kerata.utils.split_dataset({"a": np.arange(4), "b": np.arange(4)}, left_size=0.5)
    assert list(halves[1])[0] == {"a": 2, "b": 2}


def test_shuffled_splits_hold_each_element_once():
    def split(seed):
        parts = kerata.utils.split_dataset(np.arange(20), 0.5, shuffle=True, seed=seed)
        return [list(part) for part in parts]

    lists = [split(seed) for seed in (1, 1, 2)]
    assert lists[0] == lists[1] != lists[2]
    assert sorted(lists[0][0] + lists[0][1]) == list(range(20))


@pytest.mark.parametrize(
    "arguments, kind, text",
    [
        ({}, ValueError, "at least one"),
        ({"left_size": 0.7, "right_size": 0.5}, ValueError, "more than the 10 elements"),
        ({"left_size": 11}, ValueError, "`left_size` is 11"),
        ({"left_size": 1.0}, ValueError, "`left_size` is 1.0"),
        ({"right_size": 0}, ValueError, "`right_size` is 0"),
        ({"left_size": 0.01}, ValueError, "a part would be empty"),
        ({"left_size": "a"}, TypeError, "`left_size` is 'a'"),
        ({"left_size": True}, TypeError, "`left_size` is True"),
        ({"left_size": 2, "preferred_backend": "mxnet"}, ValueError, "preferred_backend"),
    ],
)
def test_sizes_that_are_wrong(arguments, kind, text):
    with pytest.raises(kind, match=text):
        kerata.utils.split_dataset(np.arange(10), **arguments)


def test_what_cannot_be_split():
    with pytest.raises(TypeError, match="`dataset` is a int"):
        kerata.utils.split_dataset(3, left_size=0.5)
    with pytest.raises(ValueError, match="of 3 and of 4 rows"):
        kerata.utils.split_dataset((np.zeros(3), np.zeros(4)), left_size=0.5)


# -- windows -------------------------------------------------------------------------------------


def test_targets_end_the_windows_wherever_they_begin():
    series = np.arange(12)
    data = kerata.utils.timeseries_dataset_from_array(series, series[:6], 3, start_index=4)
    assert [y.tolist() for _, y in data] == [[4, 5]]
    whole = kerata.utils.timeseries_dataset_from_array(series, None, 3, end_index=12)
    assert len(next(iter(whole))) == 10


@pytest.mark.parametrize(
    "arguments, text",
    [
        ({"start_index": 20}, "start_index=20"),
        ({"start_index": -1}, "start_index=-1"),
        ({"end_index": 13}, "end_index=13"),
        ({"start_index": 5, "end_index": 5}, "end_index=5"),
        ({"sequence_stride": 0}, "`sequence_stride` is 0"),
        ({"sampling_rate": 12}, "`sampling_rate` is 12; .* less than the 12 entries"),
        ({"sequence_length": 0}, "`sequence_length` is 0"),
        ({"format": "x"}, "format='x'"),
    ],
)
def test_windows_that_are_wrong(arguments, text):
    with pytest.raises(ValueError, match=text):
        kerata.utils.timeseries_dataset_from_array(
            **{"data": np.arange(12), "targets": None, "sequence_length": 3, **arguments}
        )
