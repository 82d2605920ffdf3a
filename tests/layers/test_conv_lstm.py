"""Convolutional LSTMs: values, weights and files of Keras; masks, states, dropout, errors."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kerata
from kerata import ops
from tests.layers.driver import Row, as_json, check_gradients, close, numpy_of, random_weights

random = np.random.default_rng(4)
INPUTS = {
    1: random.normal(size=(2, 3, 6, 4)).astype("float32"),
    2: random.normal(size=(2, 3, 5, 6, 2)).astype("float32"),
    3: random.normal(size=(2, 2, 4, 4, 5, 2)).astype("float32"),
}
#: gaps, and padding before and after
MASK = np.array([[False, True, False], [True, False, True]])
EVERYTHING = {"return_sequences": True, "return_state": True}
FIRST = {"data_format": "channels_first"}

CASES = [
    (1, {}),
    (1, {**FIRST, "strides": 2, "padding": "same", "return_sequences": True}),
    (2, {**EVERYTHING, "go_backwards": True}),
    (2, {**FIRST, "dilation_rate": 2, "use_bias": False, "recurrent_activation": "hard_sigmoid"}),
    (2, {"strides": (2, 1), "seed": 3, "dropout": 0.1, "recurrent_dropout": 0.2}),
    (3, {"padding": "same", "activation": "relu", "unit_forget_bias": False}),
    (3, {**FIRST, **EVERYTHING}),
]


def inputs_of(rank, options):
    x = INPUTS[rank]
    return np.moveaxis(x, -1, 2).copy() if "data_format" in options else x


def layer_of(library, rank, options):
    return getattr(library.layers, f"ConvLSTM{rank}D")(3, 2, name="layer", **options)


def pair(rank, options):
    """Return Keras' layer and kerata's with the same random weights, and their inputs."""
    theirs, mine = (layer_of(library, rank, options) for library in (keras, kerata))
    inputs = inputs_of(rank, options)
    theirs(inputs)
    mine(inputs)
    values = random_weights(theirs)
    theirs.set_weights(values)
    mine.set_weights(values)
    return theirs, mine, inputs


def all_close(actual, expected):
    pairs = zip(kerata.tree.flatten(actual), keras.tree.flatten(expected), strict=True)
    for mine, theirs in pairs:
        close(mine, theirs)


@pytest.mark.parametrize(("rank", "options"), CASES, ids=str)
def test_values_and_weights_are_those_of_keras(rank, options, backend):
    theirs, mine, inputs = pair(rank, options)
    assert [(w.path, tuple(w.shape)) for w in mine.weights] == [
        (w.path, tuple(w.shape)) for w in theirs.weights
    ]
    all_close(mine(inputs), theirs(inputs))


@pytest.mark.parametrize(("rank", "options"), CASES, ids=str)
def test_configuration_and_shape_are_those_of_keras(rank, options):
    theirs, mine = (layer_of(library, rank, options) for library in (keras, kerata))
    config = as_json(keras.layers.serialize(theirs))
    assert as_json(kerata.layers.serialize(mine)) == config
    assert as_json(kerata.layers.serialize(kerata.layers.deserialize(config))) == config
    shape = (None, *inputs_of(rank, options).shape[1:])
    assert mine.compute_output_shape(shape) == theirs.compute_output_shape(shape)


def by_hand(layer, inputs, mask):
    """Return the outputs of all steps, one after the other; Keras cannot do this with masks."""
    h, c = (numpy_of(state) for state in layer.get_initial_state(len(inputs)))
    shown, outputs = h, []
    for t in range(inputs.shape[1]):
        output, states = layer.cell(inputs[:, t], [h, c])
        keep = mask[:, t].reshape(-1, *(1,) * (h.ndim - 1))
        shown = np.where(keep, numpy_of(output), shown)
        h, c = (np.where(keep, numpy_of(n), o) for n, o in zip(states, (h, c), strict=True))
        outputs.append(shown)
    return np.stack(outputs, 1), h, c


@pytest.mark.parametrize("rank", [1, 2])
def test_masked_steps_change_nothing(rank, backend):
    _, layer, inputs = pair(rank, EVERYTHING)
    all_close(layer(inputs, mask=MASK), by_hand(layer, inputs, MASK))
    close(layer(inputs, mask=np.ones_like(MASK))[0], layer(inputs)[0])
    zeros = layer_of(kerata, rank, {**EVERYTHING, "zero_output_for_mask": True})
    zeros(inputs)
    zeros.set_weights(layer.get_weights())
    outputs = numpy_of(zeros(inputs, mask=MASK)[0])
    assert not outputs[~MASK].any()
    close(outputs[MASK], by_hand(layer, inputs, MASK)[0][MASK])


def test_stateful_layers_go_on_where_they_were(backend):
    _, whole, inputs = pair(2, {"return_sequences": True})
    layer = layer_of(kerata, 2, {"return_sequences": True, "stateful": True})
    layer.build(inputs[:, :1].shape)
    layer.set_weights(whole.get_weights())
    parts = [numpy_of(layer(inputs[:, t : t + 1])) for t in range(3)]
    close(np.concatenate(parts, 1), whole(inputs))
    layer.reset_state()
    close(layer(inputs[:, :1]), parts[0])


def test_initial_state(backend):
    theirs, mine, inputs = pair(2, {})
    states = [random.normal(size=(2, 4, 5, 3)).astype("float32") for _ in range(2)]
    close(mine(inputs, initial_state=states), theirs(inputs, initial_state=states))
    with pytest.raises(ValueError, match="begins with states"):
        mine(inputs, initial_state=[states[0][:, :2]] * 2)


def test_images_of_unknown_and_other_sizes(backend):
    layer = layer_of(kerata, 2, {"padding": "same", "return_sequences": True})
    model = kerata.Model(x := kerata.Input((None, None, None, 2)), layer(x))
    assert model.output_shape == (None, None, None, None, 3)
    for inputs in (INPUTS[2], INPUTS[2][:, :2, :3, :4], INPUTS[2][:0]):
        assert model(inputs).shape == (*inputs.shape[:-1], 3)


def test_dropout_is_the_same_at_all_steps_and_has_a_seed(backend):
    inputs = np.ones((1, 3, 6, 6, 2), "float32")
    options = {"dropout": 0.5, "recurrent_dropout": 0.5, "seed": 5, "return_sequences": True}
    layers = [layer_of(kerata, 2, options) for _ in range(2)]
    first, second = (numpy_of(layer(inputs, training=True)) for layer in layers)
    plain = numpy_of(layers[0](inputs))
    layers[1].set_weights(layers[0].get_weights())
    assert not np.allclose(first, plain)
    assert first.shape == second.shape
    state = layers[0].cell.zero_states((1, 6, 6, 2))
    prepare, _ = layers[0].cell.step_functions(1, True)
    prepared = numpy_of(prepare(ops.array(inputs)))
    close(prepared[:, 0], prepared[:, 1])
    assert state[0].shape == (1, 5, 5, 3)


def test_bidirectional(backend):
    theirs, mine = (
        library.layers.Bidirectional(layer_of(library, 2, {"return_sequences": True}))
        for library in (keras, kerata)
    )
    theirs(INPUTS[2])
    mine(INPUTS[2])
    values = random_weights(theirs)
    theirs.set_weights(values)
    mine.set_weights(values)
    close(mine(INPUTS[2]), theirs(INPUTS[2]))


def test_gradients_are_differences():
    row = Row("ConvLSTM2D", {"filters": 2, "kernel_size": 2}, (2, 3, 4, 4, 2))
    with kerata.use_backend("torch"):
        check_gradients(row)


def test_trains(training_backend):
    model = kerata.Sequential([
        kerata.Input((3, 5, 6, 2)),
        layer_of(kerata, 2, {"recurrent_dropout": 0.1}),
        kerata.layers.GlobalAveragePooling2D(),
    ])  # fmt: skip
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(INPUTS[2], np.ones((2, 3), "float32"), verbose=0)
    assert all(
        np.isfinite(new).all() and not np.array_equal(old, new)
        for old, new in zip(before, model.get_weights(), strict=True)
    )


def test_files_are_those_of_keras(tmp_path):
    theirs, mine, inputs = pair(2, {})
    keras.Sequential([keras.Input((3, 5, 6, 2)), theirs]).save(tmp_path / "theirs.keras")
    close(kerata.saving.load_model(tmp_path / "theirs.keras")(inputs), theirs(inputs))
    kerata.Sequential([kerata.Input((3, 5, 6, 2)), mine]).save(tmp_path / "mine.keras")
    close(keras.saving.load_model(tmp_path / "mine.keras")(inputs), numpy_of(mine(inputs)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kerata.layers.ConvLSTM2D(0, 2), "filters"),
        (lambda: kerata.layers.ConvLSTM2D(3, (2, 2, 2)), "kernel_size"),
        (lambda: kerata.layers.ConvLSTM2D(3, 2, strides=2, dilation_rate=2), "dilation_rate"),
        (lambda: kerata.layers.ConvLSTM2D(3, 2, padding="causal"), "padding"),
        (lambda: kerata.layers.ConvLSTM2D(3, 2)(INPUTS[2][0]), "missing"),
        (lambda: kerata.layers.ConvLSTM2D(3, 2)(kerata.Input((3, 5, 6, None))), "must be known"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_bfloat16"])
def test_half_precision(dtype, backend):
    outputs = kerata.layers.ConvLSTM2D(3, 2, dtype=dtype)(INPUTS[2])
    assert ops.dtype(outputs) == dtype.removeprefix("mixed_")
    assert np.isfinite(numpy_of(outputs).astype("float32")).all()
