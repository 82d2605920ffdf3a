"""Models are pickled and deep-copied whole: structure, weights, and the state of training."""

import copy
import multiprocessing
import pickle
import warnings

import numpy as np
import pytest

import kerata

layers = kerata.layers

X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = X[:, :2] ** 2


class Scale(layers.Layer):
    """A layer of the user's, not registered."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units))

    def call(self, inputs):
        return kerata.ops.matmul(inputs, self.kernel)


class Net(kerata.Model):
    def __init__(self, units):
        super().__init__()
        self.units = units
        self.dense = layers.Dense(units)
        self.dropout = layers.Dropout(0.5)

    def call(self, inputs, training=None):
        return self.dropout(self.dense(inputs))


def squares(y_true, y_pred):
    return kerata.ops.mean((y_true - y_pred) ** 2, -1)


def chain():
    return kerata.Sequential(
        [kerata.Input((3,)), layers.BatchNormalization(), Scale(2), layers.Dropout(0.3)]
    )


def branched():
    inputs = kerata.Input((3,))
    return kerata.Model(inputs, layers.Add()([Scale(2)(inputs), layers.Dense(2)(inputs)]))


MODELS = {"chain": chain, "branched": branched, "subclass": lambda: Net(2)}
COPIES = {"pickle": lambda model: pickle.loads(pickle.dumps(model)), "copy": copy.deepcopy}


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error", kerata.core.errors.KerataWarning)
        yield


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_copy_goes_on_where_the_model_stands(make, copied, training_backend):
    model = make()
    model.compile("adam", squares, metrics=["mae", squares])
    model.fit(X, Y, epochs=2, verbose=0)
    other = copied(model)
    assert type(other) is type(model) and other.backend is model.backend
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    for mine, theirs in zip(other.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    weights = model.get_weights()
    losses = []
    for each in (model, other):
        kerata.utils.set_random_seed(3)
        losses.append(each.fit(X, Y, verbose=0).history["loss"])
    assert losses[0] == losses[1]
    assert not all(map(np.array_equal, weights, model.get_weights()))
    model.set_weights(weights)  # what one model is given, the other does not see
    assert not all(map(np.array_equal, weights, other.get_weights()))


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_models_that_have_not_trained(copied):
    unbuilt = copied(kerata.Sequential([layers.Dense(2)]))
    assert not unbuilt.built and not unbuilt.compiled
    compiled = chain()
    compiled.compile("adam", "mse")
    other = copied(compiled)
    assert other.compiled and int(other.optimizer.iterations) == 0
    np.testing.assert_array_equal(other(X), compiled(X))


def test_history_and_callbacks_keep_their_model():
    model = chain()
    model.compile("sgd", "mse")
    stopping = kerata.callbacks.EarlyStopping(monitor="loss")
    history = model.fit(X, Y, verbose=0, callbacks=[stopping])
    one, two = pickle.loads(pickle.dumps((history, stopping)))
    assert one.history == history.history and one.model is two.model


def test_backend_that_is_not_installed_is_replaced(monkeypatch):
    from kerata.backend import select

    data = pickle.dumps(chain())
    monkeypatch.setattr(select, "is_installed", lambda name: name == "numpy")
    with kerata.use_backend("numpy"):
        assert pickle.loads(data).backend.name == "numpy"


def test_lambda_is_refused_with_advice():
    model = kerata.Sequential([kerata.Input((3,)), layers.Dense(2, activation=lambda x: x)])
    with pytest.raises(TypeError, match="named function"):
        copy.deepcopy(model)


def predicted(data):
    """Return what a pickled model predicts; run in another process."""
    return pickle.loads(data).predict(X, verbose=0)


def test_other_processes_predict_the_same():
    model = kerata.Sequential([kerata.Input((3,)), layers.Dense(2, activation="tanh")])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        other = pool.apply(predicted, (pickle.dumps(model),))
    np.testing.assert_array_equal(other, model.predict(X, verbose=0))
