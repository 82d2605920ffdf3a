"""Attention: what the table cannot say. Masks, weights, dropout, files, wrong arguments."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

import kerata
from kerata.core import masks
from kerata.core.errors import KerataWarning
from kerata.layers import MultiHeadAttention
from tests.layers.driver import close, numpy_of, random_weights

random = np.random.default_rng(5)
QUERY = random.normal(size=(2, 5, 4)).astype("float32")
VALUE = random.normal(size=(2, 3, 4)).astype("float32")
FIRST_TWO = np.array([[True, True, False], [True, True, True]])
SEEN = random.random((2, 5, 3)) < 0.6
SEEN[:, :, 0] = True

#: options of the call; Keras agrees with each
CALLS = [
    {"use_causal_mask": True},
    {"value_mask": FIRST_TWO},
    {"key": VALUE[..., :2], "key_mask": FIRST_TWO},
    {"value_mask": FIRST_TWO, "use_causal_mask": True},
    {"attention_mask": SEEN},
    {"attention_mask": SEEN[0]},
    {"attention_mask": SEEN.astype("int32"), "value_mask": FIRST_TWO, "use_causal_mask": True},
    {"attention_mask": np.stack([SEEN, SEEN[::-1]], axis=1)},
    {"query_mask": np.array([[True] * 4 + [False], [True] * 5])},
]


def pair(inputs, **arguments):
    """Return Keras' layer and kerata's, built by a call, with the same random weights."""
    theirs = keras.layers.MultiHeadAttention(2, 3, **arguments)
    theirs(*inputs)
    mine = MultiHeadAttention(2, 3, **arguments)
    mine(*inputs)
    values = random_weights(theirs)
    theirs.set_weights(values)
    mine.set_weights(values)
    return theirs, mine


@pytest.mark.parametrize("options", CALLS, ids=lambda options: ",".join(options))
@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("window", [None, 3])
def test_masks_are_those_of_keras(options, scores, window, backend):
    inputs = [QUERY, VALUE, options["key"]] if "key" in options else [QUERY, VALUE]
    theirs, mine = pair(inputs, sliding_window=window)
    expected = theirs(QUERY, VALUE, return_attention_scores=scores, **options)
    actual = mine(QUERY, VALUE, return_attention_scores=scores, **options)
    if scores:
        close(actual[1], expected[1])
    elif window is None:  # else some query sees nothing, see below
        close(actual, expected)


def test_queries_that_see_nothing_gather_zeros(backend):
    _, layer = pair([QUERY, VALUE])
    nothing = np.zeros((2, 5, 3), bool)
    alone = layer(QUERY, VALUE, attention_mask=nothing)
    with_scores, scores = layer(
        QUERY, VALUE, attention_mask=nothing, return_attention_scores=True
    )
    bias = layer.output_dense.bias.numpy()
    close(alone, np.broadcast_to(bias, (2, 5, 4)))
    close(with_scores, alone)
    close(scores, np.zeros((2, 2, 5, 3)))


def test_masks_of_the_tensors_are_used_and_that_of_the_query_passed_on(backend):
    words = np.array([[3, 1, 2, 0, 0], [4, 2, 0, 0, 0]])
    embedding = kerata.layers.Embedding(5, 4, mask_zero=True)
    layer = MultiHeadAttention(2, 3, name=f"attention_on_{backend}")
    embedded = embedding(words)
    with warnings.catch_warnings(action="error", category=KerataWarning):
        output, scores = layer(embedded, embedded, return_attention_scores=True)
    assert (numpy_of(scores)[0, ..., 3:] == 0).all() and (numpy_of(scores)[1, ..., 2:] == 0).all()
    assert (numpy_of(masks.of(output)) == (words != 0)).all()
    assert masks.of(scores) is None


def test_causal_attention_knows_nothing_of_the_future(backend):
    _, layer = pair([QUERY, QUERY])
    changed = QUERY.copy()
    changed[:, 3:] += 1
    before = numpy_of(layer(QUERY, QUERY, use_causal_mask=True))
    after = numpy_of(layer(changed, changed, use_causal_mask=True))
    close(before[:, :3], after[:, :3])
    assert np.abs(before[:, 3:] - after[:, 3:]).min() > 1e-5


def test_one_of_two_axes_is_causal_and_masked(backend):
    """Rows of a picture attend along themselves: as many sequences, one by one."""
    picture = random.normal(size=(2, 3, 5, 4)).astype("float32")
    seen = random.random((2, 3, 5)) < 0.7
    seen[..., 0] = True
    layer = MultiHeadAttention(2, 3, attention_axes=2)
    whole = layer(picture, picture, value_mask=seen, use_causal_mask=True)
    single = MultiHeadAttention(2, 3)
    single(picture[:, 0], picture[:, 0])
    single.set_weights(layer.get_weights())
    for row in range(3):
        line = picture[:, row]
        expected = single(line, line, value_mask=seen[:, row], use_causal_mask=True)
        close(numpy_of(whole)[:, row], expected)


def test_dropout_drops_weights_in_training_only(backend):
    _, layer = pair([QUERY, VALUE], dropout=0.5, seed=3)
    calm, scores = layer(QUERY, VALUE, return_attention_scores=True, training=False)
    close(layer(QUERY, VALUE), calm)
    dropped, same_scores = layer(QUERY, VALUE, return_attention_scores=True, training=True)
    close(same_scores, scores)
    assert np.abs(numpy_of(dropped) - numpy_of(calm)).max() > 0.01


def test_activity_regularizer_penalizes_each_projection(backend):
    theirs, mine = pair([QUERY, VALUE], activity_regularizer="l1")
    theirs(QUERY, VALUE)
    mine(QUERY, VALUE)
    assert len(mine.losses) == len(theirs.losses) == 4
    close(sum(map(numpy_of, mine.losses)), sum(map(np.asarray, theirs.losses)))


def test_projections_start_with_different_values():
    layer = MultiHeadAttention(2, 3, kernel_initializer="normal")
    layer(QUERY, VALUE)
    assert np.abs(layer.query_dense.kernel.numpy() - layer.key_dense.kernel.numpy()).min() > 0


def test_frozen_layer_makes_frozen_projections():
    layer = MultiHeadAttention(2, 3, trainable=False)
    model = kerata.Sequential([kerata.Input((5, 4)), _SelfAttention(layer)])
    assert len(model.non_trainable_variables) == 8 and not model.trainable_variables


class _SelfAttention(kerata.Layer):
    def __init__(self, attention):
        super().__init__()
        self.attention = attention

    def call(self, inputs):
        return self.attention(inputs, inputs)


@pytest.mark.parametrize("arguments", [{}, {"use_gate": True, "dropout": 0.1}])
def test_weights_files_go_both_ways(arguments, tmp_path):
    def model(library):
        inputs = library.Input((5, 4))
        attention = library.layers.MultiHeadAttention(2, 3, name="attention", **arguments)
        return library.Model(inputs, attention(inputs, inputs))

    theirs, mine, again = model(keras), model(kerata), model(keras)
    theirs.set_weights(random_weights(theirs))
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    mine.load_weights(tmp_path / "theirs.weights.h5")
    close(mine(QUERY), theirs(QUERY))
    mine.save_weights(tmp_path / "mine.weights.h5")
    again.load_weights(tmp_path / "mine.weights.h5")
    close(again(QUERY), theirs(QUERY))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MultiHeadAttention(0, 3), "`num_heads` is 0; expected a positive integer"),
        (lambda: MultiHeadAttention(2, 3, dropout=2), "`dropout` is 2; expected a number"),
        (lambda: MultiHeadAttention(2, 3, sliding_window=0), "`sliding_window` is 0"),
        (lambda: MultiHeadAttention(2, 3)(QUERY, VALUE[None]), "the same number of axes"),
        (lambda: MultiHeadAttention(2, 3)(QUERY, VALUE, QUERY), "all sizes but the last"),
        (lambda: MultiHeadAttention(2, 3, attention_axes=2)(QUERY, VALUE), "axes from 1 to 1"),
        (
            lambda: MultiHeadAttention(2, 3)(QUERY[None], VALUE[None], use_causal_mask=True),
            "need one axis of positions",
        ),
    ],
)
def test_errors_say_what_was_expected(make, message):
    with pytest.raises(ValueError, match=message):
        make()
