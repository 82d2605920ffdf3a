"""Dtype policies: names, maps, configurations, what layers make of them."""

import keras
import numpy as np
import pytest

import kerata
from kerata import layers
from kerata.dtype_policies import DTypePolicy, DTypePolicyMap, FloatDTypePolicy

NAMES = ("float32", "float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16", "int32")


@pytest.fixture(autouse=True)
def float32_again():
    yield
    kerata.config.set_dtype_policy(None)


@pytest.mark.parametrize("kind", ["DTypePolicy", "FloatDTypePolicy"])
@pytest.mark.parametrize("name", NAMES)
def test_policies_are_those_of_keras(name, kind):
    mine, theirs = getattr(kerata.dtype_policies, kind)(name), getattr(keras, kind)(name)
    for field in ("name", "compute_dtype", "variable_dtype", "quantization_mode"):
        assert getattr(mine, field) == getattr(theirs, field)
    config = keras.dtype_policies.serialize(theirs)
    assert kerata.dtype_policies.serialize(mine) == config
    assert kerata.dtype_policies.deserialize(config) == mine
    assert type(kerata.dtype_policies.get(config)) is type(mine)


def test_get():
    policy = DTypePolicy("mixed_float16")
    assert kerata.dtype_policies.get(policy) is policy
    assert kerata.dtype_policies.get("mixed_float16") == policy == FloatDTypePolicy("mixed_float16")
    assert kerata.dtype_policies.get(np.float16).name == "float16"
    assert kerata.dtype_policies.get(None).name == "float32"
    assert policy != "mixed_float16" and len({policy, DTypePolicy("mixed_float16")}) == 1
    for wrong in ("mixed_float8", 5, "nope"):
        with pytest.raises(ValueError, match="no dtype policy"):
            kerata.dtype_policies.get(wrong)


def test_the_policy_of_the_process():
    for set_policy in (kerata.config.set_dtype_policy, kerata.mixed_precision.set_global_policy):
        set_policy("mixed_bfloat16")
        assert kerata.config.dtype_policy() == kerata.mixed_precision.global_policy()
        assert layers.Dense(2).compute_dtype == "bfloat16"
        set_policy("float32")
        assert layers.Dense(2).compute_dtype == "float32"


def test_inputs_are_converted_as_keras_does():
    for given in (np.ones(2), np.ones(2, "int32"), "text", True, 3, None):
        mine = DTypePolicy("mixed_float16").convert_input(given, True, "float16")
        theirs = keras.DTypePolicy("mixed_float16").convert_input(given, True, "float16")
        assert str(getattr(mine, "dtype", "")) == str(getattr(theirs, "dtype", ""))
    words = np.array(["a"])
    assert DTypePolicy("float16").convert_input(words, True, "float16") is words
    kept = DTypePolicy("float16").convert_input(np.ones(2, "float32"), False, "float16")
    assert kerata.ops.dtype(kept) == "float32"
    symbolic = DTypePolicy("float16").convert_input(kerata.Input((2,)), True, "float16")
    assert symbolic.dtype == "float16"


# -- maps of policies ----------------------------------------------------------------------------

RULES = {"encoder/.*": "mixed_bfloat16", "head": "float16", "att/query": "mixed_float16"}


def maps(rules=RULES):
    """Return the same map of kerata and of Keras, which takes policies only."""
    theirs = {key: keras.DTypePolicy(name) for key, name in rules.items()}
    return (
        DTypePolicyMap("float32", rules),
        keras.dtype_policies.DTypePolicyMap(keras.DTypePolicy("float32"), theirs),
    )


@pytest.mark.parametrize("path", ["head", "encoder/dense", "encoder", "my/head", "head/x", "other"])
def test_a_map_finds_the_policy_of_a_path(path):
    mine, theirs = maps()
    assert mine[path].name == theirs[path].name


def test_a_map_is_a_dictionary():
    policies, theirs = maps()
    assert len(policies) == 3 and list(policies) == list(theirs)
    assert policies.name == theirs.name == "map_float32"
    assert policies["head/x"].name == "float32"
    policies["head/.*"] = "float16"
    assert policies["head/x"].name == "float16"
    assert policies.pop("head/.*").name == "float16" and policies["head/x"].name == "float32"
    with pytest.raises(ValueError, match="already"):
        policies["head"] = "float16"
    policies["h.*"], policies[".*d"] = "float16", "float16"
    with pytest.raises(ValueError, match="several keys"):
        policies["hid"]
    with pytest.raises(TypeError, match="must be a dict"):
        DTypePolicyMap("float32", ["head"])


def test_a_map_goes_through_files():
    policies, _ = maps()
    config = kerata.dtype_policies.serialize(policies)
    assert config["module"] == "keras.dtype_policies"
    assert keras.dtype_policies.deserialize(config)["head"].name == "float16"
    assert kerata.dtype_policies.deserialize(config) == policies
    assert DTypePolicyMap().get_config() == {"default_policy": None, "policy_map": {}}
    layer = layers.Dropout(0.1, dtype=policies)
    assert layers.Dropout.from_config(layer.get_config()).dtype_policy == policies
    spatial = layers.SpatialDropout1D(0.1, dtype=policies)
    assert layers.SpatialDropout1D.from_config(spatial.get_config()).dtype_policy == policies


def test_layers_take_their_policy_from_a_map(backend):
    policies, theirs = maps()
    x = np.ones((2, 3, 4), "float32")
    layer = layers.Dense(2, dtype=policies, name="head")
    output = layer(x)
    expected = keras.layers.Dense(2, dtype=theirs, name="head")
    expected(x)
    assert kerata.ops.dtype(output) == layer.compute_dtype == "float16"
    assert layer.kernel.dtype == expected.kernel.dtype == "float16"
    attention = layers.MultiHeadAttention(2, 2, dtype=policies, name="att")
    attention(x, x)
    dtypes = {layer.path: layer.compute_dtype for layer in attention._flatten_layers()}
    assert dtypes["att/query"] == "float16" and dtypes["att/key"] == "float32"
    query = next(layer for layer in attention._flatten_layers() if layer.path == "att/query")
    assert query.kernel.dtype == "float32"


def test_the_policy_of_a_layer_can_be_changed(backend):
    layer = layers.Dense(2)
    x = np.ones((1, 3), "float32")
    assert kerata.ops.dtype(layer(x)) == "float32"
    layer.dtype_policy = "mixed_float16"
    assert kerata.ops.dtype(layer(x)) == "float16" and layer.kernel.dtype == "float32"
