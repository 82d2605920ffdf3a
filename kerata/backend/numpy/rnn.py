"""NumPy kernels of recurrent layers: the readable reference.

All three walk over time with the state `h` of shape (batch, units) and gather the outputs.
Where the mask is False the state stays and the output repeats the state.
"""

import numpy as np


def _sigmoid(x):
    small = np.exp(-np.abs(x))  # at most 1, so that nothing overflows
    return np.where(x >= 0, 1, small) / (1 + small)


_ACTIVATIONS = {
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
}


def _project(inputs, kernel, bias, go_backwards):
    """Multiply the inputs of all time steps with the kernel at once; time becomes axis 0."""
    projected = np.swapaxes(inputs @ kernel, 0, 1)
    if bias is not None:
        projected = projected + bias
    return projected[::-1] if go_backwards else projected


def _keep(new, old, mask, t, go_backwards):
    """Return the new state where the mask at step `t` is True, the old state elsewhere."""
    new = new.astype(old.dtype, copy=False)  # products of half precision come in single
    if mask is None:
        return new
    column = mask[:, -1 - t] if go_backwards else mask[:, t]
    return np.where(column[:, None], new, old)


def _outputs(states, return_all):
    return np.stack(states, axis=1) if return_all else states[-1]


def simple_rnn(
    inputs, initial_h, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", go_backwards=False, return_all=True,
):  # fmt: skip
    function = _ACTIVATIONS[activation]
    h, states = initial_h, []
    for t, x in enumerate(_project(inputs, kernel, bias, go_backwards)):
        h = _keep(function(x + h @ recurrent_kernel), h, mask, t, go_backwards)
        states.append(h)
    return _outputs(states, return_all), h


def lstm(
    inputs, initial_h, initial_c, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", recurrent_activation="sigmoid", go_backwards=False, return_all=True,
):  # fmt: skip
    function, gate = _ACTIVATIONS[activation], _ACTIVATIONS[recurrent_activation]
    h, c, states = initial_h, initial_c, []
    for t, x in enumerate(_project(inputs, kernel, bias, go_backwards)):
        i, f, g, o = np.split(x + h @ recurrent_kernel, 4, axis=-1)
        new_c = gate(f) * c + gate(i) * function(g)
        new_h = gate(o) * function(new_c)
        h, c = _keep(new_h, h, mask, t, go_backwards), _keep(new_c, c, mask, t, go_backwards)
        states.append(h)
    return _outputs(states, return_all), h, c


def gru(
    inputs, initial_h, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", recurrent_activation="sigmoid", reset_after=True,
    go_backwards=False, return_all=True,
):  # fmt: skip
    function, gate = _ACTIVATIONS[activation], _ACTIVATIONS[recurrent_activation]
    bias, recurrent_bias = (bias[0], bias[1]) if _is_pair(bias) else (bias, None)
    units = initial_h.shape[-1]
    h, states = initial_h, []
    for t, x in enumerate(_project(inputs, kernel, bias, go_backwards)):
        if reset_after:
            recurrent = h @ recurrent_kernel
            if recurrent_bias is not None:
                recurrent = recurrent + recurrent_bias
            z, r = np.split(gate(x[:, : 2 * units] + recurrent[:, : 2 * units]), 2, axis=-1)
            candidate = function(x[:, 2 * units :] + r * recurrent[:, 2 * units :])
        else:
            recurrent = h @ recurrent_kernel[:, : 2 * units]
            z, r = np.split(gate(x[:, : 2 * units] + recurrent), 2, axis=-1)
            candidate = function(x[:, 2 * units :] + (r * h) @ recurrent_kernel[:, 2 * units :])
        h = _keep(z * h + (1 - z) * candidate, h, mask, t, go_backwards)
        states.append(h)
    return _outputs(states, return_all), h


def _is_pair(bias):
    """Tell whether there is a bias for the inputs and another for the recurrent part."""
    return bias is not None and bias.ndim == 2
