"""JAX kernels of recurrent layers: `lax.scan` with derivatives that train faster than its own.

The inputs are projected for all time steps in one product, before the scan. Differentiating
the scan as it stands would add up the gradient of the recurrent kernel step by step. Here each
recurrence has a rule for its tangent (`custom_jvp`) in which whatever does not depend on the
tangent of the state is computed for all steps at once; what is left is a scan that is linear in
that state. Its transpose, which JAX derives, then finds the recurrent kernel's gradient in one
product. Being a tangent rule it also serves forward mode and derivatives of any order.
"""

import inspect
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

# Name -> the function, and its slope expressed by its value.
_ACTIVATIONS = {
    "tanh": (jnp.tanh, lambda y: 1 - y * y),
    "sigmoid": (jax.nn.sigmoid, lambda y: y * (1 - y)),
    "hard_sigmoid": (
        jax.nn.hard_sigmoid,
        lambda y: jnp.where((y > 0) & (y < 1), jnp.full_like(y, 1 / 6), 0),
    ),
    "relu": (jax.nn.relu, lambda y: (y > 0).astype(y.dtype)),
    "linear": (lambda x: x, jnp.ones_like),
}


def _compiled(kernel):
    """Make a program of a kernel: outside of compiled steps each call would compile its scan."""
    parameters = inspect.signature(kernel).parameters.values()
    static = [p.name for p in parameters if isinstance(p.default, str | bool)]
    return jax.jit(kernel, static_argnames=static)


def _project(inputs, kernel, bias, go_backwards):
    """Multiply the inputs of all time steps with the kernel at once; time becomes axis 0."""
    inputs = jnp.swapaxes(inputs, 0, 1)
    if go_backwards:
        inputs = inputs[::-1]
    steps, batch, features = inputs.shape
    projected = inputs.reshape(steps * batch, features) @ kernel
    if bias is not None:
        projected = projected + bias
    return projected.reshape(steps, batch, kernel.shape[1])


def _time_major(mask, go_backwards):
    """Return the mask as (time, batch, 1)."""
    if mask is None:
        return None
    mask = jnp.swapaxes(mask, 0, 1)[..., None]
    return mask[::-1] if go_backwards else mask


def _outputs(states, last, return_all):
    return jnp.swapaxes(states, 0, 1) if return_all else last


def _keep(new, old, mask):
    return new if mask is None else jnp.where(mask, new, old)


def _zero(factor, mask):
    """Return a factor of the tangent, zero at masked steps."""
    return factor if mask is None else jnp.where(mask, factor, 0)


def _previous(states, initial):
    """Return the state before each step."""
    return jnp.concatenate([initial[None], states[:-1]])


def _times(states, matrix):
    """Multiply the states of all steps with a matrix in one product."""
    steps, batch, units = states.shape
    return (states.reshape(steps * batch, units) @ matrix).reshape(steps, batch, -1)


# -- simple RNN ------------------------------------------------------------------------------


@_compiled
def simple_rnn(
    inputs, initial_h, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", go_backwards=False, return_all=True,
):  # fmt: skip
    projected = _project(inputs, kernel, bias, go_backwards)
    mask = _time_major(mask, go_backwards)
    states, h = _simple_rnn(activation, projected, recurrent_kernel, initial_h, mask)
    return _outputs(states, h, return_all), h


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _simple_rnn(activation, projected, recurrent_kernel, h, mask):
    (states, h), _ = _simple_rnn_scan(activation, projected, recurrent_kernel, h, mask)
    return states, h


def _simple_rnn_scan(activation, projected, recurrent_kernel, h, mask):
    function, _ = _ACTIVATIONS[activation]

    def step(h, at):
        x, mask = at
        value = function(x + h @ recurrent_kernel)
        h = _keep(value, h, mask)
        return h, (h, value)

    h, (states, values) = lax.scan(step, h, (projected, mask))
    return (states, h), values


@_simple_rnn.defjvp
def _simple_rnn_tangent(activation, primals, tangents):
    _, recurrent_kernel, initial, mask = primals
    d_projected, d_recurrent_kernel, d_h, _ = tangents
    (states, h), values = _simple_rnn_scan(activation, *primals)
    slope = _zero(_ACTIVATIONS[activation][1](values), mask)
    given = d_projected + _times(_previous(states, initial), d_recurrent_kernel)

    def step(d_h, at):
        given, slope, mask = at
        new = given + slope * (d_h @ recurrent_kernel)
        d_h = new if mask is None else new + jnp.where(mask, 0, d_h)
        return d_h, d_h

    d_h, d_states = lax.scan(step, d_h, (slope * given, slope, mask))
    return (states, h), (d_states, d_h)


# -- LSTM ------------------------------------------------------------------------------------


@_compiled
def lstm(
    inputs, initial_h, initial_c, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", recurrent_activation="sigmoid", go_backwards=False, return_all=True,
):  # fmt: skip
    projected = _project(inputs, kernel, bias, go_backwards)
    mask = _time_major(mask, go_backwards)
    names = (activation, recurrent_activation)
    states, h, c = _lstm(names, projected, recurrent_kernel, initial_h, initial_c, mask)
    return _outputs(states, h, return_all), h, c


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _lstm(names, projected, recurrent_kernel, h, c, mask):
    results, _ = _lstm_scan(names, projected, recurrent_kernel, h, c, mask)
    return results


def _lstm_scan(names, projected, recurrent_kernel, h, c, mask):
    """Return (states, h, c) and what the tangent needs: gates, candidate, act(c), c before."""
    function, gate = (_ACTIVATIONS[name][0] for name in names)

    def step(carry, at):
        h, c = carry
        x, mask = at
        i, f, g, o = jnp.split(x + h @ recurrent_kernel, 4, axis=-1)
        i, f, g, o = gate(i), gate(f), function(g), gate(o)
        new_c = f * c + i * g
        a = function(new_c)
        new = _keep(o * a, h, mask), _keep(new_c, c, mask)
        return new, (new[0], (i, f, g, o, a, c))

    (h, c), (states, saved) = lax.scan(step, (h, c), (projected, mask))
    return (states, h, c), saved


@_lstm.defjvp
def _lstm_tangent(names, primals, tangents):
    _, recurrent_kernel, initial_h, _, mask = primals
    d_projected, d_recurrent_kernel, d_h, d_c, _ = tangents
    results, (i, f, g, o, a, c_before) = _lstm_scan(names, *primals)
    slope, gate_slope = (_ACTIVATIONS[name][1] for name in names)
    # How the new c follows the four sums and h follows c; masked steps hand c on unchanged.
    factors = [g * gate_slope(i), c_before * gate_slope(f), i * slope(g), a * gate_slope(o)]
    factors = [_zero(factor, mask) for factor in (*factors, o * slope(a))]
    forget = f if mask is None else jnp.where(mask, f, 1)
    given = d_projected + _times(_previous(results[0], initial_h), d_recurrent_kernel)

    def step(carry, at):
        d_h, d_c = carry
        given, (of_i, of_f, of_g, of_o, of_c), forget, mask = at
        i, f, g, o = jnp.split(given + d_h @ recurrent_kernel, 4, axis=-1)
        d_c = d_c * forget + i * of_i + f * of_f + g * of_g
        new = d_c * of_c + o * of_o
        d_h = new if mask is None else new + jnp.where(mask, 0, d_h)
        return (d_h, d_c), d_h

    (d_h, d_c), d_states = lax.scan(step, (d_h, d_c), (given, factors, forget, mask))
    return results, (d_states, d_h, d_c)


# -- GRU -------------------------------------------------------------------------------------


@_compiled
def gru(
    inputs, initial_h, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", recurrent_activation="sigmoid", reset_after=True,
    go_backwards=False, return_all=True,
):  # fmt: skip
    bias, recurrent_bias = (bias[0], bias[1]) if _is_pair(bias) else (bias, None)
    projected = _project(inputs, kernel, bias, go_backwards)
    mask = _time_major(mask, go_backwards)
    names = (activation, recurrent_activation)
    if reset_after:
        if recurrent_bias is None:
            recurrent_bias = jnp.zeros(kernel.shape[1], kernel.dtype)
        states, h = _gru(names, projected, recurrent_kernel, recurrent_bias, initial_h, mask)
    else:
        states, h = _gru_reset_before(names, projected, recurrent_kernel, initial_h, mask)
    return _outputs(states, h, return_all), h


def _is_pair(bias):
    """Tell whether there is a bias for the inputs and another for the recurrent part."""
    return bias is not None and bias.ndim == 2


def _gru_reset_before(names, projected, recurrent_kernel, h, mask):
    """The first form of the GRU, kept for old models: differentiated by JAX as it stands."""
    function, gate = (_ACTIVATIONS[name][0] for name in names)
    units = h.shape[-1]

    def step(h, at):
        x, mask = at
        gates = gate(x[:, : 2 * units] + h @ recurrent_kernel[:, : 2 * units])
        z, r = jnp.split(gates, 2, axis=-1)
        candidate = function(x[:, 2 * units :] + (r * h) @ recurrent_kernel[:, 2 * units :])
        h = _keep(z * h + (1 - z) * candidate, h, mask)
        return h, h

    h, states = lax.scan(step, h, (projected, mask))
    return states, h


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _gru(names, projected, recurrent_kernel, recurrent_bias, h, mask):
    results, _ = _gru_scan(names, projected, recurrent_kernel, recurrent_bias, h, mask)
    return results


def _gru_scan(names, projected, recurrent_kernel, recurrent_bias, h, mask):
    """Return (states, h) and what the tangent needs: gates, candidate, its recurrent part."""
    function, gate = (_ACTIVATIONS[name][0] for name in names)
    units = h.shape[-1]

    def step(h, at):
        x, mask = at
        recurrent = h @ recurrent_kernel + recurrent_bias
        z, r = jnp.split(gate(x[:, : 2 * units] + recurrent[:, : 2 * units]), 2, axis=-1)
        inner = recurrent[:, 2 * units :]
        candidate = function(x[:, 2 * units :] + r * inner)
        h = _keep(z * h + (1 - z) * candidate, h, mask)
        return h, (h, (z, r, candidate, inner))

    h, (states, saved) = lax.scan(step, h, (projected, mask))
    return (states, h), saved


@_gru.defjvp
def _gru_tangent(names, primals, tangents):
    _, recurrent_kernel, _, initial, mask = primals
    d_projected, d_recurrent_kernel, d_recurrent_bias, d_h, _ = tangents
    results, (z, r, candidate, inner) = _gru_scan(names, *primals)
    before = _previous(results[0], initial)
    slope, gate_slope = (_ACTIVATIONS[name][1] for name in names)
    # How the new h follows the sums of z and r and the two halves of the candidate's sum.
    of_x = _zero((1 - z) * slope(candidate), mask)
    of_r = of_x * inner * gate_slope(r)
    of_z = _zero((before - candidate) * gate_slope(z), mask)
    of_recurrent = jnp.concatenate([of_z, of_r, of_x * r], axis=-1)
    of_projected = jnp.concatenate([of_z, of_r, of_x], axis=-1)
    handed_on = z if mask is None else jnp.where(mask, z, 1)
    d_recurrent = _times(before, d_recurrent_kernel) + d_recurrent_bias
    given = of_projected * d_projected + of_recurrent * d_recurrent

    def step(d_h, at):
        given, of_recurrent, handed_on = at
        parts = given + of_recurrent * (d_h @ recurrent_kernel)
        d_h = sum(jnp.split(parts, 3, axis=-1)) + handed_on * d_h
        return d_h, d_h

    d_h, d_states = lax.scan(step, d_h, (given, of_recurrent, handed_on))
    return results, (d_states, d_h)
