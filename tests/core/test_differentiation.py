"""grad, vjp, jvp, jacobian, hessian and vectorized_map: calculus, jax.grad, finite differences."""

import contextlib

import jax
import numpy as np
import pytest

import kerata
from kerata import layers, ops
from kerata.core.context import current
from tests.devices import on_gpu


@pytest.fixture
def doubles(training_backend):
    """Compute in float64 on each backend."""
    with jax.enable_x64(True) if training_backend == "jax" else contextlib.nullcontext():
        kerata.config.set_floatx("float64")
        try:
            yield training_backend
        finally:
            kerata.config.set_floatx("float32")


def array(tensor):
    return np.asarray(ops.convert_to_numpy(tensor), "float64")


def close(actual, expected, tolerance=1e-10):
    actual = array(actual)
    assert actual.shape == np.shape(expected)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def numeric_slope(function, x, direction, step=1e-6):
    """Return the derivative of a scalar function of an array along a direction, by two steps."""
    values = [float(array(function(ops.array(x + sign * step * direction)))) for sign in (1, -1)]
    return (values[0] - values[1]) / (2 * step)


RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(4, 3))


def network(**arguments):
    return kerata.Sequential(
        [
            kerata.Input((3,)),
            layers.Dense(5, activation="tanh", **arguments),
            layers.Dense(2, **arguments),
        ]
    )


# -- values ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "expected"), [(1, 32.0), (2, 48.0), (3, 48.0), (4, 24.0)])
def test_derivatives_of_a_power(doubles, order, expected):
    function = lambda x: x**4.0  # noqa: E731
    for _ in range(order):
        function = kerata.grad(function)
    close(function(2.0), expected)


def test_forward_and_reverse_nest_in_any_order(doubles):
    def forward(function):
        return lambda x: kerata.jvp(function, (x,), (1.0,))[1]

    for ways in np.ndindex(2, 2, 2):
        function = lambda x: x**4.0  # noqa: E731
        for way in ways:
            function = (forward, kerata.grad)[way](function)
        close(function(2.0), 48.0)


def test_an_inner_derivative_sees_the_outer_argument(doubles):
    # d/dx [x d/dy (x + y)^2 at y = 1] = 4x + 2
    close(kerata.grad(lambda x: x * kerata.grad(lambda y: (x + y) ** 2.0)(1.0))(3.0), 14.0)


def test_the_same_tensor_as_two_arguments_and_in_the_closure(doubles):
    x = ops.array(3.0)
    by_both = kerata.grad(lambda a, b: a * a * b * x, argnums=(0, 1))(x, x)
    close(by_both[0], 54.0)
    close(by_both[1], 27.0)


def test_as_jax_grad(doubles):
    def function(np_like, p, x):
        hidden = np_like.tanh(x @ p["kernel"] + p["bias"])
        return np_like.sum(hidden[:, 0] ** 2.0) + np_like.mean(hidden)

    p = {"kernel": RANDOM.normal(size=(3, 2)), "bias": RANDOM.normal(size=2)}
    with jax.enable_x64(True):
        expected = jax.grad(lambda p: function(jax.numpy, p, X))(p)
        expected = {name: np.asarray(value) for name, value in expected.items()}
    found = kerata.grad(lambda p: function(ops, p, ops.array(X)))(p)
    assert list(found) == ["kernel", "bias"]
    close(found["kernel"], expected["kernel"])
    close(found["bias"], expected["bias"])


LAYERS = {
    "dense": lambda: layers.Dense(2, activation="gelu"),
    "convolution": lambda: layers.Conv1D(2, 2, padding="same"),
    "pooling": lambda: layers.MaxPooling1D(2),
    "LSTM": lambda: layers.LSTM(2),
    "GRU": lambda: layers.GRU(2),
    "normalization": lambda: layers.LayerNormalization(),
    "batch normalization": lambda: layers.BatchNormalization(),
}


@pytest.mark.parametrize("name", LAYERS)
def test_through_layers(doubles, name):
    """Reverse against differences, forward against reverse, and both kinds of second order."""
    layer = LAYERS[name]()
    x, v = RANDOM.normal(size=(2, 2, 4, 3))
    weights = ops.array(RANDOM.normal(size=layer(x).shape))

    def loss(x):
        return ops.sum(ops.tanh(layer(x, training=True)) * weights)

    # JAX differentiates maxima of windows forwards in less than double precision on GPUs
    exact = 2e-6 if (doubles, name) == ("jax", "pooling") and on_gpu("jax") else 1e-9
    gradient = kerata.grad(loss)(x)
    slope = kerata.jvp(loss, (x,), (v,))[1]
    close(slope, np.sum(array(gradient) * v), exact)
    close(slope, numeric_slope(loss, x, v), 1e-6)
    forward_over_reverse = kerata.jvp(kerata.grad(loss), (x,), (v,))[1]
    reverse_over_reverse = kerata.grad(lambda x: ops.vdot(kerata.grad(loss)(x), v))(x)
    close(forward_over_reverse, array(reverse_over_reverse), exact)
    curvature = numeric_slope(lambda x: ops.vdot(kerata.grad(loss)(x), v), x, v)
    close(np.sum(array(forward_over_reverse) * v), curvature, 1e-5)


def test_hessian_vector_product_of_a_network_is_that_of_its_dense_hessian(doubles):
    model, y = network(), ops.array(RANDOM.normal(size=(4, 2)))
    variables = model.trainable_variables
    vectors = [RANDOM.normal(size=v.shape) for v in variables]

    def loss(variables):
        return ops.mean(ops.square(model(X) - y))

    product = kerata.jvp(kerata.grad(loss), (variables,), (vectors,))[1]
    dense = kerata.hessian(loss)(variables)
    for row, found in zip(dense, product, strict=True):
        axes = [len(vector.shape) for vector in vectors]
        expected = sum(
            np.tensordot(array(block), vector, rank)
            for block, vector, rank in zip(row, vectors, axes, strict=True)
        )
        close(found, expected, 1e-9)
    for i, j in np.ndindex(4, 4):  # second derivatives commute
        size = [int(np.prod(variables[k].shape)) for k in (i, j)]
        block = array(dense[i][j]).reshape(size)
        np.testing.assert_allclose(block, array(dense[j][i]).reshape(size[::-1]).T, atol=1e-12)


def test_jacobian_of_structures(doubles):
    a, b = np.array([1.0, 2.0]), np.array([[3.0], [4.0]])

    def function(p, scale):
        return {"outer": ops.multiply(*p) * scale, "sum": ops.sum(p[1])}, "aux"

    found, aux = kerata.jacobian(function, has_aux=True)((a, b), 10.0)
    assert aux == "aux" and isinstance(found["outer"], tuple)
    by_a, by_b = found["outer"]
    close(by_a, 10.0 * np.einsum("io,jk->ijk", b, np.eye(2)))
    close(by_b, 10.0 * np.einsum("j,ik->ijk", a, np.eye(2))[..., None])
    close(found["sum"][0], [0.0, 0.0])
    close(found["sum"][1], [[1.0], [1.0]])
    by_scale = kerata.jacobian(lambda p, scale: function(p, scale)[0], argnums=-1)((a, b), 10.0)
    close(by_scale["outer"], a * b)


def test_hessian_of_several_arguments(doubles):
    rows = kerata.hessian(lambda x, y: x**2.0 * y, argnums=(0, 1))(3.0, 5.0)
    np.testing.assert_allclose([[float(array(c)) for c in row] for row in rows], [[10, 6], [6, 0]])


def test_vjp(doubles):
    outputs, pullback, aux = kerata.vjp(
        lambda a, b: ([a * b, ops.sum(a)], {"note": "kept", "product": a * b}),
        X, np.full((4, 3), 2.0), has_aux=True,
    )  # fmt: skip
    close(outputs[0], 2.0 * X)
    assert aux["note"] == "kept"
    close(aux["product"], 2.0 * X)
    for factor in (1.0, 2.0):  # a pullback may be used again
        by_a, by_b = pullback([np.full((4, 3), factor), 5.0])
        close(by_a, np.full((4, 3), 2.0 * factor + 5.0))
        close(by_b, factor * X)


def test_constant_outputs_and_unused_arguments_have_zero_derivatives(doubles):
    function = lambda x, y: y * 2.0  # noqa: E731
    close(kerata.grad(function)(3.0, 1.0), 0.0)
    close(kerata.jvp(lambda x: ops.array(1.0), (3.0,), (1.0,))[1], 0.0)
    close(kerata.grad(lambda x: ops.array(1.0))(3.0), 0.0)


# -- state -----------------------------------------------------------------------------------


def test_variables_as_arguments(doubles):
    """A model is trained by the gradient with respect to its variables, as by a tape."""
    model, y = network(), ops.array(RANDOM.normal(size=(4, 2)))
    variables = model.trainable_variables

    def loss(variables):
        return ops.mean(ops.square(model(X) - y))

    value, found = kerata.value_and_grad(loss)(variables)
    with kerata.GradientTape() as tape:
        expected = loss(variables)
    close(value, array(expected))
    for mine, theirs in zip(found, tape.gradient(expected, variables), strict=True):
        close(mine, array(theirs))
    close(kerata.grad(lambda v: v * v)(kerata.Variable(3.0)), 6.0)
    frozen = kerata.Variable(3.0, trainable=False)
    close(kerata.grad(lambda v: v.value * frozen.value)(frozen), 6.0)
    assert not frozen.trainable


def test_assignments_are_made_once(doubles):
    count, layer = kerata.Variable(0.0, trainable=False), layers.BatchNormalization()

    def loss(x):
        count.assign_add(1.0)
        return ops.sum(ops.square(layer(x, training=True))), {"count": count, "name": "loss"}

    gradient, aux = kerata.grad(loss, has_aux=True)(X)
    assert gradient.shape == X.shape
    assert count.numpy() == 1.0 and float(array(aux["count"])) == 1.0 and aux["name"] == "loss"
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.01 * X.mean(0), rtol=1e-6)
    kerata.jvp(lambda x: loss(x)[0], (X,), (X,))
    assert count.numpy() == 2.0
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.0199 * X.mean(0), rtol=1e-6)


def test_a_layer_built_while_it_is_differentiated_lives_on(doubles):
    layer = layers.Dense(2)
    kerata.grad(lambda x: ops.sum(layer(x)))(X)
    np.testing.assert_allclose(
        array(layer(X)), X @ layer.kernel.numpy() + layer.bias.numpy(), rtol=1e-9
    )
    with kerata.GradientTape() as tape:
        total = ops.sum(layer(X))
    close(tape.gradient(total, layer.bias), [4.0, 4.0])


def test_under_an_open_tape(doubles):
    w = kerata.Variable(2.0)
    cases = [
        (lambda: kerata.grad(lambda x: w * x**2.0)(3.0), 6.0),
        (lambda: kerata.grad(lambda v: v**3.0)(w), 12.0),
        (lambda: kerata.jvp(lambda x: w * x**2.0, (3.0,), (1.0,))[1], 6.0),
        (lambda: kerata.vjp(lambda x: w * x**2.0, 3.0)[1](1.0)[0], 6.0),
        (lambda: kerata.jacobian(lambda x: w * x**2.0)(3.0), 6.0),
        (lambda: kerata.hessian(lambda x: w * x**3.0)(3.0), 18.0),
        (lambda: kerata.value_and_grad(lambda x: w * w * x)(3.0)[0], 12.0),
    ]
    for compute, expected in cases:
        with kerata.GradientTape() as tape:
            derivative = compute()
        close(tape.gradient(derivative, w), expected)


def test_penalty_on_the_gradient_trains_a_model(doubles):
    """A layer's weights have gradients through the gradient by the inputs."""
    model = network()
    x = ops.array(X)

    def penalty():
        return ops.sum(ops.square(kerata.grad(lambda x: ops.sum(ops.square(model(x))))(x)))

    with kerata.GradientTape() as tape:
        total = penalty()
    kernel = model.layers[0].kernel
    found = array(tape.gradient(total, kernel))
    start, step = kernel.numpy(), 1e-6
    values = []
    for sign in (1, -1):
        moved = start.copy()
        moved[1, 2] += sign * step
        kernel.assign(moved)
        values.append(float(array(penalty())))
    assert found[1, 2] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-6)


def test_compiled(doubles):
    model = network()

    @kerata.function
    def both(x):
        value, gradient = kerata.value_and_grad(lambda x: ops.sum(ops.square(model(x))))(x)
        return value, gradient, kerata.hessian(lambda a: ops.sum(a**3.0 * x))(x)

    for x in (ops.array(X), ops.array(X + 1.0)):
        value, gradient, hessian = both(x)
        expected, by_x = kerata.value_and_grad(lambda x: ops.sum(ops.square(model(x))))(x)
        close(value, array(expected), 1e-9)
        close(gradient, array(by_x), 1e-9)
        flat = array(x).ravel()
        close(hessian, np.diag(6.0 * flat * flat).reshape(4, 3, 4, 3), 1e-9)


class Slope(layers.Layer):
    """The derivative of a network's output by its input: what physics-informed networks need."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = layers.Dense(4, activation="tanh")
        self.outer = layers.Dense(1)

    def call(self, inputs):
        return kerata.grad(lambda x: ops.sum(self.outer(self.inner(x))))(inputs)


def test_inside_of_a_layer_that_is_trained(training_backend):
    model = kerata.Sequential([kerata.Input((1,)), Slope()])
    assert model.output_shape == (None, 1)
    model.compile(kerata.optimizers.Adam(0.02), "mse")
    x = np.linspace(-1, 1, 64, dtype="float32")[:, None]
    history = model.fit(x, 2 * x, batch_size=64, epochs=150, verbose=0).history["loss"]
    assert history[-1] < 0.02 * history[0]


def test_gradients_of_each_sample(doubles):
    """vectorized_map over grad: one gradient of the weights for each sample."""
    model = network()
    variables = model.trainable_variables

    def of_one(x):
        return kerata.grad(lambda _: ops.sum(ops.square(model(x[None]))))(variables)

    found = kerata.vectorized_map(of_one, ops.array(X))
    for variable, each in zip(variables, found, strict=True):
        assert each.shape == (4, *variable.shape)
    for i, x in enumerate(X):
        for each, one in zip(found, of_one(ops.array(x)), strict=True):
            close(each[i], array(one))


def test_vectorized_map_of_derivatives_through_recurrent_layers(doubles):
    layer, x = layers.LSTM(2), RANDOM.normal(size=(3, 4, 2))
    loss = lambda x: ops.sum(ops.square(layer(x[None])))  # noqa: E731
    layer(x)
    found = kerata.vectorized_map(kerata.grad(loss), ops.array(x))
    close(found, array(kerata.grad(lambda x: ops.sum(ops.square(layer(x))))(x)), 1e-9)


def test_derivatives_of_vectorized_map(doubles):
    found = kerata.grad(lambda x: ops.sum(kerata.vectorized_map(lambda r: r * ops.sum(r), x)))(X)
    close(found, 2 * X.sum(1, keepdims=True) * np.ones_like(X))


# -- mistakes --------------------------------------------------------------------------------


def test_mistakes_are_explained(training_backend):
    with pytest.raises(ValueError, match=r"shape \(3,\).*kerata.jacobian"):
        kerata.grad(lambda x: x * 2.0)(np.ones(3, "float32"))
    with pytest.raises(TypeError, match="int32.*argnums"):
        kerata.grad(lambda x: x * 2.0)(np.ones(3, "int32"))
    with pytest.raises(TypeError, match="has_aux=True"):
        kerata.vjp(lambda x: (x, ops.argmax(x)), np.ones(3, "float32"))
    with pytest.raises(TypeError, match="must return a pair"):
        kerata.grad(lambda x: x, has_aux=True)(1.0)
    with pytest.raises(TypeError, match="returned None"):
        kerata.vjp(lambda x: None, 1.0)
    with pytest.raises(ValueError, match="names the argument 1.*1 positional"):
        kerata.grad(lambda x: x, argnums=1)(1.0)
    with pytest.raises(ValueError, match=r"tangent has shape \(2,\); expected \(3,\)"):
        kerata.jvp(lambda x: x, (np.ones(3, "float32"),), (np.ones(2, "float32"),))
    with pytest.raises(ValueError, match=r"cotangents have the structure \[\*, \*\]; expected \*"):
        kerata.vjp(lambda x: x, 1.0)[1]([1.0, 2.0])
    with pytest.raises(TypeError, match="symbolic.*layer"):
        kerata.grad(lambda x: ops.sum(x))(kerata.Input((3,)))


def test_numpy_has_no_gradients():
    with kerata.use_backend("numpy"), pytest.raises(RuntimeError, match="set_backend"):
        kerata.grad(lambda x: x)(1.0)


def test_a_tape_inside_a_transformation_is_refused_on_torch():
    """There autograd would find no connection, and say that there is no gradient."""
    with kerata.use_backend("torch"):
        w = kerata.Variable(2.0)

        def slope(x):
            with kerata.GradientTape() as tape:
                y = w * x
            return tape.gradient(y, w)

        with pytest.raises(RuntimeError, match=r"Nest `kerata.grad`"):
            kerata.grad(slope)(1.0)
        assert current.recorder is None and not current.watching and not current.native_tapes
