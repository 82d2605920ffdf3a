"""ReversibleEmbedding used backwards: values of Keras, dtypes, masks."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kerata
from kerata.core import masks
from tests.layers.driver import numpy_of, random_weights


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tie_weights": False},
        {"logit_soft_cap": 0.5, "reverse_dtype": "float32", "dtype": "mixed_bfloat16"},
    ],
    ids=str,
)
def test_reversible_embedding_backwards_is_that_of_keras(options, backend):
    features = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    theirs, mine = (
        library.layers.ReversibleEmbedding(7, 3, **options) for library in (keras, kerata)
    )
    theirs.build()
    mine.build()
    values = random_weights(theirs)
    theirs.set_weights(values)
    mine.set_weights(values)
    expected, actual = (layer(features, reverse=True) for layer in (theirs, mine))
    assert kerata.ops.dtype(actual) == keras.backend.standardize_dtype(expected.dtype)
    np.testing.assert_allclose(numpy_of(actual), expected, rtol=1e-4, atol=1e-5)
    symbolic = mine(kerata.Input((None, 3)), reverse=True)
    assert (symbolic.shape, symbolic.dtype) == ((None, None, 7), kerata.ops.dtype(actual))


def test_reversible_embedding_keeps_the_mask_of_features(backend):
    layer = kerata.layers.ReversibleEmbedding(5, 3, mask_zero=True)
    words = np.array([[1, 2, 0], [3, 0, 0]])
    logits = layer(layer(words), reverse=True)
    assert logits.shape == (2, 3, 5)
    assert (numpy_of(masks.of(logits)) == (words != 0)).all()
