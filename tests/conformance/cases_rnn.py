"""Rows of recurrences: against one sequence at a time, one step at a time, in float64."""

import numpy as np
from scipy.special import expit

from tests.conformance.cases import Case, normal

BATCH, STEPS, FEATURES, UNITS = 3, 5, 4, 2

#: padded right, padded left, and with a gap; the middle one of two is all padding
RIGHT = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]], bool)
ANY = np.array([[0, 0, 1, 1, 1], [0, 0, 0, 0, 0], [1, 0, 1, 1, 0]], bool)

FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": expit,
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
}


def walk(step, inputs, states, mask, go_backwards, return_all):
    """Step through every sequence of its own, leaving out the masked steps."""
    outputs, last = [], []
    for b in range(len(inputs)):
        state, seen = tuple(state[b] for state in states), []
        for t in reversed(range(STEPS)) if go_backwards else range(STEPS):
            if mask is None or mask[b, t]:
                state = step(inputs[b, t], *state)
            seen.append(state[0])
        outputs.append(seen if return_all else seen[-1])
        last.append(state)
    return np.array(outputs), *(np.array(state) for state in zip(*last, strict=True))


def simple_rnn(x, h, kernel, recurrent, bias, mask=None, activation="tanh", go_backwards=False,
               return_all=True):  # fmt: skip
    bias = 0 if bias is None else bias

    def step(x, h):
        return (FUNCTIONS[activation](x @ kernel + h @ recurrent + bias),)

    return walk(step, x, [h], mask, go_backwards, return_all)


def lstm(x, h, c, kernel, recurrent, bias, mask=None, activation="tanh",
         recurrent_activation="sigmoid", go_backwards=False, return_all=True):  # fmt: skip
    act, gate = FUNCTIONS[activation], FUNCTIONS[recurrent_activation]
    bias = 0 if bias is None else bias

    def step(x, h, c):
        i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
        c = gate(f) * c + gate(i) * act(g)
        return gate(o) * act(c), c

    return walk(step, x, [h, c], mask, go_backwards, return_all)


def gru(x, h, kernel, recurrent, bias, mask=None, activation="tanh",
        recurrent_activation="sigmoid", reset_after=True, go_backwards=False,
        return_all=True):  # fmt: skip
    act, gate = FUNCTIONS[activation], FUNCTIONS[recurrent_activation]
    given, own = (0, 0) if bias is None else bias if reset_after else (bias, 0)
    own = np.broadcast_to(own, kernel.shape[1:])

    def step(x, h):
        x_z, x_r, x_h = np.split(x @ kernel + given, 3)
        r_z, r_r, r_h = np.split(recurrent, 3, axis=1)
        o_z, o_r, o_h = np.split(own, 3)
        z, r = gate(x_z + h @ r_z + o_z), gate(x_r + h @ r_r + o_r)
        inner = r * (h @ r_h + o_h) if reset_after else (r * h) @ r_h
        return (z * h + (1 - z) * act(x_h + inner),)

    return walk(step, x, [h], mask, go_backwards, return_all)


def row(name, oracle, gates, mask=None, bias=True, **kwargs):
    """Return a row with random weights; the first two tensors of state differ."""
    width = gates * UNITS
    states = [0.5 * normal(BATCH, UNITS), 0.3 * normal(BATCH, UNITS)[::-1]]
    pair = name == "gru" and kwargs.get("reset_after", True)
    args = (
        normal(BATCH, STEPS, FEATURES),
        *states[: 2 if name == "lstm" else 1],
        0.5 * normal(FEATURES, width),
        0.5 * normal(UNITS, width),
        0.5 * normal(*(2, width) if pair else (width,)) if bias else None,
        mask,
    )
    return Case(name, args, kwargs, oracle=oracle, rtol=1e-4, atol=1e-5)


HARD = {"activation": "relu", "recurrent_activation": "hard_sigmoid"}
BACK = {"go_backwards": True, "return_all": False}

CASES = [
    row("simple_rnn", simple_rnn, 1),
    row("simple_rnn", simple_rnn, 1, RIGHT, activation="relu"),
    row("simple_rnn", simple_rnn, 1, ANY, activation="sigmoid"),
    row("simple_rnn", simple_rnn, 1, ANY, False, activation="hard_sigmoid"),
    row("simple_rnn", simple_rnn, 1, RIGHT, activation="linear", **BACK),
    row("lstm", lstm, 4),
    row("lstm", lstm, 4, RIGHT, False),
    row("lstm", lstm, 4, ANY, **BACK),
    row("lstm", lstm, 4, RIGHT, False, **HARD),
    row("lstm", lstm, 4, None, **HARD, **BACK),
    row("gru", gru, 3),
    row("gru", gru, 3, RIGHT, False),
    row("gru", gru, 3, ANY, **BACK),
    row("gru", gru, 3, RIGHT, False, **HARD),
    row("gru", gru, 3, None, reset_after=False),
    row("gru", gru, 3, ANY, False, reset_after=False, **HARD, **BACK),
]
