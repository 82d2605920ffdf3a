"""Errors inside compiled steps: short, in our words, and the last line shown is the user's."""

import traceback

import numpy as np
import pytest

import kerata
from kerata import layers, ops

X = np.ones((8, 4), "float32")
Y = np.ones((8, 1), "float32")
NOISE = ("tracer", "jax.", "xla", "symbolic", "removed its internal frames")


class Layer(layers.Layer):
    """Computes with a function given to it; shapes are inferred without it."""

    def __init__(self, function):
        super().__init__(name="mine")
        self.function = function

    def call(self, x):
        return x if isinstance(x, kerata.KerasTensor) else self.function(x)


def model_of(*tail, loss="mse", **options):
    model = kerata.Sequential([kerata.Input((4,)), *tail, layers.Dense(1)], name="net")
    model.compile("sgd", loss, **options)
    return model


def shown(work, kind):
    """Return what a user sees of an error: the frames' source lines, and the text."""
    with pytest.raises(kind) as info:
        work()
    frames = traceback.extract_tb(info.value.__traceback__)
    text = [str(info.value), *getattr(info.value, "__notes__", ())]
    printed = "".join(traceback.format_exception_only(info.value))
    assert info.value.__cause__ is None and info.value.__suppress_context__
    assert printed.count("\n") <= 12
    assert not any(noise in printed.lower() for noise in NOISE), printed
    return frames, "\n".join(text)


def assert_last_line(frames, code):
    assert frames[-1].filename == __file__ and code in frames[-1].line
    inside = [frame for frame in frames if "/kerata/" in frame.filename and "tests" not in
              frame.filename]  # fmt: skip
    assert len(inside) <= 1  # the frame that cuts the rest off


# -- the user's own errors ---------------------------------------------------------------------


def test_in_call(training_backend):
    def wrong(x):
        return ops.matmul(x, x)

    model = model_of(Layer(wrong))
    frames, text = shown(lambda: model.fit(X, Y, verbose=0), ValueError)
    assert_last_line(frames, "return ops.matmul(x, x)")
    assert "`matmul` got shapes (8, 4) and (8, 4)" in text and "In layer 'net/mine'" in text


def test_in_train_step(training_backend):
    class Model(kerata.Sequential):
        def train_step(self, data):
            return {"loss": data["x"]}

    model = Model([kerata.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    frames, _ = shown(lambda: model.fit(X, Y, verbose=0), TypeError)
    assert_last_line(frames, 'return {"loss": data["x"]}')


def test_in_a_loss(training_backend):
    def loss(y_true, y_pred):
        return ops.reshape(y_true - y_pred, (3, -1))

    frames, text = shown(lambda: model_of(loss=loss).fit(X, Y, verbose=0), ValueError)
    assert_last_line(frames, "return ops.reshape(y_true - y_pred, (3, -1))")
    assert "reshape" in text


def test_in_a_metric(training_backend):
    def metric(y_true, y_pred):
        raise LookupError("no such class")

    model = model_of(metrics=[metric])
    frames, text = shown(lambda: model.fit(X, Y, verbose=0), LookupError)
    assert_last_line(frames, 'raise LookupError("no such class")')
    assert text == "no such class"


def test_in_a_function(training_backend):
    @kerata.function
    def wrong(x):
        return ops.concatenate([x, ops.ones((2, 2))])

    frames, text = shown(lambda: wrong(ops.ones((3, 4))), ValueError)
    assert_last_line(frames, "return ops.concatenate([x, ops.ones((2, 2))])")


# -- asking for values -------------------------------------------------------------------------


def with_float(x):
    return x * float(ops.sum(x))


def with_if(x):
    if ops.sum(x) > 0:
        return x
    return -x


def with_numpy(x):
    return x * np.asarray(x)[0, 0]


def with_integer(x):
    return x[: int(ops.sum(x))]


@pytest.fixture
def compiling_backend(training_backend):
    if not kerata.backend.select.default().compiles:
        pytest.skip(f"{training_backend} runs Python as it is: tensors have values")
    return training_backend


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (with_float, "float(ops.sum(x))"),
        (with_if, "if ops.sum(x) > 0:"),
        (with_numpy, "np.asarray(x)"),
        (with_integer, "int(ops.sum(x))"),
    ],
)
def test_values_in_compiled_code(compiling_backend, function, code):
    model = model_of(Layer(function))
    frames, text = shown(lambda: model.fit(X, Y, verbose=0), TypeError)
    assert_last_line(frames, code)
    assert f"`{function.__name__}` is compiled" in text and "In layer 'net/mine'" in text
    assert "ops.where" in text and "ops.cond" in text and "run_eagerly=True" in text
    frames, text = shown(lambda: kerata.function(function)(ops.ones((8, 4))), TypeError)
    assert_last_line(frames, code)
    assert "kerata.function(jit_compile=False)" in text


@pytest.mark.parametrize("function", [with_float, with_if, with_integer])
def test_the_advice_helps(training_backend, function):
    model = model_of(Layer(function), run_eagerly=True)
    model.fit(X, Y, verbose=0)
    assert kerata.function(function, jit_compile=False)(ops.ones((8, 4))).shape == (8, 4)
