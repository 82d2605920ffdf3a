"""Core layers: what the table cannot say. Lambda, Wrapper, masks, wrong arguments and shapes."""

from __future__ import annotations

import numpy as np
import pytest

import kerata
from kerata.core import masks
from kerata.layers import Activation, Dense, EinsumDense, Embedding, Lambda, Masking, Wrapper
from tests.devices import on_gpu
from tests.layers.driver import close, numpy_of


def test_lambda_applies_function_with_arguments(backend):
    layer = Lambda(lambda x, factor: x * factor, arguments={"factor": 3})
    close(layer(np.ones((2, 2), "float32")), np.full((2, 2), 3.0))


def test_lambda_gets_training_flag(backend):
    layer = Lambda(lambda x, training=None: x * 2 if training else x)
    x = np.ones((1, 2), "float32")
    close(layer(x, training=True), 2 * x)
    close(layer(x, training=False), x)


def test_lambda_shape_is_inferred():
    layer = Lambda(lambda x: kerata.ops.sum(x, axis=-1))
    assert layer(kerata.Input((4, 3))).shape == (None, 4)


def test_lambda_of_a_named_function_can_be_serialized():
    config = kerata.layers.serialize(Lambda(kerata.activations.relu))
    assert config["config"]["function"]["config"] == "relu"
    copy = kerata.layers.deserialize(config)
    close(copy(np.array([-1.0, 2.0], "float32")), np.array([0.0, 2.0]))


def test_lambda_needs_a_function():
    with pytest.raises(ValueError, match="`function` is a int; expected a function"):
        Lambda(3)


def test_lambda_without_a_name_cannot_be_serialized():
    with pytest.raises(TypeError, match="lambda has no name"):
        kerata.layers.serialize(Lambda(lambda x: x))


def test_wrapper_builds_and_holds_a_layer():
    wrapper = Wrapper(Dense(3))
    wrapper.build((None, 4))
    assert [w.shape for w in wrapper.weights] == [(4, 3), (3,)]
    copy = kerata.layers.deserialize(kerata.layers.serialize(wrapper))
    assert copy.layer.units == 3


def test_wrapper_refuses_what_is_no_layer():
    with pytest.raises(TypeError, match="expected a kerata layer"):
        Wrapper("dense")


def test_embedding_masks_zeros(backend):
    layer = Embedding(5, 2, mask_zero=True)
    output = layer(np.array([[1, 0, 3], [0, 0, 4]]))
    expected = [[True, False, True], [False, False, True]]
    assert numpy_of(masks.of(output)).tolist() == expected


def test_embedding_without_mask_zero_makes_no_mask(backend):
    assert masks.of(Embedding(5, 2)(np.array([[1, 0]]))) is None


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_embedding_refuses_numbers_beyond_its_table(name):
    if on_gpu(name):
        pytest.skip("a GPU would have to be waited for: see the next test")
    with kerata.use_backend(name):
        with pytest.raises(ValueError, match="the largest input is 49.*Set input_dim=50 or more"):
            Embedding(20, 2)(np.array([[3, 49]]))


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_embedding_gives_nan_beyond_its_table(name):
    """Where an error cannot be raised: in compiled programs, and on GPUs without waiting."""
    if name == "torch" and not on_gpu("torch"):
        pytest.skip("torch raises an error on CPUs")
    with kerata.use_backend(name):
        rows = numpy_of(Embedding(20, 2)(np.array([[3, 49]])))
    assert np.isfinite(rows[0, 0]).all() and np.isnan(rows[0, 1]).all()


def test_embedding_takes_floats_as_integers(backend):
    layer = Embedding(5, 2)
    close(layer(np.array([[1.0, 4.0]], "float32")), numpy_of(layer(np.array([[1, 4]]))))


def test_embedding_starts_from_given_weights(backend):
    table = np.arange(6.0, dtype="float32").reshape(3, 2)
    for weights in (table, [table]):
        close(Embedding(3, 2, weights=weights)(np.array([2])), table[[2]])


def test_embedding_computes_in_compute_dtype(backend):
    layer = Embedding(5, 2, dtype="mixed_float16")
    assert kerata.ops.dtype(layer(np.array([[1]]))) == "float16"
    assert layer.embeddings.dtype == "float32"


def test_masking_marks_empty_steps(backend):
    x = np.array([[[0, 0], [1, 0], [0, 0]]], "float32")
    assert numpy_of(masks.of(Masking()(x))).tolist() == [[False, True, False]]


@pytest.mark.parametrize("layer", [Dense(3), Activation("relu")], ids=str)
def test_masks_pass(layer, backend):
    layer = type(layer).from_config(layer.get_config())
    embedded = Embedding(5, 4, mask_zero=True)(np.array([[1, 0]]))
    assert numpy_of(masks.of(layer(embedded))).tolist() == [[True, False]]


def test_dense_activity_regularizer_is_in_config_only_when_given():
    assert "activity_regularizer" not in Dense(3).get_config()
    assert "activity_regularizer" in Dense(3, activity_regularizer="l2").get_config()


def test_mixed_precision_computes_in_half(backend):
    layer = Dense(3, dtype="mixed_bfloat16")
    output = layer(np.ones((2, 4), "float32"))
    assert kerata.ops.dtype(output) == "bfloat16"
    assert layer.kernel.dtype == "float32"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0), "`units` is 0; expected a positive integer"),
        (lambda: Dense("a"), "`units` is 'a'; expected a positive integer"),
        (lambda: Dense(2.5), "`units` is 2.5; expected a positive integer"),
        (lambda: Dense(3, quantization_config="int8"), "transformation applied to a layer"),
        (lambda: Embedding(0, 2), "`input_dim` is 0"),
        (lambda: Embedding(2, -1), "`output_dim` is -1"),
        (lambda: EinsumDense("abc", 3).build((None, 2, 3)), "expected 'inputs,kernel->outputs'"),
        (
            lambda: EinsumDense("...a,ab->b...", 3).build((None, 3)),
            "ellipsis must stand at the same end",
        ),
        (lambda: EinsumDense("abc,cd->abd", (None, None)).build((2, 3, 4)), "size of axis 'd'"),
        (lambda: EinsumDense("abc,cd->abd", (None, 3)).build((2, 3)), "names 3 axes 'abc'"),
        (
            lambda: EinsumDense("ab,bc->ac", 3, bias_axes="z").build((2, 3)),
            "`bias_axes` 'z' must be letters of the outputs",
        ),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")) as caught:
        make()
    assert len(str(caught.value)) < 600


def test_dense_needs_to_know_the_features():
    with pytest.raises(ValueError, match=r"dense: the size of axis -1 must be known .*`Input\("):
        Dense(3)(kerata.Input((4, None)))


def test_dense_refuses_another_number_of_features(backend):
    layer = Dense(3)
    layer(np.ones((2, 8), "float32"))
    with pytest.raises(ValueError, match="10 features .*expected 8"):
        layer(np.ones((2, 10), "float32"))


def test_dense_says_what_to_do_with_one_sample(backend):
    with pytest.raises(ValueError, match=r"pass x\[None\]"):
        Dense(3)(np.ones(8, "float32"))
