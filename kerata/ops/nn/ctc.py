"""CTC: label sequences that are not aligned with the predictions, as a loss and decoded.

A class of its own, the blank, stands for "no label at this step". An alignment names a class for
each step; repetitions are merged and blanks dropped to read the labels from it. Graves et al.,
"Connectionist Temporal Classification" (2006).
"""

from __future__ import annotations

import builtins

import numpy as np

from kerata.core import dtypes
from kerata.core.primitive import Tensor
from kerata.core.spec import dtype_of, shape_of
from kerata.ops.cast import cast
from kerata.ops.control import scan
from kerata.ops.creation import zeros_like
from kerata.ops.elementwise import (
    add,
    floor_divide,
    logaddexp,
    maximum,
    mod,
    multiply,
    negative,
    subtract,
)
from kerata.ops.indexing import take_along_axis
from kerata.ops.joining import concatenate, pad, stack
from kerata.ops.linalg import matmul
from kerata.ops.logic import (
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    not_equal,
    where,
)
from kerata.ops.nn.activations import log_softmax
from kerata.ops.nn.placement import beside
from kerata.ops.reduce import all, argmax, logsumexp, max, sum
from kerata.ops.shape import broadcast_to, expand_dims, reshape, swapaxes, transpose
from kerata.ops.sorting import argsort, top_k

# Stands for the logarithm of 0 in the loss, where a real one would give NaN gradients.
_IMPOSSIBLE = -1e5
# The same in decoding: nothing is differentiated, and no sum of logarithms comes near it.
_NEVER = -1e30

# -- the loss --------------------------------------------------------------------------------


def ctc_loss(
    target: Tensor,
    output: Tensor,
    target_length: Tensor,
    output_length: Tensor,
    mask_index: int = 0,
) -> Tensor:
    """Negative log-likelihood of label sequences, over all their alignments with predictions.

    Graves et al., "Connectionist Temporal Classification" (2006), by the forward algorithm.

    Args:
        target: integer tensor of labels (batch, labels).
        output: tensor of logits (batch, time, classes).
        target_length: how many labels of each sequence count (batch,); the rest is padding.
        output_length: how many steps of each sequence count (batch,).
        mask_index: the class of the blank.

    Returns:
        Tensor (batch,), of at least float32. Labels that no alignment fits, as there are too few
        steps, cost about 1e5.

    Raises:
        ValueError: if the shapes do not fit, or the number of labels is not known.

    >>> import kerata
    >>> logits = kerata.ops.zeros((1, 2, 2))
    >>> loss = kerata.ops.ctc_loss([[1]], logits, [1], [2])  # 3 of 4 alignments mean [1]
    >>> round(float(loss[0]), 4)
    0.2877
    """
    lengths = {"target_length": target_length, "output_length": output_length}
    _check("ctc_loss", output, target=target, **lengths)
    target, target_length, output_length = (
        beside(x, output) for x in (target, target_length, output_length)
    )
    labels = shape_of(target)[1]
    if labels is None:
        raise ValueError(
            f"`ctc_loss` needs a known number of labels, but target has shape {shape_of(target)}. "
            "Pad the label sequences to one length."
        )
    # Whatever stands in the padding, it names no class.
    inside = less(np.arange(labels), expand_dims(target_length, 1))
    target = where(inside, target, mask_index)
    logs = log_softmax(cast(output, _at_least_float32(output)), axis=-1)
    scores = _along_labels(logs, target, mask_index)
    may_skip = _may_skip(target, mask_index)
    return negative(_log_likelihood(scores, may_skip, target_length, output_length))


def _at_least_float32(x: Tensor) -> str:
    return dtypes.promote(dtype_of(x), "float32")


def _check(name: str, logits: Tensor, **others: Tensor) -> None:
    """Raise if the logits have not three axes, or others do not have the same batch."""
    shape = shape_of(logits)
    expected = {"target": 2}
    fits = len(shape) == 3 and builtins.all(
        len(shape_of(x)) == expected.get(key, 1) and _same(shape_of(x)[0], shape[0])
        for key, x in others.items()
    )
    if not fits:
        given = ", ".join(f"{key} {shape_of(x)}" for key, x in others.items())
        raise ValueError(
            f"`{name}` got logits of shape {shape}, {given}; expected logits (batch, time, "
            "classes), labels (batch, labels) and lengths (batch,)."
        )


def _same(first: int | None, second: int | None) -> bool:
    return None in (first, second) or first == second


def _along_labels(logs: Tensor, labels: Tensor, blank: int) -> Tensor:
    """Return the log-probability, at each time, of each label and of the blanks around it.

    Args:
        logs: shape (batch, time, classes).
        labels: shape (batch, labels).
        blank: class.

    Returns:
        Shape (time, batch, 2 labels + 1): blank, first label, blank, second label, ..., blank.
    """
    batch, time, _ = shape_of(logs)
    count = shape_of(labels)[1]
    index = broadcast_to(expand_dims(labels, 1), (batch, time, count))
    of_labels = take_along_axis(logs, index, axis=2)
    of_blank = logs[:, :, blank : blank + 1]
    pairs = stack([broadcast_to(of_blank, (batch, time, count)), of_labels], axis=3)
    pairs = reshape(pairs, (batch, time, 2 * count))
    return transpose(concatenate([pairs, of_blank], axis=2), (1, 0, 2))


def _may_skip(labels: Tensor, blank: int) -> Tensor:
    """Return where the blank before a state may be left out: before a label unlike the last."""
    batch, count = shape_of(labels)
    before = pad(labels[:, :-1], ((0, 0), (1, 0)), constant_values=blank)
    differs = logical_and(not_equal(labels, blank), not_equal(labels, before))
    pairs = stack([zeros_like(differs), differs], axis=2)
    return pad(reshape(pairs, (batch, 2 * count)), ((0, 0), (0, 1)))


def _log_likelihood(scores: Tensor, may_skip: Tensor, labels: Tensor, steps: Tensor) -> Tensor:
    """Return the log of the summed probability of all alignments: the forward algorithm.

    Args:
        scores: log-probability of each state, shape (time, batch, states).
        may_skip: whether a state may follow the last but one, shape (batch, states).
        labels, steps: how many there are, shape (batch,).
    """
    states = np.arange(shape_of(scores)[2])
    steps = expand_dims(steps, 1)

    def shifted(alpha: Tensor, by: int) -> Tensor:
        return pad(alpha[:, :-by], ((0, 0), (by, 0)), constant_values=_IMPOSSIBLE)

    def advance(carry: tuple[Tensor, Tensor], score: Tensor) -> tuple[tuple, None]:
        alpha, time = carry
        skipped = where(may_skip, shifted(alpha, 2), _IMPOSSIBLE)
        ways = stack([alpha, shifted(alpha, 1), skipped], axis=0)
        new = add(logsumexp(ways, axis=0), score)
        return (where(less(time, steps), new, alpha), add(time, 1)), None

    # Before the first step it is as if a blank had been seen.
    start = where(states == 0, zeros_like(scores[0]), _IMPOSSIBLE)
    (alpha, _), _ = scan(advance, (start, zeros_like(steps)), scores)
    # An alignment ends in the last label or in the blank after it.
    past_end = subtract(states, expand_dims(multiply(labels, 2), 1))
    ends = logical_and(less_equal(past_end, 0), greater_equal(past_end, -1))
    return logsumexp(where(ends, alpha, _IMPOSSIBLE), axis=1)


# -- decoding --------------------------------------------------------------------------------


def ctc_decode(
    inputs: Tensor,
    sequence_lengths: Tensor,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Tensor, Tensor]:
    """Read label sequences from the predictions of a model that was trained with `ctc_loss`.

    Args:
        inputs: tensor of logits (batch, time, classes).
        sequence_lengths: how many steps of each sequence count (batch,).
        strategy: `"greedy"` takes the best class of each step; `"beam_search"` sums over the
            alignments of the most probable label sequences (Graves, 2012).
        beam_width: how many label sequences a beam search follows.
        top_paths: how many it returns.
        merge_repeated: whether the greedy strategy merges a class that is best at successive
            steps into one label. The beam search knows that these are alignments of one label.
        mask_index: the class of the blank.

    Returns:
        `(labels, scores)`. Greedy: int32 labels (1, batch, time), with -1 behind the last, and
        minus the sum of the best logits (batch, 1). Beam search: labels (top_paths, batch, time),
        the most probable first, and their log-probabilities (batch, top_paths).

    Raises:
        ValueError: if the strategy is none of these, `top_paths` exceeds `beam_width`, or the
            shapes do not fit.

    Source: Graves, Supervised Sequence Labelling with Recurrent Neural Networks (2012).

    >>> import kerata
    >>> best = kerata.ops.one_hot([[1, 1, 0, 2]], 3) * 9.0
    >>> labels, _ = kerata.ops.ctc_decode(best, [4])
    >>> labels.tolist()
    [[[1, 2, -1, -1]]]
    """
    _check("ctc_decode", inputs, sequence_lengths=sequence_lengths)
    lengths = beside(sequence_lengths, inputs)
    inputs = cast(inputs, _at_least_float32(inputs))
    if strategy == "greedy":
        return _best_per_step(inputs, lengths, merge_repeated, mask_index)
    if strategy != "beam_search":
        raise ValueError(
            f"`ctc_decode`: `strategy` is {strategy!r}; expected 'greedy' or 'beam_search'."
        )
    if not 1 <= top_paths <= beam_width:
        raise ValueError(
            f"`ctc_decode`: `top_paths` is {top_paths} with a `beam_width` of {beam_width}; "
            "expected from 1 to `beam_width`."
        )
    return _beam_search(log_softmax(inputs, axis=-1), lengths, beam_width, top_paths, mask_index)


def _best_per_step(
    inputs: Tensor, lengths: Tensor, merge_repeated: bool, blank: int
) -> tuple[Tensor, Tensor]:
    """Return the labels (1, batch, time) of the best class of each step, and minus its logit."""
    places = _places(inputs)
    best = cast(argmax(inputs, axis=-1), "int32")
    inside = less(places, expand_dims(lengths, 1))
    kept = logical_and(inside, not_equal(best, blank))
    if merge_repeated:
        before = pad(best[:, :-1], ((0, 0), (1, 0)), constant_values=-1)
        kept = logical_and(kept, not_equal(best, before))
    # What is kept moves to the front, in its order.
    order = argsort(where(kept, places, add(places, len(places))), axis=1)
    labels = take_along_axis(where(kept, best, -1), order, axis=1)
    scores = sum(where(inside, max(inputs, axis=-1), 0.0), axis=1, keepdims=True)
    return expand_dims(labels, 0), negative(scores)


def _places(inputs: Tensor) -> np.ndarray:
    time = shape_of(inputs)[1]
    if time is None:
        raise ValueError(
            f"`ctc_decode` needs a known number of steps, but inputs have shape "
            f"{shape_of(inputs)}. Give the model's Input a full shape."
        )
    return np.arange(time, dtype="int32")


def _beam_search(
    logs: Tensor, lengths: Tensor, width: int, top_paths: int, blank: int
) -> tuple[Tensor, Tensor]:
    """Return the most probable label sequences, and their log-probabilities.

    A beam is a label sequence, with the log-probabilities of its alignments that end in a blank
    and of those that end in its last label.
    """
    places = _places(logs)
    lengths = expand_dims(lengths, 1)

    def advance(carry: tuple, at: tuple) -> tuple[tuple, None]:
        log, time = at
        new = _extended(carry, log, places, blank)
        goes_on = less(time, lengths)
        paths = where(expand_dims(goes_on, 2), new[0], carry[0])
        rest = [where(goes_on, *pair) for pair in zip(new[1:], carry[1:], strict=True)]
        return (paths, *rest), None

    dtype = dtype_of(logs)
    zeros = zeros_like(logs[:, 0, :1])
    ending_blank = add(zeros, np.where(np.arange(width) == 0, 0.0, _NEVER).astype(dtype))
    ending_label = add(zeros, np.full(width, _NEVER, dtype))
    counts = cast(zeros_like(ending_label), "int32")
    paths = add(expand_dims(counts, 2), np.full((width, len(places)), -1, "int32"))
    start = (paths, counts, ending_blank, ending_label)
    (paths, _, ending_blank, ending_label), _ = scan(advance, start, (swapaxes(logs, 0, 1), places))
    scores, best = top_k(logaddexp(ending_blank, ending_label), top_paths)
    return transpose(_of_beams(paths, best), (1, 0, 2)), where(_lives(scores), scores, -np.inf)


def _lives(scores: Tensor) -> Tensor:
    return greater_equal(scores, _NEVER / 2)


def _of_beams(values: Tensor, index: Tensor) -> Tensor:
    """Return the values (batch, beams, time) of the beams that the index (batch, k) names."""
    batch, count = shape_of(index)
    index = broadcast_to(expand_dims(index, 2), (batch, count, shape_of(values)[2]))
    return take_along_axis(values, index, axis=1)


def _extended(beams: tuple, log: Tensor, places: np.ndarray, blank: int) -> tuple:
    """Return the best beams one step later, given its log-probabilities (batch, classes)."""
    paths, counts, ending_blank, ending_label = beams
    width, classes = shape_of(counts)[1], shape_of(log)[1]
    ends = equal(places, expand_dims(subtract(counts, 1), 2))
    last = max(where(ends, paths, -1), axis=2)
    either = logaddexp(ending_blank, ending_label)

    # The same path: by a blank, or by its last label once more.
    of_last = take_along_axis(log, maximum(last, 0), axis=1)
    by_label = where(less(last, 0), _NEVER, add(ending_label, of_last))
    by_blank = add(either, log[:, blank : blank + 1])
    # A path longer by a label (batch, beam, class); by the last one only after a blank.
    is_last = equal(expand_dims(last, 2), np.arange(classes))
    longer = where(is_last, expand_dims(ending_blank, 2), expand_dims(either, 2))
    longer = add(longer, expand_dims(log, 1))
    longer = where(np.arange(classes) == blank, _NEVER, longer)

    # Where the longer path is a beam already, these alignments count there.
    is_parent = all(equal(expand_dims(where(ends, -1, paths), 2), expand_dims(paths, 1)), axis=3)
    is_parent = logical_and(is_parent, expand_dims(greater(counts, 0), 2))  # (batch, beam, parent)
    from_parents = _of_beams(swapaxes(longer, 1, 2), maximum(last, 0))
    from_parents = where(is_parent, from_parents, _NEVER)
    by_label = logaddexp(by_label, logsumexp(from_parents, axis=2))
    found = matmul(cast(swapaxes(is_parent, 1, 2), "float32"), cast(is_last, "float32"))
    longer = where(greater(found, 0.0), _NEVER, longer)

    longer = reshape(longer, (-1, width * classes))
    candidates = concatenate([logaddexp(by_blank, by_label), longer], axis=1)
    scores, index = top_k(candidates, width)
    grows = greater_equal(index, width)
    new = subtract(index, width)
    parent = where(grows, floor_divide(new, classes), index)
    label = expand_dims(mod(new, classes), 2)
    counts = take_along_axis(counts, parent, axis=1)
    here = logical_and(expand_dims(grows, 2), equal(places, expand_dims(counts, 2)))
    paths = where(here, label, _of_beams(paths, parent))
    # What has no probability must not pass for a beam.
    lives = _lives(scores)
    return (
        where(expand_dims(lives, 2), paths, -1),
        where(lives, add(counts, cast(grows, "int32")), 0),
        where(grows, _NEVER, take_along_axis(by_blank, parent, axis=1)),
        where(grows, scores, take_along_axis(by_label, parent, axis=1)),
    )
