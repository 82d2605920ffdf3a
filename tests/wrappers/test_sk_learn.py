"""The wrappers with Keras' names: as in Keras, where Keras works."""

import inspect
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

import kerata

NAMES = ("SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer")
TRAINING = {"epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0}

X, CLASSES = make_classification(
    90, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0
)
LABELS = np.array(["cat", "dog", "eel"])[CLASSES]
NUMBERS = X @ np.arange(5) + 1


def builder(library, activation, loss):
    """Return a function that builds a model of Keras or kerata, with the same first weights."""

    def build(X, y, units=6):
        model = library.Sequential(
            [
                library.layers.Input((X.shape[1],)),
                library.layers.Dense(units, activation="tanh"),
                library.layers.Dense(y.shape[1], activation=activation),
            ]
        )
        random = np.random.default_rng(0)
        model.set_weights([random.normal(size=w.shape) for w in model.weights])
        model.compile(library.optimizers.SGD(0.1), loss)
        return model

    return build


CASES = {
    "SKLearnClassifier": ("softmax", "categorical_crossentropy", LABELS),
    "SKLearnRegressor": (None, "mse", NUMBERS),
    "SKLearnTransformer": (None, "mse", NUMBERS),
}


def fitted(library, name):
    activation, loss, y = CASES[name]
    estimator = getattr(library.wrappers, name)(
        builder(library, activation, loss), model_kwargs={"units": 7}, fit_kwargs=dict(TRAINING)
    )
    return estimator.fit(X, y)


@pytest.fixture(scope="module")
def oracles():
    return {name: fitted(keras, name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_results_are_those_of_keras(name, oracles, training_backend):
    oracle, estimator = oracles[name], fitted(kerata, name)
    for mine, theirs in zip(
        estimator.model_.get_weights(), oracle.model_.get_weights(), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        estimator.history_.history["loss"], oracle.history_.history["loss"], rtol=1e-4
    )
    assert estimator.history_.epoch == oracle.history_.epoch and estimator.epoch_ == 3
    if name == "SKLearnClassifier":
        assert (estimator.classes_ == oracle.classes_).all()
        assert (estimator.predict(X) == oracle.predict(X)).all()
        scores = estimator.decision_function(X)
        np.testing.assert_allclose(scores, oracle.decision_function(X), atol=1e-5)
        np.testing.assert_allclose(estimator.predict_proba(X), scores, atol=1e-5)
        assert estimator.score(X, LABELS) == oracle.score(X, LABELS)
    else:
        np.testing.assert_allclose(estimator.predict(X), oracle.predict(X), rtol=1e-4, atol=1e-4)
    if name == "SKLearnTransformer":
        assert estimator.transform(X).shape == oracle.transform(X).shape == (90, 1)


@pytest.mark.parametrize("name", NAMES)
def test_interface_is_that_of_keras(name, oracles):
    mine, theirs = getattr(kerata.wrappers, name), getattr(keras.wrappers, name)
    parameters = inspect.signature(theirs).parameters
    for found, wanted in zip(
        inspect.signature(mine).parameters.values(), parameters.values(), strict=True
    ):
        assert (found.name, found.kind) == (wanted.name, wanted.kind)
        assert found.default == wanted.default
    assert {n for n in dir(theirs) if n[0] != "_"} <= set(dir(mine))
    fitted_attributes = {n for n in vars(oracles[name]) if n[0] != "_"}
    assert fitted_attributes <= set(vars(fitted(kerata, name)))
    example = mine("model", True, {"a": 1}, {"b": 2})
    assert example.get_params() == theirs("model", True, {"a": 1}, {"b": 2}).get_params()


def test_what_keras_refuses_is_refused():
    classifier = kerata.wrappers.SKLearnClassifier(builder(kerata, "softmax", "mse"))
    with pytest.raises(ValueError, match="one class"):
        classifier.fit(X, np.zeros(90))
    with pytest.raises(ValueError, match="Unknown label type"):
        classifier.fit(X, NUMBERS)
    uncompiled = kerata.Sequential([kerata.layers.Dense(3)])
    with pytest.raises(RuntimeError, match=r"call model.compile\("):
        kerata.wrappers.SKLearnClassifier(uncompiled).fit(X, LABELS)
    with pytest.raises(TypeError, match="'network'; expected a kerata.Model"):
        kerata.wrappers.SKLearnClassifier("network").fit(X, LABELS)
    with pytest.raises(TypeError, match=r"made a keras\.src.*; expected a kerata.Model"):
        foreign = builder(keras, "softmax", "mse")
        kerata.wrappers.SKLearnClassifier(foreign).fit(X, LABELS)


def softmax(X, y):
    return builder(kerata, "softmax", "categorical_crossentropy")(X, y)


def linear(X, y):
    return builder(kerata, None, "mse")(X, y)


def test_scores_of_two_classes_are_one_column():
    """Keras returns two, and scikit-learn's scorers fail."""
    classifier = kerata.wrappers.SKLearnClassifier(softmax, fit_kwargs=TRAINING)
    labels = LABELS == "dog"
    assert cross_val_score(classifier, X, labels, cv=2, scoring="roc_auc").min() > 0.6
    scores = classifier.fit(X, labels).decision_function(X)
    assert scores.shape == (90,) and ((scores > 0) == classifier.predict(X)).all()


def test_clone_keeps_the_arguments_of_fit():
    """Keras loses them: a cross-validation trains for one epoch."""
    classifier = kerata.wrappers.SKLearnClassifier(softmax, fit_kwargs={"epochs": 4})
    assert clone(classifier).fit_kwargs == {"epochs": 4}
    classifier.fit(X, LABELS, epochs=2)
    assert classifier.fit_kwargs == {"epochs": 4} and classifier.epoch_ == 2


def compiled():
    model = softmax(X, np.eye(3))
    kept = [np.array(weight) for weight in model.get_weights()]
    return model, kept


def test_a_model_is_copied_and_starts_anew():
    model, kept = compiled()
    classifier = kerata.wrappers.SKLearnClassifier(model, fit_kwargs=TRAINING).fit(X, LABELS)
    assert classifier.model_ is not model
    assert all(map(np.array_equal, kept, model.get_weights()))
    first = classifier.model_
    assert classifier.fit(X, LABELS).model_ is not first


def test_warm_start_trains_the_model_itself_on():
    """Keras starts anew."""
    model, kept = compiled()
    wrapper = kerata.wrappers.SKLearnClassifier(model, warm_start=True, fit_kwargs=TRAINING)
    assert wrapper.fit(X, LABELS).model_ is model and wrapper.fit(X, LABELS).model_ is model
    assert wrapper.epoch_ == 6 and int(model.optimizer.iterations) == 6 * 6
    assert not all(map(np.array_equal, kept, model.get_weights()))
    with pytest.raises(ValueError, match="previously unseen"):
        wrapper.fit(X, np.char.upper(LABELS))


def test_transformer_in_a_pipeline():
    """The example of Keras' documentation, which Keras refuses as not fitted."""
    model = kerata.Sequential([kerata.Input((5,)), kerata.layers.Dense(4, activation="tanh")])
    frozen = FrozenEstimator(kerata.wrappers.SKLearnTransformer(model))
    pipeline = make_pipeline(frozen, LogisticRegression()).fit(X, LABELS)
    embedded = model.predict(X, verbose=0)
    alone = LogisticRegression().fit(embedded, LABELS)
    assert (pipeline.predict(X) == alone.predict(embedded)).all()


def test_names_of_features():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcde"))
    transformer = fitted(kerata, "SKLearnTransformer").set_output(transform="pandas")
    transformer.fit(frame, NUMBERS)
    assert list(transformer.feature_names_in_) == list("abcde")
    assert list(transformer.transform(frame).columns) == ["sklearntransformer0"]
    with pytest.raises(ValueError, match="feature names"):
        transformer.transform(frame[list("edcba")])


@pytest.mark.parametrize("name", NAMES)
def test_pickled(name, training_backend):
    build, y = (softmax, LABELS) if name == "SKLearnClassifier" else (linear, NUMBERS)
    estimator = getattr(kerata.wrappers, name)(build, fit_kwargs=TRAINING).fit(X, y)
    copy = pickle.loads(pickle.dumps(estimator))
    assert (copy.predict(X) == estimator.predict(X)).all()
    assert copy.history_.history == estimator.history_.history


def test_without_scikit_learn():
    """kerata can be imported, and says how to install it."""
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import kerata; kerata.wrappers\n"
        "try:\n    kerata.wrappers.SKLearnClassifier\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'kerata[sklearn]'" in done.stdout
