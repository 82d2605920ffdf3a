"""Every loss against Keras: values, reductions, weights, masks, gradients, configurations."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

import kerata
from kerata.core import masks
from kerata.core.registry import snake_case

RNG = np.random.default_rng(7)
BATCH, CLASSES = 6, 4

POSITIVE = RNG.uniform(0.05, 3.0, (BATCH, CLASSES)).astype("float32")
REAL = RNG.standard_normal((BATCH, CLASSES)).astype("float32")
TARGETS = RNG.standard_normal((BATCH, CLASSES)).astype("float32")
COUNTS = RNG.poisson(1.5, (BATCH, CLASSES)).astype("float32")
PROBABILITIES = RNG.uniform(0.05, 0.95, (BATCH, CLASSES)).astype("float32")
DISTRIBUTION = (PROBABILITIES / PROBABILITIES.sum(-1, keepdims=True)).astype("float32")
SOFT = np.roll(DISTRIBUTION, 1, axis=0)
LABELS = np.array([0, 2, 1, 3, 3, 0])
ONE_HOT = np.eye(CLASSES, dtype="float32")[LABELS]
BINARY = (RNG.random((BATCH, CLASSES)) > 0.5).astype("float32")
SIGNS = 2 * BINARY - 1
EMBEDDINGS = (REAL / np.linalg.norm(REAL, axis=-1, keepdims=True)).astype("float32")
SEQUENCES = RNG.standard_normal((2, 7, 4)).astype("float32")

# name of the class, its arguments, targets, predictions
CASES = [
    ("MeanSquaredError", {}, TARGETS, REAL),
    ("MeanAbsoluteError", {}, TARGETS, REAL),
    ("MeanAbsolutePercentageError", {}, TARGETS, REAL),
    ("MeanSquaredLogarithmicError", {}, POSITIVE, np.roll(POSITIVE, 1, 0)),
    ("MeanSquaredLogarithmicError", {}, TARGETS, REAL),
    ("Huber", {}, TARGETS, 2 * REAL),
    ("Huber", {"delta": 0.3}, TARGETS, REAL),
    ("LogCosh", {}, TARGETS, 30 * REAL),
    ("CosineSimilarity", {}, TARGETS, REAL),
    ("CosineSimilarity", {"axis": 0}, TARGETS, REAL),
    ("KLDivergence", {}, SOFT, DISTRIBUTION),
    ("KLDivergence", {}, ONE_HOT, DISTRIBUTION),
    ("Poisson", {}, COUNTS, POSITIVE),
    ("Hinge", {}, SIGNS, REAL),
    ("Hinge", {}, BINARY, REAL),
    ("Hinge", {}, TARGETS, REAL),
    ("SquaredHinge", {}, BINARY, REAL),
    ("CategoricalHinge", {}, ONE_HOT, REAL),
    ("BinaryCrossentropy", {}, BINARY, PROBABILITIES),
    ("BinaryCrossentropy", {}, BINARY, np.round(PROBABILITIES)),
    ("BinaryCrossentropy", {"from_logits": True}, BINARY, 20 * REAL),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, BINARY, PROBABILITIES),
    ("BinaryCrossentropy", {"axis": 0, "from_logits": True}, BINARY, REAL),
    ("BinaryFocalCrossentropy", {}, BINARY, PROBABILITIES),
    ("BinaryFocalCrossentropy", {"from_logits": True, "gamma": 1.5}, BINARY, REAL),
    (
        "BinaryFocalCrossentropy",
        {"apply_class_balancing": True, "alpha": 0.3, "label_smoothing": 0.1},
        BINARY,
        PROBABILITIES,
    ),
    ("CategoricalCrossentropy", {}, ONE_HOT, DISTRIBUTION),
    ("CategoricalCrossentropy", {}, ONE_HOT, 3 * DISTRIBUTION),
    ("CategoricalCrossentropy", {}, SOFT, DISTRIBUTION),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, 20 * REAL),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, ONE_HOT, DISTRIBUTION),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT, 3 * DISTRIBUTION),
    ("CategoricalFocalCrossentropy", {"from_logits": True}, ONE_HOT, REAL),
    (
        "CategoricalFocalCrossentropy",
        {"alpha": 0.5, "gamma": 1.5, "label_smoothing": 0.1},
        ONE_HOT,
        DISTRIBUTION,
    ),
    ("SparseCategoricalCrossentropy", {}, LABELS, DISTRIBUTION),
    ("SparseCategoricalCrossentropy", {}, LABELS[:, None], 3 * DISTRIBUTION),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS, 20 * REAL),
    ("SparseCategoricalCrossentropy", {"ignore_class": 3}, LABELS, DISTRIBUTION),
    (
        "SparseCategoricalCrossentropy",
        {"ignore_class": -1, "from_logits": True},
        np.array([0, -1, 1, 3, -1, 0]),
        REAL,
    ),
    ("CategoricalGeneralizedCrossEntropy", {}, LABELS, DISTRIBUTION),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.9}, LABELS, DISTRIBUTION),
    ("Dice", {}, BINARY, PROBABILITIES),
    ("Dice", {"axis": (1,)}, BINARY, PROBABILITIES),
    ("Tversky", {}, BINARY, PROBABILITIES),
    ("Tversky", {"alpha": 0.3, "beta": 0.9, "axis": (1,)}, BINARY, PROBABILITIES),
    ("Circle", {"gamma": 2.0}, LABELS, EMBEDDINGS),
    ("Circle", {"gamma": 2.0, "margin": 0.25, "remove_diagonal": False}, LABELS, EMBEDDINGS),
    ("CTC", {}, np.array([[1, 2, 0], [3, 3, 1]]), SEQUENCES),
]
IDS = [f"{name}-{index}" for index, (name, *_) in enumerate(CASES)]
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)
# What Keras leaves out of a configuration, so that it is lost when a loss is saved there.
NOT_IN_KERAS_CONFIG = {
    "Huber": {"delta"},
    "CosineSimilarity": {"axis"},
    "SparseCategoricalCrossentropy": {"axis"},
}


def both(name, /, **arguments):
    return getattr(kerata.losses, name)(**arguments), getattr(keras.losses, name)(**arguments)


_answers = {}


def keras_value(name, arguments, y_true, y_pred, reduction, weights=None):
    """What Keras says, asked once for all backends."""
    key = (name, repr(arguments), id(y_true), id(y_pred), reduction, weights is None)
    if key not in _answers:
        loss = getattr(keras.losses, name)(reduction=reduction, **arguments)
        _answers[key] = np.asarray(loss(y_true, y_pred, weights))
    return _answers[key]


def is_one_number(name, arguments):
    return name in ("Dice", "Tversky") and arguments.get("axis") is None


def as_numpy(value):
    return kerata.ops.convert_to_numpy(value)


def agree(ours, theirs, rtol=2e-5, atol=2e-6):
    ours = as_numpy(ours)
    assert ours.dtype == np.asarray(theirs).dtype
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=rtol, atol=atol)


@pytest.mark.parametrize(("name", "arguments", "y_true", "y_pred"), CASES, ids=IDS)
def test_values_and_reductions(backend, name, arguments, y_true, y_pred):
    for reduction in ("sum_over_batch_size", "sum", "none"):
        loss = getattr(kerata.losses, name)(reduction=reduction, **arguments)
        agree(loss(y_true, y_pred), keras_value(name, arguments, y_true, y_pred, reduction))


@pytest.mark.parametrize(("name", "arguments", "y_true", "y_pred"), CASES, ids=IDS)
def test_functions(backend, name, arguments, y_true, y_pred):
    ours = getattr(kerata.losses, snake_case(name))
    theirs = getattr(keras.losses, snake_case(name))
    if name == "CategoricalGeneralizedCrossEntropy":
        arguments = {"q": 0.5, **arguments}
    agree(ours(y_true, y_pred, **arguments), theirs(y_true, y_pred, **arguments))


@pytest.mark.parametrize(
    ("name", "arguments", "y_true", "y_pred"),
    [case for case in CASES if not is_one_number(*case[:2])],
    ids=[i for i, case in zip(IDS, CASES, strict=True) if not is_one_number(*case[:2])],
)
def test_sample_weights(backend, name, arguments, y_true, y_pred):
    size = len(keras_value(name, arguments, y_true, y_pred, "none"))
    weights = np.linspace(0.0, 2.0, size)
    for reduction in ("sum_over_batch_size", "mean_with_sample_weight", "none"):
        loss = getattr(kerata.losses, name)(reduction=reduction, **arguments)
        expected = keras_value(name, arguments, y_true, y_pred, reduction, weights)
        agree(loss(y_true, y_pred, weights), expected)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weights", [None, "scalar", "batch", "column", "full"])
@pytest.mark.parametrize("masked", [False, True])
def test_weights_and_masks_of_sequences(backend, reduction, weights, masked):
    y_true, y_pred = RNG.random((2, 3, 4)), RNG.random((2, 3, 4)).astype("float32")
    mask = np.array([[True, True, False], [True, False, False]])
    weight = {
        None: None,
        "scalar": np.array(2.0),
        "batch": np.array([1.0, 3.0]),
        "column": np.array([[1.0], [3.0]]),
        "full": np.array([[1.0, 2.0, 3.0], [0.5, 0.0, 1.0]]),
    }[weights]
    ours, theirs = both("MeanSquaredError", reduction=reduction)
    pred, keras_pred = kerata.ops.convert_to_tensor(y_pred), keras.ops.convert_to_tensor(y_pred)
    if masked:
        masks.attach(pred, kerata.ops.convert_to_tensor(mask))
        keras_pred._keras_mask = keras.ops.convert_to_tensor(mask)
    # Keras knows weights of the shape (batch,) for values (batch,) only.
    keras_weight = weight[:, None] if weights == "batch" else weight
    agree(ours(y_true, pred, weight), theirs(y_true, keras_pred, keras_weight))


def test_mask_of_targets_counts(backend):
    y_true, y_pred = kerata.ops.convert_to_tensor(TARGETS[None]), REAL[None]
    keep = np.array([[True, True, False, True, False, True]])
    masks.attach(y_true, kerata.ops.convert_to_tensor(keep))
    loss = kerata.losses.MeanSquaredError()(y_true, y_pred)
    expected = np.square(TARGETS - REAL).mean(-1)[keep[0]].mean()
    np.testing.assert_allclose(as_numpy(loss), expected, rtol=1e-5)


def test_nothing_left_by_the_mask_gives_zero(backend):
    pred = kerata.ops.convert_to_tensor(REAL[None])
    masks.attach(pred, kerata.ops.convert_to_tensor(np.zeros((1, BATCH), bool)))
    assert float(kerata.losses.MeanSquaredError()(TARGETS[None], pred)) == 0.0


def test_ignored_class_does_not_count(backend):
    labels = np.array([0, -1, 1, 3, -1, 0])
    kept = labels >= 0
    loss = kerata.losses.SparseCategoricalCrossentropy(ignore_class=-1)(labels, DISTRIBUTION)
    expected = -np.log(DISTRIBUTION[kept, labels[kept]]).mean()
    np.testing.assert_allclose(as_numpy(loss), expected, rtol=1e-5)


def test_weighted_vector_is_a_batch_of_numbers(backend):
    y_true, y_pred, weights = np.array([0.0, 1.0]), np.array([1.0, 4.0]), [1.0, 0.5]
    assert float(kerata.losses.MeanSquaredError()(y_true, y_pred)) == 5.0
    assert float(kerata.losses.MeanSquaredError()(y_true, y_pred, weights)) == (1 + 4.5) / 2


@pytest.mark.parametrize(
    ("true_shape", "pred_shape", "value_shape"),
    [
        ((6,), (6, 1), (6,)),
        ((6, 1), (6,), (6,)),
        ((6, 5), (6, 5, 1), (6, 5)),
        ((6, 5, 1), (6, 5), (6,)),
    ],
)
def test_last_axis_of_one_is_added_or_removed(backend, true_shape, pred_shape, value_shape):
    y_true, y_pred = RNG.random(true_shape), RNG.random(pred_shape).astype("float32")
    values = kerata.losses.mean_squared_error(y_true, y_pred)
    assert tuple(values.shape) == value_shape
    error = np.square(y_true.reshape(-1) - y_pred.reshape(-1)).mean()
    np.testing.assert_allclose(as_numpy(values).mean(), error, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_dtype_of_the_result(dtype):
    with kerata.use_backend("numpy"):
        loss = kerata.losses.MeanSquaredError(dtype=dtype)(TARGETS, REAL)
    assert as_numpy(loss).dtype.name == dtype


def test_dtype_policy_gives_its_compute_dtype():
    assert kerata.losses.MeanSquaredError(dtype="mixed_bfloat16").dtype == "bfloat16"


@pytest.mark.parametrize("axis", [1, -3])
def test_classes_on_another_axis(backend, axis):
    scores, labels = RNG.standard_normal((2, 3, 5, 5)), RNG.integers(0, 3, (2, 5, 5))
    ours = kerata.losses.SparseCategoricalCrossentropy(from_logits=True, axis=axis)
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    agree(ours(labels, scores), theirs(labels, np.moveaxis(scores, 1, -1)))


def test_ctc_is_that_of_torch(backend):
    """Among them: repeated labels, no label, and more labels than steps allow."""
    import torch

    labels = np.array([[1, 1, 2, 2], [3, 0, 0, 0], [0, 0, 0, 0], [1, 2, 3, 1]])
    scores = RNG.standard_normal((4, 6, 5)).astype("float32")
    lengths = torch.tensor((labels != 0).sum(1))
    logs = torch.log_softmax(torch.tensor(scores), -1).transpose(0, 1)
    expected = torch.nn.functional.ctc_loss(
        logs, torch.tensor(labels), torch.full((4,), 6), lengths, reduction="none"
    )
    values = as_numpy(kerata.losses.ctc(labels, scores))
    np.testing.assert_allclose(values, expected.numpy(), rtol=1e-5)
    too_short = kerata.losses.ctc([[1, 1]], np.zeros((1, 2, 3), "float32"))
    np.testing.assert_allclose(as_numpy(too_short), 1e5, rtol=1e-4)


def test_circle_with_references(backend):
    references, labels = EMBEDDINGS[:3], np.array([0, 1, 2])
    for remove_diagonal in (False, True):
        arguments = {
            "ref_labels": labels,
            "ref_embeddings": references,
            "remove_diagonal": remove_diagonal,
            "gamma": 2.0,
        }
        ours = kerata.losses.circle(LABELS, EMBEDDINGS, **arguments)
        agree(ours, keras.losses.circle(LABELS, EMBEDDINGS, **arguments))


# -- gradients -----------------------------------------------------------------------------------

SMOOTH = [
    case
    for case in CASES
    if not (case[0] == "BinaryCrossentropy" and set(np.unique(case[3])) <= {0.0, 1.0})
]


def finite_differences(function, point, step=1e-6):
    gradient = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        shifted = [point.copy(), point.copy()]
        shifted[0][index] += step
        shifted[1][index] -= step
        above, below = (function(x) for x in shifted)
        gradient[index] = (above - below) / (2 * step)
    return gradient


def summed(name, arguments, y_true):
    if name == "CategoricalGeneralizedCrossEntropy":
        arguments = {"q": 0.5, **arguments}
    function = getattr(kerata.losses, snake_case(name))
    return lambda y_pred: kerata.ops.sum(function(y_true, y_pred, **arguments))


@pytest.mark.parametrize(
    ("name", "arguments", "y_true", "y_pred"),
    [case for case in SMOOTH if case[0] not in ("Circle", "CTC")],
    ids=[f"{case[0]}-{i}" for i, case in enumerate(SMOOTH) if case[0] not in ("Circle", "CTC")],
)
def test_gradients(name, arguments, y_true, y_pred):
    import jax
    import torch

    function = summed(name, arguments, y_true[:3])
    point = y_pred[:3].astype("float64")
    with kerata.use_backend("numpy"):
        expected = finite_differences(lambda x: float(function(x)), point)
    with kerata.use_backend("torch"):
        variable = torch.tensor(point, requires_grad=True)
        function(variable).backward()
    np.testing.assert_allclose(variable.grad.numpy(), expected, rtol=1e-4, atol=1e-6)
    with kerata.use_backend("jax"):
        gradient = jax.grad(function)(jax.numpy.asarray(point, "float32"))
    np.testing.assert_allclose(np.asarray(gradient), expected, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("name", ["Circle", "CTC"])
def test_gradients_equal_those_of_keras(name):
    import jax
    import torch

    _, arguments, y_true, y_pred = next(case for case in CASES if case[0] == name)
    theirs = getattr(keras.losses, snake_case(name))
    y_pred = y_pred.astype("float32")
    expected = jax.grad(lambda x: theirs(y_true, x, **arguments).sum())(y_pred)
    with kerata.use_backend("jax"):
        gradient = jax.grad(summed(name, arguments, y_true))(y_pred)
    np.testing.assert_allclose(np.asarray(gradient), expected, rtol=1e-4, atol=1e-5)
    with kerata.use_backend("torch"):
        variable = torch.tensor(y_pred, requires_grad=True)
        summed(name, arguments, y_true)(variable).backward()
    np.testing.assert_allclose(variable.grad.numpy(), expected, rtol=1e-3, atol=1e-4)


def test_no_nan_gradient_at_equal_vectors(training_backend):
    zeros = np.zeros((2, 3), "float32")
    for name in ("CosineSimilarity", "Huber", "LogCosh", "Dice"):
        loss = getattr(kerata.losses, name)()
        gradient = gradient_of(lambda x, loss=loss: loss(zeros, x), zeros)
        assert np.isfinite(gradient).all(), name


def test_a_nan_among_probabilities_makes_that_loss_nan(backend):
    predictions = np.array([[0.5, 0.5], [np.nan, 0.5]], "float32")
    found = as_numpy(kerata.losses.binary_crossentropy(np.eye(2, dtype="float32"), predictions))
    np.testing.assert_allclose(found, [np.log(2.0), np.nan], rtol=1e-5)


def gradient_of(function, point):
    if kerata.config.backend() == "jax":
        import jax

        return np.asarray(jax.grad(function)(point))
    import torch

    variable = torch.tensor(point, requires_grad=True)
    function(variable).backward()
    return variable.grad.numpy()


def test_gradients_reach_through_a_tape(training_backend):
    inputs, start, labels = POSITIVE.T, REAL[:, :3], np.array([0, 2, 1, 1])
    scores = (inputs @ start).astype("float64")
    chances = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    weights = kerata.Variable(start)
    for loss, y_true, slope in (
        (kerata.losses.MeanSquaredError(), np.zeros((4, 3)), 2 * scores / 12),
        (
            kerata.losses.SparseCategoricalCrossentropy(from_logits=True),
            labels,
            (chances - np.eye(3)[labels]) / 4,
        ),
    ):
        with kerata.GradientTape() as tape:
            value = loss(y_true, kerata.ops.matmul(inputs, weights))
        gradient = as_numpy(tape.gradient(value, weights))
        np.testing.assert_allclose(gradient, inputs.T @ slope, rtol=1e-4, atol=1e-5)


def test_ctc_has_gradients_on_a_tape(training_backend):
    """Its formula indexes tensors, which a tape must see as well."""
    import jax

    labels = np.array([[1, 2, 0], [3, 3, 1]])
    scores = kerata.Variable(SEQUENCES)
    with kerata.GradientTape() as tape:
        value = kerata.losses.CTC()(labels, kerata.ops.multiply(scores, 1.0))
    expected = jax.grad(lambda x: keras.losses.ctc(labels, x).mean())(SEQUENCES)
    gradient = as_numpy(tape.gradient(value, scores))
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)


def test_symbolic_tensors_give_symbolic_losses():
    scores, labels = kerata.KerasTensor((None, 5, 3)), kerata.KerasTensor((None, 5), "int32")
    assert kerata.losses.sparse_categorical_crossentropy(labels, scores).shape == (None, 5)
    assert kerata.losses.SparseCategoricalCrossentropy()(labels, scores).shape == ()
    with pytest.raises(ValueError, match="to_categorical"):
        kerata.losses.categorical_crossentropy(labels, scores)


# -- names and configurations --------------------------------------------------------------------


def class_names():
    return sorted({name for name, *_ in CASES})


def test_every_public_loss_is_in_the_table():
    public = {
        name
        for name in kerata.losses.__all__
        if isinstance(getattr(kerata.losses, name), type) and name != "Loss"
    }
    assert public == set(class_names())
    theirs = {name for name in dir(keras.losses) if not name.startswith("_")}
    assert theirs <= set(kerata.losses.__all__)


@pytest.mark.parametrize("name", class_names())
def test_configuration_is_that_of_keras(name):
    ours, theirs = both(name, reduction="sum", name="mine")
    config = ours.get_config()
    extra = NOT_IN_KERAS_CONFIG.get(name, set())
    assert {k: v for k, v in config.items() if k not in extra} == theirs.get_config()
    assert set(config) - set(theirs.get_config()) == extra
    assert type(theirs).from_config(config).get_config() == theirs.get_config()


@pytest.mark.parametrize(("name", "arguments"), [case[:2] for case in CASES], ids=IDS)
def test_round_trip(name, arguments):
    loss = getattr(kerata.losses, name)(**arguments)
    data = kerata.losses.serialize(loss)
    assert (data["module"], data["class_name"]) == ("keras.losses", name)
    again = kerata.losses.deserialize(data)
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    for key, value in arguments.items():
        assert getattr(again, key) == value


def test_files_of_keras_are_understood():
    for name in class_names():
        data = keras.losses.serialize(getattr(keras.losses, name)())
        assert type(kerata.losses.deserialize(data)) is getattr(kerata.losses, name)


def test_names_that_keras_knows():
    from keras.src.losses import ALL_OBJECTS_DICT

    for name, thing in ALL_OBJECTS_DICT.items():
        if name == "LossFunctionWrapper":  # not public
            continue
        ours = kerata.losses.get(name)
        if isinstance(thing, type):
            assert type(ours).__name__ == thing.__name__
        else:
            assert ours.__name__ == thing.__name__


def test_get_takes_things_and_refuses_unknown_names():
    loss = kerata.losses.Huber()
    assert kerata.losses.get(loss) is loss
    assert kerata.losses.get(None) is None
    assert isinstance(kerata.losses.get(kerata.losses.Huber), kerata.losses.Huber)
    assert kerata.losses.get(test_round_trip) is test_round_trip
    with pytest.raises(ValueError, match="mean_squared_error"):
        kerata.losses.get("mean_squared_eror")


def test_default_names():
    for name in class_names():
        ours, theirs = both(name)
        assert ours.name == theirs.name
        assert repr(ours) == f"<{name} name={ours.name}>"


# -- losses of users -----------------------------------------------------------------------------


class Weighted(kerata.losses.Loss):
    """A user's loss, written as for Keras."""

    def __init__(self, alpha=2.0, name="weighted", **kwargs):
        super().__init__(name=name, **kwargs)
        self.alpha = alpha

    def call(self, y_true, y_pred):
        return self.alpha * kerata.ops.mean(kerata.ops.square(y_true - y_pred), axis=-1)


def test_loss_of_a_user(backend):
    loss = Weighted(alpha=3.0, reduction="sum")
    np.testing.assert_allclose(
        as_numpy(loss(TARGETS, REAL)), 3 * np.square(TARGETS - REAL).mean(-1).sum(), rtol=1e-5
    )
    again = Weighted.from_config(loss.get_config())
    assert (again.alpha, again.reduction, again.name) == (3.0, "sum", "weighted")


def test_structures_reach_the_loss_of_a_user(backend):
    class Difference(kerata.losses.Loss):
        def call(self, y_true, y_pred):
            return kerata.ops.mean(y_pred["a"] - y_true["a"] + y_pred["b"], axis=-1)

    loss = Difference()({"a": [[1, 2]]}, {"a": np.array([[3, 5]]), "b": np.array([[1, 1]])})
    assert float(loss) == 3.5


def test_loss_without_call_says_so():
    with pytest.raises(TypeError, match=r"Nothing does not define `call"):
        type("Nothing", (kerata.losses.Loss,), {})()([1.0], [1.0])


def test_one_number_for_a_batch_cannot_be_weighed(backend):
    class Whole(kerata.losses.Loss):
        def call(self, y_true, y_pred):
            return kerata.ops.mean(kerata.ops.abs(y_true - y_pred))

    assert float(Whole()([[1.0]], [[3.0]])) == 2.0
    with pytest.raises(ValueError, match="one value for the whole batch"):
        Whole()(TARGETS, REAL, np.ones(BATCH))


@pytest.mark.parametrize("shape", [(5,), (BATCH, 3), (1, BATCH, 1, 1)])
def test_weights_that_do_not_fit(backend, shape):
    with pytest.raises(ValueError, match=r"sample_weight has shape .* Give one weight per sample"):
        kerata.losses.MeanSquaredError()(TARGETS, REAL, np.ones(shape))


def test_unknown_reduction():
    with pytest.raises(ValueError, match="`reduction` is 'median'; expected one of"):
        kerata.losses.MeanSquaredError(reduction="median")


def test_q_outside_its_range():
    with pytest.raises(ValueError, match="`q` is 2; expected a number between 0 and 1"):
        kerata.losses.CategoricalGeneralizedCrossEntropy(q=2)


def test_labels_above_what_a_float_holds(backend):
    labels = np.array([2**24 + 1])
    loss = kerata.losses.SparseCategoricalCrossentropy(ignore_class=2**24)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = loss._tensors(labels, np.zeros((1, 2), "float32"))[0]
    assert as_numpy(values).tolist() == labels.tolist()
