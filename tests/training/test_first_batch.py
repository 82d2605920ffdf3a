"""Data that do not fit the model, or that nothing can be learned from, are told before step 1."""

import warnings

import numpy as np
import pytest

from kerata import losses
from kerata.core.errors import KerataWarning
from kerata.core.spec import TensorSpec
from kerata.training.data import as_batches
from kerata.training.first_batch import (
    EmbeddingView,
    InputView,
    ModelView,
    OutputView,
    check_first_batch,
    check_outputs,
)

MSE, BCE = losses.MeanSquaredError(), losses.BinaryCrossentropy()
SPARSE, ONE_HOT = losses.SparseCategoricalCrossentropy(), losses.CategoricalCrossentropy()


def model(inputs=(8,), outputs=(3,), loss=None, activation=None, **more):
    """Describe a model with one input and one output, or with several."""
    if isinstance(inputs, tuple):
        inputs = InputView("features", TensorSpec((None, *inputs)))
    if isinstance(outputs, tuple):
        outputs = OutputView("dense", TensorSpec((None, *outputs)), loss, activation, "dense")
    return ModelView(inputs, outputs, **more)


def two_heads():
    return {
        name: OutputView(name, TensorSpec((None, units)), loss)
        for name, units, loss in (("a", 1, MSE), ("b", 3, SPARSE))
    }


def two_inputs():
    return [InputView(name, TensorSpec((None, 4))) for name in ("left", "right")]


def x(*shape):
    return np.zeros(shape, "float32")


def with_nan():
    array = x(64, 8)
    array[3, 2] = np.nan
    return array


def check(view, data, y=None, mode="fit", weights=None):
    batches = as_batches(data, y, weights)
    check_first_batch(view, *batches.peek(), mode=mode, batches=batches)


LABELS = np.arange(64) % 3
IMAGES = model((6, 6, 1), (6, 6, 3), SPARSE)

REFUSED = {
    # row of the table of user errors: (model, x, y, mode, facts of the message)
    "1 features": (model(), x(32, 10), None, "predict", ("10 features", "8", "Input((10,))")),
    "2 no batch axis": (model((10,)), x(10), None, "predict", ("batch axis", "x[0][None]")),
    "2 image": (model((28, 28, 1)), x(28, 28, 1), None, "predict", ("one sample", "x[None]")),
    "3 no Flatten, labels": (IMAGES, x(64, 6, 6, 1), LABELS, "fit", ("(6, 6, 3)", "Flatten")),
    "4 no Flatten, MSE": (
        model((6, 6, 1), (6, 6, 1), MSE), x(64, 6, 6, 1), x(64), "fit", ("(6, 6, 1)", "Flatten")
    ),
    "5 labels, categorical": (
        model(loss=ONE_HOT), x(64, 8), LABELS, "fit", ("sparse_categorical", "to_categorical(y, 3)")
    ),
    "6 one-hot, sparse": (
        model(loss=SPARSE), x(64, 8), np.eye(3)[LABELS], "fit", ("one-hot", "argmax(-1)")
    ),
    "7 labels from 1": (
        model(loss=SPARSE), x(64, 8), LABELS + 1, "fit", ("1 to 3", "0 to 2", "subtract 1", "4")
    ),
    "7 negative labels": (model(loss=SPARSE), x(64, 8), LABELS - 1, "fit", ("from -1", "add 1")),
    "7 too many": (model(loss=SPARSE), x(64, 8), np.arange(64), "fit", ("0 to 63", "64 units")),
    "7 far in the data": (
        model(loss=SPARSE), x(200, 8), np.array([0] * 199 + [7]), "fit", ("0 to 7", "8 units")
    ),
    "7 not whole": (model(loss=SPARSE), x(64, 8), LABELS / 2, "fit", ("whole numbers", "mse")),
    "9 BCE, two outputs": (
        model(outputs=(2,), loss=BCE), x(64, 8), LABELS % 2, "fit", ("Dense(1", "sigmoid", "sparse")
    ),
    "14 NaN in x": (model(loss=MSE), with_nan(), x(64, 3), "fit", ("1 NaN", "row 3, column 2")),
    "14 infinity": (
        model(loss=MSE), np.full((64, 8), np.inf), x(64, 3), "fit", ("infinite values", "row 0")
    ),
    "14 NaN in y": (model(loss=MSE), x(64, 8), np.full((64, 3), np.nan), "fit", ("`y`", "NaN")),
    "16 outputs": (
        model(outputs=two_heads()), x(64, 8), LABELS, "fit", ("a, b", "given for 1", "'a': ")
    ),
    "16 wrong key": (
        model(outputs=two_heads()), x(64, 8), {"a": x(64), "c": x(64)}, "fit", ("'b'", "'c'")
    ),
    "25 columns": (
        model(loss=MSE), x(64, 8), x(64, 1), "fit", ("1 column,", "3 outputs", "Dense(1)")
    ),
    "26 batch size inside": (
        model((64, 10)), x(64, 10), x(64, 3), "fit", ("Leave it out", "Input((10,))")
    ),
    "30 list of rows": (
        model((10,)), [x(10) for _ in range(10)], None, "predict", ("10 arrays", "np.stack(x)")
    ),
    "31 token id": (
        model((5,), embeddings=[EmbeddingView("embed", 20, "features")]),
        np.full((64, 5), 49), None, "predict", ("id 49", "Embedding(20)", "input_dim >= 50"),
    ),
    "31 negative id": (
        model((5,), embeddings=[EmbeddingView("embed", 20, "features")]),
        np.full((64, 5), -1), None, "predict", ("id -1", "'embed'"),
    ),
    "channels first": (model((8, 8, 3)), x(4, 3, 8, 8), None, "predict", ("moveaxis(x, 1, -1)",)),
    "channels last": (model((3, 8, 8)), x(4, 8, 8, 3), None, "predict", ("moveaxis(x, -1, 1)",)),
    "another size": (model((32, 32, 3)), x(4, 28, 32, 3), None, "predict", ("axis 1 is 28", "32")),
    "reshape": (model((784,)), x(4, 28, 28), None, "predict", ("x.reshape(-1, 784)",)),
    "rank": (model((4,)), x(5, 3, 3), None, "predict", ("3 axes instead of 2",)),
    "inputs": (model(two_inputs()), x(4, 4), None, "predict", ("2 inputs", "'left', 'right'")),
    "input name": (
        model(two_inputs()), {"left": x(4, 4), "up": x(4, 4)}, None, "predict", ("'right'", "'up'")
    ),
    "second input": (
        model(two_inputs()), [x(4, 4), x(4, 5)], None, "predict", ("x[1]", "'right'", "5 features")
    ),
    "no targets": (model(loss=MSE), x(64, 8), None, "fit", ("mean_squared_error", "pass y")),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_the_first_step(case):
    view, data, y, mode, facts = REFUSED[case]
    with pytest.raises(ValueError) as caught:
        check(view, data, y, mode)
    message = str(caught.value)
    for fact in facts:
        assert fact in message, message
    assert len(message) <= 600 and message.count("\n") < 12
    for noise in ("\x1b", "Tracer", "'None'", "nan,", "array("):
        assert noise not in message


ACCEPTED = {
    "plain": (model(loss=MSE), x(64, 8), x(64, 3), "fit"),
    "a single column": (model(outputs=(1,), loss=MSE), x(64, 8), x(64), "fit"),
    "labels as column": (model(loss=SPARSE), x(64, 8), LABELS[:, None], "fit"),
    "channel axis is added": (model((28, 28, 1)), x(4, 28, 28), None, "predict"),
    "channel axis is dropped": (model((28, 28)), x(4, 28, 28, 1), None, "predict"),
    "one feature": (model((1,)), x(4), None, "predict"),
    "any length": (model((None, 3)), x(4, 9, 3), None, "predict"),
    "NaN is left to predict": (model(), with_nan(), None, "predict"),
    "ignored class": (
        model(loss=losses.SparseCategoricalCrossentropy(ignore_class=255)),
        x(64, 8), np.where(LABELS == 2, 255, LABELS), "fit",
    ),
    "by name": (
        model(two_inputs(), two_heads()),
        {"right": x(64, 4), "left": x(64, 4)}, {"b": LABELS, "a": x(64)}, "fit",
    ),
    "by order": (
        model(two_inputs(), list(two_heads().values())),
        [x(64, 4), x(64, 4)], (x(64), LABELS), "fit",
    ),
    "a loss of the user's": (
        model(loss=lambda y_true, y_pred: 0.0), x(64, 8), np.full((64, 7), np.nan), "fit"
    ),
    "no loss": (model(), x(64, 8), None, "fit"),
    "unknown inputs": (ModelView(None, None), [x(64, 8), x(64, 1)], x(64), "fit"),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted_without_a_word(case):
    view, data, y, mode = ACCEPTED[case]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(view, data, y, mode)


def test_streams_are_checked_by_their_first_batch():
    batches = as_batches(iter([(x(4, 8), np.array([1, 2, 3, 3]))]))
    with pytest.raises(ValueError, match="from 1 to 3"):
        check_first_batch(model(loss=SPARSE), *batches.peek(), batches=batches)
    with pytest.raises(ValueError, match="10 features"):
        check_first_batch(model(loss=SPARSE), x(4, 10), np.zeros(4))


def test_the_search_for_bad_values_is_bounded(monkeypatch):
    monkeypatch.setattr("kerata.training.first_batch.SCANNED_BYTES", 64 * 8 * 4)
    late = x(200, 8)
    late[150] = np.nan
    check(model(loss=MSE), late, x(200, 3))
    late[40] = np.nan
    with pytest.raises(ValueError, match="8 NaN, first at row 40, column 0"):
        check(model(loss=MSE), late, x(200, 3))


def test_weights_fit_the_batch():
    with pytest.raises(ValueError, match="one weight per sample"):
        check_first_batch(model(loss=MSE), x(4, 8), x(4, 3), np.ones(3))
    check_first_batch(model(loss=MSE), x(4, 8), x(4, 3), np.ones(4))


@pytest.mark.parametrize("labels", [[-1, 1], [1, 2]])
def test_labels_outside_of_a_binary_loss_warn(labels):
    y = np.array(labels)[np.arange(64) % 2]
    with pytest.warns(KerataWarning, match=f"from {labels[0]} to {labels[1]}"):
        check(model(outputs=(1,), loss=BCE), x(64, 8), y)


# -- the end of the model --------------------------------------------------------------


def test_softmax_over_one_unit_is_an_error():
    view = model(outputs=(1,), loss=BCE, activation="softmax")
    with pytest.raises(ValueError) as caught:
        check_outputs(view)
    for fact in ("'dense'", "1 unit", "always 1", "sigmoid"):
        assert fact in str(caught.value)


@pytest.mark.parametrize(
    ("loss", "activation", "fact"),
    [
        (BCE, "linear", "from_logits=True"),
        (SPARSE, "linear", "activation='softmax'"),
        (ONE_HOT, "relu", "CategoricalCrossentropy(from_logits=True)"),
        (losses.binary_crossentropy, "linear", "BinaryCrossentropy(from_logits=True)"),
        (losses.SparseCategoricalCrossentropy(from_logits=True), "softmax", "from_logits=False"),
        (losses.BinaryCrossentropy(from_logits=True), "sigmoid", "from_logits=False"),
    ],
)
def test_probabilities_and_logits_must_agree(loss, activation, fact):
    with pytest.warns(KerataWarning) as caught:
        check_outputs(model(loss=loss, activation=activation))
    message = str(caught[0].message)
    assert fact in message and "'dense'" in message and len(message) <= 600


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        (BCE, "sigmoid"), (SPARSE, "softmax"), (ONE_HOT, None), (MSE, "linear"), (None, "linear"),
        (losses.BinaryCrossentropy(from_logits=True), "linear"), (MSE, "softmax"),
        (lambda y_true, y_pred: 0.0, "linear"),
    ],
)  # fmt: skip
def test_agreeing_ends_are_accepted(loss, activation):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_outputs(model(loss=loss, activation=activation))
