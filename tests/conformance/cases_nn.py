"""Rows of neural-network primitives; the oracle is Keras, or the formula in NumPy."""

import keras
import numpy as np
import scipy.special

from tests.conformance.cases import Case, bools, integers, normal, positive, uniform

X, INT = normal(2, 3, 4), integers(5, 2, 3, low=-4)
# no element lies where a function has a kink, which finite differences would see
AWAY = np.where(np.abs(X * 4 - np.round(X * 4)) < 0.01, X + 0.02, X).astype("float32")


def keras_op(name):
    """Return the Keras function of this name for NumPy arrays."""
    op = getattr(keras.ops, name)
    return lambda *args, **kwargs: np.asarray(op(*args, **kwargs))


def activation(name, *args, x=AWAY, **settings):
    return Case(name, (x, *args), oracle=keras_op(name), **settings)


ACTIVATIONS = [
    *(
        activation(name)
        for name in (
            "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "sigmoid",
            "log_sigmoid", "silu", "hard_sigmoid", "hard_silu", "softplus", "softsign",
            "soft_shrink", "hard_shrink", "hard_tanh", "softmax", "log_softmax",
        )
    ),
    activation("leaky_relu", 0.5),
    activation("elu", 0.5),
    activation("celu", 2.0),
    activation("gelu", False),
    activation("soft_shrink", 0.2),
    activation("hard_shrink", 1.2),
    activation("threshold", 0.3, -2.0),
    activation("relu6", x=AWAY * 5),
    activation("hard_sigmoid", x=AWAY * 5),
    activation("hard_silu", x=AWAY * 5),
    *(activation(name, axis) for name in ("softmax", "log_softmax") for axis in (0, 1, (0, 2))),
    Case("mish", (AWAY,), oracle=lambda x: x * np.tanh(np.logaddexp(x, 0))),
    # far from 0, where naive formulas overflow or lose everything
    *(
        Case(name, (np.array([-1e3, -50, 50, 1e3], "float32"),), oracle=oracle, gradient=False)
        for name, oracle in (
            ("sigmoid", scipy.special.expit),
            ("log_sigmoid", scipy.special.log_expit),
            ("softplus", lambda x: np.logaddexp(x, 0)),
            ("silu", lambda x: x * scipy.special.expit(x)),
            ("softmax", scipy.special.softmax),
            ("log_softmax", scipy.special.log_softmax),
            ("mish", lambda x: x * np.tanh(np.logaddexp(x, 0))),
        )
    ),
    *(activation(name, x=INT) for name in ("relu", "leaky_relu", "elu", "softplus", "hard_tanh")),
]  # fmt: skip


# -- convolutions and pooling ----------------------------------------------------------------


def images(rank, channels, data_format, size=7):
    x = normal(2, *(size + i for i in range(rank)), channels)
    return x if data_format == "channels_last" else np.moveaxis(x, -1, 1).copy()


def convolved(inputs, kernel, strides, padding, data_format, dilation_rate):
    return keras_op("conv")(inputs, kernel, strides, padding, data_format, dilation_rate)


def separately_convolved(inputs, kernel, strides, padding, data_format, dilation_rate):
    """Convolve each channel by itself; Keras has this for one and two dimensions only."""
    axis = -1 if data_format == "channels_last" else 1
    channels = np.split(inputs, kernel.shape[-2], axis)
    kernels = np.split(kernel, kernel.shape[-2], -2)
    settings = (strides, padding, data_format, dilation_rate)
    parts = [convolved(x, k, *settings) for x, k in zip(channels, kernels, strict=True)]
    return np.concatenate(parts, axis)


def transposed(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate):
    extra = None if output_padding[0] is None else output_padding
    settings = (strides, padding, extra, data_format, dilation_rate)
    return keras_op("conv_transpose")(inputs, kernel, *settings)


def pooled(name):
    def oracle(inputs, pool_size, strides, padding, data_format):
        return keras_op(name)(inputs, pool_size, strides, padding, data_format)

    return oracle


# rank, window, channels of the inputs and of the kernel, strides, padding, dilation, data format
CONVOLUTIONS = [
    (1, 3, 2, 2, 1, "valid", 1, "channels_last"),
    (1, 2, 6, 6, 2, "same", 1, "channels_first"),
    (1, 3, 6, 3, 1, "same", 2, "channels_last"),
    (2, 3, 2, 2, 2, "same", 1, "channels_last"),
    (2, 2, 6, 6, 1, "valid", 2, "channels_first"),
    (2, 3, 6, 6, 2, "same", 1, "channels_last"),
    (2, 2, 6, 6, 3, "same", 1, "channels_last"),
    (2, 3, 6, 3, 2, "valid", 1, "channels_first"),
    (2, 1, 6, 6, 2, "same", 1, "channels_last"),
    (3, 2, 6, 6, 2, "same", 1, "channels_last"),
    (3, 2, 2, 2, 1, "valid", 1, "channels_first"),
]
# rank, window, multiplier, strides, padding, dilation, data format
DEPTHWISE = [
    (1, 3, 1, 1, "same", 2, "channels_last"),
    (2, 3, 1, 2, "same", 1, "channels_first"),
    (2, 2, 2, 1, "valid", 1, "channels_last"),
    (3, 2, 1, 2, "valid", 1, "channels_last"),
]
# rank, window, strides, padding, output padding, dilation, data format
TRANSPOSED = [
    (1, 3, 2, "same", None, 1, "channels_last"),
    (1, 2, 3, "valid", None, 1, "channels_first"),
    (2, 3, 2, "same", 1, 1, "channels_last"),
    (2, 2, 2, "valid", 0, 1, "channels_first"),
    (2, 3, 3, "valid", 2, 1, "channels_last"),
    (2, 2, 1, "same", None, 1, "channels_last"),
    (2, 3, 1, "same", None, 2, "channels_last"),
    (3, 2, 2, "same", None, 1, "channels_last"),
]
# rank, window, strides, padding, data format
POOLINGS = [
    (1, 2, 2, "valid", "channels_first"),
    (1, 3, 1, "same", "channels_last"),
    (2, 2, 2, "same", "channels_last"),
    (2, 3, 2, "same", "channels_first"),
    (2, 2, 3, "valid", "channels_last"),
    (3, 3, 2, "valid", "channels_last"),
]


def windows():
    """Yield name, arguments and oracle of every row of the four tables."""
    for rank, size, channels, of_kernel, stride, padding, dilation, data_format in CONVOLUTIONS:
        kernel = normal(*(size,) * rank, of_kernel, 4) * 0.3
        settings = ((stride,) * rank, padding, data_format, (dilation,) * rank)
        yield "convolution", (images(rank, channels, data_format), kernel, *settings), convolved
    for rank, size, multiplier, stride, padding, dilation, data_format in DEPTHWISE:
        kernel = normal(*(size,) * rank, 3, multiplier)
        settings = ((stride,) * rank, padding, data_format, (dilation,) * rank)
        arguments = (images(rank, 3, data_format), kernel, *settings)
        yield "depthwise_convolution", arguments, separately_convolved
    for rank, size, stride, padding, extra, dilation, data_format in TRANSPOSED:
        inputs, kernel = images(rank, 2, data_format, 4), normal(*(size,) * rank, 5, 2)
        settings = ((stride,) * rank, padding, (extra,) * rank, data_format, (dilation,) * rank)
        yield "transposed_convolution", (inputs, kernel, *settings), transposed
    for rank, size, stride, padding, data_format in POOLINGS:
        settings = ((size,) * rank, (stride,) * rank, padding, data_format)
        inputs = images(rank, 3, data_format)
        yield "windowed_max", (inputs, *settings), pooled("max_pool")
        yield "windowed_mean", (inputs, *settings), pooled("average_pool")


WINDOWS = [
    Case(name, args, oracle=oracle, rtol=1e-4, atol=1e-4, batch=name.startswith("windowed"))
    for name, args, oracle in windows()
]


# -- the rest --------------------------------------------------------------------------------


def one_hot(x, num_classes, axis, dtype):
    return keras_op("one_hot")(x, num_classes, axis=axis, dtype=dtype)


def with_moments(x, mean, variance, offset, scale, epsilon):
    y = (x - mean) / np.sqrt(variance + epsilon)
    return y * (1 if scale is None else scale) + (0 if offset is None else offset)


def batch_normalized(x, offset, scale, axis, epsilon):
    moved = np.moveaxis(x, axis, -1)
    others = tuple(range(x.ndim - 1))
    mean, variance = moved.mean(others), moved.var(others)
    y = with_moments(moved, mean, variance, offset, scale, epsilon)
    return [np.moveaxis(y, -1, axis), mean, variance]


def features_normalized(x, scale, offset, axes, epsilon):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return with_moments(x, mean, variance, offset, scale, epsilon)


def rms_normalized(x, scale, axes, epsilon):
    y = x / np.sqrt((x**2).mean(axes, keepdims=True) + epsilon)
    return y if scale is None else y * scale


def mean_and_variance(x, axes, keepdims):
    return [x.mean(axes, keepdims=keepdims), x.var(axes, keepdims=keepdims)]


def likelihood(logs, target):
    picked = np.take_along_axis(logs, np.clip(target, 0, logs.shape[-1] - 1)[..., None], -1)[..., 0]
    return np.where((target >= 0) & (target < logs.shape[-1]), -picked, 0)


def attention(query, key, value, bias, mask, scale, is_causal, cap):
    repeats = query.shape[2] // key.shape[2]
    key, value = np.repeat(key, repeats, 2), np.repeat(value, repeats, 2)
    logits = np.einsum("btnh,bsnh->bnts", query, key) * scale
    logits = logits if cap is None else cap * np.tanh(logits / cap)
    logits = logits if bias is None else logits + bias
    seen = np.ones(logits.shape[-2:], bool) if mask is None else mask
    seen = np.tril(np.ones(logits.shape, bool)) & seen if is_causal else seen
    weights = scipy.special.softmax(np.where(seen, logits, -np.inf), -1)
    return np.einsum("bnts,bsnh->btnh", weights, value)


QUERY, KEYS, GROUPED = normal(2, 3, 4, 8), normal(2, 5, 4, 8), normal(2, 5, 2, 8)
SQUARE = normal(2, 5, 4, 8)
# every query sees at least the first key: the others are tested in tests/ops/test_nn.py
BIAS, MASK, SQUARE_MASK = normal(1, 4, 3, 5), bools(2, 1, 3, 5), bools(1, 1, 5, 5)
MASK[..., 0] = SQUARE_MASK[..., 0] = True
SCALE, OFFSET = positive(4), normal(4)

OTHERS = [
    *(Case("one_hot_encoding", (integers(4, 2, 3, low=-1), 3, axis, dtype), oracle=one_hot)
      for axis in (-1, -2, -3) for dtype in ("float32", "int32")),
    *(Case("embedding", (normal(5, 3), integers(5, 2, 4).astype(dtype)),
           oracle=lambda table, indices: table[indices], batch=False)
      for dtype in ("int32", "uint8", "int64")),
    *(Case("normalize_with_moments", (X, normal(4), positive(4), offset, scale, 1e-3),
           oracle=with_moments)
      for offset, scale in ((None, None), (OFFSET, None), (None, SCALE), (OFFSET, SCALE))),
    *(Case("normalize_batch", (x, offset, scale, axis, 1e-2), oracle=batch_normalized, atol=1e-5,
           gradient=False)
      for x, axis in ((X, -1), (normal(2, 4, 3, 5), 1), (normal(3, 4), 1))
      for offset, scale in ((None, None), (OFFSET, SCALE), (OFFSET, None))),
    *(Case("normalize_features", (X, scale, offset, axes, 1e-3), oracle=features_normalized,
           atol=1e-5)
      for scale, offset, axes in ((None, None, (2,)), (SCALE, OFFSET, (2,)), (SCALE, None, (2,)),
                                  (None, OFFSET, (2,)), (positive(3, 4), None, (1, 2)),
                                  (positive(3, 1), normal(3, 1), (1,)))),
    *(Case("normalize_root_mean_square", (X, scale, axes, 1e-3), oracle=rms_normalized)
      for scale, axes in ((None, (2,)), (SCALE, (2,)), (SCALE, (1,)), (None, (1, 2)))),
    *(Case("mean_and_variance", (X, axes, keepdims), oracle=mean_and_variance)
      for axes, keepdims in (((0,), False), ((1, 2), True), ((0, 2), False))),
    Case("negative_log_likelihood", (normal(2, 3, 4), integers(5, 2, 3, low=-1)),
         oracle=likelihood),
    Case("two_class_entropy", (uniform(0, 1, 3, 4), uniform(0.1, 0.9, 3, 4)),
         oracle=lambda t, p: -(t * np.log(p) + (1 - t) * np.log(1 - p)), rtol=1e-4),
    *(Case("scaled_dot_product_attention", (*tensors, bias, mask, 0.3, causal, cap),
           oracle=attention, rtol=1e-4, atol=1e-5, batch=False)
      for tensors, bias, mask, causal, cap in (
          ((QUERY, KEYS, KEYS), None, None, False, None),
          ((QUERY, GROUPED, GROUPED), None, None, False, None),
          ((QUERY, KEYS, KEYS), BIAS, MASK, False, None),
          ((QUERY, GROUPED, GROUPED), BIAS, None, False, 2.0),
          ((SQUARE, KEYS, KEYS), None, None, True, None),
          ((SQUARE, KEYS, KEYS), None, SQUARE_MASK, True, 2.0),
          ((SQUARE, KEYS, KEYS), normal(1, 1, 5, 5), SQUARE_MASK, True, None),
      )),
]  # fmt: skip

CASES = [*ACTIVATIONS, *WINDOWS, *OTHERS]
