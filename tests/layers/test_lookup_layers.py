"""Layers that look up, hash and split text or integers, against Keras on TensorFlow."""

from __future__ import annotations

import json

import numpy as np
import pytest

import kerata
from tests.layers.lookup_cases import CASES, Case, keras_results


@pytest.fixture(scope="module")
def expected():
    """What Keras gives, by case; it runs once, in a process of its own."""
    return dict(zip(map(id, CASES), keras_results(), strict=True))


def layer_of(case: Case) -> kerata.Layer:
    layer = getattr(kerata.layers, case.name)(**case.kwargs, name="layer")
    if case.data is not None:
        layer.adapt(np.array(case.data))
    return layer


def inputs_of(case: Case):
    if isinstance(case.inputs, tuple):
        return tuple(np.array(each) for each in case.inputs)
    return np.array(case.inputs)


def array_of(value) -> np.ndarray:
    return np.asarray(kerata.ops.convert_to_numpy(value))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_are_those_of_keras(case, expected, backend):
    actual = array_of(layer_of(case)(inputs_of(case)))
    values = np.array(expected[id(case)]["values"])
    assert actual.shape == values.shape
    if actual.dtype.kind == "f":
        np.testing.assert_allclose(actual, values, rtol=1e-6)
    else:
        np.testing.assert_array_equal(actual, values)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_configuration_and_vocabulary_are_those_of_keras(case, expected):
    layer = layer_of(case)
    theirs = expected[id(case)]
    mine = json.loads(json.dumps(kerata.layers.serialize(layer)["config"]))
    assert mine == theirs["config"]
    if "vocabulary" in theirs:
        assert layer.get_vocabulary() == theirs["vocabulary"]
        assert layer.vocabulary_size() == len(theirs["vocabulary"])
    copy = kerata.layers.deserialize(kerata.layers.serialize(layer))
    if case.data is None:
        again = array_of(copy(inputs_of(case)))
        np.testing.assert_array_equal(again, array_of(layer(inputs_of(case))))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_shape_without_values_is_the_actual_one(case):
    layer = layer_of(case)

    def symbolic(array):
        kind = "string" if array.dtype.kind == "U" else "int64"
        return kerata.Input(array.shape[1:], dtype=kind)

    inputs = inputs_of(case)
    several = isinstance(inputs, tuple)
    output = layer(tuple(map(symbolic, inputs)) if several else symbolic(inputs))
    actual = layer(inputs)
    assert len(output.shape) == len(actual.shape)
    for size, found in zip(output.shape, actual.shape, strict=True):
        assert size in (None, found)
    if output.dtype == "string":
        assert actual.dtype.kind == "U"
    else:
        assert np.dtype(output.dtype).kind == array_of(actual).dtype.kind
