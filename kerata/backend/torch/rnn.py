"""PyTorch kernels of recurrent layers: the engine's fused ones, or a loop over time.

The fused kernels know no masks of single steps. But a masked step changes nothing, so the
outputs are those of the sequence of the real steps alone: the real steps are moved to the
front, the fused kernel runs, and its outputs are moved back to where they belong. What it
computes at the tail is never read. No value travels to the host on the way. `torch.vmap` knows
the loop only; and on GPUs, where the fused kernels are cuDNN's, so do second derivatives.
"""

import torch
from torch import _VF

from kerata.backend.torch.gradient import beyond_first_gradients, inside_vmap

_ACTIVATIONS = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": torch.nn.functional.hardsigmoid,
    "relu": torch.relu,
    "linear": lambda x: x,
}

# A gate whose sum is beyond this is exactly shut or open, also in half precision.
_SATURATED = 1e4


def _sequence(inputs, mask, go_backwards):
    if go_backwards:
        return inputs.flip(1), None if mask is None else mask.flip(1)
    return inputs, mask


def _outputs(states, return_all):
    return states if return_all else states[:, -1]


def _rows(tensor, index):
    """Pick steps of a tensor (batch, time, features) by an index (batch, time)."""
    batch, steps, features = tensor.shape
    start = torch.arange(batch, device=tensor.device)[:, None] * steps
    flat = tensor.reshape(batch * steps, features).index_select(0, (index + start).reshape(-1))
    return flat.view(batch, -1, features)


def _to_front(inputs, mask):
    """Move the steps whose mask is True to the front, in their order."""
    return _rows(inputs, torch.argsort(mask.logical_not().byte(), dim=1, stable=True))


def _back_in_place(states, initial, mask):
    """Undo `_to_front`: at each step the state after the last real step so far."""
    position = mask.cumsum(1) - 1
    states = _rows(states, position.clamp(min=0))
    return torch.where((position < 0)[..., None], initial[:, None], states)


def _fused_suffice(inputs):
    """Tell whether the fused kernels know all that may be done to their results here."""
    return not (beyond_first_gradients() if inputs.is_cuda else inside_vmap())


def _fused(kernel_name, inputs, initial, weights, mask):
    """Run a fused kernel; `weights` as torch wants them. Returns (states, h, further states)."""
    fed = inputs if mask is None else _to_front(inputs, mask)
    state = tuple(each[None].contiguous() for each in initial)
    state = state if len(state) > 1 else state[0]
    training = False  # says on CPUs whether to drop out, and on GPUs whether there are gradients
    if inputs.is_cuda:
        weights, training = _in_one_piece(weights), torch.is_grad_enabled()
    has_bias = len(weights) == 4
    function = getattr(_VF, kernel_name)
    states, *last = function(fed, state, weights, has_bias, 1, 0.0, training, False, True)
    if mask is None:
        return states, *(each[0] for each in last)
    states = _back_in_place(states, initial[0], mask)
    return states, states[:, -1], *(each[0] for each in last[1:])


def _in_one_piece(weights):
    """Lay weights out as cuDNN wants them: one after the other in one memory, biases in any case.

    Otherwise torch would do so at each call, and warn.
    """
    if len(weights) == 2:
        width = weights[0].shape[0]
        weights = [*weights, weights[0].new_zeros(width), weights[0].new_zeros(width)]
    memory = torch.cat([each.reshape(-1) for each in weights])
    pieces = memory.split([each.numel() for each in weights])
    return [piece.view(each.shape) for piece, each in zip(pieces, weights, strict=True)]


def _loop(step, projected, initial, mask):
    """Walk over time: `step(x, *state) -> state`, whose first member is the output."""
    state, states = initial, []
    for t, x in enumerate(projected.unbind(1)):
        new = step(x, *state)
        if mask is not None:
            real = mask[:, t, None]
            new = tuple(torch.where(real, *each) for each in zip(new, state, strict=True))
        state = new
        states.append(state[0])
    return torch.stack(states, 1), *state


def _project(inputs, kernel, bias):
    projected = inputs @ kernel
    return projected if bias is None else projected + bias


def _weights(kernel, recurrent_kernel, bias, recurrent_bias=None):
    """Return the weights as torch wants them: outputs first, a bias for each matrix."""
    matrices = [kernel.t(), recurrent_kernel.t()]
    if bias is None:
        return matrices
    return [*matrices, bias, torch.zeros_like(bias) if recurrent_bias is None else recurrent_bias]


# -- simple RNN ------------------------------------------------------------------------------


def simple_rnn(
    inputs, initial_h, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", go_backwards=False, return_all=True,
):  # fmt: skip
    inputs, mask = _sequence(inputs, mask, go_backwards)
    if activation in ("tanh", "relu") and _fused_suffice(inputs):
        weights = _weights(kernel, recurrent_kernel, bias)
        states, h = _fused(f"rnn_{activation}", inputs, (initial_h,), weights, mask)
    else:
        function = _ACTIVATIONS[activation]
        projected = _project(inputs, kernel, bias)
        states, h = _loop(
            lambda x, h: (function(x + h @ recurrent_kernel),), projected, (initial_h,), mask
        )
    return _outputs(states, return_all), h


# -- LSTM ------------------------------------------------------------------------------------


def lstm(
    inputs, initial_h, initial_c, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", recurrent_activation="sigmoid", go_backwards=False, return_all=True,
):  # fmt: skip
    inputs, mask = _sequence(inputs, mask, go_backwards)
    initial = initial_h, initial_c
    if (activation, recurrent_activation) == ("tanh", "sigmoid") and _fused_suffice(inputs):
        if mask is not None:
            inputs, kernel = _freeze_tail(inputs, kernel, mask)
        weights = _weights(kernel, recurrent_kernel, bias)
        states, h, c = _fused("lstm", inputs, initial, weights, mask)
    else:
        step = _lstm_step(activation, recurrent_activation, recurrent_kernel)
        states, h, c = _loop(step, _project(inputs, kernel, bias), initial, mask)
    return _outputs(states, return_all), h, c


def _freeze_tail(inputs, kernel, mask):
    """Add an input feature that is 1 at masked steps and there holds the cell state.

    Its weights shut the input gate and open the forget gate, so that the last cell state is
    that of the last real step.
    """
    masked = mask.logical_not()[..., None].to(inputs.dtype)
    units = kernel.shape[1] // 4
    row = kernel.new_zeros(1, 4 * units)
    row[:, :units], row[:, units : 2 * units] = -_SATURATED, _SATURATED
    return torch.cat([inputs, masked], -1), torch.cat([kernel, row])


def _lstm_step(activation, recurrent_activation, recurrent_kernel):
    function, gate = _ACTIVATIONS[activation], _ACTIVATIONS[recurrent_activation]

    def step(x, h, c):
        i, f, g, o = (x + h @ recurrent_kernel).chunk(4, -1)
        c = gate(f) * c + gate(i) * function(g)
        return gate(o) * function(c), c

    return step


# -- GRU -------------------------------------------------------------------------------------


def gru(
    inputs, initial_h, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", recurrent_activation="sigmoid", reset_after=True,
    go_backwards=False, return_all=True,
):  # fmt: skip
    inputs, mask = _sequence(inputs, mask, go_backwards)
    bias, recurrent_bias = (bias[0], bias[1]) if _is_pair(bias) else (bias, None)
    usual = reset_after and (activation, recurrent_activation) == ("tanh", "sigmoid")
    if usual and _fused_suffice(inputs):
        tensors = (kernel, recurrent_kernel, bias, recurrent_bias)
        weights = _weights(*(None if each is None else _reset_first(each) for each in tensors))
        states, h = _fused("gru", inputs, (initial_h,), weights, mask)
    else:
        functions = _ACTIVATIONS[activation], _ACTIVATIONS[recurrent_activation]
        make_step = _gru_step if reset_after else _gru_step_reset_before
        step = make_step(*functions, recurrent_kernel, recurrent_bias)
        states, h = _loop(step, _project(inputs, kernel, bias), (initial_h,), mask)
    return _outputs(states, return_all), h


def _is_pair(bias):
    """Tell whether there is a bias for the inputs and another for the recurrent part."""
    return bias is not None and bias.ndim == 2


def _reset_first(weight):
    """Reorder the gates from (update, reset, candidate) to torch's (reset, update, candidate)."""
    z, r, candidate = weight.chunk(3, -1)
    return torch.cat([r, z, candidate], -1)


def _gru_step(function, gate, recurrent_kernel, recurrent_bias):
    def step(x, h):
        x_z, x_r, x_candidate = x.chunk(3, -1)
        z, r, inner = _project(h, recurrent_kernel, recurrent_bias).chunk(3, -1)
        z, r = gate(x_z + z), gate(x_r + r)
        return (z * h + (1 - z) * function(x_candidate + r * inner),)

    return step


def _gru_step_reset_before(function, gate, recurrent_kernel, _):
    """The first form of the GRU, kept for old models."""
    units = recurrent_kernel.shape[0]
    for_gates, for_candidate = recurrent_kernel.split([2 * units, units], -1)

    def step(x, h):
        x_gates, x_candidate = x.split([2 * units, units], -1)
        z, r = gate(x_gates + h @ for_gates).chunk(2, -1)
        return (z * h + (1 - z) * function(x_candidate + (r * h) @ for_candidate),)

    return step
