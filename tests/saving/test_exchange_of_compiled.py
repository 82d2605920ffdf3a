"""Every optimizer, loss and metric in a file of Keras goes on here, and those in ours in Keras."""

import inspect

import keras
import numpy as np
import pytest

import kerata

pytestmark = pytest.mark.usefixtures("quick_compilation")

X = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")
Y = np.random.default_rng(1).uniform(0.1, 0.9, (12, 3)).astype("float32")

#: arguments that some classes need
ARGUMENTS = {
    "MeanIoU": {"num_classes": 3},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 3},
    "IoU": {"num_classes": 3, "target_class_ids": [0]},
    "BinaryIoU": {"target_class_ids": [0, 1]},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "MeanRelativeError": {"normalizer": [1.0, 2.0, 3.0]},
}
#: base classes, wrappers of other ones, and what is no part of a file of Keras
NOT_HERE = {
    "Optimizer", "Loss", "Metric", "MeanMetricWrapper", "LossScaleOptimizer", "MultiOptimizer",
    "ScheduleFreeAdamW",
}  # fmt: skip
#: Keras makes a string of its configuration
UNREADABLE = ("CategoricalGeneralizedCrossEntropy", keras)


def classes(kind, base):
    """The names of the classes of a kind that both libraries have."""
    ours, theirs = getattr(kerata, kind), getattr(keras, kind)
    return sorted(
        name
        for name, thing in vars(theirs).items()
        if inspect.isclass(thing)
        and issubclass(thing, base)
        and name not in NOT_HERE
        and hasattr(ours, name)
    )


OPTIMIZERS = classes("optimizers", keras.optimizers.Optimizer)
LOSSES = classes("losses", keras.losses.Loss)
METRICS = classes("metrics", keras.metrics.Metric)


def model_of(library, **compiled):
    layers = library.layers
    model = library.Sequential(
        [
            library.Input((4,)),
            layers.Dense(5, activation="tanh", kernel_initializer="ones", name="hidden"),
            layers.Dense(3, activation="sigmoid", kernel_initializer="ones", name="out"),
        ]
    )
    model.compile(**compiled)
    return model


def train(model, steps=2):
    for _ in range(steps):
        model.train_on_batch(X, Y)


def test_there_is_something_to_exchange():
    assert len(OPTIMIZERS) >= 11 and len(LOSSES) >= 20 and len(METRICS) >= 35


@pytest.mark.parametrize("written, read", [(keras, kerata), (kerata, keras)])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_go_on(name, written, read, tmp_path):
    schedule = written.optimizers.schedules.CosineDecay(0.01, 20)
    optimizer = getattr(written.optimizers, name)(schedule, weight_decay=0.01, clipnorm=1.0)
    model = model_of(written, optimizer=optimizer, loss="mse")
    train(model)
    model.save(tmp_path / "m.keras")
    again = read.saving.load_model(tmp_path / "m.keras")
    assert int(again.optimizer.iterations) == 2
    for each in (model, again):
        train(each)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


BOTH_WAYS = pytest.mark.parametrize("written, read", [(keras, kerata), (kerata, keras)])


def made(library, kind, names):
    """One of each, under a name of its own."""
    found = getattr(library, kind)
    return {n: getattr(found, n)(**ARGUMENTS.get(n, {}), name=f"my_{n}") for n in names}


def check(told, things, kind, read):
    """What a file tells is read as the same things."""
    for name, thing in things.items():
        found = getattr(read, kind).deserialize(told[name])
        assert (type(found).__name__, found.name) == (type(thing).__name__, thing.name)
        ours, theirs = value(found, name), value(thing, name)
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6, err_msg=name)


@BOTH_WAYS
def test_losses_are_read(written, read, tmp_path):
    names = [name for name in LOSSES if (name, read) != UNREADABLE]
    losses = made(written, "losses", names)
    inputs = written.Input((4,))
    outputs = [written.layers.Dense(3, name=name)(inputs) for name in names]
    model = written.Model(inputs, outputs)
    model.compile("sgd", losses)
    model.save(tmp_path / "m.keras")
    told = read.saving.load_model(tmp_path / "m.keras").get_compile_config()["loss"]
    check(told, losses, "losses", read)


@BOTH_WAYS
def test_metrics_are_read(written, read, tmp_path):
    metrics = made(written, "metrics", METRICS)
    model = model_of(written, optimizer="sgd", loss="mse", metrics=list(metrics.values()))
    model.save(tmp_path / "m.keras")
    told = read.saving.load_model(tmp_path / "m.keras").get_compile_config()["metrics"]
    check(dict(zip(METRICS, told, strict=True)), metrics, "metrics", read)


def value(thing, name):
    """What a loss or a metric makes of such data as it is for."""
    labels = np.arange(12) % 3
    arguments = (Y, Y[::-1].copy())
    if name in ("Mean", "Sum"):
        arguments = (Y,)
    elif name == "CTC":
        arguments = (labels[:4].reshape(2, 2) + 1, Y[:10, None].repeat(4, 1).reshape(2, 5, 12))
    elif name.startswith("Sparse") or name == "CategoricalGeneralizedCrossEntropy":
        arguments = (labels, Y)
    elif name == "Circle":
        arguments = (labels, Y / np.linalg.norm(Y, axis=1, keepdims=True))
    elif name in ("IoU", "MeanIoU"):
        arguments = (labels, labels[::-1].copy())
    elif name.endswith("IoU"):
        arguments = (np.eye(3)[labels].astype("float32"), Y)
    elif name in ("Precision", "Recall", "AUC", "BinaryAccuracy") or name.endswith("ives") or (
        "At" in name
    ):
        arguments = ((Y > 0.5).astype("float32"), Y[::-1].copy())
    return np.asarray(kerata.ops.convert_to_numpy(thing(*arguments)))
