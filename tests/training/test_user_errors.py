"""The mistakes that users make, through the public API: same class and text on every backend."""

import pathlib
import re
import tempfile
import warnings

import numpy as np
import pytest

import kerata
from kerata import callbacks, layers
from kerata.training.program import Program

LABELS = np.arange(64) % 3


def x(*shape):
    return np.zeros(shape, "float32")


def mlp(*tail, width=8, loss="mse", **options):
    shape = width if isinstance(width, tuple) else (width,)
    model = kerata.Sequential([kerata.Input(shape), *(tail or (layers.Dense(3),))])
    model.compile("sgd", loss, **options)
    return model


def softmax(units=3):
    return layers.Dense(units, activation="softmax")


def cnn(units, loss):
    model = kerata.Sequential([kerata.Input((6, 6, 1)), softmax(units)])
    model.compile("sgd", loss)
    return model


def two_outputs():
    inputs = kerata.Input((8,))
    outputs = [layers.Dense(1, name="a")(inputs), layers.Dense(1, name="b")(inputs)]
    model = kerata.Model(inputs, outputs)
    model.compile("sgd", "mse")
    return model


def embedding():
    model = kerata.Sequential(
        [kerata.Input((5,)), layers.Embedding(20, 2), layers.Flatten(), layers.Dense(3)]
    )
    model.compile("sgd", "mse")
    return model


def with_nan():
    array = x(64, 8)
    array[3, 2] = np.nan
    return array


def with_object(entry):
    array = x(64, 8).astype(object)
    array[5, 2] = entry
    return array


def sized():
    """A model with text beside numbers."""
    a = kerata.Input((1,), dtype="string", name="a")
    b = kerata.Input((8,), name="b")
    known = layers.StringLookup(vocabulary=["x"], output_mode="one_hot")(a)
    model = kerata.Model({"a": a, "b": b}, layers.Dense(3)(layers.concatenate([known, b])))
    model.compile("sgd", "mse")
    return model


def words():
    """A model whose vocabulary is larger than its embedding."""
    vectorize = layers.TextVectorization(
        vocabulary=list("abcdef"), output_sequence_length=6, name="words"
    )
    model = kerata.Sequential(
        [kerata.Input((), dtype="string"), vectorize, layers.Embedding(3, 2), layers.Flatten(),
         layers.Dense(1)]
    )  # fmt: skip
    model.compile("sgd", "mse")
    return model


def validated(x_val=None, y=()):
    """Train on good data, with other data to validate on."""
    y = x(64, 3) if isinstance(y, tuple) else y
    mlp().fit(x(64, 8), x(64, 3), validation_data=(x(64, 8) if x_val is None else x_val, y))


def uncompiled():
    return kerata.Sequential([kerata.Input((8,)), layers.Dense(3)])


def named(*names, width=4):
    model = kerata.Sequential([kerata.Input((8,)), *(layers.Dense(width, name=n) for n in names)])
    model.compile("sgd", "mse")
    return model


def loaded(source, target):
    """Save the weights of one model and load them into another."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.weights.h5"
        source.save_weights(path)
        try:
            target.load_weights(path)
        except ValueError as error:  # the folder has a new name each time
            raise ValueError(str(error).replace(str(path), "FILE")) from None


def finite(count):
    for _ in range(count):
        yield x(4, 8), x(4, 3)


def text_frame():
    import pandas

    return pandas.DataFrame({"age": [1.0, 2.0], "city": ["a", "b"]})


SPARSE, ONE_HOT, BINARY = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
)

VALIDATION = ("In `validation_data`:",)

#: cases in which an epoch was trained before anything was wrong
AFTER_UPDATES = {"23": 4}

CASES = {
    # row of the table: (what the user does, facts that the message must have)
    "1": (lambda: mlp().predict(x(32, 10)), ("10 features", "8", "Input((10,))")),
    "2": (lambda: mlp(width=10).predict(x(10)), ("batch axis", "x[0][None]")),
    "3": (lambda: cnn(3, SPARSE).fit(x(64, 6, 6, 1), LABELS), ("(6, 6, 3)", "Flatten")),
    "4": (lambda: cnn(2, "mse").fit(x(64, 6, 6, 1), x(64)), ("(6, 6, 2)", "Flatten")),
    "5": (lambda: mlp(softmax(), loss=ONE_HOT).fit(x(64, 8), LABELS), (SPARSE, "to_categorical")),
    "6": (
        lambda: mlp(softmax(), loss=SPARSE).fit(x(64, 8), np.eye(3)[LABELS]),
        ("one-hot", ONE_HOT, "argmax(-1)"),
    ),
    "7": (
        lambda: mlp(softmax(), loss=SPARSE).fit(x(64, 8), LABELS + 1),
        ("1 to 3", "0 to 2", "subtract 1", "4 units"),
    ),
    "8": (lambda: mlp(softmax(1)).fit(x(64, 8), x(64)), ("1 unit", "sigmoid")),
    "9": (
        lambda: mlp(softmax(2), loss=BINARY).fit(x(64, 8), LABELS % 2),
        ("Dense(1, activation='sigmoid')", "Dense(2, activation='softmax')"),
    ),
    "11 x": (lambda: mlp().fit(np.array([["a"] * 8] * 4), x(4, 3)), ("row 0, column 0", "'a'")),
    "11 y": (
        lambda: mlp().fit(x(3, 8), np.array(["u", "v", "u"])),
        ("2 classes", "StringLookup", "LabelEncoder"),
    ),
    "12": (lambda: mlp().fit(with_object({}), x(64, 3)), ("a dict at row 5, column 2", "convert")),
    "12 None": (lambda: mlp().fit(with_object(None), x(64, 3)), ("(None) at row 5, column 2",)),
    "13": (lambda: mlp(width=2).fit(text_frame(), x(2, 3)), ("`city`", "text")),
    "10": (lambda: mlp(softmax(1), loss=BINARY).fit(x(64, 8), x(64)), ("1 unit", "sigmoid")),
    "14": (lambda: mlp().fit(with_nan(), x(64, 3)), ("1 NaN", "row 3, column 2")),
    "14 y": (lambda: mlp().fit(x(64, 8), with_nan()[:, :3]), ("`y` has 1 NaN", "row 3, column 2")),
    "14 text": (
        lambda: sized().fit({"a": ["x"] * 64, "b": with_nan()}, x(64, 3)),
        ("`x['b']` has 1 NaN", "row 3, column 2"),
    ),
    "16": (lambda: two_outputs().fit(x(64, 8), x(64, 1)), ("a, b", "given for 1", "'a'")),
    "18": (lambda: uncompiled().fit(x(64, 8), x(64, 3)), ("compile", "loss='mse'")),
    "19 optimizer": (lambda: uncompiled().compile("adamm", "mse"), ("'adamm'", "'adam'")),
    "19 activation": (lambda: layers.Dense(3, activation="rellu"), ("'rellu'", "'relu'")),
    "19 metric": (lambda: mlp(metrics=["acuracy"]), ("'acuracy'", "'accuracy'")),
    "20": (lambda: loaded(named("a"), named("a", width=5)), ("(8, 4)", "(8, 5)", "in the model")),
    "21 swapped": (lambda: loaded(named("a", "b"), named("b", "a")), ("'a', 'b'", "'b', 'a'")),
    "21 other": (lambda: loaded(named("a"), named("c")), ("'a'", "'c'", "by='position'")),
    "22": (lambda: mlp().fit(finite(4), validation_split=0.2), ("validation_data",)),
    "23": (
        lambda: mlp().fit(finite(4), epochs=4, verbose=0),
        ("ended after 4 batches", "function", "list of batches", "steps_per_epoch=4 // epochs"),
    ),
    "24": (lambda: mlp().fit(x(64, 8), x(60, 3)), ("x has 64", "y has 60")),
    "24 transposed": (lambda: mlp().fit(x(8, 64), x(64, 3)), ("`x.T`", "transpose")),
    "25": (lambda: mlp().fit(x(64, 8), x(64, 1)), ("1 column", "3 outputs")),
    "26": (lambda: mlp(width=(64, 8)).fit(x(64, 8), x(64, 3)), ("batch size", "Input((8,))")),
    "27": (lambda: kerata.Input("ten"), ("'ten'", "(8,)")),
    "28 no data": (lambda: mlp().fit(object(), x(64, 3)), ("`x` is of type object", "np.asarray")),
    "28 ragged": (
        lambda: mlp().fit([[1.0, 2.0], [3.0]], x(2, 3)),
        ("entry 0 has 2, entry 1 has 1", "pad_sequences(x)"),
    ),
    "29 no data": (lambda: mlp().fit(x(64, 8), object()), ("`y` is of type object", "np.asarray")),
    "30": (lambda: mlp().fit([x(8)] * 64, x(64, 3)), ("64 arrays", "np.stack(x)")),
    "31": (lambda: embedding().predict(np.full((64, 5), 49)), ("id 49", "input_dim >= 50")),
    "31 words": (
        lambda: words().fit(["a b c d e f"] * 8, x(8, 1)),
        ("'words' (TextVectorization) makes of x", "id 7", "Embedding(3)", "input_dim >= 8"),
    ),
    "32": (
        lambda: kerata.Sequential(
            [kerata.Input((5, 4)), layers.LSTM(3, name="first"), layers.LSTM(3)]
        ),
        ("return_sequences=True", "'first'"),
    ),
    "34": (
        lambda: mlp().fit(x(64, 8), x(64, 3), validation_data=x(64, 8)),
        ("validation_data", "(x, y)"),
    ),
    "34 features": (lambda: validated(x(64, 5)), (*VALIDATION, "5 features", "expects 8")),
    "34 columns": (lambda: validated(y=x(64, 1)), (*VALIDATION, "1 column", "3 outputs")),
    "34 NaN": (lambda: validated(with_nan()), (*VALIDATION, "1 NaN", "row 3, column 2", "val_")),
    "34 no y": (lambda: validated(y=None), (*VALIDATION, "pass y")),
    "34 rows": (lambda: validated(y=x(60, 3)), (*VALIDATION, "x has 64", "y has 60")),
    "34 empty": (lambda: validated(x(0, 8), x(0, 3)), (*VALIDATION, "0 rows")),
    "34 text": (lambda: validated(np.array([["a"] * 8] * 64)), (*VALIDATION, "row 0, column 0")),
    "34 generator": (
        lambda: mlp().fit(x(64, 8), x(64, 3), validation_data=iter([(x(4, 5), x(4, 3))])),
        (*VALIDATION, "5 features"),
    ),
    "34 labels": (
        lambda: mlp(softmax(), loss=SPARSE).fit(
            x(64, 8), LABELS, validation_data=(x(64, 8), LABELS + 1)
        ),
        (*VALIDATION, "1 to 3", "subtract 1"),
    ),
    "34 ids": (
        lambda: embedding().fit(
            x(64, 5).astype(int), x(64, 3), validation_data=(np.full((64, 5), 49), x(64, 3))
        ),
        (*VALIDATION, "id 49", "input_dim >= 50"),
    ),
    "34 held out": (
        lambda: mlp().fit(
            np.concatenate([x(64, 8), with_nan()]), x(128, 3), validation_split=0.5
        ),
        ("In `validation_split`", "1 NaN", "row 3"),
    ),
    "34 chosen": (
        lambda: mlp().fit(
            np.concatenate([x(640, 8), with_nan()]), x(704, 3), validation_split=0.5, split="random"
        ),
        ("1 NaN", "column 2"),
    ),
    "35": (lambda: mlp().fit(x(0, 8), x(0, 3)), ("x", "0 rows")),
    "monitor": (
        lambda: mlp().fit(
            x(64, 8), x(64, 3), validation_split=0.5,
            callbacks=[callbacks.EarlyStopping("val_los")],
        ),
        ("val_los", "Did you mean 'val_loss'?"),
    ),
    "no validation": (
        lambda: mlp().fit(x(64, 8), x(64, 3), callbacks=[callbacks.EarlyStopping()]),
        ("'val_loss'", "validation_data"),
    ),
}  # fmt: skip


def message_of(action, backend, monkeypatch):
    """Return class and text of what an action raises, and how often weights were updated before."""
    updates = []
    parts = Program.parts

    def counted(program, chunk, *args):
        updates.append(chunk.steps)
        return parts(program, chunk, *args)

    monkeypatch.setattr(Program, "parts", counted)
    with kerata.use_backend(backend), pytest.raises((ValueError, TypeError)) as caught:
        kerata.utils.clear_session(free_memory=False)
        action()
    return f"{caught.type.__name__}: {caught.value}", sum(updates)


@pytest.mark.filterwarnings("ignore::kerata.core.errors.KerataWarning")
@pytest.mark.parametrize("case", CASES)
def test_the_message_says_what_to_do_on_every_backend(case, monkeypatch):
    action, facts = CASES[case]
    message, updates = message_of(action, "jax", monkeypatch)
    for fact in facts:
        assert fact in message, message
    assert len(message) <= 600 and message.count("\n") < 12
    for noise in ("\x1b", "Tracer", "'None'", " array(", "tensor("):
        assert noise not in message
    assert updates == AFTER_UPDATES.get(case, 0)
    assert message_of(action, "torch", monkeypatch) == (message, updates)


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore::kerata.core.errors.KerataWarning")
@pytest.mark.parametrize("case", CASES)
def test_the_message_is_the_same_on_tensorflow(case, monkeypatch):
    found = [message_of(CASES[case][0], engine, monkeypatch) for engine in ("jax", "tensorflow")]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("layer", "loss"),
    [
        (layers.Dense(1), BINARY),
        (softmax(), kerata.losses.SparseCategoricalCrossentropy(from_logits=True)),
    ],
)
def test_row_10_warns_of_logits(layer, loss):
    y = LABELS % 2
    with pytest.warns(UserWarning, match="from_logits"):
        mlp(layer, loss=loss).fit(x(64, 8), y, verbose=0)


@pytest.mark.parametrize(
    ("given", "targets"),
    [
        (x(8, 8).astype(object), x(8, 3)),
        (x(8, 8).tolist(), x(8, 3)),
        (x(8, 8), x(8, 3).tolist()),
    ],
    ids=["12 objects", "28 list", "29 y list"],
)
def test_what_can_be_converted_is(given, targets):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlp().fit(given, targets, verbose=0)


def test_row_15_stops_when_the_loss_is_lost(training_backend):
    random = np.random.default_rng(0)
    model = uncompiled()
    model.compile(kerata.optimizers.SGD(1e3), "mse")
    data = random.normal(size=(640, 8)) * 100, random.normal(size=(640, 3))
    start = model.get_weights()
    with pytest.warns(UserWarning, match=r"epoch 1.*dense/kernel.*learning rate <= 100") as caught:
        history = model.fit(*data, epochs=5, verbose=0)
    assert history.epoch == [0] and len(history.history["loss"]) == 1
    message = str(caught[0].message)
    first, last = re.search(r"epoch 1, steps? (\d+)(?: to (\d+))?:", message).groups()
    losses = []
    model.set_weights(start)
    for step in range(20):
        batch = slice(32 * step, 32 * step + 32)
        losses.append(model.train_on_batch(data[0][batch], data[1][batch]))
    lost = 1 + int(np.argmin(np.isfinite(np.cumsum(losses))))
    assert int(first) <= lost <= int(last or first) and len(message) <= 600


def test_row_17_applies_the_metric_to_both_outputs(training_backend):
    model = two_outputs()
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(x(64, 8), [x(64, 1), x(64, 1)], verbose=0).history
    assert {"a_mae", "b_mae"} <= set(history)


def test_row_21_accepts_other_names_when_asked(tmp_path):
    source, target = named("a"), named("c")
    source.save_weights(tmp_path / "a.weights.h5")
    target.load_weights(tmp_path / "a.weights.h5", by="position")
    np.testing.assert_array_equal(source.get_weights()[0], target.get_weights()[0])


def test_row_27_takes_a_number_as_a_shape():
    assert kerata.Input(10).shape == (None, 10)


def test_row_33_freezing_after_compile_is_obeyed_at_once(training_backend):
    model = named("first", "second")
    model.fit(x(64, 8) + 1, x(64, 4), verbose=0)
    model.get_layer("first").trainable = False
    before = model.get_weights()
    model.fit(x(64, 8) + 1, x(64, 4) + 1, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])
