"""Convolutions: Keras' functions against Keras, shapes, errors, and JAX' own derivatives."""

import itertools

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import kerata
from kerata import ops
from kerata.backend.jax.gradient import forward_mode
from kerata.core.symbolic import SymbolicTensor
from tests.devices import on_gpu

random = np.random.default_rng(0)


def normal(*shape):
    return random.normal(size=shape).astype("float32")


def assert_like_keras(name, *args, **kwargs):
    actual = kerata.ops.convert_to_numpy(getattr(ops, name)(*args, **kwargs))
    expected = np.asarray(getattr(keras.ops, name)(*args, **kwargs))
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


CALLS = [
    ("conv", (normal(2, 6, 3), normal(3, 3, 4)), {}),
    ("conv", (normal(2, 6, 7, 3), normal(3, 2, 3, 4)), {"strides": (2, 1), "padding": "same"}),
    ("conv", (normal(2, 6, 7, 3), normal(3, 3, 3, 4)), {"strides": 2, "padding": "SAME"}),
    ("conv", (normal(2, 4, 6, 6), normal(3, 3, 2, 4)), {"data_format": "channels_first"}),
    ("conv", (normal(1, 5, 5, 5, 2), normal(2, 2, 2, 2, 3)), {"dilation_rate": 2}),
    ("conv", (normal(2, 6, 7, 8), normal(1, 1, 8, 4)), {"strides": 2}),
    ("conv", (normal(2, 6, 7, 8), normal(1, 1, 8, 4)), {"strides": 2, "padding": "same"}),
    ("depthwise_conv", (normal(2, 6, 3), normal(3, 3, 2)), {"padding": "same"}),
    ("depthwise_conv", (normal(2, 6, 6, 3), normal(3, 3, 3, 1)), {"dilation_rate": (2, 2)}),
    ("separable_conv", (normal(2, 6, 6, 3), normal(3, 3, 3, 2), normal(1, 1, 6, 4)), {}),
    (
        "separable_conv",
        (normal(2, 3, 6), normal(3, 3, 2), normal(1, 6, 4)),
        {"data_format": "channels_first", "padding": "same"},
    ),
    ("conv_transpose", (normal(2, 5, 3), normal(3, 4, 3)), {"strides": 2}),
    ("conv_transpose", (normal(2, 5, 4, 3), normal(3, 2, 4, 3)), {"strides": (1, 3)}),
    (
        "conv_transpose",
        (normal(2, 3, 5, 4), normal(4, 4, 2, 3)),
        {"strides": 3, "padding": "same", "output_padding": 2, "data_format": "channels_first"},
    ),
]


@pytest.mark.parametrize("name, args, kwargs", CALLS)
def test_value_is_that_of_keras(name, args, kwargs, backend):
    assert_like_keras(name, *args, **kwargs)


@pytest.mark.parametrize("name, args, kwargs", CALLS)
def test_symbolic_shape(name, args, kwargs):
    inputs, *kernels = args
    unknown = SymbolicTensor((None, *inputs.shape[1:]))
    symbolic = getattr(ops, name)(unknown, *kernels, **kwargs)
    computed = getattr(ops, name)(inputs, *kernels, **kwargs)
    assert symbolic.shape == (None, *computed.shape[1:])


def test_unknown_spatial_size_stays_unknown():
    assert ops.conv(SymbolicTensor((None, None, 8, 3)), normal(3, 3, 3, 4)).shape == (
        None, None, 6, 4,
    )  # fmt: skip
    assert ops.conv_transpose(SymbolicTensor((None, None, 3)), normal(3, 4, 3), 2).shape == (
        None, None, 4,
    )  # fmt: skip


def test_configured_data_format(backend):
    kerata.config.set_image_data_format("channels_first")
    try:
        assert tuple(ops.conv(normal(2, 3, 6), normal(3, 3, 4)).shape) == (2, 4, 4)
    finally:
        kerata.config.set_image_data_format("channels_last")


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: ops.conv(normal(2, 6, 6, 3), normal(3, 3, 4)), "same number of dimensions"),
        (lambda: ops.conv(normal(2, 6, 5), normal(3, 3, 4)), "multiple .* of 3"),
        (lambda: ops.conv(normal(2, 6, 6), normal(3, 3, 5)), "divisible"),
        (lambda: ops.conv(SymbolicTensor((1, 2, 3)), normal(3, 3, 4)), "does not fit"),
        (lambda: ops.conv(normal(2, 6, 3), normal(3, 3, 4), padding="causal"), "'valid' or 'same'"),
        (lambda: ops.conv(normal(2, 6, 3), normal(3, 3, 4), strides=(1, 2)), "1 spatial dim"),
        (lambda: ops.conv(normal(2, 6, 3), normal(3, 3, 4), strides=0), ">= 1"),
        (lambda: ops.conv(normal(2, 3), normal(3, 4)), "spatial"),
        (lambda: ops.conv(normal(2, 6, 3), normal(3, 3, 4), data_format="NHWC"), "data_format"),
        (lambda: ops.depthwise_conv(normal(2, 6, 3), normal(3, 4, 1)), "4 input channels"),
        (lambda: ops.conv_transpose(normal(2, 6, 3), normal(3, 3, 4)), "4 input channels"),
    ],
)
def test_errors_say_what_is_wrong(call, text, backend):
    with pytest.raises(ValueError, match=text):
        call()


# -- JAX on CPUs: own formulations, own gradients --------------------------------------------

own_forms = pytest.mark.skipif(on_gpu("jax"), reason="on GPUs convolutions are those of lax")

FORMS = {
    "few channels": (normal(2, 6, 6, 2), normal(3, 3, 2, 3)),
    "general": (normal(2, 6, 6, 6), normal(3, 3, 6, 3)),
    "pointwise": (normal(2, 6, 6, 6), normal(1, 1, 6, 3)),
    "grouped": (normal(2, 6, 6, 6), normal(3, 3, 3, 4)),
    "depthwise": (normal(2, 6, 6, 6), normal(3, 3, 1, 12)),
}


def curved(inputs, kernel, strides):
    """A number that depends on inputs and kernel in a nonlinear way."""
    y = ops.conv(inputs, kernel, strides, "same")
    weights = jnp.cos(jnp.arange(y.size, dtype=y.dtype)).reshape(y.shape)
    return jnp.sum(weights * jnp.sin(y))


def gradient_norm(inputs, kernel, strides):
    return sum(jnp.sum(jnp.sin(g)) for g in jax.grad(curved, (0, 1))(inputs, kernel, strides))


@pytest.mark.parametrize("form, strides", [*itertools.product(FORMS, (1, 2))])
def test_first_and_second_gradients_equal_those_of_lax(form, strides):
    with jax.enable_x64(True):
        args = [jnp.asarray(x, "float64") for x in FORMS[form]]
        own = jax.jit(jax.grad(gradient_norm, (0, 1)), static_argnums=2)(*args, strides)
        with forward_mode():
            plain = jax.jit(lambda *args: jax.grad(gradient_norm, (0, 1))(*args, strides))(*args)
        for mine, theirs in zip(own, plain, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-8, atol=1e-8)


def test_second_gradient_of_transposed_convolution():
    def total(x, w):
        return jnp.sum(jnp.sin(ops.conv_transpose(x, w, 2, "same")))

    def slope(x, w):
        return sum(jnp.sum(jnp.cos(g)) for g in jax.grad(total, (0, 1))(x, w))

    with jax.enable_x64(True):
        args = (
            jnp.asarray(normal(1, 3, 3, 5), "float64"),
            jnp.asarray(normal(3, 3, 2, 5), "float64"),
        )
        own = jax.grad(slope, (0, 1))(*args)
        with forward_mode():
            plain = jax.grad(slope, (0, 1))(*args)
        for mine, theirs in zip(own, plain, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-8, atol=1e-8)


@own_forms
def test_gradients_of_compiled_loops_are_canonical():
    """In a loop XLA leaves convolutions as they are: each must have the form with a fast kernel.

    The form: ungrouped, channels last in inputs and outputs, kernel (*window, in, out).
    """
    x, w = normal(2, 8, 8, 6), normal(3, 3, 6, 8)

    def step(w):
        return w - 0.1 * jax.grad(lambda w: jnp.sum(ops.conv(x, w, 2, "same") ** 2))(w)

    text = str(jax.make_jaxpr(lambda w: jax.lax.fori_loop(0, 3, lambda _, w: step(w), w))(w))
    layouts = [line for line in text.split("\n") if "dimension_numbers=" in line]
    assert len(layouts) == 3  # the outputs and both gradients
    for line in layouts:
        assert "lhs_spec=(0, 3, 1, 2)" in line
        assert "rhs_spec=(3, 2, 0, 1)" in line
        assert "out_spec=(0, 3, 1, 2)" in line


@own_forms
def test_forward_mode():
    x, w = jnp.asarray(normal(1, 5, 6)), jnp.asarray(normal(3, 6, 2))
    with pytest.raises(TypeError, match="jvp"):
        jax.jvp(lambda x: ops.conv(x, w), (x,), (x,))
    with forward_mode():
        y, tangent = jax.jvp(lambda x: ops.conv(x, w), (x,), (x,))
    np.testing.assert_allclose(tangent, y, rtol=1e-5)


# -- torch: memory order -----------------------------------------------------------------------


def test_torch_results_lie_channels_last():
    with kerata.use_backend("torch"):
        for rank in (1, 2, 3):
            y = ops.conv(normal(2, *(6,) * rank, 8), normal(*(3,) * rank, 8, 4), padding="same")
            assert y.is_contiguous()


def test_no_images_give_none(backend):
    kernel = np.ones((2, 2, 3, 4), "float32")
    for padding, size in (("same", (5, 6)), ("valid", (4, 5))):
        outputs = ops.conv(np.ones((0, 5, 6, 3), "float32"), kernel, padding=padding)
        assert outputs.shape == (0, *size, 4)
