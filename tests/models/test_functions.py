"""Graphs that are no models, and operations of the user's in graphs."""

import keras
import numpy as np
import pytest

import kerata
from kerata import ops

X = np.array([[1.0, 2.0]], "float32")


@kerata.saving.register_keras_serializable("tests")
class Scale(kerata.Operation):
    def __init__(self, factor, name=None):
        super().__init__(name)
        self.factor = factor

    def call(self, x):
        return {"scaled": x * self.factor, "sum": ops.sum(x, axis=-1)}


def test_a_function_computes_what_lies_between(backend):
    a, b = kerata.Input((2,), name="a"), kerata.Input((2,), name="b")
    dense = kerata.layers.Dense(3, kernel_initializer="ones")
    function = kerata.Function({"a": a, "b": b}, [dense(a + b), a])
    sums, first = function({"a": X, "b": X})
    np.testing.assert_allclose(ops.convert_to_numpy(sums), [[6.0] * 3])
    np.testing.assert_array_equal(first, X)
    assert [tensor.name for tensor in function.inputs] == ["a", "b"]
    assert function.operations[-1] is dense and len(function.outputs) == 2
    assert function.input["a"] is a and function.output[1] is a
    assert function.compute_output_shape({"a": (5, 2), "b": (5, 2)}) == [(5, 3), (5, 2)]
    specs = function.compute_output_spec({"a": kerata.Input((2,)), "b": kerata.Input((2,))})
    assert [spec.shape for spec in specs] == [(None, 3), (None, 2)]
    with pytest.raises(ValueError, match="takes 2 inputs, got 1"):
        function(X)
    with pytest.raises(ValueError, match="depend on 'b'"):
        kerata.Function(a, a + b)


def test_names_are_those_of_keras():
    for library in (kerata, keras):
        x = library.Input((2,))
        assert library.Function(x, x, name="mine").name == "mine"


def test_operations_stand_in_models_and_files(backend, tmp_path):
    inputs = kerata.Input((2,))
    scale = Scale(3.0)
    model = kerata.Model(inputs, scale(inputs))
    assert scale.output["scaled"].shape == (None, 2) and scale.input is inputs
    found = model(X)
    np.testing.assert_allclose(ops.convert_to_numpy(found["scaled"]), 3 * X)
    np.testing.assert_allclose(ops.convert_to_numpy(scale(X)["sum"]), [3.0])
    assert model.get_config()["layers"][1]["registered_name"] == "tests>Scale"
    model.save(tmp_path / "m.keras")
    copy = kerata.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(ops.convert_to_numpy(copy(X)["scaled"]), 3 * X)


def test_an_operation_says_what_it_lacks():
    with pytest.raises(NotImplementedError, match="add `def call"):
        kerata.Operation()(X)
    with pytest.raises(AttributeError, match="has not been called"):
        Scale(1.0).input  # noqa: B018

    class Known(kerata.Operation):
        def call(self, x):
            return np.asarray(x).sum()

        def compute_output_spec(self, x):
            return kerata.KerasTensor((), x.dtype)

    assert Known()(kerata.Input((2,))).shape == () and Known()(X) == 3.0
    assert Known("other").get_config() == {"name": "other"}
