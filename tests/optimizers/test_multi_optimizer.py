"""MultiOptimizer against Keras, and what it says of wrong arguments."""

import functools

import keras
import numpy as np
import pytest

import kerata
from kerata import optimizers
from kerata.optimizers import SGD, Adam, MultiOptimizer, OptimizerMap

SHAPES = {"kernel": (2, 3), "bias": (3,), "embeddings": (4, 2)}


def make(library, **arguments):
    rng = np.random.default_rng(0)
    variables = [
        library.Variable(rng.normal(size=shape).astype("float32"), name=name)
        for name, shape in SHAPES.items()
    ]
    chosen = library.optimizers.OptimizerMap(
        library.optimizers.SGD(0.1, momentum=0.9, name="rest"),
        {
            "em.*": library.optimizers.Adam(0.01, name="words"),
            "bias": library.optimizers.Lion(0.02),
        },
    )
    return variables, library.optimizers.MultiOptimizer(chosen, name="several", **arguments)


def gradients(step):
    rng = np.random.default_rng(10 + step)
    return [rng.normal(size=shape).astype("float32") for shape in SHAPES.values()]


def run(library, **arguments):
    variables, optimizer = make(library, **arguments)
    for step in range(5):
        optimizer.apply([library.ops.array(g) for g in gradients(step)], variables)
    state = [*variables, *optimizer.variables]
    return [np.asarray(v.numpy()) for v in state], [v.path for v in optimizer.variables]


@functools.cache
def expected(factor):
    return run(keras, loss_scale_factor=factor)


@pytest.mark.parametrize("factor", [None, 4.0])
def test_updates_are_those_of_keras(backend, factor):
    values, paths = run(kerata, loss_scale_factor=factor)
    theirs, their_paths = expected(factor)
    assert [p.split("/")[-1] for p in paths] == [p.split("/")[-1] for p in their_paths]
    for mine, other in zip(values, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)


def test_compiled_updates_are_the_same():
    import jax

    with kerata.use_backend("jax"):
        variables, optimizer = make(kerata)
        optimizer.build(variables)
        trained, own = [v.value for v in variables], [v.value for v in optimizer.variables]
        update = jax.jit(optimizer.stateless_apply)
        for step in range(5):
            trained, own = update(own, gradients(step), trained)
    for mine, other in zip([*trained, *own], expected(None)[0], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)


def test_a_group_may_have_no_gradient(backend):
    variables, optimizer = make(kerata)
    before = variables[2].numpy()
    with pytest.warns(UserWarning, match="no gradient.*embeddings"):
        optimizer.apply([*gradients(0)[:2], None], variables)
    np.testing.assert_array_equal(variables[2].numpy(), before)
    assert int(optimizer.iterations.numpy()) == 1


def test_models_train_save_and_load(training_backend, tmp_path):
    model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1, name="d")], name="m")
    frozen = OptimizerMap(SGD(0.1), {"m/d/kernel": SGD(0.0)})
    model.compile(MultiOptimizer(frozen), "mse")
    kernel, bias = model.get_weights()
    x, y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], kernel)
    assert model.get_weights()[1] != bias
    model.save(tmp_path / "m.keras")
    copy = kerata.saving.load_model(tmp_path / "m.keras")
    for mine, other in zip(copy.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    copy.optimizer.set_weights([v.numpy() for v in model.optimizer.variables])
    copy.fit(x, y, verbose=0)
    np.testing.assert_array_equal(copy.get_weights()[0], kernel)


def test_configuration_is_that_of_keras():
    config = optimizers.serialize(make(kerata)[1])
    theirs = keras.optimizers.serialize(make(keras)[1])
    for each in (config, theirs):  # Keras numbers names from where other tests have left off
        each["config"]["optimizer_map"]["config"]["optimizer_map"]["bias"]["config"]["name"] = ""
    assert config == theirs
    copy = optimizers.deserialize(config)
    assert [type(one).__name__ for one in copy.optimizers] == ["Adam", "Lion", "SGD"]
    mapping = copy.optimizer_map
    assert len(mapping) == 2 and type(mapping.default_optimizer) is SGD
    assert optimizers.serialize(copy)["config"]["name"] == "several"


def test_one_optimizer_may_stand_at_several_keys():
    shared = SGD(0.1)
    optimizer = MultiOptimizer(OptimizerMap(shared, {"a": shared, "b": Adam()}))
    assert optimizer.optimizers[0] is shared and len(optimizer.optimizers) == 2


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MultiOptimizer(SGD()), "needs an OptimizerMap"),
        (lambda: OptimizerMap("sgd"), "holds optimizers"),
        (lambda: OptimizerMap(SGD(), {"a": "adam"}), "holds optimizers"),
        (lambda: MultiOptimizer(OptimizerMap(SGD(loss_scale_factor=2.0))), "scaled once for all"),
    ],
)
def test_wrong_arguments_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_the_scale_of_the_loss_can_be_set():
    _, optimizer = make(kerata, loss_scale_factor=4.0)
    assert optimizer.loss_scale_factor == 4.0
    optimizer.loss_scale_factor = 2.0
    assert optimizer.get_config()["loss_scale_factor"] == 2.0
    assert float(optimizer.scale_loss(3.0)) == 6.0


def test_there_is_no_single_learning_rate():
    _, optimizer = make(kerata)
    with pytest.raises(AttributeError, match="its `optimizers`"):
        optimizer.learning_rate  # noqa: B018
    with pytest.raises(AttributeError, match="its `optimizers`"):
        optimizer.learning_rate = 0.1


def test_older_names():
    assert kerata.optimizers.legacy.Adam is Adam
    assert kerata.optimizers.legacy.Optimizer is kerata.Optimizer
