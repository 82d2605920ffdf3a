"""Gaps in tables: the readers of raw columns, the layers that fill them, dates, FeatureSpace."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import MissingIndicator as SklearnIndicator
from sklearn.impute import SimpleImputer

import kerata
from kerata.layers import DateEncoding, Imputation, MissingIndicator
from kerata.layers.preprocessing.raw_columns import (
    as_dates,
    as_numbers,
    as_texts,
    columns_of,
    entries_of,
    gaps_of,
    read_csv,
)
from kerata.utils import FeatureSpace

NAN = float("nan")


def array(value) -> np.ndarray:
    return np.asarray(kerata.ops.convert_to_numpy(value))


# -- reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, None, 2.5], [1, NAN, 2.5]),
        (["1", " 2.5 ", "", "NA", "?", "1e3"], [1, 2.5, NAN, NAN, NAN, 1000]),
        (np.array([True, False]), [1, 0]),
        (pd.array([3, None], dtype="Int64").to_numpy(), [3, NAN]),
        ([b"7", None], [7, NAN]),
        (np.array([90, "NaT"], "timedelta64[m]"), [5400, NAN]),
        (np.float32([0.5, NAN]), [0.5, NAN]),
    ],
)
def test_numbers(values, expected):
    found = as_numbers(values)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", None, "b", NAN], ["a", "", "b", ""]),
        ([NAN, "a"], ["", "a"]),
        ([1.0, NAN, 2.5], ["1", "", "2.5"]),
        (np.array([3, 10**15]), ["3", "1000000000000000"]),
        ([True, None], ["True", ""]),
        (pd.array(["x", None], dtype="string").to_numpy(), ["x", ""]),
        (np.array(["2024-02-29T10", "NaT"], "datetime64[h]"), ["2024-02-29T10", ""]),
        ([b"a", "b"], [b"a", "b"]),
    ],
)
def test_texts(values, expected):
    assert as_texts(values).tolist() == expected
    assert gaps_of(as_texts(values)).tolist() == [text == "" for text in expected]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2024-02-29", "2024/02/29 18:30", "2024-02-29T18:30:15.123456789"],
         ["2024-02-29T00:00:00", "2024-02-29T18:30:00", "2024-02-29T18:30:15"]),
        (["2024-02-29T01:00+02:00", "2024-02-29 01:00Z", ""],
         ["2024-02-28T23:00:00", "2024-02-29T01:00:00", "NaT"]),
        ([datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1), None],
         ["2024-02-29T00:00:00", "2024-02-29T01:00:00", "NaT"]),
        (pd.date_range("2024-02-29", periods=1, tz="Asia/Tokyo").astype(object).to_numpy(),
         ["2024-02-28T15:00:00"]),
    ],
)  # fmt: skip
def test_dates(values, expected):
    np.testing.assert_array_equal(as_dates(values), np.array(expected, "datetime64[s]"))


@pytest.mark.parametrize(
    ("read", "values", "fact"),
    [
        (as_numbers, [1, "abc"], r"Row 1 holds a str 'abc', which is no number"),
        (as_numbers, [[1, 2]], None),
        (as_numbers, np.array(["2024"], "datetime64[Y]"), "holds dates"),
        (as_dates, ["29.2.2024"], r"Row 0 holds '29.2.2024', which is no date like"),
        (as_dates, ["2024-02-30"], "which no calendar has"),
        (as_dates, [3], "holds a int, which is no date"),
    ],
)
def test_what_cannot_be_read_is_named(read, values, fact):
    if fact is None:
        assert read(values).tolist() == values
        return
    with pytest.raises(ValueError, match=fact):
        read(values)


CSV = 'age,"name, first",port\n22,"Ann; ""A""",S\n,Bob,\n\n3.5,Cem,NA\n'


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_file_is_read_as_pandas_does(tmp_path, delimiter):
    path = tmp_path / "rows.csv"
    other = "age;b;port\n22;x, y;S\n;z;\n3;;N/A\n"
    text = CSV if delimiter == "," else other.replace(";", delimiter)
    path.write_text("\ufeff" + text, encoding="utf-8")
    mine, theirs = read_csv(path), pd.read_csv(path, sep=delimiter)
    assert list(mine) == list(theirs)
    for name, column in mine.items():
        np.testing.assert_array_equal(gaps_of(column), theirs[name].isna())
        known = ~gaps_of(column)
        assert column[known].tolist() == theirs[name][known].tolist()


def test_numbers_of_a_csv_file_are_typed(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b,c,d\n1,1.5,x,\n2,?,3,\n")
    found = read_csv(path)
    assert [column.dtype.kind for column in found.values()] == ["i", "f", "O", "O"]
    assert found["d"].tolist() == [None, None]


@pytest.mark.parametrize(
    ("text", "fact"),
    [("a,b\n1,2\n3\n", "Line 3 of .* has 1 fields"), ("a,a\n1,2\n", "two columns called 'a'"),
     ("a,b\n", "has no rows"), ("", "has no rows")],
)  # fmt: skip
def test_a_broken_csv_file_is_told(tmp_path, text, fact):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=fact):
        read_csv(path)


def test_tables_are_frames_dicts_and_files(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], 3: ["x", None]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    for table in (frame, dict(frame.items()), str(tmp_path / "t.csv")):
        columns = {str(name): column for name, column in columns_of(table).items()}
        assert list(columns) == ["a", "3"] and entries_of(columns["a"]).tolist() == [1, 2]
    with pytest.raises(ValueError, match="got a list"):
        columns_of([1])
    with pytest.raises(ValueError, match="two columns called 'a'"):
        columns_of(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {"a": [1, None], "b": ["x", None], "d": [datetime.date(2024, 2, 29), None]},
    ).with_columns(polars.col("b").cast(polars.Categorical).alias("c"))
    columns = columns_of(frame)
    np.testing.assert_array_equal(as_numbers(columns["a"]), [1, NAN])
    assert as_texts(columns["b"]).tolist() == as_texts(columns["c"]).tolist() == ["x", ""]
    assert as_dates(columns["d"]).tolist()[1] is None


# -- layers ----------------------------------------------------------------------------------------


def with_gaps(seed=0, shape=(40, 3)):
    random = np.random.default_rng(seed)
    data = random.normal(size=shape) * 10
    data[random.random(shape) < 0.3] = NAN
    return data


@pytest.mark.parametrize("strategy", ["median", "mean", "constant"])
def test_imputation_is_that_of_scikit_learn(strategy, backend):
    fill = -1.0 if strategy == "constant" else None
    train, test = with_gaps(0), with_gaps(1)
    layer = Imputation(strategy, fill_value=fill)
    theirs = SimpleImputer(strategy=strategy, fill_value=fill).fit(train)
    if strategy != "constant":
        layer.adapt([train[:25], train[25:]])
    np.testing.assert_allclose(array(layer(test)), theirs.transform(test), rtol=1e-5)
    indicated = SklearnIndicator(features="all").fit_transform(test)
    np.testing.assert_array_equal(array(MissingIndicator()(test)), indicated)


NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)  # torch may have turned them off


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), NUMBERS), min_size=1, max_size=30))
def test_no_gap_is_left(values):
    layer = Imputation("constant", fill_value=7.0)
    with kerata.use_backend("numpy"):
        found, gaps = array(layer(values)), array(MissingIndicator()(values))
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(gaps == 1, [value is None for value in values])
    known = np.float32([value for value in values if value is not None])
    np.testing.assert_array_equal(found[gaps == 0], known)


def test_imputation_of_text_and_infinite_numbers(backend):
    fill = Imputation("constant", fill_value="none")
    assert fill(["a", None, NAN, ""]).tolist() == ["a", "none", "none", "none"]
    assert array(Imputation("constant", fill_value=0)([1.0, np.inf, -np.inf])).tolist() == [1, 0, 0]
    assert array(MissingIndicator()(["a", None])).tolist() == [0, 1]


def test_dates_are_placed_in_their_cycles(backend):
    dates = pd.Series(pd.date_range("2019-12-28", periods=900, freq="13h"))
    layer = DateEncoding()
    layer.adapt(dates)
    found = array(layer(dates))
    days = (dates - pd.Timestamp(0)) / pd.Timedelta(days=1)
    np.testing.assert_allclose(found[:, 0], (days - days.mean()) / days.std(ddof=0), atol=1e-4)
    hours = dates.dt.hour / 24
    np.testing.assert_allclose(found[:, 1], np.sin(2 * np.pi * hours), atol=1e-4)
    np.testing.assert_allclose(found[:, 2], np.cos(2 * np.pi * hours), atol=1e-4)
    np.testing.assert_allclose(np.hypot(found[:, 3], found[:, 4]), 1, atol=1e-5)
    week = np.arctan2(found[:, 3], found[:, 4])
    places = dates.dt.day_of_week + hours
    same = places == places[0]
    assert same.sum() > 3 and np.ptp(week[same]) < 1e-4
    texts = dates.dt.strftime("%Y-%m-%d %H:%M").tolist()
    np.testing.assert_array_equal(array(layer(texts)), found)
    assert not array(layer([None, ""])).any()


@pytest.mark.parametrize(
    "layer",
    [
        Imputation("median", fill_value=[1.0, 2.0]),
        Imputation("constant", fill_value="?"),
        MissingIndicator(),
        DateEncoding(["week"], mean=19_000.0, deviation=2.5),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_configurations_hold_what_was_learned(layer):
    config = kerata.layers.serialize(layer)
    again = kerata.layers.deserialize(config)
    assert again.get_config() == layer.get_config()
    data = [["2024-02-29"], [""]] if isinstance(layer, DateEncoding) else [[None, 3.0]]
    np.testing.assert_array_equal(array(again(data)), array(layer(data)))


@pytest.mark.parametrize(
    ("call", "fact"),
    [
        (lambda: Imputation("mode"), "strategy='mode'; expected 'median'"),
        (lambda: Imputation("constant"), "needs a `fill_value`"),
        (lambda: Imputation("mean", fill_value="a"), "Text has no mean"),
        (lambda: Imputation()([1.0]), "call `adapt\\(data\\)` first"),
        (lambda: Imputation("constant", fill_value=0).adapt([1.0]), "was given its `fill_value`"),
        (lambda: Imputation().adapt([[1.0, None], [2.0, None]]), "no numbers at position 1"),
        (lambda: DateEncoding(["month"]), "expected some of"),
        (lambda: DateEncoding(mean=1.0), "together"),
        (lambda: DateEncoding()(["2024-01-01"]), "call `adapt\\(dates\\)` first"),
        (lambda: DateEncoding().adapt([None, None]), "hold no dates"),
    ],
)
def test_mistakes(call, fact):
    with pytest.raises(ValueError, match=fact):
        call()


# -- FeatureSpace ----------------------------------------------------------------------------------

TABLE = {
    "age": [20.0, None, 40.0, 30.0],
    "size": [1, 2, 3, 4],
    "port": ["S", None, "C", "S"],
    "rank": [1, None, 3, 1],
    "when": ["2024-01-01", "", "2024-03-01", "2024-02-01"],
    "bin": [1.0, 2.0, 3.0, None],
}


def adapted(table=TABLE, **options):
    kinds = {
        "age": "float_normalized",
        "size": "float_rescaled",
        "port": "string_categorical",
        "rank": "integer_categorical",
        "when": FeatureSpace.date(["year"], name="when"),
        "bin": FeatureSpace.float_discretized(2, name="bin"),
    }
    space = FeatureSpace(kinds, **options)
    space.adapt(table)
    return space


def sources(tmp_path):
    frame = pd.DataFrame(TABLE)
    frame.to_csv(tmp_path / "table.csv", index=False)
    return {
        "dict": TABLE,
        "frame": frame,
        "nullable": frame.convert_dtypes(),
        "file": tmp_path / "table.csv",
        "rows": frame.to_dict("records"),
        "data set": kerata.data.Dataset(frame.astype(object).to_dict("records")),
    }


def test_every_source_with_gaps(tmp_path, backend):
    expected = None
    for name, source in sources(tmp_path).items():
        space = adapted(source, output_mode="dict")
        found = {key: array(value) for key, value in space(TABLE).items()}
        expected = expected or found
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, atol=1e-6, err_msg=f"{name}: {key}")
        if name in ("frame", "nullable", "file"):
            for key, value in space(source).items():
                np.testing.assert_allclose(array(value), expected[key], atol=1e-6)
    # Median 30 in place of the gap; mean 30, and variance 50, are then of all four.
    np.testing.assert_allclose(expected["age"].ravel() * 50**0.5, [-10, 0, 10, 0], atol=1e-5)
    assert expected["age_is_missing"].ravel().tolist() == [0, 1, 0, 0]
    assert expected["port"].tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]
    assert expected["rank"].argmax(1).tolist()[0] == expected["rank"].argmax(1).tolist()[3]
    assert expected["when"].shape == (4, 3) and not expected["when"][1].any()
    assert expected["bin_is_missing"].ravel().tolist() == [0, 0, 0, 1]
    assert "size_is_missing" not in expected and "port_is_missing" not in expected


def test_unseen_categories_share_the_first_place(backend):
    found = adapted(output_mode="dict")({**TABLE, "port": ["X", None, "Y", "S"]})
    assert array(found["port"]).argmax(1).tolist()[:3] == [0, 3, 0]
    whole = {**TABLE, "port": ["S", "C", "C", "S"], "age": [1.0, 2.0, 3.0, 4.0]}
    late = adapted(whole, output_mode="dict")({**TABLE, "age": [None, 1.0, 2.0, 3.0]})
    assert array(late["port"]).argmax(1).tolist()[1] == 0  # a gap is unseen as well
    assert "age_is_missing" not in late and np.isnan(array(late["age"])[0]).all()


def test_learning_again_forgets_the_gaps(backend):
    space = adapted(output_mode="dict")
    whole = {name: [entry or column[0] for entry in column] for name, column in TABLE.items()}
    space.adapt(whole)
    fresh = adapted(whole, output_mode="dict")
    for key, value in fresh(whole).items():
        np.testing.assert_array_equal(array(space(whole)[key]), array(value))
    assert set(space(whole)) == set(fresh(whole)) == set(TABLE)


def test_a_feature_may_say_how_gaps_are_filled(backend):
    layer, fill = kerata.layers.Rescaling(2.0), Imputation("mean")
    space = FeatureSpace({"a": FeatureSpace.feature("float32", layer, "float", fill, True)})
    with pytest.raises(ValueError, match="has columns to learn"):
        space({"a": [1.0]})
    space.adapt({"a": [1.0, None, 5.0]})
    assert array(space({"a": [None, 4.0]})).tolist() == [[6, 1], [8, 0]]


def test_models_and_files_take_rows_with_gaps(tmp_path, training_backend):
    space = adapted()
    inputs, encoded = space.get_inputs(), space.get_encoded_features()
    model = kerata.Model(inputs, kerata.layers.Dense(1)(encoded))
    model.compile("sgd", "mse")
    model.fit(TABLE, np.zeros(4), verbose=0)
    expected = model.predict(TABLE, verbose=0)
    whole = array(model.layers[-1](space(TABLE)))
    np.testing.assert_allclose(expected, whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(array(model(TABLE)), expected, rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "model.keras")
    space.save(tmp_path / "space.keras")
    again = kerata.saving.load_model(tmp_path / "model.keras")
    frame = pd.DataFrame(TABLE).assign(other=pd.Timestamp(0))
    as_text = frame[["age", "rank"]].astype(str).to_dict("list")
    for rows in (TABLE, frame, frame.convert_dtypes(), {**TABLE, **as_text}):
        np.testing.assert_array_equal(again.predict(rows, verbose=0), expected)
    loaded = kerata.saving.load_model(tmp_path / "space.keras")
    np.testing.assert_array_equal(array(loaded(TABLE)), array(space(TABLE)))
    loaded.adapt(TABLE)
    np.testing.assert_array_equal(array(loaded(TABLE)), array(space(TABLE)))


def test_column_names_of_all_kinds(tmp_path):
    table = {"km/h": [1.0, None, 3.0], "a": ["x", None, "y"], "km/h_is_missing": [1.0, 0.0, 1.0]}
    space = FeatureSpace(
        {"km/h": "float_normalized", "a": "string_categorical", "km/h_is_missing": "float"}
    )
    space.adapt(table)
    model = kerata.Model(space.get_inputs(), space.get_encoded_features())
    assert model.output_shape == (None, 2 + 4 + 1)
    model.save(tmp_path / "names.keras")
    again = kerata.saving.load_model(tmp_path / "names.keras")
    np.testing.assert_array_equal(again.predict(table, verbose=0), array(space(table)))


def test_a_column_that_is_no_number_is_told():
    space = FeatureSpace({"a": "float_normalized"})
    with pytest.raises(ValueError, match="column 'a' is float32: Row 1 holds a str 'x'"):
        space.adapt({"a": ["1", "x"]})
    space.adapt({"a": [1.0, None]})
    model = kerata.Model(space.get_inputs(), space.get_encoded_features())
    with pytest.raises(ValueError, match="input 'a' takes numbers. Row 1 holds a str 'x'"):
        model.predict({"a": ["1", "x"]}, verbose=0)
