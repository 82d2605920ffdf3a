"""KerasClassifier and KerasRegressor: labels of all kinds, parameters, searches, copies."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import kerata
from kerata import layers, losses
from kerata.wrappers import KerasClassifier, KerasRegressor

pytestmark = pytest.mark.usefixtures("compiled_once")

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 4)).astype("float32")
SIDES = (X[:, 0] > 0).astype(int)  # 0 or 1
THIRDS = np.digitize(X[:, 0], [-0.4, 0.4])  # 0, 1 or 2
SUMS = X[:, 0] + 2 * X[:, 1]

TRAINING = {"optimizer": kerata.optimizers.Adam(0.1), "epochs": 20, "random_state": 0}


def dense(units=1, activation=None, hidden=8):
    return kerata.Sequential(
        [layers.Dense(hidden, activation="relu"), layers.Dense(units, activation=activation)]
    )


def weights_of(estimator):
    return [np.array(weight) for weight in estimator.model_.get_weights()]


def same(ones, others):
    return all(map(np.array_equal, ones, others))


# -- labels ------------------------------------------------------------------------------------

ENDS = {
    "one unit": (1, "sigmoid", None, 2),
    "one unit, logits": (1, None, losses.BinaryCrossentropy(from_logits=True), 2),
    "one unit, margins": (1, "tanh", "hinge", 2),
    "two units": (2, "softmax", None, 2),
    "two sigmoids": (2, "sigmoid", "binary_crossentropy", 2),
    "numbers": (3, "softmax", "sparse_categorical_crossentropy", 3),
    "numbers, logits": (3, None, losses.SparseCategoricalCrossentropy(from_logits=True), 3),
    "one-hot": (3, "softmax", "categorical_crossentropy", 3),
    "one-hot, logits": (3, None, losses.CategoricalCrossentropy(from_logits=True), 3),
    "a unit too many": (4, "softmax", None, 3),
    "own loss": (3, "softmax", lambda y, p: kerata.ops.sum((y - p) ** 2, -1), 3),
}
LABELS = {
    "strings": np.array(["b", "a", "long"]),
    "numbers": np.array([7, -2, 100]),
    "objects": np.array(["x", "y", "a"], object),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_labels_of_any_kind_with_any_loss(end, training_backend):
    units, activation, loss, count = end
    kinds = list(LABELS.values()) if activation == "softmax" else [LABELS["strings"]]
    for names in kinds:
        y = names[:count][SIDES if count == 2 else THIRDS]
        estimator = KerasClassifier(dense, units=units, activation=activation, loss=loss)
        estimator.set_params(**TRAINING).fit(X, y)
        assert estimator.score(X, y) > 0.9
        assert (estimator.classes_ == np.sort(names[:count])).all()
        assert estimator.predict(X).dtype == y.dtype
        probabilities = estimator.predict_proba(X)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        assert probabilities.shape == (90, count)
        found = estimator.classes_[probabilities.argmax(axis=1)]
        assert (found == estimator.predict(X)).all()


def test_values_of_probabilities():
    """In the order of `classes_`, made from logits as the loss makes them."""
    y = np.array(["b", "a", "c"])[THIRDS]
    for loss in (losses.CategoricalCrossentropy, losses.SparseCategoricalCrossentropy):
        estimator = KerasClassifier(dense, units=3, loss=loss(from_logits=True)).fit(X, y)
        logits = estimator.model_.predict(X, verbose=0)
        expected = softmax(logits, axis=1)
        np.testing.assert_allclose(estimator.predict_proba(X), expected, rtol=1e-5)
    one = KerasClassifier(dense, loss=losses.BinaryCrossentropy(from_logits=True)).fit(X, SIDES)
    second = expit(one.model_.predict(X, verbose=0)[:, 0])
    np.testing.assert_allclose(one.predict_proba(X), np.stack([1 - second, second], 1), rtol=1e-5)


def test_outputs_that_are_no_probabilities():
    estimator = KerasClassifier(dense, units=3, loss="mse").fit(X, THIRDS)
    assert set(estimator.predict(X)) <= {0, 1, 2}
    with pytest.raises(ValueError, match="no probabilities. End it with a softmax"):
        estimator.predict_proba(X * 100)


@pytest.mark.parametrize(
    "units, y, message",
    [
        (1, THIRDS, r"3 classes, but the model has 1 unit in its last layer: use Dense\(3, "),
        (2, THIRDS, r"3 classes, but the model has 2 units"),
        (1, np.stack([SIDES, 1 - SIDES, SIDES], 1), r"3 columns of labels.*Dense\(3, activ"),
        (3, np.stack([SIDES, THIRDS], 1), "1 outputs, but y has 2 columns of labels"),
    ],
)
def test_models_that_do_not_fit_the_labels(units, y, message):
    with pytest.raises(ValueError, match=message):
        KerasClassifier(dense, units=units, activation="sigmoid").fit(X, y)


def test_one_hot_labels_are_predicted_as_such():
    y = np.eye(3, dtype="float32")[THIRDS]
    for loss in (None, "sparse_categorical_crossentropy"):
        estimator = KerasClassifier(dense, units=3, activation="softmax", loss=loss, **TRAINING)
        found = estimator.fit(X, y).predict(X)
        assert found.dtype == y.dtype and (found.sum(axis=1) == 1).all()
        assert estimator.score(X, y) == (found == y).all(axis=1).mean() > 0.9
        assert estimator.target_type_ == "multiclass-onehot"
    assert cross_val_score(estimator, X, y, cv=KFold(2)).min() > 0.7


def test_several_labels_per_row():
    y = np.stack([SIDES, X[:, 1] > 0, X[:, 2] > 0], axis=1).astype(int)
    estimator = KerasClassifier(dense, units=3, activation="sigmoid", hidden=16, **TRAINING)
    found = estimator.fit(X, y).predict(X)
    assert (found == y).mean() > 0.9
    probabilities = estimator.predict_proba(X)
    assert ((probabilities > 0.5) == found).all() and estimator.classes_.tolist() == [0, 1, 2]


def two_heads(meta):
    inputs = kerata.Input((4,))
    hidden = layers.Dense(16, activation="relu")(inputs)
    outputs = [layers.Dense(n, activation="softmax")(hidden) for n in meta["n_classes_"]]
    return kerata.Model(inputs, outputs)


def test_several_columns_of_labels():
    y = np.stack([np.array(["l", "r"])[SIDES], np.array(["a", "b", "c"])[THIRDS]], axis=1)
    weights = np.ones(90)
    estimator = KerasClassifier(two_heads, **TRAINING).fit(X, y, sample_weight=weights)
    assert (estimator.predict(X) == y).mean() > 0.9
    assert [list(c) for c in estimator.classes_] == [["l", "r"], ["a", "b", "c"]]
    assert [p.shape for p in estimator.predict_proba(X)] == [(90, 2), (90, 3)]


def test_numbers_in_columns():
    y = np.stack([SUMS, -SUMS, X[:, 2]], axis=1).astype("float64")
    estimator = KerasRegressor(dense, units=3, **TRAINING).fit(X, y)
    assert estimator.score(X, y) > 0.9 and estimator.predict(X).dtype == "float64"

    def split(units):
        inputs = kerata.Input((4,))
        return kerata.Model(inputs, [layers.Dense(n)(inputs) for n in units])

    estimator = KerasRegressor(split, units=(2, 1), **TRAINING).fit(X, y)
    assert estimator.score(X, y) > 0.9 and estimator.predict(X).shape == (90, 3)
    with pytest.raises(ValueError, match="y has 3 columns, but .* have 2 units together"):
        KerasRegressor(split, units=(1, 1)).fit(X, y)
    column = KerasRegressor(dense).fit(X, SUMS[:, None])
    assert column.predict(X).shape == (90, 1) and column.fit(X, SUMS).predict(X).shape == (90,)


def test_pictures_words_and_frames():
    pandas = pytest.importorskip("pandas")

    def picture():
        return kerata.Sequential(
            [layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(1, activation="sigmoid")]
        )

    pictures = RANDOM.normal(size=(20, 6, 6, 1))
    assert KerasClassifier(picture).fit(pictures, SIDES[:20]).predict(pictures).shape == (20,)

    def words():
        return kerata.Sequential(
            [layers.Embedding(9, 2), layers.Flatten(), layers.Dense(1, activation="sigmoid")]
        )

    sentences = RANDOM.integers(0, 9, (20, 5))
    assert KerasClassifier(words).fit(sentences, SIDES[:20]).predict(sentences).shape == (20,)

    frame = pandas.DataFrame(X, columns=list("abcd"))
    parties = pandas.Series(np.array(["l", "r"])[SIDES])
    estimator = KerasClassifier(dense, activation="sigmoid").fit(frame, parties)
    assert list(estimator.feature_names_in_) == list("abcd") and estimator.n_features_in_ == 4


# -- parameters ------------------------------------------------------------------------------------


def power(exponent=1, rate=0.1):
    """A model that learns how much a power of its input weighs."""
    inputs = kerata.Input((1,))
    model = kerata.Model(inputs, layers.Dense(1)(inputs**exponent))
    model.compile(kerata.optimizers.SGD(rate), "mse")
    return model


LINE = np.linspace(-1, 1, 48)[:, None]
CUBE = 3 * LINE[:, 0] ** 3


def test_search_finds_the_planted_parameter(training_backend):
    shuffled = KFold(2, shuffle=True, random_state=0)
    estimator = KerasRegressor(power, epochs=25, random_state=0)
    for name in ("exponent", "model__exponent"):
        search = GridSearchCV(estimator, {name: [1, 2, 3]}, cv=shuffled).fit(LINE, CUBE)
        assert search.best_params_ == {name: 3} and search.score(LINE, CUBE) > 0.9
    rates = {"optimizer__learning_rate": [1e-6, 0.1]}
    estimator.set_params(exponent=3)
    search = GridSearchCV(estimator, rates, cv=shuffled).fit(LINE, CUBE)
    assert search.best_params_ == {"optimizer__learning_rate": 0.1}


def test_search_in_a_pipeline(training_backend):
    pipeline = make_pipeline(StandardScaler(), KerasClassifier(dense, activation="sigmoid"))
    pipeline.set_params(**{f"kerasclassifier__{name}": v for name, v in TRAINING.items()})
    grid = {"kerasclassifier__epochs": [0, 20]}
    search = GridSearchCV(pipeline, grid, cv=2, scoring="roc_auc").fit(X * 100, SIDES)
    assert search.best_params_ == {"kerasclassifier__epochs": 20}
    assert cross_val_predict(search.best_estimator_, X * 100, SIDES, cv=2).shape == (90,)


def test_names_of_the_old_wrapper():
    """As courses have it, of the time of `keras.wrappers.scikit_learn`."""
    from kerata.wrappers.scikit_learn import KerasClassifier as Old

    def create_model(optimizer="rmsprop", init="glorot_uniform"):
        model = kerata.Sequential()
        model.add(layers.Input((4,)))
        model.add(layers.Dense(6, kernel_initializer=init, activation="relu"))
        model.add(layers.Dense(1, kernel_initializer=init, activation="sigmoid"))
        model.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=["accuracy"])
        return model

    model = Old(build_fn=create_model, verbose=0)
    grid = {"optimizer": ["sgd", "adam"], "epochs": [1], "batch_size": [45], "init": ["uniform"]}
    found = GridSearchCV(model, grid, cv=2).fit(X, SIDES).best_estimator_
    assert type(found.model_.optimizer).__name__.lower() == found.optimizer
    assert "accuracy" in found.history_
    initializer = found.model_.layers[0].kernel_initializer
    assert isinstance(initializer, kerata.initializers.RandomUniform)
    assert int(found.model_.optimizer.iterations) == 2


def test_arguments_reach_what_takes_them():
    seen = {}

    class Spy(kerata.callbacks.Callback):
        def __init__(self, patience, other=None):
            super().__init__()
            self.patience = patience

        def on_train_begin(self, logs=None):
            seen.update(patience=self.patience, **self.params)

    estimator = KerasRegressor(
        dense,
        model__hidden=3,
        optimizer="adam",
        optimizer__learning_rate=0.25,
        loss=losses.Huber,
        loss__delta=2.0,
        metrics=["mae"],
        compile__steps_per_execution=1,
        callbacks=Spy,
        callbacks__patience=5,
        epochs=3,
        fit__initial_epoch=1,
        steps_per_epoch=2,
        predict__batch_size=7,
    ).fit(X, SUMS)
    model = estimator.model_
    assert model.layers[0].units == 3 and float(model.optimizer.learning_rate) == 0.25
    assert model.loss.delta == 2.0 and model.steps_per_execution == 1
    assert seen["patience"] == 5 and seen["steps"] == 2
    assert list(estimator.history_) == ["loss", "mae"] and len(estimator.history_["mae"]) == 2
    assert estimator._predict_arguments() == {"batch_size": 7}
    assert estimator.predict(X, batch_size=90).shape == (90,)


def test_what_a_function_is_called_with():
    seen = {}

    def spy(X, y, meta, compile_kwargs, epochs, batch_size=17, optimizer="sgd", **others):
        seen.update(locals())
        return dense(3, "softmax")

    y = np.array(["a", "b", "c"])[THIRDS]
    KerasClassifier(spy, epochs=2, free=1, metrics=["accuracy"], model__bound=2).fit(X, y)
    assert seen["X"].shape == (90, 4) and seen["y"].shape == (90, 3)
    assert seen["meta"]["n_classes_"] == 3 and seen["meta"]["target_type_"] == "multiclass"
    assert seen["meta"]["X_shape_"] == (90, 4) and list(seen["meta"]["classes_"]) == list("abc")
    assert seen["compile_kwargs"]["optimizer"] == "rmsprop"
    assert seen["compile_kwargs"]["metrics"] == ["accuracy"]
    # What the estimator was not given, the function's own defaults decide.
    assert (seen["epochs"], seen["batch_size"], seen["optimizer"]) == (2, 17, "sgd")
    assert seen["others"] == {"free": 1, "bound": 2}


def test_a_class_of_models():
    class Net(kerata.Model):
        def __init__(self, units=3):
            super().__init__()
            self.dense = layers.Dense(units)
            self.last = layers.Dense(1)

        def call(self, inputs):
            return self.last(self.dense(inputs))

    estimator = KerasRegressor(Net, units=5, **TRAINING).fit(X, SUMS)
    assert estimator.model_.dense.units == 5 and estimator.score(X, SUMS) > 0.9


def test_parameters_say_otherwise_than_the_model():
    model = power()
    estimator = KerasRegressor(model, optimizer="adam", metrics=["mae"]).fit(LINE, CUBE)
    assert estimator.model_.optimizer.name == "adam" and estimator.model_.loss == "mse"
    assert "mae" in estimator.history_
    estimator = KerasRegressor(power, optimizer__momentum=0.5, rate=0.3).fit(LINE, CUBE)
    assert estimator.model_.optimizer.momentum == 0.5
    assert float(estimator.model_.optimizer.learning_rate) == pytest.approx(0.3)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="`loss__delta` is an option of a class or an object"):
        KerasRegressor(power, loss__delta=2.0).fit(LINE, CUBE)


def test_an_optimizer_is_not_shared():
    optimizer = kerata.optimizers.SGD(0.1, momentum=0.5)
    estimator = KerasRegressor(dense, optimizer=optimizer)
    one, two = clone(estimator).fit(X, SUMS), estimator.fit(X, SUMS)
    assert not optimizer.built
    assert one.model_.optimizer is not two.model_.optimizer
    assert int(two.fit(X, SUMS).model_.optimizer.iterations) == 3


def test_unknown_parameters():
    estimator = KerasRegressor(power, exponant=2)
    with pytest.raises(ValueError, match="no parameter 'exponant'.*'exponent'"):
        estimator.fit(LINE, CUBE)
    for name in ("epoch", "optimiser__learning_rate", "model__exponant"):
        with pytest.raises(ValueError, match=f"no parameter '{name}'"):
            KerasRegressor(power).set_params(**{name: 1})
    with pytest.raises(ValueError, match="no parameter 'model__exponent'"):
        KerasRegressor(power(), model__exponent=2).fit(LINE, CUBE)
    stopping = kerata.callbacks.EarlyStopping
    with pytest.raises(ValueError, match="no class among `callbacks` takes 'patients'"):
        KerasRegressor(power, callbacks=stopping, callbacks__patients=2).fit(LINE, CUBE)
    with pytest.raises(ValueError, match="`build_fn` is an older name"):
        KerasRegressor(power, build_fn=power).fit(LINE, CUBE)
    with pytest.raises(ValueError, match="KerasRegressor.model=build, epochs=10"):
        KerasRegressor().fit(LINE, CUBE)
    with pytest.raises(ValueError, match="`class_weight` is for classifiers"):
        KerasRegressor(power, class_weight="balanced").fit(LINE, CUBE)


def test_get_params_clone_and_repr():
    estimator = KerasClassifier(
        dense, activation="softmax", hidden=3, model__units=2, epochs=4, verbose=0
    )
    parameters = estimator.get_params()
    assert parameters["hidden"] == 3 and parameters["model__units"] == 2
    estimator.fit(X, SIDES)
    assert estimator.get_params() == parameters == clone(estimator).get_params()
    assert not hasattr(clone(estimator), "model_")
    assert "epochs=4" in repr(estimator) and "model__units=2" in repr(estimator)


# -- training --------------------------------------------------------------------------------------


def test_random_state(training_backend):
    estimator = KerasClassifier(dense, activation="sigmoid", epochs=2, random_state=3)
    first = weights_of(estimator.fit(X, SIDES))
    assert same(first, weights_of(estimator.fit(X, SIDES)))
    assert same(first, weights_of(clone(estimator).fit(X, SIDES)))
    assert not same(first, weights_of(clone(estimator).set_params(random_state=4).fit(X, SIDES)))
    drawn = KerasClassifier(dense, activation="sigmoid", random_state=np.random.RandomState(0))
    assert not same(weights_of(drawn.fit(X, SIDES)), weights_of(drawn.fit(X, SIDES)))


def test_random_state_leaves_the_seeds_of_the_process_alone():
    def drawn(fit):
        kerata.utils.set_random_seed(5)
        before = np.random.get_state()[2]
        fit()
        assert np.random.get_state()[2] == before
        weights = dense()(X).shape, kerata.random.normal((2,)), layers.Dense(2)(X)
        return np.concatenate([np.ravel(kerata.ops.convert_to_numpy(w)) for w in weights[1:]])

    estimator = KerasClassifier(dense, activation="sigmoid", random_state=3)
    np.testing.assert_array_equal(drawn(lambda: estimator.fit(X, SIDES)), drawn(lambda: None))


def test_set_random_seed_repeats_what_has_no_random_state():
    found = []
    for _ in range(2):
        kerata.utils.set_random_seed(8)
        found.append(weights_of(KerasRegressor(dense, validation_split=0.2).fit(X, SUMS)))
    assert same(*found)


def test_early_stopping_on_held_back_rows(training_backend):
    """The last rows of sorted labels would be one class: of each class its share is drawn."""
    order = np.argsort(SIDES, kind="stable")
    y = np.array(["l", "r"])[SIDES]
    seen = []

    class Spy(kerata.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(self.params)

    estimator = KerasClassifier(
        dense,
        activation="sigmoid",
        validation_split=0.2,
        metrics=["accuracy"],
        callbacks=[kerata.callbacks.EarlyStopping, Spy()],
        callbacks__patience=2,
        callbacks__restore_best_weights=True,
    ).set_params(**TRAINING, batch_size=8)
    estimator.set_params(epochs=60).fit(X[order], y[order])
    history = estimator.history_
    assert estimator.epoch_ == len(history["val_loss"]) == np.argmin(history["val_loss"]) + 3 < 60
    assert max(history["val_accuracy"]) > 0.7 and seen[0]["steps"] == 9  # 72 rows are left


def test_rows_held_back_are_those_of_scikit_learn():
    rows = (X, THIRDS, np.arange(90.0))
    estimator = KerasClassifier(dense, units=3, activation="softmax").fit(X, THIRDS)
    (x, y, weights), held_back = estimator._divided(rows, 0.2)
    assert len(x) == len(y) == len(weights) == 72 and len(held_back[0]) == 18
    shares = np.bincount(THIRDS) * 0.2
    assert np.abs(np.bincount(held_back[1]) - shares).max() < 1
    assert sorted([*weights, *held_back[2]]) == list(range(90))
    assert (x[:, 0] == X[weights.astype(int), 0]).all()
    rare = np.where(np.arange(90) == 0, 2, SIDES)  # one row cannot be on both sides
    assert len(estimator.fit(X, rare)._divided((X, rare, None), 0.2)[1][0]) == 18


def test_validation_data_have_labels_too():
    y = np.array(["l", "r"])[SIDES]
    estimator = KerasClassifier(dense, activation="sigmoid", metrics=["accuracy"], **TRAINING)
    estimator.fit(X, y, validation_data=(X[:30], y[:30]), epochs=3)
    assert len(estimator.history_["val_accuracy"]) == 3 and estimator.epochs == 20


def averaged(units=1, activation=None, loss=losses.MeanSquaredError):
    model = dense(units, activation)
    kind = loss(reduction="mean_with_sample_weight")
    model.compile(kerata.optimizers.SGD(0.1), kind)
    return model


WHOLE = {"epochs": 5, "batch_size": 1000, "shuffle": False, "random_state": 0}


def test_weights_are_repetitions(training_backend):
    counts = np.arange(90) % 3
    weighted = KerasRegressor(averaged, **WHOLE).fit(X, SUMS, sample_weight=counts)
    rows = np.repeat(np.arange(90), counts)
    repeated = KerasRegressor(averaged, **WHOLE).fit(X[rows], SUMS[rows])
    for one, other in zip(weights_of(weighted), weights_of(repeated), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_class_weights_are_weights_of_samples(training_backend):
    y = np.array(["few", "many"])[(X[:, 0] > -0.8).astype(int)]
    options = {"activation": "sigmoid", "loss": losses.BinaryCrossentropy, **WHOLE}
    share = {"few": 3.0, "many": 0.5}
    balanced = {name: 90 / 2 / (y == name).sum() for name in share}
    for given, table in ((share, share), ("balanced", balanced)):
        by_class = KerasClassifier(dense, class_weight=given, **options).fit(X, y)
        weights = np.array([table[label] for label in y])
        by_sample = KerasClassifier(dense, **options).fit(X, y, sample_weight=weights)
        for one, other in zip(weights_of(by_class), weights_of(by_sample), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
    both = KerasClassifier(dense, class_weight="balanced", **options)
    unweighted = KerasClassifier(dense, **options).fit(X, y)
    both.fit(X, y, sample_weight=1 / weights)  # takes back what the classes weigh
    for one, other in zip(weights_of(both), weights_of(unweighted), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    with pytest.raises(ValueError, match="not in class_weight"):
        KerasClassifier(dense, class_weight={"few": 1, "lots": 2}, **options).fit(X, y)


def test_partial_fit_is_one_epoch_more(training_backend):
    whole = KerasClassifier(averaged, activation="sigmoid", **WHOLE).fit(X, SIDES)
    parts = KerasClassifier(averaged, activation="sigmoid", **WHOLE)
    for _ in range(5):
        parts.partial_fit(X, SIDES)
    for one, other in zip(weights_of(whole), weights_of(parts), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert parts.epoch_ == 5 and len(parts.history_["loss"]) == 5


def test_partial_fit_with_classes_to_come():
    estimator = KerasClassifier(dense, units=3, activation="softmax", **TRAINING)
    some = THIRDS != 2
    estimator.partial_fit(X[some], THIRDS[some], classes=[0, 1, 2])
    assert estimator.classes_.tolist() == [0, 1, 2] and estimator.partial_fit(X, THIRDS).epoch_ == 2


def test_warm_start_goes_on(training_backend):
    estimator = KerasRegressor(dense, warm_start=True, epochs=2, random_state=0).fit(X, SUMS)
    model = estimator.model_
    estimator.set_params(epochs=3).fit(X, SUMS)
    assert estimator.model_ is model and estimator.epoch_ == 5
    assert len(estimator.history_["loss"]) == 5 and int(model.optimizer.iterations) == 5 * 3
    cold = KerasRegressor(dense, epochs=2, random_state=0).fit(X, SUMS)
    assert cold.fit(X, SUMS).epoch_ == 2 and len(cold.history_["loss"]) == 2


# -- copies ----------------------------------------------------------------------------------------


def by_joblib(estimator, folder):
    joblib.dump(estimator, folder / "estimator.joblib")
    return joblib.load(folder / "estimator.joblib")


COPIES = {
    "pickle": lambda estimator, folder: pickle.loads(pickle.dumps(estimator)),
    "joblib": by_joblib,
    "deepcopy": lambda estimator, folder: copy.deepcopy(estimator),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_copies_predict_the_same_and_go_on_alike(copied, tmp_path, training_backend):
    estimator = KerasClassifier(
        dense, activation="sigmoid", callbacks=[kerata.callbacks.EarlyStopping(monitor="loss")]
    ).set_params(**TRAINING)
    estimator.fit(X, np.array(["l", "r"])[SIDES])
    other = copied(estimator, tmp_path)
    assert (other.predict(X) == estimator.predict(X)).all()
    assert (other.predict_proba(X) == estimator.predict_proba(X)).all()
    assert other.history_ == estimator.history_ and other.model_.backend.name == training_backend
    for each in (estimator, other):
        each.partial_fit(X, np.array(["l", "r"])[SIDES])
    assert same(weights_of(estimator), weights_of(other))


def test_a_model_as_parameter_is_copied_with_its_estimator():
    model = power()
    estimator = KerasRegressor(model, epochs=2, random_state=0)
    copies = [clone(estimator), pickle.loads(pickle.dumps(estimator))]
    found = [weights_of(each.fit(LINE, CUBE)) for each in (estimator, *copies)]
    assert all(each.model is not model for each in copies)
    assert same(found[0], found[1]) and same(found[0], found[2])
