"""Layers in other libraries' hands: Keras' stateless loop on JAX, Optax style, PyTorch."""

import contextlib

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import kerata
from kerata import layers, ops

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(64, 6)).astype("float32")
Y = np.argmax(X @ RANDOM.normal(size=(6, 3)), 1).astype("int32")


def make_model(library):
    model = library.Sequential(
        [
            library.Input((6,)),
            library.layers.Dense(8, activation="relu", name="first"),
            library.layers.BatchNormalization(name="norm"),
            library.layers.Dense(3, name="last", kernel_regularizer="l2"),
        ]
    )
    rng = np.random.default_rng(1)
    values = [rng.normal(size=tuple(w.shape)) * 0.5 for w in model.weights]
    model.set_weights([abs(v) if "variance" in w.path else v
                       for v, w in zip(values, model.weights, strict=True)])  # fmt: skip
    return model


def array(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


def close(actual, expected, tolerance=1e-5):
    np.testing.assert_allclose(array(actual), array(expected), rtol=tolerance, atol=tolerance)


# -- the loop of a Keras user on JAX ---------------------------------------------------------


def train_statelessly(library):
    """A jitted loop over explicit state: model, optimizer and metric, all through `library`."""
    model = make_model(library)
    optimizer = library.optimizers.Adam(0.05)
    loss_function = library.losses.SparseCategoricalCrossentropy(from_logits=True)
    accuracy = library.metrics.SparseCategoricalAccuracy()
    optimizer.build(model.trainable_variables)

    def compute_loss(trainable, non_trainable, metric_state, x, y):
        logits, non_trainable, penalties = model.stateless_call(
            trainable, non_trainable, x, training=True, return_losses=True
        )
        loss = loss_function(y, logits) + sum(penalties)
        metric_state = accuracy.stateless_update_state(metric_state, y, logits)
        return loss, (non_trainable, metric_state)

    compute_gradients = jax.value_and_grad(compute_loss, has_aux=True)

    @jax.jit
    def train_step(state, x, y):
        trainable, non_trainable, optimizer_state, metric_state = state
        (loss, (non_trainable, metric_state)), gradients = compute_gradients(
            trainable, non_trainable, metric_state, x, y
        )
        trainable, optimizer_state = optimizer.stateless_apply(
            optimizer_state, gradients, trainable
        )
        return loss, (trainable, non_trainable, optimizer_state, metric_state)

    state = (
        [v.value for v in model.trainable_variables],
        [v.value for v in model.non_trainable_variables],
        [v.value for v in optimizer.variables],
        accuracy.stateless_reset_state(),
    )
    losses = []
    for _ in range(5):
        for start in range(0, 64, 16):
            loss, state = train_step(state, X[start : start + 16], Y[start : start + 16])
            losses.append(float(loss))
    trainable, non_trainable, _, metric_state = state
    for variable, value in zip(model.trainable_variables, trainable, strict=True):
        variable.assign(value)
    for variable, value in zip(model.non_trainable_variables, non_trainable, strict=True):
        variable.assign(value)
    return losses, float(accuracy.stateless_result(metric_state)), model.get_weights()


def test_the_jax_loop_of_a_keras_user_gives_the_same_numbers():
    with kerata.use_backend("jax"):
        losses, accuracy, weights = train_statelessly(kerata)
    expected_losses, expected_accuracy, expected_weights = train_statelessly(keras)
    np.testing.assert_allclose(losses, expected_losses, rtol=2e-4)
    assert accuracy == pytest.approx(expected_accuracy) and losses[-1] < 0.5 * losses[0]
    for mine, theirs in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-3, atol=2e-4)


def test_stateless_call_is_keras_on_every_backend(backend):
    """The same outputs, changed state and losses, and no variable changes."""
    theirs, mine = make_model(keras), make_model(kerata)
    rng = np.random.default_rng(2)
    trained = [rng.normal(size=v.shape).astype("float32") for v in mine.trainable_variables]
    rest = [1 + abs(rng.normal(size=v.shape)) for v in mine.non_trainable_variables]
    rest = [value.astype("float32") for value in rest]
    before = mine.get_weights()
    for training in (False, True):
        expected = theirs.stateless_call(trained, rest, X, training=training, return_losses=True)
        found = mine.stateless_call(trained, rest, X, training=training, return_losses=True)
        close(found[0], expected[0])
        for one, other in zip(found[1] + found[2], expected[1] + expected[2], strict=True):
            close(one, other)
        assert len(mine.stateless_call(trained, rest, X)) == 2
    for one, other in zip(mine.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_compiled_stateless_call_leaves_no_traces():
    with kerata.use_backend("jax"):
        model = make_model(kerata)
        model.add(layers.ActivityRegularization(l2=0.1))
        model(X)
        expected = [float(loss) for loss in model.losses]
        trainable = [v.value for v in model.trainable_variables]
        rest = [v.value for v in model.non_trainable_variables]
        jax.jit(model.stateless_call)(trainable, rest, 2 * X)
        assert [float(loss) for loss in model.losses] == expected


def test_variables_of_compiled_models_are_those_of_keras():
    """The running loss is the trainer's, not a variable of the model."""
    with kerata.use_backend("jax"):
        found = []
        for library in (kerata, keras):
            model = make_model(library)
            model.compile("sgd", "mse", metrics=["mae"])
            model.fit(X, X[:, :3], verbose=0)
            found.append([v.path.split("/")[-2:] for v in model.non_trainable_variables])
            assert len(model.metrics_variables) == 4
    assert found[0] == found[1]


def test_mistakes_with_stateless_calls_are_explained(backend):
    with pytest.raises(ValueError, match="no variables yet.*`stateless_call`"):
        layers.Dense(1).stateless_call([], [], X)
    model = make_model(kerata)
    values = [v.numpy() for v in model.trainable_variables]
    rest = [v.numpy() for v in model.non_trainable_variables]
    with pytest.raises(ValueError, match="holds 2 values for 6 variables"):
        model.stateless_call(values[:2], rest, X)
    with pytest.raises(ValueError, match="non_trainable_variables` holds 0 values for 2"):
        model.stateless_call(values, [], X)
    with pytest.raises(ValueError, match=r"first/kernel' has shape \(6, 8\).*\(8,\)"):
        model.stateless_call([values[1], *values[1:]], rest, X)


# -- pure functions --------------------------------------------------------------------------


def test_functional(backend):
    model = make_model(kerata)
    apply, params, state = model.functional()
    assert {name: sorted(inner) for name, inner in params.items()} == {
        "first": ["bias", "kernel"], "norm": ["beta", "gamma"], "last": ["bias", "kernel"],
    }  # fmt: skip
    assert {name: sorted(inner) for name, inner in state.items()} == {
        "norm": ["moving_mean", "moving_variance"]
    }
    before = model.get_weights()
    outputs, same = apply(params, state, X)
    close(outputs, model(X))
    close(same["norm"]["moving_mean"], state["norm"]["moving_mean"])
    outputs, changed, losses = apply(params, state, X, training=True, return_losses=True)
    assert len(losses) == 1
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    close(outputs, model(X, training=True))
    close(changed["norm"]["moving_mean"], model.layers[1].moving_mean)


def test_functional_under_jax_transformations():
    with kerata.use_backend("jax"):
        model = make_model(kerata)
        apply, params, state = model.functional()

        def loss(params, state, x, y):
            logits, state = apply(params, state, x, training=True)
            chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1)
            return -jnp.mean(chosen), state

        step = jax.jit(jax.value_and_grad(loss, has_aux=True))
        first = None
        for _ in range(60):
            (value, state), gradients = step(params, state, X, Y)
            params = jax.tree.map(lambda p, g: p - 0.3 * g, params, gradients)
            first = value if first is None else first
        assert value < 0.3 * first
        each = jax.vmap(lambda x: apply(params, state, x[None])[0][0])(jnp.asarray(X))
        model.load_params(params, state)
        close(model.predict(X, verbose=0), each)
        ensemble = jax.tree.map(lambda p: jnp.stack([p, 2 * p]), params)
        outputs = jax.vmap(lambda p: apply(p, state, X)[0])(ensemble)
        close(outputs[0], each)
        # training in place afterwards reaches neither tree
        kept = np.array(params["first"]["kernel"])
        model.compile("sgd", kerata.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(X, Y, verbose=0)
        np.testing.assert_array_equal(kept, params["first"]["kernel"])


def test_functional_with_a_functional_optimizer(training_backend):
    """kerata's own derivatives and optimizers over explicit trees, on each engine."""
    model = make_model(kerata)
    apply, params, state = model.functional()
    cross_entropy = kerata.losses.SparseCategoricalCrossentropy(from_logits=True)

    def loss(params, state):
        logits, state = apply(params, state, X, training=True)
        return cross_entropy(Y, logits), state

    losses = []
    for _ in range(30):
        (value, state), gradients = kerata.value_and_grad(loss, has_aux=True)(params, state)
        params = kerata.tree.map_structure(lambda p, g: p - 0.3 * g, params, gradients)
        losses.append(float(array(value)))
    assert losses[-1] < 0.4 * losses[0]
    model.load_params(params, state)
    close(model(X), apply(params, state, X)[0])


def test_seeds_of_functional(backend):
    model = kerata.Sequential([kerata.Input((50,)), layers.Dropout(0.5), layers.Dropout(0.3)])
    apply, params, state = model.functional()
    x = np.ones((4, 50), "float32")
    first, moved = apply(params, state, x, training=True)
    assert not np.array_equal(array(first), array(apply(params, moved, x, training=True)[0]))
    one, two, again = (
        array(apply(params, start, x, training=True, seed=seed)[0])
        for seed, start in ((1, state), (2, state), (1, moved))
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, two)
    assert 0.25 < np.mean(one == 0) < 0.95
    np.testing.assert_array_equal(array(apply(params, state, x, seed=1)[0]), x)


def test_traced_seeds_of_functional():
    with kerata.use_backend("jax"):
        model = kerata.Sequential([kerata.Input((50,)), layers.Dropout(0.5)])
        apply, params, state = model.functional()
        x = jnp.ones((1, 50))

        def run(seed):
            return apply(params, state, x, training=True, seed=seed)[0]

        several = jax.jit(jax.vmap(run))(jnp.arange(3))
        for seed in range(3):
            np.testing.assert_array_equal(several[seed], run(seed))


def test_layers_of_the_same_name_stay_apart(backend):
    class Twins(kerata.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = layers.Dense(1, name="twin"), layers.Dense(1, name="twin")

        def call(self, x):
            return self.one(x) - self.two(x)

    model = Twins()
    expected = array(model(X))
    apply, params, state = model.functional()
    assert sorted(params) == ["twin", "twin_1"]
    close(apply(params, state, X)[0], expected)
    apply_one, params_of_one, _ = model.one.functional()
    assert sorted(params_of_one) == ["bias", "kernel"]
    close(apply_one(params_of_one, {}, X)[0], model.one(X))


def test_mistakes_with_trees_are_explained(backend):
    model = make_model(kerata)
    apply, params, state = model.functional()
    wrong = {**params, "frist": params["first"]}
    del wrong["first"]
    with pytest.raises(ValueError, match="lacks 'first/kernel'.*Did you mean 'frist/kernel'"):
        apply(wrong, state, X)
    with pytest.raises(ValueError, match="holds 'more/kernel', which the layer does not have"):
        model.load_params({**params, "more": {"kernel": 1.0}})
    before = model.get_weights()
    with pytest.raises(ValueError, match="last/bias.*shape"):
        model.load_params({**params, "last": {**params["last"], "bias": np.ones(7, "float32")}})
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="`functional`"):
        layers.Dense(1).functional()


# -- PyTorch ---------------------------------------------------------------------------------


@pytest.fixture
def on_torch():
    with kerata.use_backend("torch"):
        yield pytest.importorskip("torch")


def as_tensor(array):
    """Return a tensor on the device of the engine, where torch's own layers must have theirs."""
    return ops.convert_to_tensor(array)


def torch_loop(torch, module, optimizer, epochs=2):
    criterion = torch.nn.CrossEntropyLoss()
    for _ in range(epochs):
        for start in range(0, 64, 16):
            optimizer.zero_grad()
            logits = module(as_tensor(X[start : start + 16]))
            loss = criterion(logits, as_tensor(Y[start : start + 16]).long())
            loss.backward()
            optimizer.step()
    return float(loss.detach())


def without_penalty():
    model = make_model(kerata)
    model.layers[2].kernel.regularizer = None
    return model


def test_a_torch_loop_trains_as_fit_does(on_torch):
    by_fit, by_torch = without_penalty(), without_penalty()
    loss = kerata.losses.SparseCategoricalCrossentropy(from_logits=True)
    by_fit.compile(kerata.optimizers.SGD(0.1, momentum=0.9), loss)
    by_fit.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    module = by_torch.torch_module().train()
    torch_loop(on_torch, module, on_torch.optim.SGD(module.parameters(), 0.1, momentum=0.9))
    for mine, theirs in zip(by_torch.get_weights(), by_fit.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
    module.eval()
    inputs = as_tensor(X)
    close(module(inputs), by_torch.predict(X, verbose=0))


def test_storage_is_shared_both_ways(on_torch):
    model = without_penalty()
    module = model.torch_module()
    parameters, buffers = dict(module.named_parameters()), dict(module.named_buffers())
    assert list(parameters) == [
        "first.kernel", "first.bias", "norm.gamma", "norm.beta", "last.kernel", "last.bias",
    ]  # fmt: skip
    assert list(buffers) == ["norm.moving_mean", "norm.moving_variance"]
    assert parameters["first.kernel"] is model.layers[0].kernel.value
    with on_torch.no_grad():
        parameters["first.bias"].fill_(3.0)
    np.testing.assert_array_equal(model.layers[0].bias.numpy(), np.full(8, 3.0))
    model.layers[0].bias.assign(np.full(8, 4.0))
    assert parameters["first.bias"].eq(4.0).all()
    model(X, training=True)  # exchanges the tensors of the moving statistics
    mean = model.layers[1].moving_mean
    np.testing.assert_array_equal(array(module.norm.moving_mean), mean.numpy())
    with on_torch.no_grad():
        module.norm.moving_mean.zero_()
    assert not mean.numpy().any()
    model.compile("adam", kerata.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, Y, verbose=0)
    assert parameters["first.kernel"] is model.layers[0].kernel.value
    np.testing.assert_array_equal(array(module.state_dict()["norm.moving_mean"]), mean.numpy())


def test_state_dict_round_trip(on_torch, tmp_path):
    model = kerata.Sequential([kerata.Input((6,)), layers.Dense(3), layers.BatchNormalization(),
                               layers.Dropout(0.5)])  # fmt: skip
    model(X, training=True)
    on_torch.save(model.state_dict(), tmp_path / "state.pt")
    copy = kerata.models.clone_model(model)
    for assign in (False, True):
        copy.set_weights([np.full(w.shape, 7.0) for w in copy.weights])
        loaded = on_torch.load(tmp_path / "state.pt", weights_only=True)
        missing, unexpected = copy.torch_module().load_state_dict(loaded, assign=assign)
        assert not missing and not unexpected
        for variable, source in zip(copy.variables, model.variables, strict=True):
            np.testing.assert_array_equal(variable.numpy(), source.numpy())
    # the seed came along: both draw the same mask
    close(copy(X, training=True), model(X, training=True))
    with pytest.raises(RuntimeError, match="size mismatch"):
        copy.load_state_dict({**loaded, "dense.bias": on_torch.zeros(5)})


def test_inside_of_a_larger_torch_model(on_torch):
    model = without_penalty()
    linear = on_torch.nn.Linear(6, 6, device=as_tensor(X).device)
    whole = on_torch.nn.Sequential(linear, model.torch_module())
    names = [name for name, _ in whole.named_parameters()]
    assert names[:3] == ["0.weight", "0.bias", "1.first.kernel"]
    assert "1.norm.moving_mean" in whole.state_dict()
    losses = [
        torch_loop(on_torch, whole, on_torch.optim.Adam(whole.parameters(), 0.02), epochs)
        for epochs in (1, 15)
    ]
    assert losses[1] < 0.5 * losses[0]
    assert whole[0].weight.grad is not None and model.layers[0].kernel.value.grad is not None
    whole.eval()
    x = as_tensor(X)
    close(whole(x), whole(x))


def test_modes_and_moves_of_a_module(on_torch):
    model = kerata.Sequential([kerata.Input((6,)), layers.Dropout(0.5)])
    module, x = model.torch_module(), on_torch.ones(2, 6)
    assert module.train()(x).eq(0).any() and module.eval()(x).eq(1).all()
    assert module(x, training=True).eq(0).any()
    dense = without_penalty().torch_module()
    assert dense.to("cpu") is dense and "Sequential" in repr(dense)
    assert all(tensor.device.type == "cpu" for tensor in dense.state_dict().values())
    assert dense(on_torch.from_numpy(X)).shape == (64, 3)
    with pytest.raises(TypeError, match="float16.*dtype="):
        dense.half()


def test_frozen_layers(on_torch):
    model = without_penalty()
    model.layers[0].trainable = False
    module = model.torch_module()
    kernel = dict(module.named_parameters())["first.kernel"]
    assert not kernel.requires_grad
    start = model.layers[0].kernel.numpy()
    torch_loop(on_torch, module.train(), on_torch.optim.SGD(module.parameters(), 0.1))
    np.testing.assert_array_equal(model.layers[0].kernel.numpy(), start)
    model.layers[0].kernel.assign(start + 1.0)
    np.testing.assert_array_equal(array(kernel.detach()), start + 1.0)
    model.layers[0].trainable = True
    assert kernel.requires_grad and kernel is model.layers[0].kernel.value


def test_keras_loop_on_torch(on_torch):
    """What Keras' users write on torch: backward, then the gradients at the variables' values."""
    model = without_penalty()
    optimizer = kerata.optimizers.SGD(0.5)
    loss_function = kerata.losses.SparseCategoricalCrossentropy(from_logits=True)
    losses = []
    for _ in range(20):
        model.zero_grad()
        loss = loss_function(Y, model(as_tensor(X), training=True))
        loss.backward()
        variables = list(model.trainable_weights)
        gradients = [variable.value.grad for variable in variables]
        with on_torch.no_grad():
            optimizer.apply(gradients, variables)
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.4 * losses[0]
    assert len(list(model.parameters())) == len(dict(model.named_parameters())) == 6


@contextlib.contextmanager
def process_group(torch, path):
    distributed = torch.distributed
    if not distributed.is_available():
        pytest.skip("this torch is built without torch.distributed")
    try:
        distributed.init_process_group(
            "gloo", init_method=f"file://{path}", rank=0, world_size=1
        )
    except RuntimeError as error:
        pytest.skip(f"no process group can be started here: {error}")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def test_distributed_data_parallel(on_torch, tmp_path):
    model, alone = without_penalty(), without_penalty()
    model.add(layers.Dropout(0.0))
    with process_group(on_torch, tmp_path / "group"):
        module = on_torch.nn.parallel.DistributedDataParallel(model.torch_module())
        torch_loop(on_torch, module, on_torch.optim.SGD(module.parameters(), 0.1))
    single = alone.torch_module()
    torch_loop(on_torch, single, on_torch.optim.SGD(single.parameters(), 0.1))
    for mine, theirs in zip(model.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
    assert np.abs(model.layers[1].moving_mean.numpy()).max() > 0


def test_other_backends_have_no_torch_module():
    for name in ("numpy", "jax"):
        with kerata.use_backend(name):
            model = make_model(kerata)
            for method in (model.torch_module, model.parameters, model.state_dict):
                with pytest.raises(TypeError, match=f"computes on {name}.*use_backend"):
                    method()
