"""Models on raw rows: text and integers are prepared on the host, numbers trained on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import kerata
from kerata import layers

ROWS = 60


def passengers(rows: int = ROWS, seed: int = 0) -> dict[str, np.ndarray]:
    """Rows like those of the Titanic's passengers."""
    rng = np.random.default_rng(seed)
    return {
        "sex": rng.choice(["female", "male"], rows).astype(object),
        "port": rng.choice(["S", "C", "Q", ""], rows),
        "class": rng.integers(1, 4, rows),
        "age": rng.uniform(1, 80, rows).astype("float32"),
        "name": np.array([f"Mr. {rng.choice(list('ABC'))}. Smith" for _ in range(rows)], object),
    }


def survived(data: dict[str, np.ndarray]) -> np.ndarray:
    return ((data["sex"] == "female") | (data["class"] == 1)).astype("float32")


def passenger_model(data: dict[str, np.ndarray]) -> kerata.Model:
    """A model that takes the rows as they are, with each kind of preprocessing layer."""
    texts = {key: kerata.Input((1,), dtype="string", name=key) for key in ("sex", "port", "name")}
    inputs = {
        **texts,
        "class": kerata.Input((1,), dtype="int64", name="class"),
        "age": kerata.Input((1,), name="age"),
    }
    sex = layers.StringLookup(output_mode="one_hot", name="sex_lookup")
    port = layers.StringLookup(mask_token="", name="port_lookup")
    name = layers.TextVectorization(output_mode="multi_hot", name="name_tokens")
    bins = layers.Discretization(num_bins=4, name="age_bins")
    scale = layers.Normalization(name="age_scale")
    rank = layers.IntegerLookup(output_mode="one_hot", name="class_lookup")
    for layer, key in ((sex, "sex"), (port, "port"), (name, "name"), (rank, "class")):
        layer.adapt(data[key])
    for layer in (bins, scale):
        layer.adapt(data["age"][:, None])
    age_bin = bins(inputs["age"])
    crossed = layers.HashedCrossing(8, output_mode="one_hot")([inputs["sex"], age_bin])
    features = layers.Concatenate()([
        sex(inputs["sex"]),
        layers.Flatten()(layers.Embedding(6, 2)(port(inputs["port"]))),
        name(inputs["name"]),
        rank(inputs["class"]),
        scale(inputs["age"]),
        layers.Hashing(4, output_mode="one_hot")(inputs["class"]),
        crossed,
    ])
    hidden = layers.Dense(8, activation="relu")(features)
    return kerata.Model(inputs, layers.Dense(1, activation="sigmoid")(hidden))


def array(value) -> np.ndarray:
    return np.asarray(kerata.ops.convert_to_numpy(value))


def test_a_model_on_raw_rows_learns_and_is_saved(training_backend, tmp_path):
    data = passengers()
    y = survived(data)
    model = passenger_model(data)
    model.compile(kerata.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(data, y, epochs=15, validation_split=0.2, verbose=0)
    assert history.history["accuracy"][-1] > 0.9
    loss, accuracy = model.evaluate(data, y, verbose=0)
    assert accuracy > 0.85

    predicted = model.predict(data, verbose=0)
    np.testing.assert_allclose(array(model(data)), predicted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(data), predicted, rtol=1e-5, atol=1e-6)
    new = passengers(7, seed=1)
    new["sex"][0], new["port"][1], new["class"][2] = "other", "X", 9

    path = tmp_path / "model.keras"
    model.save(path)
    again = kerata.saving.load_model(path)
    np.testing.assert_array_equal(again.predict(new, verbose=0), model.predict(new, verbose=0))
    again.fit(data, y, verbose=0)
    names = zipfile.ZipFile(path).namelist()
    assert "assets/layers/string_lookup/vocabulary.txt" in names
    assert "assets/layers/text_vectorization/_lookup_layer/vocabulary.txt" in names


def test_every_source_of_rows(training_backend):
    import pandas

    data = passengers(12)
    y = survived(data)
    model = passenger_model(data)
    model.compile("sgd", "binary_crossentropy")
    expected = model.predict(data, verbose=0)

    def close(source):
        np.testing.assert_allclose(model.predict(source, verbose=0), expected, rtol=1e-5, atol=1e-6)

    close(dict(pandas.DataFrame(data)))
    close({key: value[:, None] for key, value in data.items()})
    close({key: value.tolist() for key, value in data.items()})
    close({**data, "sex": np.array([text.encode() for text in data["sex"]], object)})

    def batches():
        for start in range(0, 12, 5):
            part = slice(start, start + 5)
            yield {key: value[part] for key, value in data.items()}, y[part]

    close(batches)
    model.fit(batches, epochs=2, verbose=0)
    model.fit(data, y, batch_size=5, verbose=0, class_weight={0: 1.0, 1: 2.0})
    model.train_on_batch(data, y)
    model.test_on_batch(data, y)


def test_text_is_found_missing_or_of_the_wrong_kind():
    data = passengers(8)
    model = passenger_model(data)
    with pytest.raises(ValueError, match="row 3 a value is missing"):
        model.predict({**data, "sex": np.array(["a", "b", "c", None], object)}, verbose=0)
    with pytest.raises(ValueError, match="'age' of the model takes float32, got string"):
        model.predict({**data, "age": data["sex"]}, verbose=0)
    with pytest.raises(ValueError, match="'sex' of the model takes string, got float32"):
        model.predict({**data, "sex": data["age"]}, verbose=0)
    with pytest.raises(ValueError, match="which the data lack"):
        model.predict({"sex": data["sex"]}, verbose=0)
    with pytest.raises(ValueError, match="number of samples differs"):
        model.predict({**data, "age": data["age"][:3]}, verbose=0)


def test_frames_are_taken_by_columns(training_backend):
    import pandas

    data = passengers(12)
    frame = pandas.DataFrame(data).assign(other=pandas.Timestamp(0), notes="not for the model")
    model = passenger_model(data)
    model.compile("sgd", "binary_crossentropy")
    expected = model.predict(data, verbose=0)
    np.testing.assert_array_equal(model.predict(frame, verbose=0), expected)
    np.testing.assert_array_equal(model.predict_on_batch(frame), expected)
    np.testing.assert_allclose(array(model(frame)), expected, rtol=1e-5, atol=1e-6)
    model.fit(frame, survived(data), validation_split=0.25, verbose=0)
    with pytest.raises(ValueError, match="which the data lack"):
        model.predict(frame.drop(columns="sex"), verbose=0)
    numbers = kerata.Input((1,), name="age"), kerata.Input((1,), name="class")
    summed = kerata.Model(numbers, layers.Add()(numbers))
    np.testing.assert_allclose(
        summed.predict(frame, verbose=0)[:, 0], frame["age"] + frame["class"], rtol=1e-6
    )


def test_rows_are_prepared_once_if_they_are_small(training_backend, monkeypatch):
    """Batches of the second pass are slices of what was prepared at once; nothing else changes."""
    data = passengers()
    y = survived(data)
    models = [passenger_model(data) for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    prepared = []
    for model, most in zip(models, (1 << 28, 0), strict=True):
        monkeypatch.setattr("kerata.training.data.prepared.KEPT_BYTES", most)
        rows = []

        def counted(x, prepare=model.host_part.prepare, rows=rows):
            rows.append(len(x["age"]))
            return prepare(x)

        monkeypatch.setattr(model.host_part, "prepare", counted)
        model.compile("sgd", "binary_crossentropy")
        kerata.utils.set_random_seed(3)
        model.fit(data, y, batch_size=7, epochs=4, validation_data=(data, y), verbose=0)
        prepared.append(sum(rows))
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, other)
    assert prepared[0] < 2 * 3 * ROWS < 2 * 4 * ROWS <= prepared[1]


def text_model(*rest, **options) -> kerata.Sequential:
    vectorize = layers.TextVectorization(
        vocabulary=["good", "bad"], output_sequence_length=4, **options
    )
    return kerata.Sequential([kerata.Input((1,), dtype="string"), vectorize, *rest])


TEXTS = ["good day", "a bad one", "good good"]


def test_only_the_host_computes_a_model_of_preprocessing(backend):
    model = text_model()
    expected = [[2, 1, 0, 0], [1, 3, 1, 0], [2, 2, 0, 0]]
    assert model.predict(TEXTS, verbose=0).tolist() == expected
    assert array(model(TEXTS)).tolist() == expected
    assert array(model(np.array(TEXTS)[:, None])).tolist() == expected


def test_models_inside_of_models_are_laid_open(backend):
    inner = text_model(layers.Embedding(4, 3), layers.GlobalAveragePooling1D())
    text = kerata.Input((1,), dtype="string")
    number = kerata.Input((2,))
    first, second = inner(text), inner(kerata.layers.Identity()(text))
    output = layers.Concatenate()([first, second, layers.Dense(2)(number)])
    outer = kerata.Model([text, number], {"all": output, "first": first})
    x = [np.array(TEXTS), np.ones((3, 2), "float32")]
    predicted = outer.predict(x, verbose=0)
    direct = outer(x)
    for key in ("all", "first"):
        np.testing.assert_allclose(predicted[key], array(direct[key]), rtol=1e-5)
    np.testing.assert_allclose(predicted["first"], inner.predict(TEXTS, verbose=0), rtol=1e-5)


def test_without_an_input_the_data_tell_that_it_is_text(training_backend):
    model = kerata.Sequential([
        layers.TextVectorization(vocabulary=["good", "bad"], output_mode="count"),
        layers.Dense(1),
    ])
    model.compile("sgd", "mse")
    model.fit(TEXTS, np.zeros(3), verbose=0)
    assert model.predict(TEXTS, verbose=0).shape == (3, 1)


def test_a_step_of_ones_own_and_line_by_line(training_backend):
    class Own(kerata.Model):
        def train_step(self, data):
            x, y = data
            with kerata.GradientTape() as tape:
                loss = kerata.ops.mean((self(x, training=True)[:, 0] - y) ** 2)
            variables = self.trainable_variables
            gradients = tape.gradient(loss, variables)
            self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
            return {"loss": loss}

    inner = text_model(layers.Embedding(4, 3), layers.Flatten(), layers.Dense(1))
    losses = []
    for eagerly in (False, True):
        inner.set_weights([np.full(w.shape, 0.1) for w in inner.get_weights()])
        model = Own(inner.input, inner.output)
        model.compile("sgd", run_eagerly=eagerly)
        x, y = np.array(TEXTS), np.arange(3.0)
        history = model.fit(x, y, epochs=3, batch_size=2, shuffle=False, verbose=0)
        losses.append(history.history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    assert losses[0][-1] < losses[0][0]


def test_a_free_loop_with_a_tape(training_backend):
    model = text_model(layers.Embedding(4, 3), layers.Flatten(), layers.Dense(1))
    optimizer = kerata.optimizers.SGD(0.1)
    losses = []
    for _ in range(3):
        with kerata.GradientTape() as tape:
            loss = kerata.ops.mean(model(TEXTS) ** 2)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        losses.append(float(array(loss)))
    assert losses[2] < losses[1] < losses[0]


def test_batches_are_as_long_as_their_longest_text(training_backend):
    vectorize = layers.TextVectorization(vocabulary=["good", "bad"])
    model = kerata.Sequential([
        kerata.Input((1,), dtype="string"),
        vectorize,
        layers.Embedding(4, 3),
        layers.GlobalMaxPooling1D(),
        layers.Dense(1),
    ])
    model.compile("sgd", "mse")
    texts = ["good " * (1 + i // 4) for i in range(16)]
    assert not model.host_part.is_row_by_row
    model.fit(texts, np.zeros(16), batch_size=4, epochs=2, verbose=0)
    predicted = model.predict(texts, batch_size=4, verbose=0)
    np.testing.assert_allclose(predicted[-4:], array(model(texts[-4:])), rtol=1e-5, atol=1e-6)


def test_copies_and_summaries(capsys):
    data = passengers(8)
    model = passenger_model(data)
    model.summary()
    assert "port_lookup" in capsys.readouterr().out
    copy = kerata.models.clone_model(model)
    assert copy.get_layer("class_lookup").vocabulary_size() == len(set(data["class"])) + 1
    with pytest.raises(ValueError, match="no vocabulary yet"):
        copy.predict(data, verbose=0)


def test_integers_are_hashed_after_trained_layers(training_backend):
    """Where it cannot come first, a layer for integers is called from the compiled program."""
    x = kerata.Input((3,))
    best = kerata.ops.argmax(layers.Dense(5)(x), axis=-1)
    model = kerata.Model(x, layers.Hashing(4, output_mode="one_hot")(best))
    data = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    np.testing.assert_array_equal(model.predict(data, verbose=0), array(model(data)))


def test_what_is_learned_again_reaches_compiled_models(training_backend):
    lookup, bins = layers.IntegerLookup(), layers.Discretization(num_bins=2)
    lookup.adapt([3, 3, 4])
    bins.adapt([1.0, 3.0])
    x = kerata.Input((1,), dtype="int64")
    model = kerata.Model(x, [lookup(x), bins(x)])
    assert [part.tolist() for part in model.predict(np.array([4]), verbose=0)] == [[[2]], [[1]]]
    lookup.adapt([4, 4, 3])
    bins.adapt([5.0, 9.0])
    assert [part.tolist() for part in model.predict(np.array([4]), verbose=0)] == [[[1]], [[0]]]


def test_ids_of_64_bits_are_looked_up_exactly(backend):
    ids = np.array([2**40, 2**40 + 2**32, 7])
    model = kerata.Sequential([
        kerata.Input((1,), dtype="int64"),
        layers.IntegerLookup(vocabulary=[2**40, 7]),
    ])
    assert model.predict(ids, verbose=0).tolist() == [[1], [0], [2]]
    assert array(model(ids)).tolist() == [[1], [0], [2]]


def test_text_in_a_place_where_it_cannot_be(backend):
    text = kerata.Input((1,), dtype="string", name="text")
    model = kerata.Model(text, layers.Identity(name="same")(text))
    with pytest.raises(ValueError, match="Text reaches 'same'.*from the input 'text'"):
        model.predict(TEXTS, verbose=0)
    numbers = kerata.Input((3,))
    labels = layers.StringLookup(vocabulary=["a", "b"], invert=True)
    best = kerata.ops.argmax(layers.Dense(3)(numbers), axis=-1)
    model = kerata.Model(numbers, labels(best))
    with pytest.raises(ValueError, match="apply the layer to what it gives"):
        model.predict(np.ones((2, 3)), verbose=0)
    assert set(model(np.ones((2, 3)))) <= {"[UNK]", "a", "b"}
    with pytest.raises(ValueError, match="encode it"):
        layers.Dense(2)(text)


KERAS = """
import json, sys
import numpy as np, keras
mode, path = sys.argv[1:]
texts = np.array(["good day", "a bad one", "good good"])
ids = np.array([[3], [4], [5]])
if mode == "write":
    text, number = keras.Input((), dtype="string"), keras.Input((1,), dtype="int64")
    vectorize = keras.layers.TextVectorization(output_mode="tf_idf")
    vectorize.adapt(texts)
    lookup = keras.layers.StringLookup(output_mode="one_hot", num_oov_indices=2)
    lookup.adapt(texts)
    rank = keras.layers.IntegerLookup(output_mode="one_hot")
    rank.adapt(np.array([3, 3, 5]))
    trained = keras.layers.Dense(2)(vectorize(text))
    model = keras.Model([text, number], [trained, lookup(text), rank(number)])
    model.save(path)
else:
    model = keras.saving.load_model(path)
print(json.dumps([np.asarray(part).tolist() for part in model([texts, ids])]))
"""


def in_keras(mode: str, path) -> list[np.ndarray]:
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", KERAS, mode, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [np.array(part) for part in json.loads(done.stdout.splitlines()[-1])]


@pytest.mark.tensorflow
def test_files_of_keras_with_vocabularies_are_read_and_written(tmp_path):
    expected = in_keras("write", tmp_path / "theirs.keras")
    x = [np.array(TEXTS), np.array([3, 4, 5])]
    model = kerata.saving.load_model(tmp_path / "theirs.keras")
    for mine, theirs in zip(model.predict(x, verbose=0), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "ours.keras")
    for back, theirs in zip(in_keras("read", tmp_path / "ours.keras"), expected, strict=True):
        np.testing.assert_allclose(back, theirs, rtol=1e-5)

    def assets(name):
        members = zipfile.ZipFile(tmp_path / name).infolist()
        return {m.filename for m in members if m.filename.startswith("assets") and m.file_size}

    assert assets("ours.keras") == assets("theirs.keras")


def test_tokens_with_line_ends_are_kept(tmp_path):
    lookup = layers.StringLookup()
    lookup.adapt(["two\nlines", "one", "one"])
    model = kerata.Sequential([kerata.Input((1,), dtype="string"), lookup])
    model.save(tmp_path / "model.keras")
    again = kerata.saving.load_model(tmp_path / "model.keras")
    assert again.layers[0].get_vocabulary() == ["[UNK]", "one", "two\nlines"]
    assert again.predict(["two\nlines"], verbose=0).tolist() == [[2]]
