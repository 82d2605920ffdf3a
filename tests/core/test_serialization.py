"""Plain data from objects and back, Keras as the oracle of the layout."""

import json

import numpy as np
import pytest

from kerata.core import registry, serialization
from kerata.core.serialization import Configurable, config_value, deserialize, resolve, serialize
from kerata.regularizers import L2


def through_json(data):
    return json.loads(json.dumps(data))


class Scale(Configurable):
    def __init__(self, factor, shape=(1, 2), *, inner=None, **kwargs):
        self.factor = factor
        self.shape = shape
        self.inner = inner


class Named(Configurable):
    """Stands for a library root class, which reaches its parameters by **kwargs."""

    def __init__(self, name=None, other=1):
        self.name = name or "automatic"
        self.other = other


class Child(Named):
    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.rate = {"made from": rate}


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda: Scale(2), {"factor": 2, "shape": (1, 2), "inner": None}),
        (lambda: Scale(np.float32(0.5), [3]), {"factor": 0.5, "shape": [3], "inner": None}),
        (lambda: Child(0.1), {"name": "automatic", "rate": 0.1}),
        (lambda: Child(0.1, name="n", other=2), {"name": "n", "other": 2, "rate": 0.1}),
    ],
)
def test_derived_config(make, expected):
    thing = make()
    assert thing.get_config() == expected
    assert type(thing).from_config(thing.get_config()).get_config() == expected


def test_nested_objects_come_back():
    thing = Scale(1, inner=L2(0.25))
    again = Scale.from_config(through_json(thing.get_config()))
    assert again.inner.l2 == 0.25


def test_copy_keeps_configuration():
    import copy

    assert copy.deepcopy(Child(0.3)).get_config()["rate"] == 0.3


def test_config_value_spells_functions_and_numbers():
    from kerata.activations import relu

    assert config_value([relu, np.int64(3), np.dtype("float16"), {"a": (1,)}]) == [
        "relu", 3, "float16", {"a": (1,)},
    ]


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, 2.5, "text", [1, (2,)], {"a": {"b": 1}}, b"bytes", slice(1, None, 2),
        np.arange(3), np.ones((2, 2), "float16"),
    ],
)
def test_values_match_keras(value):
    import keras

    ours = through_json(serialize(value))
    assert ours == through_json(keras.saving.serialize_keras_object(value))
    again = deserialize(serialize(value))
    if isinstance(value, np.ndarray):
        assert again.dtype == value.dtype
        np.testing.assert_array_equal(again, value)
    else:
        assert again == value


def test_ellipsis_and_old_tuple():
    assert deserialize(serialize(...)) is ...
    assert deserialize({"class_name": "__tuple__", "config": [1, 2]}) == (1, 2)
    assert deserialize({"class_name": "__tuple__", "config": {"value": [1]}}) == (1,)


def test_tensors_come_back(backend):
    import kerata

    tensor = kerata.ops.array([[1.0, 2.5]])
    again = deserialize(through_json(serialize(tensor)))
    np.testing.assert_array_equal(kerata.ops.convert_to_numpy(again), [[1.0, 2.5]])


def test_layout_of_builtin_is_that_of_keras():
    import keras

    assert serialize(L2(0.5)) == keras.saving.serialize_keras_object(keras.regularizers.L2(0.5))
    data = keras.saving.serialize_keras_object(keras.regularizers.L2(0.5))
    assert isinstance(deserialize(data), L2)
    assert keras.saving.deserialize_keras_object(serialize(L2(0.5))).l2 == 0.5


def test_functions_by_name():
    from kerata.activations import relu

    data = serialize(relu)
    assert data["class_name"] == "function" and data["config"] == "relu"
    assert deserialize(data) is relu


@registry.register_keras_serializable("tests_serialization")
def shift(x):
    return x + 1


@registry.register_keras_serializable("tests_serialization")
class Registered(Configurable):
    def __init__(self, size=1):
        self.size = size


class Unregistered(Configurable):
    def __init__(self, size=1):
        self.size = size


def test_registered_user_code_round_trips():
    assert deserialize(serialize(shift)) is shift
    data = serialize(Registered(4))
    assert data["registered_name"] == "tests_serialization>Registered"
    assert deserialize(through_json(data)).size == 4
    assert resolve("activations", "tests_serialization>shift") is shift


def test_unregistered_class_needs_custom_objects():
    data = serialize(Unregistered(3))
    with pytest.raises(ValueError, match="custom_objects={'Unregistered'"):
        deserialize(data)
    assert deserialize(data, {"Unregistered": Unregistered}).size == 3
    with registry.custom_object_scope({"Unregistered": Unregistered}):
        assert deserialize(data).size == 3


def test_module_in_data_is_never_imported(tmp_path, monkeypatch):
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    data = {"module": "trap", "class_name": "Trap", "config": {}, "registered_name": "Trap"}
    with pytest.raises(ValueError, match="Unknown class 'Trap'"):
        deserialize(data)


@pytest.mark.parametrize("registered_name", ["tests_serialization>Registered", "Registered"])
def test_registered_name_cannot_replace_builtin(registered_name):
    data = {**serialize(L2(0.5)), "registered_name": registered_name}
    assert isinstance(deserialize(data), L2)


def nested(depth):
    data = 0
    for _ in range(depth):
        data = [data]
    return data


@pytest.mark.parametrize(
    "data, message",
    [
        ({"class_name": "__lambda__", "config": {"code": "x"}}, "never run"),
        ({"class_name": "__made_up__", "config": {}}, "Unknown value '__made_up__'"),
        ({"class_name": "__numpy__", "config": {"value": [1]}}, "malformed"),
        ({"class_name": "__numpy__", "config": {"value": [1], "dtype": "O"}}, "Unknown dtype"),
        ({"class_name": "function", "config": "relo"}, "Did you mean 'relu'"),
        ({"class_name": "function", "config": {"module": "os"}}, "named by a string"),
        ({"class_name": 3, "config": {}}, "must be a string"),
        ({"class_name": "L2", "module": "keras.regularizers", "config": 3}, "must be a dict"),
        (
            {"class_name": "L2", "module": "keras.regularizers", "config": {"path": "/etc"}},
            "could not be built",
        ),
        ({"class_name": "system", "module": "os", "config": {}}, "Unknown class"),
        ({"class_name": "relu", "module": "keras.activations", "config": {}}, "no from_config"),
        (nested(serialization.MAX_DEPTH + 1), "nested deeper"),
        ([[0] * 1000] * 1001, "more than"),
    ],
)
@pytest.mark.parametrize("safe_mode", [True, False])
def test_refused_data(data, message, safe_mode):
    with pytest.raises(ValueError, match=message) as error:
        deserialize(data, safe_mode=safe_mode)
    assert len(str(error.value)) < 600


@pytest.mark.parametrize(
    "value, message",
    [
        (object(), "no get_config"),
        ({"a": [object()]}, r"'a\[0\]'"),
        (lambda x: x, "lambda"),
        (L2, "no get_config"),
    ],
)
def test_refused_objects(value, message):
    with pytest.raises(TypeError, match=message):
        serialize(value)


def test_resolve():
    regularizer = L2(0.5)
    assert resolve("regularizers", None) is None
    assert resolve("regularizers", regularizer) is regularizer
    assert isinstance(resolve("regularizers", "l2"), L2)
    assert isinstance(resolve("regularizers", L2), L2)
    assert resolve("regularizers", serialize(regularizer)).l2 == 0.5
    with pytest.raises(ValueError, match="Did you mean"):
        resolve("regularizers", "l22")
    with pytest.raises(ValueError, match="Cannot make"):
        resolve("regularizers", 3)
