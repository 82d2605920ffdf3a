"""Every metric against Keras: several batches, weights, masks, resets, configurations."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

import kerata
from kerata.core import masks

RNG = np.random.default_rng(11)
BATCH, CLASSES = 8, 4


def batches(make):
    """Batches of two sizes, so that a mean of means is not the mean."""
    return [make(BATCH + 3), make(BATCH)]


def real(n):
    return RNG.standard_normal((n, CLASSES)), RNG.standard_normal((n, CLASSES))


def positive(n):
    return RNG.uniform(0.1, 3, (n, CLASSES)), RNG.uniform(0.1, 3, (n, CLASSES))


def distribution(n):
    values = RNG.uniform(0.05, 1.0, (n, CLASSES))
    return values / values.sum(-1, keepdims=True)


def distributions(n):
    return distribution(n), distribution(n)


def binary(n):
    return (RNG.random((n, CLASSES)) > 0.4).astype("float32"), RNG.random((n, CLASSES))


def single(n):
    truth = (RNG.random((n, 1)) > 0.4).astype("float32")
    return truth, np.clip(0.3 * truth + 0.7 * RNG.random((n, 1)), 0, 1)


def vector(n):
    truth, scores = single(n)
    return truth[:, 0], scores[:, 0]


def one_hot(n):
    return np.eye(CLASSES)[RNG.integers(0, CLASSES, n)], distribution(n)


def sparse(n):
    return RNG.integers(0, CLASSES, n), distribution(n)


def sparse_column(n):
    return RNG.integers(0, CLASSES, (n, 1)), distribution(n)


def logits(n):
    return (RNG.random((n, CLASSES)) > 0.4).astype("float32"), RNG.standard_normal((n, CLASSES))


def sparse_logits(n):
    return RNG.integers(0, CLASSES, n), 5 * RNG.standard_normal((n, CLASSES))


def classes(n):
    return RNG.integers(0, CLASSES, (n, 5)), RNG.integers(0, CLASSES, (n, 5))


def one_hot_images(n):
    return np.eye(CLASSES)[RNG.integers(0, CLASSES, (n, 5))], RNG.random((n, 5, CLASSES))


def ranked(n):
    return RNG.integers(0, CLASSES, n), np.argsort(RNG.random((n, CLASSES)), -1)


# name of the class, its arguments, how a batch is made
CASES = [
    ("Accuracy", {}, classes),
    ("BinaryAccuracy", {}, single),
    ("BinaryAccuracy", {"threshold": 0.3}, binary),
    ("BinaryAccuracy", {}, vector),
    ("CategoricalAccuracy", {}, one_hot),
    ("SparseCategoricalAccuracy", {}, sparse),
    ("SparseCategoricalAccuracy", {}, sparse_column),
    ("TopKCategoricalAccuracy", {"k": 2}, one_hot),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, sparse),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, ranked),
    ("MeanSquaredError", {}, real),
    ("RootMeanSquaredError", {}, real),
    ("RootMeanSquaredError", {}, single),
    ("MeanAbsoluteError", {}, real),
    ("MeanAbsolutePercentageError", {}, real),
    ("MeanSquaredLogarithmicError", {}, positive),
    ("LogCoshError", {}, real),
    ("CosineSimilarity", {}, real),
    ("R2Score", {}, real),
    ("R2Score", {"class_aggregation": None}, real),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}, real),
    ("KLDivergence", {}, distributions),
    ("Poisson", {}, positive),
    ("BinaryCrossentropy", {}, binary),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, logits),
    ("CategoricalCrossentropy", {}, one_hot),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, one_hot),
    ("SparseCategoricalCrossentropy", {}, sparse),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, sparse_logits),
    ("Hinge", {}, logits),
    ("SquaredHinge", {}, logits),
    ("CategoricalHinge", {}, one_hot),
    ("PearsonCorrelation", {}, real),
    ("ConcordanceCorrelation", {}, real),
    ("TruePositives", {}, single),
    ("TruePositives", {"thresholds": [0.7, 0.3]}, binary),
    ("FalsePositives", {"thresholds": 0.3}, binary),
    ("FalseNegatives", {}, vector),
    ("TrueNegatives", {"thresholds": [0.2, 0.5, 0.8]}, single),
    ("Precision", {}, single),
    ("Precision", {"thresholds": [0.7, 0.3]}, binary),
    ("Precision", {"top_k": 2}, binary),
    ("Precision", {"top_k": 2, "class_id": 1}, one_hot),
    ("Recall", {}, binary),
    ("Recall", {"class_id": 2, "thresholds": 0.3}, binary),
    ("Recall", {"top_k": 1}, one_hot),
    ("AUC", {}, single),
    ("AUC", {"num_thresholds": 7}, vector),
    ("AUC", {"curve": "PR"}, single),
    ("AUC", {"curve": "PR", "summation_method": "minoring"}, single),
    ("AUC", {"curve": "PR", "summation_method": "majoring"}, single),
    ("AUC", {"curve": "PRGAIN", "num_thresholds": 30}, single),
    ("AUC", {"summation_method": "minoring", "num_thresholds": 20}, binary),
    ("AUC", {"summation_method": "majoring", "num_thresholds": 20}, binary),
    ("AUC", {"thresholds": [0.6, 0.2, 0.41]}, binary),
    ("AUC", {"from_logits": True}, logits),
    ("AUC", {"multi_label": True}, binary),
    ("AUC", {"multi_label": True, "num_labels": 4, "label_weights": [1.0, 2.0, 3.0, 4.0]}, binary),
    ("AUC", {"multi_label": True, "curve": "PR"}, binary),
    ("AUC", {"label_weights": [1.0, 2.0, 3.0, 4.0]}, binary),
    ("SensitivityAtSpecificity", {"specificity": 0.6}, single),
    ("SensitivityAtSpecificity", {"specificity": 0.6, "num_thresholds": 1}, binary),
    ("SpecificityAtSensitivity", {"sensitivity": 0.7, "num_thresholds": 50}, binary),
    ("PrecisionAtRecall", {"recall": 0.4}, single),
    ("PrecisionAtRecall", {"recall": 0.4, "class_id": 1}, one_hot),
    ("RecallAtPrecision", {"precision": 0.6}, binary),
    ("RecallAtPrecision", {"precision": 1.0, "num_thresholds": 4}, binary),
    ("F1Score", {}, one_hot),
    ("F1Score", {"average": "macro", "threshold": 0.4}, binary),
    ("F1Score", {"average": "weighted"}, one_hot),
    ("FBetaScore", {"average": "micro", "beta": 2.0, "threshold": 0.4}, binary),
    ("FBetaScore", {"beta": 0.5}, one_hot),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 2]}, classes),
    ("IoU", {"num_classes": 4, "target_class_ids": [1], "ignore_class": 0}, classes),
    ("BinaryIoU", {}, single),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.3}, single),
    ("MeanIoU", {"num_classes": 5}, classes),
    ("MeanIoU", {"num_classes": 4, "ignore_class": 3}, classes),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [0, 3]}, one_hot_images),
    ("OneHotMeanIoU", {"num_classes": 4}, one_hot_images),
]


def weight_shape(name, y_true, y_pred):
    """One weight for each sample; Keras wants one for each value for regions."""
    return y_pred.shape[:2] if "IoU" in name and y_pred.shape[1:] != (1,) else y_pred.shape[:1]


IDS = [f"{name}-{index}" for index, (name, *_) in enumerate(CASES)]
ROWS = list(zip(range(len(CASES)), CASES, strict=True))
DATA = [batches(make) for _, _, make in CASES]
WEIGHTS = [
    [RNG.integers(0, 4, weight_shape(name, *batch)).astype("float64") for batch in rows]
    for rows, (name, *_) in zip(DATA, CASES, strict=True)
]

# What Keras leaves out of a configuration, so that it is lost when a metric is saved there.
NOT_IN_KERAS_CONFIG = {
    "CosineSimilarity": {"axis"},
    "SparseTopKCategoricalAccuracy": {"from_sorted_ids"},  # where it is False
}
_answers: dict = {}


def keras_results(index, weighted):
    """What Keras says after each batch, asked once for all backends."""
    if (index, weighted) not in _answers:
        name, arguments, _ = CASES[index]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            metric = getattr(keras.metrics, name)(**arguments)
            _answers[index, weighted] = results(metric, index, weighted)
    return _answers[index, weighted]


def results(metric, index, weighted):
    found = []
    for batch, weights in zip(DATA[index], WEIGHTS[index], strict=True):
        metric.update_state(*batch, **({"sample_weight": weights} if weighted else {}))
        found.append(as_numpy(metric.result()))
    return found


def as_numpy(value):
    return np.array(kerata.ops.convert_to_numpy(value))


def made(index):
    name, arguments, _ = CASES[index]
    return getattr(kerata.metrics, name)(**arguments)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("index", range(len(CASES)), ids=IDS)
@pytest.mark.filterwarnings("ignore:.*fractions of sample weights")
def test_batches_and_reset(backend, index, weighted):
    metric = made(index)
    found = results(metric, index, weighted)
    for ours, theirs in zip(found, keras_results(index, weighted), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
    metric.reset_state()
    again = results(metric, index, weighted)
    np.testing.assert_array_equal(again[-1], found[-1])


FIRST_OF_EACH = [i for i, case in enumerate(CASES) if case[0] not in {c[0] for c in CASES[:i]}]


@pytest.mark.parametrize("index", FIRST_OF_EACH, ids=[IDS[i] for i in FIRST_OF_EACH])
def test_stateless_calls_change_nothing(index):
    with kerata.use_backend("torch"):
        check_stateless_calls(index)


def check_stateless_calls(index):
    metric = made(index)
    y_true, y_pred = DATA[index][0]
    metric.build(y_true.shape, y_pred.shape)
    state = metric.stateless_reset_state()
    for y_true, y_pred in DATA[index]:
        state = metric.stateless_update_state(state, y_true, y_pred)
    result = as_numpy(metric.stateless_result(state))
    np.testing.assert_allclose(result, keras_results(index, False)[-1], rtol=2e-5, atol=2e-6)
    assert all((variable.numpy() == 0).all() for variable in metric.variables)


@pytest.mark.parametrize("index", FIRST_OF_EACH, ids=[IDS[i] for i in FIRST_OF_EACH])
def test_inside_a_compiled_step(index):
    import jax

    with kerata.use_backend("jax"):
        metric = made(index)
        y_true, y_pred = DATA[index][0]
        metric.build(y_true.shape, y_pred.shape)
        step = jax.jit(metric.stateless_update_state)
        state = step(metric.stateless_reset_state(), y_true, y_pred, None)
        result = as_numpy(metric.stateless_result(state))
    np.testing.assert_allclose(result, keras_results(index, False)[0], rtol=2e-5, atol=2e-6)


# -- sums and means ----------------------------------------------------------------------------

VALUES = np.arange(12.0).reshape(2, 3, 2)


@pytest.mark.parametrize("name", ["Sum", "Mean"])
@pytest.mark.parametrize(
    ("values", "weights"),
    [
        (5.0, None),
        (5.0, 2.0),
        ([1.0, 2.0], None),
        ([1.0, 2.0], 2.0),
        ([1.0, 2.0], [0.5, 3.0]),
        ([1.0, 2.0], [[0.5], [3.0]]),
        (VALUES, None),
        (VALUES, [1.0, 3.0]),
        (VALUES, [[1.0], [3.0]]),
        (VALUES, [[1.0, 2.0, 0.0], [3.0, 1.0, 1.0]]),
        (VALUES, VALUES),
    ],
)
def test_reductions(backend, name, values, weights):
    ours, theirs = getattr(kerata.metrics, name)(), getattr(keras.metrics, name)()
    for scale in (1.0, 2.0):
        batch = np.asarray(values) * scale
        ours.update_state(batch, sample_weight=weights)
        theirs.update_state(batch, sample_weight=None if weights is None else np.array(weights))
    np.testing.assert_allclose(as_numpy(ours.result()), np.asarray(theirs.result()), rtol=1e-6)


def test_nothing_seen_is_zero():
    with kerata.use_backend("torch"):
        for index in range(len(CASES)):
            assert as_numpy(made(index).result()).sum() == 0, CASES[index]


def test_wrapper_of_a_function(backend):
    metric = kerata.metrics.MeanMetricWrapper(kerata.losses.huber, name="h", delta=0.5)
    theirs = keras.metrics.MeanMetricWrapper(keras.losses.huber, name="h", delta=0.5)
    for y_true, y_pred in batches(real):
        metric.update_state(y_true, y_pred)
        theirs.update_state(y_true, y_pred)
    np.testing.assert_allclose(as_numpy(metric.result()), theirs.result(), rtol=1e-5)
    again = kerata.metrics.deserialize(kerata.metrics.serialize(metric))
    assert (again.fn, again.fn_kwargs, again.name) == (kerata.losses.huber, {"delta": 0.5}, "h")


def test_mean_of_a_vector_counts_samples_not_batches(backend):
    metric = kerata.metrics.MeanSquaredError()
    metric.update_state([0.0, 0.0, 0.0], [1.0, 1.0, 1.0])
    metric.update_state([0.0], [3.0])
    assert float(metric.result()) == 3.0
    metric.reset_state()
    metric.update_state([0.0, 0.0], [1.0, 3.0], sample_weight=[3.0, 1.0])
    assert float(metric.result()) == 3.0


# -- masks -------------------------------------------------------------------------------------


def masked(value, mask):
    value = kerata.ops.convert_to_tensor(np.asarray(value, "float32"))
    masks.attach(value, kerata.ops.convert_to_tensor(mask))
    return value


@pytest.mark.parametrize("weights", [None, [1.0, 3.0]])
@pytest.mark.parametrize("name", ["SparseCategoricalAccuracy", "SparseCategoricalCrossentropy"])
def test_mask_of_the_predictions(backend, name, weights):
    labels, scores = RNG.integers(0, 3, (2, 3)), RNG.uniform(0.1, 1, (2, 3, 3)).astype("float32")
    mask = np.array([[True, True, False], [True, False, False]])
    metric, theirs = getattr(kerata.metrics, name)(), getattr(keras.metrics, name)()
    metric.update_state(labels, masked(scores, mask), sample_weight=weights)
    tensor = keras.ops.convert_to_tensor(scores)
    tensor._keras_mask = keras.ops.convert_to_tensor(mask)
    column = None if weights is None else np.array(weights)[:, None]
    theirs.update_state(labels, tensor, sample_weight=column)
    np.testing.assert_allclose(as_numpy(metric.result()), theirs.result(), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Precision", {}),
        ("AUC", {}),
        ("IoU", {"num_classes": 2, "target_class_ids": [1]}),
        ("BinaryIoU", {}),
    ],
)
def test_masked_counts_equal_those_of_what_is_left(backend, name, arguments):
    truth = (RNG.random((4, 5)) > 0.5).astype("float32")
    scores, mask = RNG.random((4, 5)).astype("float32"), RNG.random((4, 5)) > 0.3
    if name == "IoU":
        scores = np.round(scores)
    metric = getattr(kerata.metrics, name)(**arguments)
    with_mask = float(metric(truth, masked(scores, mask)))
    metric.reset_state()
    np.testing.assert_allclose(with_mask, float(metric(truth[mask], scores[mask])), rtol=1e-6)


def test_ignored_class_does_not_count(backend):
    labels, scores = np.array([0, -1, 1, 2]), distribution(4)
    metric = kerata.metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    expected = -np.log(scores[[0, 2, 3], [0, 1, 2]]).mean()
    np.testing.assert_allclose(float(metric(labels, scores)), expected, rtol=1e-5)


# -- other oracles -----------------------------------------------------------------------------


def test_scikit_learn_agrees(backend):
    truth, scores = vector(200)
    answers = scores > 0.5
    weights = RNG.random(200)
    m = kerata.metrics
    pairs = [
        (m.AUC(num_thresholds=4000), scores, sklearn_metrics.roc_auc_score, scores),
        (m.Precision(), scores, sklearn_metrics.precision_score, answers),
        (m.Recall(), scores, sklearn_metrics.recall_score, answers),
        (m.BinaryAccuracy(), scores, sklearn_metrics.accuracy_score, answers),
        (m.BinaryCrossentropy(), scores[:, None], sklearn_metrics.log_loss, scores),
    ]
    for metric, y_pred, function, theirs in pairs:
        y_true = truth.reshape(y_pred.shape)
        ours = float(metric(y_true, y_pred, sample_weight=weights))
        expected = function(truth, theirs, sample_weight=weights)
        np.testing.assert_allclose(ours, expected, rtol=2e-3 if "auc" in metric.name else 1e-5)


def test_scikit_learn_agrees_on_classes(backend):
    truth, answers = RNG.integers(0, 4, 100), RNG.integers(0, 4, 100)
    eye = np.eye(4)
    for average in (None, "micro", "macro", "weighted"):
        metric = kerata.metrics.FBetaScore(average=average, beta=2.0)
        expected = sklearn_metrics.fbeta_score(truth, answers, beta=2.0, average=average)
        np.testing.assert_allclose(
            as_numpy(metric(eye[truth], eye[answers])), expected, rtol=1e-5
        )
    iou = kerata.metrics.MeanIoU(4)(truth, answers)
    expected = sklearn_metrics.jaccard_score(truth, answers, average="macro")
    np.testing.assert_allclose(float(iou), expected, rtol=1e-5)


def test_r2_of_constant_targets_is_that_of_scikit_learn(backend):
    ones = np.ones((3, 2))
    shifted = ones + [[0.0, 1.0]]
    score = kerata.metrics.R2Score(class_aggregation=None)(ones, shifted)
    assert as_numpy(score).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("curve", ["ROC", "PR"])
def test_thresholds_beyond_the_scores_change_nothing(backend, curve):
    truth, scores = vector(30)
    few = kerata.metrics.AUC(curve=curve, thresholds=[0.3, 0.5])
    assert few.thresholds[0] < 0 and few.thresholds[-1] > 1
    assert few.num_thresholds == 4
    theirs = keras.metrics.AUC(curve=curve, thresholds=[0.3, 0.5])
    np.testing.assert_allclose(float(few(truth, scores)), float(theirs(truth, scores)), rtol=1e-5)


def test_large_counts_stay_exact(backend):
    metric = kerata.metrics.MeanIoU(num_classes=2)
    metric.total_confusion_matrix.assign([[2**24, 0], [0, 0]])
    metric.update_state([0, 0, 0], [0, 0, 0])
    assert metric.total_confusion_matrix.numpy()[0, 0] == 2**24 + 3


# -- names and configurations ------------------------------------------------------------------


def class_names():
    return sorted({name for name, *_ in CASES} | {"Sum", "Mean", "MeanMetricWrapper"})


def test_every_public_metric_is_in_the_table():
    m = kerata.metrics
    public = {name for name in m.__all__ if isinstance(getattr(m, name), type)}
    assert public == {*class_names(), "Metric"}
    theirs = {name for name in dir(keras.metrics) if not name.startswith("_")}
    assert theirs <= set(m.__all__)


@pytest.mark.parametrize(("index", "case"), ROWS, ids=IDS)
def test_configuration_is_that_of_keras(index, case):
    name, arguments, _ = case
    ours = getattr(kerata.metrics, name)(name="mine", **arguments)
    theirs = getattr(keras.metrics, name)(name="mine", **arguments)
    config, expected = ours.get_config(), theirs.get_config()
    extra = NOT_IN_KERAS_CONFIG.get(name, set())
    assert set(config) - set(expected) <= extra
    assert set(expected) <= set(config)
    for key, value in expected.items():
        if value is None or config[key] is None:
            assert config[key] is value is None
        else:
            assert np.all(np.asarray(config[key]) == np.asarray(value)), key
    keras_again = type(theirs).from_config(config).get_config()
    assert set(keras_again) == set(expected)
    data = kerata.metrics.serialize(ours)
    assert (data["module"], data["class_name"]) == ("keras.metrics", name)
    assert kerata.metrics.deserialize(data).get_config() == config


def test_default_names_and_dtypes():
    arguments_of = {name: arguments for name, arguments, _ in CASES}
    arguments_of["MeanMetricWrapper"] = {"fn": len}
    keras.utils.clear_session(free_memory=False)
    for name in class_names():
        arguments = arguments_of.get(name, {})
        ours = getattr(kerata.metrics, name)(**arguments)
        theirs = getattr(keras.metrics, name)(**arguments)
        assert ours.name == theirs.name.removesuffix("_1")
        assert ours.dtype == theirs.dtype


def test_names_that_keras_knows():
    from keras.src.metrics import ALL_OBJECTS_DICT

    no_default = {
        "IoU",
        "MeanIoU",
        "OneHotIoU",
        "OneHotMeanIoU",
        "MeanMetricWrapper",
        "PrecisionAtRecall",
        "RecallAtPrecision",
        "SensitivityAtSpecificity",
        "SpecificityAtSensitivity",
    }
    for name, cls in ALL_OBJECTS_DICT.items():
        if cls.__name__ not in no_default:
            assert type(kerata.metrics.get(name)).__name__ == cls.__name__, name


def test_get_takes_things_and_refuses_unknown_names():
    metric = kerata.metrics.Mean()
    assert kerata.metrics.get(metric) is metric
    assert kerata.metrics.get(None) is None
    assert kerata.metrics.get("huber") is kerata.losses.huber
    assert isinstance(kerata.metrics.get(kerata.metrics.Mean), kerata.metrics.Mean)
    assert type(kerata.metrics.deserialize("acc")).__name__ == "Accuracy"
    with pytest.raises(ValueError, match="auc"):
        kerata.metrics.get("aucc")


def test_functions_survive_a_file():
    for function in (kerata.metrics.binary_accuracy, kerata.metrics.huber):
        metric = kerata.metrics.MeanMetricWrapper(function)
        again = kerata.metrics.deserialize(kerata.metrics.serialize(metric))
        assert again.fn is function


# -- metrics of users --------------------------------------------------------------------------


class Range(kerata.metrics.Metric):
    """A user's metric of two numbers, one of them another metric's."""

    def __init__(self, name="range", **kwargs):
        super().__init__(name=name, **kwargs)
        self.top = self.add_weight(name="top")
        self.mean = kerata.metrics.Mean(name="inner")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.top.assign(kerata.ops.maximum(self.top, kerata.ops.max(y_pred)))
        self.mean.update_state(y_pred)

    def result(self):
        return {"top": self.top.value, "mean": self.mean.result()}


def test_metric_of_a_user(backend):
    metric = Range()
    metric.update_state(None, np.array([1.0, 3.0]))
    result = metric(None, np.array([0.0, 0.0]))
    assert {key: float(value) for key, value in result.items()} == {"top": 3.0, "mean": 1.0}
    assert [variable.name for variable in metric.variables] == ["top", "total", "count"]
    assert metric.variables[0].path == "range/top"
    metric.reset_state()
    assert all(float(variable) == 0 for variable in metric.variables)
    assert Range.from_config(metric.get_config()).name == "range"


def test_metric_without_methods_says_so():
    with pytest.raises(TypeError, match=r"Metric does not define `update_state\("):
        kerata.metrics.Metric().update_state([1.0])
    with pytest.raises(TypeError, match=r"Metric does not define `result\("):
        kerata.metrics.Metric().result()


def test_variables_before_super_init():
    class Hasty(kerata.metrics.Metric):
        def __init__(self):
            self.total = self.add_weight(name="total")

    with pytest.raises(RuntimeError, match=r"Hasty: call `super\(\).__init__"):
        Hasty()


def test_state_of_another_length():
    with pytest.raises(ValueError, match="has 2 variables, but `metric_variables` holds 1"):
        kerata.metrics.Mean().stateless_result([0.0])


# -- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda m: m.AUC(num_thresholds=1), "`num_thresholds` is 1; expected"),
        (lambda m: m.AUC(thresholds=[-1.0]), "`thresholds` must all be between 0 and 1"),
        (lambda m: m.AUC(curve="x"), "`curve` is 'X'; expected one of 'ROC'"),
        (lambda m: m.AUC(summation_method="x"), "`summation_method` is 'x'"),
        (lambda m: m.AUC(num_labels=2), "`num_labels` is needed only with multi_label=True"),
        (
            lambda m: m.AUC(multi_label=True, num_labels=2, label_weights=[1.0]),
            "1 weights for 2 labels",
        ),
        (lambda m: m.Precision(thresholds=2.0), "`thresholds` is 2.0; expected"),
        (lambda m: m.Recall(thresholds=[]), "expected one or more numbers"),
        (lambda m: m.PrecisionAtRecall(1.5), "`recall` is 1.5; expected a number from 0 to 1"),
        (lambda m: m.RecallAtPrecision(0.5, num_thresholds=0), "`num_thresholds` is 0"),
        (lambda m: m.F1Score(average="x"), "`average` is 'x'; expected one of None"),
        (lambda m: m.F1Score(threshold="x"), "`threshold` is 'x'; expected a number"),
        (lambda m: m.FBetaScore(beta=-1.0), "`beta` is -1.0; expected a number above 0"),
        (lambda m: m.IoU(2, [3]), "`target_class_ids` holds 3; with num_classes=2"),
        (lambda m: m.R2Score(class_aggregation="x"), "`class_aggregation` is 'x'"),
        (lambda m: m.R2Score(num_regressors=-1), "`num_regressors` is -1"),
        (lambda m: m.F1Score()([0, 1], [0.2, 0.3]), r"shape \(batch, classes\), got \(2,\)"),
        (lambda m: m.R2Score()(VALUES, VALUES), r"shape \(batch, outputs\), got \(2, 3, 2\)"),
        (lambda m: m.AUC(multi_label=True)([0], [0.5]), r"shape \(batch, labels\), got \(1,\)"),
        (lambda m: m.MeanIoU(2)([0, 1], [0]), r"must be equal"),
        (
            lambda m: m.CategoricalAccuracy()([0, 1], [[0.1, 0.9], [0.2, 0.8]]),
            "Use 'sparse_categorical_accuracy'",
        ),
        (lambda m: m.MeanSquaredError()([[1.0]], [[1.0, 2.0]]), "1 column, the model has 2"),
        (lambda m: m.Mean()([1.0, 2.0], [1.0, 2.0, 3.0]), "Give one weight per sample"),
    ],
)
def test_errors(make, message):
    with kerata.use_backend("numpy"), pytest.raises(ValueError, match=message) as caught:
        make(kerata.metrics)
    assert len(str(caught.value)) < 600


def test_fractions_of_weights_in_whole_counts_warn():
    metric = kerata.metrics.MeanIoU(2)
    with pytest.warns(UserWarning, match="dtype='float32'"):
        metric.update_state([0, 1], [0, 1], sample_weight=[0.5, 1.0])
    metric = kerata.metrics.MeanIoU(2, dtype="float32")
    metric.update_state([0, 1], [0, 1], sample_weight=[0.5, 1.0])
    assert metric.total_confusion_matrix.numpy().tolist() == [[0.5, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("options", [{}, {"multi_label": True, "label_weights": [1.0, 3.0]}])
def test_the_interpolated_area_can_be_had_by_itself(options):
    y = np.array([[0, 1], [1, 0], [1, 1], [0, 0]])
    y_pred = np.array([[0.2, 0.6], [0.4, 0.7], [0.8, 0.9], [0.5, 0.1]])
    areas = []
    for library in (kerata, keras):
        metric = library.metrics.AUC(curve="PR", num_thresholds=20, **options)
        metric.update_state(y, y_pred)
        areas.append(float(metric.result()))
        if library is kerata:
            areas.append(float(metric.interpolate_pr_auc()))
    np.testing.assert_allclose(areas, areas[-1], rtol=1e-5)
