"""Tables: what is found in columns, what is made of them, and models that take raw rows."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import kerata
from kerata import layers
from kerata.data import from_dataframe

DATA = pathlib.Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the data are not beside the project")


def array(value) -> np.ndarray:
    return np.asarray(kerata.ops.convert_to_numpy(value))


def passengers(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """Rows of all kinds of columns, from which `lived` can be told."""
    random = np.random.default_rng(seed)
    sex = random.choice(["female", "male"], rows)
    age = np.where(random.random(rows) < 0.2, np.nan, random.uniform(1, 80, rows))
    lived = (sex == "female") ^ (random.random(rows) < 0.05)
    return pd.DataFrame(
        {
            "PassengerId": np.arange(rows),
            "sex": sex,
            "age": age,
            "class": random.integers(1, 4, rows),
            "port": random.choice(["S", "C", "Q", None], rows, p=[0.5, 0.2, 0.2, 0.1]),
            "name": [f"Mr {i} of the house of {i % 7}" for i in range(rows)],
            "cabin": [f"C{i}" if random.random() < 0.3 else None for i in range(rows)],
            "boarded": pd.date_range("1912-04-01", periods=rows, freq="7h"),
            "ship": "Titanic",
            "note": np.nan,
            "lived": np.where(lived, "yes", "no"),
        }
    )


def network(units: int = 1, activation: str | None = "sigmoid") -> list:
    return [layers.Dense(16, activation="relu"), layers.Dense(units, activation=activation)]


# -- finding out -----------------------------------------------------------------------------------


def test_what_is_found_and_made_of_it():
    table = from_dataframe(passengers(), "lived")
    kinds = {name: column.kind for name, column in table.columns.items()}
    assert kinds == {
        "PassengerId": None,
        "sex": "category",
        "age": "number",
        "class": "category",
        "port": "category",
        "name": None,
        "cabin": "missing",
        "boarded": "date",
        "ship": None,
        "note": None,
    }
    assert (table.task, table.classes) == ("classification", ["no", "yes"])
    assert [len(part.y) for part in (table.train, table.validation)] == [240, 60]
    # sex 2, class 3, port 3 and missing, each with a place for others; age and whether it is
    # missing; whether there is a cabin; the date in time, day, week and year
    assert table.features.shape == (None, 3 + 4 + 5 + 2 + 1 + 7)
    uses = {name: column.use for name, column in table.columns.items()}
    assert "identifier" in uses["PassengerId"] and "free text" in uses["name"]
    assert uses["ship"] == "the same value everywhere" and uses["note"] == "no values"
    assert uses["port"] == "one-hot of 3 categories, and of missing"
    assert "identifier" in uses["cabin"] and "only whether it is missing" in uses["cabin"]


def test_the_report_says_all_of_it():
    text = str(from_dataframe(passengers(), "lived"))
    for fact in (
        "classification of 'lived': 2 classes",
        "240 rows to train on, 60 to validate with (the same share of each class)",
        "22 features made of 6 columns; 4 left out",
        "left out: identifier: 240 different numbers",
        "hold the latest rows back yourself",
    ):
        assert fact in " ".join(text.split()), text
    assert "\x1b" not in text and max(map(len, text.splitlines())) <= 100


def test_the_report_is_a_table_of_rich():
    from rich.console import Console

    console = Console(width=120, record=True, file=open(os.devnull, "w"))
    console.print(from_dataframe(passengers(), "lived"))
    assert "what is made of it" in console.export_text()


@pytest.mark.parametrize(
    ("values", "kind", "fact"),
    [
        (np.arange(100) + 7, None, "identifier"),
        (np.random.default_rng(0).permutation(100) * 1.5, "number", "scaled"),
        (np.arange(100) % 4, "category", "4 categories"),
        (np.arange(100) % 30, "number", "scaled"),
        ([f"{i}" for i in range(50)] * 2, "number", "scaled"),
        ([f"{i / 7:.2f}" if i % 3 else "?" for i in range(100)], "number", "a column for them"),
        ([f"u{i}" for i in range(100)], None, "identifier: 90 different values"),
        (["a b c d e", "f g h i"] + [f"the {i} of all" for i in range(98)], None, "free text"),
        ([True, False] * 50, "category", "2 categories"),
        ([True, None] * 50, "missing", "same value everywhere"),
        (["2024-01-01", "2024-02-01"] * 50, "date", "week, year"),
        (pd.to_timedelta(np.arange(100) ** 2, unit="min"), "number", "scaled"),
        (pd.Categorical(np.arange(100) % 40), "category", "40 categories"),
        ([[1]] * 100, None, "holds a list"),
        ([None] * 100, None, "no values"),
        ([1.0, np.inf] * 50, "missing", "same value everywhere"),
    ],
)
def test_kinds_of_columns(values, kind, fact):
    frame = pd.DataFrame({"column": values, "other": np.arange(100) % 3, "y": np.arange(100) % 2})
    column = from_dataframe(frame, "y", validation_split=0.1).columns["column"]
    assert column.kind == kind and fact in column.use


def test_names_tell_identifiers():
    odd = np.random.default_rng(0).choice(10**6, 100, replace=False)
    frame = pd.DataFrame({"user_id": odd, "paid": odd, "z": np.arange(100) % 3, "y": odd % 2})
    columns = from_dataframe(frame, "y").columns
    assert columns["user_id"].kind is None and columns["paid"].kind == "number"


def test_kinds_may_be_said():
    said = {"class": "number", "name": "missing", "cabin": None, "sex": "category"}
    table = from_dataframe(passengers(), "lived", kinds=said)
    assert {name: table.columns[name].kind for name in said} == said
    assert table.columns["cabin"].use == "you said so"


def test_everything_is_learned_from_the_rows_to_train_on():
    frame = passengers()
    table = from_dataframe(frame, "lived", seed=3)
    again = from_dataframe(frame, "lived", seed=3)
    np.testing.assert_array_equal(table.validation.x["age"], again.validation.x["age"])
    train, held_back = (part.x["age"] for part in (table.train, table.validation))
    other = from_dataframe(frame, "lived", seed=4)
    assert not np.array_equal(other.validation.x["age"], held_back, equal_nan=True)
    assert sorted(np.nan_to_num(np.concatenate([train, held_back]))) == sorted(
        np.nan_to_num(frame["age"])
    )
    filled = np.where(np.isnan(train), np.nanmedian(train), train)
    names = [n for n, column in sorted(table.columns.items()) if column.kind]
    prepared = array(table.preprocessing(table.validation.x))[:, names.index("age")]
    expected = np.where(np.isnan(held_back), np.nanmedian(train), held_back)
    np.testing.assert_allclose(prepared, (expected - filled.mean()) / filled.std(), atol=1e-4)


def test_each_class_has_its_share_on_both_sides():
    frame = pd.DataFrame({"a": np.arange(1000) * 0.1, "y": ["rare"] * 20 + ["often"] * 980})
    table = from_dataframe(frame, "y")
    assert [int((part.y == 1).sum()) for part in (table.train, table.validation)] == [16, 4]
    assert "The class 'rare' is rare" in str(table)


def test_unseen_categories_count_only_where_rare_ones_taught_it():
    frame = pd.DataFrame(
        {
            "even": ["a", "b"] * 300,
            "odd": ["a", "b", "c"] * 198 + [f"r{i}" for i in range(6)],
            "y": [0, 1] * 300,
        }
    )
    table = from_dataframe(frame, "y", validation_split=0)
    assert table.columns["odd"].use == "one-hot of 3 categories; 6 rare: taken as unseen"
    new = array(table.preprocessing({"even": ["a", "new"], "odd": ["a", "new"]}))
    assert new.tolist() == [[0, 1, 0, 0, 1, 0, 0], [0, 0, 0, 1, 0, 0, 0]]


# -- training --------------------------------------------------------------------------------------


def test_a_model_in_a_few_lines(training_backend, tmp_path):
    frame = passengers()
    table = from_dataframe(frame, "lived")
    model = table.model(network(), optimizer=kerata.optimizers.Adam(0.02))
    model.fit(table.train, validation_data=table.validation, epochs=6, verbose=0)
    assert model.evaluate(table.validation, verbose=0)[1] > 0.8
    other = passengers(100, seed=1)
    assert model.evaluate(table.examples(other), verbose=0)[1] > 0.8
    expected = model.predict(other, verbose=0)
    model.save(tmp_path / "model.keras")
    again = kerata.saving.load_model(tmp_path / "model.keras")
    other.to_csv(tmp_path / "other.csv")
    for rows in (
        other,
        other.convert_dtypes(),
        other.to_dict("list"),
        other.drop(columns=["lived", "note", "name"]),
        kerata.data.read_csv(tmp_path / "other.csv"),
    ):
        np.testing.assert_array_equal(again.predict(rows, verbose=0), expected)
    np.testing.assert_array_equal(again.predict(table.examples(other), verbose=0), expected)
    once = {name: column[:1] for name, column in other.to_dict("list").items()}
    np.testing.assert_allclose(again.predict(once, verbose=0), expected[:1], atol=1e-6)
    np.testing.assert_allclose(array(again(once)), expected[:1], atol=1e-6)


FRESH = """
import json, sys, kerata
rows = json.load(sys.stdin)
model = kerata.saving.load_model(sys.argv[1])
json.dump(model.predict(rows, verbose=0).ravel().tolist(), sys.stdout)
"""


def test_a_new_process_predicts_the_same(training_backend, tmp_path):
    table = from_dataframe(passengers(), "lived")
    model = table.model(network())
    model.fit(table.train, verbose=0)
    model.save(tmp_path / "model.keras")
    rows = passengers(20, seed=2).astype(object).replace({np.nan: None})
    rows.loc[3, "port"], rows.loc[4, "sex"], rows.loc[5, "boarded"] = "X", None, None
    raw = {n: [str(v) if n == "boarded" else v for v in c] for n, c in rows.to_dict("list").items()}
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(tmp_path / "model.keras")],
        input=json.dumps(raw),
        env={**os.environ, "KERATA_BACKEND": training_backend},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    expected = model.predict(raw, verbose=0).ravel()
    np.testing.assert_array_equal(np.float32(json.loads(done.stdout)), expected)


def test_several_classes_and_a_network_as_a_function(training_backend):
    random = np.random.default_rng(0)
    x = random.normal(size=300)
    frame = pd.DataFrame({"x": x, "y": np.array([3, 5, 8])[np.digitize(x, [-0.5, 0.5])]})
    table = from_dataframe(frame, "y")
    assert table.classes == [3, 5, 8] and set(table.train.y) == {0, 1, 2}

    def branches(features):
        wide = layers.Dense(16, activation="tanh")(features)
        return layers.Dense(3, activation="softmax")(layers.concatenate([features, wide]))

    model = table.model(branches, optimizer=kerata.optimizers.Adam(0.05))
    history = model.fit(table.train, epochs=15, class_weight="balanced", verbose=0)
    assert history.history["accuracy"][-1] > 0.85


def test_a_regression_is_in_units_of_its_target(training_backend):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"size": random.uniform(20, 200, 400), "city": ["A", "B"] * 200})
    frame["price"] = 50_000 + 3000 * frame["size"] + 100_000 * (frame["city"] == "A")
    table = from_dataframe(frame, "price")
    assert table.task == "regression" and table.classes == []
    model = table.model([layers.Dense(1)], optimizer=kerata.optimizers.Adam(0.1))
    start = model.evaluate(table.validation, verbose=0)[1]
    model.fit(table.train, epochs=20, verbose=0)
    error = model.evaluate(table.validation, verbose=0)[1]
    assert error < 0.05 * start and error < 0.05 * frame["price"].std()
    predicted = model.predict(frame, verbose=0).ravel()
    np.testing.assert_allclose(predicted.mean(), frame["price"].mean(), rtol=0.03)


def test_rows_without_a_target_are_left_out():
    frame = passengers()
    frame.loc[frame.index[:30], "lived"] = None
    table = from_dataframe(frame, "lived")
    assert len(table.train.y) + len(table.validation.y) == 270
    assert "30 left out, as their 'lived' is missing" in " ".join(str(table).split())
    assert len(table.examples(frame).y) == 270


@needs_data
def test_a_file_and_its_frame_give_the_same():
    path = DATA / "titanic" / "train.csv"
    one, two = (from_dataframe(source, "Survived") for source in (path, pd.read_csv(path)))
    assert str(one) == str(two)
    for name, column in one.train.x.items():
        np.testing.assert_array_equal(column, two.train.x[name])


@needs_data
def test_houses_of_california():
    frame = pd.read_csv(DATA / "housing" / "california_housing.csv").sample(2000, random_state=0)
    table = from_dataframe(frame, "median_house_value")
    assert table.task == "regression"
    assert table.columns["ocean_proximity"].kind == "category"
    model = table.model(
        [layers.Dense(32, activation="relu"), layers.Dense(1)],
        optimizer=kerata.optimizers.Adam(0.01),
    )
    model.fit(table.train, epochs=15, verbose=0)
    mae = model.evaluate(table.validation, verbose=0)[1]
    guess = np.abs(table.validation.y - table.train.y.mean()).mean()
    assert mae < 0.65 * guess


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    frame = passengers()
    other = polars.DataFrame(frame.astype(object).replace({np.nan: None}).to_dict("list"))
    mine, theirs = from_dataframe(other, "lived"), from_dataframe(frame, "lived")
    assert str(mine) == str(theirs)
    model = mine.model(network())
    np.testing.assert_array_equal(
        model.predict(other, verbose=0), model.predict(frame, verbose=0)
    )


# -- mistakes --------------------------------------------------------------------------------------


def refused(**arguments):
    from_dataframe(passengers(), **{"target": "lived", **arguments})


@pytest.mark.parametrize(
    ("call", "fact"),
    [
        (lambda: refused(target="live"), "Did you mean 'lived'"),
        (lambda: refused(kinds={"agee": None}), "Did you mean 'age'"),
        (lambda: refused(kinds={"age": "numeric"}), "expected one of .'number'"),
        (lambda: refused(task="rank"), "task='rank'"),
        (lambda: refused(validation_split=1.5), "validation_split=1.5"),
        (lambda: refused(target="note"), "has no values"),
        (lambda: refused(target="ship"), "has one value"),
        (lambda: refused(target="name"), "300 different values in 300 rows"),
        (lambda: refused(target="boarded"), "holds dates from 1912-04-01"),
        (lambda: refused(task="regression"), "is to be a number. Row 0 holds a str '(yes|no)'"),
        (lambda: refused(kinds={"sex": "number"}), "'sex' is used as a number. Row 0"),
        (lambda: from_dataframe({"a": [1, 2], "y": [1]}, "y"), "'y' has 1 rows, 'a' has 2"),
        (lambda: from_dataframe({"a": [1, 1], "y": [0, 1]}, "y"), "No column is left"),
        (lambda: from_dataframe([1], "y"), "path of a CSV file"),
        (lambda: from_dataframe(passengers(), "lived").model(network(3)), "end in Dense.1, activ"),
        (
            lambda: from_dataframe(passengers(), "age").model(network(2, None)),
            "is a number: let it end in Dense.1.",
        ),
        (
            lambda: from_dataframe(passengers(), "class").model(network(4, "softmax")),
            "has 3 classes: let it end in Dense.3, activation='softmax'",
        ),
        (
            lambda: from_dataframe(passengers(), "lived").examples(passengers()[["sex", "lived"]]),
            "There is no column",
        ),
        (
            lambda: from_dataframe(passengers(), "lived").examples(
                passengers().replace({"yes": "perhaps"})
            ),
            "class 'perhaps' that was not there",
        ),
    ],
)
def test_mistakes_are_told(call, fact):
    with pytest.raises(ValueError, match=fact):
        call()
