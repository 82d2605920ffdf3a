"""The public interface of optimizers: state, options, saving, errors."""

import inspect
import warnings

import keras
import numpy as np
import pytest

import kerata
from kerata import ops, optimizers
from tests.optimizers import cases

CLASSES = sorted(cases.OWN)


def make_variables():
    return [kerata.Variable(v, name=n) for n, v in cases.first_values().items()]


def make_gradients(step=0):
    return [ops.array(g) for g in cases.gradients(step)]


@pytest.mark.parametrize("name", [*CLASSES, "Optimizer"])
def test_signature_is_that_of_keras(name):
    ours = inspect.signature(getattr(optimizers, name).__init__).parameters.values()
    theirs = inspect.signature(getattr(keras.optimizers, name).__init__).parameters.values()
    assert [(p.name, p.default, p.kind) for p in ours] == [
        (p.name, p.default, p.kind) for p in theirs
    ]


@pytest.mark.parametrize("name, arguments", cases.CASES, ids=str)
def test_configuration_is_that_of_keras(name, arguments):
    arguments = {**arguments, "name": "mine"}
    config = optimizers.serialize(getattr(optimizers, name)(**arguments))
    theirs = keras.optimizers.serialize(getattr(keras.optimizers, name)(**arguments))
    assert {**config, "config": None} == {**theirs, "config": None}
    assert config["config"].keys() == theirs["config"].keys()
    copies = [optimizers.deserialize(written).get_config() for written in (config, theirs)]
    for key, value in theirs["config"].items():
        value = pytest.approx(value) if isinstance(value, float) else value
        assert config["config"][key] == value, key
        assert [copy[key] for copy in copies] == [value, value], key


@pytest.mark.parametrize("name", CLASSES)
def test_automatic_names_are_those_of_keras(name):
    keras.utils.clear_session(free_memory=False)
    ours = [getattr(optimizers, name)().name for _ in range(2)]
    assert ours == [getattr(keras.optimizers, name)().name for _ in range(2)]


def test_get_accepts_names_configurations_and_instances():
    for name in CLASSES:
        for spelling in (name, name.lower(), name.upper()):
            assert type(optimizers.get(spelling)).__name__ == name
    adam = optimizers.Adam()
    assert optimizers.get(adam) is adam
    assert optimizers.get(None) is None
    assert type(optimizers.get(optimizers.serialize(adam))) is optimizers.Adam
    with pytest.raises(ValueError, match="adam"):
        optimizers.get("adom")
    with pytest.raises(ValueError, match="expected"):
        optimizers.get(len)


# -- learning rate -------------------------------------------------------------------------


def test_learning_rate_can_be_read_and_set(backend):
    optimizer = optimizers.SGD(0.5)
    variables = make_variables()
    before = variables[1].numpy()
    optimizer.learning_rate = 0.25
    assert float(optimizer.learning_rate) == 0.25
    gradients = make_gradients()
    optimizer.apply(gradients, variables)
    np.testing.assert_allclose(
        variables[1].numpy(), before - 0.25 * cases.gradients(0)[1], rtol=1e-5
    )
    optimizer.learning_rate = 0.0
    before = variables[1].numpy()
    optimizer.apply(gradients, variables)
    np.testing.assert_array_equal(variables[1].numpy(), before)


def test_learning_rate_by_schedule_and_by_callable(backend):
    schedule = optimizers.schedules.PiecewiseConstantDecay([0, 1], [0.1, 0.2, 0.4])
    rates = iter([0.1, 0.2, 0.4])
    for learning_rate in (schedule, lambda: next(rates)):
        variable = kerata.Variable(np.zeros(1, "float32"))
        optimizer = optimizers.SGD(learning_rate)
        assert len(optimizer.variables) == 1
        moves = []
        for _ in range(3):
            before = float(variable.numpy()[0])
            optimizer.apply([ops.array([1.0])], [variable])
            moves.append(before - float(variable.numpy()[0]))
        np.testing.assert_allclose(moves, [0.1, 0.2, 0.4], rtol=1e-5)


def test_a_schedule_takes_the_place_of_a_number_but_not_the_other_way():
    optimizer = optimizers.Adam(0.1)
    optimizer.learning_rate = optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)
    assert float(optimizer.learning_rate) == pytest.approx(0.5)
    assert [v.name for v in optimizer.variables] == ["iteration"]
    with pytest.raises(TypeError, match="schedule"):
        optimizer.learning_rate = 0.1
    config = optimizers.serialize(optimizer)
    rate = config["config"]["learning_rate"]
    assert rate["class_name"] == "ExponentialDecay"
    assert optimizers.deserialize(config).get_config() == optimizer.get_config()
    assert type(keras.optimizers.deserialize(config).get_config()) is dict


# -- sets of variables ---------------------------------------------------------------------


def test_variables_may_be_frozen_and_unfrozen_between_updates(backend):
    """A layer that is frozen or unfrozen after compile: slots stay with their variables."""
    frozen, steady = make_variables()
    optimizer = optimizers.Adam(0.1)
    g_frozen, g_steady = make_gradients()
    optimizer.apply([g_steady], [steady])
    optimizer.apply([g_frozen, g_steady], [frozen, steady])
    optimizer.apply([g_steady], [steady])
    names = [v.name for v in optimizer.variables]
    assert names[2:] == ["bias_momentum", "bias_velocity", "kernel_momentum", "kernel_velocity"]

    alone = kerata.Variable(cases.first_values()["bias"])
    other = optimizers.Adam(0.1)
    for _ in range(3):
        other.apply([g_steady], [alone])
    np.testing.assert_allclose(steady.numpy(), alone.numpy(), rtol=1e-6)


def test_missing_gradients_are_named_once(backend):
    kernel, bias = make_variables()
    optimizer = optimizers.SGD(0.1)
    with pytest.warns(UserWarning, match="kernel"):
        optimizer.apply([None, make_gradients()[1]], [kernel, bias])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.apply([None, make_gradients()[1]], [kernel, bias])
    np.testing.assert_array_equal(kernel.numpy(), cases.first_values()["kernel"])
    assert not np.array_equal(bias.numpy(), cases.first_values()["bias"])
    with pytest.raises(ValueError, match="no variable has a gradient"):
        optimizer.apply([None, None], [kernel, bias])


def test_gradients_without_variables():
    optimizer = optimizers.SGD(0.1)
    with pytest.raises(ValueError, match="build"):
        optimizer.apply(make_gradients())
    variables = make_variables()
    optimizer.build(variables)
    optimizer.apply(make_gradients())
    np.testing.assert_allclose(
        variables[1].numpy(),
        cases.first_values()["bias"] - 0.1 * cases.gradients(0)[1],
        rtol=1e-5,
    )
    with pytest.raises(ValueError, match="1 gradients for 2 variables"):
        optimizer.apply(make_gradients()[:1])
    optimizer.apply([])
    assert int(optimizer.iterations) == 1


def test_apply_gradients_counts_updates(backend):
    variables = make_variables()
    optimizer = optimizers.RMSprop()
    for _ in range(3):
        pairs = zip(make_gradients(), variables, strict=True)
        assert optimizer.apply_gradients(pairs) is optimizer._iterations
    assert int(optimizer.iterations) == 3
    accumulating = optimizers.RMSprop(gradient_accumulation_steps=2)
    for _ in range(5):
        accumulating.apply(make_gradients(), variables)
    assert int(accumulating.iterations) == 2


def test_the_optimizer_follows_its_variables_to_their_backend():
    optimizer = optimizers.Adam(0.1)
    assert optimizer.iterations.backend.name == kerata.config.backend()
    with kerata.use_backend("torch"):
        variables = make_variables()
        gradients = make_gradients()
    optimizer.apply(gradients, variables)
    assert {v.backend.name for v in optimizer.variables} == {"torch"}
    assert int(optimizer.iterations) == 1


def test_constraints_are_restored_after_updates(backend):
    variable = kerata.Variable(np.array([0.05, 1.0], "float32"))
    variable.constraint = kerata.constraints.NonNeg()
    optimizers.SGD(0.1).apply([ops.array([1.0, 1.0])], [variable])
    np.testing.assert_allclose(variable.numpy(), [0.0, 0.9], rtol=1e-6)


def test_a_gradient_may_be_the_next_value(backend):
    plain, scale = make_variables()
    scale.overwrite_with_gradient = True
    optimizer = optimizers.Adam(0.1)
    gradients = make_gradients()
    optimizer.apply(gradients, [plain, scale])
    np.testing.assert_array_equal(scale.numpy(), cases.gradients(0)[1])
    assert not any("bias" in v.path for v in optimizer.variables)


# -- weight decay and averages -------------------------------------------------------------


@pytest.mark.parametrize("name", ["Adam", "Nadam"])
@pytest.mark.parametrize("way", ["names", "variables", "all"])
def test_excluded_variables_do_not_decay(backend, name, way):
    results = []
    for library in (keras, kerata):
        variables = [library.Variable(v, name=n) for n, v in cases.first_values().items()]
        optimizer = getattr(library.optimizers, name)(0.1, weight_decay=0.5)
        if way == "variables":
            optimizer.exclude_from_weight_decay(var_list=[variables[0]])
        else:
            optimizer.exclude_from_weight_decay(var_names=["bias", "ker"][: 1 + (way == "all")])
        for step in range(3):
            optimizer.apply([library.ops.array(g) for g in cases.gradients(step)], variables)
        results.append([np.asarray(v.numpy()) for v in variables])
    for theirs, ours in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5)
    with pytest.raises(ValueError, match="before"):
        optimizer.exclude_from_weight_decay(var_names=["bias"])


def test_averages_become_the_final_values(backend):
    variables = make_variables()
    optimizer = optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    seen = []
    for step in range(3):
        optimizer.apply(make_gradients(step), variables)
        seen.append(variables[1].numpy())
    average = seen[0]
    for value in seen[1:]:
        average = 0.5 * average + 0.5 * value
    optimizer.finalize_variable_values(variables)
    np.testing.assert_allclose(variables[1].numpy(), average, rtol=1e-5)


def test_frozen_variables_keep_their_values_under_averaging(backend):
    frozen, steady = make_variables()
    optimizer = optimizers.SGD(0.1, use_ema=True, ema_overwrite_frequency=1)
    optimizer.apply(make_gradients(), [frozen, steady])
    before = frozen.numpy()
    for step in range(3):
        optimizer.apply(make_gradients(step)[1:], [steady])
    np.testing.assert_array_equal(frozen.numpy(), before)


def test_loss_scaling():
    assert optimizers.SGD(loss_scale_factor=8.0).scale_loss(2.0) == 16.0
    assert optimizers.SGD().scale_loss(2.0) == 2.0


# -- state ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSES)
def test_state_is_read_and_written_in_the_layout_of_keras(backend, name):
    arguments = cases.OWN[name][-1]
    library_states = []
    for library in (keras, kerata):
        variables = [library.Variable(v, name=n) for n, v in cases.first_values().items()]
        optimizer = getattr(library.optimizers, name)(**arguments)
        for step in range(3):
            optimizer.apply([library.ops.array(g) for g in cases.gradients(step)], variables)
        store = {}
        optimizer.save_own_variables(store)
        library_states.append((store, variables, optimizer))
    (theirs, their_variables, _), (ours, _, _) = library_states
    assert ours.keys() == theirs.keys()
    for key in ours:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-4, atol=1e-6)

    resumed = getattr(optimizers, name)(**arguments)
    variables = [kerata.Variable(np.asarray(v.numpy())) for v in their_variables]
    resumed.build(variables)
    resumed.load_own_variables(theirs)
    _, kept_variables, kept = library_states[1]
    kept.apply(make_gradients(3), kept_variables)
    resumed.apply(make_gradients(3), variables)
    for one, other in zip(variables, kept_variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-6)


def test_state_of_another_size_is_not_loaded():
    optimizer = optimizers.Adam()
    optimizer.build(make_variables())
    with pytest.warns(UserWarning, match="3 were saved"):
        optimizer.load_own_variables({"0": np.array(7), "1": np.array(1.0), "2": np.array(1.0)})
    assert int(optimizer.iterations) == 0


def test_set_weights(backend):
    optimizer = optimizers.SGD(0.1, momentum=0.9)
    with pytest.raises(ValueError, match="build"):
        optimizer.set_weights([])
    variables = make_variables()
    optimizer.build(variables)
    weights = [np.array(3), np.array(0.5), np.ones((3, 4), "float32"), np.ones(4, "float32")]
    optimizer.set_weights(weights)
    for variable, weight in zip(optimizer.variables, weights, strict=True):
        np.testing.assert_array_equal(variable.numpy(), weight)
    optimizer.apply(make_gradients(), variables)
    np.testing.assert_array_equal(weights[2], 1.0)
    with pytest.raises(ValueError, match="4 variables"):
        optimizer.set_weights(weights[:2])


def test_stateless_apply_changes_no_variable(backend):
    variables = make_variables()
    optimizer = optimizers.Adam(0.1)
    with pytest.raises(ValueError, match="build"):
        optimizer.stateless_apply([], make_gradients(), [])
    optimizer.build(variables)
    own = [v.value for v in optimizer.variables]
    trained = [v.value for v in variables]
    new_trained, new_own = optimizer.stateless_apply(own, make_gradients(), trained)
    np.testing.assert_array_equal(variables[0].numpy(), cases.first_values()["kernel"])
    assert int(optimizer.iterations) == 0 and int(ops.convert_to_numpy(new_own[0])) == 1
    optimizer.apply(make_gradients(), variables)
    for ours, stateless in zip(variables, new_trained, strict=True):
        np.testing.assert_allclose(ours.numpy(), ops.convert_to_numpy(stateless), rtol=1e-5)
    with pytest.raises(ValueError, match="optimizer_variables"):
        optimizer.stateless_apply(own[:2], make_gradients(), trained)


# -- optimizers of the user ----------------------------------------------------------------


class Momentum(optimizers.Optimizer):
    """A user's optimizer, written as Keras' guide shows it."""

    def __init__(self, learning_rate=0.1, momentum=0.9, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        super().build(variables)
        self.moves = self.add_optimizer_variables(variables, "move")

    def update_step(self, gradient, variable, learning_rate):
        rate = ops.cast(learning_rate, variable.dtype)
        move = self.moves[self._get_variable_index(variable)]
        self.assign(move, ops.subtract(ops.multiply(move, self.momentum), gradient * rate))
        self.assign_add(variable, move)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


@pytest.mark.parametrize("shared", [{}, *cases.SHARED], ids=str)
def test_an_optimizer_of_the_user(backend, shared):
    results = []
    for optimizer in (Momentum(0.1, 0.9, **shared), optimizers.SGD(0.1, 0.9, **shared)):
        variables = make_variables()
        for step in range(5):
            optimizer.apply(make_gradients(step), variables)
        results.append([v.numpy() for v in variables])
    for ours, built_in in zip(*results, strict=True):
        np.testing.assert_allclose(ours, built_in, rtol=1e-5, atol=1e-6)


def test_an_optimizer_of_the_user_in_a_compiled_step():
    import jax

    with kerata.use_backend("jax"):
        variables = make_variables()
        optimizer = Momentum(gradient_accumulation_steps=2)
        optimizer.build(variables)
        own = [v.value for v in optimizer.variables]
        trained = [v.value for v in variables]
        for step in range(4):
            update = jax.jit(optimizer.stateless_apply)
            trained, own = update(own, cases.gradients(step), trained)
        eager = Momentum(gradient_accumulation_steps=2)
        for step in range(4):
            eager.apply(make_gradients(step), variables)
        for ours, jitted in zip(variables, trained, strict=True):
            np.testing.assert_allclose(ours.numpy(), np.asarray(jitted), rtol=1e-5)


def test_configuration_of_an_optimizer_of_the_user():
    optimizer = Momentum(0.3, momentum=0.5, clipnorm=1.0)
    optimizer.learning_rate = 0.25
    config = optimizer.get_config()
    assert (config["learning_rate"], config["momentum"], config["clipnorm"]) == (0.25, 0.5, 1.0)
    assert Momentum.from_config(config).get_config() == config
    restored = optimizers.deserialize(optimizers.serialize(optimizer), {"Momentum": Momentum})
    assert type(restored) is Momentum


def test_an_optimizer_of_the_user_takes_no_new_variables():
    kernel, bias = make_variables()
    optimizer = Momentum()
    optimizer.apply(make_gradients()[:1], [kernel])
    with pytest.raises(ValueError, match="not built with the variable 'bias'"):
        optimizer.apply(make_gradients(), [kernel, bias])


@pytest.mark.parametrize("rule", [optimizers.Adam, optimizers.Adadelta])
def test_a_built_in_rule_may_be_wrapped(backend, rule):
    class Doubled(rule):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient * 2.0, variable, learning_rate)

    results = []
    for optimizer, factor in ((Doubled(0.1), 1.0), (rule(0.1), 2.0)):
        variables = make_variables()
        for step in range(3):
            optimizer.apply([g * factor for g in make_gradients(step)], variables)
        results.append([v.numpy() for v in variables])
    for ours, built_in in zip(*results, strict=True):
        np.testing.assert_allclose(ours, built_in, rtol=1e-5)


def test_the_gradient_of_adadelta_has_the_name_it_has_in_keras(backend):
    (stepped, *_), (applied, *_) = make_variables(), make_variables()
    gradient = make_gradients()[0]
    by_step, by_rule = optimizers.Adadelta(0.5), optimizers.Adadelta(0.5)
    by_step.build([stepped])
    by_step.update_step(grad=gradient, variable=stepped, learning_rate=0.5)
    by_rule.apply([gradient], [applied])
    np.testing.assert_array_equal(stepped.numpy(), applied.numpy())


def test_variables_set_as_attributes_belong_to_the_optimizer():
    class Counting(optimizers.SGD):
        def build(self, variables):
            super().build(variables)
            self.calls = kerata.Variable(0.0, trainable=False)

    optimizer = Counting()
    optimizer.build(make_variables())
    assert any(v is optimizer.calls for v in optimizer.variables)


# -- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: optimizers.Adam(clipnorm=1.0, clipvalue=1.0), "only one of"),
        (lambda: optimizers.Adam(gradient_accumulation_steps=1), ">= 2"),
        (lambda: optimizers.Adam(use_ema=True, ema_momentum=1.5), "`ema_momentum`"),
        (lambda: optimizers.Adam(use_ema=True, ema_overwrite_frequency=0.5), "overwrite"),
        (lambda: optimizers.Adam(learning_rat=0.1), "'learning_rat'"),
        (lambda: optimizers.Adam("fast"), "`learning_rate`"),
        (lambda: optimizers.SGD(momentum=2.0), "`momentum`"),
        (lambda: optimizers.AdamW(weight_decay=None), "`weight_decay`"),
        (lambda: optimizers.Lion(beta_1=0.0), "`beta_1`"),
        (lambda: optimizers.Ftrl(initial_accumulator_value=-1.0), "initial_accumulator_value"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "learning_rate_power"),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1.0), "l1_regularization"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_old_argument_decay_is_ignored_with_advice():
    with pytest.warns(UserWarning, match="InverseTimeDecay"):
        optimizers.SGD(decay=0.1)


def test_an_optimizer_without_a_rule_says_so():
    with pytest.raises(TypeError, match="update_step"):
        optimizers.Optimizer(0.1).apply(make_gradients(), make_variables())


def test_numbers_of_names_and_initializers_must_match():
    with pytest.raises(ValueError, match="2 names but 3 initializers"):
        optimizers.SGD().add_optimizer_variables(make_variables(), ["a", "b"], ["zeros"] * 3)
