"""Recurrent layers against Keras with the same weights; states, masks, dropout and errors."""

from __future__ import annotations

import contextlib
import functools
import inspect

import jax
import keras
import numpy as np
import pytest

import kerata
from kerata import layers, ops
from tests.layers import driver

BATCH, STEPS, FEATURES, UNITS = 2, 4, 3, 2
#: a gap, padding on the left and on the right
MASK = np.array([[0, 1, 0, 1], [1, 1, 0, 0]], bool)
KINDS = ("SimpleRNN", "LSTM", "GRU")
EVERYTHING = {"return_sequences": True, "return_state": True}


def data(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape).astype("float32")


SEQUENCES = data(BATCH, STEPS, FEATURES)


def states(count: int) -> list[np.ndarray]:
    return [0.5 * data(BATCH, UNITS) - i for i in range(count)]


# -- values --------------------------------------------------------------------------------


def recurrent(kind: str, **options):
    return lambda library: getattr(library, kind)(UNITS, **options)


def bidirectional(kind: str, merge_mode: str | None, **options):
    return lambda library: library.Bidirectional(
        getattr(library, kind)(UNITS, **options), merge_mode=merge_mode
    )


def stacked(**options):
    def make(library):
        return library.RNN([library.LSTMCell(3), library.GRUCell(UNITS)], **options)

    return make


#: what to make, whether with a mask, how many initial states
CASES = {
    **{f"{kind}": (recurrent(kind), False, 0) for kind in KINDS},
    **{f"{kind} everything": (recurrent(kind, **EVERYTHING), True, 0) for kind in KINDS},
    **{
        f"{kind} backwards from a state": (
            recurrent(kind, go_backwards=True, **EVERYTHING), True, 2 if kind == "LSTM" else 1
        )
        for kind in KINDS
    },
    "GRU reset before": (recurrent("GRU", reset_after=False, use_bias=False), True, 1),
    "GRU reset before, stepped": (recurrent("GRU", reset_after=False, activation="elu"), True, 0),
    "GRU stepped": (recurrent("GRU", activation="softsign", **EVERYTHING), True, 1),
    "LSTM other activations": (
        recurrent("LSTM", activation="relu", recurrent_activation="hard_sigmoid"), True, 0
    ),
    "LSTM stepped": (recurrent("LSTM", activation="gelu", go_backwards=True), True, 2),
    "LSTM stepped zeros": (
        recurrent("LSTM", activation="gelu", zero_output_for_mask=True, **EVERYTHING), True, 0
    ),
    "LSTM zeros": (recurrent("LSTM", zero_output_for_mask=True, **EVERYTHING), True, 2),
    "GRU last zero": (recurrent("GRU", zero_output_for_mask=True, go_backwards=True), True, 0),
    "stacked": (stacked(), False, 0),
    "stacked everything": (stacked(**EVERYTHING), False, 0),
    "Bidirectional concat": (bidirectional("LSTM", "concat", **EVERYTHING), True, 0),
    "Bidirectional last": (bidirectional("GRU", "sum"), True, 0),
    "Bidirectional from a state": (bidirectional("LSTM", "mul", return_state=True), False, 4),
    "Bidirectional ave": (bidirectional("SimpleRNN", "ave", return_sequences=True), False, 2),
    "Bidirectional both": (bidirectional("GRU", None, **EVERYTHING), True, 0),
    "TimeDistributed": (lambda library: library.TimeDistributed(library.Dense(5)), True, 0),
}  # fmt: skip


@functools.cache
def keras_result(name: str) -> tuple[list[np.ndarray], list[np.ndarray], list]:
    """Return weights, outputs and the names and shapes of the weights of Keras' layer."""
    make, masked, count = CASES[name]
    layer = make(keras.layers)
    layer.build(SEQUENCES.shape)
    layer.set_weights(driver.random_weights(layer))
    outputs = layer(SEQUENCES, **arguments(masked, count))
    flat = [np.asarray(leaf) for leaf in keras.tree.flatten(outputs)]
    return layer.get_weights(), flat, [(w.name, tuple(w.shape)) for w in layer.weights]


def arguments(masked: bool, count: int) -> dict:
    found = {"mask": MASK} if masked else {}
    return found | ({"initial_state": states(count)} if count else {})


@pytest.mark.parametrize("name", CASES)
def test_values_and_weights_are_those_of_keras(name, backend):
    make, masked, count = CASES[name]
    weights, expected, named = keras_result(name)
    layer = make(layers)
    layer.build_from_config({"input_shape": SEQUENCES.shape})
    assert [(w.name, w.shape) for w in layer.weights] == named
    layer.set_weights(weights)
    outputs = kerata.tree.flatten(layer(SEQUENCES, **arguments(masked, count)))
    assert len(outputs) == len(expected)
    for mine, theirs in zip(outputs, expected, strict=True):
        driver.close(mine, theirs, 1e-5)


@pytest.mark.parametrize("name", CASES)
def test_shapes_without_values(name):
    make, _, count = CASES[name]
    _, expected, _ = keras_result(name)
    options = {}
    if count:
        options["initial_state"] = [kerata.Input((UNITS,)) for _ in range(count)]
    outputs = make(layers)(kerata.Input((STEPS, FEATURES)), **options)
    shapes = [tensor.shape for tensor in kerata.tree.flatten(outputs)]
    assert shapes == [(None, *array.shape[1:]) for array in expected]


@pytest.mark.parametrize(
    "make",
    [
        recurrent("LSTM", activation="gelu", return_sequences=True),
        recurrent("SimpleRNN", return_sequences=True, use_bias=False),
        recurrent("GRU", return_sequences=True, go_backwards=True),
        bidirectional("LSTM", "concat", return_sequences=True),
    ],
)
def test_gradients_equal_finite_differences(make, training_backend):
    with jax.enable_x64(True) if training_backend == "jax" else contextlib.nullcontext():
        with kerata_floatx("float64"):
            layer = make(layers)
            inputs = SEQUENCES.astype("float64")
            layer(inputs)
        layer.set_weights([2 * w for w in driver.random_weights(layer)])
        weigh = np.random.default_rng(3).normal(size=(BATCH, STEPS, 1))

        def loss():
            return ops.sum(ops.multiply(layer(inputs, mask=MASK), weigh))

        with kerata.GradientTape() as tape:
            total = loss()
        variables = layer.trainable_variables
        gradients = tape.gradient(total, variables)
        rng = np.random.default_rng(5)
        for variable, gradient in zip(variables, gradients, strict=True):
            direction = rng.normal(size=variable.shape)
            analytic = np.sum(driver.numpy_of(gradient) * direction)
            numeric = driver._difference(loss, variable, direction)
            np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-7)


@contextlib.contextmanager
def kerata_floatx(name: str):
    before = kerata.config.floatx()
    kerata.config.set_floatx(name)
    try:
        yield
    finally:
        kerata.config.set_floatx(before)


# -- signatures and configuration ----------------------------------------------------------

PUBLIC = (
    *KINDS, "SimpleRNNCell", "LSTMCell", "GRUCell", "RNN", "StackedRNNCells", "Bidirectional",
    "TimeDistributed",
)  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_parameters_are_those_of_keras(name):
    def parameters(library):
        found = inspect.signature(getattr(library, name).__init__).parameters.values()
        return [(p.name, p.default) for p in found]

    assert parameters(layers) == parameters(keras.layers)


CONFIGURED = {
    "LSTM": recurrent("LSTM", dropout=0.1, zero_output_for_mask=True, stateful=True),
    "GRU": recurrent("GRU", kernel_regularizer="l2", reset_after=False, name="here"),
    "LSTMCell": lambda library: library.LSTMCell(3, unit_forget_bias=False),
    "RNN": stacked(return_state=True),
    "Bidirectional": bidirectional("GRU", "ave", return_sequences=True),
    "TimeDistributed": lambda library: library.TimeDistributed(library.Dense(5)),
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_configuration_is_that_of_keras(name):
    keras.utils.clear_session(free_memory=False)
    theirs = driver.as_json(keras.layers.serialize(CONFIGURED[name](keras.layers)))
    layer = CONFIGURED[name](layers)
    mine = driver.as_json(layers.serialize(layer))
    assert mine == theirs
    copy = layers.deserialize(theirs)
    assert driver.as_json(layers.serialize(copy)) == theirs
    back = keras.layers.deserialize(mine)
    assert driver.as_json(keras.layers.serialize(back)) == theirs


def test_forget_gate_begins_open():
    for open_gate in (True, False):
        cell, middle = layers.LSTMCell(2, unit_forget_bias=open_gate), float(open_gate)
        cell.build_from_config({"input_shape": (None, 3)})
        assert cell.bias.numpy().tolist() == [0, 0, middle, middle, 0, 0, 0, 0]


def test_layer_shows_the_configuration_of_its_cell():
    layer = layers.LSTM(4, dropout=0.25)
    assert (layer.units, layer.dropout, layer.cell.units) == (4, 0.25, 4)
    with pytest.raises(AttributeError, match="'LSTM' object has no attribute 'unit'"):
        layer.unit  # noqa: B018


# -- cells ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_stepping_a_cell_by_hand_is_the_layer(kind, backend):
    layer = recurrent(kind, return_sequences=True)(layers)
    expected = layer(SEQUENCES)
    state, outputs = layer.cell.get_initial_state(BATCH), []
    for t in range(STEPS):
        output, state = layer.cell(SEQUENCES[:, t], state)
        outputs.append(driver.numpy_of(output))
    np.testing.assert_allclose(np.stack(outputs, 1), driver.numpy_of(expected), atol=1e-5)


class Average(layers.Layer):
    """A cell of a user: the running mean of what a Dense makes of the inputs."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units, 1]
        self.dense = layers.Dense(units, use_bias=False)

    def build(self, input_shape):
        self.dense.build_from_config({"input_shape": input_shape})

    def call(self, inputs, states):
        mean, count = states
        count = count + 1
        mean = mean + (self.dense(inputs) - mean) / count
        return mean, (mean, count)


def test_custom_cell(backend):
    layer = layers.RNN(Average(2), return_sequences=True, return_state=True)
    outputs, mean, count = layer(SEQUENCES)
    kernel = layer.cell.dense.kernel.numpy()
    expected = (SEQUENCES @ kernel).cumsum(1) / np.arange(1, STEPS + 1)[:, None]
    driver.close(outputs, expected)
    driver.close(mean, expected[:, -1])
    driver.close(count, np.full((BATCH, 1), STEPS))


def test_custom_cell_with_masks(backend):
    layer = layers.RNN(Average(2), return_sequences=True)
    outputs = driver.numpy_of(layer(SEQUENCES, mask=MASK))
    values = SEQUENCES @ layer.cell.dense.kernel.numpy()
    assert np.all(outputs[0, 0] == 0)  # before the first real step
    np.testing.assert_allclose(outputs[0, 1], values[0, 1], rtol=1e-5)
    np.testing.assert_allclose(outputs[0, 2], values[0, 1], rtol=1e-5)
    np.testing.assert_allclose(outputs[0, 3], values[0, [1, 3]].mean(0), rtol=1e-5)


def test_custom_cell_learns(training_backend):
    layer = layers.RNN(Average(2))
    layer(SEQUENCES)
    with kerata.GradientTape() as tape:
        total = ops.sum(layer(SEQUENCES))
    gradient = tape.gradient(total, layer.cell.dense.kernel)
    expected = np.tile(SEQUENCES.mean(1).sum(0)[:, None], (1, 2))
    driver.close(gradient, expected, 1e-4)


def test_custom_cell_with_dropout_inside(training_backend):
    """The seed's state that the cell advances at each step leaves the loop with it."""

    class Noisy(Average):
        def __init__(self, units, **kwargs):
            super().__init__(units, **kwargs)
            self.noise = layers.Dropout(0.5)

        def call(self, inputs, states, training=False):
            return super().call(self.noise(inputs, training=training), states)

    layer = layers.RNN(Noisy(2))
    first, second = (driver.numpy_of(layer(SEQUENCES, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)


def test_subclass_of_a_cell_is_called(backend):
    class Doubled(layers.GRUCell):
        def call(self, inputs, states, training=False):
            output, states = super().call(inputs, states, training)
            return 2 * output, states

    layer = layers.RNN(Doubled(2))
    plain = layers.RNN(layers.GRUCell(2))
    plain(SEQUENCES)
    layer(SEQUENCES)
    layer.set_weights(plain.get_weights())
    driver.close(layer(SEQUENCES), 2 * driver.numpy_of(plain(SEQUENCES)))


# -- states --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_stateful_layer_goes_on_where_it_ended(kind, backend):
    layer = recurrent(kind, stateful=True, return_sequences=True)(layers)
    whole = recurrent(kind, return_sequences=True)(layers)
    expected = driver.numpy_of(whole(SEQUENCES))
    parts = [SEQUENCES[:, :2], SEQUENCES[:, 2:]]
    layer(parts[0])
    assert len(layer.weights) == 3  # the states are no weights
    layer.set_weights(whole.get_weights())
    layer.reset_state()
    outputs = np.concatenate([driver.numpy_of(layer(part)) for part in parts], 1)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-6)
    layer.reset_state()
    assert not layer.states[0].numpy().any()


def test_stateful_layer_in_a_compiled_model(training_backend):
    inputs = kerata.Input(batch_shape=(BATCH, STEPS, FEATURES))
    layer = layers.GRU(UNITS, stateful=True)
    model = kerata.Model(inputs, layer(inputs))
    twice = np.concatenate([SEQUENCES, SEQUENCES])
    first, second = np.split(model.predict(twice, batch_size=BATCH, verbose=0), 2)
    assert not np.allclose(first, second)
    np.testing.assert_allclose(layer.states[0].numpy(), second, rtol=1e-5)


def test_stateful_layer_needs_one_batch_size(backend):
    layer = layers.LSTM(2, stateful=True)
    with pytest.raises(ValueError, match=r"must know the batch size.*batch_shape=\(32"):
        layer(kerata.Input((STEPS, FEATURES)))
    layer = layers.LSTM(2, stateful=True)
    layer(SEQUENCES)
    with pytest.raises(ValueError, match="stateful with batches of 2 and was given one of 1"):
        layer(SEQUENCES[:1])


def test_wrong_initial_state_is_explained(backend):
    with pytest.raises(ValueError, match=r"states of shapes \[\(2, 2\), \(2, 2\)\]"):
        layers.LSTM(UNITS)(SEQUENCES, initial_state=states(1))


# -- masks ---------------------------------------------------------------------------------


def test_masks_travel(backend):
    ids = np.array([[3, 4, 0, 0], [1, 0, 2, 0]])
    embedded = layers.Embedding(5, FEATURES, mask_zero=True)(ids)
    layer = layers.LSTM(UNITS)
    expected = layer(embedded, mask=ids != 0)
    driver.close(layer(embedded), driver.numpy_of(expected))
    sequences = layers.GRU(UNITS, return_sequences=True)(embedded)
    assert kerata.core.masks.of(sequences) is not None
    both = layers.Bidirectional(layers.GRU(UNITS, return_sequences=True))
    spread = layers.TimeDistributed(layers.Dense(2))
    for tensor in (both(embedded), spread(embedded)):
        np.testing.assert_array_equal(driver.numpy_of(kerata.core.masks.of(tensor)), ids != 0)
    assert kerata.core.masks.of(layer(embedded)) is None


def test_mask_inside_of_each_step(backend):
    """TimeDistributed hands the part of a mask that is beyond the steps to its layer."""
    inputs, mask = data(2, 3, STEPS, FEATURES), data(2, 3, STEPS) > 0
    layer = layers.TimeDistributed(layers.LSTM(UNITS))
    outputs = layer(inputs, mask=mask)
    for t in range(3):
        driver.close(outputs[:, t], driver.numpy_of(layer.layer(inputs[:, t], mask=mask[:, t])))


# -- dropout -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}])
def test_dropout_is_random_in_training_only(kind, options, backend):
    layer = recurrent(kind, seed=3, **options)(layers)
    plain = [driver.numpy_of(layer(SEQUENCES)) for _ in range(2)]
    noisy = [driver.numpy_of(layer(SEQUENCES, training=True)) for _ in range(2)]
    np.testing.assert_array_equal(*plain)
    assert not np.allclose(noisy[0], plain[0])
    assert not np.allclose(noisy[0], noisy[1])


def test_dropout_drops_the_same_features_at_all_steps(backend):
    layer = layers.SimpleRNN(8, activation="linear", dropout=0.5, return_sequences=True, seed=1,
                             kernel_initializer="identity", recurrent_initializer="zeros")
    outputs = driver.numpy_of(layer(np.ones((3, 5, 8), "float32"), training=True))
    assert set(np.unique(outputs)) == {0.0, 2.0}
    np.testing.assert_array_equal(outputs, np.repeat(outputs[:, :1], 5, 1))


def test_recurrent_dropout_drops_the_same_units_at_all_steps(backend):
    layer = layers.SimpleRNN(8, activation="linear", recurrent_dropout=0.5, seed=1,
                             return_sequences=True, kernel_initializer="zeros",
                             recurrent_initializer="identity")
    state = np.ones((3, 8), "float32")
    inputs = np.zeros((3, 4, 8), "float32")
    outputs = driver.numpy_of(layer(inputs, initial_state=state, training=True))
    kept = outputs[:, 0] > 0
    assert 0 < kept.sum() < kept.size
    np.testing.assert_array_equal(outputs, np.stack([kept * 2.0**t for t in range(1, 5)], 1))


# -- Bidirectional -------------------------------------------------------------------------


def test_bidirectional_takes_weights_and_a_backward_layer(backend):
    forward, back = layers.GRU(UNITS), layers.GRU(UNITS, go_backwards=True)
    both = layers.Bidirectional(forward, backward_layer=back)
    weights = [data(*w.shape) for w in both_weights(both)]
    layer = layers.Bidirectional(layers.GRU(UNITS), weights=weights)
    layer(SEQUENCES)
    both.set_weights(weights)
    driver.close(layer(SEQUENCES), driver.numpy_of(both(SEQUENCES)))
    assert both.backward_layer is back


def both_weights(layer):
    layer(SEQUENCES)
    return layer.weights


def test_stateful_bidirectional(backend):
    layer = layers.Bidirectional(layers.LSTM(UNITS, stateful=True))
    layer(SEQUENCES)
    assert len(layer.states) == 4
    assert all(state.numpy().any() for state in layer.states)
    layer.reset_states()
    assert not any(state.numpy().any() for state in layer.states)


# -- errors --------------------------------------------------------------------------------


def test_sequences_are_missing(backend):
    model = [kerata.Input((STEPS, FEATURES)), layers.LSTM(4, name="first"), layers.LSTM(4)]
    with pytest.raises(ValueError, match="add return_sequences=True to layer 'first'"):
        model[2](model[1](model[0]))
    for make in (recurrent("GRU"), bidirectional("GRU", "sum")):
        with pytest.raises(ValueError, match="add return_sequences=True to the recurrent layer"):
            make(layers)(data(2, 3))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: layers.LSTM(0), "`units` is 0; expected a positive integer"),
        (lambda: layers.GRU(3, dropout=1.5), "`dropout` is 1.5"),
        (lambda: layers.RNN(object()), "`cell` is a object without `call`"),
        (lambda: layers.RNN(layers.Dense(3)), "`cell` is a Dense without `state_size`"),
        (lambda: layers.StackedRNNCells([layers.Dense(3)]), "`cells` holds a Dense"),
        (lambda: layers.Bidirectional(layers.Dense(3)), "Dense and not a recurrent layer"),
        (lambda: layers.Bidirectional(layers.GRU(3), "add"), "`merge_mode` is 'add'"),
        (
            lambda: layers.Bidirectional(layers.GRU(3), backward_layer=layers.GRU(3)),
            "run in the same direction",
        ),
        (
            lambda: layers.Bidirectional(
                layers.GRU(3),
                backward_layer=layers.GRU(3, go_backwards=True, return_sequences=True),
            ),
            "`layer` has return_sequences=False",
        ),
        (
            lambda: layers.TimeDistributed(layers.Dense(3))(np.zeros((2, 3), "float32")),
            r"needs inputs of shape \(batch, time, ...\), got \(2, 3\)",
        ),
    ],
)
def test_errors_say_what_is_wrong(make, text):
    with pytest.raises(ValueError, match=text):
        make()
