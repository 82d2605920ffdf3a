"""scikit-learn's own checks of estimators.

All of them run on torch, where no time goes into compiling a program for each of their many shapes
of data; on the other engines, those that train most.
"""

import pytest
from sklearn.utils import estimator_checks

import kerata
from kerata import layers
from kerata.wrappers import (
    KerasClassifier,
    KerasRegressor,
    SKLearnClassifier,
    SKLearnRegressor,
    SKLearnTransformer,
)

WEIGHTS = "in float32 equal up to 1e-5, asked is 1e-7: checked in float64 below"
NAMES = "a parameter called 'parameters', after **parameters, is refused as any unknown one"

#: estimator -> check that fails -> why
EXPECTED_FAILURES = {
    "SKLearnClassifier": {"check_sample_weight_equivalence_on_dense_data": WEIGHTS},
    "SKLearnRegressor": {"check_sample_weight_equivalence_on_dense_data": WEIGHTS},
    "SKLearnTransformer": {"check_sample_weight_equivalence_on_dense_data": WEIGHTS},
    "KerasClassifier": {
        "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
        "check_do_not_raise_errors_in_init_or_set_params": NAMES,
    },
    "KerasRegressor": {
        "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
        "check_do_not_raise_errors_in_init_or_set_params": NAMES,
    },
}

# One step on all rows per epoch.
TRAINING = {"epochs": 20, "batch_size": 1000, "shuffle": False}


def network(units, activation, loss):
    model = kerata.Sequential(
        [layers.Dense(16, activation="relu"), layers.Dense(units, activation=activation)]
    )
    model.compile(kerata.optimizers.Adam(0.05), loss)
    return model


def classifying(X, y):
    """A network for the one-hot rows, or the columns of 0 and 1, in y."""
    kerata.utils.set_random_seed(0)
    one_hot = (y.sum(axis=1) == 1).all()
    return network(y.shape[1], "softmax" if one_hot else "sigmoid", "binary_crossentropy")


def regressing(X, y):
    kerata.utils.set_random_seed(0)
    return network(y.shape[1], "linear", "mse")


def classifying_by_kind(meta):
    kinds = {
        "binary": (1, "sigmoid", "binary_crossentropy"),
        "multiclass": (meta["n_classes_"], "softmax", "sparse_categorical_crossentropy"),
        "multilabel-indicator": (meta["n_outputs_"], "sigmoid", "binary_crossentropy"),
    }
    return network(*kinds[meta["target_type_"]])


def regressing_by_kind(meta):
    return network(meta["n_outputs_"], "linear", "mse")


ESTIMATORS = [
    SKLearnClassifier(classifying, fit_kwargs=TRAINING),
    SKLearnRegressor(regressing, fit_kwargs=TRAINING),
    SKLearnTransformer(regressing, fit_kwargs=TRAINING),
    KerasClassifier(classifying_by_kind, random_state=0, **TRAINING),
    KerasRegressor(regressing_by_kind, random_state=0, **TRAINING),
]
FEW = [
    (3, "check_classifiers_train"),
    (3, "check_estimators_pickle"),
    (3, "check_class_weight_classifiers"),
    (4, "check_regressors_train"),
    (4, "check_fit_idempotent"),
]


def cases():
    """Yield each estimator with each check for it; those in the list above must fail."""
    for estimator in ESTIMATORS:
        name = type(estimator).__name__
        for _, check in estimator_checks.estimator_checks_generator(estimator):
            what = check.func.__name__
            why = EXPECTED_FAILURES[name].get(what)
            marks = [pytest.mark.xfail(reason=why, strict=True)] if why else []
            yield pytest.param(estimator, check, marks=marks, id=f"{name}-{what}")


@pytest.mark.parametrize("estimator, check", list(cases()))
def test_all_checks(estimator, check):
    pytest.importorskip("torch")
    check(estimator)


@pytest.mark.parametrize("index, name", FEW)
def test_few_checks_on_each_engine(index, name, training_backend, compiled_once):
    estimator = ESTIMATORS[index]
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_weights_are_repetitions_in_double_precision(activation):
    """Where the loss is divided by the sum of the weights, and each step sees all rows."""
    pytest.importorskip("torch")
    of_classes, reduction = activation == "softmax", "mean_with_sample_weight"
    losses = kerata.losses
    kind = losses.CategoricalCrossentropy if of_classes else losses.MeanSquaredError

    def smooth(X, y):
        kerata.utils.set_random_seed(0)
        model = kerata.Sequential(
            [layers.Dense(8, activation="tanh"), layers.Dense(y.shape[1], activation=activation)]
        )
        model.compile(kerata.optimizers.SGD(0.1), kind(reduction=reduction))
        return model

    wrapper = SKLearnClassifier if of_classes else SKLearnRegressor
    check = estimator_checks.check_sample_weight_equivalence_on_dense_data
    before = kerata.config.floatx()
    kerata.config.set_floatx("float64")
    try:
        check("smooth", wrapper(smooth, fit_kwargs=TRAINING))
    finally:
        kerata.config.set_floatx(before)
