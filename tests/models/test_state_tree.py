"""All state of a model as a tree, in the form that Keras gives it."""

import keras
import numpy as np
import pytest

import kerata

X, Y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")


def trained(library):
    model = library.Sequential(
        [
            library.Input((2,)),
            library.layers.Dense(3, name="d"),
            library.layers.BatchNormalization(name="b"),
            library.layers.Dense(1, name="e"),
        ],
        name="m",
    )
    optimizer = library.optimizers.Adam(0.01, name="adam")
    model.compile(optimizer, "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0)
    return model


def shapes(tree):
    leaf = lambda value: tuple(value.shape)  # noqa: E731
    return kerata.tree.map_structure(leaf, tree)


def test_the_tree_is_that_of_keras(training_backend):
    mine, theirs = trained(kerata).get_state_tree(), trained(keras).get_state_tree()
    assert shapes(mine) == shapes(theirs)


def test_state_goes_from_model_to_model(training_backend):
    first, second = trained(kerata), trained(kerata)
    first.fit(X, Y, verbose=0)
    for value_format in ("numpy_array", "backend_tensor"):
        second.set_state_tree(first.get_state_tree(value_format))
        for mine, other in zip(second.variables, first.variables, strict=True):
            np.testing.assert_array_equal(mine.numpy(), other.numpy())
    kept = second.get_state_tree()["trainable_variables"]["m"]["d"]["kernel"]
    before = kerata.ops.convert_to_numpy(kept).copy()
    losses = [model.train_on_batch(X, Y)[0] for model in (first, second)]
    assert losses[0] == losses[1]
    np.testing.assert_array_equal(kerata.ops.convert_to_numpy(kept), before)  # it is a copy


def test_wrong_names_are_explained():
    model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1, name="d")], name="m")
    model.set_state_tree({"trainable_variables": {"m": {"d": {"bias": np.full(1, 7.0)}}}})
    assert model.get_weights()[1] == 7.0
    with pytest.raises(ValueError, match="has no 'trainable'.*trainable_variables"):
        model.set_state_tree({"trainable": {}})
    with pytest.raises(ValueError, match="no 'm/d/kernl'.*kernel"):
        model.set_state_tree({"trainable_variables": {"m": {"d": {"kernl": 0}}}})
    with pytest.raises(ValueError, match="has shape"):
        model.set_state_tree({"trainable_variables": {"m": {"d": {"bias": np.ones(2)}}}})
    with pytest.raises(ValueError, match="'numpy'; expected one of"):
        model.get_state_tree("numpy")
