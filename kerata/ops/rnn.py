"""Recurrences over time: the simple recurrent network, the LSTM and the GRU as whole ops.

All take inputs (batch, time, features), walk along time and return the outputs with the last
state. A step whose mask is False changes nothing: the state is carried over and the output
repeats the last one. The layers of `kerata.layers` are built on these when their activations
are among `ACTIVATIONS`; for anything else they step through a cell with `ops.scan`.
"""

from __future__ import annotations

from typing import Any

from kerata.core.primitive import Tensor, primitive
from kerata.core.spec import TensorSpec

#: what the kernels know; other functions are for cells
ACTIVATIONS = ("tanh", "sigmoid", "hard_sigmoid", "relu", "linear")


@primitive(promote="keep")
def simple_rnn(
    inputs: Tensor,
    initial_h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    activation: str = "tanh",
    go_backwards: bool = False,
    return_all: bool = True,
) -> tuple[Tensor, Tensor]:
    """Fully connected recurrence: `h = activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Args:
        inputs: `(batch, time, features)`.
        initial_h: state before the first step, `(batch, units)`.
        kernel: `(features, units)`.
        recurrent_kernel: `(units, units)`.
        bias: `(units,)` or `None`.
        mask: bool `(batch, time)`; where False the state is carried over.
        activation: one of `"tanh"`, `"sigmoid"`, `"hard_sigmoid"`, `"relu"`, `"linear"`.
        go_backwards: start at the last step; outputs come in the order they are computed.
        return_all: return all outputs, else only the last.

    Returns:
        `(outputs, h)`: outputs `(batch, time, units)`, or `(batch, units)` without
        `return_all`, and the last state.

    Raises:
        ValueError: if shapes do not fit together, or an activation is not in the list.

    Source: Elman, Finding structure in time, Cognitive Science 14 (1990).

    >>> import kerata
    >>> from kerata import ops
    >>> x, h = ops.ones((1, 3, 2)), ops.zeros((1, 1))
    >>> outputs, h = ops.simple_rnn(x, h, ops.ones((2, 1)), ops.ones((1, 1)), activation="linear")
    >>> outputs.tolist()
    [[[2.0], [4.0], [6.0]]]
    """
    units = _check("simple_rnn", 1, inputs, kernel, recurrent_kernel, mask, [activation])
    _check_bias("simple_rnn", bias, (units,))
    return _results("simple_rnn", inputs, units, return_all, initial_h)


@primitive(promote="keep")
def lstm(
    inputs: Tensor,
    initial_h: Tensor,
    initial_c: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    go_backwards: bool = False,
    return_all: bool = True,
) -> tuple[Tensor, Tensor, Tensor]:
    """Long short-term memory, with gates in the order input, forget, cell, output.

    With `(i, f, g, o) = split(x_t @ kernel + h_{t-1} @ recurrent_kernel + bias)`:
    `c_t = gate(f) * c_{t-1} + gate(i) * act(g)` and `h_t = gate(o) * act(c_t)`.

    Args:
        inputs: `(batch, time, features)`.
        initial_h, initial_c: output and cell state before the first step, `(batch, units)`.
        kernel: `(features, 4 * units)`.
        recurrent_kernel: `(units, 4 * units)`.
        bias: `(4 * units,)` or `None`.
        mask: bool `(batch, time)`; where False the states are carried over.
        activation, recurrent_activation: `act` and `gate`, each one of `"tanh"`, `"sigmoid"`,
            `"hard_sigmoid"`, `"relu"`, `"linear"`.
        go_backwards: start at the last step; outputs come in the order they are computed.
        return_all: return all outputs, else only the last.

    Returns:
        `(outputs, h, c)`: outputs `(batch, time, units)`, or `(batch, units)` without
        `return_all`, and the last states.

    Raises:
        ValueError: if shapes do not fit together, or an activation is not in the list.

    Source: Hochreiter and Schmidhuber, Long short-term memory, Neural Computation 9 (1997);
    forget gate: Gers, Schmidhuber and Cummins, Learning to forget (2000).

    >>> import kerata
    >>> from kerata import ops
    >>> x, h = ops.ones((2, 5, 3)), ops.zeros((2, 4))
    >>> outputs, h, c = ops.lstm(x, h, h, ops.ones((3, 16)), ops.ones((4, 16)))
    >>> outputs.shape, h.shape, c.shape
    ((2, 5, 4), (2, 4), (2, 4))
    """
    names = [activation, recurrent_activation]
    units = _check("lstm", 4, inputs, kernel, recurrent_kernel, mask, names)
    _check_bias("lstm", bias, (4 * units,))
    return _results("lstm", inputs, units, return_all, initial_h, initial_c)


@primitive(promote="keep")
def gru(
    inputs: Tensor,
    initial_h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    reset_after: bool = True,
    go_backwards: bool = False,
    return_all: bool = True,
) -> tuple[Tensor, Tensor]:
    """Gated recurrent unit, with gates in the order update, reset, candidate.

    With `z = gate(..)`, `r = gate(..)` of the summed inputs and states,
    `h_t = z * h_{t-1} + (1 - z) * act(x_t @ K + r * (h_{t-1} @ R + b))`; without `reset_after`
    the candidate is `act(x_t @ K + (r * h_{t-1}) @ R)`.

    Args:
        inputs: `(batch, time, features)`.
        initial_h: state before the first step, `(batch, units)`.
        kernel: `(features, 3 * units)`.
        recurrent_kernel: `(units, 3 * units)`.
        bias: `(2, 3 * units)` with `reset_after` (for the inputs, for the state), else
            `(3 * units,)`; or `None`.
        mask: bool `(batch, time)`; where False the state is carried over.
        activation, recurrent_activation: `act` and `gate`, each one of `"tanh"`, `"sigmoid"`,
            `"hard_sigmoid"`, `"relu"`, `"linear"`.
        reset_after: whether the reset gate comes after the product with the state.
        go_backwards: start at the last step; outputs come in the order they are computed.
        return_all: return all outputs, else only the last.

    Returns:
        `(outputs, h)`: outputs `(batch, time, units)`, or `(batch, units)` without
        `return_all`, and the last state.

    Raises:
        ValueError: if shapes do not fit together, or an activation is not in the list.

    Source: Cho et al., Learning phrase representations using RNN encoder-decoder (2014),
    arXiv 1406.1078, version 3 (`reset_after=False`: version 1).

    >>> import kerata
    >>> from kerata import ops
    >>> x, h = ops.ones((2, 5, 3)), ops.zeros((2, 4))
    >>> outputs, h = ops.gru(x, h, ops.ones((3, 12)), ops.ones((4, 12)), return_all=False)
    >>> outputs.shape, h.shape
    ((2, 4), (2, 4))
    """
    names = [activation, recurrent_activation]
    units = _check("gru", 3, inputs, kernel, recurrent_kernel, mask, names)
    _check_bias("gru", bias, (2, 3 * units) if reset_after else (3 * units,))
    return _results("gru", inputs, units, return_all, initial_h)


# -- rules -----------------------------------------------------------------------------------


def _check(
    op: str,
    gates: int,
    inputs: TensorSpec,
    kernel: TensorSpec,
    recurrent_kernel: TensorSpec,
    mask: TensorSpec | None,
    activations: list[str],
) -> int:
    """Check what all recurrences have in common and return the number of units."""
    for name in activations:
        if name not in ACTIVATIONS:
            raise ValueError(
                f"{op}: unknown activation {name!r}; expected one of {', '.join(ACTIVATIONS)}. "
                "For another function step through a cell with `ops.scan`."
            )
    if inputs.ndim != 3:
        raise ValueError(
            f"{op}: inputs have shape {inputs.shape}; expected (batch, time, features)."
        )
    if inputs.shape[1] == 0:
        raise ValueError(f"{op}: inputs of shape {inputs.shape} have no time steps.")
    units = (recurrent_kernel.shape[-1] or 0) // gates
    _check_shape(op, "recurrent_kernel", recurrent_kernel, (units, gates * units))
    _check_shape(op, "kernel", kernel, (inputs.shape[2], gates * units))
    if mask is not None:
        _check_shape(op, "mask", mask, inputs.shape[:2])
        if mask.dtype != "bool":
            raise ValueError(f"{op}: the mask has dtype {mask.dtype}; expected bool.")
    return units


def _check_bias(op: str, bias: TensorSpec | None, shape: tuple[int, ...]) -> None:
    if bias is not None:
        _check_shape(op, "bias", bias, shape)


def _check_shape(op: str, name: str, spec: TensorSpec, expected: tuple[int | None, ...]) -> None:
    fits = spec.ndim == len(expected) and all(
        None in (have, want) or have == want
        for have, want in zip(spec.shape, expected, strict=True)
    )
    if not fits:
        raise ValueError(f"{op}: `{name}` has shape {spec.shape}; expected {expected}.")


def _results(
    op: str, inputs: TensorSpec, units: int, return_all: bool, *initial: TensorSpec
) -> Any:
    """Return the specs of the outputs and of the last state."""
    batch, steps, _ = inputs.shape
    for state in initial:
        _check_shape(op, "initial state", state, (batch, units))
    last = TensorSpec((batch, units), initial[0].dtype)
    outputs = last.with_shape((batch, steps, units)) if return_all else last
    return outputs, *(last for _ in initial)
