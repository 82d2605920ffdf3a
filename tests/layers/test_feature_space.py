"""FeatureSpace beside Keras, which needs TensorFlow for it: the same numbers and files."""

import json
import zipfile

import keras
import numpy as np
import pytest

import kerata

ours, theirs = kerata.utils.FeatureSpace, keras.utils.FeatureSpace

TABLE = {
    "z": np.array([1.0, 2.0, 3.0, 4.0], "float32"),
    "n": np.array([1.0, 5.0, -3.0, 4.0], "float32"),
    "r": np.array([0.0, 128.0, 255.0, 1.0], "float32"),
    "d": np.array([4.0, 1.0, 3.0, 2.0], "float32"),
    "i": np.array([5, 6, 5, 7], "int32"),
    "s": np.array(["x", "y", "x", "z"]),
    "h": np.array([1, 2, 3, 4], "int32"),
    "t": np.array(["red", "blue", "red", "green"]),
}


def space(cls, **options):
    """All kinds of columns, given as names and made by the class methods."""
    return cls(
        {
            "z": "float",
            "n": "float_normalized",
            "r": cls.float_rescaled(scale=1 / 255, offset=-0.5, name="r"),
            "d": "float_discretized",
            "i": "integer_categorical",
            "s": cls.string_categorical(max_tokens=3, num_oov_indices=1, name="s"),
            "h": "integer_hashed",
            "t": cls.string_hashed(num_bins=6, name="t"),
        },
        crosses=[("s", "i"), cls.cross(("t", "d"), crossing_dim=5)],
        crossing_dim=7,
        hashing_dim=4,
        num_discretization_bins=4,
        **options,
    )


def numbers(found):
    if isinstance(found, dict):
        return {name: np.asarray(kerata.ops.convert_to_numpy(v)) for name, v in found.items()}
    return np.asarray(kerata.ops.convert_to_numpy(found))


@pytest.fixture(scope="module")
def keras_space():
    made = {}
    for mode in ("dict", "concat"):
        made[mode] = space(theirs, output_mode=mode, name="table")
        made[mode].adapt(TABLE)
    return made


def adapted(**options):
    made = space(ours, **options)
    made.adapt(TABLE)
    return made


@pytest.mark.tensorflow
@pytest.mark.parametrize("mode", ["dict", "concat"])
def test_numbers_are_those_of_keras(backend, keras_space, mode):
    made, its = adapted(output_mode=mode), keras_space[mode]
    for table in (TABLE, dict(reversed(TABLE.items())), {k: v[1] for k, v in TABLE.items()},
                  {k: v[:, None] for k, v in TABLE.items()}):  # fmt: skip
        found, expected = numbers(made(table)), its(table)
        if mode == "concat":
            expected = np.asarray(expected)
            assert found.shape == expected.shape and found.dtype == expected.dtype
            np.testing.assert_allclose(found, expected, atol=1e-6)
            continue
        assert list(found) == list(expected)
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], np.asarray(value), atol=1e-6, err_msg=name)


def test_boundaries_that_are_given(backend):
    """Keras refuses them, since it hands `num_bins` on as well."""
    made = ours({"e": ours.float_discretized(3, bin_boundaries=[1.0, 2.0])})
    assert numbers(made({"e": [0.5, 1.5, 2.5]})).tolist() == np.eye(3).tolist()


@pytest.mark.tensorflow
def test_integers_beside_each_other(keras_space):
    def made(cls):
        return cls(
            {"s": cls.string_categorical(output_mode="int"), "t": "string_hashed"},
            crosses=[cls.cross(("s", "t"), 4, output_mode="int")],
            output_mode="dict",
        )

    table = {name: TABLE[name] for name in "st"}
    mine, its = made(ours), made(theirs)
    for one in (mine, its):
        one.adapt(table)
    found, expected = numbers(mine(table)), its(table)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], np.asarray(value))


@pytest.mark.tensorflow
def test_configurations_are_those_of_keras():
    mine, its = (json.loads(json.dumps(space(cls).get_config())) for cls in (ours, theirs))
    assert set(mine) == set(its)
    for name in its["features"]:
        a, b = mine["features"][name], its["features"][name]
        assert a["module"] == b["module"] and a["class_name"] == b["class_name"]
        assert a["config"]["dtype"] == b["config"]["dtype"]
        assert a["config"]["output_mode"] == b["config"]["output_mode"]
        for key in ("class_name", "module", "config"):
            assert a["config"]["preprocessor"][key] == b["config"]["preprocessor"][key], name
    for a, b in zip(mine["crosses"], its["crosses"], strict=True):
        assert {k: a[k] for k in ("module", "class_name", "config")} == {
            k: b[k] for k in ("module", "class_name", "config")
        }
    for key in ("output_mode", "crossing_dim", "hashing_dim", "num_discretization_bins"):
        assert mine[key] == its[key]


# -- learning ------------------------------------------------------------------------------------


def rows():
    return [{name: column[i] for name, column in TABLE.items()} for i in range(4)]


@pytest.mark.parametrize(
    "source",
    [
        lambda: rows(),
        lambda: kerata.data.Dataset(rows()),
        lambda: kerata.data.Dataset(rows()).batch(3),
        lambda: {name: column.tolist() for name, column in TABLE.items()},
    ],
)
def test_sources_of_tables(source):
    made, other = adapted(), space(ours)
    other.adapt(source())
    np.testing.assert_array_equal(numbers(made(TABLE)), numbers(other(TABLE)))


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(TABLE)
    made = space(ours)
    made.adapt(frame)
    np.testing.assert_array_equal(numbers(made(frame)), numbers(adapted()(TABLE)))


def test_learning_again():
    made = adapted()
    other = {**TABLE, "s": np.array(["p", "q", "p", "q"]), "n": TABLE["n"] * 10}
    made.adapt(other)
    fresh = space(ours)
    fresh.adapt(other)
    np.testing.assert_array_equal(numbers(made(other)), numbers(fresh(other)))


def test_a_layer_of_ones_own(backend):
    feature = ours.feature("float32", kerata.layers.Rescaling(2.0), "float")
    made = ours({"a": feature, "b": "float"})
    assert numbers(made({"a": [1.0, 2.0], "b": [5.0, 6.0]})).tolist() == [[2, 5], [4, 6]]


# -- models --------------------------------------------------------------------------------------


def test_models_train_on_prepared_rows_and_predict_from_raw_ones(training_backend):
    kerata.utils.set_random_seed(1)
    made = adapted()
    encoded = made.get_encoded_features()
    y = np.array([0.0, 1.0, 0.0, 1.0], "float32")
    model = kerata.Model(encoded, kerata.layers.Dense(1)(encoded))
    model.compile("sgd", "mse")
    data = kerata.data.Dataset([(row, y[i]) for i, row in enumerate(rows())]).batch(2)
    model.fit(data.map(lambda x, y: (made(x), y)), epochs=2, verbose=0)
    inputs = made.get_inputs()
    assert made.get_inputs() is inputs
    assert {name: (i.shape, i.dtype) for name, i in inputs.items()}["s"] == ((None, 1), "string")
    whole = kerata.Model(inputs, model(encoded))
    columns = {name: column[:, None] for name, column in TABLE.items()}
    np.testing.assert_allclose(
        whole.predict(columns, verbose=0), model.predict(made(TABLE), verbose=0), atol=1e-5
    )


@pytest.mark.tensorflow
def test_in_pipelines_of_tensorflow():
    import tensorflow as tf

    for mode in ("concat", "dict"):
        with kerata.use_backend("tensorflow"):
            made = adapted(output_mode=mode)
            data = tf.data.Dataset.from_tensor_slices(TABLE).batch(2).map(made)
            batches = list(data.as_numpy_iterator())
            expected = numbers(made(TABLE))
        if mode == "dict":
            for name, value in expected.items():
                found = np.concatenate([batch[name] for batch in batches])
                np.testing.assert_allclose(found, value, atol=1e-6)
        else:
            np.testing.assert_allclose(np.concatenate(batches), expected, atol=1e-6)


# -- files ---------------------------------------------------------------------------------------


def test_files(tmp_path, backend):
    made = adapted()
    made.save(tmp_path / "space.keras")
    loaded = kerata.saving.load_model(tmp_path / "space.keras")
    np.testing.assert_array_equal(numbers(loaded(TABLE)), numbers(made(TABLE)))


@pytest.mark.tensorflow
def test_files_of_keras_and_for_keras(tmp_path, keras_space):
    its = keras_space["concat"]
    its.save(tmp_path / "theirs.keras")
    loaded = kerata.saving.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(numbers(loaded(TABLE)), np.asarray(its(TABLE)), atol=1e-6)
    made = adapted()
    made.save(tmp_path / "ours.keras")
    with zipfile.ZipFile(tmp_path / "ours.keras") as file:
        assert "assets/preprocessors/string_lookup/vocabulary.txt" in file.namelist()
    back = keras.models.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(np.asarray(back(TABLE)), numbers(made(TABLE)), atol=1e-6)


# -- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: ours({}), "no features"),
        (lambda: ours({"a": "flot"}), "Did you mean 'float'"),
        (lambda: ours({"a": 3}), "Feature 'a' is given as 3"),
        (lambda: ours({"a": "float"}, output_mode="x"), "output_mode='x'"),
        (lambda: ours({"a": "string_hashed"}, crosses=[("a", "q")]), "names 'q'"),
        (lambda: ours({"a": "string_hashed"}, crosses=["ab"]), "two or more features, got 'ab'"),
        (
            lambda: ours({"a": "string_hashed", "b": "float"}, crosses=[("a", "b")]),
            "takes categories, but 'b' is a number",
        ),
        (lambda: ours.cross(("a", "b"), 3, "x"), "output_mode='x' of a cross"),
        (lambda: ours.string_hashed(3, output_mode="x"), "output_mode='x' of a feature"),
        (lambda: space(ours)(TABLE), "call `adapt\\(table\\)` first"),
        (lambda: space(ours).adapt(iter(rows())), "cannot be read again"),
        (lambda: space(ours).adapt([(rows()[0], 1)]), "Of \\(x, y\\) take x"),
        (lambda: adapted()({"z": [1.0]}), "column 'n' is missing|column 'r' is missing"),
        (
            lambda: ours({"s": ours.string_hashed(3, output_mode="int")})({"s": ["a"]}),
            "'s' gives integers",
        ),
        (
            lambda: ours(
                {"a": ours.feature("float32", kerata.layers.Rescaling(1.0), "one_hot")}
            )({"a": [1.0]}),
            "how long one-hot vectors",
        ),
    ],
)
def test_mistakes(call, text):
    with pytest.raises(ValueError, match=text):
        call()
