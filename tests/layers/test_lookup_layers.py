"""Layers that look up, hash and split text or integers, against Keras on TensorFlow."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kerata
from kerata.layers import (
    HashedCrossing,
    Hashing,
    IntegerLookup,
    StringLookup,
    TextVectorization,
)
from tests.layers.lookup_cases import CASES, Case, keras_results


@pytest.fixture(scope="module")
def expected():
    """What Keras gives, by case; it runs once, in a process of its own."""
    return dict(zip(map(id, CASES), keras_results(), strict=True))


def layer_of(case: Case) -> kerata.Layer:
    layer = getattr(kerata.layers, case.name)(**case.kwargs, name="layer")
    if case.data is not None:
        layer.adapt(np.array(case.data))
    return layer


def inputs_of(case: Case):
    if isinstance(case.inputs, tuple):
        return tuple(np.array(each) for each in case.inputs)
    return np.array(case.inputs)


def array_of(value) -> np.ndarray:
    return np.asarray(kerata.ops.convert_to_numpy(value))


@pytest.mark.tensorflow
@pytest.mark.parametrize("engine", ["numpy", "jax", "torch", "tensorflow"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_are_those_of_keras(case, expected, engine):
    with kerata.use_backend(engine):
        actual = array_of(layer_of(case)(inputs_of(case)))
    values = np.array(expected[id(case)]["values"])
    assert actual.shape == values.shape
    if actual.dtype.kind == "f":
        np.testing.assert_allclose(actual, values, rtol=1e-6)
    else:
        np.testing.assert_array_equal(actual, values)


@pytest.mark.tensorflow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_configuration_and_vocabulary_are_those_of_keras(case, expected):
    layer = layer_of(case)
    theirs = expected[id(case)]
    mine = json.loads(json.dumps(kerata.layers.serialize(layer)["config"]))
    assert mine == theirs["config"]
    if "vocabulary" in theirs:
        assert layer.get_vocabulary() == theirs["vocabulary"]
        assert layer.vocabulary_size() == len(theirs["vocabulary"])
    copy = kerata.layers.deserialize(kerata.layers.serialize(layer))
    if case.data is None:
        again = array_of(copy(inputs_of(case)))
        np.testing.assert_array_equal(again, array_of(layer(inputs_of(case))))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_shape_without_values_is_the_actual_one(case):
    layer = layer_of(case)

    def symbolic(array):
        kind = "string" if array.dtype.kind == "U" else "int64"
        return kerata.Input(array.shape[1:], dtype=kind)

    inputs = inputs_of(case)
    several = isinstance(inputs, tuple)
    output = layer(tuple(map(symbolic, inputs)) if several else symbolic(inputs))
    actual = layer(inputs)
    assert len(output.shape) == len(actual.shape)
    for size, found in zip(output.shape, actual.shape, strict=True):
        assert size in (None, found)
    if output.dtype == "string":
        assert actual.dtype.kind == "U"
    else:
        assert np.dtype(output.dtype).kind == array_of(actual).dtype.kind


# -- what is learned, from what, and by what definition --------------------------------------


def texts() -> list[str]:
    words = np.random.default_rng(0).choice(list("abcdefg"), (20, 6))
    return [" ".join(row) for row in words]


def test_counts_and_tf_idf_are_those_of_scikit_learn(backend):
    from sklearn.feature_extraction.text import CountVectorizer

    data = texts()
    reference = CountVectorizer(token_pattern=r"\S+", ngram_range=(1, 2))
    counts = reference.fit_transform(data).toarray()
    layer = TextVectorization(output_mode="count", ngrams=2)
    layer.adapt(data)
    order = [layer.get_vocabulary().index(token) for token in reference.get_feature_names_out()]
    assert len(order) == layer.vocabulary_size() - 1
    np.testing.assert_array_equal(array_of(layer(data))[:, order], counts)

    weighted = TextVectorization(output_mode="tf_idf", ngrams=2)
    weighted.adapt(data)
    idf = np.log(1 + len(data) / (1 + (counts > 0).sum(0)))
    order = [weighted.get_vocabulary().index(token) for token in reference.get_feature_names_out()]
    np.testing.assert_allclose(array_of(weighted(data))[:, order], counts * idf, rtol=1e-5)


def test_sources_of_text():
    import pandas

    data = texts()

    class Batches(kerata.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return np.array(data[5 * index : 5 * index + 5])

    sources = [
        data,
        np.array(data),
        np.array(data, dtype=object)[:, None],
        np.char.encode(data),
        pandas.Series(data),
        pandas.Series(data, dtype="string"),
        Batches(),
        (np.array(data[i : i + 7]) for i in range(0, 20, 7)),
        [np.array(data[:5]), np.array(data[5:])],
    ]
    vocabularies = []
    for source in sources:
        layer = TextVectorization(max_tokens=6)
        layer.adapt(source)
        vocabularies.append(layer.get_vocabulary())
    assert vocabularies[0][:2] == ["", "[UNK]"] and len(vocabularies[0]) == 6
    assert all(each == vocabularies[0] for each in vocabularies)


def test_learning_step_by_step():
    layer = StringLookup()
    layer.update_state(["a", "b"])
    layer.update_state(["b"])
    layer.finalize_state()
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"]
    layer.update_state(["a", "a"])
    layer.finalize_state()
    assert layer.get_vocabulary(include_special_tokens=False) == ["a", "b"]
    layer.reset_state()
    layer.update_state(["z"])
    layer.finalize_state()
    assert layer.get_vocabulary() == ["[UNK]", "z"]
    layer.adapt(["q", "q", "r"])
    assert layer.get_vocabulary() == ["[UNK]", "q", "r"]


def test_vocabularies_of_files(tmp_path, backend):
    (tmp_path / "words.txt").write_text("ä\nb\n", encoding="utf-8")
    (tmp_path / "ids.txt").write_text("7\n8")
    words, ids = tmp_path / "words.txt", tmp_path / "ids.txt"
    layer = StringLookup(vocabulary=words)
    assert array_of(layer(["b", "ä", "c"])).tolist() == [2, 1, 0]
    assert layer.get_config()["vocabulary"] is None
    assert array_of(IntegerLookup(vocabulary=str(ids))([8, 1])).tolist() == [2, 0]
    assert TextVectorization(vocabulary=str(words)).get_vocabulary() == ["", "[UNK]", "ä", "b"]


def test_vocabularies_of_bytes_and_arrays():
    for vocabulary in ([b"a", b"b"], np.array(["a", "b"]), ("a", "b"), np.array([b"a", b"b"])):
        layer = StringLookup(vocabulary=vocabulary)
        assert layer.get_config()["vocabulary"] == layer.get_vocabulary()[1:] == ["a", "b"]


def test_functions_of_ones_own(backend):
    def without_digits(text):
        return np.array(["".join(c for c in t if not c.isdigit()) for t in text.ravel()], object)

    def at_commas(text):
        return [t.split(",") for t in text]

    layer = TextVectorization(
        standardize=without_digits, split=at_commas, vocabulary=["a b", "c"]
    )
    assert array_of(layer(["a1 b,c", "c"])).tolist() == [[2, 3], [3, 0]]


# NumPy's texts lose the zeros at their ends.
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")


@given(st.lists(st.text(CHARACTERS, max_size=6), min_size=1, max_size=6, unique=True))
@settings(max_examples=50, deadline=None)
def test_inverse_of_a_lookup(tokens):
    tokens = [token for token in tokens if token != "[UNK]"] or ["a"]
    with kerata.use_backend("numpy"):
        there = StringLookup(vocabulary=tokens)
        back = StringLookup(vocabulary=tokens, invert=True)
        assert back(there(tokens)).tolist() == tokens


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=6, unique=True))
@settings(max_examples=50, deadline=None)
def test_inverse_of_a_lookup_of_integers(tokens):
    with kerata.use_backend("numpy"):
        there = IntegerLookup(vocabulary=tokens)
        back = IntegerLookup(vocabulary=tokens, invert=True)
        assert array_of(back(there(np.array(tokens)))).tolist() == tokens


def test_a_vector_of_tokens_is_a_batch(backend):
    """Without splitting, each entry is a text of one token; Keras pads the vector itself."""
    options = {"split": None, "vocabulary": ["a"]}
    padded = TextVectorization(output_sequence_length=3, **options)(["a", "b"])
    assert array_of(padded).tolist() == [[2, 0, 0], [1, 0, 0]]
    counted = TextVectorization(output_mode="count", **options)(["a", "b"])
    assert array_of(counted).tolist() == [[0, 1], [1, 0]]


def test_each_token_one_hot(backend):
    layer = TextVectorization(output_mode="one_hot", vocabulary=["a"])
    assert array_of(layer(["a", "b"])).tolist() == [[[0, 1]], [[1, 0]]]
    assert array_of(layer(["a b", ""])).tolist() == [[[0, 1], [1, 0]], [[0, 0], [0, 0]]]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_vectors_in_low_precision(dtype, backend):
    idf = {"output_mode": "tf_idf", "idf_weights": [0.5]}
    for layer, inputs, expected in (
        (Hashing(3, output_mode="one_hot", dtype=dtype), ["a", "d"], [[1, 0, 0], [0, 0, 1]]),
        (StringLookup(vocabulary=["a"], output_mode="count", dtype=dtype), [["a"]], [[0, 1]]),
        (IntegerLookup(vocabulary=[7], dtype=f"mixed_{dtype}", **idf), [[7]], [[0, 0.5]]),
        (TextVectorization(vocabulary=["a"], dtype=dtype, **idf), ["a a"], [[0, 1]]),
    ):
        output = layer(inputs)
        assert kerata.ops.dtype(output) == dtype
        assert array_of(output).astype("float64").tolist() == expected


def test_empty_batches(backend):
    nothing = np.zeros((0,), object)
    layer = TextVectorization(vocabulary=["a"], output_sequence_length=3)
    assert layer(nothing).shape == (0, 3)
    assert TextVectorization(vocabulary=["a"], output_mode="count")(nothing).shape == (0, 2)
    assert StringLookup(vocabulary=["a"], output_mode="one_hot")(nothing).shape == (0, 2)
    assert Hashing(3)(nothing).shape == (0,)
    assert IntegerLookup(vocabulary=[1])(np.zeros((0, 2), "int64")).shape == (0, 2)


def test_hashes_never_change(backend):
    """Values of FarmHash and SipHash, as Keras and TensorFlow gave them."""
    data = ["a", "b", "hello world", "", "x" * 100]
    bins = {
        None: [363939, 164822, 946011, 397263, 50719],
        133: [479997, 121824, 32497, 311907, 381514],
    }
    for salt, expected in bins.items():
        assert array_of(Hashing(1_000_000, salt=salt)(data)).tolist() == expected


def test_hashing_takes_whole_floats_only():
    whole = Hashing(9)(np.array([1.0, 2.0]))
    assert array_of(whole).tolist() == array_of(Hashing(9)([1, 2])).tolist()
    with pytest.raises(ValueError, match="Discretization"):
        Hashing(9)(np.array([1.5]))


def test_compiled_integer_lookup_is_the_eager_one(backend):
    data = np.array([[5, 7, 0], [99, -3, 5]])
    for kwargs in (
        {},
        {"output_mode": "count"},
        {"num_oov_indices": 3},
        {"mask_token": 0, "output_mode": "multi_hot"},
        {"invert": True},
        {"num_oov_indices": 0, "vocabulary": [0, 5, 7, -3, 99]},
        {"output_mode": "tf_idf", "idf_weights": [0.5, 0.25, 2.0]},
    ):
        layer = IntegerLookup(**{"vocabulary": [7, 5, -3], **kwargs})
        model = kerata.Sequential([kerata.Input((3,), dtype="int64"), layer])
        eager = array_of(layer(data))
        np.testing.assert_array_equal(model.predict(data, verbose=0), eager)
        np.testing.assert_array_equal(array_of(layer(kerata.ops.array(data))), eager)


@pytest.fixture(params=["tensorflow", "jax"])
def on_tensorflow(request):
    """Tests of TensorFlow's pipelines, which call layers of any backend."""
    with kerata.use_backend(request.param):
        yield


@pytest.mark.tensorflow
def test_in_pipelines_of_tf_data(on_tensorflow):
    import tensorflow as tf

    data = texts()
    tokens = TextVectorization(output_sequence_length=4)
    tokens.adapt(tf.data.Dataset.from_tensor_slices(data).batch(6))
    assert tokens.vocabulary_size() == 9
    lookup = StringLookup(vocabulary=["a", "b"], output_mode="one_hot")
    back = StringLookup(vocabulary=["a", "b"], invert=True)
    ids = IntegerLookup(vocabulary=[0, 3], output_mode="count")
    number = kerata.layers.Normalization(mean=1.0, variance=4.0)
    scale = kerata.layers.Normalization(axis=None)
    scale.adapt([0.0, 4.0])

    def prepare(text, i):
        first = tf.strings.substr(text, 0, 1)
        index = tf.cast(i, "int64")
        return {
            "tokens": tokens(text),
            "first": lookup(first),
            "back": back(index % 3),
            "bin": Hashing(7)(first),
            "cross": HashedCrossing(7)([first, index]),
            "id": ids(index[:, None]),
            "number": number(tf.cast(i, "float32")),
            "scale": scale(tf.cast(i, "float32")),
        }

    dataset = tf.data.Dataset.from_tensor_slices((data, np.arange(20))).batch(5).map(prepare)
    assert dataset.element_spec["tokens"].shape.as_list() == [None, 4]
    found = next(iter(dataset.as_numpy_iterator()))
    first = np.array([text[0] for text in data[:5]])
    np.testing.assert_array_equal(found["tokens"], array_of(tokens(data[:5])))
    np.testing.assert_array_equal(found["first"], array_of(lookup(first)))
    assert found["back"].tolist() == [b"[UNK]", b"a", b"b", b"[UNK]", b"a"]
    np.testing.assert_array_equal(found["bin"], array_of(Hashing(7)(first)))
    cross = HashedCrossing(7)([first, np.arange(5)])
    np.testing.assert_array_equal(found["cross"], array_of(cross))
    np.testing.assert_array_equal(found["id"], array_of(ids(np.arange(5)[:, None])))
    np.testing.assert_allclose(found["number"], (np.arange(5) - 1) / 2)
    np.testing.assert_allclose(found["scale"], (np.arange(5) - 2) / 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StringLookup()(["a"]), "no vocabulary yet.*adapt"),
        (lambda: StringLookup(output_mode="count")(kerata.Input((1,), dtype="string")), "adapt"),
        (lambda: StringLookup(vocabulary=["a"]).adapt(["b"]), "was given its vocabulary"),
        (lambda: StringLookup().adapt([]), "no tokens"),
        (lambda: StringLookup(vocabulary=["a", "a"]), "'a' twice"),
        (lambda: StringLookup(vocabulary=[]), "empty"),
        (lambda: StringLookup(vocabulary=["a", "m"], mask_token="m"), "mask token 'm'"),
        (lambda: StringLookup(vocabulary=["a", "b"], max_tokens=2), "max_tokens is 2"),
        (lambda: StringLookup(max_tokens=1), "more than 1"),
        (lambda: StringLookup(num_oov_indices=-1), "expected 0 to"),
        (lambda: StringLookup(pad_to_max_tokens=True), "needs `max_tokens`"),
        (lambda: StringLookup(invert=True, output_mode="count"), "leave out output_mode"),
        (lambda: StringLookup(output_mode="x"), "expected one of"),
        (lambda: StringLookup(sparse=True), "dense"),
        (lambda: StringLookup(vocabulary=["a"], output_mode="tf_idf"), "idf_weights"),
        (lambda: StringLookup(vocabulary=["a"], idf_weights=[1.0]), "'tf_idf' only"),
        (lambda: StringLookup(idf_weights=[1.0], output_mode="tf_idf"), "without the `vocab"),
        (
            lambda: StringLookup(vocabulary=["a"], output_mode="tf_idf", idf_weights=[1.0, 2.0]),
            "one weight for each",
        ),
        (lambda: StringLookup(vocabulary=["a"], num_oov_indices=0)(["z"]), "'z'.*set it to 1"),
        (lambda: IntegerLookup(vocabulary=[1], num_oov_indices=0)([7]), "7.*set it to 1"),
        (lambda: StringLookup(vocabulary=["a"])([1, 2]), "of type int.*astype"),
        (lambda: StringLookup(vocabulary=["a"])(np.array(["a", None], object)), "is missing"),
        (lambda: StringLookup(vocabulary=["a"], num_oov_indices=2, salt="x"), "pair of integers"),
        (lambda: IntegerLookup(vocabulary_dtype="int32"), "int64"),
        (lambda: IntegerLookup(oov_method="x"), "farmhash"),
        (lambda: IntegerLookup(salt=3), "oov_method='farmhash'"),
        (lambda: TextVectorization(standardize="x"), "lower_and_strip_punctuation"),
        (lambda: TextVectorization(split="x"), "whitespace"),
        (lambda: TextVectorization(ngrams="x"), "tuple of integers"),
        (lambda: TextVectorization(ragged=True), "dense"),
        (lambda: TextVectorization(output_mode="count", output_sequence_length=3), "for output"),
        (lambda: TextVectorization(vocabulary=["a"])([["a", "b"]]), "one text for each row"),
        (lambda: TextVectorization()(["a"]), "no vocabulary yet"),
        (lambda: Hashing(0), "at least 1"),
        (lambda: Hashing(3, dtype="float32"), "gives integers"),
        (lambda: HashedCrossing(3)(["a"]), "two or more"),
        (lambda: HashedCrossing(3)([["a"], [1.5]]), "Discretization"),
        (lambda: HashedCrossing(3)([[["a", "b"]], [[1, 2]]]), "one shape"),
        (lambda: HashedCrossing(3, output_mode="count"), "expected one of"),
    ],
)
def test_errors_say_what_to_do(make, message):
    with pytest.raises(ValueError, match=message):
        make()
