"""CTC: the loss and decoding against Keras and against the sum over all alignments."""

from __future__ import annotations

import functools
import itertools

import keras
import numpy as np
import pytest

import kerata
from kerata import ops
from kerata.core.symbolic import SymbolicTensor

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(4, 5, 4)).astype("float32")
LABELS = np.array([[1, 2, 0], [1, 1, 1], [2, 0, 0], [3, 3, 2]])

#: labels, number of labels, number of steps, blank
LOSSES = [
    (LABELS, [2, 3, 0, 3], [5, 5, 3, 4], 0),
    (LABELS, [2, 3, 1, 1], [5, 5, 3, 4], 3),
    (LABELS, [0, 0, 0, 1], [0, 1, 5, 1], 0),
]
DECODINGS = [
    {"strategy": "greedy"},
    {"strategy": "greedy", "merge_repeated": False},
    {"strategy": "greedy", "mask_index": 3},
    {"strategy": "beam_search", "top_paths": 3},
    {"strategy": "beam_search", "beam_width": 4, "top_paths": 2, "merge_repeated": False},
    {"strategy": "beam_search", "beam_width": 7, "top_paths": 2, "mask_index": 3},
]


def to_numpy(tensors):
    return [ops.convert_to_numpy(tensor) for tensor in tensors]


@functools.cache
def decoded_by_keras(*options):
    found = keras.ops.ctc_decode(LOGITS, np.array([5, 3, 1, 4]), **dict(options))
    return [np.asarray(x) for x in found]


def of_alignments(logits, blank):
    """Return the probability of each label sequence: the sum over all its alignments."""
    chances = np.exp(logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True))
    found: dict[tuple, float] = {}
    for alignment in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        labels = tuple(label for label, _ in itertools.groupby(alignment) if label != blank)
        chance = np.prod([chances[t, label] for t, label in enumerate(alignment)])
        found[labels] = found.get(labels, 0.0) + chance
    return found


# -- the loss ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", LOSSES, ids=str)
def test_loss_is_that_of_keras(case, backend):
    labels, label_lengths, lengths, blank = case
    arguments = labels, LOGITS, np.array(label_lengths), np.array(lengths)
    expected = np.asarray(keras.ops.ctc_loss(*arguments, mask_index=blank))
    actual = ops.convert_to_numpy(ops.ctc_loss(*arguments, mask_index=blank))
    assert actual.dtype == expected.dtype
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("blank", [0, 2])
def test_loss_is_the_sum_over_all_alignments(blank, backend):
    chances = of_alignments(LOGITS[0].astype("float64"), blank)
    paths = [path for path in chances if len(path) <= 3]
    # What stands behind the labels is not looked at.
    labels = np.array([[*path, *(-1,) * (3 - len(path))] for path in paths])
    lengths = np.array([len(path) for path in paths])
    logits = np.repeat(LOGITS[:1], len(paths), axis=0)
    loss = ops.ctc_loss(labels, logits, lengths, np.full(len(paths), 5), mask_index=blank)
    expected = [-np.log(chances[path]) for path in paths]
    np.testing.assert_allclose(ops.convert_to_numpy(loss), expected, rtol=1e-5)


def test_labels_that_do_not_fit_cost_about_as_much_as_in_keras(backend):
    arguments = LABELS, LOGITS, np.array([2, 3, 1, 3]), np.array([1, 4, 0, 3])
    expected = np.asarray(keras.ops.ctc_loss(*arguments))
    assert (expected > 9e4).all()
    np.testing.assert_allclose(ops.convert_to_numpy(ops.ctc_loss(*arguments)), expected, rtol=1e-4)


def test_gradients_of_the_loss_are_those_of_keras(training_backend):
    import jax

    lengths = np.array([2, 3, 0, 3]), np.array([5, 5, 3, 4])
    expected = jax.grad(lambda x: keras.ops.ctc_loss(LABELS, x, *lengths).sum())(LOGITS)
    gradient = kerata.grad(lambda x: ops.sum(ops.ctc_loss(LABELS, x, *lengths)))(LOGITS)
    np.testing.assert_allclose(ops.convert_to_numpy(gradient), expected, rtol=1e-4, atol=1e-5)


def test_gradients_of_the_loss_are_differences():
    lengths = np.array([2, 3, 0, 3]), np.array([5, 5, 3, 4])
    logits, step = LOGITS.astype("float64"), 1e-6 * RNG.normal(size=LOGITS.shape)

    def total(x):
        return ops.sum(ops.ctc_loss(LABELS, x, *lengths))

    with kerata.use_backend("torch"):
        gradient = ops.convert_to_numpy(kerata.grad(total)(logits))
        difference = float(total(logits + step)) - float(total(logits - step))
    np.testing.assert_allclose((gradient * 2 * step).sum(), difference, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_half_precision_is_computed_in_float32(dtype, backend):
    logits = ops.cast(LOGITS, dtype)
    loss = ops.ctc_loss(LABELS, logits, [2, 3, 1, 3], [5, 5, 3, 5])
    labels, scores = ops.ctc_decode(logits, [5, 5, 3, 4])
    assert {ops.dtype(loss), ops.dtype(scores)} == {"float32"}
    exact = ops.ctc_loss(LABELS, LOGITS, [2, 3, 1, 3], [5, 5, 3, 5])
    np.testing.assert_allclose(*to_numpy([loss, exact]), rtol=0.02)


def test_compiled_is_eager(backend):
    arguments = LOGITS, np.array([5, 3, 0, 4])
    compiled = kerata.function(lambda x, n: ops.ctc_decode(x, n, "beam_search", 5, 2))
    decoded = ops.ctc_decode(*arguments, "beam_search", 5, 2)
    for a, b in zip(compiled(*arguments), decoded, strict=True):
        np.testing.assert_allclose(*to_numpy([a, b]), rtol=1e-6)
    loss = kerata.function(lambda x, n: ops.ctc_loss(LABELS, x, [2, 3, 0, 3], n))(*arguments)
    expected = ops.ctc_loss(LABELS, LOGITS, [2, 3, 0, 3], arguments[1])
    np.testing.assert_allclose(*to_numpy([loss, expected]), rtol=1e-6)


# -- decoding ------------------------------------------------------------------------------


@pytest.mark.parametrize("options", DECODINGS, ids=str)
def test_decoding_is_that_of_keras(options, backend):
    expected = decoded_by_keras(*options.items())
    actual = to_numpy(ops.ctc_decode(LOGITS, np.array([5, 3, 1, 4]), **options))
    assert [x.dtype for x in actual] == [x.dtype for x in expected]
    assert actual[0].tolist() == expected[0].tolist()
    np.testing.assert_allclose(actual[1], expected[1], rtol=1e-5)


def test_a_wide_beam_finds_the_best_of_all_sequences(backend):
    logits = RNG.normal(size=(4, 3)).astype("float32")
    labels, scores = to_numpy(ops.ctc_decode(logits[None], [4], "beam_search", 60, top_paths=12))
    chances = of_alignments(logits.astype("float64"), blank=0)
    best = sorted(chances, key=chances.get, reverse=True)[:12]
    assert [tuple(row[row >= 0]) for row in labels[:, 0]] == best
    np.testing.assert_allclose(scores[0], [np.log(chances[path]) for path in best], rtol=1e-5)


def test_a_sequence_of_no_steps_holds_no_labels(backend):
    labels, scores = to_numpy(ops.ctc_decode(LOGITS[:1], [0], "beam_search", 4, top_paths=2))
    assert (labels == -1).all()
    assert scores.tolist() == [[0.0, -np.inf]]


@pytest.mark.parametrize("options", [DECODINGS[0], DECODINGS[4]], ids=str)
def test_shapes_without_values(options, backend):
    inputs, lengths = SymbolicTensor((None, 5, 4), "float32"), SymbolicTensor((None,), "int32")
    for symbolic, actual in zip(
        ops.ctc_decode(inputs, lengths, **options),
        ops.ctc_decode(LOGITS[:0], np.zeros(0, "int32"), **options),
        strict=True,
    ):
        assert [0 if n is None else n for n in symbolic.shape] == list(actual.shape)
        assert symbolic.dtype == ops.dtype(actual)


def test_shape_of_the_loss_without_values(backend):
    symbolic = ops.ctc_loss(
        SymbolicTensor((None, 3), "int32"),
        SymbolicTensor((None, 5, 4), "float32"),
        SymbolicTensor((None,), "int32"),
        SymbolicTensor((None,), "int32"),
    )
    assert (symbolic.shape, symbolic.dtype) == ((None,), "float32")
    nothing = np.zeros(0, "int32")
    assert ops.ctc_loss(LABELS[:0], LOGITS[:0], nothing, nothing).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.ctc_decode(LOGITS, [5] * 4, "best"), "'greedy' or 'beam_search'"),
        (lambda: ops.ctc_decode(LOGITS, [5] * 4, "beam_search", 2, top_paths=3), "top_paths"),
        (lambda: ops.ctc_decode(LOGITS[0], [5]), "expected logits"),
        (lambda: ops.ctc_loss(LABELS, LOGITS, [1], [5] * 4), "expected logits"),
        (lambda: ops.ctc_loss(LABELS[0], LOGITS, [1] * 4, [5] * 4), "expected logits"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
