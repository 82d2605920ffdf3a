"""One row per layer and configuration, and the checks that every row must pass.

The oracle is the layer of the same name in Keras. A row says how to make both layers and what
to call them on; each check compares one thing that they must have in common.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

import kerata


@dataclass(frozen=True, eq=False)
class Row:
    """One layer with its arguments and inputs.

    Attributes:
        name: Class name, the same in both libraries.
        kwargs: Constructor arguments.
        shapes: Shape of the input, or a list of shapes for layers that take several.
        integers: Number of different integers in the input; floats if `None`.
        offset: Added to the inputs, which have mean 0 otherwise.
        random: Whether the training output is random.
        spread: Whether the inputs are arguments of their own, not one list.
        compared: Whether the outputs are compared; they are not where Keras' are at fault.
    """

    name: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    shapes: Any = (2, 5)
    integers: int | None = None
    offset: float = 0.0
    random: bool = False
    spread: bool = False
    compared: bool = True

    def __str__(self) -> str:
        """Return the name of the test case."""
        options = ",".join(f"{name}={value}" for name, value in self.kwargs.items())
        return f"{self.name}({options}){self.shapes}"[:100]

    @property
    def several(self) -> bool:
        """Whether the layer takes a list of inputs."""
        return isinstance(self.shapes, list)

    def inputs(self, dtype: str = "float32") -> Any:
        """Return the same random inputs each time."""
        rng = np.random.default_rng(7)
        shapes = self.shapes if self.several else [self.shapes]
        arrays = [self._array(rng, shape, dtype) for shape in shapes]
        return arrays if self.several else arrays[0]

    def call(self, layer: Any, inputs: Any = None, **options: Any) -> Any:
        """Return what a layer of either library makes of the inputs."""
        inputs = self.inputs() if inputs is None else inputs
        return layer(*inputs, **options) if self.spread else layer(inputs, **options)

    def _array(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        if self.integers is not None:
            return rng.integers(0, self.integers, shape).astype("int32")
        # Values at least 0.05 away from 0, where activations have kinks.
        values = rng.normal(size=shape)
        return (np.sign(values) * (0.05 + np.abs(values)) + self.offset).astype(dtype)

    def keras_layer(self, **extra: Any) -> keras.Layer:
        """Return Keras' layer."""
        return getattr(keras.layers, self.name)(**self.kwargs, name="layer", **extra)

    def layer(self, **extra: Any) -> kerata.Layer:
        """Return kerata's layer on the default backend."""
        return getattr(kerata.layers, self.name)(**self.kwargs, name="layer", **extra)


def random_weights(layer: Any) -> list[np.ndarray]:
    """Return values for the weights of a built layer; scales and variances stay positive."""
    rng = np.random.default_rng(11)
    positive = ("variance", "stddev")
    values = []
    for weight in layer.weights:
        value = rng.normal(size=tuple(weight.shape)) * 0.5
        values.append(np.abs(value) + 0.5 if weight.name.endswith(positive) else value)
    return [value.astype("float32") for value in values]


@dataclass(frozen=True)
class Expectation:
    """What Keras' layer of a row is and does, with random weights.

    Attributes:
        weights: (name, shape, trainable) of each weight.
        values: The random weights.
        outputs: Training flag -> output (as an array), dtype and weights afterwards.
        shape: Output shape for a batch of unknown size.
        config: Its configuration, as a file holds it.
    """

    weights: list[tuple[str, tuple[int, ...], bool]]
    values: list[np.ndarray]
    outputs: dict[bool, tuple[np.ndarray, str, list[np.ndarray]]]
    shape: tuple[int | None, ...]
    config: Any


@functools.cache
def expected(row: Row) -> Expectation:
    """Return what Keras does for a row; every backend is compared with the same run."""
    layer = row.keras_layer()
    config = as_json(keras.layers.serialize(layer))
    shapes = [(None, *shape[1:]) for shape in (row.shapes if row.several else [row.shapes])]
    arguments = shapes if row.spread or not row.several else [shapes]
    shape = layer.compute_output_shape(*arguments)
    row.call(layer)
    values = random_weights(layer)
    layer.set_weights(values)
    takes_training = "training" in layer.call.__code__.co_varnames
    outputs = {}
    modes = (False, True) if takes_training and not row.random else (False,)
    for training in modes if row.compared else ():
        result = row.call(layer, **({"training": training} if takes_training else {}))
        dtype = keras.backend.standardize_dtype(result.dtype)
        outputs[training] = (np.asarray(result), dtype, layer.get_weights())
    if row.name == "EinsumDense":  # Keras finds the sizes that it was not told when it runs
        shape = (None, *outputs[False][0].shape[1:])
    weights = [(w.name, tuple(w.shape), w.trainable) for w in layer.weights]
    return Expectation(weights, values, outputs, tuple(shape), config)


def with_expected_weights(row: Row) -> kerata.Layer:
    """Return kerata's layer, built for the row's inputs, with the weights of Keras' one."""
    layer = row.layer()
    row.call(layer)
    layer.set_weights(expected(row).values)
    return layer


def numpy_of(value: Any) -> np.ndarray:
    """Return a tensor of either library as an array."""
    return kerata.ops.convert_to_numpy(value)


def close(actual: Any, expected: Any, tolerance: float = 2e-5) -> None:
    """Assert that two tensors have equal shapes and nearly equal values."""
    actual, expected = numpy_of(actual), numpy_of(expected)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


# --- the checks -------------------------------------------------------------------------


def check_values(row: Row) -> None:
    """Same output, dtype and state as Keras, in inference and in training."""
    layer = with_expected_weights(row)
    for training, (output, dtype, weights) in expected(row).outputs.items():
        actual = row.call(layer, training=training)
        close(actual, output)
        assert kerata.ops.dtype(actual) == dtype
        for mine, theirs in zip(layer.get_weights(), weights, strict=True):
            close(mine, theirs)


def check_weights(row: Row) -> None:
    """Same names, shapes and order of weights, and the same ones trainable."""
    layer = row.layer()
    row.call(layer)
    mine = [(w.name, tuple(w.shape), w.trainable) for w in layer.weights]
    assert mine == expected(row).weights


def check_shape(row: Row) -> None:
    """The shape found without values is Keras', and the actual one where it is known."""
    layer = row.layer()
    dtype = "float32" if row.integers is None else "int32"
    shapes = row.shapes if row.several else [row.shapes]
    symbolic = [kerata.Input(shape[1:], dtype=dtype) for shape in shapes]
    output = row.call(layer, symbolic if row.several else symbolic[0])
    assert output.shape == expected(row).shape
    actual = row.call(layer)
    assert output.dtype == kerata.ops.dtype(actual)
    known = [size for size in output.shape if size is not None]
    assert list(actual.shape[len(output.shape) - len(known) :]) == known


def check_config(row: Row) -> None:
    """Same configuration as Keras', readable by both."""
    theirs = expected(row).config
    mine = as_json(kerata.layers.serialize(row.layer()))
    assert mine == theirs
    copy = kerata.layers.deserialize(theirs)
    assert as_json(kerata.layers.serialize(copy)) == theirs
    back = keras.layers.deserialize(mine)
    assert as_json(keras.layers.serialize(back)) == theirs


def as_json(config: dict[str, Any]) -> Any:
    """Return a configuration as a file holds it."""
    config = {key: value for key, value in config.items() if key != "build_config"}
    return json.loads(json.dumps(config))


def check_empty_batch(row: Row) -> None:
    """A batch without samples gives an output without samples, of the known shape."""
    layer = with_expected_weights(row)
    inputs = row.inputs()
    full = row.call(layer, inputs, training=False)
    empty = [array[:0] for array in inputs] if row.several else inputs[:0]
    result = row.call(layer, empty, training=False)
    assert tuple(result.shape) == (0, *full.shape[1:])
    assert kerata.ops.dtype(result) == kerata.ops.dtype(full)


def check_half_precision(row: Row, dtype: str) -> None:
    """Computing in half the bits gives half the bits, and about the same values."""
    full = with_expected_weights(row)
    half = row.layer(dtype=f"mixed_{dtype}")
    row.call(half)
    half.set_weights(full.get_weights())
    expected, actual = (row.call(layer, training=False) for layer in (full, half))
    if kerata.ops.dtype(expected) == "float32":
        assert kerata.ops.dtype(actual) == dtype
    expected, actual = (numpy_of(value).astype("float64") for value in (expected, actual))
    largest = np.abs(expected).max(initial=0.1)
    np.testing.assert_allclose(actual / largest, expected / largest, rtol=0, atol=0.05)


def check_compiled(row: Row) -> None:
    """The compiled call gives what the eager one gives."""
    layer = with_expected_weights(row)
    compiled = kerata.function(lambda inputs: row.call(layer, inputs, training=False))
    close(compiled(row.inputs()), row.call(layer, training=False))


def check_gradients(row: Row) -> None:
    """Gradients of a weighted sum of the outputs equal finite differences in float64."""
    layer = row.layer(dtype="float64")
    inputs = row.inputs("float64")
    shape = numpy_of(row.call(layer, inputs)).shape
    layer.set_weights(random_weights(layer))
    cotangent = np.random.default_rng(3).normal(size=shape)

    def loss() -> Any:
        return kerata.ops.sum(kerata.ops.multiply(row.call(layer, inputs), cotangent))

    with kerata.GradientTape() as tape:
        total = loss()
    variables = layer.trainable_variables
    gradients = tape.gradient(total, variables)
    rng = np.random.default_rng(5)
    for variable, gradient in zip(variables, gradients, strict=True):
        assert gradient is not None, f"{variable.path} has no gradient"
        direction = rng.normal(size=variable.shape)
        analytic = np.sum(numpy_of(gradient) * direction)
        numeric = _difference(loss, variable, direction)
        np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-7)


def _difference(loss: Any, variable: kerata.Variable, direction: np.ndarray) -> float:
    """Return the derivative of the loss along a direction of one variable, by two steps."""
    start, step = variable.numpy(), 1e-5
    values = []
    for sign in (1, -1):
        variable.assign(start + sign * step * direction)
        values.append(float(numpy_of(loss())))
    variable.assign(start)
    return (values[0] - values[1]) / (2 * step)
