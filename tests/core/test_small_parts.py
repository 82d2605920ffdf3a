"""Trees, names, masks, settings and the choice of backends."""

import collections
import gc

import keras
import numpy as np
import pytest

import kerata
from kerata import ops
from kerata.core import config, errors, masks, names, tree

Point = collections.namedtuple("Point", "x y")


def test_tree_goes_through_dicts_in_the_order_of_keys():
    structure = {"b": [1, (2,)], "a": Point(3, None)}
    assert tree.flatten(structure) == [3, None, 1, 2]
    packed = tree.pack(structure, "wxyz")
    assert packed == {"b": ["y", ("z",)], "a": Point("w", "x")} and list(packed) == ["b", "a"]


def test_tree_refuses_other_structures():
    for other in ([1], [1, [2]], {"a": 1}):
        with pytest.raises(ValueError):
            tree.assert_same_structure([1, 2], other)
    with pytest.raises(ValueError, match="Too few"):
        tree.pack([0, 0], [1])
    with pytest.raises(ValueError, match="Too many"):
        tree.pack([0], [1, 2])


def test_names_count_per_class():
    assert [names.unique("dense") for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    assert names.snake_case("LSTM") == "lstm"
    with names.name_scope("model"):
        assert kerata.Variable(1.0, name="v").path == "model/v"


def test_masks_go_with_their_tensor(backend):
    x, mask = ops.ones((2, 3)), ops.ones((2, 3), "bool")
    masks.attach(x, mask)
    assert masks.of(x) is mask and masks.of(ops.ones((2, 3))) is None
    y = ops.exp(x) * 2.0 if backend == "never" else ops.multiply(ops.exp(x), 2.0)
    assert masks.of(y) is mask
    keys = {id(x), id(y)}
    assert keys <= set(masks._table)
    del x, y
    gc.collect()
    assert not keys & set(masks._table)


@pytest.mark.parametrize(
    ("setter", "getter", "value", "wrong"),
    [
        (config.set_floatx, config.floatx, "float16", "int32"),
        (config.set_image_data_format, config.image_data_format, "channels_first", "first"),
    ],
)
def test_settings(setter, getter, value, wrong):
    before = getter()
    try:
        setter(value)
        assert getter() == value
        with pytest.raises(ValueError, match="expected one of"):
            setter(wrong)
    finally:
        setter(before)


def test_unknown_backend_is_explained():
    with pytest.raises(ValueError, match="'jax'|jax"):
        kerata.config.set_backend("jaxx")


def test_use_backend_restores_the_default():
    before = kerata.config.backend()
    with kerata.use_backend("numpy"), kerata.use_backend("torch"):
        assert kerata.config.backend() == "torch"
    assert kerata.config.backend() == before


def test_the_backend_follows_the_tensor():
    import torch

    with kerata.use_backend("jax"):
        assert isinstance(ops.exp(torch.ones(2)), torch.Tensor)
        assert isinstance(ops.add(np.ones(2, "float32"), torch.ones(2)), torch.Tensor)
        assert not isinstance(ops.exp(np.ones(2)), (torch.Tensor, np.ndarray))


def test_tensors_of_two_engines_do_not_mix():
    import jax.numpy as jnp
    import torch

    with pytest.raises(TypeError, match="convert_to_numpy"):
        ops.add(jnp.ones(2), torch.ones(2))


def test_seeds_repeat():
    kerata.utils.set_random_seed(5)
    first = [config.next_seed() for _ in range(3)]
    kerata.utils.set_random_seed(5)
    assert [config.next_seed() for _ in range(3)] == first and len(set(first)) == 3


def test_wrong_seed():
    with pytest.raises(ValueError, match="integer >= 0"):
        kerata.utils.set_random_seed(-1)


def test_tracebacks_end_at_the_user_and_can_be_shown():
    layer = kerata.layers.Dense(2)

    def trace():
        with pytest.raises(ValueError) as info:
            layer(np.zeros((2, 3, 0), "float32")[0, 0])
        return [str(entry.path) for entry in info.traceback]

    inside = [path for path in trace() if "/kerata/" in path]
    assert len(inside) <= 1  # the frame that cuts the rest off
    config.disable_traceback_filtering()
    try:
        assert len([path for path in trace() if "/kerata/" in path]) > 1
    finally:
        config.enable_traceback_filtering()


def test_nearest_name():
    assert errors.closest("adamm", ["Adam", "sgd"]).strip().startswith("Did you mean")
    assert errors.closest("zzz", ["adam"]) == ""


@pytest.mark.parametrize("collect", [True, False])
def test_a_stateless_scope_collects_losses(backend, collect):
    def run(library):
        class Summed(library.layers.Layer):
            def call(self, x):
                self.add_loss(library.ops.sum(x))
                return x

        layer = Summed()
        with library.StatelessScope(collect_losses=collect) as scope:
            layer(np.ones((2, 3), "float32"))
            layer.add_loss(library.ops.sum(np.ones(2, "float32")))
            scope.add_loss(9.0)
        return [[float(loss) for loss in losses] for losses in (scope.losses, layer.losses)]

    assert run(kerata)[0] == ([6.0, 2.0, 9.0] if collect else [9.0])
    if collect:
        assert run(kerata) == run(keras)
    else:  # Keras drops them
        assert run(kerata)[1] == [6.0, 2.0] and run(keras) == [[9.0], []]
