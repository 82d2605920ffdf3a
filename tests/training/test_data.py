"""Any kind of data becomes the same batches, in an order that seed and epoch decide."""

import os
import time
import types

import numpy as np
import pytest

import kerata
from kerata.core import tree
from kerata.core.errors import KerataWarning
from kerata.training.data import Chunk, as_batches, split, unpack_validation_data
from kerata.training.data.class_weight import balanced


def rows(n, width=3, dtype="float32"):
    return np.arange(n * width).reshape(n, width).astype(dtype)


def seen(batches, epoch=0, start=0):
    """Return the first column of x of every row, in the order of an epoch."""
    return [float(v) for batch in batches.epoch(epoch, start) for v in np.ravel(batch.x[:, 0])]


def make_batches(count=4):
    for i in range(count):
        yield np.full((2, 3), i, "float32"), np.full((2, 1), i, "float32")


class Indexed(kerata.utils.PyDataset):
    """Batch i holds the number i; every call of a hook is noted."""

    def __init__(self, count=5, **kwargs):
        super().__init__(**kwargs)
        self.count = count
        self.calls = []

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return np.full((2, 3), index, "float32"), np.full((2,), index)

    def on_epoch_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self):
        self.calls.append("end")


# -- arrays --------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "dtype"),
    [("float64", "float32"), ("float16", "float32"), ("int64", "int64"), ("uint8", "uint8"),
     ("bool", "bool")],
)  # fmt: skip
def test_floats_become_floatx_and_others_stay(given, dtype):
    batch = as_batches(np.ones((4, 2), given)).peek()
    assert batch.x.dtype == dtype
    assert batch.y is None and batch.sample_weight is None


def test_batches_cover_all_rows_and_the_last_is_partial():
    batches = as_batches(rows(7), np.arange(7), batch_size=3)
    assert (batches.num_batches, batches.num_samples, batches.batch_size) == (3, 7, 3)
    assert [batch.y.tolist() for batch in batches.epoch(0)] == [[0, 1, 2], [3, 4, 5], [6]]


def test_spec_leaves_the_batch_open():
    spec = as_batches({"a": rows(4), "b": np.zeros((4, 2, 2), "uint8")}, np.zeros(4)).spec
    assert spec.x["a"].shape == (None, 3)
    assert (spec.x["b"].shape, spec.x["b"].dtype) == ((None, 2, 2), "uint8")
    assert (spec.y.shape, spec.y.dtype) == ((None,), "float32")


def test_shuffling_is_decided_by_seed_and_epoch():
    first = as_batches(rows(50), shuffle=True, seed=3)
    again = as_batches(rows(50), shuffle=True, seed=3)
    other = as_batches(rows(50), shuffle=True, seed=4)
    assert seen(first, 1) == seen(again, 1) != seen(first, 0)
    assert seen(first, 0) != seen(other, 0)
    assert sorted(seen(first, 0)) == sorted(seen(first, 1)) == [3.0 * i for i in range(50)]


def test_x_and_y_are_shuffled_together():
    for batch in as_batches(rows(50), np.arange(50), shuffle=True, seed=1).epoch(0):
        np.testing.assert_array_equal(batch.x[:, 0], 3 * batch.y)


def test_shuffle_batch_moves_whole_batches():
    batches = as_batches(rows(10), np.arange(10), batch_size=4, shuffle="batch", seed=0)
    orders = {tuple(map(tuple, (b.y.tolist() for b in batches.epoch(e)))) for e in range(8)}
    assert orders == {((0, 1, 2, 3), (4, 5, 6, 7), (8, 9)), ((4, 5, 6, 7), (0, 1, 2, 3), (8, 9))}


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize("steps", [None, 3, 9])
def test_an_epoch_resumed_within_is_the_rest_of_it(shuffle, steps):
    make = lambda: as_batches(rows(11), batch_size=2, shuffle=shuffle, seed=5, steps=steps)  # noqa: E731
    whole = [batch.x.tolist() for batch in make().epoch(2)]
    assert [batch.x.tolist() for batch in make().epoch(2, start=2)] == whole[2:]


def test_steps_go_on_where_the_last_epoch_stopped():
    batches = as_batches(rows(6, 1), batch_size=2, steps=2)
    assert [seen(batches, e) for e in range(3)] == [[0, 1, 2, 3], [4, 5, 0, 1], [2, 3, 4, 5]]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("steps", [None, 7, 20])
@pytest.mark.parametrize("k", [1, 3, 64])
def test_chunks_are_the_epochs_batches_stacked(shuffle, steps, k):
    x = {"a": rows(23, dtype="float64"), "b": [rows(23, 2, "int64")]}
    batches = as_batches(
        x, np.arange(23), np.ones(23), batch_size=4, shuffle=shuffle, seed=1, steps=steps
    )
    single = [tree.flatten(batch) for batch in batches.epoch(1)]
    unstacked = []
    for chunk in batches.chunks(1, k):
        assert chunk.steps <= k
        for i in range(chunk.steps):
            unstacked.append([leaf[i] for leaf in tree.flatten(chunk.batch)])
    assert len(single) == len(unstacked) == batches.num_batches
    for one, other in zip(single, unstacked, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_chunks_of_unshuffled_arrays_are_views():
    x = rows(64)
    chunk = next(as_batches(x, batch_size=8).chunks(0, 4))
    assert chunk.steps == 4 and chunk.batch.x.shape == (4, 8, 3)
    assert np.shares_memory(chunk.batch.x, x)


def test_large_and_mapped_arrays_are_cast_batch_by_batch(tmp_path, monkeypatch):
    stored = np.memmap(tmp_path / "x", "float64", "w+", shape=(10, 2))
    batches = as_batches(stored)
    assert batches.in_memory.x.array is stored
    assert next(batches.epoch(0)).x.dtype == "float32"
    monkeypatch.setattr("kerata.training.data.rows.CAST_ONCE_BYTES", 10)
    big = np.ones((10, 2))
    batches = as_batches(big)
    assert batches.in_memory.x.array is big
    assert next(batches.chunks(0, 2)).batch.x.dtype == "float32"


def _torch(array):
    import torch

    return torch.tensor(array, requires_grad=True)


def _jax(array):
    import jax.numpy as jnp

    return jnp.asarray(array)


def _pandas(array):
    import pandas

    return pandas.DataFrame(array, columns=["a", "b", "c"])


def _sparse(array):
    import scipy.sparse

    return scipy.sparse.coo_array(array)


@pytest.mark.parametrize(
    "convert", [_torch, _jax, _pandas, _sparse, np.ndarray.tolist, np.asfortranarray]
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_array_likes_give_the_same_batches(convert, shuffle):
    array = rows(10)
    expected = as_batches(array, batch_size=4, shuffle=shuffle, seed=2)
    found = as_batches(convert(array), batch_size=4, shuffle=shuffle, seed=2)
    for a, b in zip(expected.epoch(0), found.epoch(0), strict=True):
        assert isinstance(b.x, np.ndarray) and b.x.dtype == "float32"
        np.testing.assert_array_equal(a.x, b.x)


def test_hdf5_data_sets_are_read_by_batch(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = rows(10, dtype="float64")
        plain = as_batches(rows(10), batch_size=3, shuffle=True, seed=1)
        assert seen(as_batches(file["x"], batch_size=3, shuffle=True, seed=1)) == seen(plain)
        (x, _, _), (held, _, _) = split(file["x"], fraction=0.3)
        assert len(x) == 7 and seen(as_batches(held)) == [21, 24, 27]


def test_series_are_columns_as_in_keras():
    import pandas

    batch = as_batches(rows(4), pandas.Series([1.0, 2, 3, 4])).peek()
    assert batch.y.shape == (4, 1)


def test_missing_values_of_nullable_columns_become_nan():
    import pandas

    frame = pandas.DataFrame({"a": pandas.array([1, None, 3], "Int64"), "b": [1.5, 2, 3]})
    np.testing.assert_array_equal(as_batches(frame).peek().x[:, 0], [1, np.nan, 3])


class PolarsLike(types.SimpleNamespace):
    """What is used of a polars DataFrame."""

    def to_numpy(self):
        return np.stack([np.asarray(column) for column in self.data.values()], 1)


def test_polars_frames_are_read_by_what_they_can_do():
    frame = PolarsLike(columns=["a", "b"], dtypes=["Int64", "Float64"], data={"a": [1], "b": [2.0]})
    assert as_batches(frame).peek().x.tolist() == [[1, 2]]
    frame.dtypes[1] = "String"
    with pytest.raises(ValueError, match="Column `b` of `x` is text"):
        as_batches(frame)


def test_object_arrays_of_numbers_are_converted():
    assert as_batches(np.array([[1, 2.5], [3, 4]], object)).peek().x.dtype == "float32"
    assert as_batches(np.array([1, 2], object)).peek().x.dtype == "int64"


def test_lists_of_arrays_are_several_inputs():
    batch = as_batches([rows(4), rows(4, 2)], (np.zeros(4), [1, 2, 3, 4])).peek()
    assert [leaf.shape for leaf in batch.x] == [(4, 3), (4, 2)]
    assert isinstance(batch.y, tuple) and batch.y[1].tolist() == [1, 2, 3, 4]


# -- what is refused --------------------------------------------------------------


def _frame_with_text():
    import pandas

    return pandas.DataFrame({"age": [1, 2], "city": ["a", "b"]})


def _frame_with_categories():
    import pandas

    return pandas.DataFrame({"kind": pandas.Categorical(["a", "b"])})


REFUSED = [
    # (x, y, error, what the message says)
    (np.array([["1", "2"], ["3", "red"]]), None, ValueError, ("row 1, column 1", "'red'")),
    (np.array([["1", "2"]]), None, ValueError, ("written as text", "astype('float32')")),
    (rows(3), np.array(["a", "b", "a"]), ValueError, ("2 classes", "StringLookup", "LabelEncoder")),
    (np.array([[1, 2], [3, "x"]], object), None, ValueError, ("row 1, column 1",)),
    (np.array([[1, None]], object), None, ValueError, ("None", "row 0, column 1", "impute")),
    (np.array([[1, {}]], object), None, ValueError, ("row 0, column 1", "dict")),
    (_frame_with_text, None, ValueError, ("`city`", "text")),
    (_frame_with_categories, None, ValueError, ("`kind`", "categorical")),
    (np.array(["2020-01-01"], "datetime64[D]"), None, ValueError, ("dates",)),
    ([[1, 2], [3]], None, ValueError, ("entry 0 has 2", "entry 1 has 1", "pad_sequences")),
    (rows(64), rows(60), ValueError, ("x has 64", "y has 60")),
    (rows(8, 64), np.zeros(64), ValueError, ("(8, 64)", "transpose", "`x.T`")),
    (list(rows(64, 10)), np.zeros(64), ValueError, ("64 arrays", "np.stack(x)")),
    (rows(64), list(rows(64, 2)), ValueError, ("64 arrays", "np.stack(y)")),
    (rows(0), np.zeros(0), ValueError, ("x", "0 rows")),
    ([], [], ValueError, ("0 rows",)),
    (5.0, None, ValueError, ("single number",)),
    (object(), None, TypeError, ("object", "expected an array")),
    (Indexed, np.zeros(3), ValueError, ("`y`", "Indexed", "Leave out")),
    (lambda: make_batches(), np.zeros(3), ValueError, ("`y`", "generator")),
]  # fmt: skip


@pytest.mark.parametrize(("x", "y", "error", "facts"), REFUSED)
def test_refused_data_say_why(x, y, error, facts):
    x = x() if callable(x) else x
    with pytest.raises(error) as caught:
        as_batches(x, y)
    message = str(caught.value)
    assert all(fact in message for fact in facts), message
    assert len(message) <= 600 and message.count("\n") < 12


@pytest.mark.parametrize("name", ["batch_size", "steps"])
@pytest.mark.parametrize("value", [0, -1, "3"])
def test_sizes_are_checked(name, value):
    with pytest.raises(ValueError, match=str(value)):
        as_batches(rows(4), **{name: value})


def test_a_torch_dataset_is_told_to_use_a_loader():
    torch = pytest.importorskip("torch")
    dataset = torch.utils.data.TensorDataset(torch.zeros(4, 3))
    with pytest.raises(TypeError, match="DataLoader"):
        as_batches(dataset)


def test_text_is_accepted_when_the_model_takes_it():
    batch = as_batches(np.array(["a b", "c"]), np.zeros(2), allow_text=True).peek()
    assert batch.x.tolist() == ["a b", "c"]


# -- streams --------------------------------------------------------------


def _loader():
    import torch

    x = np.repeat(np.arange(4), 2)[:, None] * np.ones((1, 3))
    data = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(x[:, :1]))
    return torch.utils.data.DataLoader(data, batch_size=2)


class TfDataLike:
    """What is used of a tf.data.Dataset."""

    def as_numpy_iterator(self):
        return make_batches()

    def cardinality(self):
        return 4

    def __iter__(self):
        raise AssertionError("the NumPy iterator is the one to use")


class Restartable:
    """An iterable without a length."""

    def __iter__(self):
        return make_batches()


SOURCES = {
    "generator": make_batches,
    "function": lambda: make_batches,
    "list": lambda: list(make_batches()),
    "iterable": Restartable,
    "DataLoader": _loader,
    "tf.data": TfDataLike,
    "PyDataset": lambda: Indexed(4),
}
EXPECTED = [float(v) for i in range(4) for v in (i, i)]


@pytest.mark.parametrize("kind", SOURCES)
def test_every_source_gives_its_batches_in_order(kind):
    batches = as_batches(SOURCES[kind]())
    assert batches.peek().x[0, 0] == 0
    assert batches.batch_size == 2
    assert seen(batches) == EXPECTED
    if kind != "generator":
        assert seen(batches, 1) == EXPECTED


@pytest.mark.parametrize("kind", SOURCES)
def test_every_source_gives_chunks(kind):
    chunks = list(as_batches(SOURCES[kind]()).chunks(0, 3))
    assert [chunk.steps for chunk in chunks] == [3, 1]
    assert isinstance(chunks[0], Chunk) and chunks[0].batch.x.shape == (3, 2, 3)
    assert chunks[0].batch.x[:, 0, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("kind", SOURCES)
def test_steps_share_a_source_among_the_epochs(kind):
    batches = as_batches(SOURCES[kind](), steps=2)
    batches.peek()
    assert [seen(batches, e) for e in range(2)] == [EXPECTED[:4], EXPECTED[4:]]
    if kind != "generator":
        assert seen(batches, 2) == EXPECTED[:4]


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("steps", [2, 1])
def test_a_resumed_stream_goes_on_where_it_was(kind, steps):
    batches = as_batches(SOURCES[kind](), steps=steps)
    batches.peek()
    batches.fast_forward(1)
    assert seen(batches, 1, start=steps - 1) == EXPECTED[4 * steps - 2 :][:2]


def test_a_finished_generator_says_what_to_pass_instead():
    batches = as_batches(make_batches())
    list(batches.epoch(0))
    with pytest.raises(ValueError) as caught:
        list(batches.epoch(1))
    message = str(caught.value)
    for fact in ("ended after 4 batches", "epoch 2", "function", "list", "steps_per_epoch"):
        assert fact in message
    assert len(message) <= 600


def test_a_generator_that_ends_within_an_epoch_warns_and_then_raises():
    batches = as_batches(make_batches(), steps=3)
    list(batches.epoch(0))
    with pytest.warns(KerataWarning, match="only 1 of the 3 steps"):
        assert len(list(batches.epoch(1))) == 1
    with pytest.raises(ValueError, match="ended after 4"):
        list(batches.epoch(2))


def test_an_empty_source_is_an_error():
    with pytest.raises(ValueError, match="no batch at all"):
        as_batches(iter([])).peek()
    with pytest.raises(ValueError, match="no batch at all"):
        list(as_batches(lambda: [], steps=2).epoch(0))
    with pytest.raises(ValueError, match="0 batches"):
        as_batches(Indexed(0))


def test_a_function_may_ask_for_the_epoch():
    def make(epoch):
        yield np.full((2, 3), epoch), np.zeros(2)

    assert seen(as_batches(make), 5) == [5, 5]


@pytest.mark.parametrize(
    ("item", "parts"), [(rows(2), 1), ((rows(2),), 1), ([rows(2), rows(2)], 2),
                        ((rows(2), rows(2), np.ones(2)), 3)],
)  # fmt: skip
def test_items_may_leave_out_targets_and_weights(item, parts):
    batch = as_batches(iter([item])).peek()
    assert sum(part is not None for part in batch) == parts


def test_items_of_another_length_are_refused():
    with pytest.raises(ValueError, match="tuples of 4"):
        as_batches(iter([(rows(2),) * 4])).peek()


def test_an_error_in_a_generator_arrives_in_its_place():
    def failing():
        yield from make_batches(2)
        raise KeyError("lost")

    found = []
    with pytest.raises(KeyError, match="lost"):
        for batch in as_batches(failing).epoch(0):
            found.append(batch)
    assert len(found) == 2


def test_leaving_an_epoch_early_ends_its_thread_and_generator():
    import threading

    closed = []

    def endless():
        try:
            while True:
                yield rows(2), np.zeros(2)
        finally:
            closed.append(True)

    before = threading.active_count()
    for _ in as_batches(endless, steps=1000).epoch(0):
        break
    assert threading.active_count() == before
    del _
    batches = as_batches(endless)
    for _ in batches.epoch(0):
        break
    assert closed


# -- PyDataset --------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"workers": 0}, {"workers": 3}, {"max_queue_size": 1}])
def test_py_datasets_keep_their_order_whatever_the_workers(options):
    dataset = Indexed(7, **options)
    batches = as_batches(dataset)
    assert seen(batches) == [float(v) for i in range(7) for v in (i, i)]
    assert dataset.calls == ["begin", "end"]


def test_py_datasets_are_shuffled_by_seed_and_epoch():
    one, two = (as_batches(Indexed(9), shuffle=True, seed=6) for _ in range(2))
    assert seen(one, 0) != seen(one, 1)
    assert seen(one, 1) == seen(two, 1)
    assert sorted(seen(one, 1)[::2]) == list(range(9))


def test_keras_py_datasets_are_accepted():
    import keras

    class Theirs(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return np.full((2, 1), index), np.zeros(2)

    assert seen(as_batches(Theirs())) == [0, 0, 1, 1, 2, 2]


def test_endless_py_datasets_need_steps_to_end():
    endless = type("Endless", (Indexed,), {"num_batches": None})()
    batches = as_batches(endless, steps=3)
    assert [seen(batches, e)[::2] for e in range(2)] == [[0, 1, 2], [3, 4, 5]]


class Dying(Indexed):
    def __getitem__(self, index):
        if index == 3:
            os._exit(1)
        return super().__getitem__(index)


class Failing(Indexed):
    def __getitem__(self, index):
        if index == 3:
            raise KeyError("no such file")
        return super().__getitem__(index)


@pytest.mark.filterwarnings("ignore:os.fork", "ignore:This process")
def test_processes_give_the_same_and_their_death_is_told():
    assert seen(as_batches(Indexed(4, workers=2, use_multiprocessing=True))) == EXPECTED
    started = time.monotonic()
    with pytest.raises(RuntimeError, match="worker process of Dying died"):
        list(as_batches(Dying(6, workers=2, use_multiprocessing=True)).epoch(0))
    assert time.monotonic() - started < 10
    with pytest.raises(KeyError, match="no such file"):
        list(as_batches(Failing(6, workers=2, use_multiprocessing=True)).epoch(0))


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_errors_of_a_py_dataset_are_raised(workers):
    with pytest.raises(KeyError, match="no such file"):
        list(as_batches(Failing(6, workers=workers)).epoch(0))


def test_a_py_dataset_without_getitem_says_so():
    with pytest.raises(TypeError, match="__getitem__"):
        as_batches(kerata.utils.PyDataset(), steps=2).peek()


def test_fast_forward_repeats_the_hooks_that_shuffle():
    class Shuffling(Indexed):
        def __init__(self):
            super().__init__(6)
            self.order, self.generator = np.arange(6), np.random.default_rng(0)

        def __getitem__(self, index):
            return super().__getitem__(int(self.order[index]))

        def on_epoch_end(self):
            self.generator.shuffle(self.order)

    running, resumed = as_batches(Shuffling()), as_batches(Shuffling())
    epochs = [seen(running, epoch) for epoch in range(3)]
    resumed.peek()
    resumed.fast_forward(2)
    assert seen(resumed, 2, start=2) == epochs[2][4:]


# -- weights --------------------------------------------------------------


def test_balanced_weights_agree_with_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    y = np.array([0, 0, 0, 1, 2, 2, 2, 2, 2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=y)
    np.testing.assert_allclose([balanced(y)[k] for k in range(3)], expected)
    weights = as_batches(rows(9), y, class_weight="balanced").peek().sample_weight
    np.testing.assert_allclose(weights, expected[y], rtol=1e-6)


@pytest.mark.parametrize(
    "y", [[0, 1, 2, 1], [[0], [1], [2], [1]], [0.0, 1.0, 2.0, 1.0], np.eye(3)[[0, 1, 2, 1]]]
)
def test_class_weights_find_the_class(y):
    class_weight = {0: 1.0, 1: 5.0, 2: 0.5}
    batch = as_batches(rows(4), np.asarray(y), class_weight=class_weight).peek()
    assert batch.sample_weight.tolist() == [1, 5, 0.5, 5]
    streamed = as_batches(iter([(rows(4), np.asarray(y))]), class_weight=class_weight).peek()
    assert streamed.sample_weight.tolist() == [1, 5, 0.5, 5]


BATCHES = [(rows(4), np.array([0, 0, 1, 0])), (rows(3), np.array([2, 0, 0]))]


class Listed(kerata.utils.PyDataset):
    def __len__(self):
        return len(BATCHES)

    def __getitem__(self, index):
        return BATCHES[index]


def loader():
    torch = pytest.importorskip("torch")
    return torch.utils.data.DataLoader(BATCHES, batch_size=None)


@pytest.mark.parametrize(
    "source",
    [lambda: BATCHES, lambda: lambda: iter(BATCHES), Listed, lambda: kerata.data.Dataset(BATCHES),
     loader],
    ids=["list", "function", "PyDataset", "Dataset", "DataLoader"],
)  # fmt: skip
def test_balanced_weights_of_any_source_that_can_be_read_again(source):
    x, y = (np.concatenate([batch[i] for batch in BATCHES]) for i in (0, 1))
    expected = as_batches(x, y, class_weight="balanced").peek().sample_weight
    found = as_batches(source(), class_weight="balanced").epoch(0)
    np.testing.assert_allclose(np.concatenate([b.sample_weight for b in found]), expected)


@pytest.mark.tensorflow
def test_balanced_weights_of_a_data_set_of_tensorflow():
    import tensorflow as tf

    data = tf.data.Dataset.from_generator(
        lambda: iter(BATCHES),
        output_signature=(tf.TensorSpec((None, 3), tf.float32), tf.TensorSpec((None,), tf.int64)),
    )
    found = [b.sample_weight for b in as_batches(data, class_weight="balanced").epoch(0)]
    np.testing.assert_allclose(found[0], [7 / 15, 7 / 15, 7 / 3, 7 / 15], rtol=1e-6)


def test_balanced_weights_of_endless_data_are_those_of_an_epoch():
    def endless():
        while True:
            yield from BATCHES

    batches = as_batches(endless, class_weight="balanced", steps=4)
    np.testing.assert_allclose(batches.peek().sample_weight, [7 / 15, 7 / 15, 7 / 3, 7 / 15])


def test_balanced_weights_per_output_of_a_source():
    batches = [(x, {"a": y, "b": y[::-1]}) for x, y in BATCHES]
    weights = as_batches(batches, class_weight={"b": "balanced"}).peek().sample_weight
    assert weights["a"].tolist() == [1, 1, 1, 1]
    np.testing.assert_allclose(weights["b"], [7 / 15, 7 / 3, 7 / 15, 7 / 15], rtol=1e-6)


def test_class_weights_multiply_sample_weights():
    batch = as_batches(rows(3), [0, 1, 1], [2.0, 2.0, 3.0], class_weight={0: 1, 1: 10}).peek()
    assert batch.sample_weight.tolist() == [2, 20, 30]


def test_class_weights_per_output():
    y = {"a": np.array([0, 1]), "b": np.array([1, 1])}
    batch = as_batches(rows(2), y, class_weight={"a": {1: 3.0}}).peek()
    assert batch.sample_weight["a"].tolist() == [1, 3]
    assert batch.sample_weight["b"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="a table for each"):
        as_batches(rows(2), y, class_weight={0: 1.0})


def test_class_weight_mistakes_are_told():
    with pytest.warns(KerataWarning, match="no entry for 1 of the classes"):
        as_batches(rows(3), [0, 1, 2], class_weight={0: 1.0, 1: 2.0})
    with pytest.raises(ValueError, match="needs targets"):
        as_batches(rows(3), class_weight={0: 1.0})
    with pytest.raises(ValueError, match="generator can be read only once"):
        as_batches(make_batches(), class_weight="balanced")
    with pytest.raises(ValueError, match="no batch to count"):
        as_batches(lambda: iter(()), class_weight="balanced")
    with pytest.raises(ValueError, match="needs targets"):
        as_batches([(rows(3), None)], class_weight="balanced")
    with pytest.raises(ValueError, match="class index"):
        as_batches(rows(3), [0, 1, 1], class_weight={"cat": 1.0})


# -- validation --------------------------------------------------------------


def test_split_takes_the_tail_as_keras_does():
    x, y = rows(10), np.arange(10.0) * 0.1
    (tx, ty, tw), (vx, vy, vw) = split(x, y, None, 0.25)
    assert (len(tx), len(vx), tw, vw) == (7, 3, None, None)
    np.testing.assert_array_equal(as_batches(tx, ty).peek().x, x[:7])
    np.testing.assert_array_equal(as_batches(vx, vy).peek().x, x[7:])


def test_split_warns_of_sorted_labels_only():
    labels = np.repeat([0, 1, 2], 20)
    with pytest.warns(KerataWarning, match="missing from the training part"):
        split(rows(60), labels, None, 0.34)
    with pytest.warns(KerataWarning, match="2 of the 3 classes"):
        split(rows(60), np.eye(3)[labels], None, 0.3)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        split(rows(60), np.random.default_rng(0).permutation(labels), None, 0.3)
        split(rows(60), np.linspace(0, 1, 60), None, 0.3)
        split(rows(60), np.arange(60), None, 0.3)


@pytest.mark.parametrize(
    ("x", "fraction", "fact"),
    [(rows(4), 1.5, "between 0 and 1"), (rows(1), 0.5, "leaves none"),
     (make_batches, 0.2, "validation_data"), (Indexed, 0.2, "validation_data")],
)  # fmt: skip
def test_split_refuses_with_a_reason(x, fraction, fact):
    with pytest.raises(ValueError, match=fact):
        split(x() if callable(x) else x, fraction=fraction)


LABELS = np.repeat([0, 1, 2], [50, 30, 21])


@pytest.mark.parametrize(
    "y", [LABELS, LABELS[:, None], np.eye(3)[LABELS], LABELS.astype("float32")]
)
@pytest.mark.parametrize("fraction", [0.2, 0.5, 0.33])
def test_a_stratified_split_has_the_shares_of_scikit_learn(y, fraction):
    from sklearn.model_selection import train_test_split

    x = rows(101)
    train, held_out = split(x, y, None, fraction, way="stratified")
    size = round(101 * fraction)
    expected = [
        np.bincount(part) for part in train_test_split(LABELS, test_size=size, stratify=LABELS)
    ]
    for part, counts in zip((train, held_out), expected, strict=True):
        chosen = part[0].slice(0, 101)[:, 0] / 3
        found = np.bincount(LABELS[chosen.astype(int)])
        assert np.abs(found - counts).max() <= 1 and found.sum() == counts.sum()
        batches = as_batches(*part, batch_size=7)
        assert [tree.flatten(b)[0].shape for b in batches.epoch(0)][0] == (7, 3)
        np.testing.assert_array_equal(np.sort(chosen), chosen)
    again = split(x, y, None, fraction, way="stratified")[1][0]
    np.testing.assert_array_equal(again.slice(0, 101), held_out[0].slice(0, 101))


def test_a_random_split_keeps_rows_together():
    x, y, weights = rows(50), np.arange(50.0), np.arange(50.0)
    train, held_out = split({"a": x, "b": [y, x]}, y, weights, 0.3, way="random")
    assert len(held_out[1]) == 15
    for part in (train, held_out):
        batch = as_batches(*part, batch_size=50, shuffle=True).peek()
        np.testing.assert_array_equal(batch.x["a"][:, 0], 3 * batch.y)
        np.testing.assert_array_equal(batch.x["b"][0], batch.sample_weight)
    seen_rows = np.sort(np.concatenate([part[1].slice(0, 50) for part in (train, held_out)]))
    np.testing.assert_array_equal(seen_rows, y)
    assert not np.array_equal(held_out[1].slice(0, 15), y[35:])


@pytest.mark.parametrize(
    ("y", "way", "fact"),
    [
        (np.zeros(10), "sorted", "expected one of"),
        (np.linspace(0, 1, 10), "stratified", "seems to be a quantity"),
        ({"a": np.zeros(10), "b": np.zeros(10)}, "stratified", "y has 2"),
        (np.arange(10), "stratified", "10 classes in 10 rows"),
        (None, "stratified", "y has 0"),
    ],
)
def test_a_split_that_is_not_possible_is_told(y, way, fact):
    with pytest.raises(ValueError, match=fact):
        split(rows(10), y, None, 0.3, way=way)


def test_fit_splits_as_it_is_asked_to(training_backend):
    model = kerata.Sequential([kerata.Input((3,)), kerata.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(KerataWarning, match='split="stratified"'):
        model.fit(rows(101), LABELS, validation_split=0.3, verbose=0)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = model.fit(
            rows(101), LABELS, validation_split=0.3, split="stratified", verbose=0
        ).history
    _, (x, y, _) = split(rows(101), LABELS, None, 0.3, way="stratified")
    held_out = model.evaluate(x.slice(0, 30), y.slice(0, 30), verbose=0)
    np.testing.assert_allclose(history["val_loss"], held_out, rtol=1e-5)


def test_examples_are_inputs_and_targets(training_backend):
    examples = kerata.data.Examples(rows(20), np.arange(20.0))
    model = kerata.Sequential([kerata.Input((3,)), kerata.layers.Dense(1)])
    model.compile(kerata.optimizers.SGD(1e-4), "mse")
    expected = model.evaluate(*examples, verbose=0)
    assert model.evaluate(examples, verbose=0) == expected
    np.testing.assert_array_equal(
        model.predict(examples, verbose=0), model.predict(examples.x, verbose=0)
    )
    history = model.fit(examples, validation_data=examples, validation_freq=2, epochs=2, verbose=0)
    assert history.history["val_loss"][0] < expected
    model.fit(examples, validation_split=0.2, split="random", verbose=0)


def test_validation_data_are_unpacked():
    x, y, w = rows(4), np.zeros(4), np.ones(4)
    assert unpack_validation_data((x, y)) == (x, y, None)
    assert unpack_validation_data([x, y, w])[2] is w
    dataset = Indexed()
    assert unpack_validation_data(dataset) == (dataset, None, None)


@pytest.mark.parametrize("data", [rows(4), {"a": rows(4)}, (rows(4),), [[1, 2], [3, 4]][:1]])
def test_validation_data_without_targets_are_refused(data):
    with pytest.raises(ValueError, match=r"\(x, y\)"):
        unpack_validation_data(data)
