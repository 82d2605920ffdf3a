"""Copies of models: same structure, own weights."""

import numpy as np
import pytest

import kerata

layers = kerata.layers


def chain():
    return kerata.Sequential(
        [layers.Input((5,)), layers.Dense(4, activation="relu"), layers.Dropout(0.5),
         layers.Dense(3)],
        name="chain",
    )


def branched():
    inputs = kerata.Input((5,), name="row")
    shared = layers.Dense(5, name="shared")
    inner = kerata.Sequential([layers.Input((5,)), layers.Dense(5, name="deep")], name="inner")
    outputs = {"a": layers.Add()([shared(inputs), shared(inner(inputs))]), "b": inputs * 2}
    return kerata.Model(inputs, outputs, name="branched")


def rows():
    return np.random.default_rng(0).normal(size=(2, 5)).astype("float32")


def leaves(outputs):
    return [np.asarray(kerata.ops.convert_to_numpy(x)) for x in kerata.tree.flatten(outputs)]


@pytest.mark.parametrize("make", [chain, branched])
def test_same_function_with_the_same_weights(make, backend):
    model = make()
    copy = kerata.models.clone_model(model)
    assert type(copy) is type(model) and copy.name == model.name
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]
    assert not {id(v) for v in copy.weights} & {id(v) for v in model.weights}
    assert any(not np.array_equal(a, b)
               for a, b in zip(copy.get_weights(), model.get_weights(), strict=True))
    copy.set_weights(model.get_weights())
    for a, b in zip(leaves(copy(rows())), leaves(model(rows())), strict=True):
        np.testing.assert_array_equal(a, b)


def test_shared_layer_stays_shared():
    copy = kerata.models.clone_model(branched())
    assert len(copy.get_layer("shared").weights) == 2
    assert len(copy.weights) == 4


def test_clone_function_changes_layers():
    def wider(layer):
        config = layer.get_config()
        if isinstance(layer, layers.Dense) and config["units"] == 4:
            config["units"] = 7
        return type(layer).from_config(config)

    copy = kerata.models.clone_model(chain(), clone_function=wider)
    assert copy.layers[0].units == 7 and copy.count_params() == 5 * 7 + 7 + 7 * 3 + 3


def test_call_function_inserts_layers():
    def with_dropout(layer, *args, **kwargs):
        outputs = layer(*args, **kwargs)
        return layers.Dropout(0.5)(outputs) if isinstance(layer, layers.Dense) else outputs

    model = branched()
    copy = kerata.models.clone_model(
        model, clone_function=lambda layer: layer, call_function=with_dropout
    )
    assert sum(isinstance(layer, layers.Dropout) for layer in copy.layers) == 2
    assert copy.get_layer("shared") is model.get_layer("shared")


def test_recursive_reaches_inner_layers():
    seen = []

    def note(layer):
        seen.append(layer.name)
        return type(layer).from_config(layer.get_config())

    kerata.models.clone_model(branched(), clone_function=note)
    assert "inner" in seen and "deep" not in seen
    seen.clear()
    copy = kerata.models.clone_model(branched(), clone_function=note, recursive=True)
    assert "deep" in seen and "inner" not in seen
    assert copy.get_layer("inner").layers[0].name == "deep"


@pytest.mark.parametrize("make", [chain, branched])
def test_input_tensors(make):
    inputs = kerata.Input((5,), name="other")
    copy = kerata.models.clone_model(make(), input_tensors=inputs)
    assert copy.inputs[0] is inputs


def test_subclass_is_copied_by_its_configuration():
    class Net(kerata.Model):
        def __init__(self, units=2):
            super().__init__()
            self.units = units
            self.dense = layers.Dense(units)

        def call(self, inputs):
            return self.dense(inputs)

    copy = kerata.models.clone_model(Net(3))
    assert isinstance(copy, Net) and copy.units == 3
    with pytest.raises(ValueError, match="defines its own call"):
        kerata.models.clone_model(Net(3), clone_function=lambda layer: layer)


def test_copy_of_a_compiled_model_is_compiled(training_backend):
    model = chain()
    metric = kerata.metrics.MeanSquaredError(name="m")
    model.compile(kerata.optimizers.Adam(0.5), lambda a, b: (a - b) ** 2, metrics=[metric])
    model.fit(rows(), np.ones((2, 3)), epochs=3, verbose=0)
    copy = kerata.models.clone_model(model)
    assert copy.compiled and copy.optimizer is not model.optimizer
    assert float(copy.optimizer.learning_rate) == 0.5 and int(copy.optimizer.iterations) == 0
    copy.fit(rows(), np.ones((2, 3)), verbose=0)
    assert copy.metrics[1].name == "m" and copy.metrics[1] is not metric


@pytest.mark.parametrize(
    "make, options, message",
    [
        (chain, {"call_function": lambda layer, x: layer(x)}, "functional models"),
        (chain, {"clone_function": lambda layer: None}, "NoneType for layer"),
        (chain, {"input_tensors": [kerata.Input((5,)), kerata.Input((5,))]}, "one input"),
        (branched, {"input_tensors": [kerata.Input((5,))] * 2}, "has 1 inputs, got 2"),
        (branched, {"input_tensors": np.ones((2, 5))}, "must be symbolic"),
        (lambda: layers.Dense(2), {}, "A model was expected"),
    ],
)
def test_refused(make, options, message):
    with pytest.raises(ValueError, match=message):
        kerata.models.clone_model(make(), **options)
