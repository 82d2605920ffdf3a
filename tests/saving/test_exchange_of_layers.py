"""Every layer with weights in a file of Keras is read, and Keras reads it in ours."""

import keras
import numpy as np
import pytest

import kerata
from tests.layers.driver import Row, close, random_weights
from tests.layers.rows import ROWS
from tests.layers.test_table import is_trained

pytestmark = pytest.mark.usefixtures("quick_compilation")

SEQUENCE = (2, 6, 4)
RECURRENT = [
    ("LSTM", lambda k: k.layers.LSTM(3, return_sequences=True), SEQUENCE),
    ("LSTM cell by cell", lambda k: k.layers.LSTM(3, unroll=True, go_backwards=True), SEQUENCE),
    ("GRU", lambda k: k.layers.GRU(3, reset_after=False, use_bias=False), SEQUENCE),
    ("GRU stateful", lambda k: k.layers.GRU(3, dropout=0.2, recurrent_dropout=0.1), SEQUENCE),
    ("SimpleRNN", lambda k: k.layers.SimpleRNN(3, activation="relu"), SEQUENCE),
    ("RNN", lambda k: k.layers.RNN(k.layers.LSTMCell(3)), SEQUENCE),
    (
        "StackedRNNCells",
        lambda k: k.layers.RNN([k.layers.GRUCell(2), k.layers.SimpleRNNCell(3)]),
        SEQUENCE,
    ),
    (
        "Bidirectional",
        lambda k: k.layers.Bidirectional(
            k.layers.LSTM(3), merge_mode="sum", backward_layer=k.layers.GRU(3, go_backwards=True)
        ),
        SEQUENCE,
    ),
    ("TimeDistributed", lambda k: k.layers.TimeDistributed(k.layers.Dense(2)), SEQUENCE),
    ("ConvLSTM1D", lambda k: k.layers.ConvLSTM1D(2, 2), (2, 3, 5, 4)),
    ("ConvLSTM2D", lambda k: k.layers.ConvLSTM2D(2, 2, padding="same"), (2, 3, 5, 4, 2)),
    ("ConvLSTM3D", lambda k: k.layers.ConvLSTM3D(2, 2), (2, 2, 3, 3, 3, 1)),
    (
        "SpectralNormalization",
        lambda k: k.layers.SpectralNormalization(k.layers.Dense(2)),
        SEQUENCE,
    ),
]


def model_around(library, layer, row):
    """A model with one layer between its inputs and its output, with random weights."""
    dtype = "float32" if row.integers is None else "int32"
    shapes = row.shapes if row.several else [row.shapes]
    inputs = [library.Input(shape[1:], batch_size=None, dtype=dtype) for shape in shapes]
    outputs = row.call(layer, inputs if row.several else inputs[0])
    model = library.Model(inputs if row.several else inputs[0], outputs)
    model.set_weights(random_weights(model))
    return model


def check_exchange(theirs, ours, inputs, folder):
    """Both models are written, and each library reads the other's file."""
    theirs.save(folder / "theirs.keras")
    ours.save(folder / "ours.keras")
    for written, read in (
        (theirs, kerata.saving.load_model(folder / "theirs.keras")),
        (ours, keras.saving.load_model(folder / "ours.keras")),
    ):
        close(read(inputs, training=False), written(inputs, training=False), 1e-5)


def last_ones(rows):
    """One row of each layer that has weights: that with the most arguments. For others the table of
    layers holds that each library builds what the other's configuration says."""
    return list({row.name: row for row in rows if is_trained(row)}.values())


@pytest.mark.parametrize("row", last_ones(ROWS), ids=str)
def test_layers(row, tmp_path):
    theirs = model_around(keras, row.keras_layer(), row)
    ours = model_around(kerata, row.layer(), row)
    check_exchange(theirs, ours, row.inputs(), tmp_path)


@pytest.mark.parametrize("name, make, shape", RECURRENT, ids=[case[0] for case in RECURRENT])
def test_recurrent_layers_and_wrappers(name, make, shape, tmp_path):
    row = Row(name, shapes=shape)
    theirs, ours = (model_around(library, make(library), row) for library in (keras, kerata))
    check_exchange(theirs, ours, row.inputs(), tmp_path)


@pytest.mark.parametrize("library, other", [(keras, kerata), (kerata, keras)])
def test_what_differs_in_training_is_that_of_the_whole_model(library, other, tmp_path):
    """Keras' files hold the flag of each call, which is that of building and not the user's."""
    inputs = library.Input((200,))
    x = library.layers.Dropout(0.5)(inputs)
    x = library.layers.BatchNormalization(momentum=0.5)(x)
    library.Model(inputs, x).save(tmp_path / "m.keras")
    model = other.saving.load_model(tmp_path / "m.keras")
    ones = np.ones((8, 200), "float32")
    close(model(ones, training=False), ones, 1e-2)
    outputs = np.asarray(kerata.ops.convert_to_numpy(model(ones, training=True)))
    assert abs(outputs.mean()) < 0.01 and outputs.std() > 0.5
    assert not np.allclose(model.layers[-1].get_weights()[2], 0)


def test_a_flag_that_the_user_has_chosen_is_kept(tmp_path):
    inputs = kerata.Input((100,))
    always = kerata.Model(inputs, kerata.layers.Dropout(0.5)(inputs, training=True))
    always.save(tmp_path / "m.keras")
    again = kerata.saving.load_model(tmp_path / "m.keras")
    predicted = again.predict(np.ones((2, 100)), verbose=0)
    assert 50 < (predicted == 0).sum() < 150
