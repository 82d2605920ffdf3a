"""Every layer of the table against Keras, and the table against the list of layers."""

from __future__ import annotations

import inspect

import jax
import pytest

import kerata
from kerata.core.registry import own_name
from tests.layers import driver
from tests.layers.rows import ROWS

#: layers that the table does not drive, and where they are tested instead
ELSEWHERE = {
    **dict.fromkeys(
        ("HashedCrossing", "Hashing", "IntegerLookup", "StringLookup", "TextVectorization"),
        "test_lookup_layers.py: Keras needs TensorFlow for them",
    ),
    **dict.fromkeys(
        ("DateEncoding", "Imputation", "MissingIndicator"),
        "test_missing_values.py: Keras has no such layers",
    ),
    "FlaxLayer": "test_jax_layer.py",
    "AugMix": "test_rand_augment.py: compiling it takes long",
    "InputLayer": "tests/models",
    "JaxLayer": "test_jax_layer.py",
    "Lambda": "test_core.py: its function has no counterpart in a configuration",
    "Layer": "test_layer.py",
    "MaxNumBoundingBoxes": "test_image_layers.py: it takes dictionaries",
    "Pipeline": "test_image_layers.py: its arguments are layers",
    "RandAugment": "test_rand_augment.py: compiling it takes long",
    "RandomGrayscale": "test_colours.py: Keras' configuration lacks the seed",
    "SpectralNormalization": "test_spectral_normalization.py: its argument is a layer",
    "TFSMLayer": "test_tfsm_layer.py",
    "TorchModuleWrapper": "test_torch_module_wrapper.py",
    "Wrapper": "test_core.py: it has no call of its own",
}

#: the layers that have weights (`check_weights` fails if this is not so)
TRAINED = {
    "BatchNormalization",
    "Dense",
    "EinsumDense",
    "Embedding",
    "AdditiveAttention",
    "GroupNormalization",
    "GroupQueryAttention",
    "LayerNormalization",
    "MultiHeadAttention",
    "PReLU",
    "RMSNormalization",
    "ReversibleEmbedding",
    "STFTSpectrogram",
}


def is_trained(row):
    if row.name == "Attention":
        return bool(row.kwargs.get("use_scale")) or row.kwargs.get("score_mode") == "concat"
    bare = row.kwargs.get("scale") is False and row.kwargs.get("center") is False
    bare = bare or row.kwargs.get("use_scale") is False
    return (row.name in TRAINED or "Conv" in row.name) and not bare


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_values_are_those_of_keras(row, backend):
    driver.check_values(row)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_weights_are_those_of_keras(row):
    driver.check_weights(row)
    assert bool(driver.expected(row).weights) == is_trained(row)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_shape_without_values(row):
    driver.check_shape(row)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_configuration_is_that_of_keras(row):
    driver.check_config(row)


@pytest.mark.parametrize("engine", ["numpy", "torch"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_empty_batch(row, engine):
    with kerata.use_backend(engine):
        driver.check_empty_batch(row)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_half_precision(row, dtype):
    with kerata.use_backend("torch"):
        driver.check_half_precision(row, dtype)


@pytest.mark.parametrize("name", sorted({row.name for row in ROWS}))
def test_compiled_equals_eager(name):
    """One row of each layer: compiling takes long."""
    row = next(row for row in ROWS if row.name == name)
    with kerata.use_backend("jax"):
        driver.check_compiled(row)


@pytest.mark.parametrize("row", [row for row in ROWS if is_trained(row)], ids=str)
def test_gradients_on_torch(row):
    with kerata.use_backend("torch"):
        driver.check_gradients(row)


@pytest.mark.parametrize("name", sorted({row.name for row in ROWS if is_trained(row)}))
def test_gradients_on_jax(name):
    """One row of each layer: compiling in float64 takes long, and the rules are the engine's."""
    row = next(row for row in ROWS if row.name == name)
    with kerata.use_backend("jax"), jax.enable_x64(True):
        driver.check_gradients(row)


def test_every_layer_has_a_row():
    public = {
        own_name(thing)
        for thing in vars(kerata.layers).values()
        if inspect.isclass(thing) and issubclass(thing, kerata.Layer)
    }
    recurrent = {name for name in public if "rnn" in getattr(kerata.layers, name).__module__}
    assert public - recurrent - {row.name for row in ROWS} == set(ELSEWHERE)
