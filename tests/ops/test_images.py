"""Pixels rearranged, adaptive pooling, polar form: against Keras, and errors."""

import keras
import numpy as np
import pytest

from kerata import ops
from kerata.core.symbolic import SymbolicTensor

random = np.random.default_rng(0)


def normal(*shape):
    return random.normal(size=shape).astype("float32")


X = normal(2, 6, 9, 4)
CALLS = [
    ("depth_to_space", (X, 2), {}),
    ("depth_to_space", (normal(2, 8, 3, 5), 2), {"data_format": "channels_first"}),
    ("space_to_depth", (X, 3), {}),
    ("space_to_depth", (normal(2, 3, 4, 6), 2), {"data_format": "channels_first"}),
    ("unfold", (X, 2), {}),
    ("unfold", (X, (2, 3)), {"dilation": (2, 1), "padding": 1, "stride": (1, 2)}),
    ("fold", (normal(2, 3 * 6, 15), (5, 6), (3, 2)), {"stride": (2, 1), "padding": (1, 0)}),
    ("fold", (normal(2, 8, 6), (6, 5), 2), {"stride": 2, "dilation": (1, 2)}),
    ("psnr", (X, X + 0.5, 7.0), {}),
    ("polar", (np.abs(X), X), {}),
    ("adaptive_average_pool", (X, (4, 3)), {}),
    ("adaptive_average_pool", (normal(2, 3, 7), 5), {"data_format": "channels_first"}),
    ("adaptive_average_pool", (normal(2, 4, 5, 6, 3), (2, 3, 4)), {}),
    ("adaptive_max_pool", (X, 4), {}),
    ("adaptive_max_pool", (normal(2, 7, 3), 3), {}),
    ("adaptive_max_pool", (normal(1, 3, 4, 5, 6), 2), {"data_format": "channels_first"}),
]


@pytest.mark.parametrize("name, args, kwargs", CALLS)
def test_value_and_shape_are_those_of_keras(name, args, kwargs, backend):
    actual = ops.convert_to_numpy(getattr(ops.nn, name)(*args, **kwargs))
    expected = np.asarray(getattr(keras.ops, name)(*args, **kwargs))
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name, args, kwargs", [call for call in CALLS if call[0] != "psnr"])
def test_symbolic_shape(name, args, kwargs):
    unknown = [
        SymbolicTensor((None, *arg.shape[1:])) if isinstance(arg, np.ndarray) else arg
        for arg in args
    ]
    computed = getattr(ops.nn, name)(*args, **kwargs)
    assert getattr(ops.nn, name)(*unknown, **kwargs).shape == (None, *computed.shape[1:])


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: ops.nn.depth_to_space(normal(1, 2, 2, 3), 2), "multiples of 4"),
        (lambda: ops.nn.space_to_depth(normal(1, 2, 3, 3), 2), "multiples of 2"),
        (lambda: ops.nn.space_to_depth(normal(2, 3, 3), 2), "four dimensions"),
        (lambda: ops.nn.unfold(normal(2, 3, 3), 2), "batch, channels, height"),
        (lambda: ops.nn.unfold(normal(1, 2, 3, 3), 4), "does not fit"),
        (lambda: ops.nn.fold(normal(1, 4, 5), (3, 3), 2), "multiple of 4"),
        (lambda: ops.nn.psnr(normal(2), normal(3), 1.0), "equal shapes"),
        (lambda: ops.nn.adaptive_max_pool(SymbolicTensor((1, None, 2)), 2), "known spatial"),
    ],
)
def test_errors_say_what_is_wrong(call, text):
    with pytest.raises(ValueError, match=text):
        call()
