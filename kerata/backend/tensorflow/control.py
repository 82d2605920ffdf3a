"""Control flow on TensorFlow: Python loops in eager code, `tf.while_loop` in graphs.

Bodies take and give lists of tensors; `kerata.ops.control` packs and unpacks structures.
"""

import tensorflow as tf


def scan(step, carry, xs, length, reverse, unroll):
    steps = range(length - 1, -1, -1) if reverse else range(length)
    if not tf.inside_function():
        return _python_scan(step, carry, xs, steps)
    given = [_unstacked(x, length) for x in xs]
    kept = [
        tf.TensorArray(spec.dtype, length, element_shape=spec.shape)
        for spec in _result_specs(step, carry, xs)
    ]

    def body(count, carry, kept):
        t = steps.start + steps.step * count
        carry, results = step(carry, [x.read(t) for x in given])
        return count + 1, carry, [x.write(t, y) for x, y in zip(kept, results, strict=True)]

    _, carry, kept = tf.while_loop(
        lambda count, *_: count < length,
        body,
        (tf.constant(0), carry, kept),
        maximum_iterations=length,
    )
    return carry, [x.stack() for x in kept]


def _python_scan(step, carry, xs, steps):
    results = []
    for t in steps:
        carry, result = step(carry, [x[t] for x in xs])
        results.append(result)
    if steps.step < 0:
        results.reverse()
    return carry, [tf.stack(leaf) for leaf in zip(*results, strict=True)]


def _unstacked(x, length):
    return tf.TensorArray(x.dtype, length, element_shape=x.shape[1:]).unstack(x)


def _result_specs(step, carry, xs):
    """Return the specs of the results of a step, by tracing it once."""
    traced = tf.function(lambda *args: step(*args)[1], autograph=False)
    return traced.get_concrete_function(carry, [x[0] for x in xs]).structured_outputs


def while_loop(condition, body, state, maximum_iterations):
    (state,) = tf.while_loop(
        condition, lambda state: (body(state),), (state,), maximum_iterations=maximum_iterations
    )
    return state


def fori_loop(lower, upper, body, state):
    # gradients under XLA need to know how many steps there are at most
    known = isinstance(lower, int) and isinstance(upper, int)
    most = max(upper - lower, 0) if known else None
    upper = tf.convert_to_tensor(upper)
    _, state = tf.while_loop(
        lambda i, _: i < upper,
        lambda i, state: (i + 1, body(i, state)),
        (tf.cast(lower, upper.dtype), state),
        maximum_iterations=most,
    )
    return state


def switch(index, branches):
    nearest = tf.clip_by_value(tf.cast(index, tf.int32), 0, len(branches) - 1)
    return tf.switch_case(nearest, branches)


def vectorized_map(function, elements):
    return tf.vectorized_map(function, elements)


def associative_scan(function, elements, reverse, axis):
    if reverse:
        elements = [tf.reverse(x, [axis]) for x in elements]
    distance = 1
    while distance < elements[0].shape[axis]:
        elements = _combined(function, elements, distance, axis)
        distance *= 2
    return [tf.reverse(x, [axis]) for x in elements] if reverse else elements


def _combined(function, elements, distance, axis):
    """Combine each element with the one that stands some places before it."""
    before = (slice(None),) * (axis % len(elements[0].shape))
    earlier = [x[(*before, slice(None, -distance))] for x in elements]
    later = [x[(*before, slice(distance, None))] for x in elements]
    first = [x[(*before, slice(distance))] for x in elements]
    combined = function(earlier, later)
    return [tf.concat(pair, axis) for pair in zip(first, combined, strict=True)]
