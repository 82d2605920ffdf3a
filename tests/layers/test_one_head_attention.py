"""Attention and AdditiveAttention: masks, weights, dropout, wrong arguments; shared heads."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kerata
from kerata.core import masks
from tests.layers.driver import close, numpy_of, random_weights

random = np.random.default_rng(5)
QUERY = random.normal(size=(2, 5, 4)).astype("float32")
VALUE = random.normal(size=(2, 3, 4)).astype("float32")
KEY = random.normal(size=(2, 3, 4)).astype("float32")
FIRST_TWO = np.array([[True, True, False], [True, True, True]])
FOUR = np.array([[True] * 4 + [False], [True] * 5])

#: class, arguments
LAYERS = [
    ("Attention", {}),
    ("Attention", {"use_scale": True, "score_mode": "concat"}),
    ("AdditiveAttention", {}),
]
#: options of the call
CALLS = [
    {},
    {"use_causal_mask": True},
    {"mask": [None, FIRST_TWO]},
    {"mask": [FOUR, None]},
    {"mask": [FOUR, FIRST_TWO], "use_causal_mask": True},
]


def pair(name, arguments, inputs):
    """Return Keras' layer and kerata's, built by a call, with the same random weights."""
    theirs = getattr(keras.layers, name)(**arguments)
    theirs(inputs)
    mine = getattr(kerata.layers, name)(**arguments)
    mine(inputs)
    values = random_weights(theirs)
    theirs.set_weights(values)
    mine.set_weights(values)
    return theirs, mine


@pytest.mark.parametrize(("name", "arguments"), LAYERS, ids=str)
@pytest.mark.parametrize("scores", [False, True])
def test_masks_are_those_of_keras(name, arguments, scores, backend):
    inputs = [QUERY, VALUE, KEY]
    theirs, mine = pair(name, arguments, inputs)
    for options in CALLS:
        expected = theirs(inputs, return_attention_scores=scores, **options)
        actual = mine(inputs, return_attention_scores=scores, **options)
        pairs = zip(actual, expected, strict=True) if scores else [(actual, expected)]
        for each, other in pairs:
            close(each, other)


def test_queries_that_see_nothing_gather_zeros(backend):
    nothing = np.zeros((2, 3), bool)
    for name, arguments in LAYERS:
        layer = getattr(kerata.layers, name)(**arguments)
        alone = layer([QUERY, VALUE], mask=[None, nothing])
        outputs, scores = layer(
            [QUERY, VALUE], mask=[None, nothing], return_attention_scores=True
        )
        for zeros in (alone, outputs, scores):
            assert not numpy_of(zeros).any()


def test_masks_of_the_tensors_are_used_and_that_of_the_query_passed_on(backend):
    words = np.array([[3, 1, 2, 0, 0], [4, 2, 0, 0, 0]])
    embedded = kerata.layers.Embedding(5, 4, mask_zero=True)(words)
    layer = kerata.layers.Attention()
    outputs = layer([embedded, embedded])
    plain = kerata.ops.convert_to_tensor(numpy_of(embedded))
    close(outputs, layer([plain, plain], mask=[words != 0, words != 0]))
    assert (numpy_of(masks.of(outputs)) == (words != 0)).all()


def test_dropout_leaves_the_mean_and_has_a_seed(backend):
    query = np.zeros((1, 400, 2), "float32")
    value = np.ones((1, 50, 2), "float32")
    outputs = [
        numpy_of(kerata.layers.Attention(dropout=0.5, seed=3)([query, value], training=True))
        for _ in range(2)
    ]
    assert outputs[0].std() > 0.05
    assert abs(outputs[0].mean() - 1) < 0.05
    close(*outputs)


@pytest.mark.parametrize(("name", "arguments"), LAYERS, ids=str)
def test_gradients_through_masks(name, arguments, training_backend):
    """Of the inputs, along a random direction, against differences."""
    _, layer = pair(name, arguments, [QUERY, VALUE, KEY])
    options = {"mask": [FOUR, FIRST_TWO], "use_causal_mask": True}

    def total(query):
        return kerata.ops.sum(layer([query, VALUE, KEY], **options) ** 2)

    direction = random.normal(size=QUERY.shape).astype("float32") / 4
    gradient = numpy_of(kerata.grad(total)(QUERY))
    step = np.float32(1e-2)
    ahead, behind = (float(numpy_of(total(QUERY + sign * step * direction))) for sign in (1, -1))
    np.testing.assert_allclose(
        (gradient * direction).sum(), (ahead - behind) / (2 * step), rtol=0.02, atol=2e-3
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype, backend):
    for name, arguments in LAYERS:
        layer = getattr(kerata.layers, name)(dtype=dtype, **arguments)
        outputs = layer([QUERY, VALUE], mask=[None, FIRST_TWO], use_causal_mask=True)
        assert kerata.ops.dtype(outputs) == dtype
        assert np.isfinite(numpy_of(outputs).astype("float32")).all()


def test_empty_batch(backend):
    for name, arguments in LAYERS:
        layer = getattr(kerata.layers, name)(**arguments)
        assert layer([QUERY[:0], VALUE[:0]]).shape == (0, 5, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kerata.layers.Attention(score_mode="best"), "'dot', 'concat'"),
        (lambda: kerata.layers.Attention(dropout=2), "dropout"),
        (lambda: kerata.layers.Attention()(QUERY), r"\[query, value\]"),
        (lambda: kerata.layers.Attention()([QUERY]), r"\[query, value\]"),
        (lambda: kerata.layers.Attention()([QUERY, VALUE], mask=[FOUR]), "query mask"),
        (lambda: kerata.layers.AdditiveAttention()([QUERY[0], VALUE[0]]), "positions"),
        (lambda: kerata.layers.GroupQueryAttention(4, 5, 2), "divide"),
        (lambda: kerata.layers.GroupQueryAttention(4, 2, 1)(QUERY[0], VALUE[0]), "axes"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "options",
    [
        {"use_causal_mask": True},
        {"value_mask": FIRST_TWO, "return_attention_scores": True},
        {"attention_mask": random.random((2, 5, 3)) < 2 / 3, "return_attention_scores": True},
    ],
    ids=lambda options: ",".join(options),
)
def test_groups_with_masks_are_those_of_keras(options, backend):
    theirs = keras.layers.GroupQueryAttention(3, 4, 2)
    mine = kerata.layers.GroupQueryAttention(3, 4, 2)
    theirs(QUERY, VALUE)
    mine(QUERY, VALUE)
    mine.set_weights(values := random_weights(theirs))
    theirs.set_weights(values)
    expected, actual = (layer(QUERY, VALUE, **options) for layer in (theirs, mine))
    if "return_attention_scores" in options:
        close(actual[1], expected[1])
        actual, expected = actual[0], expected[0]
    close(actual, expected)
