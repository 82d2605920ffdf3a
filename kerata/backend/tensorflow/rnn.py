"""TensorFlow kernels of recurrent layers: loops over time with gradients of their own.

The inputs are projected for all time steps in one product, before the loop. Differentiating
the loop as it stands would keep every intermediate result of every step, and add up the gradient
of the recurrent kernel step by step. Here each recurrence has a gradient (`tf.custom_gradient`)
in which whatever does not depend on the gradient of the state is computed for all steps at once;
what is left is a loop that is linear in that gradient, and one product gives the recurrent
kernel's. Higher derivatives are TensorFlow's, of these formulas.
"""

import functools

import tensorflow as tf

# Name -> the function, and its slope expressed by its value.
_ACTIVATIONS = {
    "tanh": (tf.tanh, lambda y: 1 - y * y),
    "sigmoid": (tf.sigmoid, lambda y: y * (1 - y)),
    "hard_sigmoid": (
        lambda x: tf.nn.relu6(x + 3) / 6,
        lambda y: tf.cast((y > 0) & (y < 1), y.dtype) / 6,
    ),
    "relu": (tf.nn.relu, lambda y: tf.cast(y > 0, y.dtype)),
    "linear": (lambda x: x, tf.ones_like),
}


def _compiled(kernel):
    """Let a kernel run as a graph in eager code too, where its loops would run in Python."""
    graph = tf.function(kernel, autograph=False)

    @functools.wraps(kernel)
    def run(*arguments, **settings):
        return (kernel if tf.inside_function() else graph)(*arguments, **settings)

    return run


def _project(inputs, kernel, bias, go_backwards):
    """Multiply the inputs of all time steps with the kernel at once; time becomes axis 0."""
    projected = _times(_time_major(inputs, go_backwards), kernel)
    return projected if bias is None else projected + bias


def _time_major(tensor, go_backwards):
    tensor = tf.transpose(tensor, (1, 0, 2))
    return tf.reverse(tensor, [0]) if go_backwards else tensor


def _times(sequence, matrix):
    """Multiply what stands at each step with a matrix, all in one product."""
    steps, _, size = sequence.shape
    product = tf.matmul(tf.reshape(sequence, (-1, size)), matrix)
    steps = tf.shape(sequence)[0] if steps is None else steps
    return tf.reshape(product, (steps, -1, matrix.shape[1]))


def _steps_of(mask, go_backwards):
    """Return the mask as (time, batch, 1)."""
    return None if mask is None else _time_major(mask[..., None], go_backwards)


def _outputs(states, last, return_all):
    return tf.transpose(states, (1, 0, 2)) if return_all else last


def _walk(step, state, sequences, widths, backwards=False):
    """Loop over time: `step(state, items) -> (state, results)`.

    Args:
        step: function of the state, a list of tensors, and of an element of each sequence.
        state: the first state.
        sequences: tensors (time, batch, size), or None, which gives None to all steps.
        widths: sizes of the results, which are tensors (batch, width).
        backwards: start at the last element; the results stay in the order of the sequences.

    Returns:
        (last state, list of results stacked along time).
    """
    first = sequences[0]
    length = tf.shape(first)[0] if first.shape[0] is None else first.shape[0]
    given = [None if x is None else _array(x, length, x.shape[2]).unstack(x) for x in sequences]
    kept = [_array(first, length, width) for width in widths]

    def body(count, state, kept):
        t = length - 1 - count if backwards else count
        state, results = step(state, [None if x is None else x.read(t) for x in given])
        return count + 1, state, [x.write(t, y) for x, y in zip(kept, results, strict=True)]

    _, state, kept = tf.while_loop(
        lambda count, *_: count < length,
        body,
        (tf.constant(0), state, kept),
        maximum_iterations=length,
    )
    return state, [x.stack() for x in kept]


def _array(like, length, width):
    return tf.TensorArray(like.dtype, length, element_shape=(like.shape[1], width))


def _keep(new, old, mask):
    return new if mask is None else tf.where(mask, new, old)


def _zero(factor, mask):
    """Return a factor of the gradient, zero at masked steps."""
    return factor if mask is None else tf.where(mask, factor, tf.zeros_like(factor))


def _with_handed_on(before, gradient, mask):
    """Add the gradient that masked steps hand on, unchanged, to the state before them."""
    return before if mask is None else tf.where(mask, before, gradient)


def _previous(states, initial):
    """Return the state before each step."""
    return tf.concat([initial[None], states[:-1]], 0)


def _matrix_gradient(states, gradients):
    """Return the gradient of the matrix that the states of all steps were multiplied with."""
    rows, columns = (tf.reshape(x, (-1, x.shape[2])) for x in (states, gradients))
    return tf.matmul(rows, columns, transpose_a=True)


# -- simple RNN ------------------------------------------------------------------------------


@_compiled
def simple_rnn(
    inputs, initial_h, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", go_backwards=False, return_all=True,
):  # fmt: skip
    projected = _project(inputs, kernel, bias, go_backwards)
    mask = _steps_of(mask, go_backwards)
    states, h = _simple_rnn(activation, mask)(projected, recurrent_kernel, initial_h)
    return _outputs(states, h, return_all), h


def _simple_rnn(activation, mask):
    function, slope = _ACTIVATIONS[activation]

    @tf.custom_gradient
    def run(projected, recurrent_kernel, initial):
        units = initial.shape[1]

        def step(state, items):
            (h,), (x, mask) = state, items
            value = function(x + tf.matmul(h, recurrent_kernel))
            h = _keep(value, h, mask)
            return [h], [h, value]

        (h,), (states, values) = _walk(step, [initial], [projected, mask], [units, units])

        def gradient(d_states, d_h):
            factors = _zero(slope(values), mask)

            def step(state, items):
                (d_h,), (d_state, factor, mask) = state, items
                d_h = d_h + d_state
                d_sum = d_h * factor
                before = tf.matmul(d_sum, recurrent_kernel, transpose_b=True)
                return [_with_handed_on(before, d_h, mask)], [d_sum]

            sequences = [d_states, factors, mask]
            (d_initial,), (d_sums,) = _walk(step, [d_h], sequences, [units], backwards=True)
            return d_sums, _matrix_gradient(_previous(states, initial), d_sums), d_initial

        return (states, h), gradient

    return run


# -- LSTM ------------------------------------------------------------------------------------


@_compiled
def lstm(
    inputs, initial_h, initial_c, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", recurrent_activation="sigmoid", go_backwards=False, return_all=True,
):  # fmt: skip
    projected = _project(inputs, kernel, bias, go_backwards)
    mask = _steps_of(mask, go_backwards)
    run = _lstm(activation, recurrent_activation, mask)
    states, h, c = run(projected, recurrent_kernel, initial_h, initial_c)
    return _outputs(states, h, return_all), h, c


def _lstm(activation, recurrent_activation, mask):
    function, slope = _ACTIVATIONS[activation]
    gate, gate_slope = _ACTIVATIONS[recurrent_activation]

    @tf.custom_gradient
    def run(projected, recurrent_kernel, initial_h, initial_c):
        units = initial_h.shape[1]

        def step(state, items):
            (h, c), (x, mask) = state, items
            i, f, g, o = tf.split(x + tf.matmul(h, recurrent_kernel), 4, -1)
            i, f, g, o = gate(i), gate(f), function(g), gate(o)
            new_c = f * c + i * g
            h, c = _keep(o * function(new_c), h, mask), _keep(new_c, c, mask)
            return [h, c], [h, c, tf.concat([i, f, g, o], -1)]

        initial, widths = [initial_h, initial_c], [units, units, 4 * units]
        (h, c), (states, cells, gates) = _walk(step, initial, [projected, mask], widths)

        def gradient(d_states, d_h, d_c):
            i, f, g, o = tf.split(gates, 4, -1)
            a, c_before = function(cells), _previous(cells, initial_c)
            # How the new c follows the first three sums, h the last one, and h follows c.
            parts = [g * gate_slope(i), c_before * gate_slope(f), i * slope(g), a * gate_slope(o)]
            of_sums = _zero(tf.concat(parts, -1), mask)
            of_c = _zero(o * slope(a), mask)
            forget = f if mask is None else tf.where(mask, f, tf.ones_like(f))

            def step(state, items):
                (d_h, d_c), (d_state, of_sums, of_c, forget, mask) = state, items
                d_h = d_h + d_state
                d_c = d_c + d_h * of_c
                d_sums = tf.concat([d_c, d_c, d_c, d_h], -1) * of_sums
                before = tf.matmul(d_sums, recurrent_kernel, transpose_b=True)
                return [_with_handed_on(before, d_h, mask), d_c * forget], [d_sums]

            sequences = [d_states, of_sums, of_c, forget, mask]
            d_initial, (d_sums,) = _walk(step, [d_h, d_c], sequences, [4 * units], backwards=True)
            return d_sums, _matrix_gradient(_previous(states, initial_h), d_sums), *d_initial

        return (states, h, c), gradient

    return run


# -- GRU -------------------------------------------------------------------------------------


@_compiled
def gru(
    inputs, initial_h, kernel, recurrent_kernel, bias=None, mask=None,
    activation="tanh", recurrent_activation="sigmoid", reset_after=True,
    go_backwards=False, return_all=True,
):  # fmt: skip
    bias, recurrent_bias = (bias[0], bias[1]) if _is_pair(bias) else (bias, None)
    projected = _project(inputs, kernel, bias, go_backwards)
    mask = _steps_of(mask, go_backwards)
    names = (activation, recurrent_activation)
    if reset_after:
        if recurrent_bias is None:
            recurrent_bias = tf.zeros(kernel.shape[1], kernel.dtype)
        states, h = _gru(*names, mask)(projected, recurrent_kernel, recurrent_bias, initial_h)
    else:
        states, h = _gru_reset_before(*names, mask, projected, recurrent_kernel, initial_h)
    return _outputs(states, h, return_all), h


def _is_pair(bias):
    """Tell whether there is a bias for the inputs and another for the recurrent part."""
    return bias is not None and len(bias.shape) == 2


def _gru_reset_before(activation, recurrent_activation, mask, projected, recurrent_kernel, h):
    """The first form of the GRU, kept for old models: differentiated as it stands."""
    function, gate = (_ACTIVATIONS[name][0] for name in (activation, recurrent_activation))
    units = h.shape[1]
    for_gates, for_candidate = tf.split(recurrent_kernel, [2 * units, units], -1)

    def step(state, items):
        (h,), (x, mask) = state, items
        x_gates, x_candidate = tf.split(x, [2 * units, units], -1)
        z, r = tf.split(gate(x_gates + tf.matmul(h, for_gates)), 2, -1)
        candidate = function(x_candidate + tf.matmul(r * h, for_candidate))
        h = _keep(z * h + (1 - z) * candidate, h, mask)
        return [h], [h]

    (h,), (states,) = _walk(step, [h], [projected, mask], [units])
    return states, h


def _gru(activation, recurrent_activation, mask):
    function, slope = _ACTIVATIONS[activation]
    gate, gate_slope = _ACTIVATIONS[recurrent_activation]

    @tf.custom_gradient
    def run(projected, recurrent_kernel, recurrent_bias, initial):
        units = initial.shape[1]

        def step(state, items):
            (h,), (x, mask) = state, items
            recurrent = tf.matmul(h, recurrent_kernel) + recurrent_bias
            x_gates, x_candidate = tf.split(x, [2 * units, units], -1)
            h_gates, inner = tf.split(recurrent, [2 * units, units], -1)
            gates = gate(x_gates + h_gates)
            z, r = tf.split(gates, 2, -1)
            candidate = function(x_candidate + r * inner)
            h = _keep(z * h + (1 - z) * candidate, h, mask)
            return [h], [h, gates, candidate, inner]

        widths = [units, 2 * units, units, units]
        (h,), (states, *saved) = _walk(step, [initial], [projected, mask], widths)

        def gradient(d_states, d_h):
            gates, candidate, inner = saved
            z, r = tf.split(gates, 2, -1)
            before = _previous(states, initial)
            # How the new h follows the sums of z and r and the two halves of the candidate's sum.
            of_x = _zero((1 - z) * slope(candidate), mask)
            of_r = of_x * inner * gate_slope(r)
            of_z = _zero((before - candidate) * gate_slope(z), mask)
            of_projected = tf.concat([of_z, of_r, of_x], -1)
            of_recurrent = tf.concat([of_z, of_r, of_x * r], -1)
            of_h = z if mask is None else tf.where(mask, z, tf.ones_like(z))

            def step(state, items):
                (d_h,), (d_state, of_recurrent, of_h) = state, items
                d_h = d_h + d_state
                d_recurrent = tf.concat([d_h] * 3, -1) * of_recurrent
                through = tf.matmul(d_recurrent, recurrent_kernel, transpose_b=True)
                return [through + d_h * of_h], [d_h]

            sequences = [d_states, of_recurrent, of_h]
            (d_initial,), (d_each,) = _walk(step, [d_h], sequences, [units], backwards=True)
            d_thrice = tf.concat([d_each] * 3, -1)
            d_recurrent = d_thrice * of_recurrent
            return (
                d_thrice * of_projected,
                _matrix_gradient(before, d_recurrent),
                tf.reduce_sum(d_recurrent, (0, 1)),
                d_initial,
            )

        return (states, h), gradient

    return run
